"""Load the founding voices from `voices/data/founding_voices.csv`.

The command is safe to rerun. It adds missing voices, and updates voices that differ
from the file, except those that staff have decided on or edited.
"""

import csv
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from voices.models import Voice

DATA_FILE = Path(__file__).parents[2] / "data" / "founding_voices.csv"


class Command(BaseCommand):
    help = "Add or update founding voices, except those that staff edited or reviewed."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        with DATA_FILE.open(newline="", encoding="utf-8") as file:
            outcomes = [self.load(row) for row in csv.DictReader(file)]
        for outcome in ("added", "corrected", "unchanged", "left to staff"):
            if count := outcomes.count(outcome):
                self.stdout.write(f"Founding voices {outcome}: {count}")

    def load(self, row: dict[str, str]) -> str:
        """Add or update the voice that this CSV row describes; return the outcome."""
        fields = {
            "name": row["name"],
            "profession": row["profession"],
            "profession_group": row["group"],
            "city": row["city"],
            "state": row["state"],
            "statement": row["statement"],
            "statement_as_sent": row["statement"],
        }
        number = int(row["number"])
        voice = Voice.objects.select_for_update().filter(founding_number=number).first()
        if voice is None:
            Voice.objects.create(
                founding_number=number,
                featured_at=timezone.now() if row["featured"] else None,
                **fields,
            )
            return "added"
        if all(getattr(voice, name) == value for name, value in fields.items()):
            return "unchanged"
        if voice.decisions.exists():
            return "left to staff"
        for name, value in fields.items():
            setattr(voice, name, value)
        voice.save()
        return "corrected"
