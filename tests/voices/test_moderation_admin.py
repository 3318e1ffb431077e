from datetime import timedelta

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    approve_edit,
    deliver,
    make_founding_voice,
    make_moderator,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
    propose_edit,
)
from voices.managing.changes import answer_edit, correct, show_as
from voices.models import Decision, Letter, ProposedEdit, Reason, Voice
from voices.moderation import decide, propose, undoing
from voices.moderation.admin.deciding import MAX_AT_A_TIME
from voices.moderation.editing import version_of

QUEUE = "admin:voices_awaitingvoice"
VOICES = "admin:voices_voice"


def change_page(voice, prefix=VOICES):
    return reverse(f"{prefix}_change", args=[voice.pk])


class AdminTestCase(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)
        self.reason = make_reason()

    def act(self, action, *voices, prefix=VOICES):
        """Select the voices in the list and run the action."""
        return self.client.post(
            reverse(f"{prefix}_changelist"),
            {"action": action, "_selected_action": [voice.pk for voice in voices]},
        )

    def decide(self, kind, *voices, prefix=VOICES, **filled):
        """Submit the page on which a decision asks for details."""
        ids = "&".join(f"id={voice.pk}" for voice in voices)
        return self.client.post(
            f"{reverse(f'{prefix}_decide', args=[kind])}?{ids}", filled
        )

    def confirm(self, address, **filled):
        """Confirm a bulk decision on its page."""
        seen = self.client.get(address).context["preview"].seen
        return self.client.post(address, filled | {"seen": seen})

    def kinds(self, voice):
        """Kinds of the voice's log rows, latest first."""
        return list(voice.decisions.values_list("kind", flat=True))

    def status(self, voice):
        return Client().get(voice.get_absolute_url()).status_code


