from django.core.management.base import BaseCommand

from operations import cache_rules


class Command(BaseCommand):
    help = "Write the query parameters of public pages to deploy/parameters.vcl."

    def handle(self, **options: object) -> None:
        cache_rules.FILE.write_text(cache_rules.vcl())
