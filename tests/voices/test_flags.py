import re
from contextlib import contextmanager
from html import unescape
from time import process_time

from django.contrib.auth import get_user_model
from django.test import Client, SimpleTestCase, TestCase
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from operations import warm
from tests.committed import CommittedTestCase, wait_for
from tests.factories import (
    FORM,
    approve_edit,
    latest_submission,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
    sign,
)
from voices.flags import find, kinds
from voices.flags.rules import LISTED, watching
from voices.managing.changes import correct
from voices.models import FlagRule, Submission, Voice, WatchedWord
from voices.moderation import decide, flagging

QUEUE = reverse("admin:voices_awaitingvoice_changelist")
VOICES = reverse("admin:voices_voice_changelist")
TEXT = "The same words that a group sent in."

HOLDS = {
    "phone": {
        "Call 555-010-9999.": "555-010-9999",
        "(555) 010-9999": "(555) 010-9999",
        "+1 555.010.9999": "+1 555.010.9999",
        "1-800-555-0199": "1-800-555-0199",
        "2125550199": "2125550199",
        "555 – 010 – 9999": "555 – 010 – 9999",
        "Just call me at 555-0199.": "555-0199",
        "My number is 555.0199": "555.0199",
        "+44 20 7946 0958": "+44 20 7946 0958",
    },
    "email": {
        "I am ana.reyes+x@mail.example.com.": "ana.reyes+x@mail.example.com",
        "<ana@example.co.uk>": "ana@example.co.uk",
        "ana (at) example (dot) com": "ana (at) example (dot) com",
        "ana [at] example.com": "ana [at] example.com",
        "ana at example dot com": "ana at example dot com",
    },
    "street-address": {
        "at 1600 Pennsylvania Avenue NW": "1600 Pennsylvania Avenue",
        "12 St. Charles Street, Apt 4B": "12 St. Charles Street, Apt 4B",
        "350 5th Ave": "350 5th Ave",
        "12 Oak Ave., Apt. 4": "12 Oak Ave., Apt. 4",
        "100 State Street": "100 State Street",
        "44 Elm St. He came": "44 Elm St",
        "123 N. High St, Columbus": "123 N. High St",
        "1 Martin Luther King Jr. Blvd": "1 Martin Luther King Jr. Blvd",
        "at 2014 Oak Court": "2014 Oak Court",
        "i live at 123 main street": "123 main street",
        "4500 Highway 12": "4500 Highway 12",
        "P.O. Box 12": "P.O. Box 12",
        "I live at 48 Elm in Dayton": "48 Elm",
    },
    "case-number": {
        "2:19-cv-01234-ABC": "2:19-cv-01234-ABC",
        "it was 19CR1234": "19CR1234",
        "case number 12345": "case number 12345",
        "Docket No. A-17-2": "Docket No. A-17-2",
        "police report #889": "report #889",
        "case 2019CR00123": "case 2019CR00123",
        "No. 17-1234": "No. 17-1234",
    },
    "id-number": {
        "It is 078-05-1120.": "078-05-1120",
        "My social is 078 05 1120": "social is 078 05 1120",
        "SSN 078051120": "SSN 078051120",
        "inmate number 482913": "inmate number 482913",
        "driver’s license D1234567": "driver’s license D1234567",
    },
    "license-plate": {
        "It had license plate ABC 1234.": "license plate ABC 1234",
        "plate number 7XYZ123": "plate number 7XYZ123",
        "a truck with tags ABC-1234": "tags ABC-1234",
    },
    "badge-number": {
        "The one with badge 4471 laughed": "badge 4471",
        "badge number #12": "badge number #12",
        "shield no. 778": "shield no. 778",
    },
    "birth-date": {
        "John, DOB 3/14/1988": "DOB 3/14/1988",
        "born on March 3, 1980": "born on March 3, 1980",
    },
    "link": {
        "See https://example.org/page.": "https://example.org/page",
        "www.example.org": "www.example.org",
        "example.com/a?b=c": "example.com/a?b=c",
        "EXAMPLE.ORG": "EXAMPLE.ORG",
        "bit.ly/abc": "bit.ly/abc",
    },
    "all-capitals": {
        "NOBODY STANDS ABOVE THE LAW!": "NOBODY STANDS ABOVE THE LAW!",
        "NOBODY IS ABOVE THE LAW, ok": "NOBODY IS ABOVE THE LAW, ok",
    },
    "titled-name": {
        "Officer Dow lied": "Officer Dow",
        "then deputy Dow hit me": "deputy Dow",
        "Sgt. J. Dow": "Sgt. J. Dow",
        "Judge O’Brien": "Judge O’Brien",
        "Dr. Ana Reyes said": "Dr. Ana Reyes",
        "Ms Álvarez": "Ms Álvarez",
    },
}
HOLDS_NOT = {
    "phone": [
        "on 2026-11-22",
        "100-2000 people",
        "$5550109999",
        "$2,500,000,000",
        "42 U.S.C. 1983 and 1985 1986",
        "43215-1234",
        "1234567890123456",
    ],
    "email": ["@ana", "ana at home", "a@b", "50 @ 3", "meet (at) noon"],
    "street-address": [
        "2015 Supreme Court ruling",
        "1967 United States Supreme Court",
        "a 2 way street",
        "20 years on the street",
        "the 2008 Wall Street bailout",
        "In 2020 Lafayette Square was cleared",
        "In 2015 Minneapolis St. Paul police",
        "5 officers came down our street",
        "$500 Main Street",
    ],
    "case-number": [
        "in this case 2000 people",
        "in case of 5",
        "a report 5 years ago",
        "the No. 1 reason",
        "in any case, no 5",
    ],
    "id-number": [
        "The Social Security Act of 1935",
        "on 2026-11-22",
        "43215-1234",
        "the inmate 5 cells down",
    ],
    "license-plate": ["new plates in 2020", "a plate of 12 cookies", "dinner plates"],
    "badge-number": ["wore the badge 20 years", "the badge and 3 stars", "no badge"],
    "birth-date": ["born in 1980", "on my birthday in May 2020", "born on May Day"],
    "link": ["they told me.So", "e.g. this", "3.5 million", "a@example.com", "and/or"],
    "all-capitals": ["ENOUGH!", "I saw NYPD and FBI and DEA at work", "1" * 40, ""],
    "titled-name": [
        "Chief Justice",
        "the officer said",
        "Sheriff’s Office",
        "the Judge. He",
        "Officer I saw",
        "Attorney General",
        "OFFICER SMITH SHOT",
        "judge for yourself",
        "Chief of Police",
    ],
}


