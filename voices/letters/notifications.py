"""Parse what mail servers report about a letter: refusals, delays, complaints.

Most servers send a delivery report (RFC 3464, RFC 6533); some send only text (qmail,
older Exim, and Yahoo). A complaint is a feedback report (RFC 5965).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from itertools import takewhile

from django.conf import settings

# Feedback types that mean the reader wants no more email.
COMPLAINTS = {"abuse", "opt-out", "opt-out-list", "other", "complaint"}
TEXT_BOUNCE = re.compile(
    r"this is the qmail-send program|could not be delivered to one or more|"
    r"unable to deliver your message|wasn't able to deliver your message|"
    r"delivery to the following recipients? failed|undeliverable",
    re.I,
)
# Where a text bounce begins to quote the letter.
COPY = re.compile(
    r"^-+ *(?:below this line is a copy|this is a copy of|original message)|"
    r"^-+ *the header of the original message",
    re.I | re.M,
)
# An address alone on a line.
NAMED = re.compile(r"\s*<?([^\s<>:@]+@[^\s<>:]+)>?:?\s*")
CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
SMTP_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ :-])")
# Words in a refusal that is about us or the letter, not about the address.
ABOUT_US = re.compile(
    r"spam|block(?:ed|list)|blacklist|greylist|policy|reputation|unsolicited|dmarc|"
    r"\bspf\b|dkim|authenticat|dnsbl|\brbl\b|\brate\b|too (?:many|quickly|large)|"
    r"content|virus|relay|sender",
    re.I,
)
FULL = re.compile(r"quota|full\b|storage|out of space", re.I)


@dataclass(frozen=True)
class Notification:
    """A delivery report, text bounce, or complaint about one letter."""

    message_id: str
    # For each recipient that the letter didn't reach: the recipient's addresses, and
    # the server's message.
    failures: list[tuple[list[str], str]]
    complaint: bool = False


def is_for_good(words: str) -> bool:
    """Return whether a refusal says that the address itself is dead.

    `words` consists of an enhanced status code (RFC 3463), if there is one, and the
    server's message. A full mailbox, an oversized letter, or a policy about the sender
    (5.7) must not count as a bounce. Without a specific code, the message decides.
    """
    codes = [tuple(map(int, each)) for each in CODE.findall(words)]
    telling = [each[1:] for each in codes if each[0] == 5 and each[1] != 0]
    if any(each[0] == 4 for each in codes) or FULL.search(words):
        return False
    if telling:
        return all(is_about_address(code, detail, words) for code, detail in telling)
    return not ABOUT_US.search(words)


def is_about_address(subject: int, detail: int, words: str) -> bool:
    match subject:
        case 1:
            # 5.1.7 and 5.1.8 are about the sender's address.
            return detail not in {7, 8}
        case 2:
            return detail in {0, 1} and not ABOUT_US.search(words)
        case 4:
            # The domain doesn't exist. Exchange also uses 5.4.1 for a nonexistent
            # mailbox.
            rejected = re.search(r"recipient address rejected", words, re.I)
            return detail in {4, 310} or (detail == 1 and bool(rejected))
    return False


def read(content: bytes) -> Notification:
    """Parse a notification; raise ValueError if the message is something else."""
    message = message_from_bytes(content)
    message_id = find_message_id(content, message)
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            return Notification(message_id, [], complaint=is_complaint(part))
    if groups := find_groups(message):
        failed = [group for group in groups if field(group, "Action") == "failed"]
        return Notification(message_id, [read_group(group) for group in failed])
    return Notification(message_id, read_text_bounce(message))


def find_message_id(content: bytes, message: Message) -> str:
    """Return the unique part of the Message-ID of the letter that `message` is about.

    If a notification doesn't quote the letter, the ID is in the header References or
    In-Reply-To. Raises ValueError if no ID is found.
    """
    host = re.escape(settings.SITE_HOST).encode()
    unique = rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    pattern = re.compile(rb"<%b@%b>" % (unique, host), re.I)
    for text in (content, *payloads(message)):
        if found := pattern.search(text):
            return found[1].decode().lower()
    raise ValueError("It is not about one of our letters.")


def payloads(message: Message) -> Iterator[bytes]:
    """Yield the decoded content of each part that has a transfer encoding."""
    for part in message.walk():
        if not part.is_multipart() and part["Content-Transfer-Encoding"]:
            yield decoded(part)


def decoded(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def is_complaint(part: Message) -> bool:
    return any(field(each, "Feedback-Type") in COMPLAINTS for each in part.walk())


def find_groups(message: Message) -> list[Message]:
    """Return the groups of fields in a delivery report, one group per recipient."""
    groups: list[Message] = []
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            groups += [group for group in part.walk() if group is not part]
        elif kind == "message/global-delivery-status":
            text = part.as_string().replace("\r", "")
            groups += map(message_from_string, re.split(r"\n\s*\n", text))
    return [group for group in groups if group["Action"]]


def read_group(group: Message) -> tuple[list[str], str]:
    """Return a recipient's addresses, and the server's status code and message."""
    names = [field(group, name) for name in ("Original-Recipient", "Final-Recipient")]
    status = re.match(r"\d\.\d{1,3}\.\d{1,3}", field(group, "Status"))
    words = field(group, "Diagnostic-Code")
    # Without a status code, the reason is unknown: treat the failure as temporary.
    said = f"{status[0]} {words}" if status else "4.0.0"
    return [bare(name) for name in names if name], said


def field(group: Message, name: str) -> str:
    return " ".join(str(group[name] or "").split()).lower()


def bare(recipient: str) -> str:
    """Return the address in a field such as `rfc822; <Ana@example.com>`."""
    return recipient.rpartition(";")[2].strip().strip("<>")


def read_text_bounce(message: Message) -> list[tuple[list[str], str]]:
    """Parse a bounce that is only text; raise ValueError for other text."""
    text = first_text(message)
    head = COPY.split(text, maxsplit=1)[0]
    if not TEXT_BOUNCE.search(head):
        raise ValueError("It names no recipient.")
    found = list(find_named(head))
    if not found:
        raise ValueError("It names no recipient.")
    return [([address], said) for address, said in found if is_refusal(said, head)]


def find_named(head: str) -> Iterator[tuple[str, str]]:
    """Yield each address that is alone on a line, and the text after it.

    The text ends at the next blank line. The search goes line by line, because one
    regex over the whole text could keep the worker busy for hours if a stranger sends a
    message crafted for that.
    """
    lines = iter(head.split("\n"))
    for line in lines:
        if name := NAMED.fullmatch(line):
            yield name[1], " ".join(" ".join(takewhile(bool, lines)).split())


def is_refusal(said: str, head: str) -> bool:
    """Return whether the server gave up on a letter.

    While the server is still trying, it sends a 4xx code or says that it will retry.
    `said` is the text about one address; `head` is the whole bounce, without the quoted
    letter.
    """
    if code := SMTP_CODE.search(said):
        return code[1] == "5"
    return "permanent" in head or "5." in said or "fail" in head


def first_text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            return decoded(part).decode("utf-8", "replace").replace("\r", "")
    raise ValueError("It has no text.")
