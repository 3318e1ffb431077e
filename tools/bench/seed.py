"""Seed rows with COPY and without triggers, then compute the totals from the rows."""

import random
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import md5

import psycopg
from psycopg import sql

from tools.bench import people
from tools.bench.bare.tables import TABLES
from tools.bench.database import Database

FIRST = "Ana Ben Cora Dev Eve Finn Gia Hugo Iris Jon Kim Leo Mia Noa Omar Pia"
LAST = "Reyes Smith Cruz Lee Brown Diaz Khan Moore Park Young Weber Stone"
CITIES = "Columbus Austin Boise Camden Dover Eugene Fargo Gary Helena Ithaca"
GROUPS = ["health-care", "", "", "teachers"]
WORDS = """
    nobody is above the law and a court should hear every case that a person brings
    when an official breaks a right because without an answer the promise is only
    paper my neighbor asked for help the officer did not listen we want a jury to
    see the video judges said no earlier case was close enough but everyone saw what
    happened that day
"""
# The text of a campaign, in which each signer changed a word. One in so many of the
# voices that await review has it.
CAMPAIGN = """
    I ask our lawmakers to let a jury decide when an official breaks the law, because
    nobody who wears a badge should be free to do what would put the rest of us in
    prison, and because {} deserve an answer in open court
"""
CAMPAIGNERS = 3
# One in so many voices has flags.
FLAGGED = 8
FLAGS = (["titled-name"], ["phone", "link"], ["watched-word"], ["all-capitals"])
# A word that only one in 10,000 statements contains, for searches with few matches.
RARE = "zeppelin"
MAX_WAITING = 100_000
# With at least this many rows, it is faster to drop the indexes and recreate them.
MANY = 50_000
# Disk space per signature. With 60,000 signatures, tables and indexes took 2,500 bytes
# per signature, and the rows of backlog.py 350 more. A backup restores them into a
# second database. The rest is for the dump, WAL, and temporary files.
BYTES_PER_ROW = 7_000
VOICE = """
    id, name, profession, profession_group, city, state, statement,
    statement_as_sent, flags, text_key, sketch, changes_asked, submitted_at,
    review_since, published_at
"""
SIGNATURE = """
    id, name, name_display, email, email_key, city, state, profession,
    petition_id, consent_version, consent_text, privacy_version, privacy_text,
    consent_at, updates, network_hash, wide_network_hash, suspicions, tag_id,
    address_hash, ref, voice_id, submitted_at, confirmed_at, counted_at,
    quarantined_at
"""
ARRIVAL = "form, sender, hash, minute, slot, count"
LETTER = """
    kind, signature_id, address_hash, message_id, queued_at, lane, turn, send_at,
    taken_at, attempts, sent_at
"""
TALLIES = """
    TRUNCATE voices_tally, voices_daytally;
    INSERT INTO voices_tally (subject, state, profession_group, series, change)
    SELECT 'signers', state, '', 1, count(*) FROM voices_signature
    WHERE counted_at IS NOT NULL AND withdrawn_at IS NULL GROUP BY state
    UNION ALL
    SELECT 'signers', state, profession_group, 1, count(*) FROM voices_voice
    WHERE status = 'published' AND founding_number IS NOT NULL
    GROUP BY state, profession_group
    UNION ALL
    SELECT CASE statement WHEN '' THEN 'names' ELSE 'statements' END,
        state, profession_group, 0, count(*) FROM voices_voice
    WHERE status = 'published' GROUP BY 1, state, profession_group;
    INSERT INTO voices_daytally (day, tag, updates, series, change)
    SELECT (counted_at AT TIME ZONE 'America/New_York')::date, coalesce(tag_id, ''),
        updates, 1, count(*)
    FROM voices_signature WHERE counted_at IS NOT NULL AND withdrawn_at IS NULL
    GROUP BY 1, tag_id, updates;
"""
SECONDARY = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid IN ('voices_voice'::regclass, 'voices_signature'::regclass)
    AND NOT indisunique
"""
CHECK = """
    SELECT (SELECT coalesce(sum(change), 0) FROM voices_tally
            WHERE subject = 'signers'),
        (SELECT coalesce(sum(change), 0) FROM voices_daytally),
        (SELECT count(*) FROM voices_signature
            WHERE counted_at IS NOT NULL AND withdrawn_at IS NULL),
        (SELECT count(*) FROM voices_voice
            WHERE status = 'published' AND founding_number IS NOT NULL),
        (SELECT coalesce(sum(change), 0) FROM voices_tally
            WHERE subject = 'statements'),
        (SELECT count(*) FROM voices_voice
            WHERE status = 'published' AND statement <> '')
