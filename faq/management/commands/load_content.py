from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from faq.fixtures.load import Outcome, load
from faq.fixtures.read import FOLDER, KINDS, Kind, UnreadableError


class Command(BaseCommand):
    help = "Load the texts in faq/content/, such as questions, cases, and pages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Check the files, but store nothing."
        )
        parser.add_argument(
            "--folder", type=Path, default=FOLDER, help="Read this folder instead."
        )

    def handle(self, *args: object, **options: Any) -> None:
        try:
            outcomes = load(options["folder"], store=not options["check"])
        except UnreadableError as error:
            raise CommandError(f"Nothing was loaded.\n{error}") from error
        if options["check"]:
            self.stdout.write(f"Valid texts: {len(outcomes)}")
            return
        for kind in KINDS:
            self.print_outcomes(kind, [o for o in outcomes if o.kind is kind])

    def print_outcomes(self, kind: Kind, outcomes: list[Outcome]) -> None:
        for done in ("added", "corrected", "unchanged", "left to staff"):
            ours = [outcome.path.name for outcome in outcomes if outcome.done == done]
            if ours:
                names = f": {', '.join(ours)}" if done == "left to staff" else ""
                self.stdout.write(f"{kind.folder}: {len(ours)} {done}{names}")
