from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from rankings.models import Edition


class EditionFilter(admin.SimpleListFilter):
    """Filter by edition. The default is the newest edition, which may be a draft."""

    title = "edition"
    parameter_name = "edition"
    path = "edition"

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: ModelAdmin,
    ) -> None:
        self.editions = {str(each.pk): each for each in Edition.objects.all()}
        super().__init__(request, params, model, model_admin)

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [
            (pk, f"{edition}{'' if edition.is_published else ', draft'}")
            for pk, edition in self.editions.items()
        ]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def value(self) -> str | None:
        chosen = super().value()
        return chosen if chosen in self.editions else next(iter(self.editions), None)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return (
            queryset.filter(**{self.path: self.value()}) if self.editions else queryset
        )

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        # Skip the “All” that Django puts first.
        return islice(super().choices(changelist), 1, None)


class CitationEditionFilter(EditionFilter):
    path = "assessment__edition"
