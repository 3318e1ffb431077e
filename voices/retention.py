"""Delete data as promised on the privacy page; the retention periods are settings."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from voices.abuse.models import Alarm, AllowedNetwork, Arrival, BlockedNetwork
from voices.founding.models import FoundingRequest
from voices.letters.models import Attempt, Letter
from voices.letters.turns import forget_turns
from voices.moderation.claims import Claim, Skip
from voices.moderation.holds import Hold
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange, LinkRequest
from voices.wall.edits import ProposedEdit

# Maximum number of rows that one transaction selects to delete or change. A delete can
# also remove rows that refer to these (CASCADE).
STEP = 1000


def forget(*, dry_run: bool = False) -> dict[str, int]:
    """Delete data past its retention period; return numbers of rows by description.

    Each step of up to STEP rows is a separate transaction (for turns, each lane is one
    step). So other transactions don't wait long for locks, and if a run is interrupted,
    the finished steps aren't undone. A dry run does everything in one transaction and
    then rolls it back, so the counts are exact.
    """
    with transaction.atomic() if dry_run else nullcontext():
        gone = {
            "unconfirmed submissions, and the cleared rows of closed ones": (
                delete(Submission.objects.stale())
            ),
            "email records": delete(Letter.objects.old()),
            "attempts to send email": delete(Attempt.objects.old()),
            "networks' turns in the email queue": forget_turns(),
            "edits that their authors did not approve": (
                delete(ProposedEdit.objects.old())
            ),
            "ended claims and skips of the review page": (
                delete(Claim.objects.old()) + delete(Skip.objects.old())
            ),
            "ended holds": delete(Hold.objects.old()),
            "unconfirmed new addresses": delete(AddressChange.objects.stale()),
            "requests for a link": delete(LinkRequest.objects.stale()),
            "network hashes": forget_networks(),
            "expired blocked networks": delete(BlockedNetwork.objects.old()),
            "expired allowed networks": delete(AllowedNetwork.objects.old()),
            "alarms about limits": delete(Alarm.objects.old()),
            "closed reports of voices": delete(Report.objects.closed_long_ago()),
            "suspicious reports that were never closed": (
                delete(Report.objects.suspicious())
                + delete(RankingError.objects.suspicious())
            ),
            "closed reports of ranking errors": (
                delete(RankingError.objects.closed_long_ago())
            ),
            # Open requests about founding voices are never deleted, even if suspicious:
            # staff must decide on each request.
            "closed requests about founding voices": (
                delete(FoundingRequest.objects.closed_long_ago())
            ),
        }
        if dry_run:
            transaction.set_rollback(True)
    return gone


def forget_networks() -> int:
    """Delete old Arrival rows, and clear network hashes after NETWORK_KEPT_DAYS.

    Return how many rows were deleted or changed.
    """
    dropped = delete(Arrival.objects.old())
    oldest = timezone.now() - timedelta(days=settings.NETWORK_KEPT_DAYS)
    for signed in (Submission, Signature):
        old = signed.objects.filter(submitted_at__lt=oldest).order_by("submitted_at")
        dropped += clear(old, network_hash="", wide_network_hash="")
    for report in (Report, RankingError, FoundingRequest):
        rows = report.objects.filter(arrived_at__lt=oldest).order_by("arrived_at")
        dropped += clear(rows, network_hash="")
    return dropped


def delete(rows: QuerySet) -> int:
    """Delete these rows in steps; return the number of deleted rows.

    The number includes the rows that CASCADE deleted.
    """
    return in_steps(rows, lambda some: some.delete()[0])


def clear(rows: QuerySet, **columns: str) -> int:
    """Clear these columns in steps; return how many rows changed."""
    return in_steps(rows.exclude(**columns), lambda some: some.update(**columns))


def in_steps(rows: QuerySet, act: Callable[[QuerySet], int]) -> int:
    count = 0
    while ids := list(rows.values_list("pk", flat=True)[:STEP]):
        # Filter again, because a row may have stopped matching since its ID was read.
        count += act(rows.order_by().filter(pk__in=ids))
    return count
