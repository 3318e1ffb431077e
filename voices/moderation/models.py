from datetime import date

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now

from core.public import Content
from core.triggers import AppendOnly, PagesChange, Trigger
from voices.signatures.models import Signature
from voices.wall.models import Voice


class Reason(models.Model):
    """A reason to decline or take down a statement; the author gets the explanation."""

    label = models.CharField(max_length=100, unique=True)
    explanation = models.TextField(
        max_length=600,
        help_text="The sentence that explains the decision to the author, in the email "
        "and at “Manage my voice”.",
    )
    active = models.BooleanField(
        default=True, help_text="Whether moderators can still choose this reason."
    )
    position = models.PositiveSmallIntegerField(
        default=100,
        db_default=100,
        help_text="Its place in the list. On the review page, the first nine reasons "
        "have the digits 1 to 9.",
    )

    class Meta:
        ordering = ["position", "label"]
        triggers = [PagesChange(Content.MODERATION)]

    def __str__(self) -> str:
        return self.label


class StockSentence(models.Model):
    """A sentence that moderators can put into a request for changes with one key."""

    text = models.CharField(max_length=200, unique=True)
    position = models.PositiveSmallIntegerField(
        default=100,
        help_text="Its place in the list. On the review page, the first nine sentences "
        "have the digits 1 to 9.",
    )

    class Meta:
        ordering = ["position", "text"]

    def __str__(self) -> str:
        return self.text


class ReviewRuleManager(models.Manager["ReviewRule"]):
    def percentage(self) -> int:
        """Return the share of voices that go to a second reader without a cause."""
        return self.values_list("second_reading", flat=True).first() or 0


class ReviewRule(models.Model):
    """How much goes to a second reader. The table has one row once a lead has set it.

    Everything flagged, edited, or reported does in any case.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(
        primary_key=True, default=ONLY, editable=False
    )
    second_reading = models.PositiveSmallIntegerField(
        "percentage for a second reader",
        default=0,
        validators=[MaxValueValidator(100)],
        help_text="Of the statements without flags, edits, or reports. Statements with "
        "any of these always go to a second reader.",
    )

    objects = ReviewRuleManager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "rules for second readers"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1, second_reading__range=(0, 100)),
                name="review_rule_is_one_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.second_reading} % go to a second reader"


class Decision(models.Model):
    """A moderator's decision on a voice: a row in an append-only log.

    A trigger rejects UPDATE and DELETE. A decision contains none of the voice's text,
    so the row can stay when the author erases the voice.
    """

    class Kind(models.TextChoices):
        PUBLISHED = "published", "Published"
        DECLINED = "declined", "Declined"
        CHANGES_ASKED = "changes-asked", "Changes asked for"
        TAKEN_DOWN = "taken-down", "Taken down"
        FEATURED = "featured", "Featured"
        UNFEATURED = "unfeatured", "No longer featured"
        EDITED = "edited", "Edited"
        EDIT_PROPOSED = "edit-proposed", "Edit proposed to the author"
        UNDONE = "undone", "Undone"
        CORRECTION_TAKEN = "correction-taken", "Correction published"
        CORRECTION_DECLINED = "correction-left", "Correction declined"
        KEPT = "kept", "Kept after a report"
        RELEASED = "released", "Released from quarantine"
        REJECTED = "rejected", "Rejected from quarantine"

    # None for a decision on a quarantined signature that has no voice.
    voice = models.ForeignKey(
        Voice, models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, blank=True)
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="decisions",
        # The index `decision_by` begins with this column.
        db_index=False,
    )
    at = models.DateTimeField(db_default=Now())
    # How long the moderator had the voice open on the review page; None elsewhere.
    seconds = models.PositiveIntegerField(null=True, blank=True)
    # The batch to which the decision belongs; see batches.py.
    batch = models.ForeignKey(
        "voices.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
        # Batches are never deleted, and adding a constraint locks the log.
        db_constraint=False,
        # The smaller index `decision_batch` is used instead.
        db_index=False,
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="undone", undoes__isnull=False)
                | (~models.Q(kind="undone") & models.Q(undoes=None)),
                name="decision_undone_names_one",
                violation_error_message="An undo, and nothing else, must refer to the "
                "decision that it undoes.",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "-id"], name="decision_kind"),
            models.Index(fields=["by", "-id"], name="decision_by"),
            # The log is in order of time, so a small index of ranges is enough.
            BrinIndex(fields=["at"], name="decision_at", autosummarize=True),
            models.Index(
                fields=["batch", "id"],
                name="decision_batch",
                condition=models.Q(batch__isnull=False),
            ),
        ]
        triggers = [
            AppendOnly(log="decisions"),
            # A subquery instead of a join, because PostgreSQL could begin a join with
            # all of the moderator's decisions, for each row of a bulk decision.
            Trigger(
                name="another_answers",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (
                        SELECT FROM voices_appeal
                        WHERE voice_id = NEW.voice_id
                            AND CASE NEW.kind
                                WHEN 'undone' THEN answer_id = NEW.undoes_id
                                ELSE answer_id IS NULL AND NEW.kind IN (
                                    'published', 'declined', 'changes-asked',
                                    'correction-taken', 'correction-left'
                                )
                            END
                            AND NEW.by_id = (
                                SELECT by_id FROM voices_decision
                                WHERE id = voices_appeal.decision_id
                            )
                    ) THEN
                        RAISE EXCEPTION 'A different moderator answers an appeal.';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: voice {self.voice_id}"


class AwaitingVoice(Voice):
    """A voice in the review queue."""

    class Meta:
        proxy = True
        ordering = ["review_since", "pk"]
        verbose_name = "voice awaiting review"
        verbose_name_plural = "voices awaiting review"


class QuarantinedSignature(Signature):
    """A signature in quarantine because its form looked suspicious."""

    class Meta:
        proxy = True
        ordering = ["quarantined_at", "pk"]
        verbose_name = "signature in quarantine"
        verbose_name_plural = "signatures in quarantine"


class DigestQuerySet(models.QuerySet):
    def take(self, day: date) -> bool:
        """Claim a day's digest for sending.

        Return False if that day's or a later day's digest is already claimed.
        """
        if self.filter(day__gte=day).exists():
            return False
        self.filter(day__lt=day).delete()
        return self.get_or_create(day=day)[1]


class Digest(models.Model):
    """The day of the latest digest to moderators, stored before the email is sent."""

    day = models.DateField(primary_key=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return str(self.day)
