from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone

from core import addresses
from core.ids import make_ref
from core.searching import folded_words
from rankings.states import PLACES
from voices.abuse.suspicion import is_doubtful, is_of_a_bot, is_suspicious
from voices.petition.models import Petition
from voices.signatures import names, tokens
from voices.signatures.invalidations import InvalidatedAddress, Invalidation
from voices.tags.models import Tag
from voices.wall.models import STATEMENT_LENGTH, Voice
from voices.wall.tallies import CountCells, CountDays

COUNTS_SQL = "counted_at IS NOT NULL AND withdrawn_at IS NULL"
# The few signatures that voices/figures.py counts row by row; tallies count the rest.
EXCEPTIONAL = (
    models.Q(withdrawn_at__isnull=False)
    | models.Q(quarantined_at__isnull=False)
    | models.Q(rejected_at__isnull=False)
    | models.Q(invalidation__isnull=False)
    | models.Q(bounced_at__isnull=False)
)
# Signatures with network hashes, which are cleared after NETWORK_KEPT_DAYS.
WITH_HASHES = ~models.Q(network_hash="", wide_network_hash="")
# The `series` of the petition version that was signed.
SERIES_SQL = "(SELECT series FROM voices_petition WHERE id = petition_id)"


class NameDisplay(models.TextChoices):
    FULL = "full", "Full name"
    INITIAL = "initial", "First name and last initial"
    FIRST = "first", "First name only"
    UNLISTED = "unlisted", "Not shown: count me, and publish nothing"


def shown_name(name: str, display: str) -> str:
    """Return `name` as its owner wants it shown; "" if unlisted."""
    if display == NameDisplay.UNLISTED:
        return ""
    if display == NameDisplay.FULL:
        return name
    first, initial = names.cut(name)
    if display == NameDisplay.INITIAL and initial:
        return f"{first} {initial}."
    return first


