import re
from datetime import timedelta
from functools import partial

from django.contrib.admin.models import LogEntry
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from tests.abuse import make_quarantined
from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    confirm_url,
    deliver,
    latest_submission,
    make_signature,
    make_staff,
    sign,
)
from tests.voices.test_tallies import counted_afresh, signers, statements
from voices.models import (
    AllowedNetwork,
    AwaitingVoice,
    BlockedDomain,
    BlockedNetwork,
    Decision,
    Limit,
    MailProvider,
    Signature,
    Submission,
    Voice,
)
from voices.moderation import decide, undoing

# Session, user, networks to filter by, count, rows, and their networks.
QUERIES = 6
LIST = reverse("admin:voices_quarantinedsignature_changelist")


def settle_url(kind):
    return reverse("admin:voices_quarantinedsignature_settle", args=[kind])


class SignerTests(TestCase):
    def visit(self, **fields):
        """Sign and confirm by email; return everything that the signer sees."""
        browser = Client()
        sent = sign(browser, **fields)
        submission = latest_submission()
        # A held submission is mailed once the signer asks for the email again.
        Submission.objects.update(submitted_at=timezone.now() - timedelta(hours=1))
        asked = browser.post(sent.url, {"again": "1"})
        [mail] = deliver()
        check = browser.get(sent.url)
        link = confirm_url(submission)
        seen = browser.get(link)
        confirmed = browser.post(link)
        thanks = browser.get(confirmed.url)
        again = browser.get(link)
        pages = [sent, asked, check, seen, confirmed, thanks, again]
        # Parts that differ between any two visits; numbers include the public total.
        own = "|".join([submission.ref, r"[\w.:-]{40,}", r"\d+"])
        seen = [(page.status_code, page.content.decode()) for page in pages]
        seen += [(mail.subject, mail.body), (sent.url, confirmed.url)]
        return [tuple(re.sub(own, "…", str(part)) for part in each) for each in seen]

    def test_sees_the_same_pages_and_mail_as_everybody(self):
        for _ in range(3):
            make_signature()
        calm = self.visit(email="email1@example.com")

        suspected = self.visit(email="email2@example.com", untouched="x")

        self.assertTrue(Signature.objects.in_quarantine().exists())
        self.assertEqual(calm, suspected)

    def test_neither_counts_nor_waits_for_a_moderator(self):
        self.visit(email="email1@example.com", untouched="x")

        signature = Signature.objects.get()
        self.assertIsNone(signature.counted_at)
        self.assertEqual(signature.quarantined_at, signature.confirmed_at)
        self.assertEqual(signature.suspicions, ["honeypot"])
        self.assertEqual(signers(), 0)
        self.assertFalse(AwaitingVoice.objects.waiting().exists())
        self.assertEqual(decide.publish(Voice.objects.all(), make_staff()), 0)

    def test_a_mere_note_does_not_quarantine(self):
        browser = Client()
        sign(browser, started=None)
        browser.post(confirm_url(latest_submission()))

        signature = Signature.objects.get()
        self.assertEqual(signature.suspicions, ["no-stamp"])
        self.assertIsNone(signature.quarantined_at)
        self.assertEqual(signers(), 1)
        self.assertEqual(AwaitingVoice.objects.waiting().count(), 1)


