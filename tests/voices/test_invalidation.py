from datetime import timedelta
from functools import partial

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from core import addresses
from tests.abuse import make_quarantined
from tests.accounts.steps import make_member, sign_in
from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    confirm_url,
    deliver,
    latest_submission,
    make_published_voice,
    make_signature,
    make_staff,
    private_fields,
    sign,
)
from tests.voices.test_tallies import counted_afresh, signers, statements
from voices.invalidation import change
from voices.invalidation.select import Criteria, count_and_checksum, effect
from voices.managing import changes
from voices.models import (
    InvalidatedAddress,
    Invalidation,
    Objection,
    Signature,
    Voice,
)
from voices.moderation import decide, undoing
from voices.moderation.waiting import what_waits
from voices.signatures import tokens
from voices.wall.tallies import DayTally

ADD = reverse("admin:voices_invalidation_add")
LOG = reverse("admin:voices_invalidation_changelist")
HELD = reverse("admin:voices_invalidatedsignature_changelist")
FORGED = "forger.example"
NETWORK, WIDE = "ab" * 32, "cd" * 32


def forged(number=0, **fields):
    return make_signature(email=f"f{number}@{FORGED}", **fields)


def criteria(**fields):
    form = Criteria(fields or {"domain": FORGED})
    assert form.is_valid(), form.errors
    return form


def invalidate(by, form=None, reason="Forged in one night."):
    form = form or criteria()
    _, seen = count_and_checksum(form.select())
    return change.invalidate(form, seen, reason, by)


def manage_url(signature):
    return reverse("voices:manage", args=[tokens.managing.sign(signature.ref)])


class CriteriaTests(TestCase):
    def chosen(self, **fields):
        return set(criteria(**fields).select())

    def test_a_network_is_found_by_either_hash_or_their_first_signs(self):
        near = make_signature(network_hash=NETWORK, wide_network_hash=WIDE)
        far = make_signature(network_hash="ef" * 32, wide_network_hash=WIDE)
        make_signature(network_hash="00" * 32, wide_network_hash="11" * 32)

        self.assertEqual(self.chosen(network=NETWORK), {near})
        self.assertEqual(self.chosen(network=f"{NETWORK[:8]}…"), {near})
        self.assertEqual(self.chosen(network=WIDE), {near, far})

    def test_a_domain_is_found_with_its_subdomains_and_no_others(self):
        found = {
            make_signature(email=f"a{number}@{host}")
            for number, host in enumerate((FORGED, f"mail.{FORGED}", FORGED.upper()))
        }
        make_signature(email=f"ana@not{FORGED}")
        make_signature(email=f"{FORGED}@example.org")

        for typed in (FORGED, f"@{FORGED}", f" {FORGED.upper()}. "):
            self.assertEqual(self.chosen(domain=typed), found)

    def test_time_and_tag_narrow_it(self):
        now = timezone.now()
        old = forged(1, confirmed_at=now - timedelta(days=2))
        late = forged(2, confirmed_at=now - timedelta(hours=1), tag_id="poster")
        day_ago = (now - timedelta(days=1)).isoformat()

        self.assertEqual(self.chosen(domain=FORGED, since=day_ago), {late})
        self.assertEqual(self.chosen(domain=FORGED, until=day_ago), {old})
        self.assertEqual(self.chosen(domain=FORGED, tag="poster"), {late})
        self.assertEqual(self.chosen(domain=FORGED, tag="-"), {old})

    def test_only_counting_signatures_are_selected(self):
        forged(1, withdrawn_at=timezone.now())
        make_quarantined(email=f"q@{FORGED}")
        counted = forged(2)

        self.assertEqual(self.chosen(domain=FORGED), {counted})

    def test_bad_criteria_are_refused_with_a_sentence(self):
        for fields in (
            {},
            {"network": "short"},
            {"network": "%" * 10},
            {"domain": "no-dot"},
            {"domain": "a b.com"},
            {"domain": "%.com"},
            {"domain": "a\0b.com"},
            {"since": "yesterday"},
            {"since": "2026-02-02T00:00", "until": "2026-02-01T00:00"},
            {"since": "9" * 400},
            {"tag": "elsewhere"},
            {"network": "a" * 65},
        ):
            with self.subTest(fields):
                self.assertFalse(Criteria(fields).is_valid())