def held(text, kind, words=()):
    hits = [hit for hit in find.find(text, watching(words)) if hit.kind == kind]
    return [text[hit.start : hit.end] for hit in hits]


class FindTests(SimpleTestCase):
    def test_each_kind_is_found_at_its_position(self):
        # Those of flagged words are in test_flag_rules.py.
        others = {"watched-word", "many-marks", "mixed-alphabets", "like-staff"}
        of_words = {*LISTED, "accusation", "other-language", "gibberish"}
        self.assertEqual({*HOLDS, *others, *of_words}, set(kinds.LABELS))
        for kind, examples in HOLDS.items():
            for text, part in examples.items():
                with self.subTest(kind=kind, text=text):
                    self.assertEqual(held(text, kind), [part])

    def test_lookalikes_are_left_alone(self):
        self.assertEqual(set(HOLDS_NOT), set(HOLDS))
        for kind, texts in HOLDS_NOT.items():
            for text in texts:
                with self.subTest(kind=kind, text=text):
                    self.assertEqual(held(text, kind), [])

    def test_watched_words_are_whole_words_whatever_their_case(self):
        words = ["acab", "blue  lives", "c++", " ", ""]

        self.assertEqual(held("ACAB!", "watched-word", words), ["ACAB"])
        self.assertEqual(held("Blue\nlives", "watched-word", words), ["Blue\nlives"])
        self.assertEqual(held("in c++.", "watched-word", words), ["c++"])
        self.assertEqual(held("macabre", "watched-word", words), [])
        self.assertEqual(held("anything", "watched-word", [" "]), [])

    def test_the_kinds_of_texts_are_named_once_each(self):
        texts = ["Officer Dow, 555-010-9999", "555-010-9998, example.org"]

        self.assertEqual(find.found_kinds(texts), ["phone", "link", "titled-name"])

    @given(st.text(), st.lists(st.text(max_size=9), max_size=4))
    def test_any_text_can_be_searched(self, text, words):
        for hit in find.find(text, watching(words)):
            self.assertLessEqual(0, hit.start)
            self.assertLess(hit.start, hit.end)
            self.assertLessEqual(hit.end, len(text))

    def test_the_longest_text_takes_no_time(self):
        for part in (
            "a",
            "1",
            "1 ",
            "1-",
            "A ",
            "a.",
            "12 Aa ",
            "x@a-",
            "Mr. A. ",
            "+1",
        ):
            text = (part * 600)[:600]
            start = process_time()

            find.find(text)

            self.assertLess(process_time() - start, 0.5, part)


