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
from voices.wall.tallies import CountCells, CountDays, CountDeleted

COUNTS_SQL = "counted_at IS NOT NULL AND withdrawn_at IS NULL"
# Signatures that were quarantined when they were confirmed, even if staff have released
# them since.
WAS_QUARANTINED_SQL = (
    "(quarantined_at IS NOT NULL OR rejected_at IS NOT NULL "
    "OR coalesce(counted_at, counted_before) > confirmed_at)"
)
# Signatures with an unusual status. There are few of these, so voices/figures.py counts
# them row by row instead of reading tallies.
EXCEPTIONAL = (
    models.Q(withdrawn_at__isnull=False)
    | models.Q(quarantined_at__isnull=False)
    | models.Q(rejected_at__isnull=False)
    | models.Q(invalidation__isnull=False)
    | models.Q(bounced_at__isnull=False)
)
# Signatures whose network hashes haven't been cleared yet; see NETWORK_KEPT_DAYS.
WITH_HASHES = ~models.Q(network_hash="", wide_network_hash="")
# The signature's series: petition versions that ask for the same thing share a series,
# and their signatures are counted together.
SERIES_SQL = "(SELECT series FROM voices_petition WHERE id = petition_id)"


class NameDisplay(models.TextChoices):
    FULL = "full", "Full name"
    INITIAL = "initial", "First name and last initial"
    FIRST = "first", "First name only"
    UNLISTED = "unlisted", "Not shown: count me, and publish nothing"


def domain_of(field: str) -> models.Func:
    """Return the part of an address after the last @, for an index and its queries."""
    return models.Func(
        field,
        models.Value("@"),
        models.Value(-1),
        function="split_part",
        output_field=models.TextField(),
    )


def shown_name(name: str, display: str) -> str:
    """Return `name` in the form that the signer chose, or "" if unlisted."""
    if display == NameDisplay.UNLISTED:
        return ""
    if display == NameDisplay.FULL:
        return name
    first, initial = names.cut(name)
    if display == NameDisplay.INITIAL and initial:
        return f"{first} {initial}."
    return first


