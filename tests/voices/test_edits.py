"""Moderators' edits of a voice's words, which its author approves or rejects."""

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from tests.abuse import invalidate
from tests.committed import CommittedTestCase, at_once, jobs
from tests.factories import (
    approve_edit,
    deliver,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
    propose_edit,
)
from tests.voices.test_corrections import signers_by_state
from tests.voices.test_managing import link
from voices.managing.changes import (
    answer_edit,
    appeal,
    confirm_new_address,
    correct,
    correct_details,
    erase,
    show_as,
    withdraw,
)
from voices.managing.data import everything
from voices.models import AddressChange, Decision, Letter, ProposedEdit, Voice
from voices.moderation import decide, undoing
from voices.retention import forget
from voices.signatures import tokens

WORDS = "I saw an officer lie, and nobody had to answer for it."
SHORTER = "I saw an officer lie."
# The queries of an approval that changes details.
QUERIES = 16
LABEL = "Edited for length, approved by the author"


def edit_path(signature, pk):
    token = tokens.managing.sign(signature.ref)
    return reverse("voices:manage-edit", args=[token, pk])


class EditTestCase(TestCase):
    """A published voice, and a moderator's edit that waits for its author."""

    is_published = True

    def setUp(self):
        self.by, self.reason = make_staff(), make_reason()
        self.voices = Voice.objects.all()
        make = make_published_voice if self.is_published else make_voice
        self.voice = make(name="Ana Reyes", statement=WORDS)
        self.signature = make_signature(name="Ana Reyes", voice=self.voice)
        self.edit = propose_edit(self.voice, self.by, statement=SHORTER)
        self.page = edit_path(self.signature, self.edit.pk)

    def again(self):
        self.voice.refresh_from_db()
        self.edit.refresh_from_db()

    def answer(self, action="approve"):
        return self.client.post(self.page, {"action": action}, follow=True)

    def public_paths(self):
        return [
            reverse("voices:list"),
            self.voice.get_absolute_url(),
            reverse("voices:feed"),
            reverse("voices:report", args=[self.voice.pk]),
        ]


class LetterTests(EditTestCase):
    def test_the_author_gets_both_versions_and_a_link(self):
        (message,) = deliver()

        self.assertEqual(message.to, [self.signature.email])
        self.assertEqual(message.subject, "May we edit your words?")
        for body in (message.body, message.alternatives[0].content):
            self.assertIn(SHORTER, body)
            self.assertIn(WORDS.split(",")[1], body.replace("\n", " "))
        self.assertContains(
            self.client.get(link(message, "manage")), "Do you approve this edit?"
        )

    def test_it_is_queued_in_the_same_transaction_as_the_edit(self):
        Letter.objects.all().delete()
        self.edit.delete()

        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            propose_edit(self.voice, self.by, statement=SHORTER)
            raise ZeroDivisionError

        self.assertFalse(Letter.objects.exists())
        self.assertFalse(ProposedEdit.objects.exists())

    def test_it_waits_as_long_as_undoing_can_drop_it(self):
        letter = Letter.objects.get()
        self.assertGreater(letter.send_at, timezone.now())

        self.assertEqual(undoing.undo(self.voices, self.by), 1)

        self.assertFalse(ProposedEdit.objects.exists())
        self.assertFalse(Letter.objects.in_flight().exists())
        self.assertEqual(
            list(self.voice.decisions.values_list("kind", flat=True)),
            ["undone", "edit-proposed"],
        )

    def test_none_leaves_about_an_edit_that_was_answered_or_has_ended(self):
        for end in (
            partial(answer_edit, self.signature, approve=True),
            partial(answer_edit, self.signature, approve=False),
            lambda pk: correct(self.signature, "My own words."),
        ):
            self.voice.proposed_edits.all().delete()
            edit = propose_edit(self.voice, self.by, name="Ana R.")
            end(edit.pk)
            self.assertEqual(deliver(), [])
            correct(self.signature, Voice.objects.get().statement)
            Voice.objects.update(name="Ana Reyes")

    def test_one_leaves_if_another_edit_takes_the_place_of_an_ended_one(self):
        Voice.objects.update(city="Dayton")
        propose_edit(self.voice, self.by, statement="Shortest.")

        (message,) = deliver()

        self.assertIn("Shortest.", message.body)

    def test_details_are_named_and_spelled_out(self):
        self.edit.delete()
        propose_edit(self.voice, self.by, state="NV", city="Reno", name="Ana <R.>")

        (message,) = deliver()

        self.assertIn("State, our edit:\nNevada", message.body)
        self.assertIn("Name as shown, as it is now:\nAna Reyes", message.body)
        self.assertIn("Ana <R.>", message.body)
        self.assertIn("Ana &lt;R.&gt;", message.alternatives[0].content)


