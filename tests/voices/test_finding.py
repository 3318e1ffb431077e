"""Staff find people by address, details, or network, and see only what they may."""

import re
from unittest import mock

from django.db import DatabaseError, connection, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from tests.abuse import make_quarantined
from tests.accounts.steps import make_member
from tests.committed import CommittedTestCase
from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from tests.rights import REFUSED
from voices.finding import search
from voices.models import AddressSearch, Decision, Letter, Report, Signature, Voice

FIND = "/admin/find/"
PART = "/admin/find/part/"
MODERATORS = (Role.MODERATOR, Role.SECOND_READER, Role.LEAD)
NETWORK = "a" * 64


def make_letter(signature, **fields):
    hashed = {"address_hash": signature.address_hash, **fields}
    return Letter.objects.create(kind="published", signature=signature, **hashed)


class FindTestCase(TestCase):
    role = Role.MODERATOR

    def setUp(self):
        self.by = make_member(self.role)
        self.client.force_login(self.by)

    def enter(self, role):
        self.by = make_member(role, role.value)
        self.client.force_login(self.by)

    def names(self, response):
        return [card.name for card in response.context["cards"]]

    def find(self, **query):
        return self.client.get(FIND, query)

    def find_address(self, email):
        return self.client.post(FIND, {"email": email})


class WhoMaySearchTests(FindTestCase):
    def test_moderators_and_administrators_find_people(self):
        for role in (*MODERATORS, Role.ADMINISTRATOR):
            self.enter(role)
            with self.subTest(role):
                self.assertEqual(self.client.get(FIND).status_code, 200)
                self.assertEqual(self.find_address("a@b.example").status_code, 200)

    def test_editors_and_organizers_do_not(self):
        for role in (Role.EDITOR, Role.ORGANIZER):
            self.enter(role)
            with self.subTest(role):
                self.assertEqual(self.client.get(FIND).status_code, 403)
                self.assertEqual(self.find_address("a@b.example").status_code, 403)
        self.assertFalse(AddressSearch.objects.exists())

    def test_only_administrators_search_for_a_part_of_an_address(self):
        typed = {"how": "start", "part": "ana.", "reason": "A letter."}
        make_signature(email="ana.reyes@example.com")
        for role in set(Role) - {Role.ADMINISTRATOR}:
            self.enter(role)
            with self.subTest(role):
                self.assertEqual(self.client.get(PART).status_code, 403)
                self.assertEqual(self.client.post(PART, typed).status_code, 403)
        self.assertFalse(AddressSearch.objects.exists())

    def test_the_index_links_to_the_page_for_those_who_may_open_it(self):
        for role in Role:
            self.enter(role)
            with self.subTest(role):
                found = f'href="{FIND}"' in self.client.get("/admin/").text
                self.assertEqual(found, role not in {Role.EDITOR, Role.ORGANIZER})