class MarkTests(SimpleTestCase):
    def test_marks_each_match_with_its_kind(self):
        text = "Officer Dow: 555-010-9999"

        self.assertEqual(
            find.mark(text, find.find(text)),
            '<mark title="title and name">Officer Dow</mark>: '
            '<mark title="phone number">555-010-9999</mark>',
        )

    def test_of_two_that_overlap_one_is_marked(self):
        text = "example.org/officer"
        found = find.find(text, watching(["officer"]))

        self.assertEqual(len(found), 2)
        self.assertEqual(find.mark(text, found).count("<mark"), 1)

    def test_a_text_in_capitals_is_not_marked_from_end_to_end(self):
        text = "NOBODY STANDS ABOVE THE LAW"

        self.assertEqual(find.mark(text, find.find(text)), text)

    def test_escapes_inside_and_outside_of_marks(self):
        text = '<b>Officer Dow</b> "&" <acab>'

        self.assertEqual(
            find.mark(text, find.find(text, watching(["<acab>"]))),
            '&lt;b&gt;<mark title="title and name">Officer Dow</mark>&lt;/b&gt; '
            '&quot;&amp;&quot; <mark title="watched word">&lt;acab&gt;</mark>',
        )

    @given(
        st.text(),
        st.lists(
            st.builds(
                lambda kind, start, size: kinds.Found(kind, start, start + size),
                st.sampled_from(list(kinds.LABELS)),
                st.integers(0, 40),
                st.integers(1, 9),
            ),
            max_size=5,
        ),
    )
    def test_without_its_marks_it_is_the_text_and_nothing_is_live(self, text, found):
        found = [hit for hit in found if hit.end <= len(text)]

        html = find.mark(text, found)

        plain = re.sub(r'<mark title="[A-Za-z -]+">|</mark>', "", html)
        self.assertEqual(unescape(plain), text)
        self.assertNotRegex(plain, "[<>\"']")


class TextKeyTests(SimpleTestCase):
    def test_ignores_case_spaces_and_punctuation(self):
        key = find.text_key("Nobody is above the law; nobody.")

        self.assertEqual(len(key), 32)
        for text in (
            "NOBODY IS ABOVE THE LAW NOBODY",
            "nobody\nis above –  the law… nobody!!!",
            "Ｎｏｂｏｄｙ is above the law nobody",
        ):
            self.assertEqual(find.text_key(text), key)
        self.assertNotEqual(find.text_key("Nobody is below the law; nobody."), key)

    def test_a_short_text_has_no_key(self):
        self.assertEqual(find.text_key("Enough!"), "")
        self.assertEqual(find.text_key("Enough is" + "!" * 100), "")

    @given(st.text())
    def test_a_key_ignores_surrounding_punctuation(self, text):
        key = find.text_key(text)

        self.assertIn(len(key), (0, 32))
        self.assertEqual(find.text_key(f" ¡{text}! "), key)


