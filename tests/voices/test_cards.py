from functools import partial
from unittest import mock

from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase
from django.urls import reverse
from django.utils import timezone

from cards import models
from cards.models import Busy, Card
from tests.committed import CommittedTestCase, as_worker, at_once, jobs
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
from voices.wall import cards

PNG = b"\x89PNG"


def card_url(voice):
    return reverse("voices:card", args=[voice.pk])


class CardViewTests(TestCase):
    def test_a_card_is_drawn_once_and_stored(self):
        voice = make_published_voice()

        first = self.client.get(card_url(voice))
        with mock.patch.object(models, "draw", side_effect=AssertionError):
            again = self.client.get(card_url(voice))

        self.assertEqual(first["Content-Type"], "image/png")
        self.assertTrue(first.content.startswith(PNG))
        self.assertEqual(again.content, first.content)
        self.assertEqual(Card.objects.get().key, f"voices/{voice.pk}")

    def test_other_sites_may_embed_it_and_it_is_cached_like_a_page(self):
        voice = make_published_voice()

        response = self.client.get(card_url(voice))
        again = self.client.get(
            card_url(voice), headers={"if-none-match": response["ETag"]}
        )

        self.assertEqual(response["Cross-Origin-Resource-Policy"], "cross-origin")
        self.assertIn("s-maxage=2", response["Cache-Control"])
        self.assertEqual(again.status_code, 304)

    def test_a_stored_card_takes_two_queries(self):
        voice = make_published_voice()
        for _ in range(5):
            self.client.get(card_url(make_published_voice()))
        self.client.get(card_url(voice))

        with self.assertNumQueries(2):
            self.client.get(card_url(voice))

    def test_only_a_published_statement_has_one(self):
        now = timezone.now()
        for voice, status in (
            (make_voice(), 404),
            (make_voice(declined_at=now), 404),
            (make_published_voice(statement=""), 404),
            (make_published_voice(taken_down_at=now), 410),
            (make_published_voice(withdrawn_at=now), 410),
        ):
            response = self.client.get(card_url(voice))

            self.assertEqual(response.status_code, status)
            self.assertIn("no-store", response["Cache-Control"])
        self.assertEqual(self.client.get("/voices/999/card.png").status_code, 404)
        self.assertFalse(Card.objects.exists())

    def test_waiting_too_long_gets_a_503_with_retry_after(self):
        voice = make_published_voice()

        with mock.patch.object(models, "lock_drawing", side_effect=Busy):
            response = self.client.get(card_url(voice))

        self.assertEqual(response.status_code, 503)
        self.assertEqual(response["Retry-After"], "5")
        self.assertIn("no-store", response["Cache-Control"])

    def test_the_page_of_the_voice_links_to_it(self):
        voice = make_published_voice(statement="Say “no” to <i>it</i> & more.")

        page = self.client.get(voice.get_absolute_url()).content.decode()

        self.assertIn('<meta property="og:image" content="http', page)
        self.assertIn(f'{card_url(voice)}">', page)
        self.assertIn("“Say “no” to &lt;i&gt;it&lt;/i&gt; &amp; more.” Ada", page)


class FaceTests(TestCase):
    def test_says_what_the_page_says(self):
        face = cards.face_of(
            make_published_voice(name="Ana Reyes", profession="Nurse", state="OH")
        )

        self.assertEqual(face.name, "Ana Reyes")
        self.assertEqual(face.where, "Nurse, Columbus, Ohio")
        self.assertTrue(face.quoted)

    def test_text_in_unsupported_scripts_is_not_drawn(self):
        face = cards.face_of(
            make_published_voice(name="李明", city="", statement="我们要求正义。")
        )

        self.assertEqual(face.words, cards.UNREADABLE)
        self.assertFalse(face.quoted)
        self.assertEqual((face.name, face.where), ("", "Ohio"))


