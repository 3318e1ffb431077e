from datetime import timedelta
from functools import partial

from django.db import DatabaseError, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from core.public import Content
from tests.committed import CommittedTestCase, at_once, heard, listening
from tests.factories import (
    confirm_url,
    deliver,
    latest_submission,
    make_founding_voice,
    make_signature,
    make_staff,
    make_submission,
    sign,
)
from tests.voices.test_letters import parts
from tests.voices.test_tallies import run
from voices.models import DayTally, Petition, Signature, Submission, Tally
from voices.petition.models import Petitions
from voices.signing.agreements import CONSENT_TEXT
from voices.wall.tallies import read_figures

TO_CONGRESS = "I ask Congress to end qualified immunity by law."
TO_LAWMAKERS = (
    "I ask {} to let people sue, under state law, when officials violate their rights."
)
NEW = "I ask Congress to pass the Ending Qualified Immunity Act."


def ask_for_something_else():
    words = "I ask {lawmakers} to do the same."
    return Petition.objects.revise(NEW, words, asks_something_else=True)


def correct_a_typo():
    words = TO_LAWMAKERS.format("{lawmakers}")
    return Petition.objects.revise(
        TO_CONGRESS.replace("immunity", "Immunity"), words, asks_something_else=False
    )


class WordsTests(TestCase):
    def test_the_addressee_follows_the_state(self):
        petition = Petition.objects.current()

        for state, whom in {
            "": "my state’s lawmakers",
            "TX": "my state’s lawmakers",
            "DC": "the D.C. Council",
            **dict.fromkeys(["AS", "GU", "MP", "PR", "VI"], "my legislature"),
        }.items():
            sentences = [TO_CONGRESS, TO_LAWMAKERS.format(whom)]
            self.assertEqual(petition.sentences(state), sentences, state)
        self.assertEqual(petition.sentences("AA"), [TO_CONGRESS])

    def test_a_version_is_never_changed_or_deleted(self):
        for sql in (
            "UPDATE voices_petition SET to_congress = 'Something else.'",
            "UPDATE voices_petition SET series = 2",
            "DELETE FROM voices_petition",
        ):
            with self.assertRaises(DatabaseError), transaction.atomic():
                run(sql)

    def test_a_version_without_an_addressee_is_refused(self):
        with self.assertRaises(DatabaseError), transaction.atomic():
            Petition.objects.revise(NEW, "I ask.", asks_something_else=False)


class CountTests(TestCase):
    def test_a_corrected_typo_keeps_counting(self):
        make_signature()
        make_founding_voice(1)

        correct_a_typo()
        make_signature()

        figures = read_figures()
        self.assertEqual((figures.total, figures.earlier), (3, 0))
        self.assertIsNone(figures.since)

    def test_asking_for_something_else_starts_a_new_count(self):
        for _ in range(3):
            make_signature(state="TX")
        make_founding_voice(1)
        before = {row.pk for row in Tally.objects.all()}

        ask_for_something_else()
        make_signature(state="OH")

        figures = read_figures()
        self.assertEqual((figures.total, figures.earlier), (1, 4))
        self.assertEqual(figures.since, Petition.objects.current().at)
        self.assertTrue(before <= {row.pk for row in Tally.objects.all()})

    def test_withdrawing_leaves_the_count_that_it_was_in(self):
        early, other = make_signature(), make_signature()
        ask_for_something_else()
        make_signature()

        Signature.objects.filter(pk=early.pk).update(withdrawn_at=timezone.now())
        self.assertEqual((read_figures().total, read_figures().earlier), (1, 1))
        other.delete()
        self.assertEqual((read_figures().total, read_figures().earlier), (1, 0))

    def test_folding_keeps_the_counts_apart(self):
        make_signature()
        make_signature()
        ask_for_something_else()
        make_signature()
        make_signature()

        Tally.objects.fold()
        DayTally.objects.fold()

        self.assertEqual((read_figures().total, read_figures().earlier), (2, 2))
        self.assertEqual(Tally.objects.signers().count(), 2)
        self.assertEqual(DayTally.objects.count(), 2)

    def test_every_page_with_a_total_says_since_when(self):
        for _ in range(12):
            make_signature(state="TX", name_display="unlisted")
        pages = ["/", "/embed/", "/share/", "/voices/", "/voices/add/"]
        pages.append("/voices/thank-you/")
        for path in pages:
            self.assertNotContains(self.client.get(path), "signed the earlier words")

        ask_for_something_else()
        make_signature()

        for path in pages:
            page = self.client.get(path)
            self.assertContains(page, "Counted since")
            self.assertContains(page, "12 people signed the earlier words")

    def test_the_files_have_the_new_count_and_say_so(self):
        make_founding_voice(1)
        before = timezone.now() - timedelta(days=2)
        for _ in range(11):
            make_signature(counted_at=before)
        self.assertIsNone(
            self.client.get("/voices/counts.json").json()["counted_since"]
        )
        ask_for_something_else()
        make_signature()

        data = self.client.get("/voices/counts.json").json()
        rows = self.client.get("/voices/counts.csv").text.splitlines()

        today = timezone.localdate().isoformat()
        self.assertEqual((data["total"], data["founding_voices"]), (1, 0))
        self.assertEqual(data["counted_since"], today)
        self.assertEqual(data["signed_earlier_petition"], 12)
        self.assertEqual(data["days"], [])
        self.assertIn(f"since,{today},Counted since,", rows)
        self.assertIn("earlier,,Signed an earlier petition,12", rows)


