from django.db import migrations, models

# A word can be in several lists, so its uniqueness is per list. Building the index
# concurrently, and making the constraint from it, doesn't block the running site.
STEPS = [
    (
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS watched_word_once_per_kind "
        "ON voices_watchedword (words, kind)",
        migrations.RunSQL.noop,
    ),
    (
        "ALTER TABLE voices_watchedword ADD CONSTRAINT watched_word_once_per_kind "
        "UNIQUE USING INDEX watched_word_once_per_kind",
        "ALTER TABLE voices_watchedword DROP CONSTRAINT watched_word_once_per_kind",
    ),
    (
        "ALTER TABLE voices_watchedword DROP CONSTRAINT voices_watchedword_words_key",
        "ALTER TABLE voices_watchedword ADD CONSTRAINT voices_watchedword_words_key "
        "UNIQUE (words)",
    ),
    (
        "DROP INDEX CONCURRENTLY IF EXISTS voices_watchedword_words_d90b32dc_like",
        "CREATE INDEX CONCURRENTLY voices_watchedword_words_d90b32dc_like "
        "ON voices_watchedword (words varchar_pattern_ops)",
    ),
]


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY doesn't run in a transaction.
    atomic = False

    dependencies = [("voices", "0006_flag_lists")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(*step) for step in STEPS],
            state_operations=[
                migrations.AlterField(
                    model_name="watchedword",
                    name="words",
                    field=models.CharField(max_length=80),
                ),
                migrations.AddConstraint(
                    model_name="watchedword",
                    constraint=models.UniqueConstraint(
                        fields=("words", "kind"),
                        name="watched_word_once_per_kind",
                        violation_error_message="This list already has these words.",
                    ),
                ),
            ],
        ),
    ]
