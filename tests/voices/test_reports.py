from datetime import timedelta

from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_staff,
    make_voice,
    stamp,
)
from voices.models import Report, Voice
from voices.moderation import decide

QUEUE = reverse("admin:voices_awaitingvoice_changelist")
VOICES = reverse("admin:voices_voice_changelist")
PRIVATE = {"kind": "private-details", "text": "That is my sister’s number."}


def report_url(voice):
    return reverse("voices:report", args=[voice.pk])


def report(voice, client=None, **filled):
    typed = {"started": stamp(), **(filled or PRIVATE)}
    return (client or Client()).post(report_url(voice), typed)


class ReportFormTests(TestCase):
    def setUp(self):
        self.voice = make_published_voice(
            name="Ana Reyes", statement="<i>Enough</i> is enough."
        )

    def test_the_voice_s_page_links_to_it(self):
        page = self.client.get(self.voice.get_absolute_url())

        self.assertContains(page, f'href="{report_url(self.voice)}"')

    def test_shows_the_voice_and_asks_what_is_wrong(self):
        response = self.client.get(report_url(self.voice))

        self.assertContains(response, "Ana Reyes")
        self.assertContains(response, "&lt;i&gt;Enough&lt;/i&gt; is enough.")
        for kind in Report.Kind:
            self.assertContains(response, f'value="{kind.value}"')
        self.assertNotContains(response, 'type="email"')
        self.assertContains(response, '<meta name="robots" content="noindex">')
        self.assertIn("no-store", response["Cache-Control"])

    def test_a_report_is_stored_and_puts_the_voice_into_the_queue(self):
        before = timezone.now()

        response = report(self.voice)

        self.assertRedirects(response, reverse("voices:report-thanks"), status_code=303)
        stored = Report.objects.get()
        self.assertEqual((stored.voice, stored.kind), (self.voice, "private-details"))
        self.assertEqual(stored.text, PRIVATE["text"])
        self.voice.refresh_from_db()
        self.assertGreaterEqual(self.voice.reported_at, before)
        self.assertGreaterEqual(self.voice.review_since, before)
        self.assertIn(self.voice, Voice.objects.waiting())

    def test_a_reported_voice_stays_public(self):
        report(self.voice)

        page = self.client.get(self.voice.get_absolute_url())

        self.assertContains(page, "Ana Reyes")
        self.assertNotContains(page, "sister")

    def test_a_bot_gets_the_same_page_and_nothing_is_stored(self):
        for mark in ({"untouched": "spam"}, {"started": ""}):
            response = report(self.voice, **PRIVATE, **mark)

            self.assertEqual(response.status_code, 303)
        self.assertFalse(Report.objects.exists())

    def test_a_second_report_keeps_the_voice_s_place_in_the_queue(self):
        report(self.voice)
        since = Voice.objects.get(pk=self.voice.pk).review_since

        report(self.voice, kind="impersonation")

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.review_since, since)
        self.assertEqual(self.voice.reports.count(), 2)

    def test_a_corrected_voice_keeps_its_place_too(self):
        since = timezone.now() - timedelta(days=3)
        voice = make_published_voice(review_since=since)
        voice.corrections.create(words={"statement": "Better words."}, sent_at=since)

        report(voice)

        voice.refresh_from_db()
        self.assertEqual(voice.review_since, since)

    def test_a_founding_voice_can_be_reported(self):
        voice = make_founding_voice(99)

        report(voice)

        self.assertIn(voice, Voice.objects.waiting())

    def test_only_something_else_needs_words(self):
        for kind in ("impersonation", "private-details"):
            self.assertEqual(report(self.voice, kind=kind).status_code, 303)
        for text in ("", "  \n "):
            response = report(self.voice, kind="other", text=text)

            self.assertContains(response, "Tell us what is wrong", status_code=422)
        self.assertEqual(
            report(self.voice, kind="other", text="This.").status_code, 303
        )

    def test_invalid_input_is_reported_by_field_and_kept(self):
        for filled, sentence in (
            ({"text": "Look."}, "Choose what is wrong"),
            ({"kind": "x", "text": "Look."}, "Choose one of the reasons"),
            ({"kind": "other", "text": "Look.\x00"}, "Null characters"),
            ({"kind": "other", "text": "Look.\ue000"}, "U+E000"),
            ({"kind": "other", "text": "Look." + "x" * 1000}, "at most 1000"),
        ):
            with self.subTest(sentence):
                response = report(self.voice, **filled)

                self.assertContains(response, sentence, status_code=422)
                self.assertContains(response, "Error: Report", status_code=422)
                self.assertContains(response, "Look.", status_code=422)
        self.assertFalse(Report.objects.exists())

    def test_an_empty_form_is_refused(self):
        response = self.client.post(report_url(self.voice))

        self.assertContains(response, "Choose what is wrong", status_code=422)

    def test_undecodable_bytes_are_refused(self):
        response = self.client.post(
            report_url(self.voice),
            b"kind=other&text=%FF\xff",
            content_type="application/x-www-form-urlencoded",
        )

        self.assertEqual(response.status_code, 422)
        self.assertFalse(Report.objects.exists())

    def test_a_stale_page_keeps_the_input(self):
        client = Client(enforce_csrf_checks=True)

        response = report(self.voice, client)

        self.assertContains(response, "sister’s number", status_code=403)
        self.assertContains(response, "press the button again", status_code=403)
        self.assertFalse(Report.objects.exists())

    def test_asking_again_and_other_methods_change_nothing(self):
        for method in ("get", "head"):
            getattr(self.client, method)(report_url(self.voice) + "?kind=other&text=x")
        response = self.client.put(report_url(self.voice))

        self.assertEqual(response.status_code, 405)
        self.assertFalse(Report.objects.exists())