def waiting():
    return [(each.number, each.words) for each in what_waits()]


def days():
    return DayTally.objects.by_day()


class InvalidateTests(TestCase):
    def setUp(self):
        self.staff = make_staff()

    def test_figures_and_the_wall_follow_at_once_and_come_back(self):
        voice = make_published_voice(featured_at=timezone.now(), state="OH")
        signature = forged(1, voice=voice)
        make_signature()
        before = (signers(), statements(), days())

        held = invalidate(self.staff)
        during = (signers(), statements(), sum(days().values()))
        afresh = counted_afresh()
        page = self.client.get(voice.get_absolute_url())
        wall = self.client.get(reverse("voices:list"))
        change.undo(held, self.staff)

        self.assertEqual(before[:2], (2, {("OH", ""): 1}))
        self.assertEqual(during, (1, {}, 1))
        self.assertEqual(afresh, (1, {}))
        self.assertEqual(page.status_code, 410)
        self.assertNotContains(wall, voice.statement)
        self.assertEqual((signers(), statements(), days()), before)
        self.assertContains(self.client.get(reverse("voices:list")), voice.statement)
        again = Signature.objects.get(pk=signature.pk)
        self.assertEqual(again.counted_at, signature.counted_at)
        self.assertIsNone(again.invalidation)

    def test_the_log_has_user_time_criteria_reason_and_count(self):
        forged(1, network_hash=NETWORK)
        forged(2, network_hash=NETWORK)

        held = invalidate(self.staff, criteria(network=NETWORK), "One machine.")

        row = Invalidation.objects.get()
        self.assertEqual(row, held)
        self.assertEqual((row.by, row.count), (self.staff, 2))
        self.assertEqual(row.reason, "One machine.")
        self.assertEqual(row.criteria["network"], NETWORK[:8])
        self.assertIn("until", row.criteria)

    def test_the_log_is_append_only(self):
        forged(1)
        held = invalidate(self.staff)
        change.undo(held, self.staff)

        for attempt in (
            lambda: Invalidation.objects.update(reason="Another."),
            lambda: Invalidation.objects.filter(kind="undone").delete(),
        ):
            with self.assertRaises(DatabaseError), transaction.atomic():
                attempt()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Invalidation.objects.create(kind="undone", of=held, count=0, by=self.staff)

    def test_the_database_refuses_one_that_is_invalidated_and_counts(self):
        signature = forged(1)
        held = invalidate(self.staff)
        signatures = Signature.objects.filter(pk=signature.pk)

        for fields in (
            {"counted_at": timezone.now()},
            {"counted_before": None},
            {"invalidation": None},
            {"quarantined_at": timezone.now()},
        ):
            with (
                self.subTest(fields),
                self.assertRaises(IntegrityError),
                transaction.atomic(),
            ):
                signatures.update(**fields)
        self.assertEqual(signatures.get().invalidation, held)

    def test_a_selection_that_changed_does_nothing(self):
        gone = forged(1)
        form = criteria()
        _, seen = count_and_checksum(form.select())
        gone.delete()
        forged(2, confirmed_at=timezone.now() - timedelta(hours=1))

        with self.assertRaises(change.ChangedError):
            change.invalidate(form, seen, "Forged.", self.staff)

        self.assertEqual(signers(), 1)
        self.assertFalse(Invalidation.objects.exists())

    def test_undoing_restores_those_that_are_still_there_and_no_others(self):
        signatures = [forged(number) for number in range(4)]
        held = invalidate(self.staff)
        changes.erase(signatures[0])
        changes.withdraw(signatures[1])
        change.reinstate(Signature.objects.filter(pk=signatures[2].pk), self.staff)
        other = forged(9)

        count = change.undo(held, self.staff)

        # The withdrawn one is restored, but still doesn't count.
        self.assertEqual(count, 2)
        self.assertEqual(
            set(Signature.objects.counting()), {signatures[2], signatures[3], other}
        )
        self.assertEqual(signers(), 3)
        self.assertFalse(InvalidatedAddress.objects.exists())
        self.assertIsNone(change.undo(held, self.staff))

    def test_a_waiting_voice_leaves_the_queue_and_comes_back(self):
        signature = forged(1)
        voices = Voice.objects.filter(pk=signature.voice_id)

        held = invalidate(self.staff)
        waiting = voices.waiting().exists()
        published = decide.publish(voices, self.staff)
        change.undo(held, self.staff)

        self.assertFalse(waiting)
        self.assertEqual(published, 0)
        self.assertTrue(voices.waiting().exists())

    def test_a_release_from_quarantine_is_not_undone_under_an_invalidation(self):
        signature = make_quarantined(email=f"q@{FORGED}")
        decide.release(Signature.objects.filter(pk=signature.pk), self.staff)
        held = invalidate(self.staff)

        undone = undoing.undo(Voice.objects.filter(signature=signature), self.staff)
        change.undo(held, self.staff)

        self.assertEqual(undone, 0)
        self.assertTrue(Signature.objects.counting().exists())

    def test_no_mail_tells_an_invalidated_signer_that_they_count(self):
        signature = forged(1)
        voices = Voice.objects.filter(pk=signature.voice_id)
        decide.ask_changes(voices, self.staff, "Please leave out the street.")

        invalidate(self.staff)

        self.assertEqual(deliver(), [])

    def test_the_effect_is_shown_in_total_and_by_state(self):
        forged(1, state="OH")
        forged(2, state="TX")
        make_signature(state="OH")

        self.assertEqual(
            effect(criteria().select()),
            [("Everybody", 3, 1), ("Ohio", 2, 1), ("Texas", 1, 0)],
        )


