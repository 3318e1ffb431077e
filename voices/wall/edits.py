from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Self, cast

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from core.diffs import paired_diff
from voices.wall.models import WORDS, Edited, Voice

# The fields of WORDS that need the author's approval. Signers don't choose the group of
# their profession, so it isn't one of their words.
APPROVED_WORDS = tuple(field for field in WORDS if field != "profession_group")
UNANSWERED = models.Q(approved_at=None, rejected_at=None)


class Change(NamedTuple):
    """A changed field of a voice: its name, and its old and new text."""

    name: str
    before: str
    after: str

    @property
    def label(self) -> str:
        return capfirst(str(field_of(self.name).verbose_name))

    @property
    def marked(self) -> tuple[SafeString, SafeString]:
        """Both texts as HTML that marks the removed and the added words."""
        return paired_diff(self.before, self.after)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return a Change for each field of `after`, the statement last.

    States and other choices are spelled out.
    """
    found = []
    for name in WORDS:
        if name in after:
            labels = dict(field_of(name).flatchoices)
            old, new = before[name], after[name]
            found.append(Change(name, labels.get(old, old), labels.get(new, new)))
    return found


def field_of(name: str) -> models.Field:
    return cast(models.Field, Voice._meta.get_field(name))


class ProposedEditQuerySet(models.QuerySet["ProposedEdit"]):
    def still_open(self) -> Self:
        """Return the edits that their authors can still approve or reject."""
        return self.filter(UNANSWERED, at__gt=timezone.now() - period())

    def old(self) -> Self:
        """Return the edits to delete: those not approved within MANAGE_LINK_DAYS."""
        return self.filter(approved_at=None, at__lte=timezone.now() - period())


class ProposedEdit(models.Model):
    """A moderator's edit of a voice, which takes effect once the author approves it.

    While it is open, the voice keeps its words. A trigger on `Voice` deletes an open
    edit as soon as the voice's words or status change in any other way, or its author
    sends a correction. An approved edit stays, to show what the author agreed to.
    """

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="proposed_edits")
    # The log row that says which moderator proposed the edit.
    decision = models.OneToOneField(
        "voices.Decision", models.PROTECT, related_name="proposed_edit"
    )
    # Dicts of the voice's fields (see APPROVED_WORDS): their new text, and the text
    # that the edit replaces.
    words = models.JSONField()
    replaced = models.JSONField()
    at = models.DateTimeField(db_default=Now())
    approved_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)

    objects = ProposedEditQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["voice"],
                condition=UNANSWERED,
                name="proposed_edit_one_waits",
                violation_error_message="An edit of this voice already waits for its "
                "author.",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_at=None) | models.Q(rejected_at=None),
                name="proposed_edit_one_answer",
                violation_error_message="An edit is approved or rejected, not both.",
            ),
        ]

    def __str__(self) -> str:
        return f"proposed edit of voice {self.voice_id}"

    @property
    def ends_at(self) -> datetime:
        return self.at + period()

    @property
    def state(self) -> str:
        """One of "approved", "rejected", "open", and "ended"."""
        if self.approved_at:
            return "approved"
        if self.rejected_at:
            return "rejected"
        return "open" if self.ends_at > timezone.now() else "ended"

    @property
    def label(self) -> str:
        """What the site will say next to the statement; "" if that doesn't change."""
        if not self.words.get("statement"):
            return ""
        edited = self.voice.edited_as(self.words["statement"])
        return str(Edited(edited).label) if edited else ""

    def approve(self) -> None:
        """Change the voice's words. The caller must lock the voice first."""
        self.approved_at = timezone.now()
        # Save this before the voice, whose trigger deletes open edits.
        self.save(update_fields=["approved_at"])
        self.voice.edit_words(self.words)

    def reject(self) -> None:
        """Leave the voice as it is. The caller must lock the voice first."""
        self.rejected_at = timezone.now()
        self.save(update_fields=["rejected_at"])

    @property
    def changes(self) -> list[Change]:
        return changes(self.replaced, self.words)


def period() -> timedelta:
    """Return how long an edit waits for its author: as long as a manage link works."""
    return timedelta(days=settings.MANAGE_LINK_DAYS)