class DecideTests(TestCase):
    def setUp(self):
        self.by = make_staff()

    def all(self):
        return Signature.objects.all()

    def test_released_it_counts_and_waits_for_a_moderator(self):
        signature = make_quarantined(state="TX")

        self.assertEqual(decide.release(self.all(), self.by), 1)

        signature.refresh_from_db()
        self.assertIsNotNone(signature.counted_at)
        self.assertIsNone(signature.quarantined_at)
        self.assertEqual(signers(), 1)
        self.assertEqual(AwaitingVoice.objects.waiting().get().pk, signature.voice_id)
        decision = Decision.objects.get()
        self.assertEqual(decision.kind, Decision.Kind.RELEASED)
        self.assertEqual(
            (decision.voice_id, decision.by), (signature.voice_id, self.by)
        )
        self.assertEqual(decide.publish(Voice.objects.all(), self.by), 1)

    def test_rejected_it_never_counts(self):
        signature = make_quarantined()

        self.assertEqual(decide.reject(self.all(), self.by), 1)

        signature.refresh_from_db()
        self.assertIsNone(signature.counted_at)
        self.assertIsNone(signature.quarantined_at)
        self.assertIsNotNone(signature.rejected_at)
        self.assertEqual(signers(), 0)
        self.assertFalse(AwaitingVoice.objects.waiting().exists())
        self.assertEqual(Decision.objects.get().kind, Decision.Kind.REJECTED)
        self.assertEqual(decide.release(self.all(), self.by), 0)

    def test_somebody_unlisted_is_logged_without_a_voice(self):
        make_quarantined(name_display="unlisted")

        self.assertEqual(decide.release(self.all(), self.by), 1)

        self.assertIsNone(Decision.objects.get().voice)
        self.assertEqual(signers(), 1)

    def test_only_quarantined_signatures_are_decided_on(self):
        make_signature()
        make_quarantined(withdrawn_at=timezone.now())

        for decision in (decide.release, decide.reject):
            self.assertEqual(decision(self.all(), self.by), 0)
        self.assertFalse(Decision.objects.exists())
        self.assertEqual(signers(), 1)

    def test_undone_it_is_in_quarantine_as_before(self):
        before = make_quarantined()
        for decision in (decide.release, decide.reject):
            decision(self.all(), self.by)

            self.assertEqual(undoing.undo(Voice.objects.all(), self.by), 1)

            after = Signature.objects.get()
            for field in ("counted_at", "quarantined_at", "rejected_at"):
                self.assertEqual(getattr(after, field), getattr(before, field))
            self.assertIsNone(after.voice.review_since)
            self.assertEqual(signers(), 0)

    def test_later_decisions_are_undone_first(self):
        make_quarantined()
        decide.release(self.all(), self.by)
        decide.publish(Voice.objects.all(), self.by)

        undoing.undo(Voice.objects.all(), self.by)
        self.assertEqual(signers(), 1)
        undoing.undo(Voice.objects.all(), self.by)

        self.assertEqual(signers(), 0)
        self.assertFalse(AwaitingVoice.objects.waiting().exists())


class AtOnceTests(CommittedTestCase):
    def test_figures_are_exact_under_concurrent_decisions(self):
        by = make_staff()
        for number in range(30):
            make_quarantined(state="TX" if number % 2 else "NM")
        make_quarantined(name_display="unlisted")
        everybody = Signature.objects.all

        def withdraw():
            return Signature.objects.filter(pk__in=some).update(
                withdrawn_at=timezone.now()
            )

        some = list(everybody().values_list("pk", flat=True)[:5])

        at_once(
            partial(decide.release, everybody(), by),
            partial(decide.reject, everybody().order_by("-pk"), by),
            partial(undoing.undo, Voice.objects.all(), by),
            partial(decide.release, everybody().order_by("-pk"), by),
            partial(undoing.undo, Voice.objects.all(), by),
            partial(decide.publish, Voice.objects.all(), by),
            withdraw,
        )

        self.assertEqual((signers(), statements()), counted_afresh())
        for signature in everybody():
            states = (
                signature.counted_at,
                signature.quarantined_at,
                signature.rejected_at,
            )
            self.assertEqual(len(list(filter(None, states))), 1)

    def test_two_moderators_release_each_signature_once(self):
        by = make_staff()
        for _ in range(20):
            make_quarantined()

        counts = at_once(*[partial(decide.release, Signature.objects.all(), by)] * 4)

        self.assertEqual(sum(counts), 20)
        self.assertEqual(Decision.objects.count(), 20)
        self.assertEqual(signers(), 20)


class AdminTestCase(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)

    def ask(self, action, *signatures, across=False, query=""):
        """Select these rows, or all rows of all pages, and run the action."""
        ticked = signatures or [Signature.objects.in_quarantine().first()]
        return self.client.post(
            LIST + query,
            {
                "action": action,
                "select_across": "1" if across else "0",
                "_selected_action": [signature.pk for signature in ticked],
            },
        )

    def settle(self, kind, asked):
        return self.client.post(
            settle_url(kind), {"ids": asked.context["ids"]}, follow=True
        )


