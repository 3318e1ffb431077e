from django.db import migrations

TABLES = ("question", "case", "timelineentry", "chart", "page")

# Web processes keep public pages in memory until they hear of a change.
PAGES = """
CREATE FUNCTION faq_pages_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY pages;
    RETURN NULL;
END
$$;
""" + "".join(
    f"""
CREATE TRIGGER faq_{table}_changed
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON faq_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION faq_pages_changed();
"""
    for table in TABLES
)

NO_PAGES = (
    "".join(
        f"DROP TRIGGER faq_{table}_changed ON faq_{table};\n" for table in TABLES
    )
    + "DROP FUNCTION faq_pages_changed();"
)


class Migration(migrations.Migration):
    dependencies = [("faq", "0001_what_people_read")]

    operations = [migrations.RunSQL(PAGES, NO_PAGES)]
