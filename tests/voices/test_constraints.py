from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from tests.rights import REFUSED
from voices.models import (
    Alarm,
    Batch,
    Decision,
    Hold,
    Invalidation,
    Letter,
    MonthFigure,
    Petition,
    Reading,
    Reason,
    RefusedAddress,
    Report,
    ReviewRule,
    SendingRate,
    Signature,
    Skip,
    Tag,
    Turn,
    Update,
    WatchedWord,
)

NOW = timezone.now()


def date_a_founding_voice():
    make_founding_voice(1, published_at=NOW)


def decline_a_founding_voice():
    make_founding_voice(1, declined_at=NOW)


def publish_and_decline():
    make_published_voice(declined_at=NOW)


def take_down_what_is_not_published():
    make_voice(taken_down_at=NOW)


def feature_what_is_not_on_the_wall():
    make_voice(featured_at=NOW)


def feature_a_name_alone():
    make_published_voice(featured_at=NOW, statement="")


def feature_what_is_taken_down():
    make_published_voice(featured_at=NOW, taken_down_at=NOW)


def sign_twice():
    make_signature(email="ana.reyes@gmail.com")
    make_signature(email="anareyes+again@gmail.com")


def count_what_is_in_quarantine():
    make_signature(quarantined_at=NOW)


def count_what_was_rejected():
    make_signature(rejected_at=NOW)


def keep_the_address_of_a_confirmed_form():
    make_submission(confirmed_at=NOW)


def keep_the_statement_of_a_confirmed_form():
    make_submission(
        confirmed_at=NOW, name="", email="", email_key="", city="", statement="Kept."
    )


def write_a_letter_about_nothing():
    Letter.objects.create(kind=Letter.Kind.PUBLISHED, address_hash="a")


def ask_to_confirm_a_signature():
    Letter.objects.create(
        kind=Letter.Kind.CONFIRM, signature=make_signature(), address_hash="a"
    )


def remind_of_a_form_twice():
    form = make_submission()
    for letter in ("a", "b"):
        Letter.objects.create(
            kind=Letter.Kind.REMINDER,
            submission=form,
            address_hash=letter,
            dropped_at=timezone.now(),
        )


def remind_a_signature():
    Letter.objects.create(
        kind=Letter.Kind.REMINDER, signature=make_signature(), address_hash="a"
    )


def correct_a_form_and_leave_it_open():
    make_submission(corrected_at=timezone.now())


def correct_a_form_three_times():
    make_submission(corrections=3)


def send_two_at_once_to_an_address():
    for _ in range(2):
        Letter.objects.create(
            kind=Letter.Kind.CONFIRM,
            submission=make_submission(),
            address_hash="a",
            attempts=1,
        )


def queue_two_for_one_form():
    submission = make_submission()
    for number in range(2):
        Letter.objects.create(
            kind=Letter.Kind.CONFIRM, submission=submission, address_hash=str(number)
        )


def give_a_network_two_turns():
    for turn in range(2):
        Turn.objects.create(lane=Letter.Lane.CLEAN, network_hash="a", turn=turn)


def undo_nothing():
    Decision.objects.create(
        voice=make_voice(), kind=Decision.Kind.UNDONE, by=make_staff()
    )


def publish_and_undo_in_one():
    first = make_decision()
    Decision.objects.create(
        voice=first.voice, kind=Decision.Kind.PUBLISHED, by=first.by, undoes=first
    )


def make_decision(**fields):
    return Decision.objects.create(
        voice=make_voice(), kind=Decision.Kind.PUBLISHED, by=make_staff(), **fields
    )


def mail_an_update_twice():
    signature = make_signature()
    update = Update.objects.create(subject="News", body="There is some.")
    for _ in range(2):
        Letter.objects.create(
            kind=Letter.Kind.UPDATE,
            signature=signature,
            update=update,
            address_hash="0",
        )


def count_what_is_invalidated():
    held = make_invalidation()
    make_signature(invalidation=held, counted_before=NOW)


def invalidate_what_never_counted():
    make_signature(invalidation=make_invalidation(), counted_at=None)


def make_invalidation(**fields):
    by = fields.pop("by", None) or make_staff("forger")
    return Invalidation.objects.create(
        **{"kind": "invalidated", "count": 1, "by": by, **fields}
    )


def undo_no_invalidation():
    make_invalidation(kind="undone")


def undo_an_invalidation_twice():
    held = make_invalidation()
    for _ in range(2):
        make_invalidation(kind="undone", of=held, by=held.by)


def raise_an_alarm_twice_in_an_hour():
    for _ in range(2):
        Alarm.objects.create(of="network-burst", form="sign", hour=NOW)


def close_a_report_without_a_decision():
    Report.objects.create(voice=make_voice(), closed_at=NOW, closed_by=make_staff())


def decide_on_a_report_and_leave_it_open():
    decision = make_decision()
    Report.objects.create(voice=decision.voice, decision=decision)