"""


class TotalsError(Exception):
    """The public totals differ from the numbers of rows."""


class NoRoomError(Exception):
    """The disk has too little free space for this many rows."""


class Bar:
    """A progress bar on a terminal; elsewhere, only a line at the end."""

    def __init__(self, label: str, total: int):
        self.label, self.total, self.done = label, total, 0
        self.begun, self.shown = time.monotonic(), 0.0

    def add(self, count: int = 1) -> None:
        self.done += count
        if sys.stdout.isatty() and time.monotonic() - self.shown > 0.2:
            self.shown = time.monotonic()
            full = 30 * self.done // max(self.total, 1)
            self.write(f"\r{self.label:28}[{'#' * full:30}] {self.done:>10,}")

    def end(self) -> None:
        seconds = time.monotonic() - self.begun
        line = f"{self.label:28}{self.done:>12,} in {seconds:.1f} s"
        self.write(f"\r{line:78}\n" if sys.stdout.isatty() else f"{line}\n")

    def write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def check_room(rows: int, folder: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < rows * BYTES_PER_ROW:
        raise NoRoomError(
            f"{rows:,} signatures need about {rows * BYTES_PER_ROW / 1e9:.0f} GB in "
            f"{folder}, which has {free / 1e9:.0f} GB free."
        )


def add_references(database: Database) -> None:
    """Create the reference views' tables, and add PROVIDER as a mail provider."""
    with database.connect("aaqi_owner") as connection:
        connection.execute(TABLES)
        connection.execute(
            "INSERT INTO voices_mailprovider (domain) VALUES (%s)", [people.PROVIDER]
        )


def fill(database: Database, rows: int, keyed_hash: Callable[[str], str]) -> None:
    """Add `rows` signatures with their voices, and related rows in other tables.

    Triggers are off, because they would update the totals for each row. The totals are
    computed once, at the end. Foreign keys, which use triggers, aren't checked either.
    """
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        with without_indexes(connection, rows):
            copy_voices(connection, rows)
            copy_signatures(connection, rows, keyed_hash)
        copy_arrivals(connection, rows // 10)
        copy_letters(connection, rows // 5)
        connection.execute(TALLIES)
        for table in ("voice", "signature"):
            connection.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({name}, 'id'), max(id)) "
                    "FROM {table}"
                ).format(
                    name=f"voices_{table}", table=sql.Identifier(f"voices_{table}")
                )
            )
        settle(connection)


def settle(connection: psycopg.Connection) -> None:
    """Vacuum and checkpoint now, so that neither has to happen during a measurement."""
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


@contextmanager
def without_indexes(connection: psycopg.Connection, rows: int) -> Iterator[None]:
    """Drop the non-unique indexes of the two large tables; recreate them on exit.

    With fewer than MANY rows, keep the indexes.
    """
    found = connection.execute(SECONDARY).fetchall() if rows >= MANY else []
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}".encode())
    yield
    if not found:
        return
    bar = Bar("indexes", len(found))
    for _, definition in found:
        connection.execute(definition.encode())
        bar.add()
    bar.end()


def copy(
    connection: psycopg.Connection,
    table: str,
    columns: str,
    rows: Iterator[tuple],
    total: int,
) -> None:
    bar = Bar(table, total)
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(f"voices_{table}"),
        sql.SQL(columns),
    )
    with connection.cursor() as cursor, cursor.copy(query) as target:
        for row in rows:
            target.write_row(row)
            bar.add()
    bar.end()


