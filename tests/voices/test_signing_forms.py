import re
from datetime import date, timedelta

from django.conf import settings
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape

from core.memory import memory
from core.public import Content
from tests.factories import (
    FORM,
    STATEMENT,
    latest_submission,
    make_signature,
    make_submission,
    sign,
)
from voices.models import Arrival, Letter, Submission
from voices.signing import agreements
from voices.signing.agreements import (
    CONSENT_TEXT,
    CONSENT_VERSION,
    PRIVACY_TEXT,
    PRIVACY_VERSION,
)
from voices.signing.forms import CodeForm

FORM_TYPE = "application/x-www-form-urlencoded"
EMAIL = "Enter an email address in the form name@example.com"
FORMULA = "can’t begin with “"
ADDRESS = "here, not an email or web address"
CONTROL = "Please remove the character that other people’s devices can’t show"
NOT_TEXT = "Some characters were garbled"
ONE_LINE = "Please keep this on one line"

# Never to be changed, only added to.
AGREED = {
    "2026-11-22": "I am 18 or older and these are my own words. I agree that they are "
    "published with my name as chosen above, my city, state and profession, unless I "
    "chose not to be shown. I have read the privacy notice and agree to it.",
    "2026-11-28": "I am 18 or older and these are my own words. I agree that they are "
    "published with my name as chosen above, my city, state, and profession, unless I "
    "chose not to be shown.",
    "2026-11-28.2": "I am 18 or older, and I sign in my own name and words. I agree "
    "that they are published as I choose below, with my city, state, and profession, "
    "unless I choose not to be shown.",
}
AGREED_PRIVACY = {
    "2026-11-28": "I have read the privacy notice of November 28, 2026, and agree to "
    "it.",
    "2026-11-29": "I have read the privacy notice of November 29, 2026, and agree to "
    "it.",
}
REFUSED = [
    ("name", "", "Enter your name"),
    ("name", "   ", "Enter your name"),
    ("name", "ana@example.com", ADDRESS),
    ("name", "https://example.org", ADDRESS),
    ("name", "www.example.org", ADDRESS),
    ("name", "=HYPERLINK(A1)", FORMULA),
    ("name", "+1 614", FORMULA),
    ("name", "-Ana", FORMULA),
    ("name", "\t=1+1", FORMULA),
    ("name", "12345", "Enter a name with letters in it"),
    ("name", "Ana <b>Reyes</b>", "Leave the characters &lt;"),
    ("name", "Ana\x00Reyes", ""),
    ("name", "Ana\ufffd", NOT_TEXT),
    ("name", "\u3164\u00ad\u034f", "Enter your name"),
    ("name", "Ana \ue000", CONTROL),
    ("name", "Ana\u0378", CONTROL),
    ("name", "＝HYPERLINK(A1)", FORMULA),
    ("email", '"ana"@example.com', EMAIL),
    ("email", '"\\ana"@example.com', EMAIL),
    ("email", '"\x01x"@example.com', EMAIL),
    ("email", "ana@localhost", EMAIL),
    ("name", "Ana\r\nBcc: everybody@example.com", ""),
    ("name", "Ana\r\nReyes", ONE_LINE),
    ("name", "A" * 101, "at most 100 characters"),
    ("name_display", "", "Choose how your name should appear"),
    ("name_display", "loud", "Choose one of the ways shown here"),
    ("email", "", EMAIL),
    ("email", "ana", EMAIL),
    ("email", "ana@", EMAIL),
    ("email", "ana@example", EMAIL),
    ("email", "ana@example..com", EMAIL),
    ("email", "ana@-example.com", EMAIL),
    ("email", "ana@xn--a.com", "can’t receive email"),
    ("email", "ana@example.com\r\nBcc: everybody@example.com", EMAIL),
    ("email", "ana@example.com, bea@example.com", EMAIL),
    ("email", "ana\x00@example.com", ""),
    ("email", "a" * 250 + "@example.com", ""),
    ("email", "a" * 65 + "@example.com", "has 65 characters"),
    ("email", "josé@example.com", "with accents"),
    ("city", "=Columbus", FORMULA),
    ("city", "www.example.org", ADDRESS),
    ("city", "Col\x00umbus", ""),
    ("city", "C" * 81, "at most 80 characters"),
    ("state", "", "Choose your state, or D.C."),
    ("state", "XX", "Choose a state from the list"),
    ("state", "Ontario", "Choose a state from the list"),
    ("state", "\x00", "Choose a state from the list"),
    ("profession", "=cmd", FORMULA),
    ("profession", "nurse@example.com", ADDRESS),
    ("profession", "Nurse\x0bPractitioner\x00", ""),
    ("profession", "P" * 81, "at most 80 characters"),
    ("statement", "x" * 601, "at most 600 characters"),
    ("statement", "It is\x00 wrong.", ""),
    ("statement", "It is \ufffd wrong.", NOT_TEXT),
    ("statement", "It is \ue000 wrong.", CONTROL),
    ("statement", "It is a" + "\u0336" * 9, "more than 8 accents"),
    ("consent", None, "Check the box to agree"),
    ("privacy", None, "Read the privacy notice, and check the box"),
    ("privacy", "false", "Read the privacy notice, and check the box"),
]


