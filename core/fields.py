"""Text form fields, which clean up pasted input before they validate it."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import models

from core.pasted import as_meant, clean
from core.plain_text import is_nothing, tidy_line, tidy_paragraphs, validate_name

# The most characters before the @ (RFC 5321, 4.5.3.1.1).
LONGEST_LOCAL_PART = 64
# Matches "Ana Cruz <ana@example.org>". The regex allows no @ in the local part, because
# backtracking over many @ signs would take minutes.
IN_BRACKETS = re.compile(r"[^<>]*<([^<>\s@]+@[^<>\s]+)>[\s,;]*")
AROUND_AN_ADDRESS = "\"'“”‘’«»<>()[]{},;:. \t\r\n"

# Keyboard attributes of fields with one exact spelling, usually the last of a form.
AS_TYPED = {"autocapitalize": "none", "spellcheck": "false", "enterkeyhint": "done"}
# Those of multiline fields.
PARAGRAPHS = {
    "autocapitalize": "sentences",
    "spellcheck": "true",
    "enterkeyhint": "enter",
}


class Pasted(forms.Field):
    """Base class of the fields that clean up pasted input."""

    line_end = " "
    # HTML attributes, such as those for phone keyboards. The widget's own take
    # precedence.
    keyboard: Mapping[str, str] = {}

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**self.keyboard, **widget.attrs, **super().widget_attrs(widget)}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = self.cleaned(value)
        return super().to_python(value)

    def cleaned(self, text: str) -> str:
        return clean(text, self.line_end)


class LineField(Pasted, forms.CharField):
    """A field for one line of text, in any writing system."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"dir": "auto"}


class TextField(LineField):
    """A field for multiline text."""

    line_end = "\n"


class TidyCharField(TextField):
    """A text field that cleans up its input, and then tidies it with `tidy`.

    If the field is optional, input such as "n/a" becomes "".
    """

    def __init__(
        self, *, tidy: Callable[[str], str] = tidy_line, **kwargs: Any
    ) -> None:
        self.tidy = tidy
        if tidy is tidy_paragraphs:
            self.keyboard = PARAGRAPHS
        else:
            self.line_end = " "
        super().__init__(strip=False, **kwargs)

    def cleaned(self, text: str) -> str:
        return super().cleaned(as_meant(super().cleaned(text)))

    def to_python(self, value: Any) -> Any:
        text = self.tidy(super().to_python(value))
        return "" if not self.required and is_nothing(text) else text


class NameField(TidyCharField):
    """A field for the name of the person who fills in the form."""

    default_validators = [validate_name]
    keyboard = {
        "autocomplete": "name",
        "autocapitalize": "words",
        "spellcheck": "false",
        "enterkeyhint": "next",
    }


class SlugField(Pasted, forms.SlugField):
    """A field for the part of a URL that identifies a page."""


class URLField(Pasted, forms.URLField):
    """A field for the URL of a page."""


def validate_address(address: str) -> None:
    """Validate an email address with more specific errors than Django's."""
    local, at, domain = address.rpartition("@")
    if at and local and domain and not local.isascii():
        raise ValidationError(
            "We can’t send email to an address with accents or letters other than a to "
            "z before the @. Please enter another address.",
            code="not_ascii",
        )
    if len(local) > LONGEST_LOCAL_PART:
        raise ValidationError(
            f"The part before the @ has {len(local)} characters; the limit is "
            f"{LONGEST_LOCAL_PART}. Please check the address.",
            code="local_too_long",
        )
    EmailValidator()(address)
    validate_mailable(local, domain)


def validate_mailable(local: str, domain: str) -> None:
    """Refuse addresses that Python can't write to an email header, or would misread."""
    if "=?" in local:
        raise ValidationError(
            "We can’t send email to an address with “=?” in it. Please enter another.",
            code="encoded_word",
        )
    try:
        idna.encode(domain, uts46=True)
    except idna.IDNAError:
        raise ValidationError(
            "The part after the @ can’t receive email. Please check the address.",
            code="domain",
        ) from None


class EmailField(Pasted, forms.EmailField):
    """A field for an email address.

    Also accepts "Ana <ana@example.org>" and "mailto:" links.
    """

    default_validators = [validate_address]
    keyboard = AS_TYPED

    def cleaned(self, text: str) -> str:
        # Keyboards for East Asian languages can produce full-width characters.
        text = unicodedata.normalize("NFKC", super().cleaned(text))
        if named := IN_BRACKETS.fullmatch(text):
            text = named[1]
        text = text.strip(AROUND_AN_ADDRESS)
        if text[:7].casefold() == "mailto:":
            text = text[7:].partition("?")[0]
        return as_mailed(text.strip(AROUND_AN_ADDRESS))


def as_mailed(address: str) -> str:
    """Return the address with its domain encoded in ASCII according to IDNA 2008.

    If the domain weren't ASCII, Python's email package would encode it according to
    IDNA 2003, which maps some different domains to the same domain. Then several
    addresses, each with its own rate limit, would reach the same mailbox. If the
    domain is invalid, the address is returned unchanged, and the validators refuse it.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


class CodeField(Pasted, forms.CharField):
    """A field for a code from an email or an app; accepts the digits of any script."""

    keyboard = AS_TYPED

    def cleaned(self, text: str) -> str:
        text = unicodedata.normalize("NFKC", super().cleaned(text))
        digits = (str(unicodedata.decimal(each, each)) for each in text)
        return re.sub(r"[\s‐‑–—.,-]", "", "".join(digits))


# The form fields that the admin uses for each kind of text field in a model.
ADMIN_FIELDS: dict[type[models.Field], dict[str, type[forms.Field]]] = {
    models.CharField: {"form_class": LineField},
    models.TextField: {"form_class": TextField},
    models.EmailField: {"form_class": EmailField},
    models.URLField: {"form_class": URLField},
    models.SlugField: {"form_class": SlugField},
}