class PublishedTests(EditTestCase):
    def test_nothing_public_changes_until_the_author_approves(self):
        for path in self.public_paths():
            page = self.client.get(path)
            self.assertContains(page, WORDS)
            self.assertNotContains(page, LABEL)

        self.answer()

        for path in self.public_paths():
            page = self.client.get(path)
            self.assertNotContains(page, WORDS)
            self.assertContains(page, SHORTER)
            self.assertContains(page, LABEL)

    def test_opening_the_page_decides_nothing(self):
        for method in (self.client.get, self.client.head):
            self.assertEqual(method(self.page).status_code, 200)

        self.again()
        self.assertEqual((self.edit.state, self.voice.statement), ("open", WORDS))

    def test_the_page_shows_both_versions_with_their_differences(self):
        page = self.client.get(self.page)

        self.assertContains(
            page, "I saw an officer <del>lie, and nobody had to answer for it.</del>"
        )
        self.assertContains(page, "I saw an officer <ins>lie.</ins>")
        self.assertContains(page, LABEL)

    def test_an_answer_needs_a_csrf_token(self):
        strict = Client(enforce_csrf_checks=True)

        response = strict.post(self.page, {"action": "approve"})

        self.assertEqual(response.status_code, 403)
        self.again()
        self.assertEqual(self.edit.state, "open")

    def test_an_unknown_button_is_a_404(self):
        self.assertEqual(self.answer("").status_code, 404)
        self.again()
        self.assertEqual(self.edit.state, "open")

    def test_the_original_stays_beside_an_approved_one(self):
        self.assertContains(self.answer(), "You approved the edit")

        self.again()
        self.assertEqual(self.voice.statement, SHORTER)
        self.assertEqual(self.voice.statement_as_sent, WORDS)
        self.assertEqual(self.edit.replaced, {"statement": WORDS})

    def test_a_rejected_one_changes_nothing(self):
        self.assertContains(self.answer("reject"), "You rejected the edit")

        self.again()
        self.assertEqual((self.voice.statement, self.voice.edited), (WORDS, ""))
        self.assertNotContains(self.client.get(reverse("voices:list")), LABEL)

    def test_the_first_answer_counts(self):
        for first, then, said in (
            ("approve", "reject", "You approved the edit"),
            ("reject", "approve", "You rejected the edit"),
        ):
            self.answer(first)
            self.assertContains(self.answer(then), said)

            self.edit = propose_edit(self.voice, self.by, city="Dayton")
            self.page = edit_path(self.signature, self.edit.pk)

    def test_an_edit_that_does_not_only_shorten_is_not_called_so(self):
        self.edit.delete()

        for there, instead in (("an", "one"), ("officer", "cop")):
            approve_edit(self.voice, self.by, statement=WORDS.replace(there, instead))

            page = self.client.get(self.voice.get_absolute_url())
            self.assertContains(page, "Edited, approved by the author")
            self.assertNotContains(page, LABEL)

    def test_details_are_no_edit_of_the_statement(self):
        self.edit.delete()

        approve_edit(self.voice, self.by, city="Dayton", name="Ana R.")

        page = self.client.get(self.voice.get_absolute_url())
        self.assertContains(page, "Ana R.")
        self.assertContains(page, "Dayton")
        self.assertNotContains(page, "approved by the author")

    def test_approved_details_are_the_signature_s_own(self):
        self.edit.delete()

        approve_edit(self.voice, self.by, name="Anna Reyes", city="Reno", state="NV")

        self.signature.refresh_from_db()
        own = self.signature
        self.assertEqual((own.name, own.city, own.state), ("Anna Reyes", "Reno", "NV"))
        self.assertEqual(signers_by_state(), {"NV": 1})

    def test_a_shown_initial_leaves_the_signature_its_name_and_state(self):
        self.edit.delete()
        show_as(self.signature, "initial")

        approve_edit(self.voice, self.by, name="Anna R.", state="")

        self.signature.refresh_from_db()
        own = self.signature
        self.assertEqual((own.name, own.state), ("Ana Reyes", "OH"))

    def test_the_label_goes_with_the_author_s_own_statement(self):
        self.answer()
        correct_details(self.signature, city="Dayton")
        decide.publish(self.voices, self.by)
        self.assertContains(self.client.get(self.voice.get_absolute_url()), LABEL)

        correct(self.signature, "My own words.")
        self.assertContains(self.client.get(self.voice.get_absolute_url()), LABEL)
        decide.publish(self.voices, self.by)

        page = self.client.get(self.voice.get_absolute_url())
        self.assertContains(page, "My own words.")
        self.assertNotContains(page, "approved by the author")

    def test_going_back_to_the_words_as_sent_ends_the_label(self):
        self.answer()

        approve_edit(self.voice, self.by, statement=WORDS)

        self.again()
        self.assertEqual(self.voice.edited, "")

    def test_an_approved_one_is_left_to_its_author(self):
        self.answer()
        self.assertEqual(undoing.undo(self.voices, self.by), 0)

        self.again()
        self.assertEqual(self.voice.statement, SHORTER)
        self.assertIsNone(undoing.latest_of(self.by))

    def test_an_approved_one_lets_an_earlier_decision_be_undone(self):
        self.edit.delete()
        Voice.objects.update(published_at=None)
        decide.publish(self.voices, self.by)
        approve_edit(self.voice, self.by, statement=SHORTER)

        self.assertEqual(undoing.undo(self.voices, self.by), 1)

        voice = Voice.objects.get()
        self.assertFalse(voice.is_published)
        self.assertEqual(voice.statement, SHORTER)

    def test_a_featured_voice_without_words_is_no_longer_featured(self):
        self.edit.delete()
        edit = propose_edit(self.voice, self.by, statement="")
        decide.feature(self.voices, self.by)

        answer_edit(self.signature, edit.pk, approve=True)

        self.voice.refresh_from_db()
        self.assertEqual((self.voice.statement, self.voice.edited), ("", ""))
        self.assertIsNone(self.voice.featured_at)

    def test_manage_my_voice_leads_to_it_while_it_is_open(self):
        manage = self.page.partition("edit/")[0]
        self.assertContains(self.client.get(manage), self.page)

        self.answer()

        page = self.client.get(manage)
        self.assertNotContains(page, "We suggested an edit")
        self.assertContains(page, LABEL)

    def test_approving_takes_the_same_queries_for_any_number_of_fields(self):
        self.edit.delete()
        for words in (
            {"city": "Dayton"},
            {"city": "Troy", "name": "Ana", "state": "NV"},
        ):
            edit = propose_edit(self.voice, self.by, **words)
            path = edit_path(self.signature, edit.pk)
            with self.assertNumQueries(QUERIES):
                self.client.post(path, {"action": "approve"})
            self.assertEqual(Voice.objects.get().city, words["city"])

    def test_showing_it_takes_two_queries(self):
        with self.assertNumQueries(2):
            self.client.get(self.page)


