from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from aaqi.database_roles import as_owner

# Each can be run again: what is there already, or was edited by staff, stays.
STEPS = [
    ["migrate", "--no-input", "--verbosity=0"],
    ["make_roles"],
    ["load_founding_voices"],
    ["load_rankings"],
    ["load_content"],
]

LOCK = 0x70726570617265


class Command(BaseCommand):
    help = "Bring the database up to date: migrations, then the first content."

    @as_owner()
    def handle(self, *args, **options):
        # Two at a time would step on each other's toes: the second waits, and finds
        # everything done. The lock ends with the connection.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if cursor.fetchone() != (True,):
                self.stdout.write("The database is being prepared already; waiting.")
                cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            for step in STEPS:
                call_command(*step, stdout=self.stdout, stderr=self.stderr)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
