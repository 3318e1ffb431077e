from datetime import timedelta
from unittest import mock

from django.test import SimpleTestCase, TestCase
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.networks import network_hash
from tests.abuse import set_limit
from tests.factories import STATEMENT, latest_submission, make_voice, sign, stamp
from voices.abuse.guard import GuardedForm, stamp_suspicion
from voices.abuse.suspicion import SUSPICIONS, is_doubtful, is_suspicious, labels
from voices.models import Arrival, BlockedDomain, BlockedNetwork, Limit, Voice


class WeightTests(SimpleTestCase):
    def test_human_suspicions_are_not_enough_on_their_own(self):
        for name in ("too-fast", "no-stamp", "too-old", "link", "same-text"):
            self.assertFalse(is_suspicious([name]), name)

    def test_bot_and_blocklist_suspicions_are_enough(self):
        for name in ("honeypot", "blocked-domain", "blocked-network"):
            self.assertTrue(is_suspicious([name]), name)

    def test_no_crowd_is_enough_however_many_limits_it_is_over(self):
        self.assertFalse(is_suspicious(Limit.Of.values))
        self.assertTrue(is_doubtful(["domain-sustained"]))
        self.assertFalse(is_doubtful(["everybody-burst"]))

    def test_what_strangers_can_cause_adds_nothing(self):
        for own in ("too-fast", "no-stamp", "too-old", "link"):
            self.assertFalse(is_suspicious([own, "same-text", *Limit.Of.values]), own)

    def test_small_ones_add_up(self):
        self.assertTrue(is_suspicious(["too-fast", "link"]))
        self.assertTrue(is_suspicious(["too-old", "link"]))

    def test_nothing_is_not_suspicious(self):
        self.assertFalse(is_suspicious([]))

    def test_each_limit_has_a_weight(self):
        self.assertLessEqual(set(Limit.Of.values), set(SUSPICIONS))

    def test_an_obsolete_name_weighs_nothing_and_is_shown_as_is(self):
        self.assertFalse(is_suspicious(["long-gone"] * 3))
        self.assertEqual(labels(["long-gone"]), ["long-gone"])


class StampTests(SimpleTestCase):
    def test_tells_how_long_the_form_was_open(self):
        for age, suspicion in (
            (0, "too-fast"),
            (4, ""),
            (23 * 3600, ""),
            (25 * 3600, "too-old"),
        ):
            self.assertEqual(stamp_suspicion(stamp(age)), suspicion, age)

    def test_an_invalid_stamp_counts_as_missing(self):
        for given_stamp in ("", ":", stamp()[:-1], "x" + stamp(), "\ud800", "\0"):
            self.assertEqual(stamp_suspicion(given_stamp), "no-stamp")

    @given(st.text())
    def test_no_text_is_an_error(self, given_stamp):
        self.assertEqual(stamp_suspicion(given_stamp), "no-stamp")


# Words in a field's name, id, or label by which form fillers recognize it: HTML's
# autocomplete tokens, patterns in Chromium's and Firefox's heuristics, and names that
# password managers and script libraries know.
KNOWN_TO_FILLERS = """
    account addr address age agent amount answer apartment appt apt attn bday birth
    body business captcha card cc cell city code comment common company confirm
    contact content country county coupon cvc cvv date day description details
    district dob email employer ext fax field1 file first fname fone full gender
    given handle home honey homepage house identifier image impp initial input iban
    job keyword landmark language last line1 lname locality locate login mail
    message middle mobile month name nick note number occupation organization
    organization otp parish pass password personal phone photo pin place post
    prefecture prefix price profile promo province pwd query question quantity
    reason reference region salutation search secret security send sex site social
    ssn state street subject subscribe suburb suffix suite surname tax tel telephone
    text title token topic town tracking type unit uri url user username vat web
    website year zip zone
"""


class TrapTests(SimpleTestCase):
    def test_no_form_filler_recognizes_the_honeypot(self):
        trap = GuardedForm()["untouched"]

        for written in (trap.html_name, trap.id_for_label, str(trap.label)):
            for known in KNOWN_TO_FILLERS.split():
                self.assertNotIn(known, written.lower())

    def test_its_label_says_to_leave_it_empty(self):
        self.assertTrue(GuardedForm()["untouched"].label.startswith("Leave this empty"))


