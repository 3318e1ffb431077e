from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Batch(models.Model):
    """Decisions on many voices that a moderator made, and can undo, as a whole.

    Each voice has a row of its own in the decision log, which refers to its batch.
    """

    kind = models.CharField(max_length=20)
    reason = models.ForeignKey(
        "voices.Reason", models.PROTECT, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="batches"
    )
    at = models.DateTimeField(db_default=Now())
    # How many voices were decided on, and how many went to a second reader.
    count = models.PositiveIntegerField(default=0)
    to_second = models.PositiveIntegerField(default=0)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(undone_at=None, undone_by=None)
                | models.Q(undone_at__isnull=False, undone_by__isnull=False),
                name="batch_undone_by_somebody",
                violation_error_message="Somebody undoes a batch.",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"
