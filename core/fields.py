"""Form fields for text: each drops what a paste brings along before it checks."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import models
from django.utils.encoding import punycode

from core.pasted import as_meant, clean
from core.plain_text import is_nothing, tidy_line, tidy_paragraphs

# RFC 5321, 4.5.3.1.1.
LONGEST_LOCAL_PART = 64
# "Ana Cruz <ana@example.org>", "mailto:ana@example.org?subject=Hi", "ana@example.org,"
# The first part has no @ because backtracking over many would take minutes.
IN_BRACKETS = re.compile(r"[^<>]*<([^<>\s@]+@[^<>\s]+)>[\s,;]*")
AROUND_AN_ADDRESS = "\"'“”‘’«»<>()[]{},;:. \t\r\n"


class Pasted(forms.Field):
    """What any field with `clean` in front of its own checks does."""

    line_end = " "

    def to_python(self, value):
        if isinstance(value, str):
            value = self.cleaned(value)
        return super().to_python(value)

    def cleaned(self, text: str) -> str:
        return clean(text, self.line_end)


class LineField(Pasted, forms.CharField):
    """One line of text, in any writing system."""

    def widget_attrs(self, widget):
        return super().widget_attrs(widget) | {"dir": "auto"}


class TextField(LineField):
    """Text of many lines."""

    line_end = "\n"


class TidyCharField(TextField):
    """What people write, as they mean it: tidied, and empty for "n/a" if optional."""

    def __init__(self, *, tidy=tidy_line, **kwargs):
        self.tidy = tidy
        self.line_end = "\n" if tidy is tidy_paragraphs else " "
        super().__init__(strip=False, **kwargs)

    def cleaned(self, text):
        return super().cleaned(as_meant(super().cleaned(text)))

    def to_python(self, value):
        text = self.tidy(super().to_python(value))
        return "" if not self.required and is_nothing(text) else text


class SlugField(Pasted, forms.SlugField):
    """The part of an address that names a page."""


class URLField(Pasted, forms.URLField):
    """The address of a page."""


def validate_address(address: str) -> None:
    """Say what is wrong with an address where Django only says that something is."""
    local, at, domain = address.rpartition("@")
    if at and local and domain and not local.isascii():
        raise ValidationError(
            "We can’t send to an address with accents or letters other than a to z in "
            "front of the @. Please enter another address.",
            code="not_ascii",
        )
    if len(local) > LONGEST_LOCAL_PART:
        raise ValidationError(
            f"The part in front of the @ has {len(local)} characters; mail allows at "
            f"most {LONGEST_LOCAL_PART}. Please check the address.",
            code="local_too_long",
        )
    EmailValidator()(address)
    validate_mailable(local, domain)


def validate_mailable(local: str, domain: str) -> None:
    """Refuse what Python can't put into a mail, or reads as another address there."""
    if "=?" in local:
        raise ValidationError(
            "We can’t send to an address with “=?” in it. Please enter another.",
            code="encoded_word",
        )
    try:
        punycode(domain)
    except UnicodeError:
        raise ValidationError(
            "No mail can be sent to what is behind the @. Please check the address.",
            code="domain",
        ) from None


class EmailField(Pasted, forms.EmailField):
    """An email address, also as mail programs and address books copy it."""

    default_validators = [validate_address]

    def cleaned(self, text: str) -> str:
        # Full-width signs come from Asian keyboards.
        text = unicodedata.normalize("NFKC", super().cleaned(text))
        if named := IN_BRACKETS.fullmatch(text):
            text = named[1]
        text = text.strip(AROUND_AN_ADDRESS)
        if text[:7].casefold() == "mailto:":
            text = text[7:].partition("?")[0]
        return text.strip(AROUND_AN_ADDRESS)


class CodeField(Pasted, forms.CharField):
    """A code that people copy from a mail or an app, in any kind of digits."""

    def cleaned(self, text: str) -> str:
        text = unicodedata.normalize("NFKC", super().cleaned(text))
        digits = (str(unicodedata.decimal(each, each)) for each in text)
        return re.sub(r"[\s‐‑–—.,-]", "", "".join(digits))


# What the admin makes of the text columns of models.
ADMIN_FIELDS: dict[type[models.Field], dict[str, type[forms.Field]]] = {
    models.CharField: {"form_class": LineField},
    models.TextField: {"form_class": TextField},
    models.EmailField: {"form_class": EmailField},
    models.URLField: {"form_class": URLField},
    models.SlugField: {"form_class": SlugField},
}