class SignerTests(TestCase):
    def setUp(self):
        self.staff = make_staff()

    def test_a_signer_sees_what_happened_and_objects(self):
        signature = forged(1, name_display="unlisted")
        invalidate(self.staff, reason="All from <one> machine.")
        url = manage_url(signature)

        page = self.client.get(url)
        sent = self.client.post(url, {"action": "object", "text": "It was me."})
        after = self.client.get(sent.url)
        self.client.post(url, {"action": "object", "text": "Again."})

        self.assertContains(page, "Removed from the count")
        self.assertContains(page, "All from &lt;one&gt; machine.")
        self.assertContains(page, "I signed this myself")
        self.assertNotContains(page, "you are counted")
        self.assertContains(after, "We received your objection")
        self.assertEqual(Objection.objects.get().text, "It was me.")
        self.assertIn((1, "objection to an invalidated signature"), waiting())

    def test_a_signer_reads_whether_it_was_one_signature_or_more(self):
        for count, words, others in (
            (1, "We removed your signature from the count", "together"),
            (3, "We removed 3 signatures that looked forged", "We removed your"),
        ):
            signatures = [forged(100 * count + number) for number in range(count)]
            invalidate(self.staff)
            with self.subTest(count):
                page = self.client.get(manage_url(signatures[0]))
                self.assertContains(page, words)
                self.assertNotContains(page, others)

    def test_an_invalid_objection_keeps_the_input(self):
        signature = forged(1)
        invalidate(self.staff)

        for text in ("x" * 601, "a\0b"):
            page = self.client.post(
                manage_url(signature), {"action": "object", "text": text}
            )
            self.assertEqual(page.status_code, 422)
        self.assertContains(page, "I signed this myself", status_code=422)
        self.assertFalse(Objection.objects.exists())

    def test_a_lost_cookie_keeps_the_objection(self):
        signature = forged(1)
        invalidate(self.staff)
        client = Client(enforce_csrf_checks=True)

        page = client.post(
            manage_url(signature), {"action": "object", "text": "It was me."}
        )

        self.assertContains(page, "It was me.", status_code=403)

    def test_a_counting_signer_cannot_object(self):
        signature = forged(1)

        self.client.post(manage_url(signature), {"action": "object"})

        self.assertFalse(Objection.objects.exists())
        self.assertNotContains(self.client.get(manage_url(signature)), "forged")

    def test_the_data_export_says_it_too(self):
        signature = forged(1)
        invalidate(self.staff)
        changes.object_to_invalidation(signature, "It was me.")

        url = reverse("voices:manage-data", args=[manage_url(signature).split("/")[3]])
        data = self.client.get(url).json()

        self.assertEqual(data["invalidation"]["reason"], "Forged in one night.")
        self.assertEqual(data["objection"][0]["text"], "It was me.")
        self.assertIsNone(data["signature"]["counted_at"])

    def test_it_survives_changes_by_the_signer(self):
        signature = forged(1)
        held = invalidate(self.staff)

        for display in ("unlisted", "full", "first"):
            changes.show_as(signature, display)
        changes.correct(signature, "Other words.")

        signature.refresh_from_db()
        self.assertEqual(signature.invalidation, held)
        self.assertIsNotNone(signature.voice.invalidated_at)
        self.assertFalse(Voice.objects.waiting().exists())
        change.undo(held, self.staff)
        self.assertEqual(Voice.objects.waiting().get().statement, "Other words.")

    def sign_again(self, email):
        sign(self.client, email=email)
        deliver()
        self.client.post(confirm_url(latest_submission()))

    def test_signing_again_does_not_count_again(self):
        for end in (lambda one: None, changes.withdraw, changes.erase):
            signature = forged(1)
            held = invalidate(self.staff)
            end(signature)

            self.sign_again(f"f1@{FORGED}")

            self.assertEqual(signers(), 0)
            again = Signature.objects.get(withdrawn_at=None)
            self.assertEqual(again.invalidation, held)
            change.undo(held, self.staff)
            self.assertEqual(signers(), 1)
            changes.erase(again)
            Signature.objects.all().delete()

    def test_released_from_quarantine_it_does_not_count_again(self):
        signature = forged(1)
        held = invalidate(self.staff)
        changes.erase(signature)
        again = make_quarantined(email=f"f1@{FORGED}")
        make_quarantined()

        decide.release(Signature.objects.all(), self.staff)

        again.refresh_from_db()
        self.assertEqual((again.invalidation, signers()), (held, 1))
        self.assertIsNotNone(again.voice.invalidated_at)
        self.assertEqual(
            undoing.undo(Voice.objects.filter(signature=again), self.staff), 0
        )
        change.undo(held, self.staff)
        self.assertEqual(signers(), 2)

    def test_an_address_left_behind_does_not_count_again(self):
        signature = forged(1)
        invalidate(self.staff)
        changes.ask_new_address(signature, "new@example.org", "new@example.org")
        changes.confirm_new_address(signature.address_change)

        self.sign_again(f"f1@{FORGED}")

        self.assertEqual(Signature.objects.count(), 2)
        self.assertEqual(signers(), 0)

    def test_once_undone_an_erased_address_counts_when_it_signs_again(self):
        signature = forged(1)
        held = invalidate(self.staff)
        changes.erase(signature)
        kept = InvalidatedAddress.objects.get()
        change.undo(held, self.staff)

        self.sign_again(f"f1@{FORGED}")

        self.assertEqual(kept.address_hash, addresses.keyed_hash(f"f1@{FORGED}"))
        self.assertEqual(signers(), 1)


