"""One reminder for a form that nobody has confirmed."""

import re
from datetime import timedelta
from functools import partial
from unittest import mock

from django.conf import settings
from django.db import IntegrityError
from django.template.defaultfilters import date as date_filter
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from core import addresses
from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    check_url,
    confirm_url,
    deliver,
    latest_submission,
    make_signature,
    make_staff,
    make_submission,
    not_me_url,
    sign,
)
from tests.voices.correcting import correct
from tests.voices.test_letters import parts
from voices.letters import reminders
from voices.letters.models import Attempt, SendingRate
from voices.letters.queue import send_again
from voices.letters.reminders import queue_reminders
from voices.models import Letter, RefusedAddress, Signature, Submission
from voices.signatures.models import Lane
from voices.tasks import forget

DAY = timedelta(days=1)
SUBJECT = "Reminder: confirm your voice"


def make_mailed(days=2.1, **fields):
    """A form whose message was sent this many days ago."""
    at = timezone.now() - days * DAY
    return make_submission(**{"submitted_at": at, "mailed_at": at, **fields})


def remind():
    """Queue and send what is due; return the emails."""
    queue_reminders()
    return deliver()


class DueTests(TestCase):
    def test_a_form_is_reminded_of_once_two_days_after_its_message(self):
        make_mailed(1.9, email="young@example.com")
        make_mailed(2.1, email="due@example.com")

        sent = [*remind(), *remind()]
        Submission.objects.update(mailed_at=timezone.now() - 3 * DAY)
        later = [*remind(), *remind()]

        self.assertEqual([message.to for message in sent], [["due@example.com"]])
        self.assertEqual([message.to for message in later], [["young@example.com"]])
        self.assertEqual({message.subject for message in sent + later}, {SUBJECT})

    def test_a_batch_takes_a_constant_number_of_queries(self):
        for count in (2, 20):
            for number in range(count):
                make_mailed(email=f"{count}-{number}@example.com")

            with self.subTest(count), self.assertNumQueries(10):
                self.assertEqual(queue_reminders(), count)

    def test_others_get_none(self):
        make_submission(submitted_at=timezone.now() - 3 * DAY)
        for fields in (
            {"lane": Lane.HELD, "suspicions": ["honeypot"]},
            {"lane": Lane.SLOW, "suspicions": ["network-burst"]},
            {"suspicions": ["too-fast"]},
            {"suspicions": ["too-old", "same-text"]},
        ):
            make_mailed(**fields)
        make_mailed().confirm()
        # A link in the reminder would not work for its full time.
        make_mailed(7.1)

        self.assertEqual(remind(), [])
        self.assertFalse(Letter.objects.filter(kind="reminder").exists())

    def test_a_released_form_gets_none(self):
        form = make_submission(lane=Lane.HELD, suspicions=["honeypot"])
        Submission.objects.update(submitted_at=timezone.now() - DAY)
        send_again(form.pk)
        self.assertEqual(len(deliver()), 1)
        Submission.objects.update(mailed_at=timezone.now() - 3 * DAY)

        self.assertEqual(remind(), [])

    def test_a_statement_that_others_sent_too_still_gets_one(self):
        make_mailed(suspicions=["same-text"])

        self.assertEqual(len(remind()), 1)

    def test_an_address_that_refused_gets_none(self):
        form = make_mailed(email="ana@example.com")
        queue_reminders()
        self.client.post(not_me_url(form))
        other = make_mailed(email="bea@example.com")
        RefusedAddress.objects.remember(addresses.keyed_hash(other.email_key))

        self.assertEqual(remind(), [])

    def test_an_address_that_signed_since_gets_none(self):
        for signed_first in (True, False):
            for fields in ({}, {"withdrawn_at": timezone.now()}):
                with self.subTest(signed_first=signed_first, **fields):
                    for model in (Letter, Submission, Signature):
                        model.objects.all().delete()
                    make_mailed(email="ana@example.com")
                    if not signed_first:
                        queue_reminders()
                    make_signature(email="ana@example.com", **fields)

                    self.assertEqual(remind(), [])

    def test_a_form_confirmed_while_its_reminder_waits_gets_none(self):
        form = make_mailed()
        self.assertEqual(queue_reminders(), 1)
        form.confirm()

        self.assertEqual(deliver(), [])

    def test_an_address_with_several_forms_gets_one(self):
        forms = [make_mailed(email="ana@example.com") for _ in range(3)]
        sent = remind()
        make_mailed(email="ana@example.com")

        self.assertEqual(remind(), [])
        [message] = sent
        link = re.search(r"/voices/confirm/[\w.:-]+/", message.body).group()
        self.assertIn(f"/{forms[-1].ref}.", link)

    def test_a_corrected_form_is_not_reminded_of_again(self):
        form = make_mailed()
        self.assertEqual(len(remind()), 1)
        self.assertEqual(correct(self.client, form).status_code, 303)
        self.assertEqual([each.to for each in deliver()], [["right@example.com"]])
        Submission.objects.update(
            mailed_at=timezone.now() - 3 * DAY, lane=Lane.CLEAN, suspicions=[]
        )

        self.assertEqual(remind(), [])

    def test_a_correction_stops_the_reminder_to_the_old_address(self):
        form = make_mailed(email="wrong@example.com")
        self.assertEqual(queue_reminders(), 1)
        self.assertEqual(correct(self.client, form).status_code, 303)

        self.assertFalse(Letter.objects.filter(kind="reminder").exists())

    def test_a_message_asked_for_again_comes_before_its_reminder(self):
        form = make_mailed()
        queue_reminders()

        again = self.client.post(check_url(form), {"again": "1"})
        sent = [message.subject for message in deliver()]

        self.assertContains(again, "You asked for the message again")
        # The form was just mailed, so the reminder is dropped.
        self.assertEqual(sent, ["Confirm your voice"])

    def test_one_that_waited_too_long_is_dropped(self):
        form = make_mailed()
        self.assertEqual(queue_reminders(), 1)
        Submission.objects.update(mailed_at=timezone.now() - 7.1 * DAY)

        self.assertEqual(deliver(), [])
        self.assertTrue(Submission.objects.filter(pk=form.pk).exists())

    def test_the_database_allows_one_for_each_form(self):
        form = make_mailed()
        remind()

        with self.assertRaises(IntegrityError):
            Letter.objects.create(kind="reminder", submission=form, address_hash="a")


