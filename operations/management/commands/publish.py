"""Write the files that the proxy serves itself."""

import secrets
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.template.loader import render_to_string

from aaqi.context import site

# The error pages that the proxy returns itself, instead of a response from the site.
PAGES = ["413.html", "429.html", "503.html"]


class Command(BaseCommand):
    help = "Copy the static files and the proxy's error pages into a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, folder: Path, **options: object) -> None:
        static = Path(settings.STATIC_ROOT)
        files = [file for file in static.rglob("*") if file.is_file()]
        for file in files:
            # Delete nothing, because pages that are still open in browsers use files of
            # earlier releases.
            put(folder / "static" / file.relative_to(static), file.read_bytes())
        for name in PAGES:
            put(folder / "pages" / name, render_to_string(name, site(None)).encode())
        self.stdout.write(f"Published {len(files)} static files.")


def put(path: Path, content: bytes) -> None:
    """Write the file atomically, because the proxy may be reading it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    draft.write_bytes(content)
    draft.replace(path)
