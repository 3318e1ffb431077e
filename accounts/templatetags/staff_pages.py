from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context

from accounts.middleware import seconds_left

register = template.Library()


@register.inclusion_tag("accounts/idle.html", takes_context=True)
def idle_warning(context: Context) -> dict[str, object]:
    """Return the template context for the idle warning; empty for anonymous users."""
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or user.is_anonymous:
        return {}
    return {
        "seconds": seconds_left(request.session),
        "warning": settings.STAFF_IDLE_WARNING_MINUTES * 60,
        "minutes": settings.STAFF_IDLE_MINUTES,
        "csrf_token": context.get("csrf_token"),
    }