class WaitingTests(EditTestCase):
    """The same for a voice that waits for review."""

    is_published = False

    def test_the_words_stay_until_the_author_approves(self):
        self.assertEqual(self.voices.waiting().get().statement, WORDS)

        self.answer()

        self.assertEqual(self.voices.waiting().get().statement, SHORTER)

    def test_the_approved_version_is_reviewed_before_it_is_published(self):
        read_at = timezone.now()
        self.assertContains(self.answer(), "We review the new version")

        unread = decide.unchanged_since(self.voices, read_at)
        self.assertEqual(decide.publish(unread, self.by), 0)
        self.assertEqual(
            self.client.get(self.voice.get_absolute_url()).status_code, 404
        )
        self.assertEqual(decide.publish(self.voices, self.by), 1)
        self.assertContains(self.client.get(self.voice.get_absolute_url()), LABEL)

    def test_a_decision_ends_it(self):
        ask = partial(decide.ask_changes, changes="Shorter, please.")
        decline = partial(decide.decline, reason=self.reason, tell=False)
        for answer in (decide.publish, decline, ask):
            with transaction.atomic():
                answer(self.voices, self.by)
                page = self.client.get(self.page)
                self.assertContains(page, "no longer open", status_code=410)
                self.client.post(self.page, {"action": "approve"})
                self.assertEqual(Voice.objects.get().statement, WORDS)
                transaction.set_rollback(True)