class RefusedTests(TestCase):
    def test_each_is_refused_by_its_field_and_nothing_is_stored(self):
        for field, value, message in REFUSED:
            with self.subTest(field=field, value=value and ascii(value[:30])):
                response = sign(self.client, **{field: value})

                self.assertEqual(response.status_code, 422)
                self.assertEqual(list(response.context["form"].errors), [field])
                for error in response.context["form"].errors[field]:
                    self.assertContains(response, escape(error), status_code=422)
                self.assertIn(message, str(response.context["form"].errors[field]))
                self.assertIn("no-store", response["Cache-Control"])
        self.assertFalse(Submission.objects.exists())
        self.assertFalse(Letter.objects.exists())

    def test_the_message_is_by_the_field_and_in_the_summary(self):
        response = sign(self.client, name="")

        self.assertContains(response, "There is a problem", status_code=422)
        self.assertContains(
            response,
            '<a href="#id_name">Enter your name</a>',
            status_code=422,
            html=True,
        )
        self.assertContains(response, 'aria-invalid="true"', count=1, status_code=422)
        self.assertContains(response, 'id="id_name_error"', count=1, status_code=422)
        self.assertContains(
            response, "<title>Error: Sign to end qualified immunity", status_code=422
        )

    def test_an_error_page_keeps_all_input(self):
        response = sign(
            self.client,
            name="Ana “Nan” Reyes",
            email="not an address",
            name_display="initial",
            statement="First.\r\n\r\n<b>Second</b> & last.",
            updates="on",
        )

        for kept in (
            'value="Ana “Nan” Reyes"',
            'value="not an address"',
            'value="Columbus"',
            'value="Nurse"',
            "First.\r\n\r\n&lt;b&gt;Second&lt;/b&gt; &amp; last.",
        ):
            self.assertContains(response, kept, status_code=422)
        page = response.content.decode()
        self.assertRegex(page, r'<option value="OH"[^>]* selected')
        self.assertRegex(page, r'value="initial"[^>]* checked')
        form = response.context["form"]
        self.assertTrue(form["consent"].value())
        self.assertTrue(form["privacy"].value())
        self.assertTrue(form["updates"].value())

    def test_an_unchecked_box_keeps_all_input_and_the_other_box(self):
        for name, other in (("consent", "privacy"), ("privacy", "consent")):
            with self.subTest(name):
                response = sign(self.client, **{name: None})

                form = response.context["form"]
                for field, value in FORM.items():
                    if field not in (name, other):
                        self.assertEqual(form[field].value(), value)
                self.assertTrue(form[other].value())
                self.assertFalse(form[name].value())

    def test_an_error_page_keeps_the_statement_of_an_unlisted_signer(self):
        response = sign(self.client, name_display="unlisted", email="")

        self.assertContains(response, FORM["statement"], status_code=422)

    def test_undecodable_bytes_are_refused_by_their_field(self):
        for body in (
            b"name=Jos%E9&email=ana%40example.com",
            b"name=Jos\xe9&email=ana%40example.com",
            b"name=%ED%A0%80Ana",
            b"name=%FF%FEAna",
            b"name=Ana%C0%80",
        ):
            with self.subTest(body):
                response = self.client.generic(
                    "POST", reverse("voices:add"), body, FORM_TYPE
                )

                self.assertContains(response, NOT_TEXT, status_code=422)
        self.assertFalse(Submission.objects.exists())

    def test_a_part_in_another_charset_is_read_as_utf_8(self):
        # Lone surrogates, which UTF-7 and UTF-16 can encode.
        for charset, value in (("utf-7", b"+2AA-Ana"), ("utf-16-le", b"\x00\xd8A\x00")):
            body = (
                b'--x\r\nContent-Disposition: form-data; name="name"\r\n'
                b"Content-Type: text/plain; charset=%s\r\n\r\n%s\r\n--x--\r\n"
                % (charset.encode(), value)
            )
            for whole in ("", f"; charset={charset}"):
                with self.subTest(charset=charset, whole=whole):
                    response = self.client.generic(
                        "POST",
                        reverse("voices:add"),
                        body,
                        f"multipart/form-data; boundary=x{whole}",
                    )

                    self.assertEqual(response.status_code, 400 if whole else 422)
        self.assertFalse(Submission.objects.exists())

    def test_another_content_type_is_treated_as_an_empty_form(self):
        response = self.client.generic(
            "POST", reverse("voices:add"), b'{"name": "Ana"}', "application/json"
        )

        self.assertContains(response, "Enter your name", status_code=422)

    def test_unknown_fields_change_nothing(self):
        sign(
            self.client,
            confirmed_at="2026-01-01",
            email_key="other@example.com",
            code_tries="-9",
            ref="mine",
        )

        submission = latest_submission()
        self.assertIsNone(submission.confirmed_at)
        self.assertEqual(submission.email_key, "ana@example.com")
        self.assertEqual(submission.code_tries, 0)
        self.assertNotEqual(submission.ref, "mine")


