"""Responses with a share card, which other sites may embed, and 503 responses."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

RETRY_SECONDS = 5


def card_response(png: bytes) -> HttpResponse:
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(png, content_type="image/png", headers=headers)


def busy_response(
    request: HttpRequest,
    template: str = "503.html",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Return a 503 response with a Retry-After header."""
    response = render(request, template, context, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response
