from django.conf import settings

from voices.signing.views import read_source


def site(request):
    """What every page may say of the site; `request` is None for a page in a file."""
    source = read_source(request) if request else ""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "contact_email": settings.CONTACT_EMAIL,
        "signing_open": settings.SIGNING_OPEN,
        # Behind the addresses of the form: where the link stood that led here.
        "source_query": f"?from={source}" if source else "",
    }