class AcceptedTests(TestCase):
    def test_stores_the_input_cleaned(self):
        response = sign(
            self.client,
            name="  Jose\u0301   Reyes ",
            email=" Ana.Reyes@Example.com ",
            statement="  One.\r\n\r\n\r\n\r\nTwo.  ",
            updates="on",
        )

        self.assertEqual(response.status_code, 303)
        submission = latest_submission()
        self.assertEqual(submission.name, "José Reyes")
        self.assertEqual(submission.email, "Ana.Reyes@Example.com")
        self.assertEqual(submission.email_key, "ana.reyes@example.com")
        self.assertEqual(submission.statement, "One.\n\nTwo.")
        self.assertTrue(submission.updates)
        self.assertIsNone(submission.confirmed_at)

    def test_stores_both_agreements_with_their_versions_and_time(self):
        sign(self.client)

        submission = latest_submission()
        self.assertEqual(submission.consent_version, CONSENT_VERSION)
        self.assertTrue(submission.consent_text.endswith(CONSENT_TEXT))
        self.assertEqual(submission.privacy_version, PRIVACY_VERSION)
        self.assertEqual(submission.privacy_text, PRIVACY_TEXT)
        self.assertLess(timezone.now() - submission.consent_at, timedelta(minutes=1))

    def test_the_stored_agreements_are_the_ones_shown(self):
        response = self.client.get(reverse("voices:add"))

        self.assertContains(response, CONSENT_TEXT)
        self.assertContains(response, PRIVACY_TEXT)

    def test_wordings_that_people_have_agreed_to_are_kept_word_for_word(self):
        # Equal dicts: a new version has to be added above, too.
        self.assertEqual(agreements.CONSENT_TEXTS, AGREED)
        self.assertEqual(agreements.PRIVACY_TEXTS, AGREED_PRIVACY)

    def test_the_box_names_the_version_of_the_privacy_notice(self):
        day = date_format(date.fromisoformat(PRIVACY_VERSION), "F j, Y")
        notice = settings.BASE_DIR / "faq" / "content" / "pages" / "privacy.md"

        self.assertIn(f"This is the version of {day}.", notice.read_text())
        self.assertIn(f"the privacy notice of {day},", PRIVACY_TEXT)

    def test_optional_fields_are_optional(self):
        response = sign(
            self.client, city=None, profession=None, statement=None, updates=None
        )

        self.assertEqual(response.status_code, 303)
        self.assertFalse(latest_submission().updates)

    def test_the_form_asks_for_no_zip_code(self):
        self.assertNotContains(self.client.get(reverse("voices:add")), "zip_code")

        self.assertEqual(sign(self.client, zip_code="4321").status_code, 303)

    def test_an_unlisted_signer_stores_no_statement(self):
        sign(self.client, name_display="unlisted", statement="Not to be kept.")

        self.assertEqual(latest_submission().statement, "")

    def test_a_statement_may_fill_its_length(self):
        for statement in ("x" * 600, "é" * 600, "e\u0301" * 600, "😀" * 600):
            response = sign(self.client, statement=statement)

            self.assertEqual(response.status_code, 303)

    def test_line_ends_of_a_browser_count_as_one_character(self):
        response = sign(self.client, statement="x\r\n" * 299 + "xx")

        self.assertEqual(response.status_code, 303)

    def test_names_of_all_kinds_are_names(self):
        for name in ("O’Neil", "李小龍", "محمد", "Dr. Ana-María de la Cruz, Jr."):
            self.assertEqual(sign(self.client, name=name).status_code, 303, name)


