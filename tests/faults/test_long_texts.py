"""Texts of the maximum length, made to be as slow as possible, in every field."""

import time
from contextlib import suppress

import pytest
from django.conf import settings

from aaqi.spellings import BEHIND_A_QUERY
from core.pasted import as_meant
from tests.faults.fields import text_fields
from voices.letters.notifications import read

pytestmark = pytest.mark.django_db

LONGEST = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
COSTLY = {
    "an at sign again and again": "<" + "@" * LONGEST,
    "letters, then at signs": "<" + "a" * (LONGEST // 2) + "@" * (LONGEST // 2),
    "an ampersand encoded by name": "&" + "amp;" * (LONGEST // 4) + "lt;",
    "an ampersand encoded by number": "&" + "#38;" * (LONGEST // 4) + "lt;",
    "ampersands": "&" * LONGEST,
    "quoted-printable": "=C3=A9" * (LONGEST // 6),
    "joiners": "😀" + "a\u200d" * (LONGEST // 4),
    "black flags": "🏴" + "\U000e0067" * (LONGEST // 4),
    "bullets' indents": " " * LONGEST + "\uf0b7",
    "marks": "a" + "\u0301" * (LONGEST // 2),
    "a ligature of eighteen letters": "\ufdfa" * (LONGEST // 3),
    "line ends": "\r\n" * (LONGEST // 2),
    "dots": "a." * (LONGEST // 2),
}
# Generous, because anything worse than linear time takes minutes.
SECONDS = 2


def seconds_for(work, *args) -> float:
    begun = time.process_time()
    work(*args)
    return time.process_time() - begun


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_no_field_is_slow(text):
    # Fields of the same type do the same work.
    kinds = {(type(each.field), each.has_lines): each for each in text_fields()}

    slow = {
        found.where: seconds
        for found in kinds.values()
        if (seconds := seconds_for(found.outcome, text)) > SECONDS
    }

    assert slow == {}


@pytest.mark.parametrize("encoded", ["&amp;amp;lt;", "&#38;#x26;AMP;lt;", "&lt;"])
def test_a_repeatedly_encoded_ampersand_is_decoded(encoded):
    assert as_meant(encoded) == "<"


def test_stripping_a_query_is_not_slow():
    assert seconds_for(BEHIND_A_QUERY.sub, "", ")" * 8000 + "a") < SECONDS


@pytest.mark.parametrize("lines", ["\n" * 900_000, "@" * 900_000, "a@b\n" * 200_000])
def test_no_bounce_is_slow(lines):
    mail = (
        "Content-Type: text/plain\n\nThis is the qmail-send program.\n"
        f"{lines}\nMessage-ID: "
        f"<12345678-1234-1234-1234-123456789012@{settings.SITE_HOST}>\n"
    )

    def read_it():
        with suppress(ValueError):
            read(mail.encode())

    assert seconds_for(read_it) < SECONDS
