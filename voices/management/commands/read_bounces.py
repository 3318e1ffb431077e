"""Handle bounces and spam complaints in a Maildir folder; see docs/mail.md."""

import mailbox

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from voices.letters.bounces import Outcome, read_maildir


class Command(BaseCommand):
    help = "Read the delivery reports in a Maildir folder and record bounces."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--maildir",
            default=settings.BOUNCE_MAILDIR,
            help="The folder (default: BOUNCE_MAILDIR).",
        )

    def handle(self, *args: object, maildir: str, **options: object) -> None:
        if not maildir:
            raise CommandError("Set the folder with --maildir or BOUNCE_MAILDIR.")
        try:
            counts = read_maildir(maildir)
        except (OSError, mailbox.Error) as error:
            raise CommandError(f"{maildir} is not a readable Maildir.") from error
        for outcome in Outcome:
            self.stdout.write(f"{outcome}: {counts[outcome]}")
