from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from voices.letters.updates import unsubscribing
from voices.signatures.models import Signature


# CSRF-exempt, because mail programs post here without a cookie (RFC 8058). A forged
# request would need the token, and anyone with the token can press the button anyway.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """On POST, unsubscribe the signer whom the token identifies. On GET, only ask."""
    try:
        pk = int(unsubscribing.unsign(token))
    except (BadSignature, ValueError):
        context = {"state": "unknown"}
        return render(request, "voices/unsubscribe.html", context, status=404)
    if request.method != "POST":
        return render(request, "voices/unsubscribe.html", {"state": "ask"})
    Signature.objects.filter(pk=pk).update(updates=False)
    return render(request, "voices/unsubscribe.html", {"state": "done"})
