import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from rankings.models import Assessment, Citation, Edition
from tests.committed import CommittedTestCase, at_once, before_commit
from tests.factories import (
    make_assessment,
    make_assessments,
    make_citation,
    make_edition,
    make_published_assessment,
    make_staff,
    publishing,
)


class EditionTests(TestCase):
    def test_the_current_one_is_the_published_one_with_the_latest_date(self):
        make_edition("2025-01-01")
        latest = make_edition("2026-02-01")
        make_edition("2026-05-01", published_at=None)
        make_edition("2025-06-01")

        self.assertEqual(Edition.objects.current(), latest)

    def test_there_is_none_before_one_is_published(self):
        make_edition(published_at=None)

        self.assertIsNone(Edition.objects.current())

    def test_publishing_notes_who_and_when(self):
        draft, staff = make_edition(published_at=None), make_staff()
        make_assessments(draft)

        draft.publish(by=staff)

        draft.refresh_from_db()
        self.assertEqual(Edition.objects.current(), draft)
        self.assertEqual(draft.published_by, staff)

    def test_an_edition_with_a_state_missing_is_not_published(self):
        draft = make_edition(published_at=None)
        make_assessments(draft)
        draft.assessments.filter(usps="TX").delete()

        with self.assertRaisesMessage(ValidationError, "No assessment for: Texas."):
            draft.publish(by=make_staff())

        self.assertFalse(Edition.objects.published().exists())

    def test_an_edition_is_not_published_before_its_date(self):
        tomorrow = timezone.localdate() + datetime.timedelta(days=1)
        draft = make_edition(tomorrow.isoformat(), published_at=None)
        make_assessments(draft)

        with self.assertRaisesMessage(ValidationError, "before its date"):
            draft.publish(by=make_staff())

    def test_a_copy_is_a_draft_that_says_the_same(self):
        with publishing() as edition:
            texas = make_assessment(edition, "TX", summary="As it was.")
            make_citation(texas, "One", position=1)
            make_citation(texas, "Two", position=0)

        draft = edition.copy(datetime.date(2026, 12, 1), "Second edition")

        copied = draft.assessments.get()
        self.assertFalse(draft.is_published)
        self.assertEqual(copied.summary, "As it was.")
        self.assertEqual([str(c) for c in copied.citations.all()], ["Two", "One"])
        self.assertEqual(texas.citations.count(), 2)
        self.assertEqual(edition.assessments.get(), texas)

    def test_one_that_is_older_than_the_current_one_is_not_published(self):
        make_edition("2026-02-01")
        draft = make_edition("2026-01-01", published_at=None)
        make_assessments(draft)

        with self.assertRaisesMessage(ValidationError, "can’t publish an older one"):
            draft.publish(by=make_staff())

    def test_a_copy_takes_few_queries_for_many_states(self):
        edition = make_edition(published_at=None)
        make_assessments(edition)
        edition.assessments.update(edited_at=timezone.now(), edited_by=make_staff())
        for assessment in edition.assessments.all():
            make_citation(assessment)

        with self.assertNumQueries(7):
            draft = edition.copy(datetime.date(2026, 12, 1), "Second edition")

        self.assertEqual(draft.assessments.count(), 51)