def let_two_corrections_wait():
    voice = make_published_voice()
    for text in ("First.", "Second."):
        voice.corrections.create(words={"statement": text})


def edit_a_voice(voice, by="moderator", **fields):
    decision = Decision.objects.create(
        voice=voice, kind=Decision.Kind.EDIT_PROPOSED, by=make_staff(by)
    )
    words = {"words": {"statement": "New."}, "replaced": {"statement": "Old."}}
    voice.proposed_edits.create(decision=decision, **words, **fields)


def let_two_edits_wait():
    voice = make_published_voice()
    edit_a_voice(voice)
    edit_a_voice(voice, by="another")


def approve_and_reject_an_edit():
    edit_a_voice(make_published_voice(), approved_at=NOW, rejected_at=NOW)


def set_a_second_rate():
    SendingRate.objects.create(pk=2)


def set_a_rate_out_of_bounds():
    SendingRate.objects.create(per_minute=0)


def petition_nobody():
    words = {"to_congress": "I ask Congress.", "to_lawmakers": "I ask."}
    Petition.objects.create(**words, series=1)


def tag_with_a_space():
    Tag.objects.create(slug="a rally", name="Rally")


def read_with_first_verdict(**fields):
    """A reading of a voice; `fields` may break a rule."""
    voice = fields.pop("voice", None) or make_voice()
    by = fields.pop("first_by", None) or make_staff("first")
    first = {"voice": voice, "first_by": by, "first_verdict": "published"}
    return Reading.objects.create(since=NOW, **first, **fields)


def let_two_readings_wait():
    first = read_with_first_verdict()
    read_with_first_verdict(voice=first.voice, first_by=make_staff("other"))


def read_twice_by_oneself():
    by = make_staff("both")
    second = {"second_by": by, "second_verdict": "published", "second_at": NOW}
    read_with_first_verdict(first_by=by, **second)


def close_a_reading_without_a_second_verdict():
    read_with_first_verdict(closed_at=NOW)


def give_a_second_verdict_without_one():
    read_with_first_verdict(second_by=make_staff("other"), second_at=NOW)


def hold_twice():
    voice, by = make_voice(), make_staff()
    for _ in range(2):
        Hold.objects.create(voice=voice, by=by, note="Same family?")


def hold_until_nothing():
    Hold.objects.create(voice=make_voice(), by=make_staff())


def end_a_hold_by_nobody():
    Hold.objects.create(voice=make_voice(), by=make_staff(), until=NOW, ended_at=NOW)


def skip_twice():
    voice, by = make_voice(), make_staff()
    for _ in range(2):
        Skip.objects.create(voice=voice, by=by, until=NOW)


def undo_a_batch_by_nobody():
    Batch.objects.create(kind="published", by=make_staff(), undone_at=NOW)


def set_two_rules():
    ReviewRule.objects.create(id=2)


def let_more_than_all_be_read_twice():
    ReviewRule.objects.create(second_reading=101)


def store_a_month_twice():
    for _ in range(2):
        MonthFigure.objects.create(month="2026-10-01", name="received", number=1)


def list_a_word_twice():
    for kind in ("vulgar", "threat", "threat"):
        WatchedWord.objects.create(words="zorble", kind=kind)


CHECKED = {
    "watched_word_once_per_kind": [list_a_word_twice],
    "reading_one_open": [let_two_readings_wait],
    "reading_by_two": [read_twice_by_oneself],
    "reading_closed_by_a_second": [
        close_a_reading_without_a_second_verdict,
        give_a_second_verdict_without_one,
    ],
    "hold_one_at_a_time": [hold_twice],
    "hold_until_something": [hold_until_nothing],
    "hold_ended_by_somebody": [end_a_hold_by_nobody],
    "skip_once": [skip_twice],
    "batch_undone_by_somebody": [undo_a_batch_by_nobody],
    "review_rule_is_one_row": [set_two_rules, let_more_than_all_be_read_twice],
    "month_figure_once": [store_a_month_twice],
    "tag_slug_is_plain": [tag_with_a_space],
    "correction_one_waits": [let_two_corrections_wait],
    "proposed_edit_one_waits": [let_two_edits_wait],
    "proposed_edit_one_answer": [approve_and_reject_an_edit],
    "alarm_once_an_hour": [raise_an_alarm_twice_in_an_hour],
    "voice_founding_has_no_date": [date_a_founding_voice],
    "voice_published_or_declined": [publish_and_decline, decline_a_founding_voice],
    "voice_taken_down_was_published": [take_down_what_is_not_published],
    "voice_featured_is_on_the_wall": [
        feature_what_is_not_on_the_wall,
        feature_a_name_alone,
        feature_what_is_taken_down,
    ],
    "signature_one_for_each_address": [sign_twice],
    "signature_counted_is_not_quarantined": [
        count_what_is_in_quarantine,
        count_what_was_rejected,
    ],
    "submission_confirmed_is_empty": [
        keep_the_address_of_a_confirmed_form,
        keep_the_statement_of_a_confirmed_form,
    ],
    "letter_update_once_for_each": [mail_an_update_twice],
    "letter_is_about_something": [
        write_a_letter_about_nothing,
        ask_to_confirm_a_signature,
        remind_a_signature,
    ],
    "letter_one_reminder_for_each_form": [remind_of_a_form_twice],
    "submission_corrected_is_closed": [correct_a_form_and_leave_it_open],
    "submission_corrected_seldom": [correct_a_form_three_times],
    "signature_invalidated_does_not_count": [
        count_what_is_invalidated,
        invalidate_what_never_counted,
    ],
    "invalidation_following_names_one": [undo_no_invalidation],
    "invalidation_undone_once": [undo_an_invalidation_twice],
    "letter_one_at_a_time_to_an_address": [send_two_at_once_to_an_address],
    "letter_one_in_flight_for_each_form": [queue_two_for_one_form],
    "sending_rate_is_one_row": [set_a_second_rate, set_a_rate_out_of_bounds],
    "petition_names_lawmakers": [petition_nobody],
    "turn_one_for_each_network": [give_a_network_two_turns],
    "report_closed_by_a_decision": [
        close_a_report_without_a_decision,
        decide_on_a_report_and_leave_it_open,
    ],
    "decision_undone_names_one": [undo_nothing, publish_and_undo_in_one],
}