class SigningClosedTests(TestCase):
    @override_settings(SIGNING_OPEN=False)
    def test_says_so_and_stores_nothing(self):
        for response in (self.client.get(reverse("voices:add")), sign(self.client)):
            self.assertContains(response, "Signing is closed", status_code=503)
            self.assertIn("no-store", response["Cache-Control"])
        self.assertFalse(Submission.objects.exists())

    @override_settings(SIGNING_OPEN=False)
    def test_shows_the_input(self):
        strict = Client(enforce_csrf_checks=True)
        for client, status in ((self.client, 503), (strict, 403)):
            response = sign(client, name="Ana <b>", statement="First.\nSecond.")

            self.assertContains(response, "What you typed", status_code=status)
            self.assertContains(response, "First.<br>Second.", status_code=status)
            self.assertContains(response, "Ana &lt;b&gt;", status_code=status)

    @override_settings(SIGNING_OPEN=False)
    def test_shows_no_input_if_there_was_none(self):
        for response in (
            self.client.get(reverse("voices:add")),
            self.client.post(reverse("voices:add"), {"name": "", "statement": ""}),
        ):
            self.assertNotContains(response, "What you typed", status_code=503)

    @override_settings(SIGNING_OPEN=False)
    def test_an_earlier_form_can_be_confirmed(self):
        submission = make_submission()

        response = self.client.get(reverse("voices:check", args=[submission.ref]))

        self.assertEqual(response.status_code, 200)


