from datetime import date

from django.urls import path, register_converter

from rankings import feed, files, views


class DateConverter:
    """Match dates such as `2026-11-22`, but not `2026-02-30`, which doesn't exist."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(DateConverter, "date")

app_name = "rankings"
urlpatterns = [
    path("", views.rankings, name="list"),
    path("compare/", views.compare, name="compare"),
    path("methodology/", views.methodology, name="methodology"),
    path("changes/", views.changes, name="changes"),
    path("changes/feed/", feed.feed, name="changes-feed"),
    path("data.csv", files.data_csv, name="data-csv"),
    path("data.json", files.data_json, name="data-json"),
    path("editions/<date:date>/", views.edition, name="edition"),
    path("editions/<date:date>/data.csv", files.data_csv, name="edition-csv"),
    path("editions/<date:date>/data.json", files.data_json, name="edition-json"),
    path(
        "editions/<date:date>/methodology/",
        views.methodology,
        name="edition-methodology",
    ),
    path(
        "editions/<date:date>/<slug:slug>/", views.edition_state, name="edition-state"
    ),
    path("<slug:slug>/", views.state, name="state"),
    path("<slug:slug>/card.png", views.card, name="card"),
]