class GoneTests(TestCase):
    def drawn(self, **fields):
        voice = make_published_voice(**fields)
        self.client.get(card_url(voice))
        self.assertTrue(Card.objects.filter(key=cards.key_of(voice.pk)).exists())
        return voice

    def test_goes_with_the_voice_that_is_withdrawn_erased_or_taken_down(self):
        for go in (
            lambda signature: changes.withdraw(signature),
            lambda signature: changes.erase(signature),
            lambda signature: decide.take_down(
                Voice.objects.filter(signature=signature),
                make_staff("another"),
                make_reason(),
            ),
            lambda signature: changes.show_as(signature, "unlisted"),
            lambda signature: changes.correct(signature, ""),
        ):
            voice = self.drawn()
            stays = self.drawn()

            go(make_signature(voice=voice))

            self.assertFalse(Card.objects.filter(key=cards.key_of(voice.pk)).exists())
            self.assertTrue(Card.objects.filter(key=cards.key_of(stays.pk)).exists())
            self.assertIn(self.client.get(card_url(voice)).status_code, {404, 410})

    def test_an_edited_voice_gets_a_new_card(self):
        voice = self.drawn()
        before = self.client.get(card_url(voice)).content

        Voice.objects.filter(pk=voice.pk).update(statement="These are other words.")

        self.assertFalse(Card.objects.exists())
        self.assertNotEqual(self.client.get(card_url(voice)).content, before)

    def test_changes_that_the_card_does_not_show_leave_it(self):
        voice = self.drawn()

        decide.feature(Voice.objects.filter(pk=voice.pk), make_staff())

        self.assertTrue(Card.objects.exists())


class WorkerTests(CommittedTestCase):
    def test_publishing_queues_the_card_for_the_worker(self):
        voice = make_voice()

        decide.publish(Voice.objects.all(), make_staff())
        queued = jobs(cards.DRAW_CARDS)

        async def work(worker_app):
            await worker_app.run_worker_async(
                wait=False, listen_notify=False, install_signal_handlers=False
            )

        as_worker(work)

        self.assertEqual([job["args"] for job in queued], [{"voice_ids": [voice.pk]}])
        self.assertEqual(Card.objects.get().key, cards.key_of(voice.pk))

    def test_a_withdrawn_voice_gets_no_card(self):
        voice = make_published_voice(withdrawn_at=timezone.now())

        cards.draw_cards([voice.pk, 999])

        self.assertFalse(Card.objects.exists())


class DrawingAtOnceTests(CommittedTestCase):
    def test_many_requests_draw_one_card_once(self):
        voice = make_published_voice()

        with mock.patch.object(models, "draw", side_effect=models.draw) as draw:
            pngs = at_once(*[partial(cards.card_of, voice)] * 8)

        self.assertEqual(draw.call_count, 1)
        self.assertEqual(len(set(pngs)), 1)

    def test_a_voice_withdrawn_while_its_card_is_drawn_leaves_no_card(self):
        for _ in range(8):
            voice = make_published_voice()
            signature = make_signature(voice=voice)

            at_once(
                partial(cards.card_of, voice),
                partial(cards.draw_cards, [voice.pk]),
                partial(changes.withdraw, signature),
            )

            self.assertFalse(Card.objects.exists())
            self.assertEqual(self.client.get(card_url(voice)).status_code, 410)

    def test_nobody_can_withdraw_between_looking_and_storing(self):
        voice = make_published_voice()
        signature = make_signature(voice=voice)
        drawing = models.draw
        done = []

        def draw_slowly(face):
            # A concurrent withdrawal has to wait for the card, and then deletes it.
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.3)")
            done.append("drawn")
            return drawing(face)

        def withdraw():
            with transaction.atomic():
                changes.withdraw(signature)
            done.append("withdrawn")

        with mock.patch.object(models, "draw", draw_slowly):
            at_once(partial(cards.card_of, voice), withdraw)

        self.assertEqual(done[-1], "withdrawn")
        self.assertFalse(Card.objects.exists())


class TurnTests(TransactionTestCase):
    def test_a_lock_timeout_is_reported_as_busy(self):
        voice = make_published_voice()

        def hold_turn():
            with transaction.atomic():
                models.lock_drawing()
                with self.assertRaises(Busy):
                    at_once(partial(cards.card_of, voice))

        with mock.patch.object(models, "LONGEST_WAIT_MS", 100):
            hold_turn()

        self.assertTrue(cards.card_of(voice).startswith(PNG))
