import time
from unittest import mock

from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from core.public import Content
from operations import warm
from operations.stored import Address, StoredPage
from tests.committed import CommittedTestCase, heard, listening, wait_for
from tests.factories import (
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
    sign,
)
from voices.managing import changes
from voices.models import Tally, Voice
from voices.moderation import decide

ADDRESS = Address("/page/", "")


class WarmPagesTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.voice = make_published_voice(statement="Warm words.")
        self.enterContext(listening())
        self.path = reverse("voices:list")

    def stop_the_clock(self):
        patch = mock.patch.object(warm.pages, "clock", return_value=time.monotonic())
        self.addCleanup(patch.stop)
        return patch.start()

    def test_a_warm_page_takes_no_query(self):
        cold = self.client.get(self.path)

        with self.assertNumQueries(0):
            again = self.client.get(self.path)

        self.assertEqual(again.content, cold.content)
        self.assertEqual(again["Cache-Control"], cold["Cache-Control"])
        self.assertEqual(again["ETag"], cold["ETag"])
        self.assertEqual(again.headers, cold.headers)
        self.assertIn("Content-Security-Policy", again)

    def test_head_and_304_render_no_warm_page_again(self):
        etag = self.client.get(self.path)["ETag"]

        with mock.patch("voices.wall.views.render") as render:
            response = self.client.get(self.path, headers={"if-none-match": etag})
            head = self.client.head(self.path)

        self.assertFalse(render.called)
        self.assertEqual(response.status_code, 304)
        self.assertEqual(head.status_code, 200)
        self.assertEqual(self.client.get(self.path).status_code, 200)

    def test_a_host_that_is_not_ours_gets_no_warm_page(self):
        self.client.get(self.path)

        response = self.client.get(self.path, headers={"host": "evil.example"})

        self.assertEqual(response.status_code, 400)
        self.assertIn("Content-Security-Policy", response)

    @override_settings(SECURE_SSL_REDIRECT=True)
    def test_a_request_without_tls_is_redirected_and_gets_no_warm_page(self):
        client = Client()
        self.assertEqual(client.get(self.path, secure=True).status_code, 200)
        self.assertIsNotNone(warm.pages.get(Address(self.path, "")))

        response = client.get(self.path)

        self.assertRedirects(
            response,
            f"https://testserver{self.path}",
            301,
            fetch_redirect_response=False,
        )

    def test_an_unreadable_request_gets_no_warm_page(self):
        self.client.get(self.path)

        unreadable = self.client.get(self.path, CONTENT_TYPE="text/plain; charset=hex")
        too_long = self.client.get(self.path, CONTENT_LENGTH="9999999")

        self.assertEqual(unreadable.status_code, 400)
        self.assertEqual(too_long.status_code, 413)

    def test_a_warm_page_has_an_access_line_with_its_route_and_request_id(self):
        self.client.get(self.path)

        with self.assertLogs("aaqi.access", "INFO") as logs:
            self.client.get(self.path, headers={"x-request-id": "12345678-abc"})

        self.assertEqual(logs.records[0].route, "/voices/")
        self.assertEqual(logs.records[0].status, 200)

    def test_each_url_has_its_own_page(self):
        self.client.get(self.path)

        self.assertNotContains(self.client.get(f"{self.path}?state=TX"), "Warm words.")
        self.assertEqual(self.client.head(self.path).content, b"")
        self.assertContains(self.client.get(self.path), "Warm words.")

    def test_a_page_warmed_by_head_is_complete_for_the_next_reader(self):
        self.client.head(self.path)

        with self.assertNumQueries(0):
            self.assertContains(self.client.get(self.path), "Warm words.")

    def test_the_key_is_the_path_that_the_router_sees(self):
        self.client.get(self.path, SCRIPT_NAME="/voices")

        page = self.client.get(self.path)

        self.assertContains(page, 'rel="canonical" href="http://localhost')
        self.assertNotContains(page, "/voices/voices/")

    def test_a_taken_down_voice_is_gone_once_the_process_is_notified(self):
        page = self.voice.get_absolute_url()
        self.assertEqual(self.client.get(page).status_code, 200)
        self.assertContains(self.client.get(self.path), "Warm words.")

        with heard(Content.VOICES):
            decide.take_down(Voice.objects.all(), make_staff(), make_reason())

        self.assertEqual(self.client.get(page).status_code, 410)
        self.assertNotContains(self.client.get(self.path), "Warm words.")

    def test_a_published_voice_shows_within_two_seconds_and_goes_at_once(self):
        now = self.stop_the_clock()
        signature = make_signature(voice=make_voice(statement="New words."))
        self.assertNotContains(self.client.get(self.path), "New words.")

        with heard(Content.VOICES):
            decide.publish(Voice.objects.filter(signature=signature), make_staff())

        now.return_value += 1.9
        with self.assertNumQueries(0):
            self.assertNotContains(self.client.get(self.path), "New words.")
        now.return_value += 0.1
        self.assertContains(self.client.get(self.path), "New words.")

        with heard(Content.VOICES):
            changes.withdraw(signature)

        self.assertNotContains(self.client.get(self.path), "New words.")
        self.assertContains(self.client.get(self.path), "Warm words.")

    def test_a_signature_changes_the_figure_within_two_seconds(self):
        now = self.stop_the_clock()
        self.assertContains(self.client.get("/"), "<b>0</b> Americans")

        with heard(Content.FIGURES):
            make_signature(name_display="unlisted")

        now.return_value += 1.9
        self.assertContains(self.client.get("/"), "<b>0</b> Americans")
        now.return_value += 0.1
        self.assertContains(self.client.get("/"), "<b>1</b> American")

    def test_changes_invisible_to_readers_leave_pages_warm(self):
        before = warm.pages.changes

        make_voice(statement="It waits for a moderator.")
        Tally.objects.fold()
        sign(self.client)
        Voice.objects.update(reported_at=timezone.now(), flags=["phone"])
        with heard(Content.VOICES):
            make_published_voice()

        # Any earlier notification would have arrived first, so there was none: these
        # two are the new voice and the number of statements.
        wait_for(lambda: warm.pages.changes == before + 2)

    def test_a_page_rendered_during_a_change_is_not_cached(self):
        page = StoredPage(HttpResponse(), warm.pages.now(), frozenset(), None)

        warm.pages.forget(listening=True)

        self.assertFalse(warm.pages.keep(ADDRESS, page))
        self.assertIsNone(warm.pages.get(ADDRESS))

    def test_pages_with_a_form_or_an_error_are_not_cached(self):
        for path in (reverse("voices:add"), "/voices/?state=XX", "/healthz"):
            self.client.get(path)
        self.assertNotEqual(
            *[
                Client().get(reverse("voices:add")).cookies["csrftoken"].value
                for _ in range(2)
            ]
        )
        self.assertEqual(len(warm.pages.pages.pages), 0)

    def test_a_process_that_cannot_listen_caches_nothing(self):
        self.client.get(self.path)

        with (
            self.assertLogs("operations.warm", "WARNING"),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
            wait_for(lambda: not warm.pages.listening)

        self.assertEqual(len(warm.pages.pages.pages), 0)
        with self.assertNumQueries(2):
            self.client.get(self.path)
