"""Links that open a service, such as WhatsApp, to share a URL with a few words."""

from typing import NamedTuple
from urllib.parse import quote

# The services through which readers can share a link. The key is the tag of links that
# are shared there; the value has the service's name, and a URL template with fields for
# percent-encoded values. Facebook and LinkedIn accept no words.
SERVICES = {
    "whatsapp": ("WhatsApp", "https://wa.me/?text={words}%20{link}"),
    "sms": ("Text message", "sms:?&body={words}%20{link}"),
    "email": ("Email", "mailto:?subject={subject}&body={words}%0A%0A{link}"),
    "facebook": ("Facebook", "https://www.facebook.com/sharer/sharer.php?u={link}"),
    "x": ("X", "https://x.com/intent/post?text={words}&url={link}"),
    "bluesky": ("Bluesky", "https://bsky.app/intent/compose?text={words}%20{link}"),
    "reddit": ("Reddit", "https://www.reddit.com/submit?title={subject}&url={link}"),
    "linkedin": (
        "LinkedIn",
        "https://www.linkedin.com/sharing/share-offsite/?url={link}",
    ),
}
# The tag of a link that a reader copies, or shares through the browser's own dialog.
COPIED = "share"
# The suggested message for somebody who has just signed.
SIGNED = (
    "I just signed to end qualified immunity, so that people whose rights are violated "
    "can be heard in court. It takes about a minute:"
)
SIGNED_SUBJECT = "I signed to end qualified immunity. Will you?"
# The suggested message for signers who share a link to their own voice.
PUBLISHED = "I want qualified immunity ended, and I said why:"


class Shared(NamedTuple):
    """Links for sharing a URL: the link to copy, and each service's name and link."""

    link: str
    services: list[tuple[str, str]]


def share(address: str, words: str, subject: str = "") -> Shared:
    """Return links for sharing `address`, an absolute URL.

    Each shared URL is `address` with the tag of the service that it is shared with.
    `subject` is the title of an email or a post; the default is `words`.
    """
    texts = {"words": quote(words, ""), "subject": quote(subject or words, "")}
    services = [
        (name, url.format(**texts, link=quote(f"{address}?from={tag}", "")))
        for tag, (name, url) in SERVICES.items()
    ]
    return Shared(f"{address}?from={COPIED}", services)