class StaffTests(TestCase):
    def setUp(self):
        self.staff = make_member(Role.ADMINISTRATOR)
        sign_in(self.client, self.staff)

    def test_staff_preview_and_then_invalidate_in_one_step(self):
        forged(1, name="Fay Forger")
        make_signature(name="Hon Est")

        page = self.client.get(ADD, {"domain": FORGED})
        done = self.client.post(
            f"{ADD}?{page.context['query']}",
            {"seen": page.context["form"].initial["seen"], "reason": "Forged."},
            follow=True,
        )

        self.assertContains(page, "1 signature selected")
        self.assertContains(page, "Fay Forger")
        self.assertNotContains(page, "Hon Est")
        self.assertContains(done, "Invalidated: 1.")
        self.assertEqual(signers(), 1)

    def test_a_changed_selection_is_shown_again_with_the_reason(self):
        signature = forged(1)
        forged(2)
        page = self.client.get(ADD, {"domain": FORGED})
        changes.withdraw(signature)

        again = self.client.post(
            f"{ADD}?{page.context['query']}",
            {"seen": page.context["form"].initial["seen"], "reason": "Forged."},
        )

        self.assertContains(again, "Nothing was done")
        self.assertContains(again, "1 signature selected")
        self.assertContains(again, ">\nForged.</textarea>")
        self.assertEqual(signers(), 1)

    def test_a_reason_is_needed_and_bad_input_is_a_422(self):
        forged(1)
        page = self.client.get(ADD, {"domain": FORGED})
        seen = page.context["form"].initial["seen"]

        for query, sent in (
            (page.context["query"], {"seen": seen, "reason": ""}),
            (page.context["query"], {"seen": seen, "reason": "x" * 601}),
            (page.context["query"], {"seen": "x" * 61, "reason": "Forged."}),
            ("domain=nodot", {"seen": seen, "reason": "Forged."}),
        ):
            answer = self.client.post(f"{ADD}?{query}", sent)
            self.assertEqual(answer.status_code, 422)
        self.assertEqual(signers(), 1)

    def test_undoing_takes_a_press_and_a_second_one_says_so(self):
        forged(1)
        held = invalidate(self.staff)
        url = reverse("admin:voices_invalidation_undo", args=[held.pk])
        page = reverse("admin:voices_invalidation_change", args=[held.pk])

        offered = self.client.get(page)
        looked = self.client.get(url)
        done = self.client.post(url, follow=True)
        again = self.client.post(url, follow=True)

        self.assertContains(offered, 'value="Undo"')
        self.assertEqual(looked.status_code, 405)
        self.assertContains(done, "Counted again: 1.")
        self.assertContains(again, "It was already undone.")
        self.assertNotContains(self.client.get(page), 'value="Undo"')
        undone = Invalidation.objects.get(kind="undone")
        self.assertEqual(
            self.client.post(url.replace(str(held.pk), str(undone.pk))).status_code, 404
        )

    def test_staff_reinstate_one_and_leave_another(self):
        right, wrong, _ = (forged(number) for number in range(3))
        held = invalidate(self.staff)
        changes.object_to_invalidation(right, "It was me.")
        changes.object_to_invalidation(wrong, "Me too.")

        listed = self.client.get(HELD, {"objection": "open"})
        self.act("reinstate", right)
        self.act("leave", wrong)

        self.assertContains(listed, "It was me.")
        self.assertEqual(set(Signature.objects.counting()), {right})
        row = Invalidation.objects.get(kind="reinstated")
        self.assertEqual((row.of, row.by), (held, self.staff))
        self.assertEqual(row.criteria, {"signatures": [right.pk]})
        self.assertEqual(Objection.objects.get().answered_by, self.staff)
        page = Client().get(manage_url(wrong))
        self.assertContains(page, "stays out of the count")
        self.assertNotIn("objection", str(waiting()))

    def test_reinstating_what_somebody_else_has_reinstated_does_nothing(self):
        signature = forged(0)
        invalidate(self.staff)
        self.act("reinstate", signature)

        again = self.act("reinstate", signature)
        unknown = change.reinstate(Signature.objects.filter(pk__in=[]), self.staff)

        self.assertEqual((again.status_code, unknown), (302, 0))
        self.assertEqual(Invalidation.objects.filter(kind="reinstated").count(), 1)

    def act(self, action, signature):
        return self.client.post(
            HELD, {"action": action, "_selected_action": [signature.pk]}
        )

    def test_a_signature_s_page_links_to_those_like_it(self):
        signature = forged(1, network_hash=NETWORK, wide_network_hash=WIDE)
        page = reverse("admin:voices_signature_change", args=[signature.pk])

        response = self.client.get(page)

        for query in (f"network={NETWORK}", f"network={WIDE}", f"domain={FORGED}"):
            self.assertContains(response, f'href="{ADD}?{query}"')

    def test_moderators_may_not(self):
        forged(1)
        client = Client()
        sign_in(client, make_member(Role.MODERATOR, "mod"))

        for answer in (client.get(ADD), client.post(ADD), client.get(HELD)):
            self.assertEqual(answer.status_code, 403)
        self.assertEqual(signers(), 1)