class AddressTests(FindTestCase):
    def test_finds_the_signature_and_its_voice_by_any_spelling(self):
        signature = make_signature(email="ana.reyes@gmail.com", name="Ana Reyes")
        make_signature(email="other@gmail.com", name="Somebody Else")

        for typed in ("ana.reyes@gmail.com", " AnaReyes+x@Gmail.com "):
            response = self.find_address(typed)

            self.assertEqual(self.names(response), ["Ana Reyes"])
            self.assertContains(response, "an•••@gmail.com")
            self.assertNotContains(response, "ana.reyes@gmail.com")
            voice = reverse("admin:voices_voice_change", args=[signature.voice_id])
            self.assertContains(response, f'href="{voice}"')
            self.assertIn("no-store", response["Cache-Control"])

    def test_tells_of_forms_that_are_not_confirmed_only_their_number_and_date(self):
        make_submission(email="ana@example.com", name="Ana Secret")
        make_submission(email="ana@example.com", name="Ana Secret")
        make_submission(email="other@example.com")

        response = self.find_address("ana@example.com")

        self.assertContains(response, "2 forms with this address are not confirmed")
        self.assertContains(response, "0 found")
        self.assertNotContains(response, "Ana Secret")
        self.assertNotContains(response, "ana@example.com")

    def test_each_search_is_logged_without_the_address(self):
        make_signature(email="ana@example.com")

        self.find_address("ana@example.com")
        self.find_address("nobody@example.com")

        logged = AddressSearch.objects.values_list("by", "reason", "found")
        self.assertEqual(list(logged), [(self.by.pk, "", 0), (self.by.pk, "", 1)])

    def test_a_search_that_cannot_be_logged_shows_nothing(self):
        make_signature(email="ana@example.com", name="Ana Reyes")
        self.client.raise_request_exception = False

        with mock.patch.object(
            AddressSearch.objects, "create", side_effect=DatabaseError
        ):
            response = self.find_address("ana@example.com")

        self.assertEqual(response.status_code, 500)
        self.assertNotContains(response, "Ana Reyes", status_code=500)

    def test_a_mistyped_address_is_kept_and_not_searched_for(self):
        for typed in ("ana@", "ana@exa mple.com", "", "ana@-.com"):
            response = self.find_address(typed)

            self.assertEqual(response.status_code, 422)
            if typed:
                self.assertContains(response, f'value="{typed}"', 1, 422)
            self.assertContains(response, "<title>Error: ", status_code=422)
        self.assertFalse(AddressSearch.objects.exists())

    def test_an_address_in_the_url_is_not_searched_for(self):
        make_signature(email="ana@example.com", name="Ana Reyes")

        response = self.client.get(FIND, {"email": "ana@example.com"})

        self.assertIsNone(response.context["found"])
        self.assertNotContains(response, "Ana Reyes")

    def test_a_moderator_sees_nothing_private_of_somebody_unlisted(self):
        make_signature(
            email="ana@example.com",
            name="Ana Secret",
            city="Akron",
            name_display="unlisted",
        )

        response = self.find_address("ana@example.com")

        self.assertEqual(self.names(response), ["(not shown)"])
        self.assertContains(response, "Signature: counts since")
        for private in ("Ana Secret", "Akron", "voices/signature"):
            self.assertNotContains(response, private)

    def test_an_administrator_sees_the_full_name(self):
        self.enter(Role.ADMINISTRATOR)
        voice = make_voice(name="Ana R.")
        make_signature(email="ana@example.com", name="Ana Reyes", voice=voice)

        response = self.find_address("ana@example.com")

        self.assertEqual(self.names(response), ["Ana R."])
        self.assertContains(response, "Full name: <bdi>Ana Reyes</bdi>")

    def test_takes_a_constant_number_of_queries(self):
        signature = make_signature(email="ana@example.com", network_hash=NETWORK)
        for _ in range(3):
            make_signature(network_hash=NETWORK)
            Report.objects.create(voice=signature.voice, kind="other")
        self.client.get(FIND)

        # Session, user, and permissions (2); a savepoint (2), the signature (2), and
        # the log; forms; counts for voices and signatures; quarantine.
        with self.assertNumQueries(13):
            self.find_address("ana@example.com")


