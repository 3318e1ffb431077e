"""Lookalike letters are flagged, and stacks of combining marks are refused."""

import pytest

from core.fields import TidyCharField
from tests.factories import make_staff, make_voice
from tests.faults.fields import text_fields
from voices.flags import find

pytestmark = pytest.mark.django_db

MIXED = [
    *("раypal", "Pоlice", "qualifiеd", "Αna", "Cruz\u0430", "іmmunity", "Ηeather"),
    *("соurt", "Bоb", "\u03c1olice", "jusтice", "wаrrant"),
]
NOT_MIXED = [
    *(
        "Москва",
        "Αθήνα",
        "café",
        "β-carotene",
        "日本語のテスト",
        "カタ漢字ひら",
    ),
    *("한국어", "العدالة", "Nguyễn", "Москва and Ohio", "ﬁne", "2×4", "naïve"),
]
# Like the names of the staff member in the tests below.
ALIKE = [
    *("Morgan Hill", "MORGAN HILL", "Mоrgan Hill", "Morgan Hi11", "Mörgan Hill"),
    *("morganhill", "Morgan.Hill", "Μοrgan Hill", "Morgan HiIl", "Ｍorgan Hill"),
    *("desk.lead", "Desk Lead", "deskIead"),
]
DIFFERENT = ["Morgan", "Hill", "Ana Cruz", "Morgan Hull", "Morgana Hill", "Lead"]


@pytest.mark.parametrize("word", MIXED)
def test_a_word_of_two_alphabets_is_flagged_wherever_it_is(word):
    for field in ("name", "profession", "city", "statement"):
        assert make_voice(**{field: f"It is {word}."}).flags == ["mixed-alphabets"]
    assert f'<mark title="mixed alphabets">{word}</mark>' in find.mark(
        f"It is {word}.", find.find(f"It is {word}.")
    )


@pytest.mark.parametrize("word", NOT_MIXED)
def test_a_word_of_one_alphabet_is_not_flagged(word):
    # A statement in another script has a flag of its own.
    assert "mixed-alphabets" not in make_voice(name=word, statement=word).flags


@pytest.mark.parametrize("name", ALIKE)
def test_a_name_that_looks_like_staff_is_flagged(name):
    make_staff("mhill", first_name="Morgan", last_name="Hill", email="desk.lead@x.org")

    assert "like-staff" in make_voice(name=name).flags


@pytest.mark.parametrize("name", DIFFERENT)
def test_another_name_is_not_flagged(name):
    make_staff("mhill", first_name="Morgan", last_name="Hill", email="desk.lead@x.org")

    assert make_voice(name=name).flags == []


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 40, 150])
def test_marks_are_accepted_then_flagged_then_refused(count):
    text = "Justice fo\u0336" + "\u0336" * (count - 1) if count else "Justice for"
    fields = [
        found
        for found in text_fields()
        if isinstance(found.field, TidyCharField) and found.takes("Justice for")
    ]

    for found in fields:
        assert found.takes(text) == (count <= 8), found.where
    assert len(fields) > 8
    if count <= 8:
        flags = ["many-marks"] if count > 3 else []
        assert make_voice(statement=text, name="Ana").flags == flags
