from django.db import migrations, models

# The day that a row counts for; none for a row that does not count, nor for the missing
# OLD of an INSERT and NEW of a DELETE. Days are those of the site's time zone.
DAYS = """
CREATE FUNCTION voices_voice_days(v voices_voice) RETURNS TABLE (day date)
LANGUAGE sql STABLE AS $$
    SELECT (v.published_at AT TIME ZONE 'America/New_York')::date
    WHERE v.published_at IS NOT NULL AND v.taken_down_at IS NULL
        AND v.withdrawn_at IS NULL AND v.founding_number IS NOT NULL
$$;
CREATE FUNCTION voices_signature_days(s voices_signature) RETURNS TABLE (day date)
LANGUAGE sql STABLE AS $$
    SELECT (s.counted_at AT TIME ZONE 'America/New_York')::date
    WHERE s.counted_at IS NOT NULL AND s.withdrawn_at IS NULL
$$;
"""

TRIGGERS = "".join(
    f"""
CREATE FUNCTION voices_{table}_day_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO voices_daytally (day, change)
    SELECT day, sum(change)
    FROM (
        SELECT *, -1 AS change FROM voices_{table}_days(OLD)
        UNION ALL
        SELECT *, 1 AS change FROM voices_{table}_days(NEW)
    ) AS changes
    GROUP BY day
    HAVING sum(change) <> 0;
    IF FOUND THEN
        NOTIFY pages;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER voices_{table}_day_tally
    AFTER INSERT OR UPDATE OR DELETE ON voices_{table}
    FOR EACH ROW EXECUTE FUNCTION voices_{table}_day_tally();
INSERT INTO voices_daytally (day, change)
SELECT days.day, count(*)
FROM voices_{table}, voices_{table}_days(voices_{table}) AS days
GROUP BY days.day;
"""
    for table in ("voice", "signature")
)

NO_TRIGGERS = "".join(
    f"""
DROP TRIGGER voices_{table}_day_tally ON voices_{table};
DROP FUNCTION voices_{table}_day_tally();
DROP FUNCTION voices_{table}_days(voices_{table});
"""
    for table in ("voice", "signature")
)


class Migration(migrations.Migration):

    dependencies = [
        ('voices', '0010_addresses_are_revealed_and_that_is_logged'),
    ]

    operations = [
        migrations.CreateModel(
            name='DayTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(db_index=True)),
                ('change', models.BigIntegerField()),
            ],
            options={
                'verbose_name_plural': 'day tallies',
                'ordering': ['pk'],
            },
        ),
        migrations.RunSQL(DAYS + TRIGGERS, NO_TRIGGERS),
    ]