class SuggestionTests(TestCase):
    """A near miss of a common mail host is asked about once, and never refused."""

    TYPED, MEANT = "ana@gmial.com", "ana@gmail.com"

    def test_a_near_miss_is_asked_about_before_anything_is_stored_or_counted(self):
        response = sign(self.client, email=self.TYPED)

        self.assertContains(
            response, f"Did you mean <b>{self.MEANT}</b>?", status_code=422
        )
        self.assertContains(response, f'value="{self.TYPED}"', status_code=422)
        self.assertContains(response, "<title>Please check: ", status_code=422)
        self.assertNotContains(response, "aria-invalid", status_code=422)
        self.assertContains(response, STATEMENT, status_code=422)
        self.assertFalse(Submission.objects.exists())
        self.assertFalse(Letter.objects.exists())
        self.assertFalse(Arrival.objects.exists())

    def test_asking_takes_no_statement_about_the_address(self):
        memory.drop(*Content, listening=True)
        self.addCleanup(memory.drop, *Content, listening=False)
        self.client.get("/voices/add/")

        with self.assertNumQueries(0):
            sign(self.client, email=self.TYPED)

    def test_yes_uses_the_suggested_address(self):
        response = sign(self.client, email=self.TYPED, email_suggestion="use")

        self.assertEqual(response.status_code, 303)
        self.assertEqual(latest_submission().email, self.MEANT)
        count = Arrival.objects.get(sender=Arrival.Sender.ADDRESS).count
        self.assertEqual(count, 1)

    def test_no_keeps_the_typed_address(self):
        response = sign(self.client, email=self.TYPED, email_suggestion="keep")

        self.assertEqual(response.status_code, 303)
        self.assertEqual(latest_submission().email, self.TYPED)

    def seen(self, response):
        return response.context["form"]["suggestion_seen"].value()

    def test_another_button_keeps_it_too(self):
        asked = sign(self.client, email=self.TYPED)

        sign(self.client, email=self.TYPED, suggestion_seen=self.seen(asked))

        self.assertEqual(latest_submission().email, self.TYPED)

    def test_after_no_the_form_never_asks_again(self):
        kept = sign(self.client, email=self.TYPED, email_suggestion="keep", name="")

        self.assertNotContains(kept, "Did you mean", status_code=422)
        seen = self.seen(kept)
        sign(self.client, email="ana@yaho.com", suggestion_seen=seen)
        self.assertEqual(latest_submission().email, "ana@yaho.com")

    def test_another_near_miss_is_asked_about(self):
        asked = sign(self.client, email=self.TYPED)

        other = sign(
            self.client, email="ana@yaho.com", suggestion_seen=self.seen(asked)
        )

        self.assertContains(other, "ana@yahoo.com", status_code=422)

    def test_it_is_asked_along_with_errors(self):
        response = sign(self.client, email=self.TYPED, name="", consent=None)

        self.assertContains(response, "Did you mean", status_code=422)
        self.assertContains(response, "Enter your name", status_code=422)

    def test_yes_shows_the_suggested_address_if_something_else_is_wrong(self):
        response = sign(self.client, email=self.TYPED, email_suggestion="use", name="")

        self.assertContains(response, f'value="{self.MEANT}"', status_code=422)
        self.assertNotContains(response, "Did you mean", status_code=422)

    def test_a_known_and_an_unknown_address_are_asked_alike(self):
        make_signature(email=self.MEANT)

        known = sign(self.client, email=self.TYPED)
        unknown = sign(self.client, email=self.TYPED.replace("ana", "bea"))

        for response in (known, unknown):
            self.assertContains(response, "Did you mean", status_code=422)

    def test_enter_in_a_field_presses_no_button_of_the_suggestion(self):
        page = sign(self.client, email=self.TYPED).text

        first = re.search(r"<form class=.*?<button ([^>]*)>", page, re.DOTALL)[1]
        self.assertNotIn("email_suggestion", first)

    def test_odd_answers_are_no_answers(self):
        for answer in ("", "USE", "x" * 5000, "\x00"):
            response = sign(self.client, email=self.TYPED, email_suggestion=answer)
            self.assertEqual(response.status_code, 422, answer)
        sign(self.client, email="ana@example.com", email_suggestion="use")
        self.assertEqual(latest_submission().email, "ana@example.com")


class SecondStepTests(TestCase):
    CLOSED, OPEN = '<details class="second-step">', '<details class="second-step" open>'
    FIRST = {"city": "", "profession": "", "statement": ""}

    def test_it_is_closed_at_first_and_when_nothing_is_in_it(self):
        self.assertContains(self.client.get("/voices/add/"), self.CLOSED)

        page = sign(self.client, **self.FIRST, name="")

        self.assertContains(page, self.CLOSED, status_code=422)

    def test_it_is_open_if_it_has_a_value_or_an_error(self):
        for fields in (
            {"city": "Columbus"},
            {"statement": "My words."},
            {"name_display": "first"},
            {"profession": "www.example.org"},
        ):
            page = sign(self.client, **self.FIRST | fields, name="")
            self.assertContains(page, self.OPEN, status_code=422)

    def test_the_first_step_alone_signs(self):
        first = ["name", "email", "state", "consent", "privacy", "name_display"]
        alone = {name: None for name in FORM if name not in first}

        self.assertEqual(sign(self.client, **alone).status_code, 303)


class CodeFormTests(TestCase):
    def test_takes_six_digits_however_they_are_grouped(self):
        for typed in ("123456", " 123 456 ", "123-456", "1 2 3 4 5 6"):
            form = CodeForm({"code": typed})

            self.assertTrue(form.is_valid(), typed)
            self.assertEqual(form.cleaned_data["code"], "123456")

    def test_refuses_anything_else(self):
        for typed in ("", "12345", "1234567", "12345a", "\x00", "1" * 30):
            self.assertFalse(CodeForm({"code": typed}).is_valid(), typed)
