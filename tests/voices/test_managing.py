import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from io import StringIO
from unittest import mock

from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import addresses
from tests.abuse import set_limit
from tests.committed import (
    PATIENCE,
    CommittedTestCase,
    at_once,
    is_one_waiting_for_a_lock,
    run_worker,
    wait_for,
)
from tests.factories import (
    FORM,
    deliver,
    latest_submission,
    make_reason,
    make_signature,
    make_staff,
    sign,
    stamp,
)
from tests.voices.test_letters import SEND, parts
from voices.letters.check import check
from voices.letters.link_requests import answer
from voices.letters.send import offer
from voices.letters.take import take
from voices.letters.updates import is_reader
from voices.managing import changes
from voices.managing import data as data_module
from voices.managing.forms import DETAILS
from voices.models import (
    AddressChange,
    Attempt,
    Decision,
    Letter,
    Limit,
    LinkRequest,
    RefusedAddress,
    Report,
    Reveal,
    Signature,
    Submission,
    Tally,
    Voice,
)
from voices.moderation import decide, propose, undoing
from voices.signatures import tokens

ASK = reverse("voices:manage-ask")
SENT = reverse("voices:manage-sent")


def manage_path(signature):
    return reverse("voices:manage", args=[tokens.managing.sign(signature.ref)])


def ask(client, email, **fields):
    return client.post(ASK, {"email": email, "started": stamp(), **fields})


def link(message, name):
    return re.search(rf"http\S+?(/voices/{name}/\S+)", message.body).group(1)


def press(client, path, action, **fields):
    return client.post(path, {"action": action, **fields})


def save(client, signature, **fields):
    typed = {
        **{name: getattr(signature, name) for name in DETAILS},
        "name_display": signature.name_display,
        "statement": signature.voice.statement if signature.voice else "",
        **fields,
    }
    return press(client, manage_path(signature), "save", **typed)


def counted():
    return Tally.objects.signers().total()


class PublishedTestCase(TestCase):
    """A signer whose statement is on the wall."""

    def setUp(self):
        self.by = make_staff()
        self.signature = make_signature(email="ana@example.com")
        self.voice = self.signature.voice
        decide.publish(Voice.objects.all(), self.by)
        self.path = manage_path(self.signature)
        self.page = self.voice.get_absolute_url()
        mail.outbox.clear()

    def again(self):
        self.signature.refresh_from_db()
        self.voice.refresh_from_db()


class AskTests(TestCase):
    def ask(self, email):
        response = ask(self.client, email)
        for request in LinkRequest.objects.all():
            answer(request.pk)
        return response, deliver()

    def test_mails_the_link_to_signers(self):
        signature = make_signature(email="ana.reyes@gmail.com")

        response, (message,) = self.ask("AnaReyes@gmail.com")

        self.assertEqual(response.status_code, 303)
        self.assertEqual(message.to, ["ana.reyes@gmail.com"])
        page = self.client.get(link(message, "manage"))
        self.assertContains(page, "<h2>Status</h2>")
        self.assertContains(page, signature.voice.statement)

    def test_a_signer_who_once_refused_mail_gets_the_requested_link(self):
        signature = make_signature(email="ana@example.com")
        RefusedAddress.objects.remember(addresses.keyed_hash(signature.email_key))

        _, (message,) = self.ask("ana@example.com")

        self.assertEqual(message.to, ["ana@example.com"])

    def test_subscribing_to_updates_undoes_the_refusal(self):
        signature = make_signature(email="ana@example.com")
        RefusedAddress.objects.remember(addresses.keyed_hash(signature.email_key))

        save(self.client, signature)
        self.assertTrue(RefusedAddress.objects.exists())
        save(self.client, signature, updates="on")

        self.assertFalse(RefusedAddress.objects.exists())
        signature.refresh_from_db()
        self.assertTrue(is_reader(signature))

    def test_limits_keep_no_signer_from_their_link(self):
        make_signature(email="ana@school.example")
        for of in Limit.Of:
            set_limit(of, 1)
        for number in range(3):
            ask(self.client, "ana@school.example", untouched=f"spam {number}")
            ask(Client(REMOTE_ADDR="203.0.113.7"), f"bea{number}@school.example")
        LinkRequest.objects.all().delete()

        _, (message,) = self.ask("ana@school.example")

        self.assertEqual(message.to, ["ana@school.example"])

    def test_a_bot_gets_the_same_page_and_no_mail(self):
        make_signature(email="ana@example.com")

        for fields in ({"untouched": "spam"}, {"started": ""}):
            response = ask(self.client, "ana@example.com", **fields)

            self.assertRedirects(response, SENT, status_code=303)
        self.assertFalse(LinkRequest.objects.exists())

    def test_says_the_same_to_a_stranger_and_mails_nobody(self):
        make_signature(email="ana@example.com")

        known, _ = self.ask("ana@example.com")
        stranger, mails = self.ask("bea@example.com")

        self.assertEqual(mails, [])
        self.assertEqual(known["Location"], stranger["Location"])
        self.assertFalse(LinkRequest.objects.exists())

    def test_asking_takes_the_same_queries_for_anybody(self):
        make_signature(email="ana@example.com")

        costs = []
        for email in ("ana@example.com", "bea@example.com"):
            with CaptureQueriesContext(connection) as queries:
                ask(self.client, email)
            costs.append(len(queries))

        self.assertEqual(*costs)

    def test_refuses_and_keeps_an_invalid_address(self):
        response = self.client.post(ASK, {"email": "ana at home"})

        self.assertContains(response, "ana at home", status_code=422)

    def test_an_address_survives_a_lost_cookie(self):
        strict = Client(enforce_csrf_checks=True)

        response = strict.post(ASK, {"email": "ana@example.com"})

        self.assertContains(response, 'value="ana@example.com"', status_code=403)

    def test_actions_of_the_manage_page_are_not_found_here(self):
        response = self.client.post(ASK, {"action": "erase", "sure": "on"})

        self.assertEqual(response.status_code, 404)

    def test_every_mail_to_somebody_who_signed_has_the_link(self):
        make_signature(email="ana@example.com")
        decide.publish(Voice.objects.all(), make_staff())
        sign(self.client, email="ana@example.com")

        for message in deliver():
            page = self.client.get(link(message, "manage"))
            self.assertContains(page, "<h2>Status</h2>")


