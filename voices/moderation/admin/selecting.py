"""Which voices of an admin list a moderator selected, as a signed text in a URL."""

from copy import copy
from datetime import datetime
from typing import Any, NamedTuple, Self, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core import signing
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from core.admin import LargeList
from voices.moderation import decide
from voices.wall.models import VoiceQuerySet

SALT = "voices.selection"


class FiltersOnly(LargeList):
    """A changelist that applies its filters and search, and fetches no rows."""

    def get_results(self, request: HttpRequest) -> None:
        pass


class Selection(NamedTuple):
    """Rows of a list, or all that match the list's filters, as of a time.

    Thousands of IDs fit into no URL. So if `ids` is empty, all rows of the list with
    the query string `query` are selected.
    """

    model_name: str
    ids: list[int]
    query: str
    # When the moderator read the list, in ISO format.
    at: str

    @classmethod
    def read(cls, token: str) -> Self:
        """Raises BadRequest if the text isn't one that `sign` returned."""
        try:
            return cls(*signing.loads(token, salt=SALT))
        except signing.BadSignature:
            raise BadRequest("The selection is not one of ours.") from None

    def sign(self) -> str:
        return signing.dumps(self, salt=SALT, compress=True)

    @property
    def filters(self) -> str:
        """The list's query string without the page, which may be gone by now."""
        query = QueryDict(self.query, mutable=True)
        query.pop(PAGE_VAR, None)
        return query.urlencode()

    @property
    def is_search(self) -> bool:
        return not self.ids and bool(QueryDict(self.query).get("q"))

    def voices(self, request: HttpRequest, own: ModelAdmin) -> VoiceQuerySet:
        """Return the selected rows of the model admin's list, as they are now.

        Voices that entered the review queue after the list was read are left out.
        """
        if self.model_name != own.opts.model_name:
            raise BadRequest("The selection is of another list.")
        if self.ids:
            found = own.get_queryset(request).filter(pk__in=self.ids)
        else:
            found = self.filtered(request, own)
        at = datetime.fromisoformat(self.at)
        return decide.unchanged_since(cast(VoiceQuerySet, found), at)

    def filtered(self, request: HttpRequest, own: ModelAdmin) -> QuerySet:
        asked = cast(Any, copy(request))
        asked.GET = QueryDict(self.query)
        try:
            return FiltersOnly(
                asked,
                own.model,
                list_display=own.list_display,
                list_display_links=(),
                list_filter=own.get_list_filter(asked),
                date_hierarchy=None,
                search_fields=own.get_search_fields(asked),
                list_select_related=False,
                list_per_page=own.list_per_page,
                list_max_show_all=own.list_max_show_all,
                list_editable=(),
                model_admin=own,
                sortable_by=(),
                search_help_text=None,
            ).queryset
        except IncorrectLookupParameters:
            raise BadRequest("The list has no such filter.") from None
