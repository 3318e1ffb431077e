from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from unittest import mock

from django.db import DatabaseError, connection, transaction
from django.test import TestCase

from tests.abuse import make_invalidated, make_quarantined
from tests.committed import CommittedTestCase, before_commit
from tests.factories import (
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from tests.rights import REFUSED
from voices import retention
from voices.invalidation import change
from voices.managing import changes
from voices.models import (
    Appeal,
    Decision,
    DeletedTally,
    Invalidation,
    MonthFigure,
    Signature,
    Submission,
    Voice,
)
from voices.moderation import decide
from voices.monthly import figures
from voices.tasks import fold_tallies, store_months

Kind = Decision.Kind
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
IN_MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
# In the site's time zone, this is still in March.
LATE_IN_MARCH = datetime(2026, 4, 1, 3, tzinfo=UTC)
IN_APRIL = datetime(2026, 4, 1, 5, tzinfo=UTC)


def of(month, *names):
    """Return a month's figures of these names as they are now."""
    found = {each.name: each.number for each in figures.count(month)}
    return tuple(found[name] for name in names)


def now(*names):
    return of(figures.this_month(), *names)


def sent(at, **fields):
    """A submission that arrived at this time."""
    return make_submission(submitted_at=at, **fields)


def signed(at, **fields):
    fields = {"confirmed_at": at, "counted_at": at, **fields}
    return make_signature(submitted_at=at, **fields)


class MonthTestCase(TestCase):
    def setUp(self):
        self.by, self.other = make_staff("moderator"), make_staff("other")

    def decided(self, kind, at, voice=None, reason=None, **fields):
        voice = voice or make_voice()
        return Decision.objects.create(
            kind=kind, at=at, voice=voice, reason=reason, by=self.by, **fields
        )


class CountTests(MonthTestCase):
    def test_a_month_is_one_in_the_sites_time_zone(self):
        for at in (IN_MARCH, LATE_IN_MARCH, IN_APRIL):
            sent(at)
            signed(at)

        self.assertEqual(of(MARCH, "received", "confirmed"), (2, 2))
        self.assertEqual(of(APRIL, "received", "confirmed"), (1, 1))

    def test_a_form_with_a_corrected_address_is_received_once(self):
        sent(IN_MARCH)
        sent(IN_MARCH, corrections=1)

        self.assertEqual(of(MARCH, "received"), (1,))

    def test_deleted_forms_stay_received(self):
        for at in (IN_MARCH, LATE_IN_MARCH, IN_APRIL):
            sent(at)

        retention.forget()

        self.assertFalse(Submission.objects.exists())
        self.assertEqual(of(MARCH, "received"), (2,))
        self.assertEqual(of(APRIL, "received"), (1,))

    def test_erased_signatures_stay_confirmed_and_are_withdrawn(self):
        kept, withdrawn, erased = (make_signature() for _ in range(3))
        before = now("confirmed", "withdrawn")

        changes.withdraw(withdrawn)
        withdrawn.refresh_from_db()
        half = now("confirmed", "withdrawn")
        withdrawn.erase()
        erased.erase()

        self.assertEqual(before, (3, 0))
        self.assertEqual(half, (3, 1))
        self.assertEqual(now("confirmed", "withdrawn"), (3, 2))
        self.assertEqual(list(Signature.objects.all()), [kept])

    def test_an_erased_signature_belongs_to_the_months_of_its_dates(self):
        signature = signed(IN_MARCH, withdrawn_at=IN_APRIL)

        signature.erase()

        self.assertEqual(of(MARCH, "confirmed", "withdrawn"), (1, 0))
        self.assertEqual(of(APRIL, "confirmed", "withdrawn"), (0, 1))
        self.assertEqual(now("confirmed", "withdrawn"), (0, 0))

    def test_a_quarantined_signature_stays_so_whatever_becomes_of_it(self):
        released, rejected, erased, _ = (make_quarantined() for _ in range(4))
        make_signature()
        one = Signature.objects.filter

        decide.release(one(pk=released.pk), self.by)
        decide.reject(one(pk=rejected.pk), self.by)
        erased.erase()
        decided = now("quarantined")
        one(pk=released.pk).get().erase()
        one(pk=rejected.pk).get().erase()

        self.assertEqual(decided, (4,))
        self.assertEqual(now("quarantined"), (4,))

    def test_invalidated_leaves_out_what_was_put_back(self):
        for number in range(3):
            make_signature(email=f"a{number}@forger.example")
        make_invalidated(self.by, "forger.example")
        make_invalidated(self.by, "mistake.example")
        first, second = Invalidation.objects.order_by("pk")

        change.undo(second, self.by)
        change.reinstate(Signature.objects.filter(email__startswith="a1@"), self.by)

        self.assertEqual(first.count, 4)
        self.assertEqual(now("invalidated"), (3,))

    def test_decisions_are_counted_in_their_month_unless_undone(self):
        for kind in (Kind.PUBLISHED, Kind.CORRECTION_TAKEN, Kind.CHANGES_ASKED):
            self.decided(kind, IN_MARCH)
            self.decided(kind, IN_APRIL)
        self.decided(Kind.TAKEN_DOWN, IN_MARCH)
        slip = self.decided(Kind.TAKEN_DOWN, IN_MARCH)
        self.decided(Kind.UNDONE, IN_MARCH, undoes=slip)
        self.decided(Kind.KEPT, IN_MARCH)

        found = of(MARCH, "published", "changes-asked", "taken-down")

        self.assertEqual(found, (2, 1, 1))

    def test_declines_are_counted_by_reason(self):
        private, link = make_reason(), make_reason("Links")
        for kind in (Kind.DECLINED, Kind.CORRECTION_DECLINED):
            self.decided(kind, IN_MARCH, reason=private)
        self.decided(Kind.DECLINED, IN_MARCH, reason=link)
        self.decided(Kind.DECLINED, IN_APRIL, reason=link)
        self.decided(Kind.TAKEN_DOWN, IN_MARCH, reason=link)

        found = {
            (each.detail, each.number)
            for each in figures.count(MARCH)
            if each.name == "declined"
        }

        self.assertEqual(found, {("Private details", 2), ("Links", 1)})

    def appealed(self, answer):
        """A declined voice whose author appealed, and what the appeal led to."""
        signature = make_signature()
        one = Voice.objects.filter(pk=signature.voice_id)
        decide.decline(one, self.by, make_reason(), tell=False)
        signature.voice.refresh_from_db()
        changes.appeal(signature, "")
        if answer:
            answer(one, self.other)
        return signature

    def test_appeals_are_counted_with_their_results_even_if_erased(self):
        names = (
            *("appealed", "appeals-upheld"),
            *("appeals-changes", "appeals-rejected"),
        )
        decline = partial(decide.decline, reason=make_reason(), tell=False)
        ask = partial(decide.ask_changes, changes="Shorten it.")
        signatures = [
            self.appealed(answer)
            for answer in (None, decide.publish, decide.publish, ask, decline)
        ]
        before = now(*names)

        for signature in signatures:
            Signature.objects.get(pk=signature.pk).erase()

        self.assertEqual(before, (5, 2, 1, 1))
        self.assertFalse(Appeal.objects.exists())
        self.assertEqual(now(*names), (5, 2, 1, 1))

    def test_the_median_wait_is_that_of_first_decisions(self):
        for hours in (1, 3, 50):
            voice = signed(IN_MARCH).voice
            first = IN_MARCH + timedelta(hours=hours)
            self.decided(Kind.DECLINED, first, voice, make_reason())
            self.decided(Kind.PUBLISHED, first + timedelta(days=5), voice)
        # A founding voice has no signature and has not waited.
        self.decided(Kind.TAKEN_DOWN, IN_MARCH)

        found = of(MARCH, "first-decisions", "median-wait-minutes")

        self.assertEqual(found, (3, 180))

    def test_a_voice_from_quarantine_waits_from_its_release(self):
        voice = signed(IN_MARCH, counted_at=IN_MARCH + timedelta(days=3)).voice
        self.decided(Kind.RELEASED, IN_MARCH + timedelta(days=3), voice)
        self.decided(Kind.PUBLISHED, IN_MARCH + timedelta(days=3, minutes=7), voice)

        self.assertEqual(of(MARCH, "median-wait-minutes"), (7,))

    def test_what_else_is_public_of_the_month_is_stored_too(self):
        signed(IN_MARCH, voice=make_published_voice(published_at=IN_MARCH))
        signed(IN_MARCH, withdrawn_at=IN_APRIL)
        make_published_voice(published_at=IN_APRIL)

        self.assertEqual(of(MARCH, "counted", "on-the-wall"), (1, 1))

    def test_a_month_without_anything_is_all_zeros(self):
        found = figures.count(MARCH)

        self.assertEqual({each.number for each in found}, {0})
        self.assertLessEqual({*figures.NAMES}, {each.name for each in found})

    def test_takes_two_statements_for_any_number_of_rows(self):
        for _ in range(4):
            voice = signed(IN_MARCH).voice
            self.decided(Kind.PUBLISHED, IN_MARCH, voice)
            sent(IN_MARCH)

        with self.assertNumQueries(2):
            figures.count(MARCH)

    def test_folding_changes_no_figure(self):
        for at in (IN_MARCH, IN_MARCH, IN_APRIL):
            sent(at)
        retention.forget()
        before = of(MARCH, "received"), of(APRIL, "received")

        fold_tallies(timestamp=0)

        self.assertEqual(DeletedTally.objects.count(), 2)
        self.assertEqual((of(MARCH, "received"), of(APRIL, "received")), before)


class StoreTests(MonthTestCase):
    def stored(self):
        months = MonthFigure.objects.filter(name="received").order_by("month")
        return [*months.values_list("month", "number")]

    def store(self):
        """Run the task as in April."""
        with mock.patch.object(figures, "this_month", return_value=APRIL):
            store_months(timestamp=0)

    def test_stores_each_month_that_is_over_since_the_first_submission(self):
        sent(datetime(2026, 1, 20, tzinfo=UTC))
        sent(IN_MARCH)
        sent(IN_APRIL)

        self.store()

        self.assertEqual(
            self.stored(), [(date(2026, 1, 1), 1), (date(2026, 2, 1), 0), (MARCH, 1)]
        )

    def test_counts_from_the_first_submission_even_if_it_is_deleted(self):
        sent(IN_MARCH)
        retention.forget()

        self.store()

        self.assertEqual(self.stored(), [(MARCH, 1)])

    def test_stores_nothing_before_the_first_submission(self):
        self.store()

        self.assertFalse(MonthFigure.objects.exists())

    def test_a_stored_month_stays_as_it_is(self):
        make_reason()
        sent(IN_MARCH)
        signature = signed(IN_MARCH)
        self.store()
        before = list(MonthFigure.objects.values())

        sent(IN_MARCH)
        signature.erase()
        self.store()

        self.assertEqual(list(MonthFigure.objects.values()), before)

    def test_the_database_rejects_changes(self):
        figures.store(MARCH)

        for act in (
            lambda: MonthFigure.objects.update(number=7),
            lambda: MonthFigure.objects.all().delete(),
        ):
            with (
                self.subTest(),
                self.assertRaisesRegex(DatabaseError, REFUSED),
                transaction.atomic(),
            ):
                act()

    def test_a_run_that_is_killed_leaves_whole_months_and_the_next_one_finishes(self):
        sent(datetime(2026, 2, 20, tzinfo=UTC))
        real, calls = MonthFigure.objects.bulk_create, []

        def die_at_the_second(rows):
            calls.append(rows)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(rows)

        with (
            mock.patch.object(
                type(MonthFigure.objects), "bulk_create", side_effect=die_at_the_second
            ),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.store()
        after = MonthFigure.objects.values_list("month", flat=True).distinct()
        self.assertEqual([*after.order_by("month")], [date(2026, 2, 1)])

        self.store()

        self.assertEqual(self.stored(), [(date(2026, 2, 1), 1), (MARCH, 0)])


class StoreAtOnceTests(CommittedTestCase):
    def test_of_two_workers_one_stores_a_month(self):
        sent(IN_MARCH)

        second = before_commit(
            partial(figures.store, MARCH), partial(figures.store, MARCH)
        )

        self.assertFalse(second)
        names = MonthFigure.objects.values_list("name", flat=True)
        self.assertEqual(len(names), len({*names}))
        self.assertLessEqual({*figures.NAMES}, {*names})

    def test_a_row_that_is_being_deleted_counts_once(self):
        sent(IN_MARCH)
        sent(IN_MARCH)

        with closing(connection.copy()) as other:
            other.set_autocommit(False)
            with other.cursor() as cursor:
                cursor.execute("DELETE FROM voices_submission WHERE corrections = 0")
            before = of(MARCH, "received")
            other.commit()

        self.assertFalse(Submission.objects.exists())
        self.assertEqual([before, of(MARCH, "received")], [(2,), (2,)])
