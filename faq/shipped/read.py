"""The texts that ship with the site: Markdown files with TOML front matter.

    +++
    slug = "what-is-it"
    [[sources]]
    citation = "…"
    +++
    The text.

Reading changes nothing in the database. Errors name the file and line.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone

from faq.models import Case, Chart, Page, Question, TimelineEntry
from faq.publishing import Text

FOLDER = Path(__file__).parents[1] / "content"
FENCE = "+++"
# In bytes, more than any text may have: larger files are not parsed.
BIGGEST_FILE = 200_000


@dataclass(frozen=True)
class Kind:
    """A folder of texts: their model, its text field, and the front matter's keys."""

    folder: str
    model: type[Text]
    body: str
    # Key of the front matter → type.
    keys: dict[str, type]
    optional: dict[str, type] = field(default_factory=dict)

    def types(self) -> dict[str, type]:
        return self.keys | self.optional


CASE_WORDS = (
    *("title", "kind", "state", "place", "who", "officials", "court", "citation"),
    *("url", "summary", "ending", "lawfulness", "confidence"),
)
ALL = {"slug": str, "order": int, "sources": list}

KINDS = [
    Kind("questions", Question, "answer", ALL | {"topic": str, "question": str}),
    Kind(
        "cases",
        Case,
        "body",
        ALL | dict.fromkeys(CASE_WORDS, str) | {"decided_in": int, "featured": bool},
        {"happened_in": int, "caveat": str},
    ),
    # The slug is the file name.
    Kind(
        "timeline",
        TimelineEntry,
        "body",
        {"year": int, "title": str, "sources": list},
        {"slug": str, "order": int},
    ),
    Kind("charts", Chart, "body", ALL | {"title": str, "unit": str, "points": list}),
    # Pages about the site itself need no source.
    Kind(
        "pages",
        Page,
        "body",
        {"slug": str, "title": str, "lede": str},
        {"order": int, "sources": list},
    ),
]


class Problem(NamedTuple):
    path: Path
    line: int
    sentence: str

    def __str__(self):
        return f"{self.path.parent.name}/{self.path.name}:{self.line}: {self.sentence}"


class UnreadableError(Exception):
    """One or more files are invalid; `problems` lists all errors."""

    def __init__(self, problems: list[Problem]):
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class File(NamedTuple):
    """A file, split into front matter and text."""

    path: Path
    front: str
    # The line of the file on which the text starts.
    body_line: int
    body: str

    def problem(self, sentence: str, line: int = 1) -> Problem:
        return Problem(self.path, line, sentence)

    def line_of(self, key: str) -> int:
        """The line that sets a key, or 1."""
        match = re.search(rf"(?m)^\s*\[*{re.escape(key)}\b", self.front)
        return 2 + self.front.count("\n", 0, match.end()) if match else 1


def read_file(path: Path) -> File:
    """Read a file and split it; raises UnreadableError."""
    raw = path.read_bytes()
    if len(raw) > BIGGEST_FILE:
        sentence = f"The file has {len(raw):,} bytes; the limit is {BIGGEST_FILE:,}."
        raise UnreadableError([Problem(path, 1, sentence)])
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        sentence = "The file is not UTF-8."
        raise UnreadableError([Problem(path, line, sentence)]) from error
    lines = [line.removesuffix("\r") for line in lines]
    if lines[0] != FENCE or FENCE not in lines[1:]:
        sentence = f"The file must start with TOML between two {FENCE} lines."
        raise UnreadableError([Problem(path, 1, sentence)])
    end = lines.index(FENCE, 1)
    body = "\n".join(lines[end + 1 :])
    blank = len(body) - len(body.lstrip())
    start = end + 2 + body.count("\n", 0, blank)
    return File(path, "\n".join(lines[1:end]), start, body.strip() + "\n")


def read_front(file: File, kind: Kind) -> dict[str, Any]:
    """Parse the front matter; raises UnreadableError."""
    try:
        front = tomllib.loads(file.front)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = int(match[1]) + 1 if match else 1 + len(file.front.split("\n"))
        raise UnreadableError([file.problem(f"Not TOML: {error}", line)]) from error
    types = kind.types()
    problems = [
        file.problem(f"The key “{key}” is missing.") for key in kind.keys - front.keys()
    ]
    for key, value in front.items():
        if key not in types:
            sentence = f"“{key}” is not a key of {kind.folder}."
        elif type(value) is not types[key]:
            sentence = f"“{key}” should be of type {types[key].__name__}."
        else:
            continue
        problems.append(file.problem(sentence, file.line_of(key)))
    if problems:
        raise UnreadableError(sorted(problems))
    return front


def read_text(path: Path, kind: Kind) -> Text:
    """Return a file's text as an unsaved row; raises UnreadableError."""
    file = read_file(path)
    front = read_front(file, kind)
    front.setdefault("slug", path.stem)
    text = kind.model(**front, **{kind.body: file.body}, publish_at=timezone.now())
    problems = list(check(text, file, kind))
    if front["slug"] != path.stem:
        # So that no two files can have the same slug.
        sentence = "The slug and the file name differ."
        problems.append(file.problem(sentence, file.line_of("slug")))
    if problems:
        raise UnreadableError(problems)
    return text


def check(text: Text, file: File, kind: Kind) -> Iterator[Problem]:
    """Yield the model's validation errors."""
    try:
        # Part names are checked after all files are read, because charts are files.
        text.clean_fields()
        text.validate_constraints()
    except ValidationError as error:
        for name, errors in error.error_dict.items():
            for each in errors:
                yield located(each, name, file, kind)


def located(error: ValidationError, name: str, file: File, kind: Kind) -> Problem:
    sentence = " ".join(error.messages)
    if name != kind.body:
        return file.problem(f"{name}: {sentence}", file.line_of(name))
    params = error.params or {}
    line = file.body_line + params.get("line", 1) - 1
    return file.problem(params.get("sentence", sentence), line)


def read_all(folder: Path) -> list[tuple[Kind, Path, Text]]:
    """Return every text in a folder; raises UnreadableError with all problems."""
    found: list[tuple[Kind, Path, Text]] = []
    problems: list[Problem] = []
    for kind in KINDS:
        for path in sorted((folder / kind.folder).glob("*.md")):
            try:
                found.append((kind, path, read_text(path, kind)))
            except UnreadableError as error:
                problems += error.problems
    if problems:
        raise UnreadableError(problems)
    return found
