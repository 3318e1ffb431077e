"""Seed what staff see besides voices and signatures, for the admin's lists.

These rows aren't part of `seed.fill`, because unconfirmed and held submissions would
get in the way of measuring whole signatures.
"""

import random
import secrets
from collections.abc import Iterator
from datetime import timedelta

import psycopg

from tools.bench import people, seed
from tools.bench.database import Database

# One in so many submissions was never confirmed; one in so many of these is held.
UNCONFIRMED, HELD = 10, 10
# One in so many voices was reported; one in so many of the reports is open.
REPORTED, OPEN = 100, 10
# One in so many published voices was corrected by its author, who waits for a decision;
# one in so many of the voices that await review was read by a first reader.
CORRECTED, READ = 1_000, 20
FIRST_READER = "first-reader"
# Less than UNCONFIRMED_KEPT_DAYS, so that nothing is deleted during a measurement.
DAYS = 13
DECISION = "id, voice_id, kind, by_id, at"
REPORT = """
    voice_id, kind, text, decision_id, network_hash, suspicions, arrived_at, closed_at,
    closed_by_id
"""
SUBMISSION = """
    name, name_display, email, email_key, city, state, profession, petition_id,
    consent_version, consent_text, privacy_version, privacy_text, consent_at, updates,
    network_hash, wide_network_hash, suspicions, ref, email_masked, statement,
    submitted_at, lane, mailed_at, reminder_at, code_tries
"""
# Triggers, which are off, would set these columns: an open report and a pending
# correction put their voice into the review queue, and a first verdict takes it out.
REVIEW = (
    """
    UPDATE voices_voice SET reported_at = report.arrived_at
    FROM voices_report AS report
    WHERE report.voice_id = voices_voice.id AND report.closed_at IS NULL
    """,
    """
    UPDATE voices_voice SET corrected_at = correction.sent_at
    FROM voices_correction AS correction
    WHERE correction.voice_id = voices_voice.id
    """,
    """
    UPDATE voices_voice SET first_read_at = reading.first_at
    FROM voices_reading AS reading WHERE reading.voice_id = voices_voice.id
    """,
)
CORRECTION = "voice_id, words, replaced, sent_at"
READING = """
    voice_id, urgency, since, first_by_id, first_verdict, first_text, first_at,
    second_verdict, second_text
"""
READER = """
    INSERT INTO auth_user
        (username, password, first_name, last_name, email, is_superuser, is_staff,
        is_active, date_joined)
    VALUES (%s, '!', '', '', '', false, true, true, now()) RETURNING id
"""


def add(database: Database, rows: int) -> None:
    """Add what moderators and readers did, and forms, to `rows` seeded signatures.

    These are decisions, reports, corrections, first verdicts, and unconfirmed
    submissions.

    Do nothing if an earlier run has added them.
    """
    if database.execute("SELECT 1 FROM voices_decision LIMIT 1"):
        return
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        with connection.transaction():
            copy_decisions_and_reports(connection, rows)
            copy_corrections_and_readings(connection, rows)
            copy_submissions(connection, rows // UNCONFIRMED)
            for statement in REVIEW:
                connection.execute(statement)
            connection.execute(
                "SELECT setval(pg_get_serial_sequence('voices_decision', 'id'), "
                "max(id)) FROM voices_decision"
            )
        seed.settle(connection)


def copy_decisions_and_reports(connection: psycopg.Connection, rows: int) -> None:
    """Publish each voice that isn't waiting, and keep those whose report was closed."""
    ((staff,),) = connection.execute("SELECT min(id) FROM auth_user").fetchall()
    first = seed.next_id(connection, "voice") - rows
    published = rows - seed.waiting(rows)
    reported = range(0, published, REPORTED)

    def decisions() -> Iterator[tuple]:
        for number in range(published):
            at = seed.moment(number, rows)
            yield 1 + number, first + number, "published", staff, at
        for place, number in enumerate(reported):
            if place % OPEN:
                at = seed.moment(number, rows) + timedelta(hours=2)
                yield 1 + published + place, first + number, "kept", staff, at

    def reports() -> Iterator[tuple]:
        for place, number in enumerate(reported):
            at = seed.moment(number, rows)
            closed = at + timedelta(hours=2)
            yield (
                *(first + number, "other", "These are not my words."),
                1 + published + place if place % OPEN else None,
                *("", [], at + timedelta(hours=1)),
                *((closed, staff) if place % OPEN else (None, None)),
            )

    most = published + len(reported)
    seed.copy(connection, "decision", DECISION, decisions(), most)
    seed.copy(connection, "report", REPORT, reports(), len(reported))


def copy_corrections_and_readings(connection: psycopg.Connection, rows: int) -> None:
    ((reader,),) = connection.execute(READER, [FIRST_READER]).fetchall()
    first = seed.next_id(connection, "voice") - rows
    published = rows - seed.waiting(rows)
    # Another voice than those with an open report.
    corrected = range(1, published, CORRECTED)
    read = range(published, rows, READ)

    def corrections() -> Iterator[tuple]:
        for number in corrected:
            at = seed.moment(number, rows) + timedelta(hours=1)
            yield first + number, '{"city": "Springfield"}', "{}", at

    def readings() -> Iterator[tuple]:
        for number in read:
            since = seed.moment(number, rows)
            at = since + timedelta(minutes=5)
            yield first + number, 2, since, reader, "published", "", at, "", ""

    seed.copy(connection, "correction", CORRECTION, corrections(), len(corrected))
    seed.copy(connection, "reading", READING, readings(), len(read))


def copy_submissions(connection: psycopg.Connection, rows: int) -> None:
    from rankings.states import PLACES

    chance, places = random.Random(16), list(PLACES)  # noqa: S311 - fake rows
    first, last, words = map(str.split, (seed.FIRST, seed.LAST, seed.WORDS))
    petition = seed.next_id(connection, "petition") - 1

    def make() -> Iterator[tuple]:
        for number in range(rows):
            at = seed.moment(number, rows, days=DAYS)
            is_held = number % HELD == 0
            email = f"backlog{number}@{people.PROVIDER}"
            mailed = None if is_held else at
            yield (
                f"{chance.choice(first)} {chance.choice(last)}",
                *("full", email, email, "", places[number * 7 % len(places)], ""),
                *(petition, "seed", "", "seed", "", at, False),
                *(secrets.token_hex(32), secrets.token_hex(32)),
                ["honeypot"] if is_held else [],
                *(secrets.token_urlsafe(16), "b…@m…"),
                " ".join(chance.choices(words, k=chance.randint(8, 60))),
                *(at, "held" if is_held else "clean", mailed, mailed, 0),
            )

    seed.copy(connection, "submission", SUBMISSION, make(), rows)
