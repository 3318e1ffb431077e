"""Queue an update as one letter per reader, in chunks."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from core import addresses
from voices.letters.models import Letter, Update
from voices.letters.updates import readers
from voices.signatures.models import Signature

QUEUE_COPIES = "voices.queue_update"
# The number of letters per job. A worker that is told to stop has time to finish them.
CHUNK = 200


@transaction.atomic
def queue_update(update: Update, by: User) -> bool:
    """Queue the update, but only once; return whether this call queued it."""
    taken = Update.objects.filter(pk=update.pk, queued_at=None).update(
        queued_at=timezone.now(), queued_by=by
    )
    if taken:
        defer_copies(update.pk, after=0)
    return bool(taken)


def queue_copies(update_id: int, after: int) -> None:
    """Queue letters to the next CHUNK readers, then a job for the rest.

    Readers are signers who want updates. `after` is the ID of the last signature in the
    previous chunk, or 0. This function can safely be repeated, run concurrently, or
    interrupted at any point: nobody gets a second letter.
    """
    # Letters record who already has a copy, but are purged after MAIL_LOG_KEPT_DAYS
    # days. So do nothing if the update was queued longer ago than that.
    oldest = timezone.now() - timedelta(days=settings.MAIL_LOG_KEPT_DAYS)
    update = Update.objects.filter(pk=update_id, queued_at__gt=oldest).first()
    if update is None:
        return
    chunk = list(readers().filter(pk__gt=after).order_by("pk")[:CHUNK])
    for signature in chunk:
        queue_copy(update, signature)
    if chunk:
        defer_copies(update_id, after=chunk[-1].pk)


@transaction.atomic
def queue_copy(update: Update, signature: Signature) -> None:
    Letter.objects.get_or_create(
        update=update,
        signature=signature,
        defaults={
            "kind": Letter.Kind.UPDATE,
            "lane": Letter.Lane.UPDATE,
            "address_hash": addresses.keyed_hash(signature.email_key),
        },
    )


def defer_copies(update_id: int, after: int) -> None:
    app.configure_task(QUEUE_COPIES).defer(update_id=update_id, after=after)
