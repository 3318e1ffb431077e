"""Bounces and complaints, in the formats that mail servers really send."""

import base64
import mailbox

import pytest
from django.conf import settings
from django.utils import timezone

from tests.factories import make_signature
from voices.letters.bounces import Outcome, read_maildir
from voices.letters.notifications import is_for_good
from voices.letters.queue import queue_letter
from voices.models import Letter, Signature

OURS = (
    "From: Us <voices@example.org>\nTo: ana@example.com\nMessage-ID: {id}\n\nHello.\n"
)


def multipart(text, status, original=OURS, kind="message/rfc822", headers=""):
    return (
        "From: MAILER-DAEMON@mail.example.net\nTo: bounces@example.org\n"
        f"{headers}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text}\n\n"
        f"--b\nContent-Type: message/delivery-status\n\n{status}\n\n"
        f"--b\nContent-Type: {kind}\n\n{original}\n--b--\n"
    )


def dsn(status, said, *, action="failed", final="ana@example.com", more="", **kwargs):
    fields = (
        "Reporting-MTA: dns; mail.example.net\n\n"
        f"{more}Final-Recipient: rfc822; {final}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n"
    )
    return multipart("Your message was not delivered.", fields, **kwargs)


def arf(kind="abuse"):
    return (
        "From: complaints@example.net\nTo: bounces@example.org\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
        "--b\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
        "Original-Rcpt-To: redacted@example.com\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{OURS}\n--b--\n"
    )


QMAIL = (
    "From: MAILER-DAEMON@mail.example.net\nTo: bounces@example.org\n"
    "Subject: failure notice\n\n"
    "Hi. This is the qmail-send program at mail.example.net.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    "<ana@example.com>:\n{said}\n\n"
    "--- Below this line is a copy of the message.\n\n"
    "Return-Path: <bounces@example.org>\n" + OURS.replace("{id}", "{{id}}")
)
EXIM = (
    "From: Mail Delivery System <Mailer-Daemon@mail.example.net>\n"
    "X-Failed-Recipients: ana@example.com\nTo: bounces@example.org\n"
    "Subject: Mail delivery failed: returning message to sender\n\n"
    "A message that you sent could not be delivered to one or more of its\n"
    "recipients. This is a permanent error. The following address(es) failed:\n\n"
    "  ana@example.com\n    SMTP error from remote mail server after RCPT TO:\n"
    "    550 5.1.1 No such user here\n\n"
    "------ This is a copy of the message, including all the headers. ------\n\n" + OURS
)
YAHOO = (
    "From: MAILER-DAEMON@yahoo.com\nTo: bounces@example.org\n\n"
    "Sorry, we were unable to deliver your message to the following address.\n\n"
    "<ana@example.com>:\n554: delivery error: dd This user doesn't have an account\n\n"
    "--- Below this line is a copy of the message.\n\n" + OURS
)
GMAIL_SAID = (
    "550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
    " 550-5.1.1 double-checking the recipient's email address for typos or\n"
    " 550 5.1.1 unnecessary spaces. x1-2002si123.45 - gsmtp"
)
EXCHANGE_SAID = (
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.com not found "
    "by SMTP address lookup"
)
GLOBAL = dsn("5.1.1", "550 5.1.1 unknown user").replace(
    "message/delivery-status", "message/global-delivery-status"
)
TWO = (
    "Original-Recipient: rfc822;bea@example.net\n"
    "Final-Recipient: rfc822;bea@example.net\nAction: {bea}\nStatus: {bea_status}\n\n"
)
ENCODED = "text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n{encoded}"

