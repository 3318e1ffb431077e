from django.core.management.base import BaseCommand

from accounts.roles import make_roles


class Command(BaseCommand):
    help = "Make the staff's roles, or bring their permissions up to date."

    def handle(self, *args, **options):
        make_roles()