def make_many(count):
    now = timezone.now()
    Signature.objects.bulk_create(
        [
            Signature(
                **private_fields(
                    email=f"m{number}@{FORGED}", name_display="unlisted", state="OH"
                ),
                submitted_at=now,
                confirmed_at=now,
                counted_at=now,
            )
            for number in range(count)
        ],
        batch_size=2000,
    )


class AtOnceTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.staff = make_staff()

    def attempt(self, form, seen):
        try:
            return change.invalidate(form, seen, "Forged.", self.staff).count
        except change.ChangedError:
            return None

    def test_one_of_two_overlapping_selections_is_shown_again(self):
        for number in range(30):
            forged(number, network_hash=NETWORK if number < 20 else "")
        forms = [criteria(), criteria(network=NETWORK)]
        seen = [count_and_checksum(form.select())[1] for form in forms]

        counts = at_once(
            *[partial(self.attempt, *each) for each in zip(forms, seen, strict=True)]
        )

        self.assertEqual(counts.count(None), 1)
        held = Signature.objects.filter(invalidation__isnull=False).count()
        self.assertIn(held, counts)
        self.assertEqual(signers(), 30 - held)
        self.assertEqual(signers(), counted_afresh()[0])

    def test_a_signer_withdraws_while_staff_invalidate(self):
        for _ in range(5):
            Signature.objects.all().delete()
            signature = forged(1)
            forged(2)
            form = criteria()
            seen = count_and_checksum(form.select())[1]

            done, _ = at_once(
                partial(self.attempt, form, seen), partial(changes.withdraw, signature)
            )

            signature.refresh_from_db()
            self.assertIsNotNone(signature.withdrawn_at)
            self.assertEqual(signers(), 0 if done else 1)
            self.assertEqual(signers(), counted_afresh()[0])

    def test_undone_by_two_at_once_it_is_undone_once(self):
        forged(1)
        held = invalidate(self.staff)

        counts = at_once(*[partial(change.undo, held, self.staff) for _ in range(3)])

        self.assertEqual(sorted(counts, key=str), [1, None, None])
        self.assertEqual(signers(), 1)
        self.assertEqual(Invalidation.objects.filter(kind="undone").count(), 1)

    def test_undoing_during_an_erasure_leaves_nothing_over(self):
        signature = forged(1)
        forged(2)
        held = invalidate(self.staff)

        at_once(
            partial(change.undo, held, self.staff), partial(changes.erase, signature)
        )

        self.assertEqual(signers(), 1)
        self.assertFalse(Signature.objects.filter(pk=signature.pk).exists())

    def test_moderators_decide_while_staff_invalidate(self):
        for number in range(20):
            forged(number)
        form = criteria()
        seen = count_and_checksum(form.select())[1]

        done, published = at_once(
            partial(self.attempt, form, seen),
            partial(decide.publish, Voice.objects.order_by("-pk"), self.staff),
        )

        self.assertEqual(done, 20)
        self.assertIn(published, {0, 20})
        self.assertFalse(Voice.objects.published().exists())

    def test_takes_a_constant_number_of_queries(self):
        queries = []
        for count in (2, 5_000):
            Signature.objects.all().delete()
            make_many(count)
            with CaptureQueriesContext(connection) as captured:
                held = invalidate(self.staff)
                self.assertEqual(signers(), 0)
                change.undo(held, self.staff)
            queries.append(len(captured))
            self.assertEqual(signers(), count)

        self.assertEqual(queries[0], queries[1])
        self.assertLess(queries[1], 30)