class ArrivalTests(TestCase):
    def test_a_statement_is_flagged_when_it_arrives(self):
        WatchedWord.objects.create(words="acab")

        voice = make_voice(statement="ACAB. Officer Dow took my call at 555-010-9999.")

        voice.refresh_from_db()
        self.assertEqual(voice.flags, ["phone", "watched-word", "titled-name"])
        self.assertEqual(voice.text_key, find.text_key(voice.statement))

    def test_a_confirmed_form_makes_a_flagged_voice(self):
        sign(self.client, statement="Officer Dow lied, and the city paid for it.")

        latest_submission().confirm()

        voice = Voice.objects.get(founding_number=None)
        self.assertEqual(voice.flags, ["accusation", "titled-name"])

    def test_an_edit_updates_the_flags(self):
        voice = make_voice(statement="Call me: 555-010-9999, day and night, please.")
        make_signature(voice=voice)

        approve_edit(voice, make_staff(), statement="Write to me.")

        voice.refresh_from_db()
        self.assertEqual((voice.flags, voice.text_key), ([], ""))

    def test_a_correction_is_flagged_beside_the_statement(self):
        voice = make_published_voice(statement="See example.org.")
        voice.corrections.create(words={"statement": "Call 555-010-9999."})

        voice.save(update_fields=["statement"])

        voice.refresh_from_db()
        self.assertEqual(voice.flags, ["phone", "link"])

    def test_a_correction_that_no_longer_waits_is_not(self):
        voice = make_published_voice(statement="See example.org.")
        correct(make_signature(voice=voice), "Call 555-010-9999.")

        decide.decline(Voice.objects.all(), make_staff(), make_reason(), tell=False)

        voice.refresh_from_db()
        self.assertEqual(voice.flags, ["link"])

    def test_saving_anything_else_leaves_the_flags_alone(self):
        voice = make_voice(statement="Officer Dow")
        Voice.objects.filter(pk=voice.pk).update(flags=["link"])
        voice.state = "TX"

        voice.save(update_fields=["state"])

        voice.refresh_from_db()
        self.assertEqual(voice.flags, ["link"])

    def test_an_emptied_voice_keeps_no_trace_of_its_text(self):
        text = (
            "Call 555-010-9999, whoever you may be, and ask us to let a jury hear it."
        )
        voice = make_voice(statement=text)
        self.assertTrue(voice.sketch)
        voice.statement = ""

        voice.save()

        voice.refresh_from_db()
        self.assertEqual((voice.flags, voice.text_key, voice.sketch), ([], "", []))