class ListTests(AdminTestCase):
    def test_shows_quarantined_signatures_and_their_reasons(self):
        first = make_quarantined(name="Bot One", suspicions=["honeypot", "link"])
        make_quarantined(name="Bot Two", name_display="unlisted")
        make_signature(name="Calm Person")
        make_quarantined(name="Gone Person", withdrawn_at=timezone.now())
        decide.reject(
            Signature.objects.filter(pk=make_quarantined(name="Done").pk), self.by
        )

        response = self.client.get(LIST)

        names = [each.name for each in response.context["cl"].result_list]
        self.assertEqual(names, ["Bot One", "Bot Two"])
        self.assertContains(response, "Filled in the hidden field")
        self.assertContains(response, "A link in the statement")
        self.assertContains(response, "(unlisted)")
        self.assertContains(response, "3 others")
        page = self.client.get(
            reverse("admin:voices_quarantinedsignature_change", args=[first.pk])
        )
        self.assertContains(page, "Filled in the hidden field")
        self.assertNotContains(page, first.email)
        self.assertNotContains(page, 'name="_save"')

    def test_labels_a_signature_without_a_statement(self):
        signature = make_quarantined(network_hash="")
        Voice.objects.update(statement="")

        response = self.client.get(LIST)

        self.assertContains(response, "(name only)")
        self.assertContains(response, "no others")
        self.assertContains(response, signature.city)

    def test_escapes_what_signers_wrote(self):
        make_quarantined(name="<b>Ana</b>", profession="<i>x</i>")
        Voice.objects.update(statement="<script>alert(1)</script>")

        for response in (self.client.get(LIST), self.ask("release", across=True)):
            for markup in ("<b>Ana", "<i>x", "<script>alert"):
                self.assertNotContains(response, markup)

    def test_is_filtered_by_reason_and_network(self):
        one = make_quarantined(suspicions=["link", "too-fast"], network_hash="b" * 64)
        make_quarantined()

        for query in ("?why=link", f"?network={'b' * 64}"):
            rows = self.client.get(LIST + query).context["cl"].result_list
            self.assertEqual([row.pk for row in rows], [one.pk])

    def test_odd_filters_are_no_error(self):
        make_quarantined()

        for query in ("?why=x", "?network=x", "?network=", "?why=%00", "?network[]=1"):
            self.assertLess(self.client.get(LIST + query).status_code, 500)

    def test_takes_a_constant_number_of_queries(self):
        for number in range(3):
            make_quarantined(network_hash=str(number) * 64)
        self.client.get(LIST)
        with self.assertNumQueries(QUERIES):
            self.client.get(LIST)
        for number in range(30):
            make_quarantined(network_hash=str(number % 9) * 64)

        with self.assertNumQueries(QUERIES):
            self.client.get(LIST)

    def test_is_for_staff_only(self):
        client = Client()
        client.force_login(make_staff("guest", is_staff=False, is_superuser=False))
        for url in (LIST, settle_url("release")):
            for visitor in (Client(), client):
                self.assertEqual(visitor.get(url).status_code, 302)
                self.assertEqual(visitor.post(url, {"ids": "1"}).status_code, 302)
        reader = make_staff("reader", is_superuser=False)
        client.force_login(reader)
        signature = make_quarantined()
        answer = client.post(settle_url("release"), {"ids": signature.pk})
        self.assertEqual(answer.status_code, 403)
        self.assertEqual(signers(), 0)


