"""Who gets which words while pages change and are rendered at the same time."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Barrier, Event, Semaphore
from unittest import mock

from django.http import HttpResponse
from django.test import Client, RequestFactory, SimpleTestCase
from django.urls import resolve

from operations import warm
from tests.committed import PATIENCE, CommittedTestCase, at_once, listening, wait_for
from tests.factories import make_published_voice, make_signature
from voices.managing import changes

PATH = "/privacy/"  # It shows texts.
FIGURES_PATH = "/share/"
READERS = 10


def html(text, **options):
    return HttpResponse(text, headers={"Cache-Control": "public"}, **options)


class RenderingTests(SimpleTestCase):
    """Each test says how the page is rendered; no database is asked."""

    def setUp(self):
        self.pages = warm.WarmPages(clock=lambda: self.now)
        self.pages.listening = True
        self.now = 1000.0
        self.enterContext(mock.patch.object(warm, "pages", self.pages))
        self.rendered = count(1)
        self.begun = Semaphore(0)
        self.ask = warm.warm_pages(self.answer)

    def answer(self, request):
        request.resolver_match = resolve(request.path_info)
        return self.render(request)

    def get(self, path=PATH):
        self.begun.release()
        return self.ask(RequestFactory().get(path)).content.decode()

    @contextmanager
    def readers(self, number=READERS):
        """Yield the futures of what these readers get."""
        with ThreadPoolExecutor(number) as pool:
            yield [pool.submit(self.get) for _ in range(number)]

    def words(self, readers):
        return {reader.result(PATIENCE) for reader in readers}

    def wait_for_readers(self):
        for _ in range(READERS):
            self.begun.acquire(timeout=PATIENCE)

    def shown(self, path=PATH):
        self.render = lambda request: html(f"Version {next(self.rendered)}")
        return self.get(path)

    def test_readers_of_a_cold_page_share_one_rendering(self):
        def render(request):
            self.wait_for_readers()
            return html(f"Version {next(self.rendered)}")

        self.render = render
        with self.readers() as readers:
            self.assertEqual(self.words(readers), {"Version 1"})
        self.assertEqual(self.pages.flights, {})

    def test_nobody_gets_what_was_dropped_while_it_was_rendered(self):
        def render(request):
            version = next(self.rendered)
            if version == 1:
                self.wait_for_readers()
                self.pages.hear("texts")
            return html(f"Version {version}")

        self.render = render
        with self.readers() as readers:
            self.assertEqual(self.words(readers), {"Version 2"})

    def test_a_page_that_keeps_changing_is_answered_and_not_cached(self):
        def render(request):
            self.pages.hear("texts")
            return html(f"Version {next(self.rendered)}")

        self.render = render
        self.assertEqual(self.get(), f"Version {warm.TRIES}")
        self.assertEqual(len(self.pages.pages.pages), 0)

    def test_what_cannot_be_cached_is_rendered_for_each_reader(self):
        def render(request):
            # All have to be rendered at the same time, or this never ends.
            version = next(self.rendered)
            if version == 1:
                self.wait_for_readers()
            return html(f"Version {version}", status=404)

        self.render = render
        with self.readers() as readers:
            words = self.words(readers)
        self.assertEqual(words, {f"Version {n + 1}" for n in range(READERS)})

    def test_a_page_for_which_a_session_was_read_is_not_shared(self):
        def render(request):
            page = html(f"Version {next(self.rendered)}")
            page["Vary"] = "Cookie"
            return page

        self.render = render
        self.assertEqual(self.get(), "Version 1")
        self.assertEqual(self.get(), "Version 2")
        response = self.ask(RequestFactory().get(PATH))
        self.assertEqual(response["Vary"], "Cookie")
        self.assertIn("ETag", response)

    def test_a_rendering_that_fails_frees_those_who_wait(self):
        def render(request):
            if next(self.rendered) == 1:
                self.wait_for_readers()
                raise ZeroDivisionError
            return html("A page")

        self.render = render
        with self.readers() as readers:
            errors = [reader.exception(PATIENCE) for reader in readers]
        self.assertEqual([type(e) for e in errors if e], [ZeroDivisionError])
        self.assertEqual(self.pages.flights, {})

    def test_nobody_waits_for_long_nor_for_another_page(self):
        finish, first = Event(), Event()

        def render(request):
            if next(self.rendered) == 1:
                first.set()
                finish.wait(PATIENCE)
                return html("The first")
            return html("Another")

        self.render = render
        with (
            mock.patch.object(warm, "PATIENCE_SECONDS", 0.05),
            ThreadPoolExecutor(2) as pool,
        ):
            reader = pool.submit(self.get)
            first.wait(PATIENCE)
            self.assertEqual(self.get("/about/"), "Another")
            self.assertEqual(self.get(), "Another")
            finish.set()
            self.assertEqual(reader.result(PATIENCE), "The first")

    def test_forms_do_not_wait_for_one_another(self):
        together = Barrier(READERS)

        def render(request):
            together.wait(PATIENCE)
            return HttpResponse("A form")

        self.render = render
        with ThreadPoolExecutor(READERS) as pool:
            forms = [pool.submit(self.get, "/voices/add/") for _ in range(READERS)]
            self.assertEqual(self.words(forms), {"A form"})

    def test_an_addition_shows_once_the_page_is_two_seconds_old(self):
        self.assertEqual(self.shown(), "Version 1")
        self.now += 1.5

        self.pages.hear("texts soon")

        self.assertEqual(self.shown(), "Version 1")
        self.now += 0.5
        self.assertEqual(self.shown(), "Version 2")

    def test_an_old_page_shows_an_addition_at_once(self):
        self.shown()
        self.now += 60
        self.assertEqual(self.shown(), "Version 1")

        self.pages.hear("texts soon")

        self.assertEqual(self.shown(), "Version 2")

    def test_continuous_additions_render_a_page_every_two_seconds(self):
        for _ in range(100):
            self.pages.hear("figures soon")
            self.shown(FIGURES_PATH)
            self.now += 0.125

        self.assertEqual(next(self.rendered) - 1, 7)

    def test_an_addition_during_the_rendering_shows_two_seconds_later(self):
        def render(request):
            self.pages.hear("texts soon")
            return html("Without it")

        self.render = render
        self.get()
        self.assertEqual(self.shown(), "Without it")
        self.now += 2
        self.assertEqual(self.shown(), "Version 1")

    def test_a_withdrawal_with_a_new_figure_shows_at_once(self):
        self.shown("/voices/")

        self.pages.hear("figures soon")
        self.pages.hear("voices")

        self.assertEqual(self.shown("/voices/"), "Version 2")

    def test_pages_that_show_something_else_stay(self):
        self.assertEqual(self.shown(FIGURES_PATH), "Version 1")
        self.assertEqual(self.shown("/"), "Version 2")

        for payload in ("texts", "voices", "rankings", "texts soon"):
            self.pages.hear(payload)
        self.now += 2

        self.assertEqual(self.shown(FIGURES_PATH), "Version 1")
        # The home page declares nothing, so it shows everything.
        self.assertEqual(self.shown("/"), "Version 3")

    def test_an_unknown_notification_drops_every_page(self):
        for payload in ("", "something new", "soon", " soon"):
            before = self.shown("/robots.txt")

            self.pages.hear(payload)

            self.assertNotEqual(self.shown("/robots.txt"), before, payload)

    def test_no_page_is_kept_for_more_than_ten_minutes(self):
        self.shown()

        self.now += 599
        self.assertEqual(self.shown(), "Version 1")
        self.now += 1
        self.assertEqual(self.shown(), "Version 2")


class BusyHourTests(CommittedTestCase):
    """Signatures, readers, and a withdrawal at once, each on its own connection."""

    SIGNATURES = 40
    WORDS = "Words to take back."
    PATHS = ("/", "/voices/", "/voices/feed/", "/sitemap.xml")

    def setUp(self):
        super().setUp()
        self.voice = make_published_voice(statement=self.WORDS)
        self.signature = make_signature(voice=self.voice)
        self.pages = self.enterContext(listening())
        self.signed, self.gone = Event(), Event()
        # Times of reading, while the words are there and after.
        self.reads = {False: count(), True: count()}
        self.times = dict.fromkeys(self.reads, 0)

    def sign(self):
        for _ in range(self.SIGNATURES):
            make_signature(name_display="unlisted")
        self.signed.set()

    def withdraw(self):
        wait_for(lambda: self.times[False] > 5)
        before = self.pages.changes
        changes.withdraw(self.signature)
        wait_for(lambda: self.pages.dropped["voices"] > before)
        self.gone.set()

    def read(self):
        client, old = Client(), []
        while not (self.signed.is_set() and self.times[True] > 5):
            gone = self.gone.is_set()
            for path in (*self.PATHS, self.voice.get_absolute_url()):
                page = client.get(path)
                if gone and self.WORDS in page.content.decode():
                    old.append(path)
            self.times[gone] = next(self.reads[gone])
        return old

    def test_old_words_are_gone_and_figures_follow(self):
        clock = mock.patch.object(self.pages, "clock", return_value=time.monotonic())
        keep = mock.patch.object(self.pages, "keep", side_effect=self.pages.keep)
        with clock as now, keep as kept:
            *_, first, second, third = at_once(
                self.sign, self.withdraw, self.read, self.read, self.read
            )
            homes = [call for call in kept.call_args_list if call.args[0].path == "/"]

            self.assertEqual(first + second + third, [])
            # Time stands still, so only the withdrawal has it rendered again: after
            # at most this many tries, if it came while the page was being rendered.
            self.assertLessEqual(len(homes), 1 + warm.TRIES)
            heard = self.pages.changes
            make_signature(name_display="unlisted")
            wait_for(lambda: self.pages.changes > heard)
            now.return_value += warm.SOON_SECONDS
            total = f"<b>{self.SIGNATURES + 1}</b> American"
            self.assertContains(self.client.get("/"), total)
