"""The mail that tells moderators each morning what waits for them."""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from voices.figures import count_voices
from voices.letters.compose import absolute, draft
from voices.letters.models import Letter
from voices.moderation.models import Digest
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signing.models import Signature

# The lists of reports, without those that are closed.
OPEN_ONES = "?closed_at__isempty=1"


def what_waits() -> dict[str, Any]:
    """Return how much there is to decide, and where it stands in the admin."""
    voices = count_voices()
    return {
        "voices": voices["waiting"],
        "voices_since": voices["waiting_since"],
        "voices_url": absolute("admin:voices_awaitingvoice_changelist"),
        "reports": Report.objects.still_open().count(),
        "reports_url": absolute("admin:voices_report_changelist") + OPEN_ONES,
        "errors": RankingError.objects.still_open().count(),
        "errors_url": absolute("admin:voices_rankingerror_changelist") + OPEN_ONES,
        "quarantined": Signature.objects.in_quarantine().count(),
        "quarantine_url": absolute("admin:voices_quarantinedsignature_changelist"),
    }


def send_digest(timestamp: int) -> None:
    """Mail what waits, if anything does, once for the day of `timestamp` (UTC).

    The day is noted before the mail leaves, and again free if it could not: a worker
    that dies meanwhile sends none rather than two. Raises what the mail server raised.
    """
    waiting = what_waits()
    counts = [waiting[name] for name in ("voices", "reports", "errors", "quarantined")]
    if not settings.MODERATION_EMAIL or not any(counts):
        return
    day = datetime.fromtimestamp(timestamp, UTC).date()
    if not Digest.objects.take(day):
        return
    # A day's digest has one name, however often it is tried.
    named = Letter(message_id=uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/digest/{day}"))
    message = draft(named, "digest", to=settings.MODERATION_EMAIL, name="", **waiting)
    try:
        message.send()
    except Exception:
        Digest.objects.filter(day=day).delete()
        raise
