from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Update(models.Model):
    """A mail to all who asked for updates: written by staff, queued once."""

    subject = models.CharField(max_length=120)
    body = models.TextField(help_text="Plain text. Empty lines part paragraphs.")
    written_at = models.DateTimeField(db_default=Now(), editable=False)
    queued_at = models.DateTimeField(null=True, blank=True, editable=False)
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.subject
