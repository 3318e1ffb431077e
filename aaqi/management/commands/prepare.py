from django.core.management import call_command
from django.core.management.base import BaseCommand

# Each can be run again: what is there already, or was edited by staff, stays.
STEPS = [
    ["migrate", "--no-input", "--verbosity=0"],
    ["load_founding_voices"],
    ["load_rankings"],
    ["load_content"],
]


class Command(BaseCommand):
    help = "Bring the database up to date: migrations, then the first content."

    def handle(self, *args, **options):
        for step in STEPS:
            call_command(*step, stdout=self.stdout, stderr=self.stderr)
