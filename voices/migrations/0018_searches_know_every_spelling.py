import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

import core.folding
import core.searching


class Migration(migrations.Migration):

    dependencies = [
        ('aaqi', '0001_texts_fold_alike'),
        ('voices', '0017_networks_are_let_through_and_staff_are_told'),
    ]

    operations = [
        # A generated column is not altered but made again.
        migrations.RemoveIndex(model_name='voice', name='voice_search'),
        migrations.RemoveField(model_name='voice', name='search'),
        migrations.AddField(
            model_name='voice',
            name='search',
            field=models.GeneratedField(
                db_persist=True,
                expression=django.contrib.postgres.search.SearchVector(
                    core.folding.Fold('statement'),
                    core.folding.Fold('name'),
                    core.folding.Fold('profession'),
                    core.folding.Fold('city'),
                    config='english',
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name='voice',
            index=django.contrib.postgres.indexes.GinIndex(
                models.F('search'),
                condition=models.Q(
                    ('published_at__isnull', False),
                    ('taken_down_at', None),
                    ('withdrawn_at', None),
                    models.Q(('statement', ''), _negated=True),
                ),
                name='voice_search',
            ),
        ),
        migrations.AddIndex(
            model_name='voice',
            index=django.contrib.postgres.indexes.GinIndex(
                core.searching.folded_words('name', 'statement'), name='voice_words'
            ),
        ),
        migrations.AddIndex(
            model_name='signature',
            index=django.contrib.postgres.indexes.GinIndex(
                core.searching.folded_words('name'), name='signature_words'
            ),
        ),
    ]
