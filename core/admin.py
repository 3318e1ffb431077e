"""Base admin classes: for large tables, and for rows that staff can't add or delete."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property

from core.counts import count_up_to

# The type of the list that a model admin's `get_fields` returns.
type Fields = list[str | list[str] | tuple[str, ...]]

# A list with more rows than this isn't counted to the end. The list then shows only its
# first 1,000 and its last 1,000 rows.
MAX_LISTED = 1000
# PostgreSQL keeps the places of the rows with a word in this much memory, which is
# enough for a million. With less, it would keep only the pages that they are on, and
# fold the words of all rows on these pages again.
SEARCH_MEMORY = "64MB"
# For actions that are offered both on the list and on a row's page.
EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class EndsPaginator(Paginator):
    """Paginate a list from both ends: page 1 is the first, page -1 the last.

    Counting or skipping millions of rows takes seconds, so the paginator stops counting
    above MAX_LISTED, and offers only the pages of the first and last MAX_LISTED rows.
    Staff find the rows in between with filters and searches.
    """

    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        return count_up_to(MAX_LISTED, self.object_list)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MAX_LISTED // self.per_page)

    def page(self, number: float | str) -> Page:
        number, rows = int(number), self.object_list
        if number < 0 and self.count > MAX_LISTED:
            number, rows = -number, rows.reverse()
        top = self.validate_number(number) * self.per_page
        # Select only IDs, which PostgreSQL reads from an index on the filters' columns.
        ids = rows.values("pk")[top - self.per_page : top]
        return Page(self.object_list.filter(pk__in=ids), number, self)

    def get_elided_page_range(
        self,
        number: float | str = 1,
        *,
        on_each_side: int = 3,
        on_ends: int = 2,
    ) -> Iterator[Any]:
        number = int(number)
        pages: list[Any] = list(
            super().get_elided_page_range(
                abs(number), on_each_side=on_each_side, on_ends=on_ends
            )
        )
        if self.count <= MAX_LISTED:
            yield from pages
        elif number > 0:
            yield from [*pages, self.ELLIPSIS, -1]
        else:
            yield from [1, self.ELLIPSIS]
            yield from (
                -each if isinstance(each, int) else each for each in pages[::-1]
            )


class LargeList(ChangeList):
    """A changelist that staff can sort only by the columns in `sortable_by`.

    A search finds at most MAX_LISTED + 1 rows.
    """

    def get_ordering_field(self, field_name: Any) -> Any:
        # Django hides the sort links of other columns, but would still sort by those
        # columns if the query string says so.
        if field_name not in (self.sortable_by or ()):
            return None
        return super().get_ordering_field(field_name)

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet:
        if not self.query:
            return super().get_queryset(request, exclude_parameters)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL work_mem = '{SEARCH_MEMORY}'")
            found = super().get_queryset(request, exclude_parameters)
            # No index covers both the search and the order, so to sort, PostgreSQL
            # would read every match first. A common name can match a tenth of all rows.
            ids = list(found.order_by().values_list("pk", flat=True)[: MAX_LISTED + 1])
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=ids))
        # Always sort the found rows by ID. To sort by another column, PostgreSQL might
        # scan that column's whole index.
        return rows.order_by("-pk")


class LargeTable(admin.ModelAdmin):
    """Admin for a table that can have millions of rows.

    Each filter, and the column of each field in `sortable_by`, needs an index.
    """

    paginator = EndsPaginator
    sortable_by: ClassVar[tuple[str, ...]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LargeList]:
        return LargeList

    @property
    def most_found(self) -> int:
        """How many rows a search lists; for FoldedSearch."""
        return MAX_LISTED


class FixedRows(admin.ModelAdmin):
    """Admin for rows that staff can't add or delete; only the site's code can."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class OneRow(admin.ModelAdmin):
    """Admin for a table with at most one row, whose ID is the model's `ONLY`.

    Staff add the row once and never delete it.
    """

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.has_add_permission(request) and self.model._base_manager.exists():
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return redirect(name, self.model.ONLY)
        return super().add_view(request, form_url, extra_context)


class ReadOnly(FixedRows):
    """Admin for read-only rows, such as those of a log."""

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class ActionsOnly(FixedRows):
    """Admin for rows that staff handle with changelist actions and can't edit."""

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return obj is None and super().has_change_permission(request)
