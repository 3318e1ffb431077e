"""The content policy of pages with a QR code, which is a picture in the page."""

from django.conf import settings
from django.utils.csp import CSP

WITH_QR_CODE = settings.SECURE_CSP | {"img-src": [CSP.SELF, "data:"]}