class CapsTests(TestCase):
    def test_it_counts_toward_the_limit_of_its_address(self):
        form = make_mailed(email="ana@example.com")
        Attempt.objects.bulk_create(
            Attempt(
                letter_number=number,
                address_hash=addresses.keyed_hash(form.email_key),
                lane="clean",
                at=timezone.now(),
                perhaps_sent=True,
            )
            for number in range(settings.MAILS_PER_ADDRESS_PER_DAY)
        )

        self.assertEqual(queue_reminders(), 1)
        self.assertEqual([*deliver(), *remind()], [])
        self.assertFalse(Letter.objects.filter(kind="reminder").exists())

    def test_it_leaves_after_all_other_mail(self):
        make_mailed(email="old@example.com")
        queue_reminders()
        sign(self.client, email="new@example.com")

        sent = [message.to[0] for message in deliver()]

        self.assertEqual(sent, ["new@example.com", "old@example.com"])
        self.assertEqual(Letter.objects.get(kind="reminder").lane, Letter.Lane.UPDATE)

    def test_a_run_has_a_maximum_and_the_next_one_goes_on(self):
        for _ in range(5):
            make_mailed()

        with mock.patch.multiple(reminders, BATCH=2, MAX_BATCHES=2):
            counts = [queue_reminders() for _ in range(3)]

        self.assertEqual(counts, [4, 1, 0])


class SettingTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        SendingRate.objects.create()

    def set(self, on):
        path = reverse("admin:voices_sendingrate_change", args=[SendingRate.ONLY])
        filled = {"per_minute": "120"} | ({"reminders": "on"} if on else {})
        self.assertEqual(self.client.post(path, filled).status_code, 302)

    def test_staff_turn_it_off_and_on(self):
        make_mailed()

        self.set(on=False)
        off = remind()
        self.set(on=True)
        on = remind()

        self.assertEqual((len(off), len(on)), (0, 1))

    def test_turning_it_off_drops_those_that_wait(self):
        make_mailed()
        self.assertEqual(queue_reminders(), 1)

        self.set(on=False)

        self.assertEqual(deliver(), [])


class LetterTests(TestCase):
    def setUp(self):
        self.form = make_mailed(3, email="ana@example.com")
        [self.letter] = remind()

    def test_its_link_works_and_its_form_is_kept_as_long_as_it_says(self):
        kept_until = self.form.mailed_at + settings.UNCONFIRMED_KEPT_DAYS * DAY
        for part in parts(self.letter):
            words = " ".join(part.split())
            self.assertIn(date_filter(timezone.localtime(kept_until), "F j"), words)
            self.assertIn(f"works for {settings.CONFIRM_LINK_DAYS} days", words)
            link = re.search(r"/voices/confirm/[\w.:-]+/", part).group()
            self.assertEqual(self.client.get(link).status_code, 200)
        self.form.refresh_from_db()
        self.assertEqual(self.form.kept_until, kept_until)
        self.assertGreater(
            kept_until, timezone.now() + settings.CONFIRM_LINK_DAYS * DAY
        )
        self.assertEqual(self.client.post(link).status_code, 303)

    def test_it_does_not_prolong_how_long_the_form_is_kept(self):
        mailed_at = self.form.mailed_at
        self.form.refresh_from_db()
        self.assertEqual(self.form.mailed_at, mailed_at)

        old = timezone.now() - (settings.UNCONFIRMED_KEPT_DAYS + 0.1) * DAY
        Submission.objects.update(submitted_at=old, mailed_at=old)
        with self.assertLogs("voices.tasks"):
            forget(0)

        self.assertFalse(Submission.objects.exists())

    def test_it_has_no_code_and_repeats_nothing_that_was_typed(self):
        for part in parts(self.letter):
            self.assertNotRegex(part, r"\b[0-9]{6}\b(?!\w)(?![^<]*>)")
            for typed in ("Ana", "Columbus", "Nurse", self.form.statement):
                self.assertNotIn(typed, part)

    def test_it_has_a_way_to_refuse(self):
        link = re.search(r"/voices/not-me/[\w.:-]+/", self.letter.body).group()

        self.client.post(link)

        self.assertFalse(Submission.objects.exists())
        self.assertTrue(RefusedAddress.objects.exists())

    def test_a_form_signed_by_another_one_of_its_address_says_so(self):
        link = confirm_url(self.form)
        sign(self.client, email="ana@example.com")
        latest_submission().confirm()

        self.assertContains(self.client.get(link), "This form was not used")


class AtOnceTests(CommittedTestCase):
    def test_several_runs_at_once_queue_one_for_each_address(self):
        for number in range(20):
            for _ in range(2):
                make_mailed(email=f"ana{number}@example.com")

        counts = at_once(*[queue_reminders] * 4)

        self.assertEqual(sum(counts), 20)
        self.assertEqual(Letter.objects.count(), 20)
        hashes = Letter.objects.values_list("address_hash", flat=True)
        self.assertEqual(len(set(hashes)), 20)

    def test_confirming_or_refusing_at_once_is_no_error(self):
        for _ in range(5):
            for model in (Letter, Submission, Signature, RefusedAddress):
                model.objects.all().delete()
            one, two = make_mailed(), make_mailed()

            at_once(
                queue_reminders,
                one.confirm,
                partial(self.client_class().post, not_me_url(two)),
                queue_reminders,
            )

            self.assertFalse(Submission.objects.unconfirmed().exists())
            self.assertEqual(deliver(), [])
