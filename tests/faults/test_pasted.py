"""Invisible characters that come with pasted text, in every field."""

import pytest
from django.test import Client

from core.fields import TidyCharField
from core.pasted import clean
from tests.factories import latest_submission, make_published_voice, sign
from tests.faults.fields import text_fields

pytestmark = pytest.mark.django_db

INVISIBLE = {
    "zero-width space": "\u200b",
    "first-strong isolate": "\u2068",
    "end of isolate": "\u2069",
    "right-to-left override": "\u202e",
    "left-to-right mark": "\u200e",
    "Arabic letter mark": "\u061c",
    "soft hyphen": "\u00ad",
    "byte order mark": "\ufeff",
    "word joiner": "\u2060",
    "joiner between Latin letters": "\u200d",
    "combining grapheme joiner": "\u034f",
    "Hangul filler": "\u3164",
    "picture that stayed behind": "\ufffc",
    "tag": "\U000e0041",
    "variation selector without a sign": "\u200b\ufe0f",
    "Word's end of a cell": "\x07",
    "escape": "\x1b",
    "delete": "\x7f",
}
BULLETS = {
    **dict.fromkeys("\uf0b7\uf0a7\uf0d8\uf076\uf0a8\uf06e\uf06c", "•"),
    # Symbols without an equivalent of their own.
    **dict.fromkeys("\uf0be\uf02d\uf071", "•"),
    "\uf0fc": "✓",
    "\uf0e0": "→",
}
JOINED = [
    "👩\u200d⚖️",
    "👨\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "👩🏽\u200d🚒",
    "❤️\u200d🔥",
    "می\u200cخواهم",
    "क्\u200dष",
    "ക്\u200dക",
    "ක්\u200dෂ",
    "1️⃣",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "葛\U000e0100城",
]


@pytest.mark.parametrize("invisible", INVISIBLE.values(), ids=INVISIBLE)
def test_every_field_ignores_it(invisible):
    fields = text_fields()

    for found in fields:
        first, rest = found.sample[:1], found.sample[1:]
        for typed in (
            f"{invisible}{first}{rest}",
            f"{first}{invisible}{rest}",
            f"{first}{rest}{invisible}",
        ):
            assert found.outcome(typed) == found.outcome(found.sample), found.where
    # In forms for signing, managing, reports, staff, accounts, FAQ, and rankings.
    assert len(fields) > 60


@pytest.mark.parametrize(("bullet", "shown"), BULLETS.items(), ids=ascii)
def test_bullets_of_word_processors_are_bullets_where_text_has_lines(bullet, shown):
    lines = [found for found in text_fields() if found.has_lines]

    for found in lines:
        if found.takes("• One\n• Two"):
            typed, meant = f"{bullet} One\n {bullet}\tTwo", f"{shown} One\n{shown} Two"
            assert found.outcome(typed).split() == meant.split(), found.where
    assert len(lines) > 10


@pytest.mark.parametrize("text", JOINED)
def test_joiners_of_letters_and_emoji_stay(text):
    assert clean(text) == text
    assert TidyCharField().clean(text) == text


def test_the_form_stores_only_visible_characters():
    sign(
        Client(),
        name="\u2068Ana Cruz\u2069",
        email="\u200bana@example.org",
        statement="\uf0b7 No one\u00ad is\ufeff above it.",
    )

    submission = latest_submission()
    assert (submission.name, submission.email) == ("Ana Cruz", "ana@example.org")
    assert submission.statement == "• No one is above it."


@pytest.mark.parametrize("path", ["/voices/", "/faq/"])
def test_searches_ignore_it(path):
    make_published_voice(statement="Nobody is above it.", city="Toledo")

    for invisible in INVISIBLE.values():
        page = Client().get(path, {"q": f"{invisible}Tole{invisible}do{invisible}"})
        assert page.status_code == 200
        assert 'value="Toledo"' in page.text