class PublishedStaysTests(TestCase):
    def setUp(self):
        with publishing() as self.edition:
            self.texas = make_assessment(self.edition)
            self.citation = make_citation(self.texas, "A v. B")

    def assert_refused(self, change):
        with self.assertRaises(IntegrityError), transaction.atomic():
            change()

    def test_facts_and_citations_are_neither_changed_nor_taken_away(self):
        draft = make_edition("2026-12-01", published_at=None)
        for change in (
            lambda: Assessment.objects.update(summary="New."),
            lambda: Assessment.objects.update(edition=draft),
            lambda: Citation.objects.update(text="C v. D"),
            self.citation.delete,
            self.texas.delete,
            self.edition.delete,
            lambda: Edition.objects.update(date=datetime.date(2026, 1, 1)),
            lambda: Edition.objects.update(published_at=None),
        ):
            self.assert_refused(change)

        self.texas.refresh_from_db()
        self.assertEqual(self.texas.summary, "The law of TX.")

    def test_nothing_is_added_to_it(self):
        for add in (
            lambda: make_assessment(self.edition, "OH"),
            lambda: make_citation(self.texas, "C v. D"),
        ):
            self.assert_refused(add)

    def test_what_is_in_a_draft_does_not_move_into_it(self):
        draft = make_edition("2026-12-01", published_at=None)
        ohio = make_assessment(draft, "OH")
        make_citation(ohio, "C v. D")
        of_ohio = Citation.objects.filter(assessment=ohio)

        for move in (
            lambda: Assessment.objects.filter(pk=ohio.pk).update(edition=self.edition),
            lambda: of_ohio.update(assessment=self.texas),
        ):
            self.assert_refused(move)

    def test_notes_may_follow_and_what_is_known_of_a_citation(self):
        Edition.objects.update(notes="An error was found.")
        Citation.objects.update(seen="The opinion.", address="https://example.org/")
        Citation.objects.mark_checked(by="Jane Doe")

        self.citation.refresh_from_db()
        self.assertEqual(self.citation.checked_by, "Jane Doe")

    def test_a_draft_is_changed_and_deleted(self):
        draft = make_edition("2026-12-01", published_at=None)
        ohio = make_assessment(draft, "OH")
        make_citation(ohio)
        Assessment.objects.filter(pk=ohio.pk).update(summary="New.")

        draft.delete()

        self.assertEqual(Assessment.objects.get(), self.texas)


class PublishAtOnceTests(CommittedTestCase):
    def test_of_two_at_once_one_is_told_that_it_is_published_already(self):
        draft, staff = make_edition(published_at=None), make_staff()
        make_assessments(draft)

        def publish():
            try:
                Edition.objects.get(pk=draft.pk).publish(by=staff)
            except ValidationError as error:
                return error.messages
            return []

        outcomes = at_once(publish, publish)

        self.assertCountEqual(outcomes, [[], ["This edition is already published."]])

    def test_an_edit_that_begins_first_is_published_and_a_later_one_refused(self):
        draft = make_edition(published_at=None)
        make_assessments(draft)
        staff = make_staff()
        texas = Assessment.objects.filter(usps="TX")

        def edit(words):
            try:
                texas.update(summary=words)
            except IntegrityError:
                return False
            return True

        before_commit(
            lambda: edit("First."), lambda: Edition.objects.get().publish(by=staff)
        )

        self.assertEqual(Assessment.objects.get(usps="TX").summary, "First.")
        self.assertTrue(Edition.objects.get().is_published)
        self.assertFalse(edit("Later."))


class AssessmentTests(TestCase):
    def refused(self, message, **fields):
        """Assert that both validation and the database refuse these fields."""
        edition = make_edition(published_at=None)
        assessment = Assessment(
            **{
                "edition": edition,
                "usps": "TX",
                "right_to_sue": "none",
                "summary": "Texas.",
                "as_of": edition.date,
                **fields,
            }
        )
        with self.assertRaises(ValidationError) as refusal:
            assessment.full_clean()
        self.assertIn(message, str(refusal.exception))
        with self.assertRaises(IntegrityError), transaction.atomic():
            assessment.save()

    def test_immunity_without_a_right_to_sue_is_codified_or_blank(self):
        self.refused("there is no claim to defend", immunity="barred")
        make_assessment(Edition.objects.get(), "IA", immunity="codified")

    def test_an_immunity_needs_a_right_to_sue_that_is_known(self):
        self.refused("there is no claim to defend", right_to_sue="", immunity="applies")

    def test_a_claim_for_certain_rights_reaches_narrow(self):
        self.refused("must be “narrow”", right_to_sue="court_narrow", covers="all")

    def test_a_general_claim_of_the_courts_is_not_narrow(self):
        self.refused("choose “court_narrow”", right_to_sue="court", covers="narrow")

    def test_a_value_that_the_rubric_does_not_know(self):
        self.refused("is not a valid choice", right_to_sue="maybe")

    def test_a_grade_of_the_institute_without_its_basis(self):
        self.refused("its basis, or neither", ij_grade="A-")

    def test_a_year_that_is_none(self):
        self.refused("Enter a year", year=20)

    def test_a_state_has_one_assessment_in_an_edition(self):
        edition = make_edition(published_at=None)
        make_assessment(edition, "TX")

        with self.assertRaises(IntegrityError), transaction.atomic():
            make_assessment(edition, "TX")
        make_assessment(make_edition("2025-01-01", published_at=None), "TX")

    def test_other_pages_are_addresses_one_a_line(self):
        assessment = make_published_assessment(sources="https://a.org/\nb")

        with self.assertRaisesMessage(ValidationError, "not a URL: b"):
            assessment.full_clean()