class LinkTests(PublishedTestCase):
    def test_only_someone_who_has_not_signed_is_asked_to(self):
        for path in (self.path, SENT):
            self.assertNotContains(self.client.get(path), "Add your voice")
        press(self.client, self.path, "withdraw", sure="on")

        for path in (self.path, reverse("voices:manage-erased")):
            self.assertContains(self.client.get(path), "Add your voice")

    def test_a_forged_link_is_not_found(self):
        confirm = tokens.confirming.sign(self.signature.ref)
        own = tokens.managing.sign(self.signature.ref)

        for token in ("x", own[:-1], own + "x", confirm, self.signature.ref):
            for path in ("manage", "manage-data"):
                response = self.client.get(reverse(f"voices:{path}", args=[token]))

                self.assertContains(
                    response, "We don’t recognize this link", status_code=404
                )

    def test_an_expired_link_offers_a_new_one(self):
        later = timezone.now() + timedelta(days=31)

        with mock.patch("time.time", return_value=later.timestamp()):
            seen = self.client.get(self.path)
            pressed = press(self.client, self.path, "withdraw", sure="on")

        for response in (seen, pressed):
            self.assertContains(response, "This link has expired", status_code=410)
            self.assertContains(response, ASK, status_code=410)
        self.again()
        self.assertIsNone(self.signature.withdrawn_at)

    def test_a_form_that_nobody_confirmed_cannot_be_managed(self):
        sign(self.client, email="bea@example.com")
        path = manage_path(latest_submission())

        for opened in (path, f"{path}data/"):
            page = self.client.get(opened)

            self.assertEqual(page.status_code, 410)
            self.assertNotContains(page, FORM["statement"], status_code=410)
        press(self.client, path, "erase", sure="on")
        self.assertEqual(latest_submission().statement, FORM["statement"])

    def test_an_error_page_repeats_no_earlier_success_message(self):
        response = self.client.post(f"{self.path}?done=saved", {"action": "withdraw"})

        self.assertContains(response, "Check the box", status_code=422)
        self.assertNotContains(response, "are saved", status_code=422)

    def test_these_pages_are_not_cached_or_indexed(self):
        for path in (self.path, ASK):
            response = self.client.get(path)
            self.assertIn("no-store", response["Cache-Control"])
        self.assertContains(self.client.get(self.path), "noindex")

    def test_an_unknown_action_is_not_found(self):
        self.assertEqual(press(self.client, self.path, "explode").status_code, 404)
        self.assertEqual(self.client.post(self.path).status_code, 404)

    def test_a_button_needs_a_csrf_token(self):
        strict = Client(enforce_csrf_checks=True)

        response = press(strict, self.path, "erase", sure="on")

        self.assertEqual(response.status_code, 403)
        self.assertTrue(Signature.objects.exists())


