import re

from django.db import transaction
from django.test import SimpleTestCase, TestCase, override_settings

from copies.drop import DROP_COPIES
from tests.committed import CommittedTestCase, jobs
from tests.factories import (
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
)
from voices.managing import changes
from voices.models import Voice
from voices.moderation import decide
from voices.wall.copies import PAGES

CACHE = override_settings(PAGE_CACHE_URL="http://cache.example:8081")


class PagesTests(SimpleTestCase):
    def test_dropped_are_all_pages_with_voices_and_no_others(self):
        for path in (
            *("/", "/?from=mail", "/voices/", "/voices/?state=OH", "/voices/7/"),
            *("/voices/7/card.png", "/voices/feed/", "/rankings/ohio/", "/embed/"),
        ):
            self.assertRegex(path, PAGES)
        for path in ("/faq/", "/privacy/", "/static/site.css", "/explained/voices/"):
            self.assertIsNone(re.search(PAGES, path), path)


@CACHE
class QueuedTests(TestCase):
    def assert_queued(self, times=1):
        self.assertEqual(len(jobs(DROP_COPIES)), 2 * times)

    def make_published(self, **fields):
        return make_signature(voice=make_published_voice(**fields))

    def test_withdrawing(self):
        changes.withdraw(self.make_published())

        self.assert_queued()

    def test_withdrawing_what_is_withdrawn(self):
        signature = self.make_published()

        changes.withdraw(signature)
        changes.withdraw(signature)

        self.assert_queued()

    def test_erasing(self):
        changes.erase(self.make_published())

        self.assert_queued()

    def test_showing_less_of_a_name(self):
        changes.show_as(self.make_published(), "unlisted")

        self.assert_queued()

    def test_taking_the_words_out(self):
        changes.correct(self.make_published(), "")

        self.assert_queued()

    def test_taking_down_and_nothing_to_take_down(self):
        make_published_voice()

        decide.take_down(Voice.objects.all(), make_staff(), make_reason())
        decide.take_down(Voice.objects.all(), make_staff("second"), make_reason())

        self.assert_queued()

    def test_publishing_other_words_in_the_place_of_some(self):
        signature = self.make_published()
        changes.correct(signature, "Other words.")
        self.assert_queued(0)

        decide.publish(Voice.objects.all(), make_staff())

        self.assert_queued()

    def test_undoing_and_editing(self):
        voice = make_voice()
        by = make_staff()
        decide.publish(Voice.objects.all(), by)
        self.assert_queued(0)

        decide.undo(Voice.objects.all(), by)
        decide.edit(voice, by)

        self.assert_queued(2)


@CACHE
class CommitTests(CommittedTestCase):
    def test_what_is_not_committed_drops_nothing(self):
        signature = make_signature(voice=make_published_voice())

        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            changes.withdraw(signature)
            raise ZeroDivisionError

        self.assertEqual(jobs(DROP_COPIES), [])
