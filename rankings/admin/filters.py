from django.contrib import admin

from rankings.models import Edition


class EditionFilter(admin.SimpleListFilter):
    """One edition at a time, by default the newest, including drafts."""

    title = "edition"
    parameter_name = "edition"
    path = "edition"

    def __init__(self, request, params, model, model_admin):
        self.editions = {str(each.pk): each for each in Edition.objects.all()}
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        return [
            (pk, f"{edition}{'' if edition.is_published else ', draft'}")
            for pk, edition in self.editions.items()
        ]

    def has_output(self):
        return len(self.lookup_choices) > 1

    def value(self):
        chosen = super().value()
        return chosen if chosen in self.editions else next(iter(self.editions), None)

    def queryset(self, request, queryset):
        return (
            queryset.filter(**{self.path: self.value()}) if self.editions else queryset
        )

    def choices(self, changelist):
        # Without the “All” that Django puts first.
        return list(super().choices(changelist))[1:]


class CitationEditionFilter(EditionFilter):
    path = "assessment__edition"