class AbstractSignature(models.Model):
    """The data that a person entered at `/voices/add/`; every field is private."""

    name = models.CharField(max_length=100)
    name_display = models.CharField(max_length=10, choices=NameDisplay)
    email = models.EmailField()
    # The address in its canonical spelling; see core/addresses.py.
    email_key = models.CharField(max_length=254, editable=False)
    city = models.CharField("city or town", max_length=80, blank=True)
    state = models.CharField(max_length=2, choices=PLACES)
    profession = models.CharField(max_length=80, blank=True)
    # The version of the petition that the form showed. The column has no index, because
    # nearly all rows have the same few values.
    petition = models.ForeignKey(
        Petition, models.PROTECT, db_index=False, editable=False, related_name="+"
    )
    consent_version = models.CharField(max_length=20, editable=False)
    # The petition's words as shown for the state, and the text of the checkbox.
    consent_text = models.TextField(editable=False)
    # The date of the privacy notice, and the text of its checkbox.
    privacy_version = models.CharField(max_length=20, editable=False)
    privacy_text = models.TextField(editable=False)
    # When the form with both checkboxes was submitted.
    consent_at = models.DateTimeField(editable=False)
    updates = models.BooleanField("wants updates", default=False)
    # A keyed hash of the sender's network, stored for NETWORK_KEPT_DAYS.
    network_hash = models.CharField(max_length=64, blank=True, editable=False)
    # The same hash for the network's /24 (IPv4) or /48 (IPv6).
    wide_network_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # The suspicions that the form raised on arrival; see voices/abuse/suspicion.py.
    suspicions = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, editable=False
    )

    # Without an index, because tags are never deleted, and tallies count by tag.
    tag = models.ForeignKey(
        Tag,
        models.PROTECT,
        to_field="slug",
        null=True,
        blank=True,
        db_index=False,
        editable=False,
        related_name="+",
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        return shown_name(self.name, self.name_display)


class SignatureQuerySet(models.QuerySet["Signature"]):
    def not_withdrawn(self) -> Self:
        """Return the signatures that were not withdrawn."""
        return self.filter(withdrawn_at=None)

    def counting(self) -> Self:
        """Return the signatures in the public totals."""
        return self.filter(counted_at__isnull=False, withdrawn_at=None)

    def in_quarantine(self) -> Self:
        """Return the quarantined signatures that staff must still release or reject."""
        return self.filter(quarantined_at__isnull=False, withdrawn_at=None)

    def create_from(self, submission: "Submission", *, is_known: bool) -> "Signature":
        """Turn a confirmed submission into a signature and its voice.

        A suspicious signature neither counts nor enters the review queue until staff
        release it from quarantine. Any other signature is invalidated from the start if
        the address has an InvalidatedAddress. Pass `is_known=False` if it is certain
        that the address has none, which saves a query.
        """
        now = timezone.now()
        suspicious = is_suspicious(submission.suspicions)
        held_by = None
        if is_known and not suspicious:
            held_by = InvalidatedAddress.objects.take(submission.email_key)
        voice = None
        if submission.name_display != NameDisplay.UNLISTED:
            voice = Voice.objects.create(
                name=submission.shown_name,
                profession=submission.profession,
                city=submission.city,
                state=submission.state,
                statement=submission.statement,
                submitted_at=submission.submitted_at,
                review_since=None if suspicious else now,
                invalidated_at=now if held_by else None,
            )
        # Copy `petition_id`, not `petition`, so that the petition isn't fetched.
        fields = [field.attname for field in AbstractSignature._meta.concrete_fields]
        return self.create(
            # Identifies the submission that became the signature.
            ref=submission.ref,
            **{name: getattr(submission, name) for name in fields},
            voice=voice,
            submitted_at=submission.submitted_at,
            confirmed_at=now,
            counted_at=None if suspicious or held_by else now,
            counted_before=now if held_by else None,
            invalidation_id=held_by,
            quarantined_at=now if suspicious else None,
        )


class Signature(AbstractSignature):
    """A person's signature, with a confirmed email address; always private.

    A signature counts from `counted_at` on, even if its statement isn't public. An
    unlisted signature has no voice. Staff can remove a signature from the count
    (voices/invalidation/). A suspicious signature is in quarantine and doesn't count
    until staff release it; a rejected signature never counts.
    """

    # The "this wasn't me" link finds the signature by this value:
    # addresses.keyed_hash(email_key), with the secret key in use when it was stored.
    address_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # Part of the signature's manage links. Changing the address generates a new ref.
    ref = models.CharField(max_length=30, unique=True, default=make_ref, editable=False)
    voice = models.OneToOneField(
        Voice, models.PROTECT, null=True, blank=True, editable=False
    )
    submitted_at = models.DateTimeField(editable=False)
    confirmed_at = models.DateTimeField(editable=False)
    counted_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    quarantined_at = models.DateTimeField(null=True, blank=True, editable=False)
    rejected_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The invalidation that removed the signature from the count. `counted_before` is
    # the `counted_at` that the signature had until then.
    invalidation = models.ForeignKey(
        Invalidation,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="signatures",
        # Indexed by `signature_invalidated`, which has only invalidated signatures.
        db_index=False,
    )
    counted_before = models.DateTimeField(null=True, blank=True, editable=False)
    # When the signer turned off the "somebody entered your address again" email.
    repeats_stopped_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When a mail server permanently rejected email to the address.
    bounced_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        ordering = ["-confirmed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["email_key"],
                name="signature_one_for_each_address",
                violation_error_message="This address has already signed.",
            ),
            models.CheckConstraint(
                condition=models.Q(counted_at=None)
                | models.Q(quarantined_at=None, rejected_at=None),
                name="signature_counted_is_not_quarantined",
                violation_error_message="A quarantined or rejected signature does not "
                "count.",
            ),
            models.CheckConstraint(
                condition=models.Q(invalidation=None, counted_before=None)
                | models.Q(
                    invalidation__isnull=False,
                    counted_before__isnull=False,
                    counted_at=None,
                    quarantined_at=None,
                    rejected_at=None,
                ),
                name="signature_invalidated_does_not_count",
                violation_error_message="An invalidated signature does not count.",
            ),
        ]
        indexes = [
            models.Index(fields=["-confirmed_at", "-id"], name="signature_newest"),
            models.Index(
                fields=["quarantined_at", "id"],
                name="signature_quarantine",
                condition=models.Q(quarantined_at__isnull=False, withdrawn_at=None),
            ),
            models.Index(
                fields=["invalidation", "id"],
                name="signature_invalidated",
                condition=models.Q(invalidation__isnull=False),
            ),
            models.Index(
                fields=["id"],
                name="signature_exceptional",
                include=[
                    *("withdrawn_at", "quarantined_at", "rejected_at", "invalidation"),
                    *("bounced_at", "counted_at", "updates"),
                ],
                condition=EXCEPTIONAL,
            ),
            models.Index(
                fields=["submitted_at"],
                name="signature_with_hashes",
                condition=WITH_HASHES,
            ),
            # For the filters of the admin's list.
            models.Index(
                fields=["state", "-confirmed_at", "-id"], name="signature_state"
            ),
            models.Index(
                fields=["name_display", "-confirmed_at", "-id"],
                name="signature_name_display",
            ),
            GinIndex(folded_words("name"), name="signature_words"),
            models.Index(
                fields=["address_hash"],
                name="signature_address_hash",
                condition=~models.Q(address_hash=""),
            ),
            models.Index(
                fields=["network_hash"],
                name="signature_network",
                condition=~models.Q(network_hash=""),
            ),
            models.Index(
                fields=["wide_network_hash"],
                name="signature_wide_network",
                condition=~models.Q(wide_network_hash=""),
            ),
        ]
        triggers = [
            CountCells(f"SELECT 'signers', state, '', {SERIES_SQL} WHERE {COUNTS_SQL}"),
            CountDays(
                "counted_at",
                tag="coalesce(tag_id, '')",
                updates="updates",
                series=SERIES_SQL,
                where=COUNTS_SQL,
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.address_hash = addresses.keyed_hash(self.email_key)
        super().save(*args, **kwargs)

    @property
    def is_reviewed(self) -> bool:
        """Whether moderators review this signature's voice.

        They do if the signature counts, or would count if it weren't invalidated.
        """
        return self.counted_at is not None or self.counted_before is not None

    @transaction.atomic
    def erase(self) -> None:
        """Delete the signature and its letters, and erase its voice.

        If the signature is invalidated, keep the hash of its address.
        """
        if self.invalidation_id:
            InvalidatedAddress.objects.keep(self.email_key, self.invalidation_id)
        # Lock the voice first, in the same order as moderators' decisions.
        voice = Voice.objects.select_for_update().filter(signature=self).first()
        self.delete()
        if voice:
            voice.reports.all().delete()
            voice.erase()


# Whether an address has signed before, or has an InvalidatedAddress. In raw SQL,
# because building these two subqueries in Django takes longer than PostgreSQL needs for
# all the SELECTs of a confirmation.
IS_KNOWN = """
    EXISTS (SELECT FROM voices_signature WHERE email_key = %s)
    OR EXISTS (SELECT FROM voices_invalidatedaddress WHERE address_hash = ANY(%s))
"""

# How often the address of one form can be corrected.
MAX_CORRECTIONS = 2

# The text columns of a submission that contain personal data.
PRIVATE_TEXTS = [
    "name",
    "name_display",
    "email",
    "email_key",
    "city",
    "state",
    "profession",
    "statement",
    "consent_text",
    "privacy_text",
]


class SubmissionQuerySet(models.QuerySet):
    def unconfirmed(self) -> Self:
        return self.filter(confirmed_at=None)

    def close(self, signature: Signature | None, **outcome: datetime) -> int:
        """Set `confirmed_at` and `signature`, and clear the personal data.

        Also sets the other fields in `outcome`; returns the number of submissions.
        """
        return self.update(
            **dict.fromkeys(PRIVATE_TEXTS, ""),
            updates=False,
            network_hash="",
            wide_network_hash="",
            suspicions=[],
            tag=None,
            signature=signature,
            confirmed_at=timezone.now(),
            **outcome,
        )

    def stale(self) -> Self:
        """Return rows to delete: not submitted or emailed in UNCONFIRMED_KEPT_DAYS."""
        oldest = timezone.now() - timedelta(days=settings.UNCONFIRMED_KEPT_DAYS)
        stale = self.filter(submitted_at__lt=oldest).exclude(mailed_at__gte=oldest)
        return stale.order_by("submitted_at")


class Lane(models.TextChoices):
    """The queue that a submission's confirmation email waits in."""

    CLEAN = "clean", "Normal"
    # Suspicious, or over a limit: gets a small share of the sending rate.
    SLOW = "slow", "Low priority"
    # Clearly from a bot: sent only after "send it again" or a release by staff.
    HELD = "held", "Held, no email"


def lane_for(suspicions: list[str]) -> Lane:
    """Return the lane for a submission with these suspicions."""
    if is_of_a_bot(suspicions):
        return Lane.HELD
    return Lane.SLOW if is_doubtful(suspicions) else Lane.CLEAN


class Submission(AbstractSignature):
    """A submitted form, until its email address is confirmed.

    Every submitted form creates a row, so nothing on the site reveals whether an
    address is known. Confirming moves the data into a signature and clears it here;
    the rest of the row is deleted `UNCONFIRMED_KEPT_DAYS` after its last email.
    """

    # In the URL of the check-your-email page.
    ref = models.CharField(max_length=30, unique=True, default=make_ref, editable=False)
    # The address as that page shows it; unlike `email`, it isn't cleared on confirming.
    email_masked = models.CharField(max_length=300, editable=False)
    statement = models.TextField(max_length=STATEMENT_LENGTH, blank=True)
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    # Chosen on arrival, independently of whether the address is known.
    lane = models.CharField(
        max_length=5,
        choices=Lane,
        default=Lane.CLEAN,
        db_default=Lane.CLEAN,
        editable=False,
    )
    # How many times, and when last, "send it again" was pressed on the check-your-email
    # page.
    asked_again = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False
    )
    asked_again_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the latest confirmation email was sent. Before the first, no code is valid.
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # How often the address of this form has been corrected so far. Each correction
    # closes a submission, sets its `corrected_at`, and continues in a new one.
    corrections = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False
    )
    corrected_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When its reminder was queued or ruled out, so that each form is considered once.
    reminder_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The signature that the submission became, or that its address already had.
    signature = models.ForeignKey(
        "voices.Signature",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="submissions",
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed_at=None)
                | models.Q(**dict.fromkeys(PRIVATE_TEXTS, "")),
                name="submission_confirmed_is_empty",
                violation_error_message="A confirmed submission must not contain "
                "personal data.",
            ),
            models.CheckConstraint(
                condition=models.Q(corrected_at=None)
                | models.Q(confirmed_at__isnull=False),
                name="submission_corrected_is_closed",
                violation_error_message="A corrected submission must be closed.",
            ),
            models.CheckConstraint(
                condition=models.Q(corrections__lte=MAX_CORRECTIONS),
                name="submission_corrected_seldom",
                violation_error_message="An address can be corrected only twice.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["email_key", "-id"],
                name="submission_address",
                condition=models.Q(confirmed_at=None),
            ),
            models.Index(fields=["submitted_at"], name="submission_age"),
            models.Index(
                fields=["-submitted_at", "-id"],
                name="submission_held",
                condition=models.Q(lane=Lane.HELD, confirmed_at=None),
            ),
            models.Index(
                fields=["mailed_at", "id"],
                name="submission_to_remind",
                condition=models.Q(
                    lane=Lane.CLEAN, confirmed_at=None, reminder_at=None
                ),
            ),
        ]

    def try_code(self, code: str) -> bool:
        """Use up one try; return whether `code` is right.

        Returns False if no try is left, or if the code has expired. The database counts
        the tries, so concurrent requests don't get extra tries.
        """
        age = timedelta(days=settings.CONFIRM_LINK_DAYS)
        had_a_try = Submission.objects.filter(
            pk=self.pk,
            code_tries__lt=settings.CODE_TRIES,
            mailed_at__gt=timezone.now() - age,
        ).update(code_tries=models.F("code_tries") + 1)
        return bool(had_a_try) and tokens.is_code(self.ref, code)

    @property
    def again_at(self) -> datetime | None:
        """When its email can be requested again; None if it can't."""
        if self.asked_again >= settings.SEND_AGAIN_TIMES:
            return None
        wait = timedelta(minutes=settings.SEND_AGAIN_MINUTES)
        return (self.asked_again_at or self.submitted_at) + wait

    @property
    def corrections_left(self) -> int:
        return MAX_CORRECTIONS - self.corrections

    @property
    def kept_until(self) -> datetime:
        """When it can be deleted: see SubmissionQuerySet.stale()."""
        latest = max(self.submitted_at, self.mailed_at or self.submitted_at)
        return latest + timedelta(days=settings.UNCONFIRMED_KEPT_DAYS)

    @property
    def is_signature(self) -> bool:
        """Whether this submission became a signature that isn't withdrawn.

        Changing the address gives the signature a new ref, but also deletes its
        submissions, so comparing the refs is enough.
        """
        signature = self.signature
        return (
            signature is not None
            and signature.ref == self.ref
            and signature.withdrawn_at is None
        )

    @transaction.atomic
    def confirm(self) -> bool:
        """Turn the submission into a signature, unless its address has already signed.

        Return whether this submission, now or on an earlier call, became the address's
        signature. Also closes the address's other submissions. A lock on the address
        serializes concurrent confirmations, so each sees the result of the one before.
        """
        addresses.lock(self.email_key)
        submissions = Submission.objects.unconfirmed().filter(email_key=self.email_key)
        is_known = RawSQL(  # noqa: S611 - a constant
            IS_KNOWN, [self.email_key, addresses.keyed_hashes(self.email_key)]
        )
        current = submissions.filter(pk=self.pk).annotate(is_known=is_known).first()
        if current is None:
            every = Submission.objects.select_related("signature")
            closed = every.filter(pk=self.pk).first()
            return closed is not None and closed.is_signature
        signature = None
        if current.is_known:
            signature = Signature.objects.filter(email_key=self.email_key).first()
        if signature and signature.withdrawn_at:
            # Signing again after withdrawing starts over.
            signature.erase()
            signature = None
        if signature is None:
            signature = Signature.objects.create_from(
                current, is_known=current.is_known
            )
        submissions.close(signature)
        return signature.ref == current.ref
