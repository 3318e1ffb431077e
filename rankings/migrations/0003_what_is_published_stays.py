from django.db import migrations

# Facts that were published are never changed nor taken away: a correction is a new
# edition. What may follow is what is known of a citation: where it can be read, what
# was seen of it, and the lawyer's check. Who changes a draft holds its edition until
# the end of the transaction, so that nobody publishes it meanwhile.
STAYS = """
CREATE FUNCTION rankings_refuse_if_published(edition bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE published timestamptz;
BEGIN
    SELECT published_at INTO published FROM rankings_edition
        WHERE id = edition FOR SHARE;
    IF published IS NOT NULL THEN
        RAISE EXCEPTION 'What is published stays as it was: start a new edition.'
            USING ERRCODE = 'check_violation';
    END IF;
END
$$;

CREATE FUNCTION rankings_edition_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A published edition keeps its date, and stays.'
        USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER rankings_edition_stays_unchanged
    BEFORE UPDATE ON rankings_edition FOR EACH ROW
    WHEN (OLD.published_at IS NOT NULL AND
        (NEW.id, NEW.date, NEW.published_at)
        IS DISTINCT FROM (OLD.id, OLD.date, OLD.published_at))
    EXECUTE FUNCTION rankings_edition_stays();
CREATE TRIGGER rankings_edition_stays
    BEFORE DELETE ON rankings_edition FOR EACH ROW
    WHEN (OLD.published_at IS NOT NULL)
    EXECUTE FUNCTION rankings_edition_stays();

CREATE FUNCTION rankings_assessment_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rankings_refuse_if_published(OLD.edition_id);
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    PERFORM rankings_refuse_if_published(NEW.edition_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER rankings_assessment_stays
    BEFORE UPDATE OR DELETE ON rankings_assessment
    FOR EACH ROW EXECUTE FUNCTION rankings_assessment_stays();

CREATE FUNCTION rankings_citation_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rankings_refuse_if_published(edition_id)
        FROM rankings_assessment WHERE id = OLD.assessment_id;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rankings_citation_stays_unchanged
    BEFORE UPDATE ON rankings_citation FOR EACH ROW
    WHEN ((NEW.id, NEW.assessment_id, NEW.part, NEW.position, NEW.text)
        IS DISTINCT FROM (OLD.id, OLD.assessment_id, OLD.part, OLD.position, OLD.text))
    EXECUTE FUNCTION rankings_citation_stays();
CREATE TRIGGER rankings_citation_stays
    BEFORE DELETE ON rankings_citation
    FOR EACH ROW EXECUTE FUNCTION rankings_citation_stays();
"""

NO_STAYS = """
DROP TRIGGER rankings_edition_stays ON rankings_edition;
DROP TRIGGER rankings_edition_stays_unchanged ON rankings_edition;
DROP TRIGGER rankings_assessment_stays ON rankings_assessment;
DROP TRIGGER rankings_citation_stays ON rankings_citation;
DROP TRIGGER rankings_citation_stays_unchanged ON rankings_citation;
DROP FUNCTION rankings_edition_stays();
DROP FUNCTION rankings_assessment_stays();
DROP FUNCTION rankings_citation_stays();
DROP FUNCTION rankings_refuse_if_published(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("rankings", "0002_pages_follow_the_rankings")]

    operations = [migrations.RunSQL(STAYS, NO_STAYS)]
