"""CSP for pages with a QR code, which is inlined as a data: URL."""

from django.conf import settings
from django.utils.csp import CSP

WITH_QR_CODE = settings.SECURE_CSP | {"img-src": [CSP.SELF, "data:"]}