class PartTests(FindTestCase):
    role = Role.ADMINISTRATOR

    def search(self, part, how="start", reason="She wrote from another address."):
        typed = {"how": how, "part": part, "reason": reason}
        return self.client.post(PART, typed)

    def test_finds_addresses_by_their_beginning_and_logs_why(self):
        make_signature(email="ana.reyes@example.com", name="Ana Reyes")
        make_signature(email="ben@ana.example", name="Ben Cruz")

        response = self.search("ANA.r")

        self.assertEqual(self.names(response), ["Ana Reyes"])
        self.assertContains(response, "an•••@example.com")
        self.assertNotContains(response, "ana.reyes@example.com")
        row = AddressSearch.objects.get()
        self.assertEqual((row.by, row.found), (self.by, 1))
        self.assertEqual(row.reason, "She wrote from another address.")
        self.assertIn("no-store", response["Cache-Control"])

    def test_dots_do_not_matter_at_a_host_that_ignores_them(self):
        make_signature(email="ana.reyes@gmail.com", name="Ana Reyes")
        make_signature(email="anareyes@example.com", name="Ana of Example")

        for typed in ("ana.rey", "ana.reyes@gm", "a.n.a.r.e"):
            self.assertEqual(self.names(self.search(typed)), ["Ana Reyes"], typed)

    def test_finds_addresses_by_their_domain(self):
        make_signature(email="ana@müller.example", name="Ana Reyes")
        make_signature(email="ben@mail.example", name="Ben Cruz")

        for typed in ("müller.example", "@MÜLLER.example", "xn--mller-kva.example"):
            response = self.search(typed, how="domain")
            self.assertEqual(self.names(response), ["Ana Reyes"], typed)

    def test_shows_the_newest_twenty(self):
        for number in range(22):
            make_signature(email=f"ana{number}@example.com", name=f"Ana {number}")

        response = self.search("ana1", how="start")
        of_domain = self.search("example.com", how="domain")

        self.assertEqual(len(self.names(response)), 11)
        self.assertEqual(
            self.names(of_domain), [f"Ana {number}" for number in range(21, 1, -1)]
        )
        self.assertContains(of_domain, "More than 20 found")
        self.assertEqual(AddressSearch.objects.latest("pk").found, 20)

    def test_the_row_is_committed_with_the_search_or_nothing_is_shown(self):
        make_signature(email="ana.reyes@example.com", name="Ana Reyes")
        self.client.raise_request_exception = False

        with mock.patch.object(
            AddressSearch.objects, "create", side_effect=DatabaseError
        ):
            response = self.search("ana.")

        self.assertNotContains(response, "Ana Reyes", status_code=500)

    def test_wildcards_are_ordinary_characters(self):
        make_signature(email="ana.reyes@example.com")

        for typed in ("____", "%%%%", "ana%", "ana_", "\\\\\\\\"):
            self.assertEqual(self.names(self.search(typed)), [], typed)

    def test_mistakes_keep_what_was_typed_and_log_nothing(self):
        make_signature(email="ana.reyes@example.com", name="Ana Reyes")
        mistakes = (
            {"part": "ana", "reason": "Why."},
            {"part": "ana.", "reason": ""},
            {"part": "ana.", "reason": "x" * 201},
            {"part": "ana reyes", "reason": "Why."},
            {"part": "localhost", "how": "domain", "reason": "Why."},
            {"part": "ana.", "how": "middle", "reason": "Why."},
            {},
        )
        for typed in mistakes:
            with self.subTest(typed):
                response = self.client.post(PART, {"how": "start", **typed})

                self.assertEqual(response.status_code, 422)
                for text in filter(None, (typed.get("part"), typed.get("reason"))):
                    self.assertContains(response, f'value="{text}"', 1, 422)
                self.assertNotContains(response, "Ana Reyes", status_code=422)
        self.assertFalse(AddressSearch.objects.exists())

    def test_takes_a_constant_number_of_queries(self):
        def made(number):
            for _ in range(number):
                signature = make_signature(network_hash=NETWORK)
                Report.objects.create(voice=signature.voice, kind="other")
                make_letter(signature)

        made(2)
        self.client.get(PART)
        for _ in range(2):
            # As for a whole address, without forms, but with the time limit (2).
            with self.assertNumQueries(14):
                self.search("signer")
            made(10)