class CorrectTests(PublishedTestCase):
    def test_the_published_words_stay_until_a_correction_is_published(self):
        save(self.client, self.signature, statement="Better words.")

        self.assertContains(self.client.get(self.page), self.voice.statement)
        self.assertContains(self.client.get(self.path), "were sent for review")
        self.assertTrue(Voice.objects.waiting().exists())
        decide.publish(Voice.objects.all(), self.by)
        self.assertContains(self.client.get(self.page), "Better words.")
        self.assertFalse(Voice.objects.waiting().exists())

    def test_undoing_the_publishing_of_a_correction_restores_both_texts(self):
        before = self.voice.statement
        save(self.client, self.signature, statement="Better words.")
        decide.publish(Voice.objects.all(), self.by)

        undoing.undo(Voice.objects.all(), self.by)

        self.again()
        self.assertEqual(self.voice.statement, before)
        self.assertEqual(
            self.voice.corrections.get().words, {"statement": "Better words."}
        )
        self.assertTrue(Voice.objects.waiting().exists())

    def test_undoing_never_publishes_words_that_nobody_has_read(self):
        save(self.client, self.signature, statement="Better words.")
        decide.publish(Voice.objects.all(), self.by)
        self.again()
        save(self.client, self.signature, statement="Unread words.")

        undoing.undo(Voice.objects.all(), self.by)

        self.assertContains(self.client.get(self.page), "Better words.")

    def test_taking_down_leaves_no_correction_behind_in_the_queue(self):
        save(self.client, self.signature, statement="Better words.")

        decide.take_down(Voice.objects.all(), self.by, make_reason())

        self.assertFalse(Voice.objects.waiting().exists())

    def test_the_input_survives_a_lost_cookie(self):
        strict = Client(enforce_csrf_checks=True)

        response = save(strict, self.signature, statement="Better words.")

        self.assertContains(response, "Better words.", status_code=403)

    def test_so_does_a_new_address(self):
        strict = Client(enforce_csrf_checks=True)

        response = strict.post(
            self.path, {"action": "address", "email": "bea@example.com"}
        )

        self.assertContains(response, 'value="bea@example.com"', status_code=403)

    def test_asking_for_changes_mails_the_words_of_the_correction(self):
        deliver()
        save(self.client, self.signature, statement="Better words.")

        decide.ask_changes(Voice.objects.all(), self.by, "Leave out the name.")

        (message,) = deliver()
        self.assertIn("publish your\nchange", message.body)
        self.assertIn("“Better words.”", message.body)
        self.assertContains(self.client.get(self.path), "Better words.")
        self.assertFalse(Voice.objects.waiting().exists())

    def test_a_signer_asked_for_changes_can_keep_the_published_words(self):
        save(self.client, self.signature, statement="Better words.")
        decide.ask_changes(Voice.objects.all(), self.by, "Leave out the name.")

        save(self.client, self.signature, statement=self.voice.statement)

        self.assertNotContains(self.client.get(self.path), "Changes requested")

    def test_asking_for_changes_of_a_correction_can_be_undone(self):
        save(self.client, self.signature, statement="Better words.")
        decide.ask_changes(Voice.objects.all(), self.by, "Leave out the name.")

        undoing.undo(Voice.objects.all(), self.by)

        self.assertTrue(Voice.objects.waiting().exists())
        self.voice.refresh_from_db()
        self.assertTrue(self.voice.corrected_at)

    def test_a_declined_correction_leaves_the_published_words(self):
        deliver()
        save(self.client, self.signature, statement="Worse words.")

        decide.decline(Voice.objects.all(), self.by, make_reason(), tell=True)

        (message,) = deliver()
        self.assertIn("Worse words.", message.body)
        self.assertContains(self.client.get(self.page), self.voice.statement)
        self.assertFalse(Voice.objects.waiting().exists())

    def test_a_declined_statement_comes_back_to_the_queue(self):
        signature = make_signature()
        decide.decline(
            Voice.objects.filter(pk=signature.voice_id),
            self.by,
            make_reason(),
            tell=False,
        )
        page = self.client.get(manage_path(signature))
        self.assertContains(page, "Not published")

        save(self.client, signature, statement="Other words.")

        self.assertEqual(Voice.objects.waiting().get().statement, "Other words.")

    def test_an_emptied_statement_is_gone_at_once(self):
        save(self.client, self.signature, statement="")

        self.assertEqual(self.client.get(self.page).status_code, 404)
        self.assertEqual(counted(), 1)

    def test_a_form_without_a_statement_field_leaves_it_unchanged(self):
        before = self.voice.statement

        details = {name: FORM[name] for name in DETAILS}
        press(
            self.client,
            self.path,
            "save",
            **details,
            name_display="full",
            updates="on",
        )

        self.again()
        self.assertEqual(self.voice.statement, before)
        self.assertTrue(self.signature.updates)

    def test_invalid_statements_are_refused_and_kept(self):
        for statement in ("x" * 601, "unknown \ue000 sign"):
            response = save(self.client, self.signature, statement=statement)

            self.assertContains(response, statement[:20], status_code=422)
        self.again()
        self.assertIsNone(self.voice.corrected_at)