def next_id(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT coalesce(max(id), 0) + 1 FROM {}")
    found = connection.execute(query.format(sql.Identifier(f"voices_{table}")))
    return next(iter(found))[0]


def moment(number: int, rows: int, days: int = 365) -> datetime:
    """Return when row `number` was created.

    Rows are spread over the past `days`; higher numbers are newer.
    """
    return datetime.now(UTC) - timedelta(days=days * (rows - number) / rows)


def waiting(rows: int) -> int:
    """Return how many of the newest voices to seed as pending moderation."""
    return min(MAX_WAITING, rows // 10)


def copy_voices(connection: psycopg.Connection, rows: int) -> None:
    from rankings.states import PLACES
    from voices.flags import rewording

    chance, places = random.Random(14), list(PLACES)  # noqa: S311 - fake rows
    first, last, cities, words = map(str.split, (FIRST, LAST, CITIES, WORDS))
    campaign = " ".join(CAMPAIGN.split())
    base = next_id(connection, "voice")

    def sketch(text: str, *, is_waiting: bool) -> list[int]:
        if is_waiting:
            return rewording.sketch(text)
        # Random numbers are as good for voices that nobody compares with others, and
        # cost less time.
        return [chance.getrandbits(32) - 2**31 for _ in range(rewording.NUMBERS)]

    def make() -> Iterator[tuple]:
        for number in range(rows):
            at = moment(number, rows)
            is_waiting = number >= rows - waiting(rows)
            text = " ".join(chance.choices(words, k=chance.randint(8, 60)))
            if number % 10_000 == 5_000:
                text += f" {RARE}"
            if is_waiting and number % CAMPAIGNERS == 0:
                text = campaign.format(" ".join(chance.choices(words, k=3)))
            yield (
                base + number,
                f"{chance.choice(first)} {chance.choice(last)}",
                "Nurse" if number % 4 == 0 else "",
                GROUPS[number % 4],
                cities[number % len(cities)],
                places[number * 7 % len(places)],
                text,
                text,
                FLAGS[number % len(FLAGS)] if chance.random() * FLAGGED < 1 else [],
                md5(text.encode(), usedforsecurity=False).hexdigest(),
                sketch(text, is_waiting=is_waiting),
                "",
                at,
                at,
                None if is_waiting else at,
            )

    copy(connection, "voice", VOICE, make(), rows)


def copy_signatures(
    connection: psycopg.Connection, rows: int, keyed_hash: Callable[[str], str]
) -> None:
    from rankings.states import PLACES

    chance, places = random.Random(15), list(PLACES)  # noqa: S311 - fake rows
    first, last, cities = map(str.split, (FIRST, LAST, CITIES))
    first_voice = next_id(connection, "voice") - rows
    base = next_id(connection, "signature")
    petition = next_id(connection, "petition") - 1

    def make() -> Iterator[tuple]:
        for number in range(rows):
            at = moment(number, rows)
            is_held = number % 1000 == 999
            email = f"seed{number}@{people.PROVIDER}"
            yield (
                base + number,
                f"{chance.choice(first)} {chance.choice(last)}",
                "full",
                email,
                email,
                cities[number % len(cities)],
                places[number * 7 % len(places)],
                "",
                petition,
                "seed",
                "",
                "seed",
                "",
                at,
                number % 3 == 0,
                secrets.token_hex(32),
                secrets.token_hex(32),
                ["honeypot"] if is_held else [],
                None,
                keyed_hash(email),
                secrets.token_urlsafe(16),
                first_voice + number,
                at,
                at,
                None if is_held else at,
                at if is_held else None,
            )

    copy(connection, "signature", SIGNATURE, make(), rows)


def copy_arrivals(connection: psycopg.Connection, rows: int) -> None:
    def make() -> Iterator[tuple]:
        for number in range(rows):
            at = moment(number, rows, days=29)
            minute = at.replace(second=0, microsecond=0)
            for sender in ("network", "wide", "address"):
                yield "sign", sender, secrets.token_hex(32), minute, 0, 1

    copy(connection, "arrival", ARRIVAL, make(), 3 * rows)


def copy_letters(connection: psycopg.Connection, rows: int) -> None:
    base = next_id(connection, "signature") - 1

    def make() -> Iterator[tuple]:
        for number in range(rows):
            at = moment(number, rows, days=29)
            yield (
                "published",
                base - number,
                secrets.token_hex(32),
                secrets.token_hex(16),
                at,
                "notice",
                0,
                at,
                at,
                1,
                at,
            )

    copy(connection, "letter", LETTER, make(), rows)


def check_totals(database: Database) -> int:
    """Return the number of signers; raises TotalsError if totals and rows differ."""
    (found,) = database.execute(CHECK)
    signers, by_day, counted, founding, statements, on_the_wall = map(int, found)
    # The totals by day don't include founding voices, because these have no date.
    expected = counted + founding, counted, on_the_wall
    if (signers, by_day, statements) != expected:
        raise TotalsError(
            f"The totals say {signers:,} signers, {by_day:,} by day, and "
            f"{statements:,} statements; the rows are {expected}."
        )
    return signers
