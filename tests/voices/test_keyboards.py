"""What the fields of the public forms tell phone keyboards and autofill."""

from django import forms
from django.urls import get_resolver

from core.fields import CodeField, EmailField, NameField
from voices.signing.forms import SignForm

ATTRIBUTES = ("autocapitalize", "spellcheck", "enterkeyhint")
FOR_STAFF = tuple(
    f"voices.{room}" for room in ("finding", "invalidation", "moderation", "review")
)
EXACT = ("none", "false", {"next", "done"})


def kinds(form):
    return [kind for sub in form.__subclasses__() for kind in (sub, *kinds(sub))]


def public_fields(kind):
    """Return the fields of this kind in all forms for the public, by where they are."""
    # Loading the URLs imports all forms.
    assert get_resolver().url_patterns
    return {
        f"{form.__module__}.{form.__name__}.{name}": field
        for form in kinds(forms.BaseForm)
        if form.__module__.startswith("voices.")
        and form.__module__.endswith(".forms")
        and not form.__module__.startswith(FOR_STAFF)
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, kind) and not field.widget.is_hidden
    }


def wrong(kind, capitals, spelling, enter):
    found = {
        where: tuple(field.widget.attrs.get(name) for name in ATTRIBUTES)
        for where, field in public_fields(kind).items()
    }
    assert found
    return {
        where: attrs
        for where, attrs in found.items()
        if attrs[:2] != (capitals, spelling) or attrs[2] not in enter
    }


def test_addresses_and_codes_are_not_corrected():
    assert wrong(EmailField, *EXACT) == {}
    assert wrong(CodeField, *EXACT) == {}


def test_names_get_capitals_and_no_spell_check():
    assert wrong(NameField, "words", "false", {"next"}) == {}
    assert all(where.endswith(".name") for where in public_fields(NameField))


def test_statements_are_spell_checked():
    boxes = {
        where: field
        for where, field in public_fields(forms.CharField).items()
        if isinstance(field.widget, forms.Textarea)
    }
    found = {
        tuple(field.widget.attrs.get(name) for name in ATTRIBUTES)
        for field in boxes.values()
    }

    assert len(boxes) >= 6
    assert found == {("sentences", "true", "enter")}


def test_every_field_for_a_line_says_what_keyboards_should_do():
    silent = {
        where
        for where, field in public_fields(forms.CharField).items()
        if not set(ATTRIBUTES) <= field.widget.attrs.keys()
    }

    assert silent == set()


def test_a_person_is_filled_in_and_a_job_title_is_not():
    found = {
        name: SignForm.base_fields[name].widget.attrs["autocomplete"]
        for name in ("name", "email", "city", "state", "profession")
    }

    assert found == {
        "name": "name",
        "email": "email",
        "city": "address-level2",
        "state": "address-level1",
        "profession": "off",
    }


def test_own_words_of_a_field_win():
    field = EmailField(widget=forms.EmailInput({"enterkeyhint": "next"}))

    assert field.widget.attrs["enterkeyhint"] == "next"
    assert field.widget.attrs["autocapitalize"] == "none"