class DetailsTests(PublishedTestCase):
    def test_saving_takes_a_constant_number_of_queries(self):
        for number in range(3):
            with self.subTest(number), self.assertNumQueries(35):
                save(self.client, self.signature, city=f"Reno {number}", state="NV")
            with self.subTest(number), self.assertNumQueries(4):
                self.client.get(self.path)
            decide.publish(Voice.objects.all(), self.by)

    def test_corrected_ones_appear_after_review(self):
        save(self.client, self.signature, name="Bea Cruz", city="Reno", state="NV")

        self.assertContains(self.client.get(self.page), "Ana Reyes")
        manage = self.client.get(self.path)
        self.assertContains(manage, "Your changes were sent for review")
        self.assertContains(manage, 'value="Bea Cruz"')
        decide.publish(Voice.objects.all(), self.by)
        self.assertContains(self.client.get(self.page), "Bea Cruz")
        self.assertContains(self.client.get(self.page), "Reno")

    def test_a_name_and_another_form_of_it_can_be_saved_together(self):
        save(self.client, self.signature, name="Bea Cruz", name_display="first")

        self.again()
        self.assertEqual(self.voice.name, "Ana")
        self.assertEqual(self.voice.corrections.get().words, {"name": "Bea"})

    def test_a_name_that_only_gets_shorter_changes_at_once(self):
        for shorter in ("Ana R.", "Ana"):
            save(self.client, self.signature, name=shorter)

            self.again()
            self.assertEqual(self.voice.name, shorter)
            self.assertFalse(self.voice.corrections.exists())
        self.assertNotContains(self.client.get(self.page), "Reyes")

    def test_a_shorter_name_with_other_words_needs_review(self):
        for other in ("Bea", "Anna R.", "Reyes Ana"):
            save(self.client, self.signature, name=other)

            self.again()
            self.assertEqual(self.voice.name, "Ana Reyes")
            self.assertEqual(self.voice.corrections.get().words, {"name": other})

    def test_invalid_ones_are_refused_and_kept(self):
        for name, value in (("name", ""), ("state", "XX"), ("city", "x" * 81)):
            response = save(self.client, self.signature, **{name: value})

            self.assertEqual(response.status_code, 422)
            self.assertContains(response, "Error: ", status_code=422)
        self.again()
        self.assertEqual(self.signature.name, "Ana Reyes")


class ShowAsTests(PublishedTestCase):
    def test_another_form_of_the_name_shows_at_once(self):
        save(self.client, self.signature, name_display="first")

        self.assertContains(self.client.get(self.page), "Ana")
        self.assertNotContains(self.client.get(self.page), "Reyes")

    def test_showing_more_of_a_name_needs_another_review(self):
        save(self.client, self.signature, name_display="first")
        self.again()
        self.assertFalse(Voice.objects.waiting().exists())

        save(self.client, self.signature, name_display="full")

        self.assertTrue(Voice.objects.waiting().exists())

    def test_showing_less_of_an_edited_name_keeps_the_moderators_spelling(self):
        for edited, display, shown in (
            ("ana reyes", "first", "ana"),
            ("Anna Reyes", "initial", "Anna R."),
            ("A. Reyes", "first", "A."),
        ):
            Signature.objects.update(name_display="full")
            Voice.objects.update(name=edited)

            save(self.client, self.signature, name_display=display)

            self.again()
            self.assertEqual(self.voice.name, shown)
            self.assertFalse(Voice.objects.waiting().exists())

    def test_a_hidden_surname_is_hidden_in_any_order(self):
        Voice.objects.update(name="Reyes Anna")

        save(self.client, self.signature, name_display="first")

        self.again()
        # The moderator had spelled it differently.
        self.assertEqual(self.voice.name, "A.")
        self.assertEqual(self.voice.corrections.get().words, {"name": "Ana"})

    def test_parts_of_a_name_removed_by_a_moderator_do_not_come_back(self):
        Signature.objects.update(name_display="initial")
        Voice.objects.update(name="A.")

        save(self.client, self.signature, name_display="full")

        self.again()
        self.assertEqual(self.voice.name, "A.")

    def test_showing_more_of_a_short_name_needs_another_review(self):
        Signature.objects.update(name="Al Li", name_display="initial")
        Voice.objects.update(name="Al L.")
        self.again()

        save(self.client, self.signature, name_display="full")

        voice = Voice.objects.waiting().get()
        self.assertEqual(voice.name, "Al L.")
        self.assertEqual(voice.corrections.get().words, {"name": "Al Li"})

    def test_an_unlisted_signer_still_counts_and_leaves_no_text(self):
        save(self.client, self.signature, name_display="unlisted")

        self.assertEqual(self.client.get(self.page).status_code, 410)
        self.again()
        self.assertEqual(self.voice.statement + self.voice.name, "")
        self.assertEqual(counted(), 1)

    def test_a_signer_listed_again_waits_for_a_moderator(self):
        save(self.client, self.signature, name_display="unlisted")
        self.again()

        save(self.client, self.signature, name_display="initial")

        self.assertEqual(Voice.objects.waiting().get().name, "Ana R.")

    def test_the_subscription_to_updates_can_be_changed(self):
        for wanted in (True, False):
            save(self.client, self.signature, **({"updates": "on"} if wanted else {}))

            self.again()
            self.assertIs(self.signature.updates, wanted)


