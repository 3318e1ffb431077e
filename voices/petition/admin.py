from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.http import HttpRequest

from core.admin import Fields, ReadOnly
from core.fields import TidyCharField
from core.plain_text import validate_one_line, validate_plain_text
from voices.petition.models import LAWMAKERS, Petition


class PetitionForm(forms.ModelForm):
    """A form for a new version of the petition, prefilled with the current version."""

    to_congress = TidyCharField(
        label="First sentence",
        max_length=300,
        validators=[validate_one_line, validate_plain_text],
        widget=AdminTextareaWidget({"rows": 3}),
    )
    to_lawmakers = TidyCharField(
        label="Second sentence",
        max_length=300,
        validators=[validate_one_line, validate_plain_text],
        help_text=f"{LAWMAKERS} becomes “my state’s lawmakers”, “the D.C. Council”, "
        "or “my legislature”. People abroad sign the first sentence only.",
        widget=AdminTextareaWidget({"rows": 3}),
    )
    asks_something_else = forms.TypedChoiceField(
        label="What changes",
        choices={
            "": "Choose",
            "no": "Only the wording, such as a typo: keep counting",
            "yes": "What is asked for: start a new count at zero",
        },
        coerce=lambda choice: choice == "yes",
        help_text="Everyone who has signed so far agreed to earlier words. A new count "
        "leaves them out, and every page with a total says so. You can’t undo this.",
    )


@admin.register(Petition)
class PetitionAdmin(ReadOnly):
    """The versions of the petition. To change the petition, staff add a version."""

    form = PetitionForm
    list_display = ["__str__", "at", "series", "to_congress", "to_lawmakers"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: Petition | None = None) -> Fields:
        words: Fields = ["to_congress", "to_lawmakers"]
        return [*words, *(["series", "at"] if obj else ["asks_something_else"])]

    def get_changeform_initial_data(
        self, request: HttpRequest
    ) -> dict[str, str | list[str]]:
        current = Petition.objects.current()
        words: dict[str, str | list[str]] = {
            "to_congress": current.to_congress,
            "to_lawmakers": current.to_lawmakers,
        }
        return words | super().get_changeform_initial_data(request)

    def save_model(
        self,
        request: HttpRequest,
        obj: Petition,
        form: forms.ModelForm,
        change: bool,
    ) -> None:
        obj.pk = Petition.objects.revise(**form.cleaned_data).pk
