"""Deletes data when the privacy page says so; retention periods are settings."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from voices.abuse.models import Alarm, AllowedNetwork, Arrival, BlockedNetwork
from voices.founding.models import FoundingRequest
from voices.letters.models import Attempt, Letter
from voices.letters.turns import forget_turns
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange, LinkRequest


@transaction.atomic
def forget(*, dry_run: bool = False) -> dict[str, int]:
    """Delete rows past their retention period; return counts by description.

    A dry run deletes them and rolls back, so its counts are exact.
    """
    gone = {
        "unconfirmed submissions, and what is left of closed ones": (
            Submission.objects.forget_stale()[0]
        ),
        "email records": Letter.objects.forget_old()[0],
        "attempts to send email": Attempt.objects.forget_old()[0],
        "networks' turns in the email queue": forget_turns(),
        "unconfirmed new addresses": AddressChange.objects.forget_stale()[0],
        "requests for a link": LinkRequest.objects.forget_stale()[0],
        "network hashes": forget_networks(),
        "expired blocked networks": BlockedNetwork.objects.forget_old()[0],
        "expired allowed networks": AllowedNetwork.objects.forget_old()[0],
        "alarms about limits": Alarm.objects.forget_old()[0],
        "closed reports of voices": Report.objects.forget_closed()[0],
        "suspicious reports that were never closed": (
            Report.objects.forget_suspicious()[0]
            + RankingError.objects.forget_suspicious()[0]
        ),
        "closed reports of ranking errors": RankingError.objects.forget_closed()[0],
        # Open requests are never deleted, even suspicious ones: staff must decide each.
        "closed requests about founding voices": (
            FoundingRequest.objects.forget_closed()[0]
        ),
    }
    if dry_run:
        transaction.set_rollback(True)
    return gone


def forget_networks() -> int:
    """Clear network hashes older than NETWORK_KEPT_DAYS; return the count."""
    dropped = Arrival.objects.forget_old()[0]
    oldest = timezone.now() - timedelta(days=settings.NETWORK_KEPT_DAYS)
    for rows in (
        Submission.objects.filter(submitted_at__lt=oldest),
        Signature.objects.filter(submitted_at__lt=oldest),
        Report.objects.filter(arrived_at__lt=oldest),
        RankingError.objects.filter(arrived_at__lt=oldest),
        FoundingRequest.objects.filter(arrived_at__lt=oldest),
    ):
        dropped += rows.exclude(network_hash="").update(network_hash="")
    for model in (Submission, Signature):
        rows = model.objects.filter(submitted_at__lt=oldest)
        rows.exclude(wide_network_hash="").update(wide_network_hash="")
    return dropped