class WithdrawTests(PublishedTestCase):
    def test_takes_a_box_and_a_button(self):
        response = press(self.client, self.path, "withdraw")

        self.assertContains(response, "Check the box to continue", status_code=422)
        self.assertEqual(counted(), 1)

    def test_it_is_gone_from_every_page_and_figure_at_once(self):
        press(self.client, self.path, "withdraw", sure="on")

        self.assertEqual(self.client.get(self.page).status_code, 410)
        for path in ("/", "/voices/", "/voices/?q=law"):
            self.assertNotContains(self.client.get(path), self.voice.statement)
        self.assertEqual(counted(), 0)

    def test_a_second_time_says_that_it_is_done(self):
        press(self.client, self.path, "withdraw", sure="on")

        response = press(self.client, self.path, "withdraw", sure="on")

        self.assertContains(
            self.client.get(response["Location"]), "was already withdrawn"
        )

    def test_moderators_can_no_longer_bring_it_back(self):
        press(self.client, self.path, "withdraw", sure="on")

        for verb in (decide.publish, decide.feature, undoing.undo):
            self.assertEqual(verb(Voice.objects.all(), self.by), 0)
        self.assertEqual(self.client.get(self.page).status_code, 410)

    def test_nothing_about_it_can_be_changed_any_more(self):
        press(self.client, self.path, "withdraw", sure="on")

        save(self.client, self.signature, name_display="unlisted", statement="Back.")
        press(self.client, self.path, "address", email="ana@example.org")

        self.again()
        self.assertEqual(self.signature.name_display, "full")
        self.assertFalse(Voice.objects.waiting().exists())
        self.assertFalse(AddressChange.objects.exists())
        self.assertEqual(self.client.get(self.page).status_code, 410)

    def test_an_edit_opened_before_writes_nothing_back(self):
        opened = Voice.objects.get()
        changes.erase(self.signature)

        with self.assertRaises(PermissionDenied):
            propose.edit(opened, self.by)

        self.assertEqual(Voice.objects.get().statement, "")

    def test_signing_again_starts_over(self):
        press(self.client, self.path, "withdraw", sure="on")
        sign(self.client, email="ana@example.com", statement="New words.")
        self.assertEqual(deliver()[-1].subject, "Confirm your voice")

        latest_submission().confirm()

        self.assertEqual(counted(), 1)
        self.assertEqual(Voice.objects.waiting().get().statement, "New words.")
        self.assertEqual(self.client.get(self.page).status_code, 410)


