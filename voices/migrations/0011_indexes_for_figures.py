from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY doesn't run in a transaction.
    atomic = False

    dependencies = [("voices", "0010_figures_by_month")]

    operations = [
        AddIndexConcurrently(
            model_name="appeal",
            index=models.Index(fields=["at"], name="appeal_at"),
        ),
        AddIndexConcurrently(
            model_name="decision",
            index=BrinIndex(autosummarize=True, fields=["at"], name="decision_at"),
        ),
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", False)),
                fields=["withdrawn_at"],
                name="signature_withdrawn",
            ),
        ),
    ]
