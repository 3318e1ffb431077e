from datetime import datetime, timedelta
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from core import addresses
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange

DAY = timedelta(days=1)


class Update(models.Model):
    """An email to everyone who asked for updates: written by staff, queued once."""

    subject = models.CharField(max_length=120)
    body = models.TextField(
        help_text="Plain text. Separate paragraphs with a blank line."
    )
    written_at = models.DateTimeField(db_default=Now(), editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject


class LetterQuerySet(models.QuerySet):
    def in_flight(self) -> Self:
        """Return the queued letters: those that were neither sent nor dropped."""
        return self.filter(sent_at=None, dropped_at=None)

    def waiting(self) -> Self:
        """Return the letters in flight that no sender has tried to send yet."""
        return self.in_flight().filter(attempts=0)

    def perhaps_sent(self) -> Self:
        """Return letters that were sent, or have an attempt without a known result."""
        return self.filter(
            models.Q(sent_at__isnull=False)
            | models.Q(attempts__gt=models.F("failures"))
        )

    def old(self) -> Self:
        """Return the letters older than MAIL_LOG_KEPT_DAYS."""
        age = timedelta(days=settings.MAIL_LOG_KEPT_DAYS)
        return self.filter(queued_at__lt=timezone.now() - age).order_by("queued_at")


class Letter(models.Model):
    """An email to somebody who signed or filled in the form, queued for sending.

    Senders (threads of the worker) take waiting letters in order of lane and turn
    (take.py). A sender records each attempt before it offers the letter to the mail
    server (send.py), so if the result can't be saved, the letter counts as perhaps
    sent. The limits on email count attempts instead of letters.

    A letter stores references to other rows instead of an address and a text. The email
    is composed from these rows right before it is sent, so it contains nothing that was
    withdrawn or erased before then.
    """

    class Kind(models.TextChoices):
        # Asks the recipient to confirm. Becomes ALREADY_SIGNED if the address has
        # signed.
        CONFIRM = "confirm"
        # Asks the recipient once more to confirm; see reminders.py.
        REMINDER = "reminder"
        ALREADY_SIGNED = "already-signed"
        PUBLISHED = "published"
        CHANGES_ASKED = "changes-asked"
        DECLINED = "declined"
        TAKEN_DOWN = "taken-down"
        # MANAGE has the link to manage a signature, and NEW_ADDRESS has the link to
        # confirm a new email address for a signature.
        MANAGE = "manage"
        NEW_ADDRESS = "new-address"
        # Notifies the current address that a new one was requested.
        ADDRESS_ASKED = "address-asked"
        CORRECTION_DECLINED = "correction-left"
        # Asks the author to approve a moderator's edit.
        EDIT_PROPOSED = "edit-proposed"
        # Tells the author that a decision they were told about has been reversed.
        REVERSED = "reversed"
        UPDATE = "update"

    class Lane(models.TextChoices):
        """A queue of letters; take.py sets each lane's share of the sending rate."""

        # Somebody is waiting for these.
        CLEAN = "clean"
        # Confirmation emails for submissions that are suspicious or over a limit.
        SLOW = "slow"
        # Emails about moderators' decisions.
        NOTICE = "notice"
        # Updates and reminders, which nobody waits for.
        UPDATE = "update"

    kind = models.CharField(max_length=20, choices=Kind)
    submission = models.ForeignKey(Submission, models.CASCADE, null=True)
    signature = models.ForeignKey(Signature, models.CASCADE, null=True)
    # Null for most kinds of letters, and once the change is confirmed, replaced, or
    # canceled. The letter stays, because it still counts toward the signer's daily
    # limit on emails to new addresses.
    address_change = models.ForeignKey(AddressChange, models.SET_NULL, null=True)
    update = models.ForeignKey(Update, models.CASCADE, null=True)
    address_hash = models.CharField(max_length=64)
    # For the Message-ID header, the same for every attempt.
    message_id = models.UUIDField(default=uuid4, editable=False)
    queued_at = models.DateTimeField(db_default=Now())
    lane = models.CharField(
        max_length=6, choices=Lane, default=Lane.CLEAN, db_default=Lane.CLEAN
    )
    # The letter's position in the lane. Among letters with equally many attempts, the
    # lowest turn is sent first (turns.py).
    turn = models.BigIntegerField(default=0, db_default=0)
    # The letter isn't sent before this time.
    send_at = models.DateTimeField(default=timezone.now, db_default=Now())
    # When a sender took the letter; null again if the sender gave it back without
    # trying to send it.
    taken_at = models.DateTimeField(null=True)
    # How many attempts were started, and how many of them are known to have failed.
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True)
    # When we gave up on the letter, because it should no longer be sent or because
    # sending failed.
    dropped_at = models.DateTimeField(null=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(kind__in=["confirm", "reminder"])
                    & models.Q(submission__isnull=False)
                )
                | (
                    ~models.Q(kind__in=["confirm", "reminder"])
                    & models.Q(signature__isnull=False)
                ),
                name="letter_is_about_something",
            ),
            models.UniqueConstraint(
                fields=["address_hash"],
                condition=models.Q(attempts__gt=0, sent_at=None, dropped_at=None),
                name="letter_one_at_a_time_to_an_address",
            ),
            models.UniqueConstraint(
                fields=["submission"],
                # A queued reminder must not block an email that somebody requests.
                condition=models.Q(sent_at=None, dropped_at=None)
                & ~models.Q(kind="reminder"),
                name="letter_one_in_flight_for_each_form",
            ),
            models.UniqueConstraint(
                fields=["submission"],
                condition=models.Q(kind="reminder"),
                name="letter_one_reminder_for_each_form",
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
                fields=["dropped_at"],
                name="letter_dropped",
                condition=models.Q(dropped_at__isnull=False),
            ),
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

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class AttemptQuerySet(models.QuerySet):
    def counted(self) -> Self:
        """Return the attempts that count toward an address's daily limit."""
        return self.filter(perhaps_sent=True, at__gt=timezone.now() - DAY)

    def of(self, letter_id: int, at: datetime | None) -> "AttemptQuerySet":
        """Return the attempt that began when a sender took this letter at this time."""
        return self.filter(letter_number=letter_id, at=at)

    def old(self) -> Self:
        """Return the attempts that no limit counts anymore."""
        return self.filter(at__lt=timezone.now() - DAY).order_by("at")


