"""The admin's pages for bulk decisions and batches."""

from datetime import timedelta
from unittest import mock
from urllib.parse import parse_qs, urlparse

from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role, give, make_roles
from core import admin as core_admin
from tests.factories import (
    make_published_voice,
    make_signature,
    make_staff,
    make_voice,
)
from tests.voices.bulk import give as give_in_bulk
from tests.voices.bulk import make_voices
from tests.voices.test_moderation_admin import QUEUE, VOICES, AdminTestCase
from voices.managing.changes import correct
from voices.models import Batch, Claim, Decision, Hold, Letter, Voice
from voices.moderation import bulk, decide, undo_batch
from voices.moderation.admin.selecting import SALT

FLAGGED = "Call 555-010-9999."


class BulkPageTests(AdminTestCase):
    def select_all(self, action, query="", prefix=QUEUE):
        """Run an action on all that match; return the URL of the page that asks."""
        return self.run_on_all(action, query, prefix)["Location"]

    def run_on_all(self, action, query="", prefix=QUEUE, **fields):
        # Django requires a checked row.
        checked = Voice.objects.earliest("pk").pk
        filled = {"action": action, "_selected_action": [checked], "select_across": "1"}
        path = f"{reverse(f'{prefix}_changelist')}?{query}"
        return self.client.post(path, filled | fields)

    def test_shows_the_number_a_sample_and_the_letter_first(self):
        make_voices(14)
        make_signature(name="Flagged", voice=make_voice(statement=FLAGGED))
        correct(make_signature(voice=make_published_voice()), "Better words.")

        response = self.client.get(self.select_all("publish"))

        self.assertContains(response, "Publish: 16 voices")
        self.assertContains(response, "Decided at once: <b>14</b>")
        self.assertContains(response, "or were drawn: <b>1</b>")
        self.assertContains(response, "pending correction; decide one at a time: <b>1")
        self.assertContains(response, "10 of them")
        self.assertContains(response, '<blockquote class="quote" dir="auto">', 10)
        self.assertContains(response, "Your voice is published")
        self.assertContains(response, "5 minutes after the decision")
        self.assertFalse(Decision.objects.exists())

    def test_decides_once_it_is_confirmed_and_links_to_the_batch(self):
        make_voices(60)

        response = self.confirm(self.select_all("publish"))

        page = reverse("admin:voices_batch_change", args=[Batch.objects.get().pk])
        self.assertEqual(response["Location"], reverse(f"{QUEUE}_changelist"))
        message = self.client.get(response["Location"])
        self.assertContains(message, f'Published: 60. <a href="{page}">See or undo</a>')
        self.assertEqual(Voice.objects.published().count(), 60)

    def test_says_what_happened_with_each_group(self):
        make_voices(3)
        make_voice(statement=FLAGGED)
        Claim.objects.take(make_voice().pk, make_staff("other"))
        correct(make_signature(voice=make_published_voice()), "Better words.")

        response = self.confirm(self.select_all("publish"))

        message = self.client.get(response["Location"])
        self.assertContains(
            message,
            "Published: 3. Sent to a second reader: 1. Someone else is reading or "
            "holding: 1. Left out, to be decided one at a time: 1.",
        )

    def test_takes_the_list_s_filters_search_and_selected_rows(self):
        ohio, texas = make_voice(), make_voice(state="TX", statement="Enough.")
        make_voice(state="TX", statement="Other.")
        newest, *_ = [make_voice(state="NM") for _ in range(3)]
        rows = [newest.pk, ohio.pk]
        selected = self.act("publish", newest, ohio, prefix=QUEUE)["Location"]
        for address, expected in (
            (self.select_all("publish", "state__exact=OH&p=1&o=3"), [ohio.pk]),
            (self.select_all("publish", "q=enough", VOICES), [texas.pk]),
            (self.select_all("publish", "q=enough&status=declined", VOICES), []),
            (selected, rows),
        ):
            response = self.client.get(address)

            found = response.status_code == 200
            shown = response.context["voices"] if found else []
            self.assertCountEqual([voice.pk for voice, _ in shown], expected)

    def test_asks_for_the_reason_and_the_message_on_the_same_page(self):
        make_voices(3)
        address = self.select_all("decline")

        page = self.client.get(address)
        refused = self.confirm(address)
        self.confirm(address, reason=self.reason.pk, tell="on")

        self.assertContains(page, "If you choose to email the reason, each author")
        self.assertEqual(refused.status_code, 422)
        batch = Batch.objects.get()
        self.assertEqual((batch.kind, batch.reason), ("declined", self.reason))
        self.assertEqual(Voice.objects.filter(reason=self.reason).count(), 3)
        self.assertEqual(Letter.objects.filter(kind="declined").count(), 3)

    def test_changes_are_asked_for_with_one_message(self):
        make_voices(3)

        self.confirm(self.select_all("ask_changes"), changes="Shorter, please.")

        asked = Voice.objects.filter(changes_asked="Shorter, please.")
        self.assertEqual(asked.count(), 3)

    def test_keeping_sends_no_email_and_taking_down_sends_the_reason(self):
        make_voices(3, published_at=timezone.now(), reported_at=timezone.now())

        kept = self.client.get(self.select_all("keep"))
        taken_down = self.client.get(self.select_all("take_down"))

        self.assertContains(kept, "<p>Nothing.</p>")
        self.assertContains(taken_down, "(The explanation of the reason that you")

    def test_a_selection_that_changed_since_is_shown_again(self):
        make_voices(3)
        address = self.select_all("publish")
        seen = self.client.get(address).context["preview"].seen
        decide.publish(Voice.objects.filter(pk=Voice.objects.first().pk), self.by)

        response = self.client.post(address, {"seen": seen})

        self.assertContains(response, "The selection has changed since you looked")
        self.assertContains(response, "Publish: 2 voices")
        self.assertEqual(Decision.objects.count(), 1)
        self.assertFalse(Batch.objects.exists())

    def test_a_post_without_what_was_seen_decides_nothing(self):
        make_voices(3)
        address = self.select_all("publish")

        for seen in ({}, {"seen": ""}, {"seen": "3-" + "a" * 32}):
            response = self.client.post(address, seen)

            self.assertContains(response, "The selection has changed since you looked")
        self.assertFalse(Decision.objects.exists())

    def test_what_entered_the_queue_after_the_list_was_read_is_left_out(self):
        make_voices(3)
        read_at = timezone.now().isoformat()
        make_voices(2, review_since=timezone.now() + timedelta(seconds=5))

        response = self.run_on_all("publish", read_at=read_at)

        page = self.client.get(response["Location"])
        self.assertContains(page, "Publish: 3 voices")

    def test_a_tampered_selection_is_a_400_and_changes_nothing(self):
        make_voices(3)
        address = self.select_all("publish", "state__exact=OH")
        token = parse_qs(urlparse(address).query)["selection"][0]
        page = reverse(f"{QUEUE}_bulk", args=["published"])
        all_of_it = ["awaitingvoice", [], "", timezone.now().isoformat()]
        other_salt = signing.dumps(all_of_it, salt="other")
        of_other_list = self.select_all("publish", prefix=VOICES).rpartition("=")[2]
        unknown = signing.dumps(
            ["voice", [], "same-text=x", timezone.now().isoformat()], salt=SALT
        )
        for tampered in (
            "",
            "x",
            token[:-1],
            token[1:],
            token.replace(":", ""),
            other_salt,
            of_other_list,
        ):
            for method in (self.client.get, self.client.post):
                response = method(f"{page}?selection={tampered}")

                self.assertEqual(response.status_code, 400, tampered)
        page = reverse(f"{VOICES}_bulk", args=["published"])
        self.assertEqual(
            self.client.get(f"{page}?selection={unknown}").status_code, 400
        )
        self.assertFalse(Decision.objects.exists())

    def test_an_unknown_kind_is_a_404(self):
        make_voice()
        address = self.select_all("publish")

        for kind in ("undone", "featured", "x"):
            response = self.client.get(address.replace("published", kind))

            self.assertEqual(response.status_code, 404)

    def test_too_many_are_refused_with_the_limit(self):
        make_voices(4)

        with mock.patch.object(bulk, "MOST", 3):
            response = self.client.get(self.select_all("publish"), follow=True)

        self.assertContains(response, "Choose at most 3 voices at a time")

    def test_a_search_with_too_many_matches_is_refused(self):
        make_voices(4)

        with (
            mock.patch.object(core_admin, "MAX_LISTED", 3),
            mock.patch("voices.moderation.admin.bulk.MAX_LISTED", 3),
        ):
            address = self.select_all("publish", "q=ada", VOICES)
            response = self.client.get(address, follow=True)

        self.assertContains(response, "Add a word to your search")

    def test_a_selection_of_nothing_leads_back_to_the_list(self):
        make_voice()
        response = self.client.get(
            self.select_all("publish", "state__exact=TX"), follow=True
        )

        self.assertContains(response, "Nothing was decided.")

    def test_one_selected_row_is_decided_without_another_page(self):
        voice = make_voice()

        response = self.act("publish", voice, prefix=QUEUE)

        self.assertRedirects(response, reverse(f"{QUEUE}_changelist"))
        self.assertFalse(Batch.objects.exists())
        self.assertEqual(voice.decisions.get().batch, None)

    def test_without_a_script_there_is_a_box_for_all_that_match(self):
        make_voices(3)

        for prefix in (QUEUE, VOICES):
            page = self.client.get(reverse(f"{prefix}_changelist"))

            self.assertContains(
                page, '<noscript><label><input type="checkbox" name="select_across"'
            )
        response = self.run_on_all("publish", select_across=["0", "1"])
        self.assertIn("/bulk/published/", response["Location"])

    def test_the_page_takes_a_constant_number_of_queries(self):
        for count in (12, 200):
            make_voices(count)
            address = self.select_all("publish")
            seen = self.client.get(address).context["preview"].seen

            with self.assertNumQueries(27):
                self.client.get(address)
            with self.assertNumQueries(47):
                self.client.post(address, {"seen": seen})

    def test_needs_the_permission_to_decide(self):
        make_voice()
        address = self.select_all("publish")
        self.client.force_login(make_staff("new", is_superuser=False))

        for method in (self.client.get, self.client.post):
            self.assertEqual(method(address).status_code, 403)


