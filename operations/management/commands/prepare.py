from django.core.management import call_command
from django.core.management.base import BaseCommand

from core import locks
from operations.database_roles import as_owner

# Each can be run again: what is there already, or was edited by staff, stays.
STEPS = [
    ["migrate", "--no-input", "--verbosity=0"],
    ["make_roles"],
    ["load_founding_voices"],
    ["load_rankings"],
    ["load_content"],
]


class Command(BaseCommand):
    help = "Bring the database up to date: migrations, then the first content."

    @as_owner()
    def handle(self, *args, **options):
        # Two at a time would step on each other's toes: the second waits, and finds
        # everything done.
        if not locks.hold(locks.PREPARATION, wait=False):
            self.stdout.write("The database is being prepared already; waiting.")
            locks.hold(locks.PREPARATION, wait=True)
        try:
            for step in STEPS:
                call_command(*step, stdout=self.stdout, stderr=self.stderr)
        finally:
            locks.release(locks.PREPARATION)