class EndTests(EditTestCase):
    def test_it_ends_with_the_voice_and_the_link_says_so(self):
        for end in (
            partial(withdraw, self.signature),
            partial(decide.take_down, self.voices, self.by, self.reason),
            partial(invalidate, self.by, "example.com"),
            partial(show_as, self.signature, "first"),
            partial(show_as, self.signature, "unlisted"),
            partial(correct, self.signature, "My own words."),
            partial(correct, self.signature, ""),
            partial(correct_details, self.signature, city="Dayton"),
            partial(undoing.undo, self.voices, self.by),
        ):
            with self.subTest(end), transaction.atomic():
                end()

                page = self.client.get(self.page)
                self.assertContains(page, "no longer open", status_code=410)
                self.client.post(self.page, {"action": "approve"})
                self.assertNotEqual(Voice.objects.get().statement, SHORTER)
                self.assertFalse(ProposedEdit.objects.exists())
                transaction.set_rollback(True)

    def test_an_erased_signature_keeps_no_text_of_it(self):
        for answer in ("", "approve", "reject"):
            with transaction.atomic():
                if answer:
                    self.answer(answer)

                erase(self.signature)

                self.assertFalse(ProposedEdit.objects.exists())
                page = self.client.get(self.page)
                self.assertContains(page, "no longer manages", status_code=410)
                transaction.set_rollback(True)

    def test_it_ends_after_the_days_that_a_link_works(self):
        last_day = date_format(timezone.localtime(self.edit.ends_at), "F j, Y")
        self.assertContains(self.client.get(self.page), last_day)
        long_ago = timezone.now() - timedelta(days=settings.MANAGE_LINK_DAYS)
        ProposedEdit.objects.update(at=long_ago)

        for _ in range(2):
            page = self.client.get(self.page)
            self.assertContains(page, "no longer open", status_code=410)
            self.client.post(self.page, {"action": "approve"})
            self.assertEqual(Voice.objects.get().statement, WORDS)
            forget()

        self.assertFalse(ProposedEdit.objects.exists())

    def test_an_ended_one_does_not_block_another(self):
        long_ago = timezone.now() - timedelta(days=settings.MANAGE_LINK_DAYS)
        ProposedEdit.objects.update(at=long_ago)

        propose_edit(self.voice, self.by, statement=SHORTER)

        self.assertEqual(ProposedEdit.objects.count(), 1)

    def test_an_ended_one_lets_an_earlier_decision_be_undone(self):
        self.edit.delete()
        decide.feature(self.voices, self.by)
        propose_edit(self.voice, self.by, statement=SHORTER)
        self.assertEqual(undoing.latest_of(self.by).kind, "edit-proposed")
        long_ago = timezone.now() - timedelta(days=settings.MANAGE_LINK_DAYS)
        ProposedEdit.objects.update(at=long_ago)

        self.assertEqual(undoing.latest_of(self.by).kind, "featured")
        self.assertEqual(undoing.undo(self.voices, self.by), 1)

        self.assertIsNone(Voice.objects.get().featured_at)

    def test_retention_deletes_rejected_ones_and_keeps_approved_ones(self):
        self.answer("reject")
        approve_edit(self.voice, self.by, statement=SHORTER)
        self.assertEqual(ProposedEdit.objects.count(), 2)
        long_ago = timezone.now() - timedelta(days=settings.MANAGE_LINK_DAYS)
        ProposedEdit.objects.update(at=long_ago)

        gone = forget()

        self.assertEqual(gone["edits that their authors did not approve"], 1)
        self.assertIsNotNone(ProposedEdit.objects.get().approved_at)

    def test_an_appeal_of_a_declined_correction_ends_it(self):
        self.edit.delete()
        correct(self.signature, "My own words.")
        decide.decline(self.voices, self.by, self.reason, tell=False)
        propose_edit(self.voice, self.by, statement=SHORTER)

        self.assertTrue(appeal(self.signature, "Please."))

        self.assertFalse(ProposedEdit.objects.exists())

    def test_a_link_mailed_to_an_earlier_address_answers_nothing(self):
        email = "new@example.com"
        change = AddressChange.objects.create(
            signature=self.signature, email=email, email_key=email
        )
        confirm_new_address(change)

        self.assertEqual(self.answer().status_code, 410)
        self.again()
        self.assertEqual(self.edit.state, "open")

    def test_an_expired_link_leads_to_a_new_one(self):
        with self.settings(MANAGE_LINK_DAYS=-1):
            page = self.client.get(self.page)

        self.assertContains(page, "This link has expired", status_code=410)

    def test_somebody_else_s_link_opens_and_answers_nothing(self):
        path = edit_path(make_signature(), self.edit.pk)

        self.assertNotContains(self.client.get(path), SHORTER, status_code=410)
        self.client.post(path, {"action": "approve"})

        self.again()
        self.assertEqual(self.edit.state, "open")
        unlisted = make_signature(name_display="unlisted", voice=None)
        path = edit_path(unlisted, self.edit.pk)
        self.assertEqual(self.client.get(path).status_code, 410)

    def test_a_link_that_we_did_not_sign_is_a_404(self):
        path = reverse("voices:manage-edit", args=["x", self.edit.pk])

        self.assertEqual(self.client.get(path).status_code, 404)