class QueueTests(AdminTestCase):
    def names(self, response):
        return [voice.name for voice in response.context["cl"].result_list]

    def test_shows_only_waiting_voices_oldest_first(self):
        now = timezone.now()
        for name, age in (("Second", 1), ("First", 3), ("Third", 0)):
            make_voice(name=name, review_since=now - timedelta(days=age))
        make_voice(name="Not Confirmed", review_since=None)
        make_published_voice(name="Published")
        make_voice(name="Declined", declined_at=now)
        make_voice(name="Asked", changes_asked_at=now)

        response = self.client.get(reverse(f"{QUEUE}_changelist"))

        self.assertEqual(self.names(response), ["First", "Second", "Third"])
        self.assertContains(response, "Voices awaiting review: 3, the oldest 3\xa0days")

    def test_publishes_no_words_changed_since_the_page_was_opened(self):
        signature = make_signature(name="Ada Reyes")
        Voice.objects.update(review_since=timezone.now())
        page = self.client.get(reverse(f"{QUEUE}_changelist"))
        read_at = page.context["action_form"]["read_at"].value()
        correct(signature, "Words that no moderator has read.")

        response = self.client.post(
            reverse(f"{QUEUE}_changelist"),
            {
                "action": "publish",
                "_selected_action": [signature.voice_id],
                "read_at": read_at,
            },
            follow=True,
        )

        self.assertContains(response, "since you opened the page: 1. Read again.")
        self.assertContains(response, "Published: 0.")
        self.assertEqual(Voice.objects.published().count(), 0)

    def test_an_invalid_read_at_publishes_nothing(self):
        self.client.post(
            reverse(f"{QUEUE}_changelist"),
            {
                "action": "publish",
                "_selected_action": [make_voice().pk],
                "read_at": "soon",
            },
        )

        self.assertEqual(Voice.objects.published().count(), 0)

    def test_fields_that_merely_end_in_read_at_are_ignored(self):
        voice = make_voice()

        self.client.post(
            reverse(f"{QUEUE}_changelist"),
            {
                "xread_at": "soon",
                "action": "publish",
                "_selected_action": [voice.pk],
                "read_at": timezone.now().isoformat(),
            },
        )

        self.assertEqual(self.status(voice), 200)

    def test_conflicting_read_at_fields_publish_nothing(self):
        voice = make_voice()

        response = self.client.post(
            change_page(voice),
            {
                "read_at": "soon",
                "CHANGE_FORM-action": "publish",
                "_selected_action": [voice.pk],
                "CHANGE_FORM-read_at": timezone.now().isoformat(),
            },
        )

        self.assertEqual(response.status_code, 400)
        self.assertEqual(Voice.objects.published().count(), 0)

    def test_links_to_the_moderator_s_latest_decision_to_undo(self):
        mine, of_another, withdrawn = (make_voice() for _ in range(3))
        decide.publish(Voice.objects.filter(pk=mine.pk), self.by)
        decide.publish(Voice.objects.filter(pk=of_another.pk), make_staff("other"))
        decide.publish(Voice.objects.filter(pk=withdrawn.pk), self.by)
        Voice.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
        path = reverse(f"{QUEUE}_changelist")

        before = self.client.get(path)
        undoing.undo(Voice.objects.filter(pk=mine.pk), self.by)
        after = self.client.get(path)

        self.assertContains(before, f"Published, voice No. {mine.pk}.", 1)
        self.assertContains(before, f"?id__in={mine.pk}")
        self.assertNotContains(after, "Your latest decision")

    def test_an_empty_queue_says_so(self):
        response = self.client.get(reverse(f"{QUEUE}_changelist"))

        self.assertContains(response, "Nothing is waiting")

    def test_escapes_what_it_shows(self):
        voice = make_voice(
            name="Ana <b>Bold</b>", statement="<script>alert(1)</script>"
        )

        for path in (
            reverse(f"{QUEUE}_changelist"),
            reverse(f"{VOICES}_changelist"),
            change_page(voice),
            reverse(f"{VOICES}_decide", args=["declined"]) + f"?id={voice.pk}",
        ):
            response = self.client.get(path)

            self.assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt;")
            self.assertNotContains(response, "<script>alert")
            self.assertNotContains(response, "<b>Bold")

    def test_the_queue_takes_a_constant_number_of_queries(self):
        for _ in range(7):
            make_signature()
        path = reverse(f"{QUEUE}_changelist")
        self.client.get(path)

        with self.assertNumQueries(15):
            self.client.get(path)

    def test_the_list_takes_a_constant_number_of_queries(self):
        for _ in range(7):
            make_voice(declined_at=timezone.now(), reason=self.reason)
        path = reverse(f"{VOICES}_changelist")

        with self.assertNumQueries(13):
            self.client.get(path)

    def test_an_erased_voice_has_a_link_with_text(self):
        make_published_voice().erase()
        response = self.client.get(reverse(f"{VOICES}_changelist"))
        self.assertContains(response, "(erased)")


class PublishTests(AdminTestCase):
    def test_publishes_from_the_queue_with_a_log_row_and_a_mail(self):
        voice = make_signature(email="ana@example.com").voice

        response = self.act("publish", voice, prefix=QUEUE)

        self.assertRedirects(response, reverse(f"{QUEUE}_changelist"))
        self.assertEqual(self.status(voice), 200)
        decision = voice.decisions.get()
        self.assertEqual((decision.kind, decision.by), ("published", self.by))
        self.assertEqual(deliver()[0].to, ["ana@example.com"])

    def test_publishes_many_at_once(self):
        voices = [make_signature().voice for _ in range(5)]
        left = make_voice()

        page = self.act("publish", *voices, prefix=QUEUE)["Location"]
        response = self.confirm(page)

        self.assertContains(self.client.get(response["Location"]), "Published: 5.")
        self.assertEqual(Voice.objects.published().count(), 5)
        self.assertEqual(Decision.objects.count(), 5)
        self.assertEqual(len(deliver()), 5)
        left.refresh_from_db()
        self.assertIsNone(left.published_at)

    def test_voices_already_decided_are_left_alone(self):
        published = make_published_voice()
        declined = make_voice(declined_at=timezone.now(), reason=self.reason)

        response = self.confirm(self.act("publish", published, declined)["Location"])

        self.assertContains(self.client.get(response["Location"]), "Published: 0.")
        self.assertFalse(Decision.objects.exists())
        self.assertEqual(self.status(declined), 404)

    def test_publishes_a_voice_that_changes_were_requested_for(self):
        voice = make_voice(changes_asked_at=timezone.now())

        self.act("publish", voice)

        self.assertEqual(self.status(voice), 200)

    def test_can_be_undone(self):
        voice = make_signature().voice
        self.act("publish", voice)

        self.act("undo", voice)

        self.assertEqual(self.status(voice), 404)
        self.assertEqual(self.kinds(voice), ["undone", "published"])
        self.assertEqual(voice.decisions.first().undoes, voice.decisions.last())
        self.assertContains(self.client.get(reverse(f"{QUEUE}_changelist")), voice.name)


