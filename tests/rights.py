"""What the site's role may do to each table, asked of the database."""

from django.conf import settings
from django.db import connection

# What a change of a log ends with: by its rights for the site, by a trigger for all.
REFUSED = "only ever added to|permission denied"
PRIVILEGES = (
    *("SELECT", "INSERT", "UPDATE", "DELETE"),
    *("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
)
# Of a column at least, where it may be given by column.
ASK = """
    SELECT relname, privilege FROM pg_class, unnest(%s::text[]) AS privilege
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    AND relnamespace = 'public'::regnamespace
    AND CASE WHEN privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
        THEN has_any_column_privilege(%s, pg_class.oid, privilege)
        ELSE has_table_privilege(%s, pg_class.oid, privilege) END
"""


def rights(asked=connection):
    """Return the privileges by table, as Django's or another connection sees them."""
    site = settings.DATABASE_LOGINS["site"]["USER"]
    found: dict[str, set[str]] = {}
    with asked.cursor() as cursor:
        cursor.execute(ASK, [list(PRIVILEGES), site, site])
        for table, privilege in cursor.fetchall():
            found.setdefault(table, set()).add(privilege)
    return found
