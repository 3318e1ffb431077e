"""Forms to find people by details, by a whole email address, or by a part of one."""

import unicodedata
from typing import Any

import idna
from django import forms
from django.db import models

from core import addresses
from core.fields import EmailField, LineField
from core.folding import fold
from rankings.states import PLACES, PlaceSelect

# The fewest characters of an address that a search takes.
LEAST = 4
# Browsers must not offer other people's addresses and names again.
UNREMEMBERED = {"autocomplete": "off", "class": "vTextField"}


class AddressForm(forms.Form):
    """A whole email address. `email_key` is its canonical spelling."""

    email = EmailField(
        label="Email address",
        max_length=254,
        widget=forms.EmailInput(UNREMEMBERED),
        help_text="The whole address. Other spellings of the same mailbox are found, "
        "too. Each search is logged, without the address.",
    )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        try:
            self.email_key = addresses.canonical(email)
        except ValueError:
            raise forms.ValidationError("Enter a valid email address.") from None
        return email


class How(models.TextChoices):
    """Which part of an address is known."""

    START = "start", "Its beginning"
    DOMAIN = "domain", "Its domain: everything after the @"


class PartForm(forms.Form):
    """A part of an email address, and why somebody searches for it."""

    how = forms.ChoiceField(label="Known part", choices=How)
    part = LineField(
        label="Part",
        min_length=LEAST,
        max_length=254,
        widget=forms.TextInput(UNREMEMBERED),
        help_text=f"At least {LEAST} characters. A part in the middle of an address "
        "can’t be found.",
    )
    reason = LineField(
        max_length=200,
        widget=forms.TextInput(UNREMEMBERED),
        help_text="Logged with your name and the number of results. Please don’t write "
        "an address or a name here.",
    )

    def clean(self) -> None:
        super().clean()
        how, part = (self.cleaned_data.get(name) for name in ("how", "part"))
        if how and part:
            read = read_domain if how == How.DOMAIN else read_start
            try:
                self.cleaned_data["part"] = read(part)
            except forms.ValidationError as error:
                self.add_error("part", error)


def read_start(typed: str) -> str:
    """Return the beginning of an address in the spelling of canonical addresses."""
    start = unicodedata.normalize("NFKC", typed).casefold()
    if any(each.isspace() for each in start):
        raise forms.ValidationError("An address has no spaces.")
    return start


def read_domain(typed: str) -> str:
    """Return a domain in the spelling of canonical addresses."""
    try:
        domain = idna.encode(typed.lstrip("@").casefold(), uts46=True).decode()
    except idna.IDNAError:
        domain = ""
    if "." not in domain:
        raise forms.ValidationError("Enter a whole domain, such as example.com.")
    return domain


class Names(models.TextChoices):
    """Which names to search."""

    SHOWN = "shown", "Names as shown"
    FULL = "full", "Full names, also of people who aren’t shown"


class DetailsForm(forms.Form):
    """What is known of a person: a name, words of the statement, or a place."""

    name = LineField(
        required=False,
        max_length=100,
        widget=forms.TextInput(UNREMEMBERED),
        help_text="Words, or beginnings of words.",
    )
    names = forms.ChoiceField(label="Look in", required=False, choices=Names)
    words = LineField(
        label="Words of the statement",
        required=False,
        max_length=200,
        widget=forms.TextInput(UNREMEMBERED),
        help_text="Words, or beginnings of words, in any order. Those of the name "
        "count, too.",
    )
    city = LineField(
        label="City or town",
        required=False,
        max_length=80,
        widget=forms.TextInput(UNREMEMBERED),
        help_text="The whole name. Only together with a name or words, because cities "
        "have no index.",
    )
    state = forms.ChoiceField(
        required=False,
        choices=[("", "Any"), *PLACES.items()],
        widget=PlaceSelect,
        help_text="Alone, it lists its newest voices.",
    )

    def __init__(self, *args: Any, sees_full_names: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sees_full_names:
            del self.fields["names"]

    def clean_name(self) -> str:
        return searchable(self.cleaned_data["name"])

    def clean_words(self) -> str:
        return searchable(self.cleaned_data["words"])

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        given = self.cleaned_data
        if not any(given[name] for name in ("name", "words", "city", "state")):
            raise forms.ValidationError("Fill in at least one field.")
        if given.get("names") == Names.FULL and not given["name"]:
            self.add_error("name", "Enter a name to look for in the full names.")
        if given["city"] and not (given["name"] or given["words"]):
            self.add_error("city", "Enter a name or words, too.")


def searchable(text: str) -> str:
    if text and not fold(text).strip('" '):
        raise forms.ValidationError("Enter letters or digits.")
    return text