class WhoCanBeReportedTests(TestCase):
    def statuses(self, voice):
        return (
            self.client.get(report_url(voice)).status_code,
            report(voice).status_code,
            report(voice, kind="x").status_code,
            report(voice, Client(enforce_csrf_checks=True)).status_code,
        )

    def test_a_report_of_a_gone_voice_responds_with_410(self):
        now = timezone.now()
        for voice in (
            make_published_voice(taken_down_at=now),
            make_published_voice(withdrawn_at=now),
            make_published_voice(withdrawn_at=now, statement="", name=""),
        ):
            self.assertEqual(self.statuses(voice), (410,) * 4)
        self.assertFalse(Report.objects.exists())

    def test_a_report_of_an_unpublished_voice_is_not_found(self):
        now = timezone.now()
        for voice in (
            make_voice(),
            make_voice(declined_at=now),
            make_voice(withdrawn_at=now),
            make_published_voice(statement=""),
            Voice(pk=999999),
            Voice(pk=2**63),
            Voice(pk=10**30),
        ):
            self.assertEqual(self.statuses(voice), (404,) * 4)
        self.assertFalse(Report.objects.exists())


class AdminTestCase(TestCase):
    def setUp(self):
        self.by, self.second = make_staff(), make_staff("second")
        self.client.force_login(self.by)
        self.reason = make_reason()
        self.voice = make_published_voice()

    def act(self, action, path=VOICES):
        return self.client.post(
            path, {"action": action, "_selected_action": [self.voice.pk]}
        )

    def keep(self):
        """Two moderators keep the voice, because a reported one takes two readers."""
        self.client.force_login(self.by)
        self.act("keep", QUEUE)
        self.client.force_login(self.second)
        return self.act("keep", QUEUE)

    def open_reports(self):
        return list(self.voice.reports.still_open())

    def kinds(self):
        return list(self.voice.decisions.values_list("kind", flat=True))

    def is_waiting(self):
        return self.voice in Voice.objects.waiting()


