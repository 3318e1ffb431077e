import django.db.models.lookups
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY doesn't run in a transaction.
    atomic = False

    dependencies = [("voices", "0003_review_page")]

    operations = [
        AddIndexConcurrently(
            model_name="voice",
            index=models.Index(
                django.db.models.lookups.IsNull(models.F("reported_at"), True),
                django.db.models.lookups.IsNull(models.F("corrected_at"), True),
                models.F("review_since"),
                models.F("id"),
                condition=models.Q(
                    models.Q(
                        ("status", "waiting"),
                        models.Q(
                            ("corrected_at__isnull", False), ("status", "published")
                        ),
                        models.Q(
                            ("reported_at__isnull", False),
                            models.Q(
                                (
                                    "status__in",
                                    ["withdrawn", "invalidated", "taken-down"],
                                ),
                                _negated=True,
                            ),
                        ),
                        _connector="OR",
                    ),
                    ("first_read_at", None),
                ),
                name="voice_next",
            ),
        ),
        AddIndexConcurrently(
            model_name="voice",
            index=models.Index(
                django.db.models.lookups.IsNull(models.F("reported_at"), True),
                django.db.models.lookups.IsNull(models.F("corrected_at"), True),
                models.F("review_since"),
                models.F("id"),
                condition=models.Q(
                    models.Q(
                        ("status", "waiting"),
                        models.Q(
                            ("corrected_at__isnull", False), ("status", "published")
                        ),
                        models.Q(
                            ("reported_at__isnull", False),
                            models.Q(
                                (
                                    "status__in",
                                    ["withdrawn", "invalidated", "taken-down"],
                                ),
                                _negated=True,
                            ),
                        ),
                        _connector="OR",
                    ),
                    ("first_read_at", None),
                    ("flags", []),
                ),
                name="voice_next_unflagged",
            ),
        ),
        AddIndexConcurrently(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)),
                fields=["batch", "id"],
                name="decision_batch",
            ),
        ),
    ]
