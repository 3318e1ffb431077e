from django.db import migrations

TABLES = ("edition", "assessment", "citation")

# Web processes keep public pages in memory until they hear of a change.
PAGES = """
CREATE FUNCTION rankings_pages_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY pages;
    RETURN NULL;
END
$$;
""" + "".join(
    f"""
CREATE TRIGGER rankings_{table}_changed
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rankings_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION rankings_pages_changed();
"""
    for table in TABLES
)

NO_PAGES = (
    "".join(
        f"DROP TRIGGER rankings_{table}_changed ON rankings_{table};\n"
        for table in TABLES
    )
    + "DROP FUNCTION rankings_pages_changed();"
)


class Migration(migrations.Migration):
    dependencies = [("rankings", "0001_editions_assessments_and_citations")]

    operations = [migrations.RunSQL(PAGES, NO_PAGES)]
