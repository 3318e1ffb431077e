"""A mistyped address is corrected on the check-your-email page."""

import re
from functools import partial
from threading import Event
from unittest import mock

from django.core import mail
from django.db import DatabaseError, transaction
from django.db.models import Sum
from django.test import Client, TestCase, override_settings

from core import addresses
from tests.abuse import set_limit
from tests.committed import (
    PATIENCE,
    CommittedTestCase,
    at_once,
    before_commit,
    is_one_waiting_for_a_lock,
    wait_for,
)
from tests.factories import (
    check_url,
    confirm_url,
    deliver,
    latest_submission,
    make_signature,
    make_submission,
    not_me_url,
    sign,
)
from tests.voices.correcting import correct, fill_in
from tests.voices.test_concurrency import visitor
from tests.voices.test_signing_views import seen
from voices.letters.queue import release
from voices.letters.send import send_next
from voices.managing import changes
from voices.models import (
    Arrival,
    BlockedDomain,
    Letter,
    RefusedAddress,
    Signature,
    Submission,
)
from voices.signatures import tokens
from voices.signatures.models import Lane
from voices.signing.correct import make_next

KEPT = (
    *("name", "name_display", "city", "state", "profession", "statement", "updates"),
    *("petition_id", "consent_version", "consent_text", "consent_at"),
    *("privacy_version", "privacy_text", "tag_id"),
)


def sign_wrongly(client):
    sign(
        client,
        path="/voices/add/?from=poster",
        email="wrong@example.com",
        updates="on",
    )
    return latest_submission()


