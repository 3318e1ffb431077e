from django.urls import path, register_converter
from django.urls.converters import IntConverter

from voices.counts import views as counts
from voices.founding import views as founding
from voices.managing import views as managing
from voices.reports import views as reports
from voices.signing import views as signing
from voices.updates import views as updates
from voices.wall import feed
from voices.wall import views as wall


class TokenConverter:
    """Matches text that can be a signed token or a random ref.

    A URL with any other text gets a 404 without a database query.
    """

    regex = "[A-Za-z0-9_.:-]{1,300}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class NumberConverter(IntConverter):
    """Matches an ID without leading zeros, so each page is cached under one URL."""

    regex = "[1-9][0-9]*"


register_converter(TokenConverter, "token")
register_converter(NumberConverter, "number")

app_name = "voices"
urlpatterns = [
    path("", wall.wall, name="list"),
    path("counts.csv", counts.as_csv, name="counts-csv"),
    path("counts.json", counts.as_json, name="counts-json"),
    path("<number:pk>/", wall.detail, name="detail"),
    path("<number:pk>/card.png", wall.card, name="card"),
    path("<number:pk>/report/", reports.report, name="report"),
    path("feed/", feed.feed, name="feed"),
    path("founding/", founding.ask, name="founding"),
    path("founding/thank-you/", founding.thanks, name="founding-thanks"),
    path("report/thank-you/", reports.thanks, name="report-thanks"),
    path("add/", signing.add, name="add"),
    path("check-your-email/<token:ref>/", signing.check, name="check"),
    path("confirm/<token:token>/", signing.confirm, name="confirm"),
    path("not-me/<token:token>/", signing.not_me, name="not-me"),
    path("manage/", managing.ask, name="manage-ask"),
    path("manage/sent/", managing.sent, name="manage-sent"),
    path("manage/erased/", managing.erased, name="manage-erased"),
    path("manage/<token:token>/", managing.manage, name="manage"),
    path("manage/<token:token>/data/", managing.data, name="manage-data"),
    path(
        "manage/<token:token>/edit/<number:pk>/",
        managing.proposed_edit,
        name="manage-edit",
    ),
    path("new-address/<token:token>/", managing.new_address, name="new-address"),
    path("stop-repeats/<token:token>/", signing.stop_repeats, name="stop-repeats"),
    path("thank-you/", signing.thanks, name="thanks"),
    path("unsubscribe/<token:token>/", updates.unsubscribe, name="unsubscribe"),
]