class AddressTests(PublishedTestCase):
    def ask(self, email):
        """Request a change of address; return the emails to the new one."""
        press(self.client, self.path, "address", email=email)
        return [message for message in deliver() if message.to == [email]]

    def test_a_mistyped_host_is_asked_about_once(self):
        asked = press(self.client, self.path, "address", email="ana@gmial.com")
        self.assertContains(asked, "Did you mean <b>ana@gmail.com</b>", status_code=422)
        self.assertFalse(AddressChange.objects.exists())

        answer = {"email": "ana@gmial.com", "email_suggestion": "use"}
        press(self.client, self.path, "address", **answer)

        self.assertEqual(AddressChange.objects.get().email, "ana@gmail.com")

    def test_a_suggestion_that_was_seen_is_not_shown_again(self):
        answer = {"email": "ana@gmial.com", "suggestion_seen": "ana@gmail.com"}
        kept = press(self.client, self.path, "address", **answer)

        self.assertEqual(kept.status_code, 303)
        self.assertEqual(AddressChange.objects.get().email, "ana@gmial.com")

    def test_the_buttons_of_the_suggestion_belong_to_the_address(self):
        page = press(self.client, self.path, "address", email="ana@gmial.com").text

        forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
        (form,) = [form for form in forms if "email_suggestion" in form]
        self.assertIn('<input type="hidden" name="action" value="address">', form)
        self.assertIn('name="suggestion_seen" value="ana@gmail.com"', form)
        # Enter presses the first button of the form.
        self.assertLess(form.index("<button class="), form.index("email_suggestion"))

    def test_limits_do_not_keep_it_from_being_mailed(self):
        for of in (Limit.Of.ADDRESS_BURST, Limit.Of.DOMAIN_SUSTAINED):
            set_limit(of, 1)
        for _ in range(3):
            ask(self.client, "ana@school.example", untouched="spam")

        (message,) = self.ask("ana@school.example")

        self.assertIn("/voices/new-address/", message.body)

    def test_a_signer_may_enter_only_so_many_in_a_day(self):
        for number in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            press(self.client, self.path, "address", email=f"a{number}@example.org")

        response = press(self.client, self.path, "address", email="ana@example.org")

        self.assertContains(response, "too often today", status_code=422)
        self.assertContains(response, 'value="ana@example.org"', status_code=422)
        self.assertFalse(AddressChange.objects.filter(email="ana@example.org").exists())
        Letter.objects.update(queued_at=timezone.now() - timedelta(days=1))
        press(self.client, self.path, "address", email="ana@example.org")
        self.assertTrue(AddressChange.objects.filter(email="ana@example.org").exists())

    def told(self):
        """Send what is queued; return the notices to the current address."""
        return [
            m for m in deliver() if m.subject == "A different address was requested"
        ]

    def test_takes_a_confirmation_from_the_new_one(self):
        deliver()
        (message,) = self.ask("ana@example.org")
        path = link(message, "new-address")

        self.assertNotContains(self.client.get(path), "Add your voice")
        self.again()
        self.assertEqual(self.signature.email, "ana@example.com")
        response = self.client.post(path)

        self.assertContains(response, "The address was changed")
        self.assertEqual(message.to, ["ana@example.org"])
        self.again()
        self.assertEqual(self.signature.email, "ana@example.org")

    def test_the_current_address_is_notified_at_once(self):
        deliver()
        press(self.client, self.path, "address", email="stranger@example.org")

        [message] = self.told()

        self.assertEqual(message.to, ["ana@example.com"])
        for part in parts(message):
            words = " ".join(part.split())
            self.assertIn("asked us to use a different address", words)
            self.assertIn("st•••@example.org", words)
            self.assertIn("The change takes effect when that address confirms.", words)
            self.assertIn(settings.CONTACT_EMAIL, words)
            self.assertNotIn("stranger@", words)
        self.assertEqual(self.client.get(link(message, "manage")).status_code, 200)

    def test_no_notice_is_sent_once_the_address_has_changed(self):
        deliver()
        press(self.client, self.path, "address", email="stranger@example.org")
        changes.confirm_new_address(AddressChange.objects.get())
        self.again()
        changes.ask_new_address(self.signature, "next@example.org", "next@example.org")

        told = self.told()

        # Only the notice of the second change, to the address that it replaces.
        self.assertEqual([message.to for message in told], [["stranger@example.org"]])
        self.assertIn("ne•••@example.org", told[0].body)

    def test_a_bounced_address_is_not_notified(self):
        deliver()
        Signature.objects.update(bounced_at=timezone.now())
        press(self.client, self.path, "address", email="ana@example.org")

        self.assertEqual(self.told(), [])

    def test_entering_the_current_address_cancels_a_change(self):
        deliver()
        (message,) = self.ask("stranger@example.org")

        response = press(self.client, self.path, "address", email="Ana@Example.com")
        self.client.post(link(message, "new-address"))

        self.assertContains(self.client.get(response["Location"]), "is canceled")
        self.again()
        self.assertEqual(self.signature.email, "ana@example.com")
        self.assertEqual(deliver(), [])

    def test_withdrawing_cancels_a_change(self):
        deliver()
        (message,) = self.ask("stranger@example.org")

        press(self.client, self.path, "withdraw", sure="on")
        self.client.post(link(message, "new-address"))

        self.again()
        self.assertIsNotNone(self.signature.withdrawn_at)
        self.assertEqual(self.signature.email, "ana@example.com")

    def test_links_mailed_to_the_old_address_stop_working(self):
        deliver()
        (message,) = self.ask("ana@example.org")
        self.client.post(link(message, "new-address"))

        self.assertEqual(self.client.get(self.path).status_code, 410)

    def test_the_mail_to_the_new_one_manages_nothing(self):
        deliver()
        (message,) = self.ask("ana@example.org")

        self.assertNotIn("/voices/manage/", message.body)

    def test_an_address_that_has_signed_is_left_alone(self):
        make_signature(email="bea@example.com")
        deliver()
        (message,) = self.ask("bea@example.com")

        response = self.client.post(link(message, "new-address"))

        self.assertContains(response, "The address was not changed")
        self.assertNotContains(response, "its own signature")
        self.assertEqual(Signature.objects.filter(email="bea@example.com").count(), 1)

    def test_a_stranger_s_address_gets_no_more_than_its_daily_mails(self):
        deliver()

        mails = [self.ask("stranger@example.org") for _ in range(8)]

        sent = sum(len(each) for each in mails)
        self.assertLessEqual(sent, settings.MAILS_PER_ADDRESS_PER_DAY)

    def test_not_me_stops_mail_to_the_new_address(self):
        deliver()
        (message,) = self.ask("stranger@example.org")

        self.client.post(link(message, "not-me"))

        self.assertEqual(self.ask("stranger@example.org"), [])

    def test_not_me_deletes_the_change(self):
        deliver()
        (message,) = self.ask("stranger@example.org")

        self.client.post(link(message, "not-me"))
        self.client.post(link(message, "new-address"))

        self.again()
        self.assertEqual(self.signature.email, "ana@example.com")

    def test_not_me_refuses_no_address_that_has_signed(self):
        make_signature(email="bea@example.com")
        deliver()
        (message,) = self.ask("bea@example.com")

        response = self.client.post(link(message, "not-me"))

        self.assertContains(response, "This request was not confirmed")
        self.assertNotContains(response, "already confirmed")
        self.assertFalse(RefusedAddress.objects.exists())

    def test_a_change_moves_the_hash_that_finds_the_signature(self):
        deliver()
        (message,) = self.ask("new@example.org")
        self.client.post(link(message, "new-address"))

        response = self.client.get(link(message, "not-me"))

        self.assertContains(response, "already confirmed")
        self.again()
        expected = addresses.keyed_hash("new@example.org")
        self.assertEqual(self.signature.address_hash, expected)

    def test_only_the_latest_request_counts(self):
        deliver()
        (first,) = self.ask("one@example.org")
        self.ask("two@example.org")

        self.client.post(link(first, "new-address"))

        self.again()
        self.assertEqual(self.signature.email, "ana@example.com")

    def test_an_invalid_link_is_not_found(self):
        response = self.client.post(reverse("voices:new-address", args=["x.y"]))

        self.assertContains(response, "We don’t recognize this link", status_code=404)


