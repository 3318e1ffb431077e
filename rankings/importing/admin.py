"""Import a file into a draft in three steps: upload, preview, and import.

Only the import changes the draft. django-import-export reads the rows and compares them
with the draft. This module checks the file, selects the draft, and ensures that the
import does what the preview showed.
"""

import datetime
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV
from import_export.forms import ConfirmImportForm, ImportForm
from import_export.results import Result, RowResult

from core.fields import LineField
from rankings.importing import upload
from rankings.importing.resource import COLUMNS, COMPUTED, OPTIONAL, AssessmentResource
from rankings.importing.spreadsheets import as_csv
from rankings.models import Edition
from rankings.pending import DatabaseStorage, Upload
from rankings.states import JURISDICTIONS

NEW = "new"
GONE = "That draft has been published or deleted."
TAKEN = "There is already an edition with that date."


@dataclass(frozen=True)
class Target:
    """The draft to import into.

    With a date, it is a new draft with this date and title; otherwise, it is the
    existing draft whose id is `into`.
    """

    into: str
    date: datetime.date | None
    title: str

    def open(self) -> Edition:
        """Return the existing draft, or create the new one.

        Locks all editions until the transaction ends. Raises ValidationError if the
        existing draft was published or deleted, or if the new draft's date is in use.
        """
        Edition.objects.lock()
        if self.date is None:
            draft = Edition.objects.drafts().filter(pk=self.into).first()
            if draft is None:
                raise ValidationError(GONE)
            return draft
        if Edition.objects.filter(date=self.date).exists():
            raise ValidationError(TAKEN)
        if current := Edition.objects.current():
            return current.copy(self.date, self.title)
        return Edition.objects.create(date=self.date, title=self.title)


class TargetFields(forms.Form):
    into = forms.ChoiceField(
        label="Import into",
        help_text="You can’t import into a published edition.",
        error_messages={"invalid_choice": GONE},
    )
    date = forms.DateField(
        label="As of",
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text="For a new draft: the last day on which its sources were read.",
    )
    title = LineField(
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="For a new draft.",
    )

    def __init__(self, *args: Any, may_add: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drafts = [(str(each.pk), f"{each}, draft") for each in Edition.objects.drafts()]
        new = [(NEW, "A new draft, a copy of the current edition")] if may_add else []
        self["into"].field.choices = drafts + new  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("into") == NEW:
            for name in ("date", "title"):
                if not self.cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, "A new draft needs this.")
            day = self.cleaned_data.get("date")
            if day and Edition.objects.filter(date=day).exists():
                self.add_error("date", TAKEN)

    @property
    def target(self) -> Target:
        into, date, title = (
            self.cleaned_data[name] for name in ("into", "date", "title")
        )
        return Target(into, date if into == NEW else None, title)


class UploadForm(TargetFields, ImportForm):
    field_order = ["import_file", "into", "date", "title", "resource", "format"]

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.fields["format"].widget = forms.HiddenInput()
        self.fields["import_file"].label = "CSV file"
        self.fields["import_file"].widget.attrs["accept"] = ".csv,text/csv"

    def clean_import_file(self) -> SimpleUploadedFile:
        file = self.cleaned_data["import_file"]
        data = as_csv(file.read(), COLUMNS | OPTIONAL | COMPUTED)
        upload.check(data, COLUMNS, OPTIONAL | COMPUTED)
        # Preview, store, and import the converted data that was checked, not the
        # original file.
        checked = SimpleUploadedFile(file.name, data, "text/csv")
        # Set the user as an attribute of the file object, because write_to_tmp_storage
        # gets no request.
        checked.owner = self.by  # type: ignore[attr-defined]
        return checked


