from django.db import migrations

# The cells of the public figures that a row stands in; none for a row that does not
# count, nor for the missing OLD of an INSERT and NEW of a DELETE.
CELLS = """
CREATE FUNCTION voices_voice_cells(v voices_voice)
RETURNS TABLE (subject text, state text, profession_group text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'statements', v.state, v.profession_group
    WHERE v.published_at IS NOT NULL AND v.taken_down_at IS NULL AND v.statement <> ''
    UNION ALL
    SELECT 'signers', v.state, v.profession_group
    WHERE v.published_at IS NOT NULL AND v.taken_down_at IS NULL
        AND v.founding_number IS NOT NULL
$$;
CREATE FUNCTION voices_signature_cells(s voices_signature)
RETURNS TABLE (subject text, state text, profession_group text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'signers', s.state, ''
    WHERE s.counted_at IS NOT NULL AND s.withdrawn_at IS NULL
$$;
"""

TRIGGERS = "".join(
    f"""
CREATE FUNCTION voices_{table}_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO voices_tally (subject, state, profession_group, change)
    SELECT subject, state, profession_group, sum(change)
    FROM (
        SELECT *, -1 AS change FROM voices_{table}_cells(OLD)
        UNION ALL
        SELECT *, 1 AS change FROM voices_{table}_cells(NEW)
    ) AS changes
    GROUP BY subject, state, profession_group
    HAVING sum(change) <> 0;
    IF FOUND THEN
        NOTIFY pages;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER voices_{table}_tally
    AFTER INSERT OR UPDATE OR DELETE ON voices_{table}
    FOR EACH ROW EXECUTE FUNCTION voices_{table}_tally();
"""
    for table in ("voice", "signature")
)

NO_TRIGGERS = "".join(
    f"""
DROP TRIGGER voices_{table}_tally ON voices_{table};
DROP FUNCTION voices_{table}_tally();
DROP FUNCTION voices_{table}_cells(voices_{table});
"""
    for table in ("voice", "signature")
)

LOG = """
CREATE FUNCTION voices_decision_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log of decisions is only ever added to.';
END
$$;
CREATE TRIGGER voices_decision_stays
    BEFORE UPDATE OR DELETE ON voices_decision
    FOR EACH ROW EXECUTE FUNCTION voices_decision_stays();
"""

NO_LOG = """
DROP TRIGGER voices_decision_stays ON voices_decision;
DROP FUNCTION voices_decision_stays();
"""

# Web processes keep public pages in memory until they hear of a change. What changes a
# figure tells of it above; this is for the voices that the public reads.
PAGES = """
CREATE FUNCTION voices_pages_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY pages;
    RETURN NULL;
END
$$;
CREATE TRIGGER voices_voice_published
    AFTER INSERT ON voices_voice FOR EACH ROW WHEN (NEW.published_at IS NOT NULL)
    EXECUTE FUNCTION voices_pages_changed();
CREATE TRIGGER voices_voice_changed
    AFTER UPDATE ON voices_voice FOR EACH ROW
    WHEN (OLD.published_at IS NOT NULL OR NEW.published_at IS NOT NULL)
    EXECUTE FUNCTION voices_pages_changed();
CREATE TRIGGER voices_voice_gone
    AFTER DELETE OR TRUNCATE ON voices_voice FOR EACH STATEMENT
    EXECUTE FUNCTION voices_pages_changed();
"""

NO_PAGES = """
DROP TRIGGER voices_voice_published ON voices_voice;
DROP TRIGGER voices_voice_changed ON voices_voice;
DROP TRIGGER voices_voice_gone ON voices_voice;
DROP FUNCTION voices_pages_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("voices", "0001_what_voices_store")]

    operations = [
        migrations.RunSQL(CELLS + TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(LOG, NO_LOG),
        migrations.RunSQL(PAGES, NO_PAGES),
    ]
