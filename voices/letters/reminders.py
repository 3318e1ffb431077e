"""Send a reminder, once, to confirm a submitted form that is still unconfirmed.

A form gets no reminder if it looked suspicious, or if a reminder about it, or about
another stored form with the same address, was already queued. A reminder doesn't extend
how long its form is kept. So it is sent only if the form will be kept until the link in
the reminder expires.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core import addresses
from core.locks import REMINDERS, lock_site
from voices.abuse.suspicion import weight
from voices.letters.models import Letter, SendingRate
from voices.signatures.models import Lane, Submission

# A reminder is due this long after the form's latest confirmation email.
AFTER = timedelta(days=2)
# The maximum number of forms in a transaction, and of transactions in a run.
BATCH = 200
MAX_BATCHES = 10


def queue_reminders() -> int:
    """Queue reminders that are due, up to a maximum; return how many were queued."""
    if not SendingRate.objects.has_reminders():
        return 0
    count = 0
    for _ in range(MAX_BATCHES):
        considered, queued = queue_batch(timezone.now())
        count += queued
        if considered < BATCH:
            break
    return count


@transaction.atomic
def queue_batch(now: datetime) -> tuple[int, int]:
    """Queue reminders for the next batch of forms that are due.

    Return the number of forms, and the number of reminders queued. Each form is
    considered only once, even if it gets no reminder.
    """
    # One batch at a time, so that two forms with one address don't both get a reminder.
    lock_site(REMINDERS)
    found = list(due(now)[:BATCH])
    # Confirming, correcting, refusing, and erasing take these locks, too. So no form is
    # confirmed or deleted while its letter is being queued.
    addresses.lock_all({form.email_key for form in found})
    ids = [form.pk for form in found]
    forms = list(due(now).filter(pk__in=ids).order_by("pk"))
    # Of several forms with one address, only the latest gets a reminder.
    latest = {form.email_key: form for form in forms}
    hashes = {key: addresses.keyed_hashes(key) for key in latest}
    reminded = find_reminded({each for found in hashes.values() for each in found})
    letters = [
        Letter(
            kind=Letter.Kind.REMINDER,
            submission=form,
            address_hash=hashes[key][0],
            lane=Letter.Lane.UPDATE,
        )
        for key, form in latest.items()
        if not weight(form.suspicions) and reminded.isdisjoint(hashes[key])
    ]
    Letter.objects.bulk_create(letters, ignore_conflicts=True)
    considered = Submission.objects.filter(pk__in=[form.pk for form in forms])
    considered.update(reminder_at=now)
    return len(found), len(letters)


def due(now: datetime) -> QuerySet[Submission]:
    """Return the forms whose reminder is due, in the order of their latest email.

    Includes only forms in the clean lane; held and suspicious forms are in other lanes.
    """
    forms = Submission.objects.unconfirmed().filter(lane=Lane.CLEAN, reminder_at=None)
    late = now - time_for_links()
    return forms.filter(mailed_at__gt=late, mailed_at__lte=now - AFTER).order_by(
        "mailed_at", "pk"
    )


def time_for_links() -> timedelta:
    """Return how long after a form's latest email a reminder may be sent.

    The form would be deleted before the link in a later reminder expires.
    """
    days = settings.UNCONFIRMED_KEPT_DAYS - settings.CONFIRM_LINK_DAYS
    return timedelta(days=days)


def find_reminded(hashes: set[str]) -> set[str]:
    """Return those of these address hashes for which a reminder is stored."""
    letters = Letter.objects.filter(address_hash__in=hashes).order_by()
    kinds = letters.values_list("address_hash", "kind")
    return {found for found, kind in kinds if kind == Letter.Kind.REMINDER}


def may_remind(submission: Submission) -> bool:
    """Return whether the submission is still unconfirmed and due for its reminder."""
    now, mailed_at = timezone.now(), submission.mailed_at
    return (
        submission.confirmed_at is None
        and mailed_at is not None
        and now - time_for_links() < mailed_at <= now - AFTER
    )