class RuleTests(EditTestCase):
    def test_one_waits_at_a_time(self):
        with self.assertRaises(PermissionDenied):
            propose_edit(self.voice, self.by, city="Dayton")

        with self.assertRaises(IntegrityError), transaction.atomic():
            self.voice.proposed_edits.create(
                decision=self.voice.decisions.create(kind="edit-proposed", by=self.by),
                words={},
                replaced={},
            )

    def test_one_is_approved_or_rejected(self):
        now = timezone.now()

        with self.assertRaises(IntegrityError), transaction.atomic():
            ProposedEdit.objects.update(approved_at=now, rejected_at=now)

    def test_it_is_in_the_signer_s_data(self):
        (said,) = everything(self.signature)["proposed_edits"]

        self.assertEqual(said["words"], {"statement": SHORTER})
        self.assertEqual(said["replaced"], {"statement": WORDS})
        self.assertIsNone(said["approved"])

    def test_the_log_has_none_of_its_words(self):
        row = str(Decision.objects.filter(kind="edit-proposed").values().get())

        self.assertNotIn("officer", row)


class EditAtOnceTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.by, self.reason = make_staff(), make_reason()
        self.voice = make_published_voice(statement=WORDS)
        self.signature = make_signature(voice=self.voice)
        self.voices = Voice.objects.all()

    def approve(self, edit):
        return partial(answer_edit, self.signature, edit.pk, approve=True)

    def test_two_moderators_propose_one(self):
        def save():
            try:
                propose_edit(self.voice, self.by, statement=SHORTER)
            except PermissionDenied:
                return "refused"
            return "proposed"

        self.assertEqual(sorted(at_once(save, save)), ["proposed", "refused"])
        self.assertEqual(Letter.objects.count(), 1)
        self.assertEqual(Decision.objects.count(), 1)

    def test_two_answers_at_once_are_one(self):
        edit = propose_edit(self.voice, self.by, statement=SHORTER)

        at_once(
            self.approve(edit),
            partial(answer_edit, self.signature, edit.pk, approve=False),
            self.approve(edit),
        )

        edit.refresh_from_db()
        self.voice.refresh_from_db()
        approved = edit.state == "approved"
        self.assertEqual(self.voice.statement, SHORTER if approved else WORDS)
        self.assertEqual(len(jobs("voices.draw_cards")), 1 if approved else 0)

    def test_approving_while_the_author_corrects_leaves_the_author_s_words(self):
        for number in range(4):
            edit = propose_edit(self.voice, self.by, statement=f"{SHORTER} {number}")
            own = f"My own words {number}."

            at_once(self.approve(edit), partial(correct, self.signature, own))

            self.voice.refresh_from_db()
            self.assertEqual(self.voice.latest("statement"), own)
            self.assertFalse(ProposedEdit.objects.still_open().exists())
            decide.publish(self.voices, self.by)
            self.voice.refresh_from_db()
            self.assertEqual((self.voice.statement, self.voice.edited), (own, ""))

    def test_approving_while_staff_decide_publishes_no_unread_words(self):
        for _ in range(4):
            voice = make_voice(statement=WORDS)
            signature = make_signature(voice=voice)
            edit = propose_edit(voice, self.by, statement=SHORTER)
            one, read_at = Voice.objects.filter(pk=voice.pk), timezone.now()

            at_once(
                partial(answer_edit, signature, edit.pk, approve=True),
                lambda one=one, at=read_at: decide.publish(
                    decide.unchanged_since(one, at), self.by
                ),
            )

            voice.refresh_from_db()
            expected = WORDS if voice.is_published else SHORTER
            self.assertEqual(voice.statement, expected)
            self.assertFalse(ProposedEdit.objects.still_open().exists())

    def test_approving_while_the_voice_goes_shows_and_keeps_nothing_new(self):
        for end in (
            partial(decide.take_down, self.voices, self.by, self.reason),
            partial(withdraw, self.signature),
            partial(erase, self.signature),
        ):
            Voice.objects.update(taken_down_at=None)
            edit = propose_edit(self.voice, self.by, statement=f"{SHORTER}{end.func}")

            at_once(self.approve(edit), end)

            self.assertFalse(Voice.objects.published().exists())
            self.assertFalse(ProposedEdit.objects.still_open().exists())
            if end.func is withdraw:
                Voice.objects.update(withdrawn_at=None)
                type(self.signature).objects.update(withdrawn_at=None)
        self.assertFalse(ProposedEdit.objects.exists())

    def test_approving_purges_the_page_and_draws_its_card_again(self):
        edit = propose_edit(self.voice, self.by, statement=SHORTER)
        self.client.get(reverse("voices:card", args=[self.voice.pk]))
        before = len(jobs("operations.purge"))

        self.approve(edit)()

        self.assertGreater(len(jobs("operations.purge")), before)
        with connection.cursor() as cursor:
            key = f"voices/{self.voice.pk}"
            cursor.execute("SELECT count(*) FROM cards_card WHERE key = %s", [key])
            self.assertEqual(cursor.fetchone()[0], 0)
        self.assertEqual(
            [job["args"] for job in jobs("voices.draw_cards")],
            [{"voice_ids": [self.voice.pk]}],
        )