class ConstraintTests(TestCase):
    def test_the_database_enforces_every_constraint(self):
        for name, breaches in CHECKED.items():
            for breach in breaches:
                with (
                    self.subTest(f"{name}: {breach.__name__}"),
                    self.assertRaisesMessage(IntegrityError, name),
                    transaction.atomic(),
                ):
                    breach()

    def test_every_constraint_is_tested_here(self):
        rules = {
            rule.name
            for model in apps.get_app_config("voices").get_models()
            for rule in model._meta.constraints
        }

        self.assertEqual(rules, set(CHECKED))

    def test_unique_constraints_are_enforced(self):
        voice = make_voice()
        submission = make_submission()
        decision = make_decision()
        label = make_reason().label
        RefusedAddress.objects.create(address_hash="a")

        for again in (
            lambda: [make_voice(founding_number=1) for _ in range(2)],
            lambda: [make_signature(voice=voice) for _ in range(2)],
            lambda: make_submission(ref=submission.ref),
            lambda: Reason.objects.create(label=label, explanation="Again."),
            lambda: RefusedAddress.objects.create(address_hash="a"),
            lambda: [
                Decision.objects.create(
                    voice=decision.voice,
                    kind=Decision.Kind.UNDONE,
                    by=decision.by,
                    undoes=decision,
                )
                for _ in range(2)
            ],
        ):
            with (
                self.subTest(again),
                self.assertRaisesMessage(IntegrityError, "unique constraint"),
                transaction.atomic(),
            ):
                again()

    def test_many_confirmations_may_have_left_or_been_dropped(self):
        for when in ({"sent_at": NOW}, {"dropped_at": NOW}, {}):
            Letter.objects.create(
                kind=Letter.Kind.CONFIRM,
                submission=make_submission(),
                address_hash="a",
                **when,
            )

        self.assertEqual(Letter.objects.count(), 3)


class DecisionLogTests(TestCase):
    def setUp(self):
        self.decision = make_decision()

    def refuses(self):
        return self.assertRaisesRegex(DatabaseError, REFUSED)

    def test_no_row_is_changed(self):
        with self.refuses(), transaction.atomic():
            Decision.objects.update(kind=Decision.Kind.EDITED)

        self.decision.refresh_from_db()
        self.assertEqual(self.decision.kind, Decision.Kind.PUBLISHED)

    def test_no_row_is_deleted(self):
        with self.refuses(), transaction.atomic():
            self.decision.delete()

        self.assertTrue(Decision.objects.exists())

    def test_nor_by_hand(self):
        for sql in (
            "UPDATE voices_decision SET at = now()",
            "DELETE FROM voices_decision",
        ):
            with self.subTest(sql), self.refuses(), transaction.atomic():
                connection.cursor().execute(sql)

    def test_it_holds_no_text_of_the_voice(self):
        texts = {
            field.name
            for field in Decision._meta.concrete_fields
            if field.get_internal_type() in {"CharField", "TextField"}
        }

        self.assertEqual(texts, {"kind"})

    def test_a_voice_with_a_log_stays(self):
        with self.assertRaises(IntegrityError):
            self.decision.voice.delete()

    def test_a_signature_keeps_its_voice(self):
        signature = make_signature()

        with self.assertRaises(IntegrityError):
            signature.voice.delete()

        self.assertTrue(Signature.objects.filter(voice__isnull=False).exists())
