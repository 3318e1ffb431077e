import csv
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

from django.test import SimpleTestCase
from hypothesis import assume, given
from hypothesis import strategies as st

from rankings.importing.computed import figures_of, scores_of
from rankings.scoring import (
    FIRST,
    GROUPS,
    LETTERS,
    MAX_POINTS,
    PARTS,
    SECOND,
    SUABLE,
    Covers,
    Facts,
    Immunity,
    Payer,
    RightToSue,
    letter,
    ranks,
    rubric_of,
    score,
    ways_up,
)

DATA = Path(__file__).parents[2] / "rankings" / "data"
EXPECTED = Path(__file__).parent

# From the weakest right to the strongest. "Not established" isn't ranked.
BY_RIGHT = {
    "right_to_sue": [
        RightToSue.NONE,
        RightToSue.UNCLEAR,
        RightToSue.COURT_NARROW,
        RightToSue.COURT,
        RightToSue.STATUTE,
    ],
    "immunity": [
        Immunity.CODIFIED,
        Immunity.APPLIES,
        Immunity.UNCLEAR,
        Immunity.LIMITED,
        Immunity.BARRED,
    ],
    "covers": ["", Covers.ENTITY, Covers.POLICE, Covers.ALL],
    "payer": ["", Payer.OFFICER_IN_PART, Payer.EMPLOYER],
}
facts = st.builds(
    Facts,
    right_to_sue=st.sampled_from(["", *RightToSue]),
    immunity=st.sampled_from(["", *Immunity]),
    covers=st.sampled_from(["", *Covers]),
    payer=st.sampled_from(["", *Payer]),
)


def is_contradictory(facts):
    """Whether the facts are invalid: a claim for some rights must be court_narrow."""
    return facts.right_to_sue == RightToSue.COURT and facts.covers == Covers.NARROW


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return {row["usps"]: row for row in csv.DictReader(file)}


class ExpectedScoresTests(SimpleTestCase):
    def test_each_state_scores_as_its_editions_rubric_says(self):
        for number, rubric in ((1, FIRST), (2, SECOND)):
            states = read(DATA / f"edition-{number}" / "states.csv")
            expected = read(EXPECTED / f"expected_scores_{number}.csv")

            computed = figures_of(scores_of(states.values(), rubric))

            self.assertEqual(len(expected), 51)
            for usps, row in expected.items():
                with self.subTest(usps, edition=number):
                    for name in computed[usps]:
                        self.assertEqual(computed[usps][name], row.get(name, ""), name)

    def test_the_second_edition_counts_its_letters_as_the_rubric_does(self):
        states = read(DATA / "edition-2" / "states.csv")

        scores = scores_of(states.values(), SECOND).values()

        self.assertEqual(
            Counter(score.letter for score in scores),
            {"A": 2, "B": 7, "C": 5, "D": 5, "F": 28, None: 4},
        )


class RubricTests(SimpleTestCase):
    def test_an_edition_uses_the_rubric_of_its_date(self):
        for day, rubric in (
            (date(2000, 1, 1), FIRST),
            (date(2026, 11, 26), FIRST),
            (date(2026, 11, 27), SECOND),
            (date(2100, 1, 1), SECOND),
        ):
            self.assertEqual(rubric_of(day), rubric)

    @given(facts)
    def test_the_rubrics_differ_in_the_range_only(self, facts):
        first, second = score(facts, FIRST), score(facts, SECOND)

        self.assertEqual(
            (first.points, first.letter, first.group),
            (second.points, second.letter, second.group),
        )
        self.assertIsNone(first.points_at_most)
        self.assertFalse(first.provisional)

    @given(facts)
    def test_the_range_ends_with_full_marks_for_what_is_unknown(self, facts):
        found = score(facts, SECOND)
        known = score(
            replace(
                facts,
                covers=facts.covers or Covers.ALL,
                payer=facts.payer or Payer.EMPLOYER,
            ),
            SECOND,
        )

        self.assertEqual(found.points_at_most, known.points)
        self.assertEqual(found.letter_at_most, known.letter)
        self.assertEqual(found.provisional, found.letter != known.letter)

    def test_a_range_is_told_in_words(self):
        arkansas = Facts(RightToSue.STATUTE, Immunity.APPLIES, Covers.ALL)

        self.assertEqual(score(arkansas, SECOND).range_words, "50 to 60")
        self.assertEqual(score(arkansas, FIRST).range_words, "50")
        self.assertEqual(score(Facts(RightToSue.NONE), SECOND).range_words, "0")
        self.assertEqual(score(Facts(), SECOND).range_words, "")


