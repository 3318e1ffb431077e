"""What is not kept, as the privacy page says; the numbers of days are settings."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from voices.abuse.models import Alarm, AllowedNetwork, Arrival, BlockedNetwork
from voices.letters.models import Attempt, Letter
from voices.letters.turns import forget_turns
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange, LinkRequest


@transaction.atomic
def forget(*, dry_run: bool = False) -> dict[str, int]:
    """Delete what has been kept for its days; return how many rows, by what they are.

    A dry run deletes and takes it back, so that it counts just what would go.
    """
    gone = {
        "forms that were not confirmed, and what is left of others": (
            Submission.objects.forget_stale()[0]
        ),
        "records of mails": Letter.objects.forget_old()[0],
        "attempts to send mail": Attempt.objects.forget_old()[0],
        "networks' turns in the queue of mails": forget_turns(),
        "new addresses that were not confirmed": (
            AddressChange.objects.forget_stale()[0]
        ),
        "requests for a link": LinkRequest.objects.forget_stale()[0],
        "hashes of networks": forget_networks(),
        "networks that are blocked no more": BlockedNetwork.objects.forget_old()[0],
        "networks that are no longer let through": (
            AllowedNetwork.objects.forget_old()[0]
        ),
        "alarms about limits": Alarm.objects.forget_old()[0],
        "reports of voices": Report.objects.forget_closed()[0],
        "suspicious reports that nobody closed": (
            Report.objects.forget_suspicious()[0]
            + RankingError.objects.forget_suspicious()[0]
        ),
        "reports of errors in the rankings": RankingError.objects.forget_closed()[0],
    }
    if dry_run:
        transaction.set_rollback(True)
    return gone


def forget_networks() -> int:
    """Drop the hashes of networks older than NETWORK_KEPT_DAYS; return how many."""
    dropped = Arrival.objects.forget_old()[0]
    oldest = timezone.now() - timedelta(days=settings.NETWORK_KEPT_DAYS)
    for rows in (
        Submission.objects.filter(submitted_at__lt=oldest),
        Signature.objects.filter(submitted_at__lt=oldest),
        Report.objects.filter(arrived_at__lt=oldest),
        RankingError.objects.filter(arrived_at__lt=oldest),
    ):
        dropped += rows.exclude(network_hash="").update(network_hash="")
    for model in (Submission, Signature):
        forms = model.objects.filter(submitted_at__lt=oldest)
        forms.exclude(wide_network_hash="").update(wide_network_hash="")
    return dropped