class SigningTests(TestCase):
    def test_the_form_shows_what_is_asked_of_whom_and_how_many_have_signed(self):
        make_signature(name_display="unlisted")

        page = self.client.get("/voices/add/")

        self.assertContains(page, TO_CONGRESS)
        self.assertContains(page, TO_LAWMAKERS.format("my state’s lawmakers"))
        self.assertContains(page, "the lawmakers of your state, D.C., or territory")
        self.assertContains(page, "<b>1</b> person has signed")

    def test_a_link_with_a_state_addresses_its_lawmakers(self):
        for _ in range(10):
            make_signature(state="TX")

        for state, whom in {
            "TX": "The U.S. Congress and the lawmakers of Texas",
            "DC": "The U.S. Congress and the D.C. Council",
            "PR": "The U.S. Congress and the legislature of Puerto Rico",
            "VI": "The U.S. Congress and the legislature of the U.S. Virgin Islands",
        }.items():
            page = self.client.get("/voices/add/", {"state": state})
            self.assertContains(page, f">{whom}<")
        abroad = self.client.get("/voices/add/", {"state": "AA"})
        self.assertContains(abroad, '" hidden></p>')
        texas = self.client.get("/voices/add/", {"state": "TX"})
        self.assertContains(texas, "10 of them in Texas")

    def test_the_number_from_abroad_reads_as_a_sentence(self):
        for _ in range(10):
            make_signature(state="AA")

        page = self.client.get("/voices/add/", {"state": "AA"})

        self.assertContains(page, "10 of them in the military or abroad</span>.")

    def test_a_link_with_a_state_still_tells_what_other_places_sign(self):
        page = self.client.get("/voices/add/", {"state": "TX"})

        self.assertContains(page, "In D.C., it says")

    def test_a_small_number_from_a_state_is_withheld(self):
        make_signature(state="TX")

        page = self.client.get("/voices/add/", {"state": "TX"})

        self.assertNotContains(page, "of them in Texas")

    def test_a_state_that_does_not_exist_is_ignored(self):
        plain = self.client.get("/voices/add/")
        for state in ("XX", "'><b>", "\x00", "TX TX", "a" * 500):
            page = self.client.get("/voices/add/", {"state": state})

            self.assertEqual(page.status_code, 200)
            self.assertContains(page, '<option value="" selected>')
            self.assertEqual(len(page.content), len(plain.content))

    def test_the_words_that_were_signed_are_stored(self):
        for state, whom in {
            "OH": "my state’s lawmakers",
            "DC": "the D.C. Council",
        }.items():
            sign(self.client, state=state)

            submission = latest_submission()
            words = f"{TO_CONGRESS} {TO_LAWMAKERS.format(whom)}"
            self.assertEqual(submission.petition, Petition.objects.current())
            self.assertEqual(submission.consent_text, f"{words}\n\n{CONSENT_TEXT}")

    def test_a_signature_keeps_the_words_and_their_version(self):
        sign(self.client, state="AA")
        correct_a_typo()
        submission = latest_submission()
        self.client.post(confirm_url(submission))

        signature = Signature.objects.get()
        self.assertEqual(signature.petition, Petition.objects.earliest("pk"))
        self.assertEqual(signature.consent_text, f"{TO_CONGRESS}\n\n{CONSENT_TEXT}")

    def test_the_version_on_the_form_is_the_one_signed(self):
        shown = Petition.objects.current()
        correct_a_typo()

        sign(self.client, petition=str(shown.pk))

        self.assertEqual(latest_submission().petition, shown)

    def test_a_form_without_a_known_version_signs_the_current_one(self):
        latest = correct_a_typo()

        for given in (None, "", "0", "x", "\x00", "9" * 40):
            sign(self.client, petition=given)
            self.assertEqual(latest_submission().petition, latest, given)

    def test_a_form_opened_before_the_demand_changed_is_shown_again(self):
        shown = Petition.objects.current()
        latest = ask_for_something_else()

        page = sign(self.client, petition=str(shown.pk), statement="My own words.")

        self.assertContains(page, NEW, status_code=422)
        self.assertContains(page, "What the petition asks for changed", status_code=422)
        self.assertContains(page, "My own words.", status_code=422)
        self.assertContains(
            page, f'name="petition" value="{latest.pk}"', status_code=422
        )
        self.assertFalse(Submission.objects.exists())

    def test_the_confirmation_page_shows_the_words_for_the_state(self):
        submission = make_submission(state="DC")

        page = self.client.get(confirm_url(submission))

        self.assertContains(page, TO_CONGRESS)
        self.assertContains(page, TO_LAWMAKERS.format("the D.C. Council"))

    def test_the_mail_has_the_words_that_were_on_the_form_without_the_state(self):
        sign(self.client, state="DC")
        ask_for_something_else()

        (message,) = deliver()

        for part in parts(message):
            text = " ".join(part.split())
            self.assertIn(TO_CONGRESS, text)
            self.assertIn(TO_LAWMAKERS.format("my state’s lawmakers"), text)
            self.assertNotIn("I ask the D.C. Council", text)

    def test_the_thank_you_page_has_the_words(self):
        page = self.client.get("/voices/thank-you/")

        self.assertContains(page, TO_CONGRESS)
        self.assertContains(page, TO_LAWMAKERS.format("my state’s lawmakers"))

    def test_a_form_without_a_city_can_be_confirmed(self):
        sign(self.client, city="")

        page = self.client.get(confirm_url(latest_submission()))

        self.assertContains(page, "<bdi>Nurse</bdi>, Ohio")


class AdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.add = reverse("admin:voices_petition_add")

    def revise(self, **fields):
        words = {
            "to_congress": NEW,
            "to_lawmakers": "I ask {lawmakers} to do the same.",
        }
        return self.client.post(self.add, {**words, **fields})

    def test_a_new_version_starts_from_the_current_words(self):
        page = self.client.get(self.add)

        self.assertContains(page, TO_CONGRESS)
        self.assertContains(page, TO_LAWMAKERS.format("{lawmakers}"))

    def test_staff_say_whether_it_asks_for_something_else(self):
        self.assertEqual(self.revise().status_code, 200)
        self.assertEqual(Petition.objects.count(), 1)

        self.revise(asks_something_else="no")
        self.assertEqual(Petition.objects.current().series, 1)
        self.revise(asks_something_else="yes")
        self.assertEqual(Petition.objects.current().series, 2)

    def test_a_version_without_an_addressee_gets_a_message(self):
        page = self.revise(to_lawmakers="I ask.", asks_something_else="no")

        self.assertContains(page, "Write {lawmakers} for the addressee.")

    def test_a_version_is_read_only(self):
        petition = Petition.objects.current()
        path = reverse("admin:voices_petition_change", args=[petition.pk])

        self.assertNotContains(self.client.get(path), 'name="to_congress"')
        self.assertEqual(self.client.post(path, {"to_congress": NEW}).status_code, 403)


class AtOnceTests(CommittedTestCase):
    def test_two_new_demands_at_once_start_two_counts(self):
        at_once(*[partial(ask_for_something_else) for _ in range(2)])

        series = Petition.objects.order_by("pk").values_list("series", flat=True)
        self.assertEqual(list(series), [1, 2, 3])
        self.assertEqual(Petitions.read().current.series, 3)


class RememberedVersionsTests(CommittedTestCase):
    """A web process shows the petition from its memory."""

    def test_they_are_read_again_after_a_new_version_only(self):
        self.enterContext(listening())
        Petitions.read()

        with heard(Content.FIGURES):
            make_signature()
        with self.assertNumQueries(0):
            Petitions.read()

        with heard(Content.PETITION):
            version = correct_a_typo()
        self.assertEqual(Petitions.read().current, version)
