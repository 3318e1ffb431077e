"""Create the staff account for `make run`; fail unless the site is on loopback."""

import os

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Create or update a staff account from STAFF_USERNAME and STAFF_PASSWORD."

    def handle(self, *args: object, **options: object) -> None:
        if not settings.LOOPBACK:
            raise CommandError(
                "This account has no second factor. It is for a site on loopback only."
            )
        try:
            username = os.environ["STAFF_USERNAME"]
            password = os.environ["STAFF_PASSWORD"]
        except KeyError as missing:
            raise CommandError(f"{missing.args[0]} is not set.") from missing
        user, _ = get_user_model().objects.get_or_create(username=username)
        if not user.check_password(password):
            user.set_password(password)
        user.is_active = user.is_staff = user.is_superuser = True
        user.save()
