import re
import smtplib
from datetime import UTC, datetime
from unittest import mock

from django.core import mail
from django.test import Client, TestCase, override_settings
from django.utils import timezone

from tests.abuse import make_quarantined
from tests.factories import (
    make_closed_report,
    make_published_voice,
    make_staff,
    make_voice,
)
from tests.voices.test_letters import SEND, parts
from voices.models import RankingError, Report
from voices.tasks import tell_moderators

DAY = 24 * 60 * 60


@override_settings(MODERATION_EMAIL="moderators@example.org")
class DigestTests(TestCase):
    def tell(self, timestamp=20_000 * DAY):
        before = len(mail.outbox)
        tell_moderators(timestamp)
        return mail.outbox[before:]

    def test_has_the_counts_and_no_names(self):
        make_voice(
            name="Ada Secretname",
            statement="Secret words.",
            review_since=datetime(2025, 11, 20, 12, tzinfo=UTC),
        )
        make_voice()
        voice = make_published_voice()
        Report.objects.create(voice=voice, kind="other", text="Secret report.")
        RankingError.objects.create(text="Secret error.")
        RankingError.objects.create(text="Secret error.")
        make_quarantined(email="secret@example.com")

        (message,) = self.tell()

        self.assertEqual(message.to, ["moderators@example.org"])
        for part in parts(message):
            text = re.sub(r"<[^>]+>", "", part)
            self.assertIn("2 voices to review, the oldest since November 20", text)
            ages = "(1 for less than a day, 1 for more than 3 days)"
            self.assertIn(ages, " ".join(text.split()))
            self.assertIn("1 open report about voices", text)
            self.assertIn("2 open reports of errors in the rankings", text)
            self.assertIn("1 signature in quarantine", text)
            self.assertNotIn("ecret", part)

    def test_each_link_opens_its_list_of_open_rows_only(self):
        moderator, by = Client(), make_staff()
        moderator.force_login(by)
        closed = {"closed_at": timezone.now(), "closed_by": by}
        make_voice(name="Waits")
        voice = make_published_voice(name="Published")
        Report.objects.create(voice=voice, kind="other", text="Open report.")
        make_closed_report(voice, by, timezone.now(), text="Closed one.")
        RankingError.objects.create(text="Open error.")
        RankingError.objects.create(text="Closed one.", **closed)
        make_quarantined(name="Bea Held")

        (message,) = self.tell()

        for part in parts(message):
            links = re.findall(r"http\S+?(/admin/[^\s\"]+)", part)
            shown = ["Waits", "Open report.", "Open error.", "Bea Held"]
            self.assertEqual(len(links), len(shown))
            for link, words in zip(links, shown, strict=True):
                page = moderator.get(link)
                self.assertContains(page, words)
                self.assertNotContains(page, "Closed one.")

    def test_empty_lists_are_not_mentioned(self):
        make_quarantined()

        (message,) = self.tell()

        self.assertIn("1 signature in quarantine", message.body)
        self.assertNotIn("review", message.body)
        self.assertNotIn("report", message.body)

    def test_nothing_is_mailed_when_all_lists_are_empty(self):
        make_published_voice()

        self.assertEqual(self.tell(), [])

    @override_settings(MODERATION_EMAIL="")
    def test_nothing_is_mailed_without_an_address(self):
        make_voice()

        self.assertEqual(self.tell(), [])

    def test_there_is_one_a_day(self):
        make_voice()

        sent = [len(self.tell(day * DAY)) for day in (20_000, 20_000, 20_001, 20_000)]

        self.assertEqual(sent, [1, 0, 1, 0])

    def test_a_digest_that_failed_is_retried(self):
        make_voice()
        with (
            mock.patch(SEND, side_effect=smtplib.SMTPServerDisconnected),
            self.assertRaises(smtplib.SMTPException),
        ):
            self.tell()

        self.assertEqual(len(self.tell()), 1)

    def test_a_digest_interrupted_while_sending_is_not_sent_twice(self):
        make_voice()
        with (
            mock.patch(SEND, side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.tell()

        self.assertEqual(self.tell(), [])
