"""How a card is sent: like a public page, and also to be shown on other sites."""

from django.http import HttpResponse
from django.shortcuts import render

RETRY_SECONDS = 5


def card_response(png: bytes) -> HttpResponse:
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(png, content_type="image/png", headers=headers)


def busy_response(request) -> HttpResponse:
    """Say when a card may be asked for again."""
    response = render(request, "503.html", status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response
