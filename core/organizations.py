"""Describe the organizations behind the site as schema.org structured data."""

from django.conf import settings
from django.templatetags.static import static


def organization() -> dict:
    """Return the structured data of the site's own organization."""
    return {
        "@type": "Organization",
        "name": settings.SITE_NAME,
        "alternateName": "AAQI",
        "url": f"{settings.SITE_URL}/",
        "logo": settings.SITE_URL + static("icon-512.png"),
        "email": settings.CONTACT_EMAIL,
        "parentOrganization": operator(),
    }


def operator() -> dict:
    """Return the structured data of the organization that runs the site."""
    link = {"url": settings.OPERATOR_URL} if settings.OPERATOR_URL else {}
    return {"@type": "Organization", "name": settings.OPERATOR_NAME, **link}