class SignerTests(TestCase):
    statement = "Ask me at 555-010-9999 or ana@example.org."

    def press(self, response, **changes):
        """Press the button of the page that was answered."""
        form = response.context["form"]
        filled = {name: form[name].value() or "" for name in form.fields}
        return self.client.post(reverse("voices:add"), filled | changes)

    def test_shows_the_details_once_and_keeps_the_input(self):
        response = sign(self.client, statement=self.statement)

        self.assertContains(
            response,
            "contain a phone number: “<bdi>555-010-9999</bdi>”",
            status_code=422,
        )
        self.assertContains(
            response,
            "contain an email address: “<bdi>ana@example.org</bdi>”",
            status_code=422,
        )
        self.assertNotContains(response, "Error:", status_code=422)
        self.assertNotContains(response, "There is a problem", status_code=422)
        for name in ("name", "email", "city", "profession", "statement"):
            self.assertEqual(
                response.context["form"][name].value(),
                {**FORM, "statement": self.statement}[name],
            )
        self.assertFalse(Submission.objects.exists())

    def test_the_second_press_sends_it_as_it_is(self):
        shown = sign(self.client, statement=self.statement)

        response = self.press(shown)

        self.assertEqual(response.status_code, 303)
        self.assertEqual(latest_submission().statement, self.statement)

    def test_a_statement_without_them_goes_through_at_once(self):
        for statement in ("", FORM["statement"], "Officer Dow lied. See example.org."):
            self.assertEqual(sign(self.client, statement=statement).status_code, 303)

    def test_taking_them_out_sends_it(self):
        shown = sign(self.client, statement=self.statement)

        response = self.press(shown, statement="Ask me.")

        self.assertEqual(response.status_code, 303)
        self.assertEqual(latest_submission().statement, "Ask me.")

    def test_a_detail_already_shown_is_not_shown_again(self):
        shown = sign(self.client, statement=self.statement)

        response = self.press(shown, statement="Ask me at 555-010-9999.")

        self.assertEqual(response.status_code, 303)

    def test_a_new_detail_is_shown(self):
        shown = sign(self.client, statement=self.statement)

        response = self.press(shown, statement="Ask me at 555-010-8888.")

        self.assertContains(response, "“<bdi>555-010-8888</bdi>”", status_code=422)
        self.assertFalse(Submission.objects.exists())

    def test_an_error_is_shown_first(self):
        response = sign(self.client, statement=self.statement, name="")

        self.assertContains(response, "Enter your name", status_code=422)
        self.assertNotContains(response, "seems to contain", status_code=422)

    def test_unlisted_signers_are_asked_nothing(self):
        response = sign(self.client, statement=self.statement, name_display="unlisted")

        self.assertEqual(response.status_code, 303)

    def test_escapes_what_it_shows(self):
        response = sign(self.client, statement="<b>1 Elm Street</b> & more")

        self.assertContains(response, "“<bdi>1 Elm Street</bdi>”", status_code=422)
        self.assertNotContains(response, "<b>1 Elm", status_code=422)

    def test_an_invalid_seen_field_is_no_error(self):
        for seen in ("x", "\x00", ",,,", "a" * 9000, "<b>", "\ufffd"):
            response = sign(self.client, statement=self.statement, details_seen=seen)

            self.assertEqual(response.status_code, 422, seen)
        self.assertFalse(Submission.objects.exists())

    def test_a_stale_page_keeps_the_seen_field(self):
        client = Client(enforce_csrf_checks=True)

        response = sign(client, statement=self.statement, details_seen="abc")

        self.assertContains(response, 'value="abc"', status_code=403)


class AdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())

    def names(self, path):
        response = self.client.get(path)
        self.assertEqual(response.status_code, 200)
        return sorted(voice.name for voice in response.context["cl"].result_list)

    def test_the_queue_marks_the_words_and_names_the_flags(self):
        WatchedWord.objects.create(words="acab")
        make_voice(statement="ACAB <b>555-010-9999</b>")

        response = self.client.get(QUEUE)

        self.assertContains(
            response, '<mark title="watched word">ACAB</mark> &lt;b&gt;'
        )
        self.assertContains(response, '<mark title="phone number">555-010-9999</mark>')
        self.assertContains(response, '<span class="flag hard">Phone number</span>')
        self.assertContains(response, '<span class="flag">Watched word</span>')

    def test_a_statement_without_flags_says_so(self):
        make_voice()

        self.assertContains(self.client.get(QUEUE), "No flags")

    def test_every_page_with_the_voice_marks_the_words(self):
        voice = make_voice(statement="Call 555-010-9999.")

        for path in (
            reverse("admin:voices_awaitingvoice_change", args=[voice.pk]),
            reverse("admin:voices_voice_change", args=[voice.pk]),
            reverse("admin:voices_voice_decide", args=["declined"]) + f"?id={voice.pk}",
            VOICES,
        ):
            self.assertContains(
                self.client.get(path), '<mark title="phone number">555-010-9999</mark>'
            )

    def test_filters_by_flag(self):
        make_voice(name="Phone", statement="Call 555-010-9999.")
        make_voice(name="Link", statement="See example.org.")
        make_voice(name="Plain", statement="Enough.")
        make_published_voice(name="Reported", statement="", reported_at=timezone.now())
        corrected = make_published_voice(name="Corrected", statement="")
        corrected.corrections.create(words={"statement": "Words."})

        for flag, names in {
            "phone": ["Phone"],
            "any": ["Link", "Phone"],
            "email": [],
            "same-text": [],
            "reported": ["Reported"],
            "corrected": ["Corrected"],
            "none-such": ["Corrected", "Link", "Phone", "Plain", "Reported"],
        }.items():
            with self.subTest(flag=flag):
                self.assertEqual(self.names(f"{QUEUE}?flag={flag}"), names)

    def test_the_list_of_all_filters_by_flag_and_status(self):
        make_voice(name="Waiting", statement="Call 555-010-9999.")
        make_published_voice(name="Published", statement="Call 555-010-8888.")

        self.assertEqual(
            self.names(f"{VOICES}?flag=phone&status=published"), ["Published"]
        )

    def test_the_same_text_is_one_group(self):
        make_voice(name="First", statement=TEXT)
        make_voice(name="Second", statement=TEXT.upper() + "!!")
        make_published_voice(name="Published", statement=TEXT)
        make_voice(name="Withdrawn", statement=TEXT, withdrawn_at=timezone.now())
        make_voice(name="Other")
        first = Voice.objects.get(name="First")

        response = self.client.get(QUEUE)
        link = f"{VOICES}?same-text={first.pk}"

        self.assertContains(response, f'href="{link}">Same text as 2 others</a>')
        self.assertContains(response, "Same text as 2 others", count=2)
        self.assertEqual(self.names(link), ["First", "Published", "Second"])
        self.assertEqual(self.names(f"{QUEUE}?flag=same-text"), ["First", "Second"])

    def test_one_other_is_not_others(self):
        make_voice(statement=TEXT)
        make_voice(statement=TEXT)

        self.assertContains(self.client.get(QUEUE), "Same text as 1 other</a>")

    def test_short_texts_are_no_group(self):
        for name in ("First", "Second"):
            make_voice(name=name, statement="Enough!")

        self.assertNotContains(self.client.get(QUEUE), "Same text as 1")
        self.assertEqual(self.names(f"{QUEUE}?flag=same-text"), [])

    def test_many_from_one_network_are_one_group(self):
        now = timezone.now()
        first = make_signature(name="First", network_hash="a" * 64).voice
        make_signature(name="Second", network_hash="a" * 64)
        published = make_signature(name="Published", network_hash="a" * 64).voice
        Voice.objects.filter(pk=published.pk).update(published_at=now)
        held_back = make_signature(
            name="Quarantined",
            network_hash="a" * 64,
            counted_at=None,
            quarantined_at=now,
        ).voice
        Voice.objects.filter(pk=held_back.pk).update(review_since=None)
        declined = make_signature(name="Declined", network_hash="a" * 64).voice
        Voice.objects.filter(pk=declined.pk).update(declined_at=now)
        for _ in range(3):
            make_signature(name="Elsewhere", network_hash="b" * 64)
        for _ in range(5):
            make_signature(name="Not Known", network_hash="")

        response = self.client.get(QUEUE)
        link = f"{VOICES}?same-network={first.pk}"

        self.assertContains(response, f'href="{link}">Same network as 3 others</a>')
        self.assertContains(response, "Same network as", count=2)
        self.assertNotContains(response, "a" * 64)
        self.assertEqual(
            self.names(link), ["First", "Published", "Quarantined", "Second"]
        )

    def test_an_invalid_group_is_no_error(self):
        make_voice(statement=TEXT)

        for voice in ("0", "9" * 18, "9" * 19, "9" * 5000, "x", "²", "-1", ""):
            for group in ("same-text", "same-network"):
                response = self.client.get(f"{VOICES}?{group}={voice}", follow=True)

                self.assertEqual(response.status_code, 200, voice)

    def test_a_group_is_decided_on_as_one(self):
        voices = [make_voice(statement=TEXT) for _ in range(3)]
        left = make_voice()

        response = self.client.post(
            f"{VOICES}?same-text={voices[0].pk}",
            {
                "action": "publish",
                "select_across": "1",
                "_selected_action": [voices[0].pk],
            },
        )

        page = self.client.get(response["Location"])
        seen = page.context["preview"].seen
        self.client.post(response["Location"], {"seen": seen})

        self.assertEqual(Voice.objects.published().count(), 3)
        left.refresh_from_db()
        self.assertIsNone(left.published_at)

    def test_a_correction_shows_what_it_changes(self):
        voice = make_published_voice(statement="I saw Officer Dow lie.")
        voice.corrections.create(
            words={
                "statement": "I saw an officer lie <b>twice</b>, 555-010-9999.",
                "state": "NM",
            }
        )

        response = self.client.get(QUEUE)

        self.assertContains(response, "Corrected by its author")
        self.assertContains(response, "<del>Officer</del>")
        self.assertContains(response, "State: <bdi><del>Ohio</del>")
        self.assertContains(response, '<mark title="phone number">555-010-9999</mark>')
        self.assertNotContains(response, "<b>twice")

    def test_takes_a_constant_number_of_queries(self):
        for rows in (1, 30):
            while Voice.objects.waiting().count() < rows:
                signature = make_signature(network_hash="a" * 64)
                signature.voice.reports.create(kind="other", text="Look.")
            self.client.get(QUEUE)

            with self.assertNumQueries(15):
                self.client.get(QUEUE)


