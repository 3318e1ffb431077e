from django.core.management.base import BaseCommand

from accounts.roles import make_roles


class Command(BaseCommand):
    help = "Create the staff roles, or update their permissions."

    def handle(self, *args: object, **options: object) -> None:
        make_roles()
