"""Who reads what: claims keep two moderators from deciding on the same voice.

A claim is a row with an expiry that others can see. Opening a voice on the review page
claims it. An expired claim counts as none, and anybody may take it over.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, models
from django.db.models.functions import Now
from django.utils import timezone

from voices.wall.models import Voice

# Insert the claim, renew one's own, or take over an expired one, in one statement: of
# two moderators who claim a voice at the same time, one gets no row back.
CLAIM = """
    INSERT INTO voices_claim AS claim (voice_id, by_id, since, until)
    SELECT id, %(by)s, now(), %(until)s FROM voices_voice WHERE id = %(voice)s
    ON CONFLICT (voice_id) DO UPDATE
    SET by_id = EXCLUDED.by_id, until = EXCLUDED.until, since = CASE
        WHEN claim.by_id = EXCLUDED.by_id AND claim.until > now() THEN claim.since
        ELSE EXCLUDED.since
    END
    WHERE claim.by_id = EXCLUDED.by_id OR claim.until <= now()
    RETURNING since
"""


class ClaimQuerySet(models.QuerySet["Claim"]):
    def active(self) -> Self:
        return self.filter(until__gt=timezone.now())

    def of_others(self, by: User) -> Self:
        """Return the active claims of everybody else."""
        return self.active().exclude(by=by)

    def take(self, voice_id: int, by: User) -> bool:
        """Claim a voice for REVIEW_CLAIM_MINUTES; return False if somebody else has it.

        Claiming a voice again renews the claim. Also returns False if there is no such
        voice.
        """
        until = timezone.now() + timedelta(minutes=settings.REVIEW_CLAIM_MINUTES)
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {"voice": voice_id, "by": by.pk, "until": until})
            return cursor.fetchone() is not None

    def drop(self, voice_ids: Collection[int], by: User) -> None:
        """Give up one's own claims on these voices."""
        self.filter(by=by, voice__in=voice_ids).delete()

    def old(self) -> Self:
        """Return the claims to delete."""
        return self.filter(until__lte=timezone.now())


class Claim(models.Model):
    """A moderator is reading this voice until `until`, so nobody else decides on it."""

    voice = models.OneToOneField(Voice, models.CASCADE, primary_key=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="claims"
    )
    # When the moderator opened the voice. The time from here to the decision is the
    # time that the decision took.
    since = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(db_index=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"claim of voice {self.voice_id}"


class SkipQuerySet(models.QuerySet["Skip"]):
    def of(self, by: User) -> Self:
        """Return the moderator's skips that are still in effect."""
        return self.filter(by=by, until__gt=timezone.now())

    def old(self) -> Self:
        """Return the skips to delete."""
        return self.filter(until__lte=timezone.now())


class Skip(models.Model):
    """A moderator put off this voice until `until`; others still get it."""

    voice = models.ForeignKey(
        Voice,
        models.CASCADE,
        related_name="skips",
        # The unique constraint's index begins with this column.
        db_index=False,
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="skips"
    )
    until = models.DateTimeField(db_index=True)

    objects = SkipQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["voice", "by"],
                name="skip_once",
                violation_error_message="You have already skipped this voice.",
            ),
        ]

    def __str__(self) -> str:
        return f"skip of voice {self.voice_id}"


def tomorrow() -> datetime:
    """Return when skipped voices come back: at 6 a.m. in the site's time zone."""
    now = timezone.localtime()
    six = now.replace(hour=6, minute=0, second=0, microsecond=0)
    return six if six > now else six + timedelta(days=1)