class RememberedListsTests(CommittedTestCase):
    """A web process flags voices by lists in its memory."""

    def setUp(self):
        super().setUp()
        self.pages = warm.WarmPages()
        self.pages.start()
        self.addCleanup(self.pages.stop)
        wait_for(lambda: self.pages.listening)

    @contextmanager
    def heard(self, changes=1):
        heard = self.pages.changes + changes
        yield
        wait_for(lambda: self.pages.changes == heard)

    def flags(self):
        return make_voice(name="Rosa Governor", statement="Blue lives, they say.").flags

    def test_they_are_read_again_after_each_change(self):
        self.assertEqual(self.flags(), [])
        with self.assertNumQueries(1):
            self.assertEqual(self.flags(), [])

        with self.heard():
            word = WatchedWord.objects.create(words="blue lives")
        self.assertEqual(self.flags(), ["watched-word"])

        with self.heard():
            staff = get_user_model().objects.create(username="rgov", is_staff=True)
        with self.heard(2):
            word.delete()
            staff.first_name, staff.last_name = "Rosa", "Governor"
            staff.save()
        self.assertEqual(self.flags(), ["like-staff"])

        with self.heard():
            staff.is_staff = False
            staff.save(update_fields=["is_staff"])
        self.assertEqual(self.flags(), [])

    def test_a_sign_in_changes_none(self):
        with self.heard():
            staff = make_staff()

        with self.heard():
            staff.save(update_fields=["last_login"])
            WatchedWord.objects.create(words="green")


