"""The privileges of the site's role on each table, as the database reports them."""

from django.conf import settings
from django.db import connection

# The error for changing a log: privileges stop the site, a trigger stops everyone.
REFUSED = "only ever added to|permission denied"
PRIVILEGES = (
    *("SELECT", "INSERT", "UPDATE", "DELETE"),
    *("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
)
# A privilege that can be granted per column counts if any column has it.
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