class CorrectingTests(TestCase):
    def setUp(self):
        self.old = sign_wrongly(self.client)

    def test_everything_else_stays_as_it_was_entered(self):
        response = correct(self.client, self.old)

        new = latest_submission()
        self.assertRedirects(response, check_url(new), status_code=303)
        self.assertNotEqual((new.pk, new.ref), (self.old.pk, self.old.ref))
        for name in KEPT:
            self.assertEqual(getattr(new, name), getattr(self.old, name), name)
        self.assertEqual(new.email, "right@example.com")
        self.assertEqual(new.corrections, 1)
        self.assertContains(self.client.get(check_url(new)), "ri•••@example.com")

    def test_takes_a_constant_number_of_queries(self):
        for number in range(3):
            make_submission(email="wrong@example.com")
            make_submission(email="right@example.com")
            old = sign_wrongly(self.client)

            with self.subTest(number), self.assertNumQueries(12):
                correct(self.client, old)

    def test_only_the_new_address_gets_the_message(self):
        correct(self.client, self.old)

        [message] = deliver()

        self.assertEqual(message.to, ["right@example.com"])
        link = re.search(r"/voices/confirm/[\w.:-]+/", message.body).group()
        self.assertEqual(self.client.post(link).status_code, 303)
        signature = Signature.objects.get()
        self.assertEqual(signature.email, "right@example.com")
        self.assertTrue(signature.updates)

    def test_the_old_link_and_code_stop_working(self):
        deliver()
        link, code = confirm_url(self.old), tokens.code(self.old.ref)
        correct(self.client, self.old)

        for response in (
            self.client.get(link),
            self.client.post(link),
            self.client.post(check_url(self.old), {"code": code}),
            self.client.post(check_url(self.old), {"again": "1"}),
            self.client.get(check_url(self.old)),
        ):
            self.assertContains(
                response, "The address of this form was changed", status_code=410
            )
            for private in ("right@", "ri•", "Ana", latest_submission().ref):
                self.assertNotContains(response, private, status_code=410)
        self.assertFalse(Signature.objects.exists())

    def test_the_old_form_keeps_nothing_that_was_typed(self):
        correct(self.client, self.old)

        self.old.refresh_from_db()
        self.assertEqual(
            (self.old.name, self.old.email, self.old.email_key, self.old.statement),
            ("", "", "", ""),
        )

    def test_the_reader_of_the_old_mailbox_cannot_reach_the_new_form(self):
        deliver()
        link = not_me_url(self.old)
        correct(self.client, self.old)

        stranger = Client()
        refused = stranger.post(link)
        again = correct(stranger, self.old, "stranger@example.com")

        self.assertContains(refused, "Deleted. We won’t write again.")
        self.assertEqual(again.status_code, 410)
        self.assertContains(again, "stranger@example.com", status_code=410)
        new = Submission.objects.unconfirmed().get()
        self.assertEqual(new.email, "right@example.com")

    def test_a_second_press_of_the_button_leads_to_the_same_form(self):
        filled = fill_in(self.old)

        first, second = (
            self.client.post(check_url(self.old), filled) for _ in range(2)
        )

        self.assertEqual(first["Location"], second["Location"])
        self.assertEqual(Submission.objects.count(), 2)

    def test_a_forged_or_foreign_ref_is_ignored(self):
        other = make_submission()
        for forged in ("", "x", f"{self.old.ref}:mine", make_next(other)):
            with self.subTest(forged):
                sign(self.client)
                old = latest_submission()

                response = correct(self.client, old, next=forged)

                self.assertEqual(response["Location"], check_url(latest_submission()))
                self.assertNotIn(latest_submission().ref, ("mine", forged))

    def test_the_third_correction_is_refused_and_nothing_is_lost(self):
        for email in ("one@example.com", "two@example.com"):
            correct(self.client, latest_submission(), email)
        before = list(Submission.objects.order_by("pk").values())
        counted = list(Arrival.objects.order_by("pk").values())

        response = correct(self.client, latest_submission(), "three@example.com")

        self.assertContains(response, "was changed twice", status_code=409)
        self.assertContains(response, "three@example.com", status_code=409)
        self.assertEqual(list(Submission.objects.order_by("pk").values()), before)
        self.assertEqual(list(Arrival.objects.order_by("pk").values()), counted)
        page = self.client.get(check_url(latest_submission()))
        self.assertContains(page, "It was changed twice")
        self.assertNotContains(page, "Change the address")
        self.assertEqual([message.to for message in deliver()], [["two@example.com"]])

    def test_a_confirmed_form_says_that_it_is_confirmed(self):
        self.old.confirm()

        response = correct(self.client, self.old)

        self.assertContains(
            response, "You have already confirmed this", status_code=409
        )
        self.assertEqual(Submission.objects.count(), 1)

    def test_a_mistake_keeps_what_was_typed(self):
        for email in ("", "nobody", "a b@example.com", '"a"@example.com', "a@b\0c.com"):
            with self.subTest(email):
                response = correct(self.client, self.old, email)

                self.assertEqual(response.status_code, 422)
                self.assertContains(response, "There is a problem", status_code=422)
                self.assertContains(
                    response, 'class="second-step" open', status_code=422
                )
                self.assertEqual(response.context["correct"]["email"].value(), email)
        self.assertEqual(Submission.objects.count(), 1)

    def test_a_mistyped_host_is_asked_about_once(self):
        asked = correct(self.client, self.old, "ana@gmial.com")
        self.assertContains(asked, "Did you mean <b>ana@gmail.com</b>", status_code=422)
        self.assertEqual(Submission.objects.count(), 1)

        taken = correct(self.client, self.old, "ana@gmial.com", email_suggestion="use")

        self.assertEqual(taken.status_code, 303)
        self.assertEqual(latest_submission().email, "ana@gmail.com")

    def test_a_suggestion_that_was_dismissed_is_not_shown_again(self):
        kept = correct(self.client, self.old, "ana@gmial.com", email_suggestion="keep")

        self.assertEqual(kept.status_code, 303)
        self.assertEqual(latest_submission().email, "ana@gmial.com")

    def test_other_sites_cannot_correct_and_what_was_typed_is_kept(self):
        client = Client(enforce_csrf_checks=True)

        response = correct(client, self.old)

        self.assertContains(response, "safety cookie", status_code=403)
        self.assertContains(response, 'value="right@example.com"', status_code=403)
        self.assertEqual(Submission.objects.count(), 1)

    @override_settings(SIGNING_OPEN=False)
    def test_a_closed_site_corrects_nothing(self):
        response = correct(self.client, self.old)

        self.assertContains(response, "Signing is closed right now", status_code=503)
        self.assertContains(response, "right@example.com", status_code=503)
        self.assertEqual(Submission.objects.count(), 1)

    def test_an_unknown_form_is_a_404(self):
        Submission.objects.all().delete()

        self.assertEqual(correct(self.client, self.old).status_code, 404)


