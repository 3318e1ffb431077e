from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import MaxLengthValidator, validate_email
from django.db import connection

from accounts import inviting
from accounts.models import LONGEST_ADDRESS
from accounts.roles import Role, make_roles, role_of


class Command(BaseCommand):
    help = "Email EMAIL a one-time link that sets up a staff account."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="address that gets the link")
        parser.add_argument(
            "--role",
            choices=Role.values,
            help="the account's role (default: its current role, else administrator)",
        )

    def handle(self, *args: object, email: str, role: str, **options: object) -> None:
        try:
            validate_email(email)
            MaxLengthValidator(LONGEST_ADDRESS)(email)
        except ValidationError as error:
            raise CommandError(
                f"{email} is not an email address. Nothing was done."
            ) from error
        self.check_migrated()
        make_roles()
        known = get_user_model().objects.filter(email__iexact=email).first()
        role = role or (known and role_of(known)) or Role.ADMINISTRATOR
        invitation = inviting.invite(email, role)
        self.stdout.write(
            f"Queued: an invitation to {email}, {Role(role).label.lower()}, user name "
            f"{invitation.user.username}. Its link works once, for "
            f"{settings.INVITATION_DAYS} days."
        )
        if settings.MAIL_INTO_FILES:
            # This is a local site: nobody else can reach it or read this output.
            self.stdout.write(settings.SITE_URL + invitation.path)

    def check_migrated(self) -> None:
        if "accounts_invitation" not in connection.introspection.table_names():
            raise CommandError(
                "The database is not prepared yet: run `manage.py prepare` first."
            )
