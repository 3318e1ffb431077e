from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from core import addresses
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange

DAY = timedelta(days=1)


class Update(models.Model):
    """A mail to all who asked for updates: written by staff, queued once."""

    subject = models.CharField(max_length=120)
    body = models.TextField(help_text="Plain text. Empty lines part paragraphs.")
    written_at = models.DateTimeField(db_default=Now(), editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.subject


class LetterQuerySet(models.QuerySet):
    def in_flight(self):
        return self.filter(sent_at=None, dropped_at=None)

    def waiting(self):
        """Those in flight that no sender has tried yet."""
        return self.in_flight().filter(attempts=0)

    def perhaps_sent(self):
        """Those that left, and those whose sending was begun and never ended."""
        return self.filter(
            models.Q(sent_at__isnull=False)
            | models.Q(attempts__gt=models.F("failures"))
        )

    def forget_old(self):
        """Delete those that have been kept for their days."""
        age = timedelta(days=settings.MAIL_LOG_KEPT_DAYS)
        return self.filter(queued_at__lt=timezone.now() - age).delete()


class Letter(models.Model):
    """A mail to a signer: queued with what it is about, sent by one of the senders.

    Those that wait are taken in the order of their lane and turn (take.py). A sender
    notes each attempt before it talks to the mail server (send.py), so a letter whose
    end could not be written down is known to have perhaps left. Limits count attempts.

    It holds no address and no text, only what it is about; both are looked up when it
    is sent, so nothing of a person outlives what they take back.
    """

    class Kind(models.TextChoices):
        # Asks to confirm; becomes the next one if the address has signed already.
        CONFIRM = "confirm"
        ALREADY_SIGNED = "already-signed"
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

    class Lane(models.TextChoices):
        """What waits together; voices/letters/take.py says what each may take."""

        # Somebody is waiting for these.
        CLEAN = "clean"
        # Confirmations of suspicious forms.
        SLOW = "slow"
        # Moderators' decisions.
        NOTICE = "notice"
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
    lane = models.CharField(
        max_length=6, choices=Lane, default=Lane.CLEAN, db_default=Lane.CLEAN
    )
    # Its place in the lane: the lowest leaves first (turns.py).
    turn = models.BigIntegerField(default=0, db_default=0)
    # Not before.
    send_at = models.DateTimeField(default=timezone.now, db_default=Now())
    # When a sender last took it.
    taken_at = models.DateTimeField(null=True)
    # How often sending was begun, and how many of these are known to have failed.
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)
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
                condition=models.Q(attempts__gt=0, sent_at=None, dropped_at=None),
                name="letter_one_at_a_time_to_an_address",
            ),
            models.UniqueConstraint(
                fields=["submission"],
                condition=models.Q(sent_at=None, dropped_at=None),
                name="letter_one_in_flight_for_each_form",
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
                fields=["lane", "-turn"],
                name="letter_latest_turn",
                condition=models.Q(taken_at__isnull=False),
            ),
            models.Index(
                fields=["lane", "attempts", "turn", "id"],
                name="letter_in_flight",
                condition=models.Q(sent_at=None, dropped_at=None),
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"


class AttemptQuerySet(models.QuerySet):
    def counted(self):
        """Those that count toward an address's limit of a day."""
        return self.filter(perhaps_sent=True, at__gt=timezone.now() - DAY)

    def of(self, letter_id: int, at: datetime | None):
        """The attempt of the sender that took this letter then."""
        return self.filter(letter_number=letter_id, at=at)

    def forget_old(self):
        """Delete those that no limit counts any more."""
        return self.filter(at__lt=timezone.now() - DAY).delete()


class Attempt(models.Model):
    """One time that a sender took a letter: what the limits on mail count.

    It has no foreign key, because it has to outlive a letter that is erased with its
    signature. Otherwise an address could be mailed without end by erasing.
    """

    letter_number = models.BigIntegerField()
    address_hash = models.CharField(max_length=64)
    lane = models.CharField(max_length=6, choices=Letter.Lane)
    at = models.DateTimeField()
    # Set before the mail server hears of the letter; taken back if it says no.
    perhaps_sent = models.BooleanField(default=False)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["at", "lane"], name="attempt_rate"),
            models.Index(fields=["address_hash", "at"], name="attempt_address"),
            models.Index(fields=["letter_number", "at"], name="attempt_letter"),
        ]

    def __str__(self):
        return f"{self.letter_number} at {self.at}"


class HeldForm(Submission):
    """A form that looked like a program's: no mail leaves until somebody asks."""

    class Meta:
        proxy = True
        ordering = ["pk"]
        verbose_name = "held form"
        verbose_name_plural = "held forms"

    def __str__(self):
        # Django's log keeps this.
        return f"Held form {self.pk}"


class Turn(models.Model):
    """The turn of a network's latest letter in a lane: voices/letters/turns.py."""

    lane = models.CharField(max_length=6, choices=Letter.Lane)
    # A keyed hash: of the /24 or /48 that a form came from, or of an address.
    network_hash = models.CharField(max_length=64)
    turn = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lane", "network_hash"], name="turn_one_for_each_network"
            ),
        ]

    def __str__(self):
        return f"{self.lane} {self.turn}"


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
