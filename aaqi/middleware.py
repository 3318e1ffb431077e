"""What holds for every request and response."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers


class RequestLimits:
    """Answer 413 to a body over the limit before anything reads it.

    Django itself would answer 400, late and without a word about the size. A body
    sent in a charset other than UTF-8 is refused too: Django would decode it with
    whatever codec the sender names.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length > limit:
            return self.too_big(request)
        charset = request.content_params.get("charset", "utf-8").lower()
        if charset not in {"utf-8", "utf8"}:
            return render(request, "400.html", status=400)
        return self.get_response(request)

    def process_exception(self, request, exception):
        # A chunked body has no length to look at beforehand.
        if isinstance(exception, RequestDataTooBig):
            return self.too_big(request)
        return None

    def too_big(self, request) -> HttpResponse:
        return render(request, "413.html", status=413)


class NoStoreByDefault:
    """Let nobody keep a page that does not say it may be kept.

    Public pages say so with `cache_control(**settings.PUBLIC_PAGE)`; all others, with
    a form, a token or a reader's own data on them, are `no-store`. A public page that
    went wrong is not kept either.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not response.has_header("Cache-Control") or response.status_code >= 400:
            del response["Cache-Control"]
            del response["ETag"]
            add_never_cache_headers(response)
        return response
