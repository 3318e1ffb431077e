import re
import time
from contextlib import contextmanager
from datetime import date, timedelta
from unittest import mock

from django.conf import settings
from django.core import mail
from django.core.signing import TimestampSigner
from django.db import connection
from django.test import Client, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import addresses
from core.memory import memory
from core.public import Content
from tests.factories import (
    FORM,
    check_url,
    confirm_url,
    deliver,
    latest_submission,
    make_published_voice,
    make_signature,
    make_submission,
    not_me_url,
    sign,
    stamp,
)
from tests.voices.test_letters import shown
from voices import models
from voices.abuse import guard
from voices.flags.models import remembered_lists
from voices.letters import refusing
from voices.letters.models import RefusedAddressQuerySet
from voices.managing import changes
from voices.models import Attempt, Letter, RefusedAddress, Signature, Submission
from voices.signatures import tokens
from voices.signatures.models import Lane

DAY = 24 * 60 * 60
# NUL, non-ASCII letters, invalid UTF-8, a lone surrogate, a line feed, and a bare %.
NO_TOKENS = ["%00", "a%00b", "%C3%A9", "%FF%FE", "%ED%A0%80", "a%0Ab", "%25", "a b"]
STORED = [getattr(models, name) for name in models.__all__ if name != "AwaitingVoice"]


def everything():
    """Every row that the app stores, to detect changes."""
    return {model: list(model.objects.order_by("pk").values()) for model in STORED}


def seen(response):
    """What a visitor can observe in a response, without its random parts and times."""
    body = re.sub(
        r'name="(csrfmiddlewaretoken|started|next)" value="[^"]+"|<time .*?</time>',
        "",
        response.content.decode(),
    )
    location = re.sub(
        r"/check-your-email/[\w-]{22}/\Z",
        "/check-your-email/ref/",
        response.headers.get("Location", ""),
    )
    return response.status_code, location, body, sorted(response.headers)


@contextmanager
def days_ago(days):
    """Sign tokens as if this many days ago."""
    with mock.patch("time.time", return_value=time.time() - days * DAY):
        yield


@contextmanager
def key_rotated(*, keep_old=True):
    """A site started with a new key, with the old one among its fallbacks."""
    fallbacks = [settings.SECRET_KEY] if keep_old else []
    with override_settings(SECRET_KEY="new " * 20, SECRET_KEY_FALLBACKS=fallbacks):
        # Signers read the keys once, when the process starts.
        signers = {
            name: TimestampSigner(salt=getattr(tokens, name).salt, sep=".")
            for name in ("confirming", "refusing")
        }
        stamps = TimestampSigner(salt=guard.stamps.salt)
        with (
            mock.patch.multiple(tokens, **signers),
            mock.patch.object(guard, "stamps", stamps),
        ):
            yield


