from datetime import timedelta

from django.conf import settings
from django.test import SimpleTestCase, TestCase
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_signature, make_submission
from voices.models import Letter, RefusedAddress, Signature, Submission, Voice
from voices.signatures import tokens
from voices.signatures.models import shown_name
from voices.tasks import forget


class ShownNameTests(SimpleTestCase):
    def test_follows_the_signer_s_choice(self):
        for display, shown in {
            "full": "Ana María Reyes",
            "initial": "Ana R.",
            "first": "Ana",
            "unlisted": "",
        }.items():
            self.assertEqual(shown_name("Ana María Reyes", display), shown)

    def test_a_single_name_has_no_initial(self):
        self.assertEqual(shown_name("Ana", "initial"), "Ana")

    # Without commas, because "Reyes, Ana" puts the first name after the comma.
    @given(
        st.text(st.characters(exclude_characters=","), min_size=1).filter(str.strip),
        st.sampled_from(["initial", "first"]),
    )
    def test_never_shows_the_whole_of_a_last_name(self, name, display):
        shown = shown_name(f"Ana {name} Reyes", display)

        self.assertNotIn("Reyes", shown)
        self.assertIn(shown, {"Ana", "Ana R."})


class ConfirmTests(TestCase):
    def test_makes_a_signature_that_counts_and_a_voice_that_waits(self):
        submission = make_submission(
            name="Ana Reyes", name_display="initial", updates=True
        )

        submission.confirm()

        signature = Signature.objects.get()
        self.assertEqual(signature.email_key, submission.email_key)
        self.assertEqual(signature.city, "Columbus")
        for name in ("consent_text", "consent_version", "privacy_text"):
            self.assertTrue(getattr(signature, name))
            self.assertEqual(getattr(signature, name), getattr(submission, name))
        self.assertEqual(signature.privacy_version, submission.privacy_version)
        self.assertEqual(signature.consent_at, submission.consent_at)
        self.assertEqual(signature.submitted_at, submission.submitted_at)
        self.assertTrue(signature.updates)
        self.assertIsNotNone(signature.counted_at)
        self.assertEqual(signature.voice.name, "Ana R.")
        self.assertEqual(signature.voice.profession_group, "health-care")
        self.assertEqual(signature.voice.statement_as_sent, submission.statement)
        self.assertIsNotNone(signature.voice.review_since)
        self.assertFalse(signature.voice.is_published)

    def test_somebody_unlisted_has_no_voice(self):
        make_submission(name_display="unlisted", statement="").confirm()

        self.assertIsNone(Signature.objects.get().voice)
        self.assertFalse(Voice.objects.exists())

    def test_empties_every_form_of_the_address_and_of_no_other(self):
        older = make_submission(email="ana@example.com")
        newer = make_submission(email="ANA@example.com")
        other = make_submission()

        newer.confirm()

        for submission in (older, newer):
            submission.refresh_from_db()
            self.assertEqual(submission.signature, Signature.objects.get())
            self.assertIsNotNone(submission.confirmed_at)
            for field in (
                "name",
                "email",
                "email_key",
                "city",
                "statement",
                "consent_text",
                "privacy_text",
            ):
                self.assertEqual(getattr(submission, field), "", field)
        other.refresh_from_db()
        self.assertIsNone(other.confirmed_at)
        self.assertTrue(other.email)

    def test_confirming_twice_is_confirming_once(self):
        submission = make_submission()

        submission.confirm()
        submission.confirm()

        self.assertEqual(Signature.objects.count(), 1)
        self.assertEqual(Voice.objects.count(), 1)

    def test_an_address_that_has_signed_keeps_its_signature(self):
        signature = make_signature(email="ana@example.com", name="Ana Reyes")
        submission = make_submission(email="ana@example.com", name="Somebody Else")

        submission.confirm()

        self.assertEqual(Signature.objects.get(), signature)
        self.assertEqual(Signature.objects.get().name, "Ana Reyes")
        submission.refresh_from_db()
        self.assertEqual(submission.signature, signature)

    def test_a_form_deleted_concurrently_makes_nothing(self):
        submission = make_submission()
        Submission.objects.all().delete()

        submission.confirm()

        self.assertFalse(Signature.objects.exists())


class CodeTests(TestCase):
    def test_the_code_is_six_digits_and_the_form_s_own(self):
        codes = {tokens.code(make_submission().ref) for _ in range(20)}

        self.assertGreater(len(codes), 15)
        for code in codes:
            self.assertRegex(code, r"\A[0-9]{6}\Z")

    def test_tries_are_limited(self):
        submission = make_submission(mailed_at=timezone.now())
        for _ in range(settings.CODE_TRIES):
            self.assertFalse(submission.try_code("wrong"))

        self.assertFalse(submission.try_code(tokens.code(submission.ref)))
        submission.refresh_from_db()
        self.assertEqual(submission.code_tries, settings.CODE_TRIES)

    def test_the_code_of_an_unmailed_form_is_invalid(self):
        submission = make_submission()

        self.assertFalse(submission.try_code(tokens.code(submission.ref)))

    def test_the_code_is_valid_for_as_long_as_the_link(self):
        days = timedelta(days=settings.CONFIRM_LINK_DAYS)
        minute = timedelta(minutes=1)
        fresh = make_submission(mailed_at=timezone.now() - days + minute)
        late = make_submission(mailed_at=timezone.now() - days - minute)

        self.assertTrue(fresh.try_code(tokens.code(fresh.ref)))
        self.assertFalse(late.try_code(tokens.code(late.ref)))


class ForgetTests(TestCase):
    def setUp(self):
        self.now = timezone.now()
        self.long_ago = self.now - timedelta(days=settings.UNCONFIRMED_KEPT_DAYS + 1)

    def test_only_stale_forms_are_deleted(self):
        make_submission(submitted_at=self.long_ago)
        make_submission(submitted_at=self.long_ago, mailed_at=self.long_ago)
        kept = [
            make_submission(),
            make_submission(submitted_at=self.long_ago, mailed_at=self.now),
        ]

        forget(timestamp=0)

        self.assertCountEqual(Submission.objects.all(), kept)

    def test_a_signature_outlives_its_form(self):
        submission = make_submission(submitted_at=self.long_ago)
        submission.confirm()

        forget(timestamp=0)

        self.assertFalse(Submission.objects.exists())
        self.assertTrue(Signature.objects.exists())

    def test_old_letters_are_deleted_and_refusals_are_not(self):
        long_ago = self.now - timedelta(days=settings.MAIL_LOG_KEPT_DAYS + 1)
        for when in (long_ago, self.now):
            Letter.objects.create(
                kind=Letter.Kind.CONFIRM,
                submission=make_submission(),
                address_hash="a",
                queued_at=when,
                sent_at=when,
            )
        RefusedAddress.objects.create(address_hash="b", refused_at=long_ago)

        forget(timestamp=0)

        self.assertEqual(Letter.objects.get().queued_at, self.now)
        self.assertTrue(RefusedAddress.objects.exists())
