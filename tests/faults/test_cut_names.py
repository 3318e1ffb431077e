"""Names cut for display never show more of the surname than its initial."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.signatures.models import NameDisplay, shown_name
from voices.signatures.names import GENERATIONS, SUFFIXES, TITLES

# Each name, its "first name and last initial", and its "first name only".
NAMES = {
    "Ana Cruz": ("Ana C.", "Ana"),
    "Ana": ("Ana", "Ana"),
    "Martin Cruz Jr.": ("Martin C.", "Martin"),
    "Martin Cruz, Jr.": ("Martin C.", "Martin"),
    "Martin Cruz III": ("Martin C.", "Martin"),
    "Ana Reyes Cruz, RN": ("Ana C.", "Ana"),
    "Ana Cruz, Ph.D., LCSW": ("Ana C.", "Ana"),
    "Ana Cruz M.D.": ("Ana C.", "Ana"),
    "Ana Cruz RN BSN": ("Ana C.", "Ana"),
    "Dr. Ana Cruz": ("Ana C.", "Ana"),
    "Dr.Ana Cruz": ("Ana C.", "Ana"),
    "The Rev. Dr. Ana Cruz": ("Ana C.", "Ana"),
    "Sgt. Ana Cruz (Ret.)": ("Ana C.", "Ana"),
    "Cruz, Ana": ("Ana C.", "Ana"),
    "CRUZ, ANA": ("ANA C.", "ANA"),
    "Cruz,Ana": ("Ana C.", "Ana"),
    "Cruz, Dr. Ana": ("Ana C.", "Ana"),
    "Cruz, Ana M., RN": ("Ana C.", "Ana"),
    "Cruz, Jr., Martin": ("Martin C.", "Martin"),
    "de la Cruz, Ana": ("Ana C.", "Ana"),
    "Ana de la Cruz": ("Ana C.", "Ana"),
    "Ana van der Berg": ("Ana B.", "Ana"),
    "Ana-María O’Neil": ("Ana-María O.", "Ana-María"),
    "Ana Reyes-Cruz": ("Ana R.", "Ana"),
    "Shea O'Brien": ("Shea O.", "Shea"),
    "D'Angelo Cruz": ("D'Angelo C.", "D'Angelo"),
    "J. R. R. Cruz": ("J. C.", "J."),
    "J.R. Cruz": ("J.R. C.", "J.R."),
    "Ana “Annie” Cruz": ("Ana C.", "Ana"),
    "“Annie” Cruz": ("Annie C.", "Annie"),
    "Ana/Cruz": ("Ana C.", "Ana"),
    "Ana_Cruz": ("Ana C.", "Ana"),
    "Ana.Cruz": ("Ana C.", "Ana"),
    "Ana (Cruz)": ("Ana C.", "Ana"),
    "Ana & Ben Cruz": ("Ana C.", "Ana"),
    "Anh Do": ("Anh D.", "Anh"),
    "Yo-Yo Ma": ("Yo-Yo M.", "Yo-Yo"),
    "अनी क्रूज़": ("अनी क.", "अनी"),
    "آنا کروز": ("آنا ک.", "آنا"),
    "Ана Круз": ("Ана К.", "Ана"),
    # The only name left may be a surname.
    "Dr. Cruz": ("C.", "C."),
    "Mrs. Cruz, RN": ("C.", "C."),
    "Cruz Jr.": ("C.", "C."),
    "Cruz, MD": ("C.", "C."),
    "Major Cruz": ("C.", "C."),
    "Mr.": ("M.", "M."),
    # In these scripts, the surname comes first.
    "李小龍": ("龍", "龍"),
    "김 민준": ("민준", "민준"),
    "田中 太郎": ("太郎", "太郎"),
    "アナ・クルス": ("アナ ク.", "アナ"),
}
GIVEN = ["Ana", "Ben", "María José", "J.", "Ana-María", "Zoë", "Ми́ла"]
SURNAMES = ["Cruz", "O'Brien", "Reyes-Cruz", "Nguyen", "Ōe", "Круз"]
PARTICLES = ["", "van der ", "de la ", "von ", "al-", "O’"]
BEHIND = sorted(SUFFIXES - GENERATIONS)


@pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=NAMES)
def test_a_name_is_cut(name, shown):
    assert (
        shown_name(name, NameDisplay.INITIAL),
        shown_name(name, NameDisplay.FIRST),
    ) == shown


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_name_can_be_cut_again(name):
    initial = shown_name(name, NameDisplay.INITIAL)
    if not initial.endswith(("龍", "민준", "太郎")):
        first = shown_name(name, NameDisplay.FIRST)
        assert shown_name(initial, NameDisplay.FIRST) == first


@given(st.data())
def test_no_surname_is_shown_beyond_its_initial(data):
    def one_of(*choices):
        return data.draw(st.sampled_from(choices))

    given, surname = one_of(*GIVEN), one_of(*PARTICLES) + one_of(*SURNAMES)
    title = one_of("", *sorted(TITLES)).capitalize() + one_of("", ".") + " "
    suffix = data.draw(st.lists(st.sampled_from(BEHIND), max_size=3))
    ending = "".join(
        one_of(" ", ", ") + one_of(each.upper(), f"{each.upper()}.") for each in suffix
    )
    ending = one_of("", " Jr.", ", Sr.", " III", " jr") + ending
    name = one_of(
        f"{title}{given} {surname}{ending}",
        f"{surname}, {title}{given}{ending}",
        f"{title}{surname}{ending}"
        if title.strip(" .")
        else f"{surname}{ending}, {given}",
    )

    for display in (NameDisplay.INITIAL, NameDisplay.FIRST):
        shown = shown_name(name.strip(), display)
        told = set(re.findall(r"[^\W\d_]{2,}", shown))
        assert not told & set(re.findall(r"[^\W\d_]{2,}", surname)), (name, shown)
        assert shown


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_something_of_a_name_is_always_shown(text):
    name = f"{text}a"

    for display in (NameDisplay.INITIAL, NameDisplay.FIRST):
        assert any(map(str.isalpha, shown_name(name, display))), name
