"""The list of states: the ranked jurisdictions, and where else signers live."""

import re

from django import forms

from core.folding import fold

# USPS code → name, of the fifty states and the District of Columbia.
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

# Places that are not ranked, where people sign all the same.
ELSEWHERE = {
    "PR": "Puerto Rico",
    "GU": "Guam",
    "VI": "U.S. Virgin Islands",
    "AS": "American Samoa",
    "MP": "Northern Mariana Islands",
    "AA": "Military or abroad",
}

PLACES = JURISDICTIONS | ELSEWHERE

# Other ways to name a place, as `letters` leaves them.
OTHER_NAMES = {
    # The two that the mail has besides AA.
    **dict.fromkeys(["ae", "ap", "military", "abroad", "overseas"], "AA"),
    **dict.fromkeys(["apo", "fpo", "dpo"], "AA"),
    **{f"armedforces{where}": "AA" for where in ("", "americas", "europe", "pacific")},
    **dict.fromkeys(["washingtondc", "thedistrictofcolumbia"], "DC"),
    **dict.fromkeys(["virginislands", "usvi", "virginislandsus"], "VI"),
    "cnmi": "MP",
}


def letters(text: str) -> str:
    return re.sub("[^a-z]", "", fold(text))


CODES = {
    **{letters(name): code for code, name in PLACES.items()},
    **{code.lower(): code for code in PLACES},
    **OTHER_NAMES,
}


def read_place(text: str) -> str:
    """Return the code of the place that is meant, as in "ohio", "D.C." or "AE".

    What means no place is returned as it is.
    """
    return CODES.get(letters(text), text)


class PlaceSelect(forms.Select):
    """A list of places that also takes other names of them."""

    def value_from_datadict(self, data, files, name):
        return read_place(super().value_from_datadict(data, files, name) or "")


# USPS code → the word for the state in the addresses of its pages, and back.
SLUGS = {code: name.lower().replace(" ", "-") for code, name in JURISDICTIONS.items()}
BY_SLUG = {slug: code for code, slug in SLUGS.items()}
