from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from voices.moderation.models import Reason
from voices.monthly.shown import months


@require_safe
@public_page(shows=[Content.MODERATION])
def how_we_moderate(request: HttpRequest) -> HttpResponse:
    """Show the rules of moderation in words, and its figures by month."""
    reasons = list(Reason.objects.filter(active=True))
    context = {
        "reasons": reasons,
        "months": months(reason.label for reason in reasons),
        "undo_minutes": settings.UNDO_MINUTES,
    }
    return render(request, "voices/how_we_moderate.html", context)