class Attempt(models.Model):
    """A record that a sender took a letter; the limits on email count these records.

    It has no foreign key, because the record must outlive a letter that is erased with
    its signature. Otherwise, by erasing signatures, somebody could have an address
    emailed without limit.
    """

    letter_number = models.BigIntegerField()
    address_hash = models.CharField(max_length=64)
    lane = models.CharField(max_length=6, choices=Letter.Lane)
    at = models.DateTimeField()
    # Set to True right before the letter is offered to the mail server, and back to
    # False once it is certain that the letter wasn't sent.
    perhaps_sent = models.BooleanField(default=False)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["at", "lane"], name="attempt_rate"),
            models.Index(fields=["address_hash", "at"], name="attempt_address"),
            models.Index(fields=["letter_number", "at"], name="attempt_letter"),
        ]

    def __str__(self) -> str:
        return f"{self.letter_number} at {self.at}"


class SendingRateManager(models.Manager):
    def current(self) -> int:
        """Return how many letters may be sent per minute."""
        saved = self.values_list("per_minute", flat=True).first()
        return max(saved or settings.MAILS_PER_MINUTE, 1)

    def has_reminders(self) -> bool:
        """Return whether reminders are sent. They are, until staff turn them off."""
        return not self.filter(reminders=False).exists()


def first_rate() -> int:
    return settings.MAILS_PER_MINUTE


class SendingRate(models.Model):
    """The number of letters to send per minute, and whether to send reminders.

    The table has one row once staff have set a rate. Until then, MAILS_PER_MINUTE
    applies. Senders read the rate whenever they take letters.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(
        primary_key=True, default=ONLY, editable=False
    )
    per_minute = models.PositiveIntegerField(
        "letters a minute",
        default=first_rate,
        validators=[MinValueValidator(1), MaxValueValidator(100_000)],
        help_text="At most what your mail provider accepts. A change applies within "
        "seconds.",
    )
    reminders = models.BooleanField(
        "send reminders",
        default=True,
        db_default=True,
        help_text="One for each form that is still unconfirmed two days after our "
        "email. If you turn this off, reminders already queued are not sent.",
    )

    objects = SendingRateManager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "sending rate"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1, per_minute__range=(1, 100_000)),
                name="sending_rate_is_one_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.per_minute} letters a minute"


class HeldSubmission(Submission):
    """A submission whose email is held back, because a bot probably sent the form."""

    class Meta:
        proxy = True
        ordering = ["pk"]
        verbose_name = "held submission"
        verbose_name_plural = "held submissions"

    def __str__(self) -> str:
        # Django's admin log stores this text, so it must not contain personal data.
        return f"Held submission {self.pk}"


class Turn(models.Model):
    """The position of a network's latest letter in a lane; see turns.py."""

    lane = models.CharField(max_length=6, choices=Letter.Lane)
    # Keyed hash of the visitor's /24 or /48, or of the email address if no network is
    # known.
    network_hash = models.CharField(max_length=64)
    turn = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lane", "network_hash"], name="turn_one_for_each_network"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lane} {self.turn}"


class RefusedAddressQuerySet(models.QuerySet):
    def remember(self, address_hash: str) -> None:
        self.bulk_create([self.model(address_hash=address_hash)], ignore_conflicts=True)

    @transaction.atomic
    def refuse(
        self, address_hash: str, waiting: Submission | AddressChange | None = None
    ) -> bool:
        """Suppress the address; delete its unconfirmed submissions and address changes.

        Deleting these rows also stops their letters, even a letter that the worker is
        about to send. By hash, this method finds only rows that have a letter. Pass one
        of the address's rows as `waiting` to also delete rows without a letter.
        Return False, and do nothing, if the address has signed and not withdrawn.
        """
        hashes = [address_hash]
        if waiting:
            hashes = [*addresses.keyed_hashes(waiting.email_key), address_hash]
        addresses.lock_hash(hashes[0])
        signed = Signature.objects.filter(address_hash__in=hashes, withdrawn_at=None)
        if signed.exists():
            return False
        self.remember(address_hash)
        for rows in (Submission.objects.unconfirmed(), AddressChange.objects.all()):
            rows.filter(letter__address_hash__in=hashes).delete()
            if waiting:
                rows.filter(email_key=waiting.email_key).delete()
        return True

    def allow(self, hashes: list[str]) -> None:
        """Remove these addresses from the suppression list."""
        self.filter(address_hash__in=hashes).delete()


class RefusedAddress(models.Model):
    """The suppression list: addresses whose owners said "this wasn't me".

    These addresses get no email except the kinds in queue.FOR_SIGNERS. Only a keyed
    hash is stored, which can't be turned back into the address.
    """

    address_hash = models.CharField(max_length=64, unique=True)
    refused_at = models.DateTimeField(db_default=Now())

    objects = RefusedAddressQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.address_hash[:12]
