from typing import Any, Self

import pgtrigger
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from core.plain_text import validate_plain_text
from core.triggers import Trigger
from voices.wall.models import Status, Voice
from voices.wall.tallies import CountDeleted

APPEAL_LENGTH = 600
# The name of an appeal's result, from the decision that answered the appeal.
RESULT_SQL = """
    CASE WHEN kind IN ('published', 'correction-taken') THEN 'appeals-upheld'
        WHEN kind = 'changes-asked' THEN 'appeals-changes'
        ELSE 'appeals-rejected' END
"""
RESULT_OF_DELETED = f"""
    SELECT {RESULT_SQL}, at FROM voices_decision
    WHERE voices_decision.id = deleted.answer_id
"""  # noqa: S608 - a constant


class AppealQuerySet(models.QuerySet):
    def still_open(self) -> Self:
        return self.filter(answer=None)

    def against(self, by: User) -> Self:
        """Return appeals against decisions by this user, who must not answer them."""
        return self.filter(decision__by=by)

    def answer(self, decisions: models.QuerySet) -> None:
        """Answer the open appeals of voices that moderators decided on.

        `decisions` must have no more than one decision for each voice.
        """
        own = decisions.filter(voice=models.OuterRef("voice"))
        self.still_open().filter(voice__in=decisions.values("voice")).update(
            answer=own.values("pk")
        )


class Appeal(models.Model):
    """An author's appeal against a decline; a different moderator has to answer it.

    The database allows one appeal per decline. A trigger rejects an appeal against the
    answer to an earlier appeal. A trigger on `Decision` rejects an answer by the
    moderator who declined. While an appeal is open, the voice or its correction waits
    in the review queue.
    """

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="appeals")
    decision = models.OneToOneField(
        "voices.Decision", models.PROTECT, related_name="appeal"
    )
    text = models.TextField(
        max_length=APPEAL_LENGTH, blank=True, validators=[validate_plain_text]
    )
    at = models.DateTimeField(db_default=Now())
    answer = models.OneToOneField(
        "voices.Decision", models.PROTECT, null=True, related_name="answered_appeal"
    )

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["at"], name="appeal_at")]
        triggers = [
            CountDeleted("SELECT 'appealed', deleted.at", RESULT_OF_DELETED),
            Trigger(
                name="appeal_of_a_decline",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM voices_decision
                        WHERE id = NEW.decision_id AND voice_id = NEW.voice_id
                            AND kind IN ('declined', 'correction-left')
                    ) OR EXISTS (
                        SELECT FROM voices_appeal WHERE answer_id = NEW.decision_id
                    ) THEN
                        RAISE EXCEPTION 'Only a decline can be appealed, and once.';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"appeal of voice {self.voice_id}"


def appealable(voice: Voice) -> Any:
    """Return the decline (a Decision) that the author can appeal, or None."""
    decisions = voice.decisions.filter(
        undone_by=None, appeal=None, answered_appeal=None
    )
    if voice.status == Status.DECLINED:
        # Only the latest decline can be appealed. `decisions` lacks this decline if it
        # was appealed before or was itself the answer to an appeal.
        latest = voice.decisions.filter(kind="declined", undone_by=None)[:1]
        return decisions.filter(pk__in=latest.values("pk")).first()
    if voice.is_published and not voice.corrected_at:
        return decisions.filter(kind="correction-left", correction__voice=voice).first()
    return None
