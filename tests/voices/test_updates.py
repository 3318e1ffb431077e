import re
from datetime import timedelta
from email import message_from_bytes, policy
from unittest import mock

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from core import addresses
from tests.committed import CommittedTestCase, at_once, jobs, run_worker
from tests.factories import deliver, make_signature, make_staff, make_submission, sign
from voices.letters.queue import queue_letter
from voices.letters.updates import unsubscribing
from voices.models import Letter, RefusedAddress, Signature, Update
from voices.signatures import tokens
from voices.tasks import queue_update as queue_update_task
from voices.updates.admin import UpdateAdmin
from voices.updates.queue import queue_copies, queue_copy, queue_update

CHANGES = "admin:voices_update"
GMAIL = {
    "data": "List-Unsubscribe=One-Click",
    "content_type": "application/x-www-form-urlencoded",
    "headers": {"User-Agent": "Mozilla/5.0 (compatible; GoogleImageProxy)"},
}


def make_update(**fields):
    return Update.objects.create(
        **{"subject": "A bill in Ohio", "body": "It passed.\n\nThank you.", **fields}
    )


def make_reader(**fields):
    return make_signature(**{"updates": True, **fields})


def unsubscribe_url(signature):
    return reverse("voices:unsubscribe", args=[unsubscribing.sign(str(signature.pk))])


def refuse(signature):
    RefusedAddress.objects.create(
        address_hash=addresses.keyed_hash(signature.email_key)
    )


def send(update):
    """Queue the update and its letters, and send them, as the button and worker do."""
    queue_update(update, make_staff())
    queue_copies(update.pk, after=0)
    return deliver()


def addressees(messages):
    return sorted(address for message in messages for address in message.to)


def parts(message):
    """The text and HTML parts, as a mail program shows them."""
    parsed = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    return [parsed.get_body((kind,)).get_content() for kind in ("plain", "html")]


class UnsubscribeTests(TestCase):
    def setUp(self):
        self.reader = make_reader(email="ana@example.com")
        self.url = unsubscribe_url(self.reader)
        # A mail program sends no cookie and no Origin of ours.
        self.program = Client(enforce_csrf_checks=True)

    def wants_updates(self):
        self.reader.refresh_from_db()
        return self.reader.updates

    def test_one_click_of_a_mail_program_ends_them_at_once(self):
        response = self.program.post(self.url, **GMAIL)

        self.assertContains(response, "You won’t get more updates")
        self.assertFalse(self.wants_updates())
        self.assertEqual(dict(response.cookies), {})
        self.assertIn("no-store", response["Cache-Control"])
        self.assertContains(response, '<meta name="robots" content="noindex">')

    def test_one_click_may_come_as_form_data_from_another_origin(self):
        response = self.program.post(
            self.url,
            {"List-Unsubscribe": "One-Click"},
            headers={"Origin": "https://mail.example.net"},
        )

        self.assertEqual(response.status_code, 200)
        self.assertFalse(self.wants_updates())

    def test_the_second_time_says_the_same(self):
        first = self.program.post(self.url, **GMAIL)
        second = self.program.post(self.url, **GMAIL)

        self.assertEqual(second.status_code, 200)
        self.assertEqual(second.content, first.content)
        self.assertFalse(self.wants_updates())

    def test_ends_the_updates_of_nobody_else(self):
        other = make_reader()

        self.program.post(self.url, **GMAIL)

        other.refresh_from_db()
        self.assertTrue(other.updates)

    def test_a_get_changes_nothing(self):
        for method in (self.client.get, self.client.head):
            response = method(self.url)

            self.assertEqual(response.status_code, 200)
            self.assertEqual(dict(response.cookies), {})
            self.assertIn("no-store", response["Cache-Control"])
        self.assertTrue(self.wants_updates())

    def test_the_page_has_a_button_that_works(self):
        page = self.client.get(self.url).content.decode()
        name, value = re.search(
            r'<button class="btn" name="(.+?)" value="(.+?)">', page
        ).groups()

        self.program.post(self.url, {name: value})

        self.assertIn('<meta name="robots" content="noindex">', page)
        self.assertFalse(self.wants_updates())

    def test_somebody_who_left_gets_the_same_pages(self):
        known = [self.client.get(self.url), self.program.post(self.url, **GMAIL)]
        self.reader.delete()

        unknown = [self.client.get(self.url), self.program.post(self.url, **GMAIL)]

        for before, after in zip(known, unknown, strict=True):
            self.assertEqual(after.status_code, 200)
            self.assertEqual(after.content, before.content)

    def test_a_tampered_link_is_not_found_and_says_what_to_do(self):
        token = unsubscribing.sign(str(self.reader.pk))
        for tampered in (
            token[:-1],
            token.replace(f"{self.reader.pk}.", f"{self.reader.pk + 1}."),
            str(self.reader.pk),
            unsubscribing.sign(self.reader.ref),
            "x",
            "." * 300,
            tokens.confirming.sign(self.reader.ref),
        ):
            for method in (self.client.get, self.program.post):
                response = method(reverse("voices:unsubscribe", args=[tampered]))

                self.assertContains(
                    response, "We don’t recognize this link", status_code=404
                )
                self.assertContains(response, settings.CONTACT_EMAIL, status_code=404)
        self.assertTrue(self.wants_updates())

    def test_another_method_is_not_allowed(self):
        self.assertEqual(self.program.put(self.url).status_code, 405)
        self.assertEqual(self.program.delete(self.url).status_code, 405)
        self.assertTrue(self.wants_updates())

    def test_a_link_outlives_a_new_key(self):
        with override_settings(
            SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]
        ):
            self.program.post(self.url, **GMAIL)

        self.assertFalse(self.wants_updates())


