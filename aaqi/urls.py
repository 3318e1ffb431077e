from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from aaqi import searching, sharing, sitemaps, views
from faq.pages.models import PageSlug
from faq.pages.views import page
from operations import health
from voices.monthly.views import how_we_moderate
from voices.ranking_errors import views as ranking_errors
from voices.tags import posters

handler500 = views.server_error

urlpatterns = [
    path("", views.home, name="home"),
    *(path(f"{slug}/", page, {"slug": slug}, name=slug) for slug in PageSlug.values),
    path("how-we-moderate/", how_we_moderate, name="how-we-moderate"),
    path("search/", searching.search_site, name="search"),
    path("share/", sharing.share, name="share"),
    *(
        path(f"share/{kind}/", posters.poster, {"kind": kind}, name=f"poster-{kind}")
        for kind in posters.POSTERS
    ),
    path("embed/", sharing.embed, name="embed"),
    path("card.png", sharing.card, name="card"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap/<slug:name>.xml", sitemaps.section, name="sitemap-section"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon),
    path("", include("faq.urls")),
    path("voices/", include("voices.urls")),
    # In the voices app, because the form uses that app's spam checks and rate limits.
    path("rankings/report/", ranking_errors.report, name="rankings-report"),
    path(
        "rankings/report/thank-you/",
        ranking_errors.thanks,
        name="rankings-report-thanks",
    ),
    path("rankings/", include("rankings.urls")),
    path("admin/", admin.site.urls),
    path(".well-known/security.txt", views.security_txt, name="security-txt"),
    path("accounts/", include("accounts.urls")),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

if settings.DEBUG:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
