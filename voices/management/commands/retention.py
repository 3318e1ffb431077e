"""Delete data past its retention period now, or show what would be deleted."""

from django.core.management.base import BaseCommand, CommandParser

from voices.retention import forget


class Command(BaseCommand):
    help = "Delete data past its retention period, as the worker does every hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="count without deleting"
        )

    def handle(self, dry_run: bool, **options: object) -> None:
        verb = "to be deleted" if dry_run else "deleted"
        for what, rows in forget(dry_run=dry_run).items():
            self.stdout.write(f"{rows:8} {verb}: {what}")
