import re
from collections import defaultdict
from datetime import date
from itertools import product

from django.test import SimpleTestCase, TestCase
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.public import Content
from tests.committed import CommittedTestCase, heard, listening
from tests.factories import make_reason
from voices.models import MonthFigure, Reason
from voices.monthly.shown import (
    LABELS,
    RESULTS,
    Bound,
    in_words,
    months,
    rounded,
    show,
)

PAGE = "/how-we-moderate/"
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def make_month(month=MARCH, *, declined=(), **numbers):
    """A month's stored figures; all that aren't given are 0."""
    named = {name.replace("_", "-"): number for name, number in numbers.items()}
    rows = {(name, ""): 0 for name in (*LABELS, *RESULTS)}
    rows |= {(name, ""): number for name, number in named.items()}
    rows |= {("declined", reason): number for reason, number in dict(declined).items()}
    MonthFigure.objects.bulk_create(
        MonthFigure(month=month, name=name, detail=detail, number=number)
        for (name, detail), number in rows.items()
    )


def shown(numbers):
    """Return what the page shows of a month's figures, by their labels."""
    month = show(MARCH, {(name, ""): number for name, number in numbers.items()}, [])
    return {row.label: row.number for row in (*month.rows, *month.results)}


def small_cells_known(worlds):
    """Return the cells below ten that a reader could work out.

    `worlds` are pairs of what the public sees and the numbers that it comes from. A
    reader knows a number if it is the same in each world that looks the same.
    """
    alike = defaultdict(list)
    for public, numbers in worlds:
        alike[tuple(sorted(public.items(), key=str))].append(numbers)
    return {
        (name, number, public)
        for public, same in alike.items()
        for numbers in same
        for name, number in numbers.items()
        if number < 10 and len({each[name] for each in same}) == 1
    }


class RoundingTests(SimpleTestCase):
    def test_rounds_down_to_tens(self):
        self.assertEqual([rounded(n) for n in (10, 19, 20, 1239)], [10, 10, 20, 1230])

    def test_says_nothing_of_a_number_below_ten_not_even_zero(self):
        self.assertEqual({rounded(number) for number in range(10)}, {None})

    def test_goes_to_the_next_ten_if_only_this_number_would_fit(self):
        self.assertEqual(rounded(1239, Bound(least=1239)), 1240)
        self.assertEqual(rounded(1239, Bound(least=1230)), 1230)
        self.assertEqual(rounded(9, Bound(least=9)), 10)
        self.assertEqual(rounded(30, Bound(0, most=30)), 20)
        self.assertIsNone(rounded(10, Bound(0, most=10)))

    def test_nothing_follows_from_the_first_months_numbers_and_the_daily_counts(self):
        """Whoever knows counts.csv knows exactly how many signatures still count."""

        def worlds():
            # Edges of what each number that is shown can stand for.
            edges = (*range(3), 8, 9, 10, 11, 18, 19)
            for counted, withdrawn, invalidated in product(range(30), edges, edges):
                for quarantined, released in product(edges, (False, True)):
                    aside = 0 if released else quarantined
                    numbers = {
                        "counted": counted,
                        "confirmed": counted + withdrawn + invalidated + aside,
                        "withdrawn": withdrawn,
                        "invalidated": invalidated,
                        "quarantined": quarantined,
                    }
                    public = shown(numbers) | {"counts.csv": counted}
                    yield (
                        public,
                        {key: numbers[key] for key in numbers if key != "counted"},
                    )

        self.assertEqual(small_cells_known(worlds()), set())

    def test_nothing_follows_from_the_wall(self):
        def worlds():
            # Others were published in the month, and have left since or are
            # corrections; nobody knows how many.
            for wall, taken_down, others in product(range(20), range(20), range(70)):
                numbers = {
                    "on-the-wall": wall,
                    "taken-down": taken_down,
                    "published": wall + taken_down + others,
                }
                public = shown(numbers)
                if (public[LABELS["published"]] or 0) <= wall + 50:
                    yield public | {"wall": wall}, {"taken-down": taken_down}

        self.assertEqual(small_cells_known(worlds()), set())

    def test_nothing_follows_from_the_results_of_appeals(self):
        def worlds():
            edges = (*range(3), 8, 9, 10, 11)
            for upheld, changed, rejected in product(edges, repeat=3):
                for still_open in range(60):
                    numbers = {
                        "appealed": upheld + changed + rejected + still_open,
                        "appeals-upheld": upheld,
                        "appeals-changes": changed,
                        "appeals-rejected": rejected,
                    }
                    public = shown(numbers)
                    if (public[RESULTS["appealed"]] or 0) <= 50:
                        yield public, numbers

        self.assertEqual(small_cells_known(worlds()), set())

    @given(
        st.dictionaries(
            st.sampled_from(
                [*LABELS, *RESULTS, "counted", "on-the-wall", "first-decisions"]
            ),
            st.integers(0, 5000),
        )
    )
    def test_shows_tens_only_and_no_number_that_is_off_by_ten(self, numbers):
        for label, number in shown(numbers).items():
            name = next(
                name for name, each in (LABELS | RESULTS).items() if each == label
            )
            exact = numbers.get(name, 0)
            self.assertTrue(number is None or (number >= 10 and number % 10 == 0))
            self.assertLessEqual(abs((number or 0) - exact), 10)

    def test_a_reader_who_knows_too_much_is_found(self):
        worlds = [({"sum": n + m}, {"a": n, "b": m}) for n, m in product(range(3), [0])]

        self.assertIn("a", {name for name, _, _ in small_cells_known(worlds)})