class LetterTests(TestCase):
    def test_has_the_list_unsubscribe_headers(self):
        reader = make_reader()

        message = send(make_update())[0].message()

        link = re.fullmatch(
            rf"<{re.escape(settings.SITE_URL)}(/voices/unsubscribe/[\w.-]+/)>",
            message["List-Unsubscribe"],
        )
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.client.post(link[1], **GMAIL)
        reader.refresh_from_db()
        self.assertFalse(reader.updates)

    def test_its_unsubscribe_url_is_not_folded(self):
        make_reader()
        site = f"https://www.{'a' * 60}.example.org"

        with override_settings(SITE_URL=site):
            message = send(make_update())[0]

        for kind in (policy.SMTP, policy.default):
            sent = message.message(policy=kind).as_bytes()
            self.assertRegex(
                sent,
                rb"(?m)^List-Unsubscribe: <%b/voices/unsubscribe/[\w.-]+/>\r?$"
                % site.encode(),
            )

    def test_both_parts_hold_a_link_that_ends_the_updates(self):
        reader = make_reader()

        for part in parts(send(make_update())[0]):
            self.assertIn(settings.SITE_URL + unsubscribe_url(reader), part)

    def test_both_parts_hold_a_link_to_manage_the_signature(self):
        reader = make_reader()

        for part in parts(send(make_update())[0]):
            path = re.search(r"/voices/manage/[\w.:-]+/", part)[0]
            page = self.client.get(path)
            self.assertEqual(page.context["signature"], reader)

    def test_other_letters_hold_none(self):
        sign(self.client)

        self.assertNotIn("List-Unsubscribe", deliver()[0].message())

    def test_contains_the_text_of_staff_and_escapes_it(self):
        make_reader(name="Ana María Reyes")

        message = send(
            make_update(subject="Rights & <law>", body="One & <b>two</b>.\n\nThree.")
        )[0]

        text, html = parts(message)
        self.assertEqual(message.subject, "Rights & <law>")
        self.assertIn("Hello,", text)
        self.assertIn("One & <b>two</b>.\n\nThree.", text.replace("\r\n", "\n"))
        self.assertIn("<p>One &amp; &lt;b&gt;two&lt;/b&gt;.</p>", html)
        self.assertIn("<h1>Rights &amp; &lt;law&gt;</h1>", html)

    def test_goes_to_counted_subscribers_who_can_be_reached(self):
        now = timezone.now()
        make_reader(email="ana@example.com")
        make_reader(email="bob@example.com", name_display="unlisted")
        make_reader(updates=False)
        make_reader(withdrawn_at=now)
        make_reader(bounced_at=now)
        make_reader(counted_at=None, quarantined_at=now)
        make_reader(counted_at=None, rejected_at=now)
        make_submission(updates=True)
        refuse(make_reader())

        self.assertEqual(
            addressees(send(make_update())), ["ana@example.com", "bob@example.com"]
        )

    def test_subscribers_who_leave_before_sending_get_none(self):
        now = timezone.now()
        stays = make_reader()
        changes = [
            lambda reader: self.client.post(unsubscribe_url(reader), **GMAIL),
            lambda reader: Signature.objects.filter(pk=reader.pk).update(
                withdrawn_at=now
            ),
            lambda reader: Signature.objects.filter(pk=reader.pk).update(
                bounced_at=now
            ),
            lambda reader: Signature.objects.filter(pk=reader.pk).update(
                counted_at=None, rejected_at=now
            ),
            refuse,
            lambda reader: reader.delete(),
        ]
        readers = [make_reader() for _ in changes]
        update = make_update()
        queue_update(update, make_staff())
        queue_copies(update.pk, after=0)
        self.assertEqual(Letter.objects.count(), len(readers) + 1)

        for change, reader in zip(changes, readers, strict=True):
            change(reader)

        self.assertEqual(addressees(deliver()), [stays.email])
        dropped = Letter.objects.filter(dropped_at__isnull=False)
        self.assertEqual(dropped.count(), len(readers) - 1)
        self.assertFalse(Letter.objects.in_flight().exists())

    def test_waits_if_the_address_has_had_its_daily_mails(self):
        reader = make_reader()
        reader.voice.published_at = timezone.now()
        reader.voice.save()
        for _ in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            queue_letter(Letter.Kind.PUBLISHED, reader)
        deliver()

        self.assertEqual(send(make_update()), [])

        letter = Letter.objects.in_flight().get()
        self.assertGreater(letter.send_at, timezone.now() + timedelta(hours=23))


class QueueTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.by = make_staff()
        self.update = make_update()

    def test_the_worker_mails_it_to_everybody_once(self):
        readers = [make_reader() for _ in range(5)]

        with mock.patch("voices.updates.queue.CHUNK", 2):
            queue_update(self.update, self.by)
            run_worker()

        self.assertEqual(
            addressees(mail.outbox), sorted(reader.email for reader in readers)
        )
        self.assertEqual(jobs("voices.queue_update"), [])

    def test_two_presses_at_once_queue_it_once(self):
        taken = at_once(*[lambda: queue_update(self.update, self.by)] * 6)

        self.assertEqual(sorted(taken), [False] * 5 + [True])
        self.assertEqual(len(jobs("voices.queue_update")), 1)

    def test_two_workers_at_once_queue_one_letter_for_each(self):
        for _ in range(8):
            make_reader()
        queue_update(self.update, self.by)

        at_once(*[lambda: queue_copies(self.update.pk, after=0)] * 4)

        self.assertEqual(Letter.objects.count(), 8)

    def test_resumes_where_it_was_interrupted(self):
        readers = [make_reader() for _ in range(4)]
        queue_update(self.update, self.by)
        calls = []

        def die_at_the_third(update, signature):
            calls.append(signature)
            if len(calls) == 3:
                raise SystemExit
            queue_copy(update, signature)

        with (
            mock.patch("voices.updates.queue.queue_copy", die_at_the_third),
            self.assertRaises(SystemExit),
        ):
            queue_update_task(update_id=self.update.pk, after=0)
        self.assertEqual(Letter.objects.count(), 2)
        run_worker()

        self.assertEqual(
            addressees(mail.outbox), sorted(reader.email for reader in readers)
        )

    def test_is_never_queued_again_once_its_letters_are_deleted(self):
        make_reader()
        queue_update(self.update, self.by)
        kept = timedelta(days=settings.MAIL_LOG_KEPT_DAYS)
        Update.objects.update(queued_at=timezone.now() - kept)

        queue_copies(self.update.pk, after=0)

        self.assertFalse(Letter.objects.exists())

    def test_an_unqueued_or_deleted_update_is_not_sent(self):
        make_reader()

        queue_copies(self.update.pk, after=0)
        queue_copies(self.update.pk + 1, after=0)

        self.assertFalse(Letter.objects.exists())

    def test_everybody_s_own_mail_leaves_before_it(self):
        make_reader(email="reader@example.com")
        queue_update(self.update, self.by)
        queue_copies(self.update.pk, after=0)
        voter = make_signature(email="voter@example.com")
        voter.voice.published_at = timezone.now()
        voter.voice.save()
        queue_letter(Letter.Kind.PUBLISHED, voter)
        sign(self.client, email="new@example.com")

        run_worker()

        self.assertEqual(
            [message.to[0] for message in mail.outbox],
            ["new@example.com", "voter@example.com", "reader@example.com"],
        )


class AdminTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)
        self.update = make_update()

    def url(self, page, *args):
        return reverse(f"{CHANGES}_{page}", args=args or [self.update.pk])

    def write(self, **fields):
        filled = {"subject": "A vote", "body": "It is on Monday.", **fields}
        return self.client.post(reverse(f"{CHANGES}_add"), filled)

    def test_the_input_is_cleaned(self):
        self.write(subject="  A   vote ", body="One.\r\n\r\n\r\n\r\nTwo.\t ")

        update = Update.objects.latest("pk")
        self.assertEqual(update.subject, "A vote")
        self.assertEqual(update.body, "One.\n\nTwo.")

    def test_invalid_text_is_refused_with_a_message(self):
        for fields in (
            {"subject": "A vote\nBcc: all@example.com"},
            {"subject": "x" * 121},
            {"subject": ""},
            {"body": " "},
            {"body": "a\x00b"},
            {"body": "a\ue000b"},
        ):
            response = self.write(**fields)

            self.assertEqual(response.status_code, 200, fields)
            self.assertTrue(response.context["adminform"].form.errors, fields)
        self.assertEqual(Update.objects.count(), 1)

    def test_its_page_shows_it_as_it_will_be_mailed(self):
        Update.objects.update(body="<b>It</b> passed.")

        page = self.client.get(self.url("change"))

        self.assertContains(page, "Hello,")
        self.assertContains(page, "&lt;b&gt;It&lt;/b&gt; passed.")
        self.assertContains(page, "/voices/unsubscribe/")
        self.assertContains(page, self.url("html"))

    def test_the_html_part_is_shown_with_its_style_in_a_sandbox(self):
        Update.objects.update(body="<script>alert(1)</script>")

        page = self.client.get(self.url("html"))

        self.assertContains(page, "&lt;script&gt;")
        self.assertContains(page, "<style>")
        allowed = page["Content-Security-Policy"]
        self.assertIn("default-src 'none'", allowed)
        self.assertIn("sandbox", allowed)
        self.assertNotIn("script-src", allowed)
        self.assertNotIn("allow-scripts", allowed)

    def test_the_action_opens_a_page_with_the_number_and_the_mail(self):
        make_reader()
        make_reader()
        make_signature(email="other@example.com")

        response = self.client.post(
            reverse(f"{CHANGES}_changelist"),
            {"action": "send", "_selected_action": [self.update.pk]},
            follow=True,
        )

        self.assertRedirects(response, self.url("send"))
        self.assertContains(response, "2 people")
        self.assertContains(response, "A bill in Ohio")
        self.assertContains(response, "It passed.")
        self.update.refresh_from_db()
        self.assertIsNone(self.update.queued_at)
        self.assertFalse(Letter.objects.exists())

    def test_one_update_is_sent_at_a_time(self):
        response = self.client.post(
            reverse(f"{CHANGES}_changelist"),
            {"action": "send", "_selected_action": [self.update.pk, make_update().pk]},
            follow=True,
        )

        self.assertContains(response, "Send one update at a time.")

    def test_the_button_queues_it(self):
        make_reader()

        response = self.client.post(self.url("send"), follow=True)

        self.assertContains(response, "Queued: A bill in Ohio")
        self.update.refresh_from_db()
        self.assertIsNotNone(self.update.queued_at)
        self.assertEqual(self.update.queued_by, self.by)
        self.assertEqual(
            [job["args"] for job in jobs("voices.queue_update")],
            [{"update_id": self.update.pk, "after": 0}],
        )

    def test_a_second_press_queues_nothing_more_and_says_so(self):
        make_reader()
        self.client.post(self.url("send"))

        response = self.client.post(self.url("send"), follow=True)

        self.assertContains(response, "Already queued: A bill in Ohio")
        self.assertEqual(len(jobs("voices.queue_update")), 1)
        page = self.client.get(self.url("send"))
        self.assertContains(page, "It was queued on")
        self.assertNotContains(page, 'type="submit" class="default"')

    def test_without_subscribers_there_is_no_button(self):
        page = self.client.get(self.url("send"))

        self.assertContains(page, "It has no recipients")
        self.assertNotContains(page, 'type="submit" class="default"')

    def test_once_queued_it_is_neither_changed_nor_deleted(self):
        queue_update(self.update, self.by)

        self.assertNotContains(self.client.get(self.url("change")), 'name="subject"')
        words = {"subject": "Other", "body": "Words."}
        self.assertEqual(self.client.post(self.url("change"), words).status_code, 403)
        self.assertEqual(
            self.client.post(self.url("delete"), {"post": "yes"}).status_code, 403
        )
        self.client.post(
            reverse(f"{CHANGES}_changelist"),
            {
                "action": "delete_selected",
                "_selected_action": [self.update.pk],
                "post": "yes",
            },
        )
        self.update.refresh_from_db()
        self.assertEqual(self.update.subject, "A bill in Ohio")

    def test_an_edit_after_queueing_is_refused(self):
        queue_update(self.update, self.by)

        # As if it was queued between the permission check and the write.
        with mock.patch.object(UpdateAdmin, "has_change_permission", lambda *a: True):
            response = self.client.post(
                self.url("change"), {"subject": "Other", "body": "Words."}
            )

        self.assertEqual(response.status_code, 403)
        self.update.refresh_from_db()
        self.assertEqual(self.update.subject, "A bill in Ohio")
        self.assertIsNotNone(self.update.queued_at)

    def test_a_draft_is_changed_and_deleted(self):
        self.client.post(self.url("change"), {"subject": "Other", "body": "Words."})
        self.update.refresh_from_db()
        self.assertEqual(self.update.subject, "Other")

        self.client.post(self.url("delete"), {"post": "yes"})
        self.assertFalse(Update.objects.exists())

    def test_sending_needs_permission_to_change_updates(self):
        reader = make_staff("reader", is_superuser=False)
        reader.user_permissions.add(Permission.objects.get(codename="view_update"))
        self.client.force_login(reader)

        self.assertEqual(self.client.get(self.url("html")).status_code, 200)
        self.assertEqual(self.client.get(self.url("send")).status_code, 403)
        self.assertEqual(self.client.post(self.url("send")).status_code, 403)
        self.client.force_login(make_staff("nobody", is_superuser=False))
        self.assertEqual(self.client.get(self.url("html")).status_code, 403)
        self.client.logout()
        for page in ("send", "html"):
            self.assertEqual(self.client.get(self.url(page)).status_code, 302)
        self.assertEqual(jobs("voices.queue_update"), [])

    def test_an_update_that_does_not_exist_is_not_found(self):
        for page in ("send", "html"):
            for pk in (0, 10**30):
                response = self.client.get(self.url(page, pk))
                self.assertEqual(response.status_code, 404)

    def test_the_list_takes_a_constant_number_of_queries(self):
        for _ in range(3):
            queue_update(make_update(), self.by)

        with self.assertNumQueries(4):
            self.client.get(reverse(f"{CHANGES}_changelist"))
