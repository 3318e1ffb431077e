from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from aaqi import health, views
from faq.pages.models import PageSlug
from faq.pages.views import page

urlpatterns = [
    path("", views.home, name="home"),
    *(path(f"{slug}/", page, {"slug": slug}, name=slug) for slug in PageSlug.values),
    path("", include("faq.urls")),
    path("voices/", include("voices.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

if settings.DEBUG:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
