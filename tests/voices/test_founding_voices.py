import csv
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO

from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from rankings.states import PLACES
from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_rankings,
    make_reason,
    make_staff,
)
from tests.pages import PUBLIC
from voices.management.commands.load_founding_voices import DATA_FILE
from voices.models import Decision, Tally, Voice
from voices.moderation import decide, propose, undoing
from voices.wall.page import PAGE_SIZE

# SHA-256 of the 34 statements, joined by newlines, as their authors gave them to the
# campaign. No revision of the site's English may change it.
STATEMENTS = "05171a35d905831d2d62303a31dc6177d520d463fd8a0cc8927e6b495a4ceab1"


def load():
    said = StringIO()
    call_command("load_founding_voices", stdout=said)
    return said.getvalue()


def data():
    with DATA_FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class LoadFoundingVoicesTests(TestCase):
    def setUp(self):
        self.said = load()
        self.first = Voice.objects.filter(founding_number=1)

    def test_loads_every_voice_word_for_word(self):
        self.assertEqual(self.said, "Founding voices added: 34\n")
        for row in data():
            voice = Voice.objects.get(founding_number=row["number"])
            for field in ("name", "profession", "city", "state", "statement"):
                self.assertEqual(getattr(voice, field), row[field])
            self.assertEqual(voice.statement_as_sent, row["statement"])
            self.assertEqual(voice.profession_group, row["group"])
            self.assertEqual(bool(voice.featured_at), bool(row["featured"]))

    def test_the_statements_are_those_that_were_given(self):
        statements = "\n".join(row["statement"] for row in data())

        self.assertEqual(sha256(statements.encode()).hexdigest(), STATEMENTS)

    def test_they_are_published_and_counted(self):
        self.assertEqual(Voice.objects.on_the_wall().count(), 34)
        self.assertEqual(Tally.objects.signers().total(), 34)

    def test_loading_again_changes_nothing(self):
        before = list(Voice.objects.order_by("pk").values())

        self.assertEqual(load(), "Founding voices unchanged: 34\n")
        self.assertEqual(list(Voice.objects.order_by("pk").values()), before)

    def test_an_unedited_voice_is_updated(self):
        self.first.update(city="Cmden", statement="Typo.")

        said = load()

        self.assertIn("corrected: 1", said)
        self.assertEqual(self.first.get().city, "Camden")
        self.assertEqual(self.first.get().statement, data()[0]["statement"])
        self.assertIsNone(self.first.get().published_at)

    def test_an_edited_voice_is_kept(self):
        voice = self.first.get()
        voice.statement = "As its author wants it now."
        propose.edit(voice, make_staff())

        said = load()

        self.assertIn("left to staff: 1", said)
        self.assertEqual(self.first.get().statement, "As its author wants it now.")

    def test_a_taken_down_voice_stays_down(self):
        by, reason = make_staff(), make_reason()
        decide.take_down(self.first, by, reason)
        self.first.update(city="Cmden")

        load()

        self.assertIsNotNone(self.first.get().taken_down_at)
        self.assertEqual(self.first.get().city, "Cmden")
        self.assertEqual(Voice.objects.count(), 34)
        self.assertEqual(Decision.objects.count(), 1)

    def test_what_staff_undid_is_not_done_by_the_loader(self):
        featured = Voice.objects.filter(founding_number=11)
        decide.unfeature(featured, make_staff())

        load()

        self.assertIsNone(featured.get().featured_at)