class QueueTests(AdminTestCase):
    def test_shows_the_reports_of_a_voice(self):
        report(self.voice)
        report(self.voice, kind="other", text="<script>alert(1)</script>")

        response = self.client.get(QUEUE)

        self.assertContains(response, "It contains someone’s private details")
        self.assertContains(response, "That is my sister’s number.")
        self.assertContains(response, "&lt;script&gt;alert(1)")
        self.assertNotContains(response, "<script>alert")
        self.assertContains(response, '<span class="flag hard">Reported</span>')

    def test_the_pages_of_the_voice_show_them_escaped(self):
        report(self.voice, kind="other", text="<script>alert(1)</script>")

        for path in (
            reverse("admin:voices_voice_change", args=[self.voice.pk]),
            reverse("admin:voices_awaitingvoice_change", args=[self.voice.pk]),
            reverse("admin:voices_voice_decide", args=["taken-down"])
            + f"?id={self.voice.pk}",
            reverse("admin:voices_report_changelist"),
        ):
            response = self.client.get(path)

            self.assertContains(response, "&lt;script&gt;alert(1)")
            self.assertNotContains(response, "<script>alert")

    def test_a_flood_of_reports_leaves_the_queue_readable(self):
        for number in range(8):
            report(self.voice, kind="other", text=f"Report {number}.")
        path = reverse("admin:voices_report_changelist")
        link = f"{path}?voice__id__exact={self.voice.pk}"

        response = self.client.get(QUEUE)

        self.assertContains(response, "Report 4.")
        self.assertNotContains(response, "Report 5.")
        self.assertContains(response, f'href="{link}"')
        self.assertContains(self.client.get(link), "Report 7.")

    def test_one_moderator_s_verdict_to_keep_it_waits_for_a_second_reader(self):
        report(self.voice)

        response = self.act("keep", QUEUE)

        page = self.client.get(response["Location"])
        self.assertContains(page, "Kept: 0. Sent to a second reader: 1.")
        self.assertEqual(self.kinds(), [])
        self.assertEqual(len(self.open_reports()), 1)

    def test_keeping_the_voice_closes_its_reports(self):
        report(self.voice)
        report(self.voice, kind="impersonation")

        response = self.keep()

        self.assertContains(self.client.get(response["Location"]), "Kept: 1.")
        self.assertEqual(self.kinds(), ["kept"])
        self.assertEqual(self.open_reports(), [])
        self.assertEqual(self.voice.reports.filter(closed_by=self.second).count(), 2)
        self.assertFalse(self.is_waiting())
        self.assertEqual(
            self.client.get(self.voice.get_absolute_url()).status_code, 200
        )

    def test_there_is_nothing_to_keep_without_a_report(self):
        self.keep()

        self.assertEqual(self.kinds(), [])

    def test_taking_the_voice_down_closes_its_reports(self):
        report(self.voice)

        decide.take_down(Voice.objects.filter(pk=self.voice.pk), self.by, self.reason)

        self.assertEqual(self.open_reports(), [])
        self.assertFalse(self.is_waiting())

    def test_undoing_either_opens_them_again(self):
        report(self.voice)
        reported_at = Voice.objects.get(pk=self.voice.pk).reported_at
        voices = Voice.objects.filter(pk=self.voice.pk)
        for answer in (
            lambda: decide.keep(voices, self.by),
            lambda: decide.take_down(voices, self.by, self.reason),
        ):
            answer()

            self.act("undo")

            self.assertEqual(len(self.open_reports()), 1)
            self.voice.refresh_from_db()
            self.assertLess(
                abs(self.voice.reported_at - reported_at), timedelta(seconds=1)
            )
            self.assertIsNone(self.voice.taken_down_at)
            self.assertTrue(self.is_waiting())

    def test_undoing_opens_only_what_that_decision_had_closed(self):
        report(self.voice, kind="impersonation")
        self.keep()
        report(self.voice)
        self.keep()

        self.act("undo")

        self.assertEqual(
            [each.kind for each in self.open_reports()], ["private-details"]
        )

    def test_each_report_points_to_the_decision_on_its_own_voice(self):
        voices = [self.voice, make_published_voice(), make_published_voice()]
        for voice in voices:
            report(voice)

        decide.take_down(Voice.objects.all(), self.by, self.reason)

        for voice in voices:
            closed, decision = voice.reports.get(), voice.decisions.get()
            self.assertEqual(closed.decision, decision)
            self.assertEqual(
                (closed.closed_at, closed.closed_by), (decision.at, decision.by)
            )

    def test_undoing_one_voice_s_decision_leaves_the_others_reports_closed(self):
        other = make_published_voice()
        report(self.voice)
        report(other)
        decide.keep(Voice.objects.all(), self.by)

        self.act("undo")

        self.assertEqual(len(self.open_reports()), 1)
        self.assertFalse(other.reports.still_open().exists())

    def test_closing_takes_as_many_queries_for_one_voice_as_for_many(self):
        counts = set()
        for number in (1, 10):
            for _ in range(number):
                report(make_published_voice())
            with CaptureQueriesContext(connection) as queries:
                decide.keep(Voice.objects.all(), self.by)
            counts.add(len(queries))

        self.assertEqual(len(counts), 1)

    def test_undoing_without_reports_marks_nothing_as_reported(self):
        decide.take_down(Voice.objects.filter(pk=self.voice.pk), self.by, self.reason)

        self.act("undo")

        self.voice.refresh_from_db()
        self.assertIsNone(self.voice.reported_at)
        self.assertFalse(self.is_waiting())

    def test_a_report_after_the_decision_reopens_the_case(self):
        report(self.voice)
        self.keep()

        report(self.voice)

        self.assertTrue(self.is_waiting())
        self.assertEqual(len(self.open_reports()), 1)

    def test_a_reported_voice_whose_publishing_is_undone_can_be_declined(self):
        self.voice = make_voice()
        voices = Voice.objects.filter(pk=self.voice.pk)
        decide.publish(voices, self.by)
        report(self.voice)
        self.act("undo")

        decide.decline(voices, self.by, self.reason, tell=False)

        self.assertFalse(self.is_waiting())
        self.assertEqual(self.open_reports(), [])