class SameForEverybodyTests(TestCase):
    """The pages don't reveal who has signed."""

    def setUp(self):
        # Some pages show relative times.
        self.now = timezone.now() + timedelta(hours=1)
        clock = mock.patch("django.utils.timezone.now", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def walk(self):
        """What a person who signs with this address sees, up to a wrong code."""
        client = Client()
        answer = sign(client, email="ana@example.com", name="Somebody")
        check = answer["Location"]
        submission = Submission.objects.filter(pk=latest_submission().pk)
        submission.update(submitted_at=self.now)
        steps = [answer, client.get(check), client.head(check)]
        steps.append(client.post(check, {"code": "000000"}))
        steps.append(client.post(check, {"code": "12"}))
        steps.append(client.post(check, {"again": "1"}))
        deliver()
        submission.update(submitted_at=self.now - timedelta(minutes=10))
        steps.append(client.get(check))
        steps.append(client.post(check, {"code": "000000"}))
        steps.append(client.post(check, {"again": "1"}))
        return [seen(step) for step in steps]

    def test_a_new_a_pending_and_a_confirmed_address_see_the_same(self):
        with mock.patch("voices.signatures.tokens.code", return_value="999999"):
            new = self.walk()
            pending = self.walk()
            latest_submission().confirm()
            confirmed = self.walk()
            RefusedAddress.objects.create(address_hash="a")
            again = self.walk()

        self.assertEqual(new, pending)
        self.assertEqual(new, confirmed)
        self.assertEqual(new, again)
        self.assertEqual(
            [status for status, *_ in new],
            [303, 200, 200, 422, 422, 429, 200, 422, 200],
        )

    def test_a_refused_address_sees_the_same(self):
        with mock.patch("voices.signatures.tokens.code", return_value="999999"):
            new = self.walk()
            self.client.post(not_me_url(latest_submission()))
            self.assertTrue(RefusedAddress.objects.exists())
            refused = self.walk()

        self.assertEqual(new, refused)

    def test_an_unlisted_and_a_name_alone_see_the_same_next_page(self):
        pages = []
        for fields in ({}, {"name_display": "unlisted"}, {"statement": ""}):
            client = Client()
            answer = sign(client, **fields)
            pages.append((seen(answer), seen(client.get(answer["Location"]))))

        self.assertEqual(pages[0], pages[1])
        self.assertEqual(pages[0], pages[2])


class StatementTests(TestCase):
    """How many statements each step takes; the sign-up besides BEGIN and COMMIT."""

    def setUp(self):
        # As in a web process, which keeps the lists for flags, the petition, and the
        # figures in memory.
        memory.drop(*Content)
        self.addCleanup(memory.drop, *Content, listening=False)
        remembered_lists()
        self.client.get("/voices/add/")

    def assert_statements(self, most, call):
        with CaptureQueriesContext(connection) as captured:
            response = call()
        statements = [
            query["sql"]
            for query in captured.captured_queries
            if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))
        ]
        self.assertEqual(len(statements), most, statements)
        return response

    def test_the_empty_form_takes_none(self):
        self.assert_statements(0, lambda: self.client.get("/voices/add/?state=OH"))

    def test_a_sign_up_takes_five(self):
        for number in range(3):
            self.assert_statements(
                5, lambda n=number: sign(self.client, email=f"ana{n}@school.example")
            )

    def test_an_alarm_takes_one_more_in_an_hour(self):
        models.Limit.objects.filter(of="network-burst").update(most=1)
        sign(self.client, email="ana@school.example")

        with self.assertLogs("voices.abuse.limits"):
            self.assert_statements(6, lambda: sign(self.client, email="bea@b.example"))
        self.assert_statements(5, lambda: sign(self.client, email="cy@c.example"))

    def test_checking_and_confirming(self):
        submission = make_submission(mailed_at=timezone.now())
        link = confirm_url(submission)

        # The submission, and how long letters wait.
        self.assert_statements(2, lambda: self.client.get(check_url(submission)))
        self.assert_statements(1, lambda: self.client.get(link))
        # The submission; its address's lock; whether it has signed or is held; voice
        # and signature; closing.
        done = self.assert_statements(6, lambda: self.client.post(link))
        self.assertEqual(done.status_code, 303)

    def test_correcting_an_address_takes_ten(self):
        sign(self.client, email="ana@wrong.example")
        submission = latest_submission()
        typed = {"correct": "1", "email": "ana@right.example", "started": stamp()}

        # The five of a sign-up; the submission, twice; the lock of its old address; its
        # letter; closing.
        answer = self.assert_statements(
            10, lambda: self.client.post(check_url(submission), typed)
        )

        self.assertEqual(answer.status_code, 303)

    def test_confirming_takes_no_more_for_every_other_form_of_the_address(self):
        sent = [make_submission(email="ana@school.example") for _ in range(20)]

        self.assert_statements(6, lambda: self.client.post(confirm_url(sent[5])))
        self.assertFalse(Submission.objects.unconfirmed().exists())


class SentTwiceTests(TestCase):
    def setUp(self):
        # Sets the CSRF cookie, as the page of the form does in a browser.
        self.client.get("/voices/add/")

    def test_a_double_press_makes_one_submission_and_one_email(self):
        first, second = sign(self.client), sign(self.client)

        self.assertEqual(second.status_code, 303)
        self.assertEqual(second["Location"], first["Location"])
        self.assertEqual(Submission.objects.count(), 1)
        self.assertEqual(Letter.objects.count(), 1)
        self.assertEqual(models.Arrival.objects.get(sender="address").count, 1)

    def test_the_form_of_a_page_that_was_loaded_again_is_the_same(self):
        sign(self.client, started=stamp(60))
        sign(self.client, started=stamp(30))

        self.assertEqual(Submission.objects.count(), 1)

    def test_changed_data_makes_a_new_submission(self):
        sign(self.client)
        for changed in ({"name": "Ana M. Reyes"}, {"state": "TX"}, {"updates": "on"}):
            sign(self.client, **changed)

        self.assertEqual(Submission.objects.count(), 4)

    def test_the_same_data_from_another_browser_is_another_submission(self):
        stranger = Client()
        stranger.get("/voices/add/")

        first, second = sign(self.client), sign(stranger)

        self.assertNotEqual(first["Location"], second["Location"])
        self.assertEqual(Submission.objects.count(), 2)

    def test_after_some_minutes_it_is_a_new_submission(self):
        first = sign(self.client)
        Submission.objects.update(submitted_at=timezone.now() - timedelta(minutes=11))

        second = sign(self.client)

        self.assertNotEqual(first["Location"], second["Location"])
        self.assertEqual(Submission.objects.count(), 2)

    def test_two_presses_after_some_minutes_make_one_new_submission(self):
        sign(self.client)
        Submission.objects.update(submitted_at=timezone.now() - timedelta(minutes=11))

        second, third = sign(self.client), sign(self.client)

        self.assertEqual(second["Location"], third["Location"])
        self.assertEqual(Submission.objects.count(), 2)

    def test_another_day_it_has_another_reference(self):
        sign(self.client)
        before = latest_submission().ref
        Submission.objects.all().delete()

        with mock.patch(
            "django.utils.timezone.localdate", return_value=date(2030, 1, 1)
        ):
            sign(self.client)

        self.assertNotEqual(latest_submission().ref, before)

    def test_it_does_not_tell_that_somebody_else_confirmed_the_address(self):
        first = sign(self.client)
        make_submission(email=FORM["email"]).confirm()

        second = sign(self.client)

        self.assertEqual(second["Location"], first["Location"])

    def test_once_confirmed_it_is_a_new_submission(self):
        sign(self.client)
        latest_submission().confirm()

        sign(self.client)

        self.assertEqual(Submission.objects.unconfirmed().count(), 1)


