"""Read all settings, before anything is started that would use them."""

from django.conf import settings
from django.core.management.base import BaseCommand

from aaqi import environment
from operations.database_roles import separate

ONE_ROLE = (
    "DATABASE_OWNER_URL is not set, or is the same login as DATABASE_URL. The site "
    "then owns its tables, so anyone who breaks into it can empty them, turn off "
    "triggers, and rewrite the logs of what staff did."
)

NO_PROXY = (
    "SITE_URL is https and PROXY_COUNT is 0, so X-Forwarded-Proto and X-Forwarded-For "
    "are not read: behind a proxy, every page redirects to itself, and all visitors "
    "share the limits of one network. Set PROXY_COUNT to the number of proxies."
)


class Command(BaseCommand):
    help = "End with a sentence that names the setting which is missing or weak."
    # Nothing but the environment is looked at: no database, no network.
    requires_system_checks = []

    def handle(self, *args, **options):
        # Reaching this line took all of them but gunicorn's own.
        environment.read_web_workers()
        if not separate():
            self.stderr.write(self.style.WARNING(ONE_ROLE))
        if settings.HTTPS and not settings.PROXY_COUNT:
            self.stderr.write(self.style.WARNING(NO_PROXY))
        self.stdout.write(f"The settings of {settings.SITE_URL} are in order.")
