"""The ranked states (with DC), and the other places where signers can live."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.folding import fold

# Postal code → name, for the 50 states and the District of Columbia.
JURISDICTIONS = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "DC": "District of Columbia",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
}

# Places that aren't ranked, but where signers can live.
ELSEWHERE = {
    "PR": "Puerto Rico",
    "GU": "Guam",
    "VI": "U.S. Virgin Islands",
    "AS": "American Samoa",
    "MP": "Northern Mariana Islands",
    "AA": "Military or abroad",
}

PLACES = JURISDICTIONS | ELSEWHERE
# Places whose names read differently in a sentence.
IN_SENTENCE = {
    "DC": "the District of Columbia",
    "VI": "the U.S. Virgin Islands",
    "MP": "the Northern Mariana Islands",
    "AA": "the military or abroad",
}

# Alternative name of a place, normalized by `letters` → the place's code.
OTHER_NAMES = {
    # Besides AA, the Postal Service has the military codes AE and AP.
    **dict.fromkeys(["ae", "ap", "military", "abroad", "overseas"], "AA"),
    **dict.fromkeys(["apo", "fpo", "dpo"], "AA"),
    **{f"armedforces{where}": "AA" for where in ("", "americas", "europe", "pacific")},
    **dict.fromkeys(["washingtondc", "thedistrictofcolumbia"], "DC"),
    **dict.fromkeys(["virginislands", "usvi", "virginislandsus"], "VI"),
    "cnmi": "MP",
}


def in_sentence(code: str) -> str:
    """Return a place's name as it reads after "in" or "from"."""
    return IN_SENTENCE.get(code, PLACES[code])


def letters(text: str) -> str:
    return re.sub("[^a-z]", "", fold(text))


CODES = {
    **{letters(name): code for code, name in PLACES.items()},
    **{code.lower(): code for code in PLACES},
    **OTHER_NAMES,
}


def read_place(text: str) -> str:
    """Return the code of the place that `text` names, such as "ohio" or "D.C.".

    If `text` names no place, return it unchanged.
    """
    return CODES.get(letters(text), text)


# Keep the cache small, because `value` can be any text.
@lru_cache(maxsize=100)
def options_html(choices: tuple[tuple[str, str], ...], value: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (code, mark_safe(" selected") if code == value else "", name)
            for code, name in choices
        ),
    )


class PlaceSelect(forms.Select):
    """A select of places.

    The submitted value may also be a name of the place, such as "ohio" or "D.C.".
    """

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        """Render without templates. Django would render a template for each option."""
        attrs = self.build_attrs(self.attrs, {"name": name, **(attrs or {})})
        options = options_html(tuple(self.choices), str(value or ""))
        return format_html("<select{}>{}</select>", flatatt(attrs), options)

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict, name: str
    ) -> str:
        return read_place(super().value_from_datadict(data, files, name) or "")


# State code → the state's slug in URLs; BY_SLUG is the reverse.
SLUGS = {code: name.lower().replace(" ", "-") for code, name in JURISDICTIONS.items()}
BY_SLUG = {slug: code for code, slug in SLUGS.items()}
