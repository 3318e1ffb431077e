"""Text as word processors and mail programs produce it, in every field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fields import CodeField, EmailField, TidyCharField
from core.pasted import as_meant, clean
from tests.faults.fields import text_fields

pytestmark = pytest.mark.django_db

# Typed text and its meaning, apart from whitespace.
ANYWHERE = {
    "curly quotation marks": ("“Ana” says it’s so", "“Ana” says it’s so"),
    "no-break spaces": ("Ana\u00a0Cruz\u202fSr", "Ana Cruz Sr"),
    "line separator": ("Ana\u2028Cruz", "Ana Cruz"),
    "paragraph separator": ("Ana\u2029Cruz", "Ana Cruz"),
    "Word's line break": ("Ana\x0bCruz", "Ana Cruz"),
    "form feed": ("Ana\x0cCruz", "Ana Cruz"),
    "next line": ("Ana\x85Cruz", "Ana Cruz"),
    "tab": ("Ana\tCruz", "Ana Cruz"),
    "ligatures": ("Oﬃce ﬁlls ﬂat", "Office fills flat"),
    "hyphenation": ("Ana consti\u00adtution Cruz", "Ana constitution Cruz"),
    "dictated": ("\ufffcAna Cruz", "Ana Cruz"),
    "Windows-1252 as Latin-1": ("Ana\x92s \x93law\x94 \x96 it", "Ana’s “law” – it"),
    "dashes and dots": ("Ana – Cruz — so…", "Ana – Cruz — so…"),
}
BY_PEOPLE = {
    "&nbsp;": ("Ana&nbsp;Cruz", "Ana Cruz"),
    "&amp;": ("AT&amp;T Cruz", "AT&T Cruz"),
    "&amp; twice": ("AT&amp;amp;T Cruz", "AT&T Cruz"),
    "&rsquo;": ("Ana&rsquo;s", "Ana’s"),
    "&#39;": ("Ana&#39;s", "Ana's"),
    "&#x2019;": ("Ana&#x2019;s", "Ana’s"),
    "&shy;": ("Ana consti&shy;tution", "Ana constitution"),
    "&zwj;": ("Ana&#8203; Cruz", "Ana Cruz"),
    "&mdash;": ("Ana &mdash; Cruz", "Ana — Cruz"),
    "no entity": ("Ana &Co; Cruz & Sons", "Ana &Co; Cruz & Sons"),
    "quoted-printable": ("Ana=E2=80=99s day", "Ana’s day"),
    "quoted-printable accents": ("Jos=C3=A9 Cruz", "José Cruz"),
    "no quoted-printable": ("a=b and 2+2=4", "a=b and 2+2=4"),
}
ADDRESSES = [
    "mailto:ana@example.org",
    "MAILTO:ana@example.org?subject=Hello",
    "Ana Cruz <ana@example.org>",
    '"Cruz, Ana" <ana@example.org>;',
    "<ana@example.org>",
    "ana@example.org.",
    "ana@example.org,",
    "“ana@example.org”",
    "(ana@example.org)",
    "ana＠example.org",
    " ana@example.org\u00a0",
    "\tana@example.org\r\n",
    "ana\u00ad@exam\u200bple.org",
    "<mailto:ana@example.org>",
]
CODES = [
    "123 456",
    "123-456",
    "123\u00a0456",
    "１２３４５６",
    "１２３　４５６",
    "\u200b123456",
    "123456.",
    "\u0661\u0662\u0663\u0664\u0665\u0666",
    "123–456",
    "\t123456\r\n",
    "\u2068123456\u2069",
]


@pytest.mark.parametrize(("typed", "meant"), ANYWHERE.values(), ids=ANYWHERE)
def test_every_text_field_decodes_it(typed, meant):
    fields = [found for found in text_fields() if found.shows(meant)]

    for found in fields:
        assert found.outcome(typed).split() == meant.split(), found.where
    assert len(fields) > 35


@pytest.mark.parametrize(("typed", "meant"), BY_PEOPLE.values(), ids=BY_PEOPLE)
def test_user_text_is_decoded(typed, meant):
    fields = [
        found
        for found in text_fields()
        if isinstance(found.field, TidyCharField) and found.takes(meant)
    ]

    for found in fields:
        assert found.outcome(typed) == meant, found.where
    assert len(fields) > 8


def test_quoted_printable_line_ends_are_removed():
    typed = "No one=20\nis above=20\r\nthe law, =\nnot even=20\nthem."

    meant = "No one is above the law, not even them."
    assert as_meant(typed).split() == meant.split()


def test_a_line_break_of_word_stays_one_in_a_statement():
    for found in text_fields():
        if found.has_lines and found.takes("One\nTwo"):
            assert found.outcome("One\x0bTwo").splitlines() == ["One", "Two"]


@pytest.mark.parametrize("typed", ADDRESSES)
def test_every_email_field_accepts_it(typed):
    fields = [f for f in text_fields() if isinstance(f.field, EmailField)]

    for found in fields:
        assert found.outcome(typed) == "ana@example.org", found.where
    assert len(fields) >= 4


@pytest.mark.parametrize("typed", CODES)
def test_every_code_field_accepts_it(typed):
    fields = [f for f in text_fields() if isinstance(f.field, CodeField)]

    for found in fields:
        assert found.outcome(typed) == "123456", found.where
    assert len(fields) >= 4


def test_each_field_cleans_its_text():
    for found in text_fields():
        assert hasattr(found.field, "line_end"), found.where


@given(st.text(st.characters(codec=None)))
def test_cleaning_is_idempotent(text):
    assert clean(clean(text)) == clean(text)