class WatchedWordTests(TestCase):
    add = reverse("admin:voices_watchedword_add")

    def setUp(self):
        self.client.force_login(make_staff())
        self.voice = make_voice(statement="Blue lives, they say.")

    def flags(self):
        """The voice's flags once the job that the change queued has run."""
        flagging.flag_waiting("", 0)
        self.voice.refresh_from_db()
        return self.voice.flags

    def post(self, words, path=add, kind="watched-word"):
        return self.client.post(path, {"words": words, "kind": kind})

    def word(self):
        return WatchedWord.objects.get(kind="watched-word")

    def test_a_new_word_flags_voices_in_the_queue(self):
        response = self.post(" blue   lives ")

        self.assertEqual(response.status_code, 302)
        self.assertEqual(self.word().words, "blue lives")
        self.assertEqual(self.flags(), ["watched-word"])

    def test_a_word_of_another_list_causes_that_flag(self):
        for kind in ("vulgar", "threat", "campaigning"):
            self.post("blue liv*", kind=kind)

        self.assertEqual(self.flags(), ["threat", "vulgar", "campaigning"])

    def test_a_word_taken_off_the_list_flags_nothing_any_more(self):
        self.post("blue lives")
        self.assertEqual(self.flags(), ["watched-word"])

        self.client.post(
            reverse("admin:voices_watchedword_delete", args=[self.word().pk]),
            {"post": "yes"},
        )

        self.assertEqual(self.flags(), [])

    def test_words_can_be_changed_and_deleted_together(self):
        self.post("green")
        word = self.word()

        self.post("BLUE", reverse("admin:voices_watchedword_change", args=[word.pk]))
        self.assertEqual(self.flags(), ["watched-word"])
        self.client.post(
            reverse("admin:voices_watchedword_changelist"),
            {"action": "delete_selected", "_selected_action": [word.pk], "post": "yes"},
        )

        self.assertEqual(self.flags(), [])

    def test_a_list_has_a_word_only_once(self):
        self.post("green")

        self.assertContains(self.post("green"), "This list already has these words.")
        self.assertEqual(self.post("green", kind="vulgar").status_code, 302)

    def test_invalid_words_are_refused(self):
        for words in ("", "  ", "a\ue000b", "x" * 81, "\x00"):
            self.assertContains(self.post(words), "Please correct the error")
        for words in ("(", "*", "a*", "of a*", "-"):
            response = self.post(words, kind="vulgar")

            self.assertContains(response, "Enter words with letters or digits.")
        self.assertContains(self.post("green", kind="none-such"), "Select a valid")
        self.assertFalse(WatchedWord.objects.filter(kind="watched-word").exists())

    def test_any_characters_may_be_in_a_watched_word(self):
        for words in ("(", "[a-", "\\", "*", "a|b", "<b>", "%s"):
            self.assertEqual(self.post(words).status_code, 302)

        self.assertEqual(self.client.get(QUEUE).status_code, 200)


class FlagRuleTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.voice = make_voice(statement="Call 555-010-9999, or see example.org.")

    def test_each_kind_has_a_rule(self):
        self.assertEqual(
            set(FlagRule.objects.values_list("kind", flat=True)), set(kinds.LABELS)
        )

    def test_a_kind_that_is_off_flags_nothing(self):
        path = reverse("admin:voices_flagrule_change", args=["link"])

        response = self.client.post(path, {})

        self.assertEqual(response.status_code, 302)
        flagging.flag_waiting("", 0)
        self.voice.refresh_from_db()
        self.assertEqual(self.voice.flags, ["phone"])
        self.assertNotContains(self.client.get(QUEUE), '<mark title="link">')

    def test_the_kinds_of_other_fields_can_be_off(self):
        make_staff("mhill", first_name="Morgan", last_name="Hill")
        FlagRule.objects.filter(kind="like-staff").update(active=False)

        self.assertEqual(make_voice(name="Morgan Hill").flags, [])

    def test_every_kind_can_be_off(self):
        FlagRule.objects.update(active=False)

        for text in (*(text for texts in HOLDS.values() for text in texts), "asdf"):
            self.assertEqual(make_voice(statement=text).flags, [])

    def test_the_list_names_the_kinds(self):
        page = self.client.get(reverse("admin:voices_flagrule_changelist"))

        self.assertContains(page, "accuses a named person")