class DataTests(PublishedTestCase):
    def test_contains_the_signature_and_its_related_rows(self):
        response = self.client.get(f"{self.path}data/")

        data = json.loads(response.content)
        self.assertEqual(data["signature"]["email"], "ana@example.com")
        for name in ("consent", "privacy"):
            self.assertTrue(data["signature"][f"{name}_text"])
            self.assertTrue(data["signature"][f"{name}_version"])
        self.assertEqual(data["voice"]["statement"], self.voice.statement)
        self.assertEqual(data["decisions"][0]["kind"], "Published")
        self.assertEqual(data["mails"][0]["kind"], "published")
        self.assertIn("attachment", response["Content-Disposition"])
        self.assertIn("no-store", response["Cache-Control"])

    def test_nothing_personal_is_left_out(self):
        data = json.loads(self.client.get(f"{self.path}data/").content)

        for name, row in (("signature", self.signature), ("voice", self.voice)):
            columns = {field.name for field in row._meta.concrete_fields}
            left_out = columns - set(data[name])
            self.assertLessEqual(left_out, data_module.INTERNAL)
        self.assertIn("invalidation", data)

    def test_contains_corrections_and_what_they_replaced(self):
        before = self.voice.statement
        save(self.client, self.signature, statement="Better words.")

        (waiting,) = self.client.get(f"{self.path}data/").json()["corrections"]
        decide.publish(Voice.objects.all(), self.by)
        (decided,) = self.client.get(f"{self.path}data/").json()["corrections"]

        self.assertEqual(waiting["words"], {"statement": "Better words."})
        self.assertIsNone(waiting["decided"])
        self.assertEqual(decided["replaced"], {"statement": before})
        self.assertTrue(decided["decided"])

    def test_contains_reports_and_reveals_without_data_of_others(self):
        Report.objects.create(voice=self.voice, kind="other", text="Not his words.")
        Reveal.objects.create(signature=self.signature, by=make_staff("secretive"))
        other = make_signature()
        Report.objects.create(voice=other.voice, kind="impersonation")
        Reveal.objects.create(signature=other, by=self.by)

        response = self.client.get(f"{self.path}data/")

        data = response.json()
        self.assertEqual([each["kind"] for each in data["reports"]], ["Something else"])
        self.assertEqual(len(data["address_seen_by_staff"]), 1)
        self.assertNotContains(response, "Not his words.")
        self.assertNotContains(response, "secretive")


def dump():
    """Every row in the database, as text."""
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        text = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            text += [row[0] for row in cursor.fetchall()]
    return "\n".join(text)


class AskingAtOnceTests(CommittedTestCase):
    def test_concurrent_requests_share_the_daily_limit(self):
        path = manage_path(make_signature())
        asks = [
            partial(press, Client(), path, "address", email=f"a{n}@example.org")
            for n in range(settings.MAILS_PER_ADDRESS_PER_DAY + 3)
        ]

        answers = at_once(*asks)

        letters = Letter.objects.filter(kind=Letter.Kind.NEW_ADDRESS)
        self.assertEqual(letters.count(), settings.MAILS_PER_ADDRESS_PER_DAY)
        refused = [answer for answer in answers if answer.status_code == 422]
        self.assertEqual(len(refused), 3)


