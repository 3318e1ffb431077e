"""Read all settings, before anything is started that would use them."""

from django.conf import settings
from django.core.management.base import BaseCommand

from aaqi import environment


class Command(BaseCommand):
    help = "End with a sentence that names the setting which is missing or weak."
    # Nothing but the environment is looked at: no database, no network.
    requires_system_checks = []

    def handle(self, *args, **options):
        # Reaching this line took all of them but gunicorn's own.
        environment.read_web_workers()
        self.stdout.write(f"The settings of {settings.SITE_URL} are in order.")