class SignLinkTests(TestCase):
    def test_pages_of_signing_have_no_link_to_an_empty_form(self):
        submission = make_submission(mailed_at=timezone.now())
        pages = ["/voices/add/", check_url(submission), confirm_url(submission)]
        for path in pages:
            response = self.client.get(path)

            self.assertNotContains(response, "Add your voice")


class EmptyFormTests(TestCase):
    def test_visitors_share_nothing_but_its_fields(self):
        first, second = (Client().get("/voices/add/").text for _ in range(2))
        own = r'name="(?:csrfmiddlewaretoken|started)" value="([^"]+)"'

        self.assertNotEqual(re.search(own, first)[1], re.search(own, second)[1])
        self.assertEqual(re.sub(own, "", first), re.sub(own, "", second))

    def test_a_filled_in_form_leaves_it_empty(self):
        sign(self.client, name="", city="Springfield")

        page = self.client.get("/voices/add/?state=OH")

        self.assertNotContains(page, "Springfield")
        self.assertContains(page, '<option value="OH" selected>Ohio</option>')
        other = self.client.get("/voices/add/")
        self.assertNotContains(other, '<option value="OH" selected>')


class ReadingChangesNothingTests(TestCase):
    def test_get_and_head_change_nothing(self):
        submission = make_submission(mailed_at=timezone.now())
        confirmed = make_submission(mailed_at=timezone.now())
        make_published_voice()
        refused = make_submission()
        tokens_of_all = [
            confirm_url(submission),
            not_me_url(submission),
            not_me_url(refused),
        ]
        tokens_of_all += [confirm_url(confirmed), not_me_url(confirmed)]
        confirmed.confirm()
        RefusedAddress.objects.create(
            address_hash=addresses.keyed_hash(refused.email_key)
        )
        before = everything()

        for path in [
            *tokens_of_all,
            check_url(submission),
            check_url(confirmed),
            reverse("voices:add"),
            reverse("voices:thanks"),
        ]:
            for method in (self.client.get, self.client.head):
                for _ in range(2):
                    self.assertLess(method(path).status_code, 500)
            self.client.get(path, {"again": "1", "allow": "1", "code": "000000"})
        self.assertEqual(everything(), before)
        self.assertEqual(mail.outbox, [])

    def test_other_methods_are_not_allowed(self):
        submission = make_submission()
        before = everything()

        for path in (
            confirm_url(submission),
            not_me_url(submission),
            check_url(submission),
        ):
            for method in ("put", "delete", "patch"):
                self.assertEqual(getattr(self.client, method)(path).status_code, 405)
        self.assertEqual(everything(), before)


