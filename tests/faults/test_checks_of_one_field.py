"""Each field has its own checks, and its error message names it."""

import pytest
from django.core.exceptions import ValidationError

from core.fields import TidyCharField
from tests.factories import make_voice
from tests.faults.fields import text_fields

pytestmark = pytest.mark.django_db

PROFESSIONS = [
    *("ASP.NET developer", "EMT @ county hospital", "Node.js engineer", "C# developer"),
    *(
        "R.N.",
        "Booking.com agent",
        "911 dispatcher",
        "Teacher (K-12)",
        "Farmer/rancher",
    ),
    *("Owner, Dow & Sons", "3rd-grade teacher", "Ph.D. student", "Retired – USPS"),
]
CITIES = [
    *("Coeur d'Alene", "St. Louis", "29 Palms", "Winston-Salem", "Washington, D.C."),
    *("O’Fallon", "Ho-Ho-Kus", "Cañon City", "Truth or Consequences", "Nome @ the bay"),
    *("Lake St. Clair", "Port-of.org Island", "Twentynine Palms / Joshua Tree"),
]
NOTHING = [
    "-",
    "n/a",
    "N/A",
    "none",
    "None",
    "N.A.",
    "na",
    "--",
    "—",
    ".",
    "n.a",
    "N / A",
]
REFUSED = {
    "name": [
        "ana@example.org",
        "www.example.org",
        "=1+1",
        "@ana",
        "123",
        "<b>",
        "-Ana",
    ],
    "city": ["ana@example.org", "www.example.org", "=1+1", "123", "https://x.org", "<"],
    "profession": ["rn@example.org", "https://x.org", "=1+1", "+1", "123", "a <b>"],
}


def named(name):
    """Return the fields with this name in all forms for signers' words."""
    return [
        found
        for found in text_fields()
        if isinstance(found.field, TidyCharField)
        and found.where.endswith(f".{name}")
        and ".Tag" not in found.where
    ]


@pytest.mark.parametrize("profession", PROFESSIONS)
def test_a_profession_is_accepted(profession):
    for found in named("profession"):
        assert found.outcome(profession) == profession, found.where
    make_voice(profession=profession).full_clean()
    assert len(named("profession")) > 1


@pytest.mark.parametrize("city", CITIES)
def test_a_city_is_accepted(city):
    for found in named("city"):
        assert found.outcome(city) == city, found.where
    make_voice(city=city).full_clean()
    assert len(named("city")) > 1


@pytest.mark.parametrize("typed", NOTHING)
def test_a_word_for_nothing_leaves_an_optional_field_empty(typed):
    optional = [
        found
        for found in text_fields()
        if isinstance(found.field, TidyCharField) and not found.field.required
    ]

    for found in optional:
        assert found.outcome(typed) == "", found.where
    assert len(optional) > 5


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_names_its_field(name):
    for typed in REFUSED[name]:
        for found in named(name):
            (sentence,) = found.outcome(typed)
            assert name in sentence, (found.where, sentence)
        with pytest.raises(ValidationError):
            make_voice(**{name: typed}).full_clean()