class DetailsTests(FindTestCase):
    def test_finds_by_words_and_beginnings_of_words_of_the_name(self):
        make_voice(name="Ana Lucía Reyes", statement="No.")
        make_voice(name="Ben Cruz", statement="Ana Reyes is right.")

        for typed in ("reyes ana", "luc", "LUCIA"):
            found = self.find(name=typed)
            self.assertEqual(self.names(found), ["Ana Lucía Reyes"], typed)

    def test_finds_by_words_city_and_state_together(self):
        make_voice(name="Ana Reyes", statement="They broke the door.", city="Akron")
        make_voice(name="Ben Reyes", statement="They broke the law.", city="Akron")
        make_voice(name="Cleo Reyes", statement="They broke the door.", state="TX")

        by_words = self.find(words="door")
        by_city = self.find(name="reyes", city="akron", state="OH", words="door")

        self.assertEqual(self.names(by_words), ["Cleo Reyes", "Ana Reyes"])
        self.assertEqual(self.names(by_city), ["Ana Reyes"])

    def test_finds_voices_in_any_status(self):
        now = timezone.now()
        make_published_voice(name="Ana One")
        make_voice(name="Ana Two", declined_at=now)
        make_voice(name="Ana Three", withdrawn_at=now)
        make_quarantined(voice=make_voice(name="Ana Four", review_since=None))
        make_founding_voice(7, name="Ana Five")

        response = self.find(name="ana")

        self.assertEqual(len(self.names(response)), 5)
        for status in (
            *("Voice: published since", "Voice: declined since"),
            *("Voice: withdrawn or erased since", "Signature: in quarantine since"),
            "Founding voice 7: published",
        ):
            self.assertContains(response, status)

    def test_a_moderator_does_not_search_full_names(self):
        voice = make_voice(name="Ana")
        make_signature(name="Ana Reyes", voice=voice)

        response = self.find(name="reyes", names="full")

        self.assertEqual(self.names(response), [])
        self.assertNotContains(response, "Full names")

    def test_an_administrator_finds_unlisted_people_by_their_full_names(self):
        self.enter(Role.ADMINISTRATOR)
        make_signature(name="Ana Reyes", name_display="unlisted", city="Akron")
        told = make_voice(name="Ana", statement="They broke the door.")
        make_signature(name="Ana Reyes", voice=told)
        make_signature(name="Ben Cruz")

        both = self.find(name="reyes", names="full")
        one = self.find(name="reyes", names="full", city="akron")
        with_words = self.find(name="reyes", names="full", words="door")

        self.assertEqual(self.names(both), ["Ana", "(not shown)"])
        self.assertContains(both, "Full name: <bdi>Ana Reyes</bdi>", 2)
        self.assertEqual(self.names(one), ["(not shown)"])
        self.assertContains(one, "Akron, Ohio")
        self.assertEqual(self.names(with_words), ["Ana"])

    def test_mistakes_keep_what_was_typed(self):
        for query, error in (
            ({"name": ""}, "Fill in at least one field."),
            ({"city": "Akron"}, "Enter a name or words, too."),
            ({"city": "Akron", "state": "OH"}, "Enter a name or words, too."),
            ({"name": "!?"}, "Enter letters or digits."),
            ({"words": "x" * 201}, "at most 200 characters"),
            ({"state": "XX"}, "Select a valid choice."),
        ):
            with self.subTest(query):
                response = self.find(**query)

                self.assertContains(response, error, status_code=422)
                for text in filter(None, query.values()):
                    if text not in {"XX", "OH"}:
                        shown = f'value="{text}"'
                        self.assertContains(response, shown, 1, 422)

    def test_tampered_numbers_are_refused(self):
        for query in ({"state": "OH", "before": "x"}, {"network": "x"}):
            self.assertEqual(self.find(**query).status_code, 400)
        for network in (0, 2**62):
            self.assertEqual(self.find(network=network).status_code, 404)

    @mock.patch.object(search, "SHOWN", 2)
    def test_pages_follow_one_another(self):
        for number in range(5):
            make_voice(name=f"Ana {number}", state="OH")
        for query in ({"state": "OH"}, {"name": "ana"}):
            names, before = [], {}
            while True:
                response = self.find(**query, **before)
                names += self.names(response)
                found = response.context["found"]
                if found.before is None:
                    break
                self.assertContains(response, f"before={found.before}")
                before = {"before": found.before}

            self.assertEqual(names, [f"Ana {number}" for number in range(4, -1, -1)])

    @mock.patch.object(search, "MOST_FOUND", 3)
    def test_a_search_that_matches_too_many_says_so(self):
        for _ in range(5):
            make_voice(name="Ana")

        response = self.find(name="ana")

        self.assertContains(response, "More than 3 found")
        self.assertContains(response, "Only 3 of them are listed")
        self.assertEqual(len(self.names(response)), 3)

    def test_escapes_what_signers_wrote(self):
        make_voice(name="Ana <b>x</b>", city="<i>y</i>", statement="<script>z</script>")

        response = self.find(name="ana")

        for markup in ("<b>x", "<i>y", "<script>z"):
            self.assertNotContains(response, markup)

    def test_takes_a_constant_number_of_queries(self):
        def made(number):
            for _ in range(number):
                signature = make_signature(name="Ana Reyes", network_hash=NETWORK)
                Report.objects.create(voice=signature.voice, kind="other")

        made(2)
        self.find()
        for _ in range(2):
            # Session, user, and permissions (2); the time limit and its savepoint (4),
            # the search, and the people; counts (2); quarantine.
            with self.assertNumQueries(13):
                self.find(name="ana")
            made(10)