class CitationTests(TestCase):
    def setUp(self):
        self.texas = make_assessment(make_edition(published_at=None))

    def test_open_ones_are_those_named_until_somebody_has_checked_them(self):
        named = make_citation(self.texas, "Named", to_verify=True)
        make_citation(self.texas, "Not named")

        before = list(Citation.objects.still_open())
        count = Citation.objects.mark_checked(by="Jane Doe")

        self.assertEqual(before, [named])
        self.assertEqual(count, 2)
        self.assertFalse(Citation.objects.still_open().exists())
        named.refresh_from_db()
        self.assertFalse(named.is_open)

    def test_a_check_stays_with_whoever_made_it_first(self):
        citation = make_citation(self.texas)

        Citation.objects.mark_checked(by="Jane Doe")
        count = Citation.objects.mark_checked(by="John Roe")

        citation.refresh_from_db()
        self.assertEqual((count, citation.checked_by), (0, "Jane Doe"))

    def test_a_check_can_be_taken_back_and_leaves_no_name(self):
        citation = make_citation(self.texas, to_verify=True)
        Citation.objects.mark_checked(by="Jane Doe")

        count = Citation.objects.mark_unchecked()

        citation.refresh_from_db()
        self.assertEqual((count, citation.checked_by), (1, ""))
        self.assertTrue(citation.is_open)

    def test_those_alike_are_the_same_words_on_a_state_now_and_in_drafts(self):
        with publishing("2026-11-21") as past:
            make_citation(make_assessment(past), "A v. B")
        with publishing("2026-11-23") as current:
            now = make_citation(make_assessment(current), "A v. B")
            make_citation(make_assessment(current, "OH"), "A v. B")
            make_citation(now.assessment, "C v. D")
        there = make_citation(self.texas, "A v. B", part="immunity")

        alike = Citation.objects.filter(pk=there.pk).alike()

        self.assertCountEqual(alike, [now, there])

    def test_a_check_has_a_date_and_a_person(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_citation(self.texas, checked_at=timezone.now())


class WarmPageTests(CommittedTestCase):
    def test_web_processes_hear_of_each_change(self):
        edition = make_edition(published_at=None)
        texas = make_assessment(edition)
        citation = make_citation(texas)

        for change in (
            lambda: Edition.objects.update(title="New"),
            lambda: Assessment.objects.update(summary="New"),
            lambda: Citation.objects.update(text="New"),
            citation.delete,
            texas.delete,
            edition.delete,
        ):
            with self.subTest(change):
                self.assertTrue(self.heard(change))

    def heard(self, change):
        with connection.cursor() as cursor:
            cursor.execute("LISTEN pages")
        change()
        notes = list(connection.connection.notifies(timeout=5, stop_after=1))
        with connection.cursor() as cursor:
            cursor.execute("UNLISTEN pages")
        list(connection.connection.notifies(timeout=0))
        return [note.payload for note in notes] == ["rankings"]