class ConfirmTests(TestCase):
    def test_shows_exactly_what_will_appear_and_one_button(self):
        submission = make_submission(
            name_display="initial", statement="It is <b>wrong</b>."
        )

        response = self.client.get(confirm_url(submission))

        signer = "<bdi>Ana R.</bdi>, <bdi>Nurse</bdi>, <bdi>Columbus</bdi>, Ohio"
        self.assertContains(response, signer)
        self.assertContains(response, "It is &lt;b&gt;wrong&lt;/b&gt;.")
        self.assertContains(response, 'method="post"', count=1)
        for private in (submission.email, "Reyes"):
            self.assertNotContains(response, private)

    def test_tells_somebody_unlisted_that_nothing_will_appear(self):
        submission = make_submission(name_display="unlisted", statement="")

        response = self.client.get(confirm_url(submission))

        self.assertContains(response, "You asked not to be shown")
        self.assertNotContains(response, "Ana")
        self.assertNotContains(response, "Columbus")

    def test_the_button_confirms_and_everybody_is_thanked_alike(self):
        submission = make_submission()

        response = self.client.post(confirm_url(submission))

        self.assertRedirects(response, reverse("voices:thanks"), status_code=303)
        self.assertEqual(Signature.objects.count(), 1)
        self.assertContains(self.client.get(response["Location"]), "1 American")

    def test_the_button_is_protected_against_other_sites(self):
        client = Client(enforce_csrf_checks=True)

        response = client.post(confirm_url(make_submission()))

        self.assertEqual(response.status_code, 403)
        self.assertFalse(Signature.objects.exists())

    def test_a_used_link_says_so(self):
        submission = make_submission()
        self.client.post(confirm_url(submission))

        for response in (
            self.client.get(confirm_url(submission)),
            self.client.post(confirm_url(submission)),
        ):
            self.assertContains(response, "You have already confirmed this")
            self.assertNotContains(response, 'method="post"')
        self.assertEqual(Signature.objects.count(), 1)

    def test_a_form_closed_by_another_says_so_by_link_or_code(self):
        for used in (0, 1):
            for way in ("link", "posted link", "code"):
                with self.subTest(used=used, way=way):
                    Submission.objects.all().delete()
                    Signature.objects.all().delete()
                    submissions = [
                        make_submission(email="ana@example.com", mailed_at=self.now)
                        for _ in range(2)
                    ]
                    first, other = submissions[used], submissions[1 - used]
                    self.client.post(confirm_url(first))

                    response = self.open(other, way)

                    self.assertContains(response, "This form was not used")
                    self.assertNotContains(response, "address has")
                    self.assertNotContains(response, "already")
                    self.assertContains(response, reverse("voices:manage-ask"))
                    self.assertNotContains(response, "Thank you")
                    signature = Signature.objects.get()
                    self.assertEqual(signature.ref, first.ref)

    now = timezone.now()

    def open(self, submission, way):
        if way == "code":
            return self.client.post(
                check_url(submission), {"code": tokens.code(submission.ref)}
            )
        post = self.client.post if way == "posted link" else self.client.get
        return post(confirm_url(submission))

    def test_a_stranger_cannot_tell_that_a_form_was_closed(self):
        first = make_submission(email="ana@example.com", mailed_at=self.now)
        other = make_submission(email="ana@example.com", mailed_at=self.now)
        before = self.client.post(check_url(other), {"code": "000000"})
        self.client.post(confirm_url(first))

        after = self.client.post(check_url(other), {"code": "000000"})

        self.assertEqual(before.status_code, after.status_code)
        self.assertEqual(seen(before), seen(after))

    def test_the_code_of_a_withdrawn_signature_thanks_nobody(self):
        submission = make_submission(mailed_at=self.now)
        self.client.post(confirm_url(submission))
        Signature.objects.update(withdrawn_at=timezone.now())

        response = self.open(submission, "code")

        self.assertContains(response, "This signature was withdrawn", status_code=410)

    def test_quarantined_signers_are_not_told_that_they_count(self):
        submission = make_submission(suspicions=["honeypot"], name_display="unlisted")
        pages = [
            self.client.get(check_url(submission)),
            self.client.get(confirm_url(submission)),
            self.client.post(confirm_url(submission), follow=True),
            self.client.get(confirm_url(submission)),
        ]
        signature = Signature.objects.get()
        token = tokens.managing.sign(signature.ref)
        pages.append(self.client.get(reverse("voices:manage", args=[token])))

        self.assertIsNone(signature.counted_at)
        for page in pages:
            for claim in ("you are counted", "re counted", "voice is in", "re signed"):
                self.assertNotContains(page, f"{claim}")

    def test_an_expired_link_says_so_and_links_on(self):
        submission = make_submission(mailed_at=timezone.now())
        with days_ago(settings.CONFIRM_LINK_DAYS + 0.01):
            link = confirm_url(submission)

        for response in (self.client.get(link), self.client.post(link)):
            self.assertContains(response, "This link has expired", status_code=410)
            self.assertContains(response, check_url(submission), status_code=410)
        self.assertFalse(Signature.objects.exists())

    def test_a_link_works_until_it_expires(self):
        submission = make_submission(mailed_at=timezone.now())
        with days_ago(settings.CONFIRM_LINK_DAYS - 0.01):
            link = confirm_url(submission)

        self.assertEqual(self.client.post(link).status_code, 303)
        self.assertTrue(Signature.objects.exists())

    def test_the_link_of_a_withdrawn_signature_says_so(self):
        submission = make_submission()
        submission.confirm()
        Signature.objects.update(withdrawn_at=timezone.now())

        response = self.client.get(confirm_url(submission))

        self.assertContains(response, "was withdrawn", status_code=410)

    def test_a_link_never_tells_of_a_signature_withdrawn_from_another_form(self):
        submission = make_submission()
        make_submission(email=submission.email).confirm()
        Signature.objects.update(withdrawn_at=timezone.now())

        response = self.client.get(confirm_url(submission))

        self.assertNotContains(response, "withdrawn", status_code=200)

    def test_the_link_of_an_erased_signature_says_so(self):
        submission = make_submission()
        submission.confirm()
        Signature.objects.all().delete()

        response = self.client.post(confirm_url(submission))

        self.assertContains(response, "was withdrawn", status_code=410)
        self.assertFalse(Signature.objects.exists())

    def test_the_link_of_a_deleted_form_is_unknown(self):
        submission = make_submission()
        link = confirm_url(submission)
        submission.delete()

        self.assertContains(
            self.client.get(link), "We don’t recognize this link", status_code=404
        )

    def test_a_link_that_is_not_ours_is_unknown(self):
        submission = make_submission()
        token = tokens.confirming.sign(submission.ref)
        head, timestamp, signature = token.split(".")
        foreign = TimestampSigner(key="foreign", salt="voices.confirm", sep=".")
        for strange in (
            "x",
            "a:b:c",
            "." * 200,
            token[:-1],
            f"{token}x",
            f"{submission.ref}.{timestamp}.{signature[::-1]}",
            f"{head[::-1]}.{timestamp}.{signature}",
            f"{head}.zzzzzz.{signature}",
            tokens.refusing.sign(submission.ref),
            tokens.refusing.sign(f"{submission.ref}:hash"),
            foreign.sign(submission.ref),
            tokens.confirming.sign("nobody"),
        ):
            with self.subTest(ascii(strange)):
                link = reverse("voices:confirm", args=[strange])

                for response in (self.client.get(link), self.client.post(link)):
                    self.assertContains(
                        response, "We don’t recognize this link", status_code=404
                    )
        self.assertFalse(Signature.objects.exists())

    def test_malformed_tokens_are_not_found(self):
        for strange in NO_TOKENS:
            for path in (f"/voices/confirm/{strange}/", f"/voices/not-me/{strange}/"):
                for response in (self.client.get(path), self.client.post(path)):
                    self.assertEqual(response.status_code, 404, path)


