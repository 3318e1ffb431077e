"""Validate all settings before starting any process that uses them."""

from django.conf import settings
from django.core.management.base import BaseCommand

from aaqi import environment
from operations.database_roles import separate

ONE_ROLE = (
    "DATABASE_OWNER_URL is not set, or is the same login as DATABASE_URL. The site "
    "then owns its tables, so an attacker who breaks into it can empty them, disable "
    "triggers, and rewrite the logs of what staff did."
)

NO_PROXY = (
    "SITE_URL is https and PROXY_COUNT is 0, so X-Forwarded-Proto and X-Forwarded-For "
    "are ignored. Behind a proxy, every page would redirect to itself, and all "
    "visitors would share the limits of one network. Set PROXY_COUNT to the number of "
    "proxies."
)


class Command(BaseCommand):
    help = "If a setting is missing or weak, exit with an error that names it."
    # This command reads only the environment: no database, no network.
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        # Django validated the other settings when it loaded them.
        environment.read_web_workers()
        if not separate():
            self.stderr.write(self.style.WARNING(ONE_ROLE))
        if settings.HTTPS and not settings.PROXY_COUNT:
            self.stderr.write(self.style.WARNING(NO_PROXY))
        self.stdout.write(f"The settings of {settings.SITE_URL} are valid.")