class EraseTests(CommittedTestCase):
    PRIVATE = ["zelda", "Zelda", "Quixote", "Xanadu", "Beekeeper", "Unheard"]

    def setUp(self):
        super().setUp()
        self.by = make_staff()
        for statement in ("Unheard words.", "Unheard of."):
            sign(
                self.client,
                name="Zelda Quixote",
                email="zelda@example.com",
                city="Xanadu",
                profession="Beekeeper",
                statement=statement,
            )
        run_worker()
        latest_submission().confirm()
        decide.publish(Voice.objects.all(), self.by)
        self.signature = Signature.objects.get()
        self.path = manage_path(self.signature)
        save(self.client, self.signature, statement="Unheard still.")
        press(self.client, self.path, "address", email="zelda@example.org")
        ask(self.client, "zelda@example.com")

    def erase(self):
        return press(self.client, self.path, "erase", sure="on")

    def test_nothing_of_the_person_is_left_in_the_database(self):
        self.assertIn("Quixote", dump())

        self.erase()

        left = dump()
        for private in self.PRIVATE:
            self.assertNotIn(private, left)
        self.assertFalse(Letter.objects.in_flight().exists())

    def test_the_voice_keeps_id_and_date_and_responds_with_410(self):
        voice = Voice.objects.get()

        self.erase()

        erased = Voice.objects.get()
        self.assertEqual(erased.pk, voice.pk)
        self.assertEqual(erased.published_at, voice.published_at)
        self.assertEqual(self.client.get(voice.get_absolute_url()).status_code, 410)
        self.assertTrue(Decision.objects.filter(voice=erased).exists())
        self.assertEqual(counted(), 0)

    def test_a_second_time_says_that_it_is_done(self):
        self.erase()

        response = self.erase()

        self.assertContains(response, "signature was erased", status_code=410)

    def test_queued_letters_mail_nobody(self):
        mail.outbox.clear()
        self.erase()

        run_worker()

        self.assertEqual(mail.outbox, [])

    def test_mail_attempts_count_for_the_rest_of_the_day(self):
        left = Attempt.objects.counted().count()
        self.assertGreater(left, 0)

        self.erase()
        call_command("retention", stdout=StringIO())
        kept = Attempt.objects.counted().count()
        Attempt.objects.update(at=timezone.now() - timedelta(days=1))
        call_command("retention", stdout=StringIO())

        self.assertEqual(kept, left)
        self.assertFalse(Attempt.objects.exists())

    def test_erasing_resets_no_daily_limit_of_a_stranger(self):
        stranger = "stranger@example.org"
        mail.outbox.clear()
        # The signer may do this as often as in a day, and has done it once in setUp.
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY - 1):
            changes.ask_new_address(self.signature, stranger, stranger)
            deliver()

        self.erase()
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            sign(self.client, email=stranger)
            deliver()

        mailed = [message for message in mail.outbox if message.to == [stranger]]
        self.assertEqual(len(mailed), settings.MAILS_PER_ADDRESS_PER_DAY)

    def test_a_letter_that_a_sender_has_taken_mails_nobody(self):
        taken = take()
        self.assertTrue(taken.ids)

        self.erase()
        checked = check(taken, list(taken.ids))

        self.assertEqual(checked, [])
        # The letter doesn't count toward the rate either.
        of_these = Attempt.objects.filter(letter_number__in=taken.ids)
        self.assertFalse(of_these.exists())

    def test_a_letter_begun_concurrently_counts(self):
        changing = Letter.objects.filter(kind=Letter.Kind.NEW_ADDRESS)
        letter = changing.in_flight().get()
        taken = take()
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                [(found, _)] = check(taken, [letter.pk])
                self.assertTrue(offer(found))
                erasing = pool.submit(at_once, self.erase)
                wait_for(is_one_waiting_for_a_lock)
            erasing.result(timeout=PATIENCE)

        self.assertFalse(Signature.objects.exists())
        self.assertEqual(
            Attempt.objects.counted().filter(letter_number=letter.pk).count(), 1
        )

    def test_a_letter_sent_concurrently_counts(self):
        erasing = []

        def erase(backend, messages):
            erasing.extend(at_once(self.erase))
            return len(messages)

        changing = Letter.objects.filter(kind=Letter.Kind.NEW_ADDRESS)
        letter = changing.in_flight().get()
        Letter.objects.in_flight().exclude(pk=letter.pk).update(dropped_at=Now())
        with mock.patch(SEND, erase):
            deliver()

        self.assertEqual([response.status_code for response in erasing], [303])
        self.assertEqual(
            Attempt.objects.counted().filter(letter_number=letter.pk).count(), 1
        )
        self.assertFalse(Letter.objects.in_flight().exists())

    def test_the_person_may_sign_again(self):
        self.erase()
        sign(self.client, email="zelda@example.com")
        run_worker()

        latest_submission().confirm()

        self.assertEqual(counted(), 1)

    def test_concurrent_erasures_leave_the_figures_exact(self):
        people = [make_signature() for _ in range(6)]
        calls = [
            *(partial(changes.withdraw, person) for person in people[:4]),
            *(partial(changes.erase, person) for person in people[2:6]),
            partial(decide.publish, Voice.objects.all(), self.by),
            Tally.objects.fold,
        ]

        at_once(*calls)

        self.assertEqual(counted(), Signature.objects.not_withdrawn().count())
        self.assertEqual(
            Tally.objects.statements().total(), Voice.objects.on_the_wall().count()
        )
        self.assertFalse(Submission.objects.unconfirmed().exists())
        self.assertTrue(AddressChange.objects.exists())