class KeyRotationTests(TestCase):
    def test_a_link_that_was_mailed_before_still_works(self):
        link = confirm_url(make_submission())

        with key_rotated():
            self.assertEqual(self.client.post(link).status_code, 303)

        self.assertTrue(Signature.objects.exists())

    def test_a_code_that_was_mailed_before_still_works(self):
        submission = make_submission(mailed_at=timezone.now())
        code = tokens.code(submission.ref)

        with key_rotated():
            self.assertNotEqual(tokens.code(submission.ref), code)
            response = self.client.post(check_url(submission), {"code": code})

        self.assertEqual(response.status_code, 303)

    def test_a_refusal_still_holds(self):
        sign(self.client)
        self.client.post(not_me_url(latest_submission()))

        with key_rotated():
            sign(self.client)
            self.assertEqual(deliver(), [])

    def test_a_limit_still_holds(self):
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            sign(self.client)
            deliver()

        with key_rotated():
            sign(self.client)
            self.assertEqual(deliver(), [])

    def test_links_of_a_dropped_key_stop_working(self):
        submission = make_submission(mailed_at=timezone.now())
        link, code = confirm_url(submission), tokens.code(submission.ref)

        with key_rotated(keep_old=False):
            self.assertEqual(self.client.get(link).status_code, 404)
            response = self.client.post(check_url(submission), {"code": code})

        self.assertEqual(response.status_code, 422)


