"""Django's `migrate`, as the owner of the tables."""

from django.core.management.commands import migrate

from operations.database_roles import as_owner, give_rights


class Command(migrate.Command):
    @as_owner()
    def handle(self, *args: object, **options: object) -> None:
        # Run before migrating, so that new tables get the default privileges, and again
        # afterward, to restrict the log tables.
        give_rights()
        super().handle(*args, **options)
        give_rights()
