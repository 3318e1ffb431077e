"""Django's `migrate`, as the owner of the tables."""

from django.core.management.commands import migrate

from operations.database_roles import as_owner, give_rights


class Command(migrate.Command):
    @as_owner()
    def handle(self, *args: object, **options: object) -> None:
        # Before, so that new tables get the default rights; again after, to restrict
        # the tables that are logs.
        give_rights()
        super().handle(*args, **options)
        give_rights()
