from django.db import migrations

# In the transaction that takes a voice off the wall or changes its words, its picture
# goes too; voices/wall/cards.py names it.
CARD_GONE = """
CREATE FUNCTION voices_card_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cards_card WHERE key = 'voices/' || OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER voices_card_gone
    AFTER DELETE ON voices_voice FOR EACH ROW
    EXECUTE FUNCTION voices_card_gone();
CREATE TRIGGER voices_card_changed
    AFTER UPDATE ON voices_voice FOR EACH ROW
    WHEN (
        OLD.published_at IS NOT NULL
        AND (OLD.published_at, OLD.taken_down_at, OLD.withdrawn_at, OLD.statement,
             OLD.name, OLD.profession, OLD.city, OLD.state)
        IS DISTINCT FROM
            (NEW.published_at, NEW.taken_down_at, NEW.withdrawn_at, NEW.statement,
             NEW.name, NEW.profession, NEW.city, NEW.state)
    )
    EXECUTE FUNCTION voices_card_gone();
"""

NO_CARD_GONE = """
DROP TRIGGER voices_card_changed ON voices_voice;
DROP TRIGGER voices_card_gone ON voices_voice;
DROP FUNCTION voices_card_gone();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0001_cards_are_stored"),
        ("voices", "0006_mail_leaves_at_a_rate"),
    ]

    operations = [migrations.RunSQL(CARD_GONE, NO_CARD_GONE)]