class ReportListTests(AdminTestCase):
    path = reverse("admin:voices_report_changelist")

    def test_shows_open_ones_first(self):
        report(self.voice, kind="impersonation")
        self.keep()
        report(self.voice, kind="other", text="First")
        report(self.voice, kind="other", text="Second")

        response = self.client.get(self.path)

        shown = [each.text for each in response.context["cl"].result_list]
        self.assertEqual(shown, ["First", "Second", ""])
        self.assertContains(
            response, reverse("admin:voices_voice_change", args=[self.voice.pk])
        )

    def test_takes_a_constant_number_of_queries(self):
        for rows in (1, 10):
            while Report.objects.count() < rows:
                report(make_published_voice())
            self.client.get(self.path)

            with self.assertNumQueries(4):
                self.client.get(self.path)

    def test_can_be_filtered(self):
        report(self.voice, kind="other", text="Old.")
        self.keep()
        report(self.voice)

        for query, count in (
            ("closed_at__isempty=1", 1),
            ("closed_at__isempty=0", 1),
            ("kind__exact=other", 1),
            (f"voice__id__exact={self.voice.pk}", 2),
        ):
            with self.subTest(query):
                response = self.client.get(f"{self.path}?{query}")

                self.assertEqual(len(response.context["cl"].result_list), count)

    def test_is_read_only(self):
        report(self.voice)
        pk = Report.objects.get().pk

        self.assertEqual(
            self.client.get(
                reverse("admin:voices_report_change", args=[pk])
            ).status_code,
            200,
        )
        for name, args in (("add", []), ("change", [pk]), ("delete", [pk])):
            path = reverse(f"admin:voices_report_{name}", args=args)
            self.assertEqual(self.client.post(path).status_code, 403)


class AtOnceTests(CommittedTestCase):
    def test_reports_at_once_are_all_kept(self):
        voice = make_published_voice()

        answers = at_once(*[lambda: report(voice)] * 6)

        self.assertEqual({answer.status_code for answer in answers}, {303})
        self.assertEqual(voice.reports.still_open().count(), 6)

    def test_a_report_during_a_decision_is_answered_or_open_never_half(self):
        by = make_staff()
        for _ in range(5):
            voice = make_published_voice()
            report(voice)
            mine = Voice.objects.filter(pk=voice.pk)

            at_once(
                lambda mine=mine: decide.keep(mine, by),
                lambda voice=voice: report(voice),
                lambda voice=voice: report(voice),
            )

            voice.refresh_from_db()
            is_open = voice.reports.still_open().exists()
            self.assertEqual(voice.reported_at is not None, is_open)

    def test_a_report_during_a_takedown_is_refused_or_closed(self):
        by, reason = make_staff(), make_reason()
        for _ in range(5):
            voice = make_published_voice()
            mine = Voice.objects.filter(pk=voice.pk)

            _, answer = at_once(
                lambda mine=mine: decide.take_down(mine, by, reason),
                lambda voice=voice: report(voice),
            )

            self.assertIn(answer.status_code, (303, 410))
            self.assertFalse(voice.reports.still_open().exists())
            connection.close()