class UndoTests(AdminTestCase):
    def undo(self, *voices):
        response = self.act("undo", *voices)
        return self.client.get(response["Location"])

    def test_says_how_many_authors_get_a_letter_of_correction(self):
        told, untold, nameless = (
            make_signature().voice,
            make_signature().voice,
            make_voice(),
        )
        for voice in (told, nameless):
            self.act("publish", voice)
        deliver()
        self.act("publish", untold)

        response = self.undo(told, untold, nameless)

        self.assertContains(response, "Undone: 3.")
        self.assertContains(response, "Authors who get a letter of correction: 1.")

    def test_says_nothing_about_letters_if_nobody_gets_one(self):
        voice = make_signature().voice
        self.act("publish", voice)

        response = self.undo(voice)

        self.assertContains(response, "Undone: 1.")
        self.assertNotContains(response, "letter of correction")

    def test_says_why_a_decision_was_not_undone(self):
        voices = [make_voice(), make_voice()]
        decide.publish(Voice.objects.all(), make_staff("other"))
        self.client.force_login(make_moderator("moderating"))

        response = self.undo(*voices, make_voice())

        self.assertContains(response, "Undone: 0.")
        self.assertContains(response, "Not undone: 2. Only a lead may undo")
        self.assertContains(response, "Not undone: 1. There is no such decision")
        self.assertEqual(Voice.objects.published().count(), 2)


class DeclineTests(AdminTestCase):
    def setUp(self):
        super().setUp()
        self.voice = make_signature(email="ana@example.com").voice

    def test_asks_for_a_reason_on_a_page_that_shows_the_voice(self):
        response = self.client.post(
            reverse(f"{QUEUE}_changelist"),
            {"action": "decline", "_selected_action": [self.voice.pk]},
            follow=True,
        )

        self.assertContains(response, self.voice.statement)
        self.assertContains(response, self.reason.label)
        self.assertFalse(Decision.objects.exists())

    def test_without_a_reason_nothing_is_decided(self):
        for filled in ({}, {"reason": "999999"}, {"reason": "x"}, {"reason": "\x00"}):
            response = self.decide("declined", self.voice, **filled)

            self.assertEqual(response.status_code, 200)
        self.assertFalse(Decision.objects.exists())

    def test_declines_with_a_log_row_and_without_a_mail(self):
        response = self.decide("declined", self.voice, reason=self.reason.pk)

        self.assertEqual(response.status_code, 302)
        self.voice.refresh_from_db()
        self.assertIsNotNone(self.voice.declined_at)
        self.assertEqual(self.voice.reason, self.reason)
        decision = self.voice.decisions.get()
        self.assertEqual((decision.kind, decision.reason), ("declined", self.reason))
        self.assertFalse(Letter.objects.exists())

    def test_tells_the_author_if_asked_to(self):
        self.decide("declined", self.voice, reason=self.reason.pk, tell="on")

        letter = deliver()[0]
        self.assertEqual(letter.to, ["ana@example.com"])
        self.assertIn(self.reason.explanation, letter.body)

    def test_can_be_undone(self):
        self.decide("declined", self.voice, reason=self.reason.pk)

        self.act("undo", self.voice)

        self.voice.refresh_from_db()
        self.assertIsNone(self.voice.declined_at)
        self.assertIsNone(self.voice.reason)
        self.assertTrue(Voice.objects.waiting().exists())

    def test_a_reason_out_of_use_cannot_be_chosen(self):
        Reason.objects.filter(pk=self.reason.pk).update(active=False)

        self.decide("declined", self.voice, reason=self.reason.pk)

        self.assertFalse(Decision.objects.exists())


