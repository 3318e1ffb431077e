"""The mail that tells moderators each morning what waits for them."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from voices.letters.compose import draft
from voices.letters.models import Letter
from voices.moderation.models import Digest
from voices.moderation.waiting import what_waits


def send_digest(timestamp: int) -> None:
    """Mail what waits, if anything does, once for the day of `timestamp` (UTC).

    The day is noted before the mail leaves, and again free if it could not: a worker
    that dies meanwhile sends none rather than two. Raises what the mail server raised.
    """
    to = settings.MODERATION_EMAIL
    waiting = what_waits() if to else []
    if not waiting:
        return
    day = datetime.fromtimestamp(timestamp, UTC).date()
    if not Digest.objects.take(day):
        return
    # A day's digest has one name, however often it is tried.
    named = Letter(message_id=uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/digest/{day}"))
    message = draft(named, "digest", to=to, name="", waiting=waiting)
    try:
        message.send()
    except Exception:
        Digest.objects.filter(day=day).delete()
        raise
