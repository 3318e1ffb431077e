"""The daily email to moderators about what is waiting."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from voices.letters.compose import draft
from voices.letters.models import Letter
from voices.moderation.models import Digest
from voices.moderation.waiting import what_waits


def send_digest(timestamp: int) -> None:
    """Email moderators about what is waiting, if anything, at most once per UTC day.

    `timestamp` determines the day. A Digest row for the day is saved before the email
    is sent, and is deleted if sending fails. So if the worker dies in between,
    moderators get no email that day, but never two. An error while sending is raised
    again.
    """
    to = settings.MODERATION_EMAIL
    waiting = what_waits() if to else []
    if not waiting:
        return
    day = datetime.fromtimestamp(timestamp, UTC).date()
    if not Digest.objects.take(day):
        return
    # Use the same Message-ID for every attempt to send a day's digest.
    named = Letter(message_id=uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/digest/{day}"))
    message = draft(named, "digest", to=to, name="", waiting=waiting)
    try:
        message.send()
    except Exception:
        Digest.objects.filter(day=day).delete()
        raise