class BulkTests(AdminTestCase):
    def test_asks_with_a_count_and_a_sample_before_it_decides(self):
        for number in range(30):
            make_quarantined(name=f"Bot {number:02}")

        response = self.ask("release", across=True)

        self.assertContains(response, "Release 30 signatures?")
        shown = re.findall(r"Bot \d\d", response.content.decode())
        self.assertEqual(shown, [f"Bot {number:02}" for number in range(0, 30, 3)])
        self.assertEqual(signers(), 0)
        self.assertFalse(Decision.objects.exists())

    def test_releases_two_hundred_at_once_from_all_pages(self):
        for _ in range(200):
            make_quarantined()
        self.assertEqual(len(self.client.get(LIST).context["cl"].result_list), 100)

        response = self.settle("release", self.ask("release", across=True))

        self.assertContains(response, "Released: 200.")
        self.assertEqual(signers(), 200)
        self.assertEqual(AwaitingVoice.objects.waiting().count(), 200)
        self.assertEqual(Decision.objects.filter(kind="released").count(), 200)
        self.assertFalse(Signature.objects.in_quarantine().exists())
        # Django's own log would store people's names.
        self.assertFalse(LogEntry.objects.exists())

    def test_rejects_only_filtered_rows(self):
        for _ in range(3):
            make_quarantined(suspicions=["link", "too-fast"])
        kept = make_quarantined()

        response = self.settle(
            "reject", self.ask("reject", across=True, query="?why=link")
        )

        self.assertContains(response, "Rejected: 3.")
        self.assertEqual(Signature.objects.in_quarantine().get(), kept)
        self.assertEqual(Signature.objects.filter(rejected_at__isnull=False).count(), 3)

    def test_decides_on_selected_rows(self):
        chosen, other = make_quarantined(), make_quarantined()

        self.settle("release", self.ask("release", chosen))

        self.assertEqual(Signature.objects.in_quarantine().get(), other)
        self.assertEqual(signers(), 1)

    def test_signatures_arriving_after_the_question_stay(self):
        make_quarantined()
        asked = self.ask("release", across=True)
        late = make_quarantined()

        self.settle("release", asked)

        self.assertEqual(Signature.objects.in_quarantine().get(), late)

    def test_a_second_click_changes_nothing(self):
        make_quarantined()
        asked = self.ask("release", across=True)
        self.settle("release", asked)

        response = self.settle("reject", asked)

        self.assertContains(response, "Rejected: 0.")
        self.assertEqual(signers(), 1)

    def test_says_if_the_selected_rows_are_gone(self):
        signature = make_quarantined()
        decide.release(Signature.objects.all(), self.by)

        response = self.ask("release", signature)

        self.assertContains(response, "None of the signatures you selected")

    def test_a_get_of_the_decision_page_changes_nothing(self):
        make_quarantined()

        response = self.client.get(settle_url("release"))

        self.assertRedirects(response, LIST)
        self.assertEqual(signers(), 0)

    def test_tampered_input_is_refused(self):
        make_quarantined()

        for ids in ("", "x", "1,x", "1,,2", "9" * 19, "-1", "１", ",".join("1" * 4001)):
            answer = self.client.post(settle_url("release"), {"ids": ids})
            self.assertEqual(answer.status_code, 400, ids[:20])
        self.assertEqual(self.client.post(settle_url("other")).status_code, 404)
        self.assertEqual(signers(), 0)

    def test_undone_from_the_list_of_voices(self):
        signature = make_quarantined()
        self.settle("release", self.ask("release", across=True))

        self.client.post(
            reverse("admin:voices_voice_changelist"),
            {"action": "undo", "_selected_action": [signature.voice_id]},
        )

        self.assertEqual(Signature.objects.in_quarantine().get(), signature)
        self.assertEqual(signers(), 0)


