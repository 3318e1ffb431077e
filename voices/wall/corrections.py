from typing import Any, Self

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from core.triggers import Trigger
from voices.wall.models import WORDS, Voice


class CorrectionQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        return self.filter(decision=None)


class Correction(models.Model):
    """Changes to a published voice that its author submitted for review.

    A correction is pending until it has a decision. The correction points to the
    decision, not the other way around, because corrections can be deleted, but
    decisions can't.
    """

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="corrections")
    # A dict of the voice's fields (see WORDS) and their new text. Fields that aren't in
    # the dict don't change.
    words = models.JSONField()
    sent_at = models.DateTimeField(db_default=Now())
    decision = models.ForeignKey("voices.Decision", models.PROTECT, null=True)
    # A dict of the text that publishing this correction replaced, so that publishing
    # can be undone.
    replaced = models.JSONField(default=dict)
    # The voice's values of these fields that go with the statement in `words` or, once
    # published, with the one in `replaced`.
    statement_as_sent = models.TextField(blank=True, db_default="")
    edited = models.CharField(max_length=9, blank=True, db_default="")

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["voice"],
                condition=models.Q(decision=None),
                name="correction_one_waits",
                violation_error_message="This voice already has a pending correction.",
            ),
        ]
        triggers = [
            # Keeps `Voice.corrected_at` up to date. The review queue filters by it.
            Trigger(
                name="corrected_at",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    UPDATE voices_voice SET corrected_at = (
                        SELECT sent_at FROM voices_correction
                        WHERE voice_id = voices_voice.id AND decision_id IS NULL
                    )
                    WHERE id = COALESCE(NEW.voice_id, OLD.voice_id);
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"correction of voice {self.voice_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.statement_as_sent = self.words.get("statement", "")
        super().save(*args, **kwargs)

    def decide(self, decision_id: int, *, publish: bool) -> None:
        """Close the correction with this decision; if `publish`, publish the new words.

        The caller must lock the voice first.
        """
        if publish:
            self.replaced = self.replace_words(self.words)
        self.decision_id = decision_id
        self.save_with_voice()

    def reopen(self) -> None:
        """Reopen the correction; if it was published, restore the earlier words."""
        if self.replaced:
            # Keep the published words in the correction, because a moderator may have
            # edited them.
            self.words = self.replace_words(self.replaced)
            self.replaced = {}
        self.decision_id = None
        self.save_with_voice()

    def replace_words(self, words: dict[str, str]) -> dict[str, str]:
        """Set the voice's fields; return the old ones. Keep what belongs to those."""
        voice = self.voice
        kept = voice.statement_as_sent, voice.edited
        before = voice.replace_words(words)
        if "statement" in words:
            voice.statement_as_sent, voice.edited = self.statement_as_sent, self.edited
            self.statement_as_sent, self.edited = kept
        return before

    def save_with_voice(self) -> None:
        self.save()
        # `Voice.save` also updates the voice's flags, which depend on pending
        # corrections.
        changed = [*WORDS, "statement_as_sent", "edited", "featured_at"]
        self.voice.save(update_fields=changed)
