"""The baseline of the benchmark: Django and PostgreSQL without the site's code."""

from collections.abc import Callable
from functools import cache
from typing import cast

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.backends.django import DjangoTemplates, Template
from django.test.utils import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from voices.models import Voice

TABLE = """
    CREATE TABLE IF NOT EXISTS bare_form (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text, email text, city text, state text, statement text,
        sent_at timestamptz DEFAULT now()
    )
"""
INSERT = """
    INSERT INTO bare_form (name, email, city, state, statement)
    VALUES (%s, %s, %s, %s, %s)
"""
FIELDS = ["name", "email", "city", "state", "statement"]
LIST = """<!doctype html><title>Voices</title>
{% for voice in voices %}
  <p>{{ voice.statement }}</p><p>{{ voice.name }}</p>
{% endfor %}"""
ROWS = 36


@cache
def list_template() -> Template:
    return cast(DjangoTemplates, engines["django"]).from_string(LIST)


def text(request: HttpRequest) -> HttpResponse:
    """A constant response of the requested size."""
    return HttpResponse(b"x" * int(request.GET["bytes"]))


def rows(request: HttpRequest) -> HttpResponse:
    """One query and one loop, the minimum for any list."""
    voices = Voice.objects.on_the_wall().newest_first()[:ROWS]
    return HttpResponse(list_template().render({"voices": voices}, request))


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """One committed INSERT of a form's fields."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [request.POST[field] for field in FIELDS])
    return HttpResponseRedirect("/")


urlpatterns = [
    path("text", text),
    path("rows", rows),
    path("insert", insert),
]


def only_bare_views(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return get_response(request)

    return middleware


def application() -> WSGIHandler:
    """Return a WSGI handler with these views and no middleware."""
    with override_settings(MIDDLEWARE=[f"{__name__}.only_bare_views"]):
        return WSGIHandler()
