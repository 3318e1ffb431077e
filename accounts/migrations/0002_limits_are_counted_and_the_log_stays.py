from django.db import migrations

LOG = """
CREATE FUNCTION accounts_accountevent_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log of accounts is only ever added to.';
END
$$;
CREATE TRIGGER accounts_accountevent_stays
    BEFORE UPDATE OR DELETE ON accounts_accountevent
    FOR EACH ROW EXECUTE FUNCTION accounts_accountevent_stays();
"""

NO_LOG = """
DROP TRIGGER accounts_accountevent_stays ON accounts_accountevent;
DROP FUNCTION accounts_accountevent_stays();
"""

# What `createcachetable` makes; as a migration it is there as soon as the code is.
CACHE = """
CREATE TABLE accounts_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
"""

NO_CACHE = "DROP TABLE accounts_cache;"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_who_is_staff")]

    operations = [
        migrations.RunSQL(LOG, NO_LOG),
        migrations.RunSQL(CACHE, NO_CACHE),
    ]