class SettingsAdminTests(AdminTestCase):
    def change(self, limit, **fields):
        url = reverse("admin:voices_limit_change", args=[limit.pk])
        return self.client.post(url, {"most": 5, "minutes": 10, **fields})

    def test_limits_can_be_changed_but_not_added_or_deleted(self):
        limit, _ = Limit.objects.get_or_create(
            of=Limit.Of.NETWORK_BURST, defaults={"most": 1, "minutes": 1}
        )

        self.assertEqual(self.change(limit).status_code, 302)

        limit.refresh_from_db()
        self.assertEqual((limit.most, limit.minutes), (5, 10))
        self.assertContains(
            self.client.get(reverse("admin:voices_limit_changelist")), "network"
        )
        for name, args in (("add", []), ("delete", [limit.pk])):
            url = reverse(f"admin:voices_limit_{name}", args=args)
            self.assertEqual(self.client.get(url).status_code, 403)

    def test_a_limit_out_of_range_is_refused(self):
        limit = Limit.objects.first()

        for fields in (
            {"most": 0},
            {"minutes": 0},
            {"minutes": 10**9},
            {"most": 2**40},
        ):
            self.assertEqual(self.change(limit, **fields).status_code, 200)

    def test_a_blocked_domain_is_stored_in_canonical_form(self):
        url = reverse("admin:voices_blockeddomain_add")

        for domain in ("@Spam.Example", "googlemail.com", "bücher.example"):
            self.assertEqual(self.client.post(url, {"domain": domain}).status_code, 302)
        for domain in ("", "a b", "spam.example", "..", "x" * 300, "a\0b"):
            self.assertEqual(self.client.post(url, {"domain": domain}).status_code, 200)

        self.assertEqual(
            list(BlockedDomain.objects.values_list("domain", flat=True)),
            ["gmail.com", "spam.example", "xn--bcher-kva.example"],
        )

    def test_a_blocked_network_has_one_spelling(self):
        url = reverse("admin:voices_blockednetwork_add")

        tomorrow = timezone.localtime() + timedelta(days=1)
        until = {"until_0": tomorrow.date(), "until_1": "12:00"}
        for network in ("192.0.2.0/24", "2001:DB8:0::/32", "203.0.113.7"):
            answer = self.client.post(url, {"network": network} | until)
            self.assertEqual(answer.status_code, 302)
        for network in ("192.0.2.1/24", "2001:db8::/32", "x", "", "1" * 51, "1\0"):
            answer = self.client.post(url, {"network": network} | until)
            self.assertEqual(answer.status_code, 200)

        self.assertEqual(
            set(BlockedNetwork.objects.values_list("network", flat=True)),
            {"192.0.2.0/24", "2001:db8::/32", "203.0.113.7/32"},
        )
        self.assertNotIn("192", str(LogEntry.objects.values_list("object_repr")))

    def test_a_network_is_allowed_until_a_date_if_not_too_wide(self):
        url = reverse("admin:voices_allowednetwork_add")
        tomorrow = timezone.localtime() + timedelta(days=1)
        until = {"until_0": tomorrow.date(), "until_1": "12:00"}

        for network in ("192.0.0.0/15", "2001:d00::/24", "0.0.0.0/0", "::/0", "x"):
            answer = self.client.post(url, {"network": network} | until)
            self.assertEqual(answer.status_code, 200, network)
        far = until | {"until_0": "2999-01-01"}
        answer = self.client.post(url, {"network": "192.0.2.0/24"} | far)
        self.assertContains(answer, "At most 90 days from now")
        for network in ("192.0.0.0/16", "2001:DB8::/32", "203.0.113.7"):
            answer = self.client.post(url, {"network": network} | until)
            self.assertEqual(answer.status_code, 302, network)

        self.assertEqual(
            set(AllowedNetwork.objects.values_list("network", flat=True)),
            {"192.0.0.0/16", "2001:db8::/32", "203.0.113.7/32"},
        )
        self.assertNotIn("192", str(LogEntry.objects.values_list("object_repr")))

    def test_a_mail_provider_is_stored_as_its_registrable_domain(self):
        url = reverse("admin:voices_mailprovider_add")

        for domain in ("@Mail.Campus.Example", "a.k12.oh.us"):
            self.assertEqual(self.client.post(url, {"domain": domain}).status_code, 302)
        for domain in ("", "a b", "pm.me", "x" * 300):
            self.assertEqual(self.client.post(url, {"domain": domain}).status_code, 200)

        added = MailProvider.objects.order_by("-pk").values_list("domain", flat=True)
        self.assertEqual(list(added[:2]), ["k12.oh.us", "campus.example"])

    def test_a_network_is_not_blocked_forever(self):
        url = reverse("admin:voices_blockednetwork_add")

        answer = self.client.post(
            url,
            {"network": "192.0.2.0/24", "until_0": "2999-01-01", "until_1": "12:00"},
        )

        self.assertContains(answer, "At most 90 days from now")
        self.assertFalse(BlockedNetwork.objects.exists())