BOUNCED = {
    "postfix": dsn("5.1.1", "550 5.1.1 <ana@example.com>: User unknown"),
    "postfix, headers alone": dsn("5.1.1", "550 unknown", kind="text/rfc822-headers"),
    "gmail": dsn("5.1.1", GMAIL_SAID),
    "exchange online": dsn("5.1.10", EXCHANGE_SAID),
    "exchange, at the edge": dsn(
        "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"
    ),
    "exchange, without the letter": multipart(
        "Delivery has failed.",
        "Final-Recipient: rfc822;ana@example.com\nAction: failed\nStatus: 5.1.1\n",
        original="Nothing.",
        kind="text/plain",
        headers="In-Reply-To: {id}\nReferences: {id}\n",
    ),
    "renamed on its way": dsn(
        "5.1.1",
        "550 no such user",
        final="ana@tenant.onmicrosoft.example",
        more="Original-Recipient: rfc822;Ana@Example.com\n",
    ),
    "no such domain": dsn("5.4.4", "Host or domain name not found"),
    "disabled": dsn("5.2.1", "550 5.2.1 The email account is disabled."),
    "no telling code": dsn("5.0.0", "550 Requested action not taken: no such mailbox"),
    "wrapped": dsn("5.0.350", "550 5.1.1 Mailbox does not exist"),
    "two recipients, ours failed": dsn(
        "5.1.1", "550 unknown", more=TWO.format(bea="delivered", bea_status="2.0.0")
    ),
    "international": GLOBAL,
    "qmail": QMAIL.format(said="Sorry, no mailbox here by that name. (#5.1.1)"),
    "qmail, relayed": QMAIL.format(
        said="192.0.2.1 does not like recipient.\nRemote host said: 550 No such user\n"
        "Giving up on 192.0.2.1."
    ),
    "exim": EXIM,
    "yahoo": YAHOO,
    "base64": dsn("5.1.1", "550 unknown", kind=ENCODED).replace(OURS, ""),
}
PASSING = {
    "mailbox full": dsn("5.2.2", "552 5.2.2 Mailbox full"),
    "gmail, full": dsn("4.2.2", "452-4.2.2 The recipient's inbox is out of storage"),
    "full, without a code": dsn("5.0.0", "550 Quota exceeded for this mailbox"),
    "qmail, full": QMAIL.format(said="552 Mailbox quota exceeded (#5.2.2)"),
    "postfix, delayed": dsn("4.4.1", "connect: timed out", action="delayed"),
    "given up after days": dsn("4.4.7", "delivery time expired"),
    "policy": dsn("5.7.1", "550 5.7.1 Message rejected due to local policy"),
    "reputation": dsn("5.7.26", "550 5.7.26 Unauthenticated: DMARC policy"),
    "spam, without a code": dsn("5.0.0", "554 Rejected: listed at a blocklist as spam"),
    "policy in other words": dsn("5.1.0", "550 5.7.512 Access denied"),
    "sender": dsn("5.1.8", "550 5.1.8 Bad sender's system address"),
    "too large": dsn("5.3.4", "552 5.3.4 Message too big for system"),
    "loop": dsn("5.4.6", "554 5.4.6 Too many hops"),
    "relayed": dsn("2.0.0", "250 ok", action="relayed"),
    "passed on to another": dsn("5.1.1", "550 no user", final="cy@example.net"),
    "two recipients, the other failed": dsn(
        "2.0.0",
        "250 ok",
        action="delivered",
        more=TWO.format(bea="failed", bea_status="5.1.1"),
    ),
}
LEFT = {
    "an answer": "From: ana@example.com\nIn-Reply-To: {id}\n\nMy address failed?\n",
    "an absence": "From: ana@example.com\nAuto-Submitted: auto-replied\n"
    "References: {id}\n\nI am away until Monday.\n",
    "about no letter": dsn("5.1.1", "550 unknown", original="Nothing."),
}


@pytest.fixture
def letter(db):
    queue_letter(Letter.Kind.PUBLISHED, make_signature(email="ana@example.com"))
    Letter.objects.update(sent_at=timezone.now())
    Signature.objects.update(updates=True)
    return Letter.objects.get()


def read(tmp_path, letter, content):
    message_id = f"<{letter.message_id}@{settings.SITE_HOST}>"
    content = content.replace("{id}", message_id)
    original = OURS.replace("{id}", message_id).encode()
    content = content.replace("{encoded}", base64.encodebytes(original).decode())
    mailbox.Maildir(tmp_path / "reports").add(content.encode())
    (outcome,) = read_maildir(str(tmp_path / "reports"))
    return outcome, Signature.objects.get()


@pytest.mark.parametrize("bounce", BOUNCED)
def test_a_bounce_of_the_address_is_recorded(letter, tmp_path, bounce):
    outcome, signature = read(tmp_path, letter, BOUNCED[bounce])

    assert outcome == Outcome.BOUNCED
    assert signature.bounced_at
    assert signature.updates


@pytest.mark.parametrize("bounce", PASSING)
def test_a_bounce_of_anything_else_is_not_recorded(letter, tmp_path, bounce):
    outcome, signature = read(tmp_path, letter, PASSING[bounce])

    assert outcome == Outcome.PASSING
    assert signature.bounced_at is None


@pytest.mark.parametrize("bounce", LEFT)
def test_other_mail_is_left_for_a_person(letter, tmp_path, bounce):
    outcome, signature = read(tmp_path, letter, LEFT[bounce])

    assert outcome == Outcome.LEFT
    assert signature.bounced_at is None


@pytest.mark.parametrize("kind", ["abuse", "Abuse", "opt-out", "other"])
def test_a_complaint_ends_updates_and_nothing_else(letter, tmp_path, kind):
    outcome, signature = read(tmp_path, letter, arf(kind))

    assert outcome == Outcome.COMPLAINED
    assert not signature.updates
    assert signature.bounced_at is None
    queue_letter(Letter.Kind.MANAGE, signature)
    assert Letter.objects.filter(kind=Letter.Kind.MANAGE).exists()


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "fraud", "virus"])
def test_another_kind_of_feedback_ends_nothing(letter, tmp_path, kind):
    outcome, signature = read(tmp_path, letter, arf(kind))

    assert outcome == Outcome.PASSING
    assert signature.updates


@pytest.mark.parametrize(
    ("words", "for_good"),
    [
        ("5.1.1 User unknown", True),
        ("5.1.6 Mailbox has moved", True),
        ("5.1.10 Null MX", True),
        ("5.2.1 Mailbox disabled", True),
        ("User unknown", True),
        ("Requested action not taken: mailbox unavailable", True),
        ("5.2.2 Over quota", False),
        ("Mailbox is full", False),
        ("5.7.1 User unknown", False),
        ("Our system has detected that this message is likely spam", False),
        ("Relaying denied", False),
        ("5.5.1 Bad sequence of commands", False),
        ("5.6.0 Message content rejected", False),
        ("4.2.1 Try later", False),
    ],
)
def test_a_bounce_is_permanent_only_if_it_is_about_the_address(words, for_good):
    assert is_for_good(words) is for_good
