"""Dropping what tells two senders' networks apart, once it has served its purpose."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from voices.abuse.models import Arrival
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signing.models import Signature, Submission


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
