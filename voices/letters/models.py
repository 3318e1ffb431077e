from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from voices import addresses
from voices.managing.models import AddressChange
from voices.signing.models import Signature, Submission
from voices.updates.models import Update

# The name of the task that sends a letter.
SEND_LETTER = "voices.send_letter"


class LetterQuerySet(models.QuerySet):
    def in_flight(self):
        return self.filter(sent_at=None, dropped_at=None)

    def counted(self):
        """Those that count towards the limit of a day: sent in it, or on their way."""
        day = timezone.now() - timedelta(days=1)
        return self.filter(models.Q(sent_at__gt=day) | models.Q(sent_at=None)).filter(
            dropped_at=None
        )

    def forget_old(self):
        """Delete those that say nothing about today's limit any more."""
        age = timedelta(days=settings.MAIL_LOG_KEPT_DAYS)
        return self.filter(queued_at__lt=timezone.now() - age).delete()


class Letter(models.Model):
    """A mail to a signer: queued with what it is about, sent by the worker.

    It holds no address and no text, only what it is about; both are looked up when it
    is sent, so nothing of a person outlives what they take back.
    """

    class Kind(models.TextChoices):
        # Asks to confirm; becomes a note instead where the address has signed already.
        CONFIRM = "confirm"
        PUBLISHED = "published"
        CHANGES_ASKED = "changes-asked"
        DECLINED = "declined"
        # The link to manage a signature; and to confirm a new address of it.
        MANAGE = "manage"
        NEW_ADDRESS = "new-address"
        # Tells the present address of it.
        ADDRESS_ASKED = "address-asked"
        CORRECTION_DECLINED = "correction-left"
        UPDATE = "update"

    kind = models.CharField(max_length=20, choices=Kind)
    submission = models.ForeignKey(Submission, models.CASCADE, null=True)
    signature = models.ForeignKey(Signature, models.CASCADE, null=True)
    # Gone once it is confirmed or asked for anew; the letter still counts.
    address_change = models.ForeignKey(AddressChange, models.SET_NULL, null=True)
    update = models.ForeignKey(Update, models.CASCADE, null=True)
    address_hash = models.CharField(max_length=64)
    # Names the mail to mail programs, the same however often it is tried.
    message_id = models.UUIDField(default=uuid4, editable=False)
    queued_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    # When it was given up: its subject is gone, or the mail server refused it.
    dropped_at = models.DateTimeField(null=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="confirm", submission__isnull=False)
                | (~models.Q(kind="confirm") & models.Q(signature__isnull=False)),
                name="letter_is_about_something",
            ),
            models.UniqueConstraint(
                fields=["address_hash"],
                condition=models.Q(kind="confirm", sent_at=None, dropped_at=None),
                name="letter_one_confirmation_in_flight",
            ),
            models.UniqueConstraint(
                fields=["update", "signature"],
                condition=models.Q(update__isnull=False),
                name="letter_update_once_for_each",
            ),
        ]
        indexes = [
            models.Index(fields=["address_hash", "sent_at"], name="letter_address"),
            models.Index(fields=["queued_at"], name="letter_age"),
            models.Index(
                fields=["sent_at"],
                name="letter_rate",
                condition=models.Q(sent_at__isnull=False),
            ),
            models.Index(
                fields=["id"],
                name="letter_in_flight",
                condition=models.Q(sent_at=None, dropped_at=None),
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"

    def cancel_jobs(self):
        """Delete what the queue holds of it."""
        jobs = ProcrastinateJob.objects.filter(
            task_name=SEND_LETTER, args__letter_id=self.pk, status="todo"
        )
        for job_id in jobs.values_list("pk", flat=True):
            app.job_manager.cancel_job_by_id(job_id, delete_job=True)


class RefusedAddressQuerySet(models.QuerySet):
    def remember(self, address_hash: str) -> None:
        self.bulk_create([self.model(address_hash=address_hash)], ignore_conflicts=True)

    @transaction.atomic
    def refuse(
        self, address_hash: str, waiting: Submission | AddressChange | None = None
    ) -> bool:
        """Note the refusal, and delete what is waiting for the address to confirm it.

        The letters go too, even one that the worker is about to send. False if the
        address has signed: then nothing is done.
        """
        hashes = [address_hash]
        if waiting:
            hashes = [*addresses.fingerprints(waiting.email_key), address_hash]
        addresses.lock_hash(hashes[0])
        if Signature.objects.filter(address_hash__in=hashes).exists():
            return False
        self.remember(address_hash)
        for rows in (Submission.objects.unconfirmed(), AddressChange.objects.all()):
            rows.filter(letter__address_hash__in=hashes).delete()
            if waiting:
                rows.filter(email_key=waiting.email_key).delete()
        return True

    def allow(self, hashes: list[str]) -> None:
        """Take a refusal back."""
        self.filter(address_hash__in=hashes).delete()


class RefusedAddress(models.Model):
    """An address whose owner said "this wasn't me": mailed only what they ask for.

    Only its keyed hash is kept; it cannot be turned back into the address.
    """

    address_hash = models.CharField(max_length=64, unique=True)
    refused_at = models.DateTimeField(db_default=Now())

    objects = RefusedAddressQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.address_hash[:12]