class SignTestCase(TestCase):
    def found(self, **fields):
        """Sign as a person would, except for these fields; return the suspicions."""
        remote = fields.pop("remote", "203.0.113.7")
        self.client.defaults["REMOTE_ADDR"] = remote
        response = sign(self.client, **fields)
        self.assertEqual(response.status_code, 303)
        return latest_submission().suspicions


class SignTests(SignTestCase):
    def test_a_person_is_not_suspected(self):
        self.assertEqual(self.found(), [])
        self.assertEqual(latest_submission().network_hash, network_hash("203.0.113.7"))
        arrival = Arrival.objects.get(sender=Arrival.Sender.ADDRESS)
        self.assertEqual(arrival.form, Arrival.Kind.SIGN)
        self.assertEqual(len(arrival.hash), 64)

    def test_whoever_fills_in_the_honeypot_is_suspected(self):
        self.assertEqual(self.found(untouched="https://spam.example"), ["honeypot"])

    def test_odd_bytes_in_the_honeypot_are_no_error(self):
        self.assertEqual(
            self.found(untouched="a\0b", started="a\0b\ufffd"), ["honeypot", "no-stamp"]
        )

    def test_the_stamp_of_the_form_is_read(self):
        with mock.patch("voices.abuse.guard.TOO_FAST", timedelta(minutes=5)):
            self.assertEqual(self.found(started=stamp(60)), ["too-fast"])
        self.assertEqual(self.found(started=None), ["no-stamp"])
        self.assertEqual(self.found(started=stamp(25 * 3600)), ["too-old"])

    def test_the_page_has_a_stamp_and_a_honeypot(self):
        response = self.client.get(reverse("voices:add"))

        form = response.context["form"]
        self.assertNotEqual(stamp_suspicion(form["started"].value()), "no-stamp")
        self.assertContains(response, '<div class="trap" aria-hidden="true">')
        self.assertContains(
            response, 'name="untouched" value="" tabindex="-1" autocomplete="off"'
        )

    def test_a_form_with_an_error_keeps_the_time_it_was_opened(self):
        opened = stamp(30)

        response = sign(self.client, started=opened, name="")

        self.assertContains(response, f'value="{opened}"', status_code=422)
        self.assertFalse(Arrival.objects.exists())

    def test_a_blocked_domain_blocks_its_subdomains(self):
        BlockedDomain.objects.create(domain="spam.example")

        for email, suspected in (
            ("ana@spam.example", True),
            ("ana@SPAM.example", True),
            ("ana@mail.spam.example", True),
            ("ana@nospam.example", False),
            ("ana@example.com", False),
        ):
            self.assertEqual(
                self.found(email=email), ["blocked-domain"] if suspected else [], email
            )

    def test_a_blocked_network_blocks_its_addresses(self):
        BlockedNetwork.objects.create(network="192.0.2.0/24")
        BlockedNetwork.objects.create(network="2001:db8::/32")
        BlockedNetwork.objects.create(network="192.0.3.0/24", until=timezone.now())

        for remote, suspected in (
            ("192.0.2.77", True),
            ("2001:db8:5::1", True),
            ("192.0.3.1", False),
            ("", False),
        ):
            self.assertEqual(
                self.found(remote=remote), ["blocked-network"] if suspected else []
            )

    def test_a_web_address_in_the_statement_is_noted(self):
        self.assertEqual(self.found(statement="Buy at https://spam.example"), ["link"])

    def repeat(self, times):
        for _ in range(times):
            make_voice(statement=STATEMENT)

    def test_words_used_by_three_others_are_noted_in_any_spelling(self):
        self.repeat(2)
        shouted = STATEMENT.upper().replace(" ", "  ") + "!!"
        self.assertEqual(self.found(statement=shouted), [])

        self.repeat(1)

        self.assertEqual(self.found(statement=shouted), ["same-text"])
        self.assertEqual(self.found(statement=""), [])
        self.assertEqual(self.found(statement="Enough!"), [])

    def test_old_statements_are_not_held_against_anybody(self):
        self.repeat(3)
        Voice.objects.update(submitted_at=timezone.now() - timedelta(hours=25))

        self.assertEqual(self.found(), [])

    def test_the_sender_cannot_tell(self):
        set_limit(Limit.Of.NETWORK_BURST, 1)
        calm = sign(self.client)
        suspected = sign(self.client, untouched="x", started=None)

        for response in (calm, suspected):
            self.assertEqual(response.status_code, 303)
            page = self.client.get(response.url)
            self.assertEqual(page.status_code, 200)
            self.assertNotContains(page, "quarantine")
        self.assertIn("network-burst", latest_submission().suspicions)