class AbstractSignature(models.Model):
    """The fields that submissions and signatures share; all of them are private.

    Confirming a submission copies them to a new signature.
    """

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
    # The petition's words as shown for the signer's state, then the text of the consent
    # checkbox.
    consent_text = models.TextField(editable=False)
    # The date of the privacy notice, and the text of the checkbox that accepts it.
    privacy_version = models.CharField(max_length=20, editable=False)
    privacy_text = models.TextField(editable=False)
    # When the form with both checkboxes was submitted.
    consent_at = models.DateTimeField(editable=False)
    updates = models.BooleanField("wants updates", default=False)
    # A keyed hash of the network that the form came from; see core/networks.py. The
    # hash is cleared after NETWORK_KEPT_DAYS.
    network_hash = models.CharField(max_length=64, blank=True, editable=False)
    # The same for the /24 (IPv4) or /48 (IPv6) that the network belongs to.
    wide_network_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # What looked suspicious about the form when it arrived; see
    # voices/abuse/suspicion.py.
    suspicions = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, editable=False
    )

    # The column needs no index: tags are never deleted, and the numbers of signatures
    # by tag come from tallies.
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
        """Return the signatures that their signers haven't withdrawn."""
        return self.filter(withdrawn_at=None)

    def counting(self) -> Self:
        """Return the signatures that count in the public totals."""
        return self.filter(counted_at__isnull=False, withdrawn_at=None)

    def in_quarantine(self) -> Self:
        """Return the quarantined signatures that staff must still release or reject."""
        return self.filter(quarantined_at__isnull=False, withdrawn_at=None)

    def create_from(self, submission: "Submission", *, is_known: bool) -> "Signature":
        """Create a confirmed submission's signature and, unless unlisted, its voice.

        A suspicious signature is quarantined: it doesn't count, and its voice isn't
        reviewed, until staff release it. Any other signature is invalidated from the
        start if its address has an InvalidatedAddress; a suspicious one is invalidated
        when it is released. To save a query, pass `is_known=False` if the address
        certainly has no InvalidatedAddress.
        """
        now = timezone.now()
        suspicious = is_suspicious(submission.suspicions)
        held_by = None
        if is_known and not suspicious:
            key = submission.email_key
            held_by = InvalidatedAddress.objects.take([key]).get(key)
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
        # Use column names (`petition_id`, not `petition`) to avoid fetching related
        # rows.
        fields = [field.attname for field in AbstractSignature._meta.concrete_fields]
        return self.create(
            # Shows which submission became the signature; see became_signature().
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

    A signature counts from `counted_at` on, even if its voice isn't public. An unlisted
    signature has no voice. Staff can invalidate a signature, which removes it from the
    count (voices/invalidation/). A suspicious signature is in quarantine and doesn't
    count until staff release it. If staff reject it instead, it never counts.
    """

    # The result of addresses.keyed_hash(email_key), with the secret key that was in use
    # when the address was stored. The "this wasn't me" link finds the signature by this
    # hash.
    address_hash = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    # Identifies the signature in manage links, the emailed links to the page where the
    # signer manages it. If the address changes, so does the ref, and old links stop
    # working.
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
    # The invalidation that keeps the signature from counting. `counted_before` is the
    # `counted_at` that the signature gets back if staff undo the invalidation or
    # reinstate the signature.
    invalidation = models.ForeignKey(
        Invalidation,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="signatures",
        # The smaller index `signature_invalidated` below is used instead. It contains
        # only invalidated signatures.
        db_index=False,
    )
    counted_before = models.DateTimeField(null=True, blank=True, editable=False)
    # When the signer turned off the email that says "somebody entered your address
    # again".
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
                name="signature_in_quarantine",
                # For the filters of the list in the admin.
                include=["network_hash", "state", "suspicions"],
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
                fields=["withdrawn_at"],
                name="signature_withdrawn",
                condition=models.Q(withdrawn_at__isnull=False),
            ),
            models.Index(
                fields=["submitted_at"],
                name="signature_with_hashes",
                condition=WITH_HASHES,
            ),
            # For the filters of the list of signatures in the admin.
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
            # For searches for a part of an address (voices/finding/), newest first.
            models.Index(
                fields=["email_key", "-id"],
                name="signature_address_start",
                # Lets LIKE use the index, whatever the database's collation.
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(
                domain_of("email_key"), models.F("id").desc(), name="signature_domain"
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
            CountDeleted(
                "SELECT 'confirmed', confirmed_at",
                "SELECT 'withdrawn', coalesce(withdrawn_at, now())",
                f"SELECT 'quarantined', confirmed_at WHERE {WAS_QUARANTINED_SQL}",
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

        If the signature is invalidated, store the address's hash in an
        InvalidatedAddress.
        """
        if self.invalidation_id:
            InvalidatedAddress.objects.keep(self.email_key, self.invalidation_id)
        # To avoid deadlocks, lock the voice before the signature, as moderators'
        # decisions do.
        voice = Voice.objects.select_for_update().filter(signature=self).first()
        self.delete()
        if voice:
            voice.reports.all().delete()
            voice.erase()


# Whether an address has a signature or an InvalidatedAddress. This is raw SQL, because
# building these two subqueries in Django takes longer than PostgreSQL needs for all the
# SELECTs of a confirmation.
IS_KNOWN = """
    EXISTS (SELECT FROM voices_signature WHERE email_key = %s)
    OR EXISTS (SELECT FROM voices_invalidatedaddress WHERE address_hash = ANY(%s))
"""

# A form whose address was corrected is still one form, but has two submissions.
RECEIVED_SQL = "corrections = 0"
# How many times a signer can correct the email address of a form.
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

        Also sets the fields given in `outcome`. Returns the number of closed
        submissions.
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
        """Return the submissions to delete.

        Both the form and its latest confirmation email, if any, are older than
        UNCONFIRMED_KEPT_DAYS.
        """
        oldest = timezone.now() - timedelta(days=settings.UNCONFIRMED_KEPT_DAYS)
        stale = self.filter(submitted_at__lt=oldest).exclude(mailed_at__gte=oldest)
        return stale.order_by("submitted_at")


class Lane(models.TextChoices):
    """The queue in which a submission's confirmation email waits to be sent."""

    CLEAN = "clean", "Normal"
    # For submissions that are suspicious or exceed a limit; this lane gets only a small
    # share of the sending rate.
    SLOW = "slow", "Low priority"
    # For submissions that are clearly from a bot. No email is sent until somebody
    # presses "send it again" or staff release the submission.
    HELD = "held", "Held, no email"


def lane_for(suspicions: list[str]) -> Lane:
    """Return the lane for a submission with these suspicions."""
    if is_of_a_bot(suspicions):
        return Lane.HELD
    return Lane.SLOW if is_doubtful(suspicions) else Lane.CLEAN


class Submission(AbstractSignature):
    """A form submitted at `/voices/add/`, with an email address to be confirmed.

    Every valid form creates a row, so the site doesn't reveal whether an address has
    signed. Confirming moves the personal data into a signature and clears it here. The
    row itself is deleted later; see SubmissionQuerySet.stale().
    """

    # In the URL of the check-your-email page.
    ref = models.CharField(max_length=30, unique=True, default=make_ref, editable=False)
    # The partly hidden address on the check-your-email page. Unlike `email`, this field
    # isn't cleared when the submission is confirmed.
    email_masked = models.CharField(max_length=300, editable=False)
    statement = models.TextField(max_length=STATEMENT_LENGTH, blank=True)
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    # Chosen when the form arrives, regardless of whether the address has signed. "Send
    # it again", or staff, can later move a held submission to the slow lane.
    lane = models.CharField(
        max_length=5,
        choices=Lane,
        default=Lane.CLEAN,
        db_default=Lane.CLEAN,
        editable=False,
    )
    # How many times somebody pressed "send it again" on the check-your-email page, and
    # the latest time.
    asked_again = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False
    )
    asked_again_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the latest confirmation email was sent. While this is None, no code is valid.
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # How many times the signer has corrected the address so far. Each correction closes
    # the old submission, sets its `corrected_at`, and creates a new submission.
    corrections = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False
    )
    corrected_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When a reminder email was queued or ruled out. Each submission is considered once.
    reminder_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The address's signature, set when a confirmation closes the submission. The
    # signature may come from another submission for the same address.
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
        triggers = [
            CountDeleted(f"SELECT 'received', submitted_at WHERE {RECEIVED_SQL}")
        ]

    def try_code(self, code: str) -> bool:
        """Use up one try; return whether `code` is right.

        Returns False if no try is left, or if the code has expired or was never sent.
        The database counts the tries, so concurrent requests don't get extra tries.
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
        """The earliest time when "send it again" works.

        None if it has already been used SEND_AGAIN_TIMES times.
        """
        if self.asked_again >= settings.SEND_AGAIN_TIMES:
            return None
        wait = timedelta(minutes=settings.SEND_AGAIN_MINUTES)
        return (self.asked_again_at or self.submitted_at) + wait

    @property
    def corrections_left(self) -> int:
        return MAX_CORRECTIONS - self.corrections

    @property
    def kept_until(self) -> datetime:
        """When the submission may be deleted; see SubmissionQuerySet.stale()."""
        latest = max(self.submitted_at, self.mailed_at or self.submitted_at)
        return latest + timedelta(days=settings.UNCONFIRMED_KEPT_DAYS)

    @property
    def became_signature(self) -> bool:
        """Whether this submission became a signature, even if later withdrawn.

        Comparing refs is enough. The signature has the ref of the submission that
        became it, until the signer changes the address, and such a change also deletes
        the signature's submissions.
        """
        return self.signature is not None and self.signature.ref == self.ref

    @property
    def is_signature(self) -> bool:
        """Whether this submission became a signature that isn't withdrawn."""
        signature = self.signature if self.became_signature else None
        return signature is not None and signature.withdrawn_at is None

    @transaction.atomic
    def confirm(self) -> bool:
        """Turn the submission into a signature, unless its address has already signed.

        Return whether this submission, now or on an earlier call, became the address's
        signature. Also closes the address's other submissions. A lock on the address
        makes concurrent confirmations run one after another.
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
            # Somebody who signs again after withdrawing gets a new signature.
            signature.erase()
            signature = None
        if signature is None:
            signature = Signature.objects.create_from(
                current, is_known=current.is_known
            )
        submissions.close(signature)
        return signature.ref == current.ref
