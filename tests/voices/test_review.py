import re
from datetime import timedelta
from functools import partial

from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    make_published_voice,
    make_reason,
    make_report,
    make_signature,
    make_voice,
)
from tests.voices.test_verdicts import FLAGGED, person
from voices.managing.changes import correct, withdraw
from voices.models import Claim, Decision, Hold, Reading, Skip, Voice

PAGE = "/admin/review/"


def hidden(response, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', response.text)
    return found[1] if found else ""


class ReviewTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.by = person("moderator")
        cls.second = person("second", Role.SECOND_READER)
        cls.lead = person("lead", Role.LEAD)
        cls.reason = make_reason()

    def setUp(self):
        self.client.force_login(self.by)

    def open(self, path=PAGE):
        return self.client.get(path)

    def act(self, name, page=None, **fields):
        """Act on the statement of the page, as the script does."""
        page = page or self.open()
        fields = {
            "voice": hidden(page, "voice"),
            "read": hidden(page, "read"),
            "act": name,
            **fields,
        }
        headers = {"X-Requested-With": "fetch"}
        return self.client.post(PAGE, fields, headers=headers)

    def shown(self, response):
        entry = response.context["entry"]
        return entry.voice if entry else None

    def kinds(self, voice):
        return list(voice.decisions.order_by("pk").values_list("kind", flat=True))


class OrderTests(ReviewTestCase):
    def test_reports_come_first_then_corrections_then_the_oldest(self):
        now = timezone.now()
        new = make_voice(name="New", review_since=now)
        old = make_voice(name="Old", review_since=now - timedelta(days=9))
        signature = make_signature(name="Corrected")
        Voice.objects.filter(pk=signature.voice_id).update(published_at=now)
        correct(signature, "Corrected words.")
        reported = make_published_voice(name="Reported")
        make_report(reported)

        names = []
        for _ in range(4):
            page = self.open()
            names.append(self.shown(page).name)
            self.act("skip", page)

        self.assertEqual(names, ["Reported", "Corrected", "Old", "New"])
        self.assertLess(old.review_since, new.review_since)

    def test_only_unflagged_passes_over_flagged_ones(self):
        make_voice(name="Flagged", statement=FLAGGED)
        make_voice(name="Plain")

        page = self.open(f"{PAGE}?only=unflagged")

        self.assertEqual(self.shown(page).name, "Plain")

    def test_the_filter_stays_after_a_decision(self):
        make_voice(name="Flagged", statement=FLAGGED)
        for name in ("Plain", "Plainer"):
            make_voice(name=name)

        page = self.open(f"{PAGE}?only=unflagged")
        response = self.act("publish", page, only=hidden(page, "only"))

        self.assertEqual(self.shown(response).name, "Plainer")

    def test_coming_back_shows_the_statement_that_was_open(self):
        make_voice(name="First")
        make_voice(name="Second")
        self.open()
        make_report(make_published_voice(name="Reported"))

        page = self.open()

        self.assertEqual(self.shown(page).name, "First")

    def test_what_somebody_else_reads_is_passed_over(self):
        voice = make_voice(name="First")
        make_voice(name="Second")
        Claim.objects.take(voice.pk, self.second)

        page = self.open()

        self.assertEqual(self.shown(page).name, "Second")
        self.assertContains(page, "second")

    def test_second_readers_get_what_others_read_first(self):
        voice = make_voice(statement=FLAGGED)
        self.act("publish")
        self.assertIsNone(self.shown(self.open()))

        self.client.force_login(self.second)
        page = self.open()

        self.assertEqual(self.shown(page), voice)
        self.assertContains(page, "Second reading")
        self.assertNotContains(page, "moderator")

    def test_one_s_own_statement_never_comes_up(self):
        self.by.email = "ana@example.org"
        self.by.save()
        make_signature(email="ana@example.org")

        self.assertIsNone(self.shown(self.open()))

    def test_nothing_left_says_so_and_shows_the_day(self):
        make_voice()

        response = self.act("publish")

        self.assertIsNone(self.shown(response))
        self.assertContains(response, "Nothing left to review")


class DecideTests(ReviewTestCase):
    def test_a_decision_answers_with_the_next_statement(self):
        first, second = make_voice(name="First"), make_voice(name="Second")

        response = self.act("publish")

        self.assertEqual(response.status_code, 200)
        self.assertNotContains(response, "<html")
        self.assertEqual(self.shown(response), second)
        self.assertContains(response, "Published: First, Columbus.")
        self.assertEqual(self.kinds(first), ["published"])
        self.assertIsNotNone(Decision.objects.get().seconds)

    def test_declining_takes_the_reason(self):
        voice = make_voice()

        self.act("decline", reason=self.reason.pk)

        voice.refresh_from_db()
        self.assertEqual((voice.status, voice.reason), ("declined", self.reason))

    def test_declining_without_a_reason_keeps_the_statement(self):
        voice = make_voice()

        response = self.act("decline")

        self.assertEqual(response.status_code, 422)
        self.assertContains(response, "Choose a reason.", status_code=422)
        self.assertEqual(self.shown(response), voice)
        self.assertEqual(self.kinds(voice), [])

    def test_a_reason_that_was_retired_meanwhile_changes_nothing(self):
        voice = make_voice()
        page = self.open()
        self.reason.active = False
        self.reason.save()

        response = self.act("decline", page, reason=self.reason.pk)

        self.assertContains(response, "has been retired", status_code=422)
        self.assertEqual(self.kinds(voice), [])

    def test_asking_for_changes_keeps_what_was_typed_if_it_is_too_long(self):
        make_voice()
        message = "Please take this out. " * 40

        response = self.act("changes", text=message)

        self.assertEqual(response.status_code, 422)
        self.assertIn("Please take this out.", response.text)

    def test_without_scripts_a_decision_redirects_to_the_next_one(self):
        make_voice()
        page = self.open()
        fields = {name: hidden(page, name) for name in ("voice", "read")}

        response = self.client.post(PAGE, {**fields, "act": "publish"})

        self.assertRedirects(response, PAGE)

    def test_words_that_changed_meanwhile_are_shown_and_nothing_is_decided(self):
        signature = make_signature()
        page = self.open()
        correct(signature, "Words that no moderator has read.")

        response = self.act("publish", page)

        self.assertEqual(response.status_code, 409)
        self.assertContains(response, "The author changed the words", status_code=409)
        self.assertContains(response, "no moderator has read", status_code=409)
        self.assertEqual(self.kinds(signature.voice), [])

    def test_what_somebody_else_decided_meanwhile_names_them(self):
        voice = make_voice()
        page = self.open()
        Claim.objects.all().delete()
        Decision.objects.create(voice=voice, kind="published", by=self.lead)
        Voice.objects.filter(pk=voice.pk).update(published_at=timezone.now())

        response = self.act("publish", page)

        self.assertContains(response, "lead decided at", status_code=409)

    def test_a_withdrawn_statement_is_not_decided_on(self):
        signature = make_signature()
        page = self.open()
        withdraw(signature)

        response = self.act("publish", page)

        self.assertContains(response, "withdrawn", status_code=409)
        self.assertEqual(self.kinds(signature.voice), [])

    def test_an_expired_claim_decides_nothing_and_is_renewed(self):
        voice = make_voice()
        page = self.open()
        Claim.objects.update(until=timezone.now())

        response = self.act("publish", page)

        self.assertContains(response, "open for too long", status_code=409)
        self.assertEqual(self.kinds(voice), [])
        self.act("publish", response)
        self.assertEqual(self.kinds(voice), ["published"])

    def test_a_claim_that_somebody_took_over_decides_nothing(self):
        voice = make_voice()
        page = self.open()
        Claim.objects.update(by=self.second)

        response = self.act("publish", page)

        self.assertContains(response, "second is reading this one", status_code=409)
        self.assertEqual(self.kinds(voice), [])

    def test_tampered_fields_change_nothing(self):
        voice = make_voice()
        page = self.open()
        for fields in (
            {"voice": "x"},
            {"voice": "9" * 30},
            {"read": "x"},
            {"read": hidden(page, "read")[:-2]},
            {"act": "erase"},
            {"act": "undo", "undo": "decision-x"},
            {"act": "undo", "undo": "reading-" + "9" * 30},
        ):
            with self.subTest(fields):
                response = self.act("publish", page, **fields)

                self.assertIn(response.status_code, {400, 409})
                self.assertEqual(self.kinds(voice), [])

    def test_a_decision_takes_a_fixed_number_of_statements(self):
        def counted():
            page = self.open()
            with self.assertNumQueries(self.STATEMENTS):
                self.act("publish", page)

        for _ in range(3):
            make_voice()
        counted()
        for number in range(20):
            make_voice(statement=FLAGGED)
            make_voice(name=f"Signer {number}")
        counted()

    STATEMENTS = 73

    def test_only_moderators_may_see_the_page(self):
        for role in (Role.EDITOR, Role.ORGANIZER):
            self.client.force_login(person(role.value, role))

            self.assertEqual(self.open().status_code, 403)
            self.assertEqual(self.client.post(PAGE).status_code, 403)
        self.assertEqual(Client().get(PAGE).status_code, 302)


class LaterTests(ReviewTestCase):
    def test_a_skipped_statement_comes_back_tomorrow_or_when_asked_for(self):
        voice = make_voice()
        response = self.act("skip")
        self.assertIsNone(self.shown(response))
        self.assertContains(response, "skipped")

        again = self.client.post(PAGE, {"act": "again"}, follow=True)

        self.assertEqual(self.shown(again), voice)
        self.act("skip", again)
        Skip.objects.update(until=timezone.now())
        self.assertEqual(self.shown(self.open()), voice)

    def test_others_still_get_what_one_has_skipped(self):
        voice = make_voice()
        self.act("skip")

        self.client.force_login(self.second)

        self.assertEqual(self.shown(self.open()), voice)

    def test_a_hold_keeps_it_from_everybody_until_the_note_is_answered(self):
        voice = make_voice()
        self.act("hold", text="Is this the same family?")
        self.client.force_login(self.second)
        self.assertIsNone(self.shown(self.open()))

        page = self.open(f"{PAGE}?voice={voice.pk}")
        self.assertContains(page, "Is this the same family?")
        self.act("answer", page, text="Yes, they are siblings.")

        page = self.open()
        self.assertEqual(self.shown(page), voice)
        self.assertContains(page, "Yes, they are siblings.")

    def test_what_is_on_hold_is_listed(self):
        voice = make_voice(name="Ada Reyes")
        make_voice(name="Not Held")
        self.act("hold", text="Is this the same family?")

        page = self.open(f"{PAGE}?only=held")

        self.assertContains(page, "Is this the same family?")
        self.assertContains(page, f"?voice={voice.pk}")
        self.assertNotContains(page, "Not Held")

    def test_a_hold_ends_at_its_date(self):
        voice = make_voice()
        day = timezone.localdate() + timedelta(days=3)
        self.act("hold", until=day.isoformat())
        self.assertIsNone(self.shown(self.open()))

        Hold.objects.update(until=timezone.now())

        self.assertEqual(self.shown(self.open()), voice)

    def test_a_hold_needs_a_note_or_a_date_to_come(self):
        voice = make_voice()
        for fields in ({}, {"until": "2020-01-01"}, {"until": "soon"}):
            with self.subTest(fields):
                response = self.act("hold", **fields)

                self.assertEqual(response.status_code, 422)
                self.assertFalse(Hold.objects.exists())
        self.assertEqual(self.shown(self.open()), voice)


class EditTests(ReviewTestCase):
    def test_a_proposed_edit_leads_to_the_next_statement(self):
        signature = make_signature()
        page = self.open()
        edit = next(
            each.href for each in page.context["entry"].actions if each.name == "edit"
        )
        form = self.client.get(edit).context["adminform"].form
        fields = {name: form[name].value() or "" for name in form.fields}

        saved = self.client.post(edit, fields | {"statement": "Shorter words."})

        self.assertRedirects(saved, PAGE)
        self.assertEqual(signature.voice.proposed_edits.count(), 1)
        # It waits for its author.
        self.assertIsNone(self.shown(self.open()))


class UndoTests(ReviewTestCase):
    def test_undo_brings_the_statement_back(self):
        voice = make_voice(name="First")
        make_voice(name="Second")
        page = self.act("publish")

        response = self.act("undo", page, undo=hidden(page, "undo"))

        self.assertEqual(self.shown(response), voice)
        self.assertEqual(self.kinds(voice), ["published", "undone"])

    def test_undoing_twice_changes_nothing(self):
        voice = make_voice()
        page = self.act("publish")
        token = hidden(page, "undo")
        self.act("undo", page, undo=token)

        response = self.act("undo", page, undo=token)

        self.assertEqual(response.status_code, 409)
        self.assertEqual(self.kinds(voice), ["published", "undone"])

    def test_undoing_says_what_was_undone(self):
        make_voice(name="First")
        make_voice(name="Second")
        page = self.act("publish")

        response = self.act("undo", page, undo=hidden(page, "undo"))

        self.assertContains(response, "Undone: First, Columbus.")

    def test_an_email_waits_only_if_there_is_one(self):
        make_voice()

        self.assertNotContains(self.act("publish"), "The email waits")

    def test_a_first_verdict_is_undone_before_the_second(self):
        voice = make_voice(statement=FLAGGED)
        page = self.act("publish")
        self.assertContains(page, "Waits for a second reader")

        response = self.act("undo", page, undo=hidden(page, "undo"))

        self.assertEqual(self.shown(response), voice)
        self.assertFalse(Reading.objects.exists())


class AtOnceTests(CommittedTestCase):
    def test_moderators_who_open_the_page_at_once_get_different_statements(self):
        people = [person(f"moderator-{number}") for number in range(4)]
        for number in range(6):
            make_voice(name=f"Signer {number}")
        clients = [Client() for _ in people]
        for client, by in zip(clients, people, strict=True):
            client.force_login(by)

        pages = at_once(*(partial(client.get, PAGE) for client in clients))

        # Contexts aren't kept apart while clients run at once.
        shown = [hidden(page, "voice") for page in pages]
        self.assertEqual(len(set(shown)), len(shown))

    def test_two_presses_at_once_decide_once(self):
        make_voice()
        client = Client()
        client.force_login(person("moderator"))
        page = client.get(PAGE)
        fields = {name: hidden(page, name) for name in ("voice", "read")}
        press = partial(client.post, PAGE, {**fields, "act": "publish"})

        answers = at_once(press, press)

        self.assertEqual(Decision.objects.count(), 1)
        self.assertEqual(sorted(each.status_code for each in answers), [302, 409])


def test_the_address_is_the_one_others_link_to():
    assert reverse("admin:review") == PAGE