class ScoreTests(SimpleTestCase):
    @given(facts, st.sampled_from(sorted(BY_RIGHT)), st.data())
    def test_more_right_never_lowers_the_points(self, facts, field, data):
        values = BY_RIGHT[field]
        less, more = sorted(data.draw(st.permutations(range(len(values))))[:2])
        less, more = (replace(facts, **{field: values[n]}) for n in (less, more))
        assume(not is_contradictory(less) and not is_contradictory(more))
        before, after = score(less, SECOND).points, score(more, SECOND).points

        if before is not None and after is not None:
            self.assertLessEqual(before, after)

    @given(facts)
    def test_a_blank_that_is_asked_for_is_never_graded(self, facts):
        blank = not facts.right_to_sue or (
            facts.right_to_sue in SUABLE and not facts.immunity
        )
        found = score(facts, SECOND)

        self.assertEqual(found.group == 6, blank)
        self.assertEqual(found.points is None, blank)
        self.assertEqual(found.letter is None, blank)
        self.assertEqual(ranks({"it": found})["it"] is None, blank)

    @given(facts)
    def test_points_are_the_sum_of_the_parts_and_at_most_a_hundred(self, facts):
        found = score(facts, SECOND)

        if found.points is not None:
            self.assertEqual(found.points, sum(part.points for part in found.parts))
            self.assertLessEqual(found.points, MAX_POINTS)
            self.assertIn(found.letter, {band.letter for band in LETTERS})
        self.assertIn(found.group, GROUPS)

    @given(facts)
    def test_without_a_suit_only_the_first_part_counts(self, facts):
        found = score(replace(facts, right_to_sue=RightToSue.UNCLEAR), SECOND)

        self.assertEqual(found.points, 5)
        self.assertEqual([part.counted for part in found.parts], [True] + [False] * 3)

    def test_each_value_has_one_line_in_the_table_and_a_narrow_statute_its_own(self):
        for part in PARTS:
            plain = [rule.value for rule in part.rules if not rule.narrow]

            self.assertEqual(len(plain), len(set(plain)))
            self.assertEqual(set(plain) - {""}, set(part.choices.values))
        narrow = [rule for part in PARTS for rule in part.rules if rule.narrow]
        self.assertEqual([rule.points for rule in narrow], [20])

    def test_the_letters_leave_no_gap(self):
        for points in range(MAX_POINTS + 1):
            band = next(band for band in LETTERS if band.letter == letter(points))

            self.assertTrue(band.least <= points <= band.most, points)

    def test_iowas_codified_immunity_adds_and_subtracts_nothing(self):
        iowa = score(Facts(RightToSue.NONE, Immunity.CODIFIED), SECOND)

        self.assertEqual((iowa.points, iowa.letter, iowa.group), (0, "F", 5))


class RankTests(SimpleTestCase):
    @given(st.dictionaries(st.integers(), facts, max_size=12))
    def test_ranks_are_competition_ranks(self, states):
        scores = {key: score(facts, SECOND) for key, facts in states.items()}
        places = ranks(scores)
        points = sorted(
            (s.points for s in scores.values() if s.points is not None), reverse=True
        )

        for key, found in scores.items():
            if found.points is None:
                self.assertIsNone(places[key])
            else:
                self.assertEqual(places[key], points.index(found.points) + 1)

    def test_ties_share_a_rank_and_the_next_is_skipped(self):
        five = [40, 30, 20, 20, 0]
        of = {
            40: Facts(RightToSue.STATUTE, Immunity.APPLIES),
            30: Facts(RightToSue.COURT, Immunity.APPLIES),
            20: Facts(RightToSue.COURT_NARROW, Immunity.APPLIES),
            0: Facts(RightToSue.NONE),
        }
        scores = {n: score(of[points], SECOND) for n, points in enumerate(five)}

        self.assertEqual(list(ranks(scores).values()), [1, 2, 3, 3, 5])


class WaysUpTests(SimpleTestCase):
    @given(facts)
    def test_each_step_raises_the_score(self, facts):
        now = score(facts, SECOND).points

        for step in ways_up(facts):
            self.assertGreater(step.points, now)
            self.assertLessEqual(step.points, MAX_POINTS)

    @given(facts)
    def test_only_a_full_score_and_one_that_is_not_there_have_no_step(self, facts):
        none_left = score(facts, SECOND).points in {None, MAX_POINTS}

        self.assertEqual(ways_up(facts) == [], none_left)

    def test_without_a_suit_each_step_adds_to_those_before_it(self):
        pays = Facts(RightToSue.NONE, payer=Payer.EMPLOYER)

        points = [step.points for step in ways_up(pays)]

        self.assertEqual(points, sorted(set(points)))
        self.assertEqual(points[-1], MAX_POINTS)

    def test_no_step_is_said_twice(self):
        narrow = Facts(RightToSue.STATUTE, Immunity.BARRED, Covers.NARROW)

        self.assertEqual(
            [(step.words, step.points) for step in ways_up(narrow)],
            [
                ("Officials of every kind covered", 90),
                ("A settled rule, with a source, that the government body pays", 75),
            ],
        )