class TimeLimitTests(CommittedTestCase):
    def test_a_search_that_takes_too_long_is_stopped_with_advice(self):
        self.client.force_login(make_staff())
        slow = mock.Mock(side_effect=lambda *args: sleep())

        with mock.patch.object(search, "LONGEST_MS", 10):
            with mock.patch.object(search, "by_details", slow):
                details = self.client.get(FIND, {"name": "Ana"})
            with mock.patch.object(search, "by_part", slow):
                typed = {"how": "start", "part": "ana.", "reason": "Why."}
                part = self.client.post(PART, typed)

        self.assertContains(details, "was stopped. Add a word", status_code=422)
        self.assertContains(details, 'value="Ana"', status_code=422)
        self.assertContains(part, "was stopped. Enter more", status_code=422)
        self.assertFalse(AddressSearch.objects.exists())


def sleep():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")


class NetworkTests(FindTestCase):
    def test_each_result_links_to_the_others_from_its_network(self):
        signature = make_signature(name="Ana Reyes", network_hash=NETWORK)
        make_signature(name="Ben Cruz", network_hash=NETWORK)
        make_signature(name="Cleo Cruz", network_hash="b" * 64)

        found = self.find(name="ana")
        link = re.search(r'href="([^"]+)">Others from this network \(1\)', found.text)
        others = self.client.get(link[1])

        self.assertEqual(link[1], f"{FIND}?network={signature.pk}")
        self.assertEqual(self.names(others), ["Ben Cruz", "Ana Reyes"])
        self.assertNotContains(others, NETWORK)

    def test_says_if_there_are_no_others_or_the_hash_is_gone(self):
        gone = make_signature(name="Ana Reyes", network_hash="")
        make_signature(name="Ben Cruz", network_hash=NETWORK)
        make_signature(name="Cleo Cruz", network_hash="")

        self.assertContains(self.find(name="ben"), "No others from this network")
        self.assertContains(self.find(name="ana"), "unknown (kept for 30 days)")
        page = self.find(network=gone.pk)
        self.assertContains(page, "deleted after 30 days")
        self.assertNotContains(page, "Cleo")


class LinksTests(FindTestCase):
    role = Role.ADMINISTRATOR

    def setUp(self):
        super().setUp()
        self.voice = make_published_voice(name="Dora Reyes")
        self.signature = make_signature(voice=self.voice, network_hash=NETWORK)
        make_signature(network_hash=NETWORK)
        self.rows = {
            "voice": self.voice,
            "signature": self.signature,
            "letter": make_letter(self.signature),
            "report": Report.objects.create(voice=self.voice, kind="other"),
            "decision": Decision.objects.create(
                voice=self.voice, kind="published", by=self.by
            ),
        }

    def page(self, model):
        return reverse(f"admin:voices_{model}_change", args=[self.rows[model].pk])

    def links(self, path):
        """The links to rows about the person, by label."""
        page = self.client.get(path)
        self.assertEqual(page.status_code, 200, path)
        part = page.text.partition('<ul class="person-links"')[2].partition("</ul>")[0]
        links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', part)
        return {label: path for path, label in links}

    def test_voice_signature_letter_report_and_decision_link_to_one_another(self):
        voice, signature = self.voice.pk, self.signature.pk
        links = {
            f"Voice No. {voice}": self.page("voice"),
            "Signature": self.page("signature"),
            "Public page": self.voice.get_absolute_url(),
            "Reports (1)": f"/admin/voices/report/?voice__id__exact={voice}",
            "Decisions (1)": f"/admin/voices/decision/?voice__id__exact={voice}",
            "Emails (1)": f"/admin/voices/letter/?signature__id__exact={signature}",
            "Others from this network (1)": f"{FIND}?network={signature}",
        }
        for model in self.rows:
            with self.subTest(model):
                shown = self.links(self.page(model))

                others = {k: v for k, v in links.items() if v != self.page(model)}
                self.assertEqual(shown, others)
        for path in links.values():
            self.assertEqual(self.client.get(path).status_code, 200, path)

    def test_a_moderator_gets_only_links_that_they_may_open(self):
        self.enter(Role.MODERATOR)

        shown = {
            **self.links(self.page("voice")),
            **self.links(self.page("decision")),
            **self.links(f"{FIND}?name=dora"),
        }

        for path in shown.values():
            self.assertEqual(self.client.get(path).status_code, 200, path)
        self.assertEqual(
            {label.partition(" (")[0] for label in shown},
            {
                *(f"Voice No. {self.voice.pk}", "Public page", "Reports", "Decisions"),
                "Others from this network",
            },
        )

    def test_a_row_about_nobody_has_no_links(self):
        row = Decision.objects.create(kind="rejected", by=self.by)
        page = reverse("admin:voices_decision_change", args=[row.pk])

        self.assertEqual(self.links(page), {})
        self.assertEqual(self.links(reverse("admin:voices_reason_add")), {})

    def test_a_letter_of_a_form_has_links_once_it_is_confirmed(self):
        letters = [
            Letter.objects.create(
                kind="confirm", submission=make_submission(), address_hash=str(number)
            )
            for number in range(2)
        ]
        letters[1].submission.confirm()
        signature = Signature.objects.latest("pk")

        before, after = (
            self.links(reverse("admin:voices_letter_change", args=[letter.pk]))
            for letter in letters
        )

        self.assertEqual(before, {})
        self.assertIn(f"Voice No. {signature.voice_id}", after)

    def test_the_list_of_letters_is_that_of_one_signature(self):
        other = make_letter(make_signature())

        response = self.client.get(
            f"/admin/voices/letter/?signature__id__exact={other.signature_id}"
        )

        self.assertEqual(list(response.context["cl"].result_list), [other])

    def test_the_list_of_letters_takes_a_constant_number_of_queries(self):
        path = reverse("admin:voices_letter_changelist")
        self.client.force_login(make_staff("admin"))
        for _ in range(2):
            # Session, user, count, and rows.
            with self.assertNumQueries(4):
                self.client.get(path)
            for _ in range(5):
                make_letter(self.signature)


