from django.core.management import call_command
from django.core.management.base import BaseCommand

from core import locks
from operations.database_roles import as_owner

# Every step can be repeated safely, and none overwrites what staff have edited.
STEPS = [
    ["migrate", "--no-input", "--verbosity=0"],
    ["make_roles"],
    ["load_founding_voices"],
    ["load_rankings"],
    ["load_content"],
]


class Command(BaseCommand):
    help = "Migrate the database, create staff roles, and load content from files."

    @as_owner()
    def handle(self, *args: object, **options: object) -> None:
        # Concurrent runs would conflict, so the second run waits for the first. Then it
        # repeats the steps, which change nothing more.
        if not locks.hold(locks.PREPARATION, wait=False):
            self.stdout.write(
                "Another process is preparing the database. Waiting for it."
            )
            locks.hold(locks.PREPARATION, wait=True)
        try:
            for step in STEPS:
                call_command(*step, stdout=self.stdout, stderr=self.stderr)
        finally:
            locks.release(locks.PREPARATION)
