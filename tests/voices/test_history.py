from datetime import timedelta

from django.test import TestCase
from django.utils import timezone
from django.utils.dateformat import format as format_date

from tests.factories import (
    approve_edit,
    deliver,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    propose_edit,
)
from voices.managing import changes
from voices.models import Decision, Letter, Reading, Report, Signature, Voice
from voices.moderation import decide, undoing
from voices.moderation.history import MOST, day, history
from voices.moderation.readings import Verdict


class HistoryTestCase(TestCase):
    def setUp(self):
        self.by, self.other = make_staff("first"), make_staff("second")
        self.signature = make_signature()
        self.voice = self.signature.voice
        self.voices = Voice.objects.filter(pk=self.voice.pk)

    def lines(self, voice=None):
        """Return labels without "on October 2", with their details, newest first."""
        today = day(timezone.now())
        found = history(Voice.objects.get(pk=(voice or self.voice).pk))
        self.assertEqual(found, sorted(found, key=lambda event: event.at, reverse=True))
        return [
            (event.label.replace(f" {today}", " today"), event.detail)
            for event in found
        ]

    def decline(self, by=None, tell=True):
        return decide.decline(self.voices, by or self.by, make_reason(), tell=tell)


class HistoryTests(HistoryTestCase):
    def test_a_new_voice_has_none(self):
        self.assertEqual(self.lines(), [])

    def test_says_what_was_decided_why_and_whether_mail_left(self):
        self.decline()
        waiting = self.lines()
        deliver()

        self.assertEqual(
            waiting, [("Declined on today", "Private details. Email not sent yet.")]
        )
        self.assertEqual(
            self.lines(), [("Declined on today", "Private details. Email sent.")]
        )

    def test_a_decline_without_an_email_mentions_none(self):
        self.decline(tell=False)

        self.assertEqual(self.lines(), [("Declined on today", "Private details.")])

    def test_says_when_the_address_refused_mail_and_never_which_address(self):
        self.decline()
        deliver()
        Signature.objects.update(bounced_at=timezone.now())

        ((_, detail),) = self.lines()

        self.assertIn("Email sent; the address has refused mail since", detail)
        self.assertNotIn("@", detail)

    def test_an_old_bounce_is_not_that_of_a_later_email(self):
        self.decline()
        deliver()
        Signature.objects.update(bounced_at=timezone.now() - timedelta(days=1))

        self.assertEqual(
            self.lines(), [("Declined on today", "Private details. Email sent.")]
        )

    def test_an_email_that_was_given_up_was_not_sent(self):
        self.decline()
        Letter.objects.update(dropped_at=timezone.now(), attempts=2, failures=2)
        given_up = self.lines()
        Letter.objects.update(failures=1)

        self.assertEqual(given_up[0][1], "Private details. Email not sent.")
        self.assertEqual(self.lines()[0][1], "Private details. Email perhaps sent.")

    def test_an_undone_decision_is_left_out(self):
        self.decline()
        undoing.undo(self.voices, self.by)
        decide.publish(self.voices, self.by)
        deliver()

        self.assertEqual(self.lines(), [("Published on today", "Email sent.")])

    def test_the_email_of_an_undone_decision_is_listed_if_it_left(self):
        self.decline()
        deliver()
        undoing.undo(self.voices, self.by)

        self.assertEqual(
            self.lines(),
            [
                (
                    "Email of today",
                    "It said that a decision was reversed. Email not sent yet.",
                ),
                (
                    "Email of today",
                    "It said that the statement was declined. Email sent.",
                ),
            ],
        )

    def test_each_decision_has_its_own_email(self):
        self.decline()
        undoing.undo(self.voices, self.by)
        self.decline()
        deliver()
        Voice.objects.update(declined_at=None)
        self.decline()

        self.assertEqual(
            [detail for _, detail in self.lines()],
            [
                "Private details. Email not sent yet.",
                "Private details. Email sent.",
            ],
        )

    def test_other_mail_to_the_signer_is_left_out(self):
        for kind in (Letter.Kind.MANAGE, Letter.Kind.UPDATE):
            Letter.objects.create(
                kind=kind, signature=self.signature, sent_at=timezone.now()
            )

        self.assertEqual(self.lines(), [])

    def test_an_email_about_a_reversal_is_listed(self):
        Letter.objects.create(
            kind=Letter.Kind.REVERSED,
            signature=self.signature,
            sent_at=timezone.now(),
        )

        self.assertEqual(
            self.lines(),
            [("Email of today", "It said that a decision was reversed. Email sent.")],
        )

    def test_lists_corrections_with_the_fields(self):
        decide.publish(self.voices, self.by)
        deliver()
        changes.correct(Signature.objects.get(), "Better words, if I may.")
        waiting = self.lines()
        decide.publish(self.voices, self.by)

        self.assertEqual(
            waiting[0],
            ("Correction sent on today", "Statement. It waits for a decision."),
        )
        self.assertEqual(
            self.lines()[:2],
            [
                ("Correction published on today", "Email not sent yet."),
                ("Correction sent on today", "Statement."),
            ],
        )

    def test_lists_appeals_and_their_answers(self):
        self.decline(tell=False)
        changes.appeal(Signature.objects.get(), "It names nobody.")
        waiting = self.lines()
        decide.publish(self.voices, self.other)

        self.assertEqual(
            waiting,
            [
                (
                    "Appealed on today",
                    "“It names nobody.” It waits for a different moderator.",
                ),
                ("Declined on today", "Private details."),
            ],
        )
        self.assertEqual(
            self.lines(),
            [
                ("Published on today", "Email not sent yet."),
                ("Appealed on today", "“It names nobody.”"),
                ("Declined on today", "Private details."),
            ],
        )

    def test_lists_proposed_edits_and_answers(self):
        approve_edit(self.voice, self.by, statement="Nobody is above the law.")
        propose_edit(self.voice, self.by, statement="Nobody is.")

        self.assertEqual(
            self.lines(),
            [
                ("Edit proposed to the author on today", "Email not sent yet."),
                ("Edit approved by the author on today", ""),
                ("Edit proposed to the author on today", "Email not sent."),
            ],
        )

    def test_says_how_many_reports_a_decision_closed(self):
        voice = make_published_voice()
        for _ in range(2):
            Report.objects.create(voice=voice, kind="other")
        Report.objects.create(voice=voice, kind="other", text="Still open.")
        decide.keep(Voice.objects.filter(pk=voice.pk), self.by)
        Report.objects.create(voice=voice, kind="other", text="Still open.")

        self.assertEqual(
            self.lines(voice), [("Kept after a report on today", "Closed 3 reports.")]
        )

    def test_leads_to_the_log_and_the_voice(self):
        self.decline(tell=False)
        changes.appeal(Signature.objects.get(), "")

        appeal, decline = history(self.voice)

        self.assertEqual(appeal.url, f"/admin/voices/voice/{self.voice.pk}/change/")
        self.assertEqual(
            decline.url,
            f"/admin/voices/decision/?voice__id__exact={self.voice.pk}",
        )

    def test_another_voice_is_left_out(self):
        other = make_signature().voice
        decide.publish(Voice.objects.filter(pk=other.pk), self.by)

        self.assertEqual(self.lines(), [])

    def test_lists_the_newest_twenty_in_three_statements(self):
        for _ in range(MOST):
            self.decline()
            Voice.objects.update(declined_at=None)
        Letter.objects.update(sent_at=timezone.now())
        voice = Voice.objects.get(pk=self.voice.pk)
        Decision.objects.create(voice=voice, kind=Decision.Kind.FEATURED, by=self.by)

        with self.assertNumQueries(3):
            found = history(voice)

        self.assertEqual(len(found), MOST)
        self.assertIn("Featured", found[0].label)
        self.assertEqual(found[-1].detail, "Private details. Email sent.")

    def test_a_day_of_another_year_has_the_year(self):
        now = timezone.now()
        last_year = now.replace(year=now.year - 1, day=2)

        local = timezone.localtime(now)
        self.assertEqual(day(now), format_date(local, "F j"))
        self.assertTrue(day(last_year).endswith(f", {last_year.year}"))


