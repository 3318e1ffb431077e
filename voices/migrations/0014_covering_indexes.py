from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY doesn't run in a transaction.
    atomic = False

    dependencies = [("voices", "0013_appeals_by_index")]

    operations = [
        AddIndexConcurrently(
            model_name="voice",
            index=models.Index(
                condition=models.Q(("text_key", ""), _negated=True),
                fields=["text_key", "-id"],
                include=["status", "withdrawn_at"],
                name="voice_text",
            ),
        ),
        RemoveIndexConcurrently(model_name="voice", name="voice_same_text"),
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(
                condition=models.Q(
                    ("quarantined_at__isnull", False), ("withdrawn_at", None)
                ),
                fields=["quarantined_at", "id"],
                include=["network_hash", "state", "suspicions"],
                name="signature_in_quarantine",
            ),
        ),
        RemoveIndexConcurrently(model_name="signature", name="signature_quarantine"),
    ]