class ConfirmForm(TargetFields, ConfirmImportForm):
    """The form below the preview that starts the import. All fields are hidden."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.widget = forms.HiddenInput()
            each.help_text = ""


def checksum(result: Result) -> str:
    """Return a hash of the changes, to compare the import with the preview."""
    shown = [(row.usps, row.import_type, row.diff) for row in result.valid_rows()]
    return sha256(repr(shown).encode()).hexdigest()


class ImportPages(ImportMixin):
    resource_classes = [AssessmentResource]
    formats = [CSV]
    import_form_class = UploadForm
    confirm_form_class = ConfirmForm
    tmp_storage_class = DatabaseStorage
    import_template_name = "admin/rankings/import.html"
    import_export_change_list_template = "admin/rankings/assessments.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(
            ["rankings.add_assessment", "rankings.change_assessment"]
        )

    def may_add_editions(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rankings.add_edition")

    def get_import_form_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        kwargs = super().get_import_form_kwargs(request)
        return kwargs | {
            "may_add": self.may_add_editions(request),
            "by": request.user,
        }

    def write_to_tmp_storage(
        self, import_file: Any, input_format: CSV
    ) -> DatabaseStorage:
        storage = DatabaseStorage(owner=import_file.owner)
        storage.save(b"".join(import_file.chunks()))
        return storage

    def get_confirm_form_kwargs(
        self, request: HttpRequest, import_form: UploadForm | None = None
    ) -> dict[str, Any]:
        kwargs = super().get_confirm_form_kwargs(request, import_form)
        if import_form is None:
            # Bind the form even if the POST data is empty, so that it can be validated.
            kwargs["data"] = request.POST
        return kwargs | {"may_add": self.may_add_editions(request)}

    def get_confirm_form_initial(
        self, request: HttpRequest, import_form: UploadForm | None
    ) -> dict[str, Any]:
        initial = super().get_confirm_form_initial(request, import_form)
        if import_form is None:
            return initial
        names = ("into", "date", "title")
        return initial | {name: import_form.cleaned_data[name] for name in names}

    def get_import_resource_kwargs(
        self, request: HttpRequest, form: TargetFields | None = None, **kwargs: object
    ) -> dict[str, Target]:
        return {"target": form.target} if form and form.is_valid() else {}

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the upload form or a preview.

        If the file can't be imported, delete the stored upload.
        """
        response = super().import_action(request, **kwargs)
        context = response.context_data
        context |= {"changelist_url": reverse("admin:rankings_assessment_changelist")}
        context |= {"read": sorted(COLUMNS | OPTIONAL), "computed": sorted(COMPUTED)}
        if result := context.get("result"):
            context |= self.preview(result, context.get("confirm_form"))
            file = context["form"].cleaned_data["import_file"]
            if "confirm_form" not in context:
                DatabaseStorage(
                    owner=cast(User, request.user), name=file.tmp_storage_name
                ).remove()
        return response

    def preview(self, result: Result, confirm_form: ConfirmForm | None) -> dict:
        """Return the preview's template context.

        Also set the confirm form's field `seen` to the checksum of the changes.
        """
        rows = result.valid_rows()
        there = {row.usps for row in rows}
        if confirm_form:
            confirm_form.initial["seen"] = checksum(result)
        return {
            "title": "Preview of the import",
            "edition": rows[0].instance.edition if rows else None,
            "changed": [row for row in rows if not row.is_skip()],
            "unchanged": [row.name for row in rows if row.is_skip()],
            "missing": [
                JURISDICTIONS[usps] for usps in JURISDICTIONS if usps not in there
            ],
        }

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import all that the preview showed, or nothing.

        Import each upload at most once.
        """
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = self.create_confirm_form(request)
        with transaction.atomic():
            valid = form.is_valid()
            key = form.cleaned_data.get("import_file_name", "")
            # A concurrent import of the same upload waits for this row lock.
            mine = Upload.objects.kept_for(cast(User, request.user)).select_for_update(
                of=["self"]
            )
            kept = mine.filter(key=key).first()
            if kept is None or not valid:
                return self.start_again(request, form if kept else None)
            dataset = CSV(encoding=self.from_encoding).create_dataset(bytes(kept.data))
            result = self.process_dataset(
                dataset, form, request, rollback_on_validation_errors=True
            )
            if is_as_seen(result, form):
                kept.delete()
                return self.process_result(result, request)
            transaction.set_rollback(True)
        return self.show_again(request, result, form)

    def start_again(
        self, request: HttpRequest, form: ConfirmForm | None
    ) -> HttpResponse:
        sentences = [
            "That file was already imported, has expired after a day, or was uploaded "
            "by someone else."
        ]
        if form:
            sentences = [
                str(text) for errors in form.errors.values() for text in errors
            ]
        sentence = f"{' '.join(sentences)} Nothing was imported: choose the file again."
        self.message_user(request, sentence, messages.WARNING)
        return redirect("admin:rankings_assessment_import")

    def show_again(
        self, request: HttpRequest, result: Result, form: ConfirmForm
    ) -> TemplateResponse:
        """Show a new preview, because the draft changed after the previous one."""
        sentence = "The draft has changed since the preview. Review it again."
        self.message_user(request, sentence, messages.WARNING)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "changelist_url": reverse("admin:rankings_assessment_changelist"),
            "result": result,
        }
        confirm_form = None
        if not is_refused(result):
            may_add = self.may_add_editions(request)
            confirm_form = ConfirmForm(initial=form.cleaned_data, may_add=may_add)
        context |= self.preview(result, confirm_form) | {"confirm_form": confirm_form}
        return TemplateResponse(request, self.import_template_name, context)

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        for kind, flag in (
            (RowResult.IMPORT_TYPE_NEW, ADDITION),
            (RowResult.IMPORT_TYPE_UPDATE, CHANGE),
        ):
            stored = [row.instance for row in result if row.import_type == kind]
            LogEntry.objects.log_actions(
                cast(User, request.user).pk,
                stored,
                flag,
                change_message="Imported from a file.",
            )

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        counts = [
            f"{result.totals[RowResult.IMPORT_TYPE_UPDATE]} changed",
            f"{result.totals[RowResult.IMPORT_TYPE_NEW]} added",
            f"{result.totals[RowResult.IMPORT_TYPE_SKIP]} unchanged",
        ]
        edition = result.rows[0].instance.edition
        sentence = f"Imported into {edition}: {', '.join(counts)}."
        self.message_user(request, sentence, messages.SUCCESS)


def is_refused(result: Result) -> bool:
    return result.has_errors() or result.has_validation_errors()


def is_as_seen(result: Result, form: ConfirmForm) -> bool:
    """Return whether the import did exactly what the preview showed."""
    return not is_refused(result) and checksum(result) == form.cleaned_data["seen"]
