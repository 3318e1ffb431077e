from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY doesn't run in a transaction.
    atomic = False

    dependencies = [("voices", "0011_indexes_for_figures")]

    operations = [
        migrations.AddField(
            model_name="voice",
            name="sketch",
            field=ArrayField(
                base_field=models.IntegerField(), blank=True, editable=False, null=True
            ),
        ),
        *(
            AddIndexConcurrently(
                model_name="voice",
                index=models.Index(
                    models.F(f"sketch__{place}"),
                    models.F("text_key"),
                    condition=models.Q((f"sketch__{place}__isnull", False)),
                    name=f"voice_sketch_{place + 1}",
                ),
            )
            for place in range(6)
        ),
        AddIndexConcurrently(
            model_name="voice",
            index=models.Index(
                condition=models.Q(("sketch", None)),
                fields=["id"],
                name="voice_without_sketch",
            ),
        ),
    ]
