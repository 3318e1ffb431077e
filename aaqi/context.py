from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest | None) -> dict[str, object]:
    """Return variables for every template.

    `request` is None for the pages that `manage.py publish` writes to files.
    """
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "operator_name": settings.OPERATOR_NAME,
        "operator_url": settings.OPERATOR_URL,
        "contact_email": settings.CONTACT_EMAIL,
        "signing_open": settings.SIGNING_OPEN,
        "is_public_page": is_public_page(request),
    }


def is_public_page(request: HttpRequest | None) -> bool:
    """Return whether the view is decorated with `public_page` (core/public.py).

    Returns False if `request` is None.
    """
    match = request.resolver_match if request else None
    return match is not None and hasattr(match.func, "shows")
