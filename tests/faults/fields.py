"""Finds every text field that people can type into, by inspecting the forms."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from allauth.core import context
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError
from django.urls import get_resolver
from django.utils.module_loading import import_string

from tests.factories import make_staff
from tests.pages import superuser_request

OURS = ("aaqi.", "voices.", "faq.", "rankings.")
# Every field accepts at least one of these.
SAMPLES = (
    *("Ana Cruz", "ana@example.org", "https://example.org/page", "a-slug"),
    *("123456", "2019", "192.0.2.0/24", "example.org", "A", "{}"),
)


class Found(NamedTuple):
    """A field, and the form that it is in."""

    where: str
    field: forms.CharField

    def outcome(self, text: str):
        """Return the cleaned text, or the list of error messages."""
        try:
            return self.field.clean(text)
        except ValidationError as error:
            return error.messages

    @property
    def has_lines(self) -> bool:
        return getattr(self.field, "line_end", "") == "\n"

    @property
    def sample(self) -> str:
        return next(each for each in SAMPLES if self.takes(each))

    def takes(self, text: str) -> bool:
        return isinstance(self.outcome(text), str)

    def shows(self, text: str) -> bool:
        """Whether it accepts exactly these words, ignoring whitespace."""
        return self.takes(text) and self.outcome(text).split() == text.split()


@cache
def text_fields() -> list[Found]:
    """Return the text fields of all forms: public, of accounts, and of the admin."""
    # Loading the URLs imports all forms.
    assert get_resolver().url_patterns
    found = {
        f"{form.__module__}.{form.__qualname__}.{name}": field
        for form, fields in all_forms()
        for name, field in fields.items()
        if isinstance(field, forms.CharField) and is_typed(field)
    }
    return [Found(where, field) for where, field in found.items()]


def is_typed(field: forms.Field) -> bool:
    """Whether people see it; passwords are excluded because they are never cleaned."""
    widget = field.widget
    return not widget.is_hidden and not isinstance(widget, forms.PasswordInput)


def all_forms() -> Iterator[tuple[type[forms.BaseForm], dict]]:
    for form in subclasses(forms.BaseForm):
        if form.__module__.startswith(OURS):
            yield form, getattr(form, "base_fields", {})
    for path in {*settings.ACCOUNT_FORMS.values(), *settings.MFA_FORMS.values()}:
        # These create their fields when instantiated.
        yield import_string(path), made(import_string(path)).fields
    yield from admin_forms()


def subclasses(cls: type) -> Iterator[type]:
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def made(form: type) -> forms.BaseForm:
    request = superuser_request()
    request.session = SessionStore()
    with context.request_context(request):
        try:
            return form()
        except (KeyError, TypeError):
            return form(user=make_staff(f"with-{form.__name__}"))


def admin_forms() -> Iterator[tuple[type[forms.BaseForm], dict]]:
    request = superuser_request()
    for model_admin in admin.site._registry.values():
        # Some models are only changed in the admin, never added.
        row = None
        if not model_admin.has_add_permission(request):
            row = model_admin.model()
        form = model_admin.get_form(request, row, change=row is not None)
        yield renamed(form, model_admin), form.base_fields
        for inline in model_admin.get_inline_instances(request):
            form = inline.get_formset(request).form
            yield renamed(form, inline), form.base_fields


def renamed(form, model_admin):
    return type(type(model_admin).__name__, (), {"__module__": "admin"})
