"""Delete what is no longer kept now, or say what would be deleted."""

from django.core.management.base import BaseCommand

from voices.retention import forget


class Command(BaseCommand):
    help = "Do what the worker does every hour: delete what has been kept for its days."

    def add_arguments(self, parser):
        parser.add_argument(
            "--dry-run", action="store_true", help="delete nothing, and only count"
        )

    def handle(self, dry_run, **options):
        verb = "to be deleted" if dry_run else "deleted"
        for what, rows in forget(dry_run=dry_run).items():
            self.stdout.write(f"{rows:8} {verb}: {what}")
