from django.conf import settings


def site(request):
    """What every page may say of the site."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "contact_email": settings.CONTACT_EMAIL,
        "signing_open": settings.SIGNING_OPEN,
    }