class ChangesTests(AdminTestCase):
    def setUp(self):
        super().setUp()
        self.voice = make_signature(email="ana@example.com").voice

    def test_mails_the_author_and_takes_it_out_of_the_queue(self):
        self.decide("changes-asked", self.voice, changes="Please leave out the name.")

        self.assertEqual(self.kinds(self.voice), ["changes-asked"])
        self.assertFalse(Voice.objects.waiting().exists())
        self.assertIn("Please leave out the name.", deliver()[0].body)

    def test_takes_plain_text_only(self):
        for changes in ("", "a\x00b", "a\ue000b", "x" * 601):
            response = self.decide("changes-asked", self.voice, changes=changes)

            self.assertEqual(response.status_code, 200)
        self.assertFalse(Decision.objects.exists())

    def test_can_be_undone(self):
        self.decide("changes-asked", self.voice, changes="Shorter, please.")

        self.act("undo", self.voice)

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.changes_asked, "")
        self.assertTrue(Voice.objects.waiting().exists())


class TakeDownTests(AdminTestCase):
    def setUp(self):
        super().setUp()
        self.voice = make_published_voice(featured_at=timezone.now())

    def test_takes_down_with_a_reason_and_a_log_row(self):
        self.decide("taken-down", self.voice, reason=self.reason.pk)

        self.assertEqual(self.status(self.voice), 410)
        self.assertEqual(self.kinds(self.voice), ["taken-down"])
        self.assertEqual(self.voice.decisions.get().reason, self.reason)
        for path in ("/", "/voices/"):
            self.assertNotContains(Client().get(path), self.voice.statement)

    def test_an_unpublished_voice_cannot_be_taken_down(self):
        self.decide("taken-down", make_voice(), reason=self.reason.pk)

        self.assertFalse(Decision.objects.exists())

    def test_can_be_undone_and_featured_again(self):
        self.decide("taken-down", self.voice, reason=self.reason.pk)

        self.act("undo", self.voice)
        self.assertEqual(self.status(self.voice), 200)
        self.act("feature", self.voice)

        self.assertContains(Client().get("/"), self.voice.statement)
        self.assertEqual(self.kinds(self.voice), ["featured", "undone", "taken-down"])


class FeatureTests(AdminTestCase):
    def test_puts_a_statement_on_the_home_page_and_takes_it_off(self):
        voice = make_published_voice(statement="Chosen words.")

        self.act("feature", voice)
        self.assertContains(Client().get("/"), "Chosen words.")
        self.act("unfeature", voice)
        self.assertNotContains(Client().get("/"), "Chosen words.")
        self.act("undo", voice)
        self.assertContains(Client().get("/"), "Chosen words.")
        self.act("undo", voice)

        self.assertNotContains(Client().get("/"), "Chosen words.")
        self.assertEqual(
            self.kinds(voice), ["undone", "undone", "unfeatured", "featured"]
        )

    def test_only_a_statement_on_the_wall_is_featured(self):
        now = timezone.now()
        self.act(
            "feature",
            make_voice(),
            make_published_voice(statement=""),
            make_published_voice(taken_down_at=now),
            make_published_voice(featured_at=now),
        )

        self.assertFalse(Decision.objects.exists())

    def test_undoing_when_there_is_nothing_to_undo_does_nothing(self):
        voice = make_published_voice()
        self.act("feature", voice)

        for _ in range(3):
            self.act("undo", voice)

        self.assertEqual(self.kinds(voice), ["undone", "featured"])
        self.assertEqual(self.status(voice), 200)