class CheckTests(TestCase):
    def setUp(self):
        sign(self.client, email="alice@example.com")
        self.submission = latest_submission()
        self.path = check_url(self.submission)

    def code(self, code):
        return self.client.post(self.path, {"code": code})

    def test_shows_the_address_masked_only(self):
        response = self.client.get(self.path)

        self.assertContains(response, "al•••@example.com")
        self.assertNotContains(response, "alice")
        self.assertNotContains(response, "Ana")

    def test_the_right_code_confirms(self):
        deliver()

        response = self.code(tokens.code(self.submission.ref))

        self.assertRedirects(response, reverse("voices:thanks"), status_code=303)
        self.assertEqual(Signature.objects.count(), 1)

    def test_a_wrong_code_says_so_and_keeps_the_input(self):
        deliver()

        response = self.code("12 34 56")

        self.assertContains(response, "That is not the code", status_code=422)
        self.assertContains(response, 'value="12 34 56"', status_code=422)
        self.assertFalse(Signature.objects.exists())

    def test_what_was_typed_is_not_shown_to_the_next_visitor(self):
        for typed in ({"code": "12 34"}, {"correct": "1", "email": "ana at home"}):
            with self.subTest(typed):
                page = self.client.post(self.path, typed)
                self.assertContains(page, list(typed.values())[-1], status_code=422)
                self.assertContains(page, "field-invalid", status_code=422)

                empty = self.client.get(self.path)
                self.assertNotContains(empty, list(typed.values())[-1])
                self.assertNotContains(empty, "field-invalid")

    def test_after_the_last_try_the_right_code_is_invalid(self):
        deliver()
        right = tokens.code(self.submission.ref)
        wrong = f"{(int(right) + 1) % 10**6:06}"
        for _ in range(settings.CODE_TRIES):
            self.assertEqual(self.code(wrong).status_code, 422)

        self.assertEqual(self.code(right).status_code, 422)
        self.assertFalse(Signature.objects.exists())

    def test_the_link_works_after_the_last_try(self):
        deliver()
        for _ in range(settings.CODE_TRIES + 1):
            self.code("000000")

        self.assertEqual(
            self.client.post(confirm_url(self.submission)).status_code, 303
        )

    def test_a_malformed_code_uses_up_no_try(self):
        deliver()
        for _ in range(10):
            self.assertEqual(self.code("12").status_code, 422)

        self.submission.refresh_from_db()
        self.assertEqual(self.submission.code_tries, 0)

    def test_the_code_of_another_form_is_invalid(self):
        deliver()
        other = make_submission(mailed_at=timezone.now())

        self.assertEqual(self.code(tokens.code(other.ref)).status_code, 422)

    def let_pass(self, **time):
        for submission in Submission.objects.all():
            submission.submitted_at -= timedelta(**time)
            if submission.asked_again_at:
                submission.asked_again_at -= timedelta(**time)
            submission.save()

    def test_the_mail_can_be_sent_again(self):
        deliver()
        self.let_pass(minutes=3)

        response = self.client.post(self.path, {"again": "1"})

        self.assertContains(response, "You asked for the message again.")
        self.assertContains(response, "You can ask again <time")
        again = deliver()
        self.assertIn(tokens.code(self.submission.ref), again[0].body)

    def test_the_mail_can_be_sent_again_only_some_minutes_apart(self):
        deliver()

        response = self.client.post(self.path, {"again": "1"})

        self.assertContains(response, "was not sent again this time", status_code=429)
        self.assertContains(response, "You can ask again <time", status_code=429)
        self.assertLessEqual(int(response["Retry-After"]), 180)
        self.assertEqual(deliver(), [])

    def test_the_mail_can_be_sent_again_a_few_times_in_all(self):
        sent = []
        for _ in range(settings.SEND_AGAIN_TIMES + 2):
            self.let_pass(hours=1)
            self.client.post(self.path, {"again": "1"})
            sent.append(len(deliver()))

        self.assertEqual(sent, [1] * settings.SEND_AGAIN_TIMES + [0, 0])
        page = self.client.get(self.path)
        self.assertContains(page, "as often as one form allows")
        self.assertNotContains(page, 'name="again"')

    def test_asking_while_a_message_waits_makes_no_second_one(self):
        self.let_pass(hours=1)

        self.client.post(self.path, {"again": "1"})

        self.assertEqual(Letter.objects.count(), 1)

    def test_a_held_form_is_mailed_in_the_slow_lane_once_somebody_asks(self):
        sign(self.client, email="bea@example.com", untouched="filled")
        submission = latest_submission()
        self.assertEqual(submission.lane, Lane.HELD)
        self.assertFalse(Letter.objects.filter(submission=submission).exists())
        self.let_pass(minutes=3)

        self.client.post(check_url(submission), {"again": "1"})

        submission.refresh_from_db()
        self.assertEqual(submission.lane, Lane.SLOW)
        letter = Letter.objects.get(submission=submission)
        self.assertEqual(letter.lane, Letter.Lane.SLOW)

    def test_asking_again_takes_the_same_queries_for_anybody(self):
        make_signature(email="bea@example.com")
        sign(self.client, email="bea@example.com")
        known = latest_submission()
        deliver()

        self.let_pass(minutes=3)
        costs = []
        for submission in (self.submission, known):
            with CaptureQueriesContext(connection) as queries:
                self.client.post(check_url(submission), {"again": "1"})
            costs.append([query["sql"].split()[0] for query in queries])

        self.assertEqual(*costs)

    def test_the_code_survives_a_lost_cookie(self):
        response = Client(enforce_csrf_checks=True).post(self.path, {"code": "12 34"})

        self.assertContains(response, 'value="12 34"', status_code=403)

    def test_sending_again_renews_an_expired_link(self):
        long_ago = timezone.now() - timedelta(days=settings.CONFIRM_LINK_DAYS + 1)
        Submission.objects.update(mailed_at=long_ago, submitted_at=long_ago)
        Letter.objects.all().delete()

        self.client.post(self.path, {"again": "1"})

        link = re.search(r"http\S+/confirm/\S+", deliver()[0].body).group()
        self.assertEqual(self.client.post(link).status_code, 303)
        self.assertTrue(Signature.objects.exists())

    def test_an_unknown_page_is_not_found(self):
        for ref in ("nobody", "x" * 300, "x" * 3000, *NO_TOKENS):
            path = f"/voices/check-your-email/{ref}/"

            self.assertEqual(self.client.get(path).status_code, 404)
            self.assertEqual(self.client.post(path, {"again": "1"}).status_code, 404)


