from django.db import migrations

# Create the database cache's table here, so that `createcachetable` isn't needed.
CACHE = """
CREATE TABLE accounts_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_staff_accounts")]

    operations = [migrations.RunSQL(CACHE, "DROP TABLE accounts_cache;")]