class OpenReadingTests(HistoryTestCase):
    """What a first reader decided isn't shown to the second one."""

    def setUp(self):
        super().setUp()
        self.reported = make_published_voice(reported_at=timezone.now())
        self.found = Voice.objects.filter(pk=self.reported.pk)
        self.report()

    def report(self):
        Report.objects.create(voice=self.reported, kind="other")
        self.found.update(reported_at=timezone.now())

    def read_first(self, voice, verdict, decision=None):
        return Reading.objects.create(
            voice=voice,
            since=timezone.now(),
            first_by=self.by,
            first_verdict=verdict,
            first_reason=make_reason(),
            decision=decision,
        )

    def take_down(self):
        """Take the reported voice down as a first reader does: at once."""
        decide.take_down(self.found, self.by, make_reason())
        decision = Decision.objects.get(kind="taken-down")
        return self.read_first(self.reported, Verdict.TAKE_DOWN, decision)

    def test_a_take_down_by_the_first_reader_is_hidden_while_the_reading_is_open(self):
        self.take_down()

        self.assertTrue(Report.objects.filter(closed_at__isnull=False).exists())
        self.assertEqual(self.lines(self.reported), [])

    def test_it_stays_hidden_while_two_readers_disagree(self):
        reading = self.take_down()
        reading.second_by, reading.second_verdict = self.other, Verdict.KEEP
        reading.second_at = timezone.now()
        reading.save()

        self.assertEqual(self.lines(self.reported), [])

    def test_it_is_shown_once_the_reading_is_closed(self):
        reading = self.take_down()
        reading.second_by, reading.second_verdict = self.other, Verdict.TAKE_DOWN
        reading.second_at = reading.closed_at = timezone.now()
        reading.save()

        self.assertEqual(
            self.lines(self.reported),
            [("Taken down on today", "Private details. Closed 1 report.")],
        )

    def test_a_first_verdict_that_waits_is_not_shown(self):
        self.read_first(self.voice, Verdict.DECLINE)

        self.assertEqual(self.lines(), [])

    def test_earlier_decisions_are_shown(self):
        decide.keep(self.found, self.by)
        self.report()
        self.take_down()

        self.assertEqual(
            self.lines(self.reported),
            [("Kept after a report on today", "Closed 1 report.")],
        )