class EditTests(AdminTestCase):
    def setUp(self):
        super().setUp()
        self.voice = make_voice(statement="I saw Officer Dow lie.", profession="Nurse")
        make_signature(voice=self.voice)

    def save(self, voice=None, **changes):
        voice = voice or self.voice
        fields = (
            "name",
            "profession",
            "profession_group",
            "city",
            "state",
            "statement",
        )
        filled = {name: getattr(voice, name) for name in fields}
        return self.client.post(
            change_page(voice), filled | {"read": version_of(voice)} | changes
        )

    def test_an_edit_is_logged_and_waits_for_the_author(self):
        self.save(statement="I saw an officer lie.")

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.statement, "I saw Officer Dow lie.")
        self.assertEqual(self.kinds(self.voice), ["edit-proposed"])
        for page in (change_page(self.voice), reverse(f"{QUEUE}_changelist")):
            response = self.client.get(page)
            self.assertContains(response, "waits for the author&#x27;s approval")
            self.assertContains(response, "<del>Dow</del><ins>officer</ins>")
            self.assertContains(response, "Edit waits for its author")

    def test_the_moderator_is_told_that_nothing_has_changed_yet(self):
        page = self.client.get(change_page(self.voice))
        self.assertContains(page, "Nothing changes until they approve it")
        self.save(statement="I saw an officer lie.")

        response = self.client.get(reverse(f"{VOICES}_changelist"))

        self.assertContains(response, "words don&#x27;t change until they approve it")
        self.assertNotContains(response, "was changed successfully")

    def test_an_approved_edit_is_shown_beside_the_original(self):
        approve_edit(self.voice, self.by, statement="I saw an officer lie.")

        page = self.client.get(change_page(self.voice))

        self.assertContains(page, "<del>Dow</del><ins>officer</ins>")
        self.assertNotContains(page, "waits for the author")

    def test_a_rejected_edit_is_shown(self):
        edit = propose_edit(self.voice, self.by, statement="I saw an officer lie.")
        answer_edit(self.voice.signature, edit.pk, approve=False)

        page = self.client.get(change_page(self.voice))

        self.assertContains(page, "The author rejected this edit.")

    def test_a_rejected_edit_is_compared_with_the_words_that_it_was_for(self):
        edit = propose_edit(
            self.voice, self.by, statement="I saw an officer lie.", state="NV"
        )
        answer_edit(self.voice.signature, edit.pk, approve=False)
        Voice.objects.update(statement="Other words.", state="AK")

        page = self.client.get(change_page(self.voice))

        self.assertContains(page, "<del>Dow</del><ins>officer</ins>")
        self.assertContains(page, "<del>Ohio</del><ins>Nevada</ins>")
        self.assertNotContains(page, "<del>Other")

    def test_an_edit_that_the_author_cannot_answer_is_refused(self):
        taken_down, corrected = make_published_voice(), make_published_voice()
        make_signature(voice=taken_down)
        correct(make_signature(voice=corrected), "Better words.")
        decide.take_down(Voice.objects.filter(pk=taken_down.pk), self.by, self.reason)
        bounced = make_signature(bounced_at=timezone.now()).voice
        waiting = make_signature().voice
        propose_edit(waiting, self.by, city="Dayton")
        count = Decision.objects.count()

        for voice, why in (
            (taken_down, "Only a voice that is published"),
            (corrected, "own correction is waiting"),
            (bounced, "address refuses our email"),
            (waiting, "An edit already waits"),
            (make_voice(), "no author to ask"),
        ):
            response = self.save(voice, statement="Shorter.")
            self.assertContains(response, why)
            self.assertEqual(self.save(voice).status_code, 302)

        self.assertEqual(Decision.objects.count(), count)

    def test_a_founding_voice_is_edited_at_once(self):
        voice = make_founding_voice(1)

        self.save(voice, statement="As its author wants it now.")

        voice.refresh_from_db()
        self.assertEqual(voice.statement, "As its author wants it now.")
        self.assertEqual(self.kinds(voice), ["edited"])
        self.assertFalse(ProposedEdit.objects.exists())

    def test_staff_correct_the_group_of_a_profession(self):
        self.save(profession_group="teachers")

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.profession_group, "teachers")
        self.assertEqual(self.kinds(self.voice), ["edited"])
        self.assertFalse(Letter.objects.exists())

    def test_saving_without_a_change_logs_nothing(self):
        self.save()

        self.assertFalse(Decision.objects.exists())

    def test_an_edit_is_validated_like_a_signer_s_input(self):
        for changes in (
            {"statement": "a\ue000b"},
            {"statement": "x" * 601},
            {"name": "=1+1"},
            {"name": ""},
            {"state": "XX"},
            {"city": "www.example.org"},
        ):
            response = self.save(**changes)

            self.assertContains(response, "Please correct the error")
        self.assertFalse(Decision.objects.exists())

    def test_an_edit_changes_nothing_else(self):
        self.save(
            city="Dayton",
            published_at="2026-01-01",
            founding_number="1",
            statement_as_sent="x",
        )

        self.voice.refresh_from_db()
        self.assertIsNone(self.voice.published_at)
        self.assertIsNone(self.voice.founding_number)
        self.assertEqual(self.voice.statement_as_sent, "I saw Officer Dow lie.")

    def test_the_statement_of_a_featured_voice_cannot_be_emptied(self):
        voice = make_published_voice(featured_at=timezone.now())

        response = self.save(voice, statement="")

        self.assertContains(response, "Please correct the error")
        voice.refresh_from_db()
        self.assertTrue(voice.statement)

    def test_saving_an_edit_keeps_a_concurrent_decision(self):
        page = self.client.get(change_page(self.voice))
        decide.publish(Voice.objects.filter(pk=self.voice.pk), self.by)

        self.save(city="Dayton")

        self.assertEqual(page.status_code, 200)
        self.assertEqual(self.status(self.voice), 200)

    def test_words_removed_concurrently_by_their_author_do_not_come_back(self):
        voice = make_published_voice(name="Ana Reyes")
        signature = make_signature(name="Ana Reyes", voice=voice)
        page = self.client.get(change_page(voice))
        read = page.context["adminform"].form["read"].value()
        self.assertContains(page, f'name="read" value="{read}"')
        correct(signature, "")
        show_as(signature, "first")

        refused = self.save(voice, city="Dayton", read=read)

        self.assertContains(refused, "your edit is not saved yet")
        self.assertContains(refused, 'value="Dayton"')
        self.assertContains(refused, voice.statement)
        now = Voice.objects.get(pk=voice.pk)
        self.assertEqual((now.name, now.statement, now.city), ("Ana", "", "Columbus"))
        self.assertFalse(Decision.objects.exists())

        shown = refused.context["adminform"].form["read"].value()
        self.save(now, city="Dayton", read=shown)

        now.refresh_from_db()
        self.assertEqual((now.name, now.statement), ("Ana", ""))
        self.assertEqual(now.proposed_edits.get().words, {"city": "Dayton"})

    def test_a_concurrent_correction_stays_flagged(self):
        opened = make_published_voice(statement="Words.")
        correct(make_signature(voice=opened), "Call me: 555-010-9999, please.")

        propose.edit(opened, self.by)

        opened.refresh_from_db()
        self.assertEqual(opened.flags, ["phone"])


