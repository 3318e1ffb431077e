import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from rankings.states import PLACES
from voices import addresses
from voices.signing import tokens
from voices.wall.models import STATEMENT_LENGTH, Voice


class NameDisplay(models.TextChoices):
    FULL = "full", "Full name"
    INITIAL = "initial", "First name and last initial"
    FIRST = "first", "First name only"
    UNLISTED = "unlisted", "Not shown: count me, and publish nothing"


def shown_name(name: str, display: str) -> str:
    """Return `name` as its owner wants it shown; "" for somebody unlisted."""
    first, *rest = name.split()
    if display == NameDisplay.UNLISTED:
        return ""
    if display == NameDisplay.FULL:
        return name
    initial = next(filter(str.isalpha, rest[-1]), "") if rest else ""
    if display == NameDisplay.INITIAL and initial:
        return f"{first} {initial}."
    return first


class SignedForm(models.Model):
    """What somebody filled in at `/voices/add/`: all of it private."""

    name = models.CharField(max_length=100)
    name_display = models.CharField(max_length=10, choices=NameDisplay)
    email = models.EmailField("e-mail")
    # The one spelling of the mailbox: voices/addresses.py.
    email_key = models.CharField(max_length=254, editable=False)
    city = models.CharField("city or town", max_length=80)
    state = models.CharField(max_length=2, choices=PLACES)
    zip_code = models.CharField("ZIP code", max_length=5, blank=True)
    profession = models.CharField(max_length=80, blank=True)
    consent_version = models.CharField(max_length=20, editable=False)
    consent_text = models.TextField(editable=False)
    consent_at = models.DateTimeField(editable=False)
    updates = models.BooleanField("wants updates", default=False)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name


class SignatureQuerySet(models.QuerySet):
    def create_from(self, submission):
        """Turn a form whose address is confirmed into a signature and its voice."""
        now = timezone.now()
        voice = None
        if submission.name_display != NameDisplay.UNLISTED:
            voice = Voice.objects.create(
                name=submission.shown_name,
                profession=submission.profession,
                city=submission.city,
                state=submission.state,
                statement=submission.statement,
                submitted_at=submission.submitted_at,
                review_since=now,
            )
        fields = [field.name for field in SignedForm._meta.get_fields()]
        return self.create(
            **{name: getattr(submission, name) for name in fields},
            voice=voice,
            submitted_at=submission.submitted_at,
            confirmed_at=now,
            counted_at=now,
        )


class Signature(SignedForm):
    """Who signed: a confirmed address, private for as long as it exists.

    It counts from `counted_at` on, whether or not its statement is published. An
    unlisted signature has no voice.
    """

    voice = models.OneToOneField(
        Voice, models.PROTECT, null=True, blank=True, editable=False
    )
    submitted_at = models.DateTimeField(editable=False)
    confirmed_at = models.DateTimeField(editable=False)
    counted_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        ordering = ["-confirmed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["email_key"],
                name="signature_one_for_each_address",
                violation_error_message="This address has already signed.",
            ),
        ]
        indexes = [
            models.Index(fields=["-confirmed_at", "-id"], name="signature_newest"),
        ]


# What a form holds of the person who sent it in, besides the wish for updates.
PRIVATE_TEXTS = [
    "name",
    "name_display",
    "email",
    "email_key",
    "city",
    "state",
    "zip_code",
    "profession",
    "statement",
    "consent_text",
]


class SubmissionQuerySet(models.QuerySet):
    def unconfirmed(self):
        return self.filter(confirmed_at=None)

    def forget_stale(self):
        """Delete those that were sent in, and last mailed, too long ago."""
        oldest = timezone.now() - timedelta(days=settings.UNCONFIRMED_KEPT_DAYS)
        stale = self.filter(submitted_at__lt=oldest).exclude(mailed_at__gte=oldest)
        return stale.delete()


def make_ref() -> str:
    return secrets.token_urlsafe(16)


class Submission(SignedForm):
    """A form that was sent in, until its mail is confirmed.

    Each form sent makes one, whoever signs, so that nothing on the site tells whether
    an address is known. Confirming moves what it holds into a signature and empties
    it; what stays is deleted `UNCONFIRMED_KEPT_DAYS` after its last mail.
    """

    # Stands in the address of the check-your-email page.
    ref = models.CharField(max_length=30, unique=True, default=make_ref, editable=False)
    # What that page shows of the address, whatever has become of the rest.
    email_masked = models.CharField(max_length=300, editable=False)
    statement = models.TextField(max_length=STATEMENT_LENGTH, blank=True)
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    # When its latest mail left: the code of a form that was never mailed is no good.
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What it became, or what its address had become already.
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
                violation_error_message="A confirmed form keeps no personal data.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["email_key", "-id"],
                name="submission_address",
                condition=models.Q(confirmed_at=None),
            ),
            models.Index(fields=["submitted_at"], name="submission_age"),
        ]

    @property
    def shown_name(self) -> str:
        return shown_name(self.name, self.name_display)

    def try_code(self, code: str) -> bool:
        """Use up one of the tries; say whether `code` is the one that was mailed.

        The database counts, so that many requests at once have no more tries than
        one after the other.
        """
        age = timedelta(days=settings.CONFIRM_LINK_DAYS)
        had_a_try = Submission.objects.filter(
            pk=self.pk,
            code_tries__lt=settings.CODE_TRIES,
            mailed_at__gt=timezone.now() - age,
        ).update(code_tries=models.F("code_tries") + 1)
        return bool(had_a_try) and tokens.is_code(self.ref, code)

    @transaction.atomic
    def confirm(self) -> None:
        """Make it a signature that counts, unless its address has signed already.

        Every other form of the same address is closed with it. All forms of one
        address take turns, so what another request did meanwhile is seen.
        """
        addresses.lock(self.email_key)
        forms = Submission.objects.unconfirmed().filter(email_key=self.email_key)
        current = forms.filter(pk=self.pk).first()
        if current is None:
            return
        signature = Signature.objects.filter(email_key=self.email_key).first()
        if signature is None:
            signature = Signature.objects.create_from(current)
        for form in forms:
            form.close(signature)

    def close(self, signature: Signature | None) -> None:
        """Note what became of it and drop all that it held of the person."""
        for field in PRIVATE_TEXTS:
            setattr(self, field, "")
        self.updates = False
        self.signature = signature
        self.confirmed_at = timezone.now()
        self.save()