class WaitTests(SimpleTestCase):
    def test_is_in_round_words(self):
        for minutes, words in (
            (0, "less than an hour"),
            (59, "less than an hour"),
            (61, "about 1 hour"),
            (300, "about 5 hours"),
            (2 * 24 * 60, "about 2 days"),
            (9 * 24 * 60 + 700, "about 9 days"),
        ):
            with self.subTest(minutes=minutes):
                self.assertEqual(in_words(minutes), words)


class HowWeModerateTests(TestCase):
    def setUp(self):
        Reason.objects.all().delete()
        make_reason("Private details", "It tells where somebody lives.")

    def rows(self, page):
        """The tables' rows as texts."""
        found = re.findall(
            r'<tr><th scope="row">(.+?)</th><td[^>]*>(.+?)</td>', page.text
        )
        return [(label, number.strip()) for label, number in found]

    def test_lists_the_reasons_that_moderators_can_choose(self):
        Reason.objects.create(label="Old", explanation="Not used.", active=False)

        page = self.client.get(PAGE)

        self.assertContains(page, "Private details")
        self.assertContains(page, "It tells where somebody lives.")
        self.assertNotContains(page, "Not used.")

    def test_shows_rounded_numbers_newest_month_first(self):
        make_month(MARCH, received=1239, appealed=9)
        make_month(APRIL, received=12)

        page = self.client.get(PAGE)

        rows = self.rows(page)
        self.assertEqual(rows[0], ("Forms received", "10"))
        self.assertIn(("Forms received", "1,230"), rows)
        self.assertIn(("Appeals against a decline", "fewer than 10"), rows)
        self.assertLess(page.text.index("April 2026"), page.text.index("March 2026"))
        self.assertNotContains(page, "1,239")

    def test_lists_each_reason_in_use_even_if_nobody_was_declined_for_it(self):
        Reason.objects.create(label="Old", explanation="Not used.", active=False)
        make_reason("Links")
        make_month(declined={"Private details": 31, "Old": 9, "Renamed": 12})

        rows = self.rows(self.client.get(PAGE))

        self.assertEqual(
            [row for row in rows if row[0].startswith("Declined")],
            [
                ("Declined: Links", "fewer than 10"),
                ("Declined: Private details", "30"),
                ("Declined: Renamed", "10"),
            ],
        )

    def test_says_the_median_wait_of_ten_decisions_and_more(self):
        make_month(MARCH, first_decisions=9, median_wait_minutes=17 * 60)
        make_month(APRIL, first_decisions=10, median_wait_minutes=5 * 60)

        page = self.client.get(PAGE)

        self.assertContains(page, "about 5 hours or less", count=1)
        self.assertNotContains(page, "17 hours")

    def test_shows_the_last_24_months(self):
        for number in range(26):
            make_month(date(2024 + number // 12, number % 12 + 1, 1))

        page = self.client.get(PAGE)

        self.assertContains(page, "<details", count=24)
        self.assertNotContains(page, "February 2024")

    def test_says_so_before_the_first_month_is_over(self):
        page = self.client.get(PAGE)

        self.assertContains(page, "once a whole month is over")
        self.assertNotContains(page, "<table")

    def test_takes_two_queries_and_reads_no_private_table(self):
        for month in (MARCH, APRIL):
            make_month(month, declined={"Private details": 31})

        with self.assertNumQueries(2) as queries:
            self.client.get(PAGE)

        for query in queries.captured_queries:
            self.assertRegex(query["sql"], "voices_(reason|monthfigure)")

    def test_can_be_cached_and_is_linked_and_listed(self):
        page = self.client.get(PAGE)

        self.assertIn("public", page["Cache-Control"])
        self.assertContains(self.client.get("/how-we-moderate/"), f'href="{PAGE}"')
        self.assertContains(self.client.get("/sitemap/pages.xml"), PAGE)
        self.assertEqual(reverse("how-we-moderate"), PAGE)

    def test_months_take_one_query(self):
        make_month(MARCH)
        make_month(APRIL)

        with self.assertNumQueries(1):
            self.assertEqual(len(months([])), 2)


class WarmTests(CommittedTestCase):
    def test_stays_warm_until_a_reason_or_a_month_is_added(self):
        with listening():
            self.client.get(PAGE)
            with self.assertNumQueries(0):
                self.client.get(PAGE)

            with heard(Content.MODERATION):
                make_reason("Brand new", "It is new.")
            self.assertContains(self.client.get(PAGE), "It is new.")
            with heard(Content.MODERATION):
                make_month(MARCH, received=1239)
            self.assertContains(self.client.get(PAGE), "March 2026")