class RefusedTests(AdminTestCase):
    def paths(self):
        voice = make_voice(name="Private Name")
        return [
            reverse(f"{QUEUE}_changelist"),
            reverse(f"{VOICES}_changelist"),
            change_page(voice),
            change_page(voice, QUEUE),
            reverse(f"{VOICES}_decide", args=["declined"]) + f"?id={voice.pk}",
            reverse(f"{QUEUE}_decide", args=["changes-asked"]) + f"?id={voice.pk}",
            reverse("admin:voices_decision_changelist"),
            reverse("admin:voices_reason_changelist"),
            reverse("admin:voices_signature_changelist"),
        ]

    def test_only_signed_in_staff_are_let_in(self):
        visitor, signed_in = Client(), Client()
        signed_in.force_login(make_staff("reader", is_staff=False, is_superuser=False))

        for client in (visitor, signed_in):
            for path in self.paths():
                for response in (client.get(path), client.post(path)):
                    self.assertEqual(response.status_code, 302, path)
                    self.assertIn("/admin/login/", response["Location"])

    def test_staff_without_the_permission_decide_nothing(self):
        self.client.force_login(make_staff("new", is_superuser=False))
        voice = make_voice()

        for response in (
            self.act("publish", voice),
            self.decide("declined", voice, reason=self.reason.pk),
            self.client.get(change_page(voice)),
        ):
            self.assertEqual(response.status_code, 403)
        self.assertFalse(Decision.objects.exists())

    def test_a_decision_needs_a_csrf_token(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.by)

        response = client.post(
            reverse(f"{QUEUE}_changelist"),
            {"action": "publish", "_selected_action": [make_voice().pk]},
        )

        self.assertRedirects(
            response, reverse("accounts_kept"), fetch_redirect_response=False
        )
        self.assertFalse(Decision.objects.exists())

    def test_invalid_ids_are_no_error(self):
        for ids in ("", "id=x", "id=0", "id=-1", f"id={2**63}", "id=²"):
            path = f"{reverse(f'{VOICES}_decide', args=['declined'])}?{ids}"

            self.assertContains(self.client.get(path), "No voices are selected")
            self.client.post(path, {"reason": self.reason.pk})
        self.assertFalse(Decision.objects.exists())

    def test_unlisted_lookups_are_refused(self):
        for query in (
            "published_at__year=99999999",
            "statement__regex=(",
            "id__range=1",
            "signature__email__startswith=a",
        ):
            path = f"{reverse(f'{VOICES}_changelist')}?{query}"

            self.assertEqual(self.client.get(path).status_code, 400, query)

    def test_too_many_voices_at_a_time_are_refused(self):
        now = timezone.now()
        Voice.objects.bulk_create(
            Voice(name="Ana", statement="Enough.", published_at=now)
            for _ in range(MAX_AT_A_TIME + 1)
        )

        self.client.post(
            reverse(f"{VOICES}_changelist"),
            {
                "action": "feature",
                "_selected_action": [Voice.objects.first().pk],
                "select_across": "1",
            },
        )

        self.assertFalse(Decision.objects.exists())

    def test_an_id_of_thousands_of_digits_is_no_error(self):
        path = reverse(f"{VOICES}_decide", args=["declined"]) + f"?id={'9' * 5000}"

        self.assertContains(self.client.get(path), "No voices are selected")

    def test_an_unknown_kind_of_decision_is_not_found(self):
        response = self.decide("erased", make_voice())

        self.assertEqual(response.status_code, 404)

    def test_an_invalid_selection_is_no_error(self):
        for chosen in ("x", "-1", str(2**70), "\x00"):
            response = self.client.post(
                reverse(f"{VOICES}_changelist"),
                {"action": "publish", "_selected_action": [chosen]},
            )

            self.assertLess(response.status_code, 500, chosen)
        self.assertFalse(Decision.objects.exists())

    def test_nothing_is_added_or_deleted_by_hand(self):
        voice = make_voice()
        for path in (
            reverse(f"{VOICES}_add"),
            reverse(f"{VOICES}_delete", args=[voice.pk]),
            reverse("admin:voices_decision_add"),
            reverse("admin:voices_reason_delete", args=[self.reason.pk]),
        ):
            self.assertEqual(self.client.post(path).status_code, 403, path)

    def test_the_log_is_read_only(self):
        voice = make_voice()
        self.act("publish", voice)
        path = reverse("admin:voices_decision_change", args=[voice.decisions.get().pk])

        self.assertEqual(self.client.get(path).status_code, 200)
        self.assertEqual(self.client.post(path, {"kind": "edited"}).status_code, 403)
        self.assertContains(
            self.client.get(reverse("admin:voices_decision_changelist")), "Published"
        )


class WhatIsKeptTests(AdminTestCase):
    def test_django_s_admin_log_has_no_names(self):
        voice = make_signature(name="Ana Secretname").voice
        self.act("publish", voice)
        self.client.post(
            change_page(voice),
            {
                "name": "Ana Othername",
                "statement": "Edited.",
                "read": version_of(voice),
            },
        )
        self.decide("taken-down", voice, reason=self.reason.pk)

        self.assertEqual(
            self.kinds(voice), ["taken-down", "edit-proposed", "published"]
        )
        self.assertNotIn(
            "name", str(list(LogEntry.objects.values_list("object_repr"))).lower()
        )

    def test_the_admin_of_the_job_queue_is_left_out(self):
        registered = {model._meta.app_label for model in admin.site._registry}

        self.assertIn("voices", registered)
        self.assertNotIn("procrastinate", registered)
        self.assertEqual(self.client.get("/admin/procrastinate/").status_code, 404)
        self.assertNotContains(self.client.get("/admin/"), "rocrastinate")