class ChecksTests(TestCase):
    """The new address goes through the same checks as a new form."""

    def setUp(self):
        sign(self.client, email="wrong@example.com")
        self.old = latest_submission()

    def test_it_counts_against_every_limit_like_a_new_form(self):
        def counts():
            senders = Arrival.objects.order_by().values_list("sender")
            return dict(senders.annotate(Sum("count")))

        before = counts()
        correct(self.client, self.old, "right@school.example")
        corrected = counts()
        sign(self.client, email="other@college.example")

        added = {name: corrected[name] - before[name] for name in corrected}
        self.assertEqual(added, dict.fromkeys(before, 1))
        self.assertEqual(
            {name: count - corrected[name] for name, count in counts().items()}, added
        )
        key = addresses.keyed_hash("right@school.example")
        self.assertTrue(Arrival.objects.filter(sender="address", hash=key).exists())

    def test_beyond_a_limit_its_message_waits_in_the_slow_lane(self):
        set_limit("network-burst", 1)

        with self.assertLogs("voices.abuse.limits"):
            correct(self.client, self.old)

        new = latest_submission()
        self.assertEqual((new.lane, new.suspicions), (Lane.SLOW, ["network-burst"]))

    def test_a_blocked_domain_is_quarantined(self):
        BlockedDomain.objects.create(domain="forger.example")

        correct(self.client, self.old, "ana@mail.forger.example")
        latest_submission().confirm()

        self.assertIsNotNone(Signature.objects.get().quarantined_at)

    def test_a_correction_by_a_bot_is_held(self):
        response = correct(self.client, self.old, untouched="spam", started="")

        self.assertEqual(response.status_code, 303)
        self.assertEqual(latest_submission().lane, Lane.HELD)
        self.assertEqual(deliver(), [])

    def test_it_removes_no_suspicion(self):
        sign(self.client, email="bot@example.com", untouched="spam")

        correct(self.client, latest_submission())

        new = latest_submission()
        self.assertEqual((new.lane, new.suspicions), (Lane.HELD, ["honeypot"]))

    def test_a_form_whose_message_was_released_is_not_held_again(self):
        sign(self.client, email="bot@example.com", untouched="spam")
        release(Submission.objects.all())

        correct(self.client, latest_submission())

        new = latest_submission()
        self.assertEqual((new.lane, new.suspicions), (Lane.SLOW, ["honeypot"]))
        self.assertIn(["right@example.com"], [each.to for each in deliver()])

    def test_a_released_form_that_a_bot_corrects_is_held_again(self):
        sign(self.client, email="bot@example.com", untouched="spam")
        release(Submission.objects.all())

        correct(self.client, latest_submission(), untouched="spam")

        self.assertEqual(latest_submission().lane, Lane.HELD)

    def test_every_address_gets_the_same_answer(self):
        make_signature(email="known@example.com")
        RefusedAddress.objects.remember(addresses.keyed_hash("refused@example.com"))
        make_submission(email="pending@example.com")
        Letter.objects.all().delete()
        answers = []
        for email in ("new", "known", "refused", "pending"):
            sign(self.client, email="wrong@example.com")
            old = latest_submission()
            moved = correct(self.client, old, f"{email}@example.com")
            page = self.client.get(moved["Location"])
            masked = addresses.masked(f"{email}@example.com")
            body = seen(page)[2].replace(masked, "masked")
            answers.append((seen(moved), body))

        self.assertEqual(len(set(map(str, answers))), 1)
        sent = {message.to[0]: message.subject for message in deliver()}
        self.assertEqual(
            sent,
            {
                "new@example.com": "Confirm your voice",
                "known@example.com": "You have already signed",
                "pending@example.com": "Confirm your voice",
            },
        )

    def test_a_form_for_an_address_that_signed_or_refused_can_be_corrected(self):
        make_signature(email="known@example.com")
        RefusedAddress.objects.remember(addresses.keyed_hash("refused@example.com"))
        for number, email in enumerate(("known@example.com", "refused@example.com")):
            sign(self.client, email=email, name="Ana Ruiz")
            old = latest_submission()
            deliver()

            correct(self.client, old, f"right{number}@example.com")

            [message] = deliver()
            self.assertEqual(message.to, [f"right{number}@example.com"])
            self.assertEqual(latest_submission().name, "Ana Ruiz")

    def test_a_form_that_another_one_closed_gets_the_same_answer(self):
        closed = make_submission(email="ana@example.com")
        make_submission(email="ana@example.com").confirm()

        open_answer = correct(self.client, self.old)
        deliver()
        answer = correct(self.client, closed)

        self.assertEqual(seen(answer), seen(open_answer))
        # It was emptied, so there is nothing to confirm.
        new = latest_submission()
        self.assertEqual((new.name, new.email), ("", ""))
        page = self.client.get(check_url(new))
        self.assertContains(page, "ri•••@example.com")
        self.assertEqual(deliver(), [])
        self.assertEqual(correct(self.client, new).status_code, 303)
        third = correct(self.client, latest_submission())
        self.assertContains(third, "was changed twice", status_code=409)

    def test_erasing_deletes_a_corrected_form_that_another_one_closed(self):
        closed = make_submission(email="ana@example.com")
        make_submission(email="ana@example.com").confirm()
        correct(self.client, closed)

        changes.erase(Signature.objects.get())

        self.assertFalse(Submission.objects.filter(pk=closed.pk).exists())

    def test_a_signer_is_told_only_once_however_often_a_form_is_corrected(self):
        make_signature(email="known@example.com")
        for _ in range(3):
            sign(self.client, email="known@example.com")
            deliver()
            correct(self.client, latest_submission())

        told = [message for message in mail.outbox if "known" in message.to[0]]
        self.assertEqual(len(told), 1)

    def test_if_nothing_can_be_stored_the_old_form_stays(self):
        client = visitor()
        with mock.patch(
            "voices.signing.correct.queue_confirmation", side_effect=DatabaseError
        ):
            self.assertEqual(correct(client, self.old).status_code, 500)

        self.assertEqual(Submission.objects.unconfirmed().get(), self.old)
        self.assertEqual([each.to for each in deliver()], [["wrong@example.com"]])


class AtOnceTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.start_over()

    def start_over(self):
        for model in (Letter, Submission, Signature, Arrival):
            model.objects.all().delete()
        sign(self.client, email="wrong@example.com")
        self.old = latest_submission()

    def test_correcting_and_confirming_at_once_does_only_one(self):
        outcomes = set()
        for number in range(12):
            self.start_over()
            calls = [
                partial(correct, visitor(), self.old),
                partial(visitor().post, confirm_url(self.old)),
            ]
            first, second = at_once(*(calls if number % 2 else calls[::-1]))
            corrected, confirmed = (first, second) if number % 2 else (second, first)

            outcomes.add((corrected.status_code, confirmed.status_code))
            signed = Signature.objects.exists()
            waiting = Submission.objects.unconfirmed()
            self.assertEqual(waiting.exists(), not signed)
            if signed:
                self.assertEqual(Signature.objects.get().email, "wrong@example.com")
            else:
                self.assertEqual(waiting.get().email, "right@example.com")
        self.assertLessEqual(outcomes, {(303, 410), (409, 303)})

    def test_a_correction_waits_for_a_confirmation_that_has_begun(self):
        answer = before_commit(self.old.confirm, partial(correct, visitor(), self.old))

        self.assertEqual(answer.status_code, 409)
        self.assertEqual(Signature.objects.get().email, "wrong@example.com")
        self.assertFalse(Submission.objects.unconfirmed().exists())

    def test_erasing_does_not_wait_for_a_correction_to_the_same_address(self):
        signature = make_signature(email="wrong@example.com")
        begun = Event()

        @transaction.atomic
        def erase():
            addresses.lock(signature.email_key)
            begun.set()
            wait_for(is_one_waiting_for_a_lock)
            changes.erase(signature)

        def correct_later():
            begun.wait(PATIENCE)
            return correct(visitor(), self.old, "wrong@example.com")

        _, answer = at_once(erase, correct_later)

        self.assertEqual(answer.status_code, 404)
        self.assertFalse(Signature.objects.exists())
        self.assertFalse(Submission.objects.exists())

    def test_two_corrections_at_once_make_one_form(self):
        for _ in range(5):
            self.start_over()

            answers = at_once(
                partial(correct, visitor(), self.old, "one@example.com"),
                partial(correct, visitor(), self.old, "two@example.com"),
            )

            self.assertEqual(
                sorted(answer.status_code for answer in answers), [303, 410]
            )
            new = Submission.objects.unconfirmed().get()
            [refused] = [each for each in answers if each.status_code == 410]
            other = {"one@example.com", "two@example.com"} - {new.email}
            self.assertContains(refused, other.pop(), status_code=410)
            # The correction that was refused is not counted.
            total = Arrival.objects.filter(sender="network")
            self.assertEqual(sum(total.values_list("count", flat=True)), 2)

    def test_the_same_correction_sent_ten_times_makes_one_form(self):
        filled = fill_in(self.old)

        answers = at_once(
            *[partial(visitor().post, check_url(self.old), filled) for _ in range(10)]
        )

        self.assertEqual({answer.status_code for answer in answers}, {303})
        self.assertEqual(len({answer["Location"] for answer in answers}), 1)
        self.assertEqual(Submission.objects.count(), 2)
        self.assertEqual(Letter.objects.count(), 1)

    def test_the_last_correction_is_made_once(self):
        correct(self.client, self.old)
        old = latest_submission()

        answers = at_once(*[partial(correct, visitor(), old)] * 4)

        statuses = sorted(answer.status_code for answer in answers)
        self.assertEqual(statuses, [303, 410, 410, 410])
        self.assertEqual(Submission.objects.unconfirmed().get().corrections, 2)

    def test_correcting_while_the_message_leaves_loses_nothing(self):
        for _ in range(5):
            self.start_over()
            del mail.outbox[:]

            answer, *_ = at_once(
                partial(correct, visitor(), self.old),
                send_next,
                partial(visitor().post, check_url(self.old), {"again": "1"}),
            )
            deliver()

            self.assertEqual(answer.status_code, 303)
            to = [message.to[0] for message in mail.outbox]
            self.assertEqual(to.count("right@example.com"), 1)
            self.assertLessEqual(to.count("wrong@example.com"), 1)
            self.assertFalse(Letter.objects.in_flight().exists())

    def test_refusing_the_old_address_at_once_leaves_the_new_form_or_none(self):
        for _ in range(5):
            self.start_over()
            RefusedAddress.objects.all().delete()

            answer, refused = at_once(
                partial(correct, visitor(), self.old),
                partial(visitor().post, not_me_url(self.old)),
            )

            self.assertEqual(refused.status_code, 200)
            self.assertIn(answer.status_code, (303, 404))
            self.assertEqual(
                Submission.objects.unconfirmed().count(), answer.status_code == 303
            )
            self.assertTrue(RefusedAddress.objects.exists())
