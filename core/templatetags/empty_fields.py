"""A filter that renders the fields of an empty form once per process."""

from collections.abc import Callable
from functools import cache

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def field_once(field: BoundField) -> SafeString:
    """Render a form's field; if nothing was typed into the form, from memory.

    Only for forms that need no arguments, and whose fields are always the same.
    """
    # In development, templates change while the process runs.
    if settings.DEBUG or field.form.is_bound or field.value() is not None:
        return render_field(field)
    form: Callable[[], BaseForm] = type(field.form)
    return render_empty(form, field.name)


@cache
def render_empty(form: Callable[[], BaseForm], name: str) -> SafeString:
    return render_field(form()[name])


def render_field(field: BoundField) -> SafeString:
    return render_to_string("aaqi/field.html", {"field": field})
