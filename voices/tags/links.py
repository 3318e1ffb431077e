"""Links that open a place, such as WhatsApp, with an address to share and words."""

from typing import NamedTuple
from urllib.parse import quote

# By the place's tag: its name, and its URL, whose fields are percent-encoded. Facebook
# and LinkedIn accept no words.
PLACES = {
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
# The tag of a link that is copied, or shared with the browser's own button.
COPIED = "share"
# What somebody who has signed may say.
SIGNED = (
    "I just signed to end qualified immunity, so that people whose rights are violated "
    "can be heard in court. It takes about a minute:"
)
SIGNED_SUBJECT = "I signed to end qualified immunity. Will you?"
# The same for a link to their own voice.
PUBLISHED = "I want qualified immunity ended, and I said why:"


class Shared(NamedTuple):
    """An address to share: as it is copied, and with the URL for each place."""

    link: str
    places: list[tuple[str, str]]


def share(address: str, words: str, subject: str = "") -> Shared:
    """Return the links to share an absolute URL, each with the tag of its place.

    `subject` is the title of an email or a post; by default, the words.
    """
    texts = {"words": quote(words, ""), "subject": quote(subject or words, "")}
    places = [
        (name, url.format(**texts, link=quote(f"{address}?from={tag}", "")))
        for tag, (name, url) in PLACES.items()
    ]
    return Shared(f"{address}?from={COPIED}", places)