class MailLimitTests(TestCase):
    def test_mails_per_day_are_limited(self):
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY + 2):
            sign(self.client, email="ana.reyes@gmail.com")
            sign(self.client, email="AnaReyes+more@googlemail.com")
            deliver()

        self.assertEqual(len(mail.outbox), settings.MAILS_PER_ADDRESS_PER_DAY)

    def test_asking_again_does_not_pass_the_limit(self):
        sign(self.client)
        path = check_url(latest_submission())
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY + 2):
            deliver()
            Submission.objects.update(
                submitted_at=timezone.now() - timedelta(hours=1),
                asked_again=0,
                asked_again_at=None,
            )
            self.client.post(path, {"again": "1"})
        deliver()

        self.assertEqual(len(mail.outbox), settings.MAILS_PER_ADDRESS_PER_DAY)

    def test_a_day_later_there_is_mail_again(self):
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            sign(self.client)
            deliver()
        Attempt.objects.update(at=timezone.now() - timedelta(hours=24, minutes=1))

        sign(self.client)

        self.assertEqual(len(deliver()), 1)

    def test_another_address_has_its_own_limit(self):
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            sign(self.client)
            deliver()

        sign(self.client, email="bea@example.com")

        self.assertEqual(deliver()[0].to, ["bea@example.com"])

    def test_each_form_gets_its_own_mail_in_order(self):
        cities = ("Columbus", "Dayton", "Toledo")
        for city in cities:
            sign(self.client, city=city)

        for city, message in zip(cities, deliver(), strict=True):
            self.assertIn(city, shown(self.client, message))


class NotMeTests(TestCase):
    def setUp(self):
        sign(self.client, email="ana.reyes@gmail.com")
        self.path = re.search(r"http\S+(/voices/not-me/\S+)", deliver()[0].body).group(
            1
        )
        mail.outbox.clear()

    def test_someone_who_withdrew_can_refuse_a_new_form(self):
        make_signature(email="ana@example.com", withdrawn_at=timezone.now())
        submission = make_submission(email="ana@example.com")
        link = not_me_url(submission)

        asked, done = self.client.get(link), self.client.post(link)

        self.assertContains(asked, "<button")
        self.assertEqual(done.status_code, 200)
        self.assertTrue(RefusedAddress.objects.exists())
        self.assertFalse(Submission.objects.filter(pk=submission.pk).exists())

    def test_keeps_a_signature_whose_form_was_deleted(self):
        latest_submission().confirm()
        Submission.objects.all().delete()

        response = self.client.post(self.path)

        self.assertContains(response, "already confirmed")
        self.assertFalse(RefusedAddress.objects.exists())

    def test_asks_first(self):
        response = self.client.get(self.path)

        self.assertContains(response, "Wasn’t this you?")
        self.assertTrue(Submission.objects.exists())
        for private in ("ana.reyes", "Ana Reyes", "Columbus"):
            self.assertNotContains(response, private)

    def test_deletes_every_form_that_waits_for_the_address(self):
        sign(self.client, email="anareyes@gmail.com")
        other = make_submission()

        response = self.client.post(self.path)

        self.assertContains(response, "Deleted")
        self.assertEqual(list(Submission.objects.all()), [other])
        self.assertEqual(deliver(), [])

    def test_keeps_no_address(self):
        self.client.post(self.path)

        self.assertRegex(RefusedAddress.objects.get().address_hash, r"\A[0-9a-f]{64}\Z")

    def test_the_address_is_never_mailed_again(self):
        self.client.post(self.path)

        response = sign(self.client, email="Ana.Reyes+more@GMail.com")
        self.client.post(response["Location"], {"again": "1"})

        self.assertEqual(response.status_code, 303)
        self.assertEqual(deliver(), [])

    def test_a_mail_that_waits_is_not_sent(self):
        sign(self.client, email="ana.reyes@gmail.com")

        self.client.post(self.path)

        self.assertEqual(deliver(), [])

    def test_pressing_twice_is_like_pressing_once(self):
        self.client.post(self.path)

        self.assertContains(self.client.post(self.path), "Deleted")
        self.assertContains(self.client.get(self.path), "Deleted")
        self.assertEqual(RefusedAddress.objects.count(), 1)

    def test_can_be_undone(self):
        self.client.post(self.path)

        response = self.client.post(self.path, {"allow": "1"})

        self.assertContains(response, "We can email you again")
        self.assertFalse(RefusedAddress.objects.exists())
        sign(self.client, email="ana.reyes@gmail.com")
        self.assertEqual(len(deliver()), 1)

    def test_can_be_undone_after_a_key_rotation(self):
        self.client.post(self.path)

        with key_rotated():
            self.client.post(self.path, {"allow": "1"})
            sign(self.client, email="ana.reyes@gmail.com")

        self.assertEqual(len(deliver()), 1)

    def test_it_deletes_no_signature(self):
        latest_submission().confirm()

        for response in (self.client.get(self.path), self.client.post(self.path)):
            self.assertContains(response, "already confirmed")
        self.assertTrue(Signature.objects.exists())
        self.assertFalse(RefusedAddress.objects.exists())

    def test_a_link_that_is_not_ours_is_unknown(self):
        submission = latest_submission()
        for strange in ("x", tokens.confirming.sign(submission.ref), "." * 99):
            path = reverse("voices:not-me", args=[strange])

            for response in (self.client.get(path), self.client.post(path)):
                self.assertContains(
                    response, "We don’t recognize this link", status_code=404
                )
        self.assertTrue(Submission.objects.exists())

    def test_the_link_expires_with_the_one_that_confirms(self):
        for days in (settings.CONFIRM_LINK_DAYS + 1, 400):
            with days_ago(days):
                path = not_me_url(latest_submission())

            for response in (
                self.client.get(path),
                self.client.post(path),
                self.client.post(path, {"allow": "1"}),
            ):
                self.assertContains(response, "has expired", status_code=410)
        self.assertTrue(Submission.objects.exists())
        self.assertFalse(RefusedAddress.objects.exists())

    def test_the_link_works_until_then(self):
        with days_ago(settings.CONFIRM_LINK_DAYS - 1):
            path = not_me_url(latest_submission())

        self.assertContains(self.client.post(path), "Deleted")
        self.assertFalse(Submission.objects.exists())

    def test_finds_a_signature_made_from_another_form(self):
        Submission.objects.all().delete()
        make_signature(email="anareyes@gmail.com")

        for response in (self.client.get(self.path), self.client.post(self.path)):
            self.assertContains(response, "This request was not confirmed")
            self.assertNotContains(response, "Deleted")
        self.assertFalse(RefusedAddress.objects.exists())

    def test_does_not_say_that_another_form_was_confirmed(self):
        sign(self.client, email="anareyes@gmail.com")
        latest_submission().confirm()

        for response in (self.client.get(self.path), self.client.post(self.path)):
            self.assertContains(response, "This request was not confirmed")
            self.assertContains(response, reverse("voices:manage-ask"))
            self.assertNotContains(response, "already confirmed")
        allowed = self.client.post(self.path, {"allow": "1"})
        self.assertNotContains(allowed, "your signature")

    def test_says_so_if_the_address_signs_just_before_the_button_is_pressed(self):
        def sign_first(queryset, *args):
            latest_submission().confirm()
            return False

        with mock.patch.object(RefusedAddressQuerySet, "refuse", sign_first):
            response = self.client.post(self.path)

        self.assertContains(response, "already confirmed")

    def test_finds_a_signature_across_a_key_rotation(self):
        make_signature(email="ana.reyes@gmail.com")
        submission = latest_submission()

        with key_rotated():
            token = tokens.refusing.sign(refusing.subject(submission))
            path = reverse("voices:not-me", args=[token])
            Submission.objects.all().delete()
            self.assertContains(self.client.post(path), "was not confirmed")

        self.assertFalse(RefusedAddress.objects.exists())

    def test_finds_a_signature_made_from_another_form_after_a_key_rotation(self):
        with key_rotated():
            make_signature(email="ana.reyes@gmail.com")

            self.assertContains(self.client.post(self.path), "was not confirmed")

    def test_an_address_may_be_refused_again_once_its_signature_is_erased(self):
        signature = make_signature(email="ana.reyes@gmail.com")
        changes.erase(signature)

        self.assertContains(self.client.post(self.path), "Deleted")
        self.assertTrue(RefusedAddress.objects.exists())

    def test_a_signer_can_leave_the_suppression_list(self):
        latest_submission().confirm()
        key = addresses.canonical("ana.reyes@gmail.com")
        RefusedAddress.objects.remember(addresses.keyed_hash(key))

        self.assertContains(self.client.get(self.path), "on our do-not-email list")
        response = self.client.post(self.path, {"allow": "1"})

        self.assertContains(response, "You’ll get email about your signature again")
        self.assertFalse(RefusedAddress.objects.exists())
        self.assertTrue(Signature.objects.exists())


