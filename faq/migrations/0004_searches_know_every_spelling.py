import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

import core.folding


def search(fold):
    vector = django.contrib.postgres.search.SearchVector
    return models.GeneratedField(
        db_persist=True,
        expression=vector(fold('question'), config='english', weight='A')
        + vector(fold('words'), config='english', weight='B'),
        output_field=django.contrib.postgres.search.SearchVectorField(),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('aaqi', '0001_texts_fold_alike'),
        ('faq', '0003_cards_go_with_their_cases'),
    ]

    operations = [
        # A generated column is not altered but made again.
        migrations.RemoveIndex(model_name='question', name='question_search'),
        migrations.RemoveField(model_name='question', name='search'),
        migrations.AddField(
            model_name='question', name='search', field=search(core.folding.Fold)
        ),
        migrations.AddIndex(
            model_name='question',
            index=django.contrib.postgres.indexes.GinIndex(
                models.F('search'), name='question_search'
            ),
        ),
    ]