class QuarantineTests(FindTestCase):
    SENTENCE = "2 signatures are in quarantine; an administrator decides on them."

    def setUp(self):
        super().setUp()
        make_quarantined()
        make_quarantined()
        make_quarantined(withdrawn_at=timezone.now())

    def test_moderators_see_how_many_are_in_quarantine(self):
        for role in MODERATORS:
            self.enter(role)
            for path in ("/admin/", FIND):
                self.assertContains(self.client.get(path), self.SENTENCE)

    def test_administrators_get_a_link_to_the_list(self):
        self.enter(Role.ADMINISTRATOR)

        response = self.client.get(FIND)

        self.assertContains(response, "Signatures in quarantine: 2")
        self.assertNotContains(self.client.get("/admin/"), self.SENTENCE)

    def test_they_are_counted_up_to_a_limit(self):
        with mock.patch("voices.moderation.waiting.MAX_QUARANTINED", 1):
            response = self.client.get(FIND)

        self.assertContains(response, "more than 1 signatures are in quarantine")


class LogTests(FindTestCase):
    role = Role.ADMINISTRATOR

    def test_administrators_read_it(self):
        AddressSearch.objects.create(reason="A letter.", found=3, by=self.by)
        AddressSearch.objects.create(reason="", found=1, by=self.by)

        response = self.client.get(reverse("admin:voices_addresssearch_changelist"))

        self.assertContains(response, "A letter.")
        self.assertContains(response, "(a whole address)")

    def test_it_can_be_neither_changed_nor_deleted(self):
        AddressSearch.objects.create(reason="A letter.", found=3, by=self.by)
        for change in (
            "UPDATE voices_addresssearch SET reason = ''",
            "DELETE FROM voices_addresssearch",
        ):
            with (
                self.subTest(change),
                self.assertRaisesRegex(DatabaseError, REFUSED),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(change)

    def test_it_stays_when_the_person_is_erased(self):
        signature = make_signature(email="ana@example.com")
        self.find_address("ana@example.com")

        signature.erase()

        self.assertEqual(AddressSearch.objects.get().found, 1)
        self.assertEqual(self.names(self.find_address("ana@example.com")), [])
        self.assertTrue(Voice.objects.filter(pk=signature.voice_id).exists())