class OrderTests(TestCase):
    def setUp(self):
        self.later, self.second, self.first = [
            make_founding_voice(number, state="TX") for number in (30, 2, 1)
        ]
        long_ago = datetime(1999, 1, 1, tzinfo=UTC)
        self.old = make_published_voice(state="TX", published_at=long_ago)
        self.new = make_published_voice(state="TX")
        self.in_order = [self.new, self.old, self.first, self.second, self.later]

    def test_they_follow_all_dated_voices_by_number(self):
        home = self.client.get(reverse("home"))
        wall = self.client.get(reverse("voices:list"))

        self.assertEqual(wall.context["page"].voices, self.in_order)
        self.assertEqual(list(home.context["latest"]), self.in_order[:3])

    def test_the_pages_of_states_have_the_same_order(self):
        make_rankings()

        state = self.client.get(reverse("rankings:state", args=["texas"]))
        detail = self.client.get(self.new.get_absolute_url())

        self.assertEqual(list(state.context["voices"]), self.in_order[:3])
        self.assertEqual(list(detail.context["more"]), self.in_order[1:4])

    def test_neighbors_cross_from_the_dated_voices_to_them(self):
        around = [None, *self.in_order, None]
        for before, voice, after in zip(
            around[:-2], self.in_order, around[2:], strict=True
        ):
            page = self.client.get(voice.get_absolute_url())

            self.assertEqual(page.context["next"], before)
            self.assertEqual(page.context["previous"], after)

    def test_paging_reaches_each_voice_once(self):
        now = timezone.now()
        for number in range(PAGE_SIZE + 4):
            make_published_voice(published_at=now - timedelta(days=number // 7))
        for number in range(40, 40 + PAGE_SIZE):
            make_founding_voice(number)
        expected = Voice.objects.order_by(
            models.F("published_at").desc(nulls_last=True),
            models.F("founding_number").asc(nulls_first=True),
            "-pk",
        )

        seen, path = [], reverse("voices:list")
        while path:
            response = self.client.get(path)
            seen += [voice.pk for voice in response.context["page"].voices]
            link = re.search(r'href="(\?[^"]*)" rel="next"', response.content.decode())
            path = link and reverse("voices:list") + link[1]

        self.assertEqual(seen, [voice.pk for voice in expected])

    def test_every_page_of_the_wall_is_one_range_of_an_index(self):
        place = self.first.wall_order, self.first.pk
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
            )
        for state in ("", "TX"):
            voices = Voice.objects.on_the_wall().after(*place).in_wall_order()
            plan = (voices.filter(state=state) if state else voices)[:37].explain()

            # With few rows, the index without the state may cost as little.
            self.assertRegex(plan, "Index Scan using voice_wall(_state)? on")
            self.assertRegex(plan, r"Index Cond: .*wall_order <= ")
            self.assertNotIn("Sort", plan)


class DatelessTests(TestCase):
    # Nothing else on the site has this date.
    loaded_at = datetime(2031, 7, 19, 12, tzinfo=UTC)
    spellings = ("2031", "July 19", "Jul 19", "Jul. 19", "19700101", "1970-01-01")

    def load(self):
        load()
        dates = [
            field.name
            for field in Voice._meta.concrete_fields
            if isinstance(field, models.DateTimeField) and not field.null
        ]
        founding = Voice.objects.founding()
        founding.update(**dict.fromkeys(dates, self.loaded_at))
        founding.featured().update(featured_at=self.loaded_at)
        return founding

    def assert_dateless(self, path):
        response = self.client.get(path)
        self.assertLess(response.status_code, 500)
        for spelling in self.spellings:
            self.assertNotIn(spelling, response.content.decode(), path)

    def test_no_public_page_or_file_dates_them(self):
        founding = self.load()
        for command in ("load_rankings", "load_content"):
            call_command(command, stdout=StringIO())

        self.client.logout()
        for page in PUBLIC:
            if not page.trouble:
                self.assert_dateless(page.path())
        for name in ("feed", "counts-csv", "counts-json"):
            self.assert_dateless(reverse(f"voices:{name}"))
        for section in ("pages", "voices-0"):
            self.assert_dateless(reverse("sitemap-section", args=[section]))
        for voice in founding:
            self.assert_dateless(voice.get_absolute_url())
            self.assert_dateless(reverse("voices:list") + f"?q={voice.name}")
        for code in PLACES:
            self.assert_dateless(reverse("voices:list") + f"?state={code}")

    def test_the_page_of_one_says_what_it_is(self):
        voice = make_founding_voice(7)

        page = self.client.get(voice.get_absolute_url())

        self.assertContains(page, ">Founding voice</a> No. 7")
        self.assertNotContains(page, "<time")
        self.assertNotContains(page, "Published")

    def test_they_are_in_the_sitemap_without_a_date_and_not_in_the_feed(self):
        voice = make_founding_voice(7, name="Founding Voice")

        sitemap = self.client.get(reverse("sitemap-section", args=["voices-0"]))
        feed = self.client.get(reverse("voices:feed"))

        self.assertContains(sitemap, voice.get_absolute_url())
        self.assertNotContains(sitemap, "lastmod")
        self.assertNotContains(feed, "Founding Voice")

    def test_staff_see_no_date_of_submission(self):
        self.client.force_login(make_staff())
        founding = make_founding_voice(7)
        Voice.objects.update(submitted_at=self.loaded_at)

        for voice in (founding, make_published_voice(submitted_at=self.loaded_at)):
            page = self.client.get(
                reverse("admin:voices_voice_change", args=[voice.pk])
            )
            shown = "2031" in page.content.decode()
            self.assertEqual(shown, voice.founding_number is None)

    def test_a_state_alone_has_its_name(self):
        for fields, place in (
            ({"city": "", "state": "NC"}, "North Carolina"),
            ({"city": "", "state": "DC"}, "District of Columbia"),
            ({"city": "Irving", "state": "TX"}, "Irving, TX"),
            ({"city": "", "state": ""}, ""),
        ):
            self.assertEqual(Voice(**fields).place, place)


class StatusTests(TestCase):
    def setUp(self):
        self.voice = make_founding_voice(7)
        self.voices = Voice.objects.filter(pk=self.voice.pk)

    def test_they_are_published_without_a_date(self):
        self.assertTrue(self.voice.is_published)
        self.assertIsNone(self.voice.status_since)
        self.assertFalse(self.voice.awaits_changes)

    def test_a_report_leaves_them_published(self):
        now = timezone.now()
        self.voices.update(review_since=now, reported_at=now)

        self.assertTrue(self.voices.get().is_published)

    def test_the_database_refuses_a_date_and_a_refusal(self):
        for date in ("published_at", "declined_at"):
            with self.assertRaises(IntegrityError), transaction.atomic():
                self.voices.update(**{date: timezone.now()})

    def test_taking_one_down_can_be_undone(self):
        by = make_staff()
        decide.take_down(self.voices, by, make_reason())
        self.assertEqual(
            self.client.get(self.voice.get_absolute_url()).status_code, 410
        )

        undoing.undo(self.voices, by)

        self.assertTrue(self.voices.get().is_published)

    def test_unfeaturing_one_can_be_undone(self):
        by = make_staff()
        decide.feature(self.voices, by)
        decide.unfeature(self.voices, by)

        undoing.undo(self.voices, by)

        self.assertEqual(list(Voice.objects.featured()), [self.voice])