class PrivatePagesTests(TestCase):
    def test_pages_with_a_form_or_a_token_are_not_cached(self):
        submission = make_submission()
        for path in (
            reverse("voices:add"),
            check_url(submission),
            confirm_url(submission),
            not_me_url(submission),
            reverse("voices:thanks"),
            "/voices/confirm/x/",
            "/voices/not-me/x/",
        ):
            with self.subTest(path):
                response = self.client.get(path)

                self.assertIn("no-store", response["Cache-Control"])
                self.assertNotIn("public", response["Cache-Control"])
                self.assertNotIn("ETag", response)
                self.assertEqual(response["Referrer-Policy"], "same-origin")

    def test_pages_with_a_token_are_not_indexed(self):
        submission = make_submission()
        for path in (
            check_url(submission),
            confirm_url(submission),
            not_me_url(submission),
            "/voices/confirm/x/",
            "/voices/not-me/x/",
        ):
            response = self.client.get(path)

            self.assertIn(
                '<meta name="robots" content="noindex">', response.content.decode()
            )

    def test_pages_with_a_form_set_only_the_csrf_cookie(self):
        submission = make_submission()
        for path in (
            reverse("voices:add"),
            check_url(submission),
            confirm_url(submission),
        ):
            self.assertEqual(list(Client().get(path).cookies), ["csrftoken"])
        self.assertEqual(list(Client().get(reverse("voices:thanks")).cookies), [])

    def test_a_signer_is_thanked_without_a_name(self):
        make_signature(name="Ana Reyes")

        response = self.client.get(reverse("voices:thanks"))

        self.assertContains(response, "1 American</span> has signed")
        self.assertNotContains(response, "Ana")
