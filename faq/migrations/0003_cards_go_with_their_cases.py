from django.db import migrations

# In the transaction that takes a case off the site or changes its words, its picture
# goes too; faq/cases/cards.py names it.
CARD_GONE = """
CREATE FUNCTION faq_card_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cards_card WHERE key = 'cases/' || OLD.slug;
    RETURN NULL;
END
$$;
CREATE TRIGGER faq_card_gone
    AFTER DELETE ON faq_case FOR EACH ROW
    EXECUTE FUNCTION faq_card_gone();
CREATE TRIGGER faq_card_changed
    AFTER UPDATE ON faq_case FOR EACH ROW
    WHEN (
        OLD.publish_at IS NOT NULL
        AND (OLD.publish_at, OLD.slug, OLD.summary, OLD.title, OLD.who, OLD.place,
             OLD.state, OLD.happened_in, OLD.decided_in)
        IS DISTINCT FROM
            (NEW.publish_at, NEW.slug, NEW.summary, NEW.title, NEW.who, NEW.place,
             NEW.state, NEW.happened_in, NEW.decided_in)
    )
    EXECUTE FUNCTION faq_card_gone();
"""

NO_CARD_GONE = """
DROP TRIGGER faq_card_changed ON faq_case;
DROP TRIGGER faq_card_gone ON faq_case;
DROP FUNCTION faq_card_gone();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0001_cards_are_stored"),
        ("faq", "0002_readers_see_changes_at_once"),
    ]

    operations = [migrations.RunSQL(CARD_GONE, NO_CARD_GONE)]