class BadgeTests(AdminTestCase):
    def test_the_lists_say_who_reads_a_voice_and_what_is_on_hold(self):
        claimed, held = make_voice(), make_voice()
        Claim.objects.take(claimed.pk, make_staff("ruth"))
        Claim.objects.create(
            voice=make_voice(), by=make_staff("late"), until=timezone.now()
        )
        Hold.objects.create(voice=held, by=self.by, note="Is this the same person?")
        Hold.objects.create(
            voice=make_voice(), by=self.by, until=timezone.now() - timedelta(days=1)
        )

        for prefix in (QUEUE, VOICES):
            page = self.client.get(reverse(f"{prefix}_changelist"))

            self.assertContains(page, "Being read by ruth", 1)
            self.assertContains(page, "On hold", 1)
            self.assertNotContains(page, "by late")


class BatchTests(AdminTestCase):
    LIST = reverse("admin:voices_batch_changelist")

    def setUp(self):
        super().setUp()
        make_roles()
        self.voices = make_voices(3)
        self.mine = self.member("mine", Role.MODERATOR)
        self.batch = give_in_bulk(self.voices, self.mine).batch

    def member(self, name, role):
        user = make_staff(name, is_superuser=False)
        give(user, role)
        return user

    def page(self, name):
        return reverse(f"admin:voices_batch_{name}", args=[self.batch.pk])

    def test_is_listed_and_can_be_neither_changed_nor_deleted(self):
        page = self.client.get(self.LIST)

        self.assertContains(page, "Published")
        self.assertContains(page, "mine")
        self.assertContains(self.client.get(self.page("change")), "Its decisions")
        for name in ("change", "delete"):
            self.assertEqual(self.client.post(self.page(name)).status_code, 403)

    def test_the_list_takes_a_constant_number_of_queries(self):
        for _ in range(5):
            Batch.objects.create(kind="declined", by=make_staff(f"by{_}"))

        with self.assertNumQueries(4):
            self.client.get(self.LIST)

    def test_links_to_its_log_rows(self):
        decide.publish(Voice.objects.filter(pk=make_voice().pk), self.by)
        log = reverse("admin:voices_decision_changelist")

        page = self.client.get(f"{log}?batch__id__exact={self.batch.pk}")

        self.assertEqual(len(page.context["cl"].result_list), 3)

    def test_its_maker_undoes_it_after_seeing_how_much_that_is(self):
        self.client.force_login(self.mine)
        self.assertContains(self.client.get(self.page("change")), self.page("undo"))

        page = self.client.get(self.page("undo"))
        before = Voice.objects.published().count()
        response = self.client.post(self.page("undo"), follow=True)

        self.assertContains(page, "Decisions to undo: <b>3</b>")
        self.assertEqual(before, 3)
        self.assertContains(response, "Undone: 3.")
        self.assertContains(response, "by mine")
        self.assertNotContains(response, self.page("undo"))
        self.assertEqual(self.voices.waiting().count(), 3)

    def test_undoing_it_again_says_so_and_changes_nothing(self):
        undo_batch.undo(self.batch.pk, self.mine)
        decide.publish(self.voices, self.by)

        for method in (self.client.get, self.client.post):
            response = method(self.page("undo"), follow=True)

            self.assertContains(response, "This batch was already undone.")
        self.assertEqual(self.voices.published().count(), 3)

    def test_another_moderator_cannot_undo_it_but_a_lead_can(self):
        self.client.force_login(self.member("other", Role.SECOND_READER))
        self.assertNotContains(self.client.get(self.page("change")), self.page("undo"))
        for method in (self.client.get, self.client.post):
            self.assertEqual(method(self.page("undo")).status_code, 403)
        self.assertEqual(self.voices.published().count(), 3)

        self.client.force_login(self.member("lead", Role.LEAD))
        response = self.client.post(self.page("undo"), follow=True)

        self.assertContains(response, "Undone: 3.")

    def test_says_what_was_left_alone(self):
        first = Voice.objects.filter(pk=self.voices.first().pk)
        decide.take_down(first, self.by, self.reason)

        page = self.client.get(self.page("undo"))
        response = self.client.post(self.page("undo"), follow=True)

        self.assertContains(page, "because they have changed since: <b>1</b>")
        self.assertContains(
            response, "Undone: 2. Left as they are, because they have changed since: 1."
        )

    def test_an_unknown_batch_is_a_404(self):
        path = reverse("admin:voices_batch_undo", args=[2**62])

        self.assertEqual(self.client.get(path).status_code, 404)

    def test_undoing_needs_a_csrf_token(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.by)

        client.post(self.page("undo"))

        self.assertEqual(self.voices.published().count(), 3)
