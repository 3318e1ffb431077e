import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import core.folding


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY doesn't run in a transaction.
    atomic = False

    dependencies = [("voices", "0008_taken_down_letter")]

    operations = [
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(
                fields=["email_key", "-id"],
                name="signature_address_start",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
        ),
        AddIndexConcurrently(
            model_name="signature",
            index=models.Index(
                models.Func(
                    "email_key",
                    models.Value("@"),
                    models.Value(-1),
                    function="split_part",
                    output_field=models.TextField(),
                ),
                models.OrderBy(models.F("id"), descending=True),
                name="signature_domain",
            ),
        ),
        AddIndexConcurrently(
            model_name="voice",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector(
                    core.folding.Fold("name"), config="simple"
                ),
                name="voice_name_words",
            ),
        ),
    ]
