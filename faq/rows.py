"""Validate and edit lists of rows (dicts). Each list is stored in a JSON column."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString

# The number of empty rows that the form adds below the existing rows.
EXTRA = 3
MAX_ROWS = 100
# The type that a value must have, by the class of its field. A form would also accept
# and convert other types, such as a number for a CharField, but rows from fixtures are
# stored unconverted.
TYPES = {forms.CharField: str, forms.BooleanField: bool}


def validate_rows(row_form: type[forms.Form], rows: Any) -> None:
    """Require `rows` to be a list of dicts, each of them valid data for the form."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValidationError("This must be a list of rows.", code="no_rows")
    if len(rows) > MAX_ROWS:
        raise ValidationError(f"At most {MAX_ROWS} rows are allowed.", code="too_many")
    for number, row in enumerate(rows, 1):
        problems = row_problems(row_form, row)
        if problems:
            raise ValidationError(
                [
                    ValidationError(
                        "Row %(row)s: %(sentence)s",
                        code="row",
                        params={"row": number, "sentence": sentence},
                    )
                    for sentence in problems
                ]
            )


def row_problems(row_form: type[forms.Form], row: dict[str, Any]) -> list[str]:
    form = row_form(row)
    unknown = row.keys() - form.fields.keys()
    found = [f"There is no field “{name}”." for name in sorted(unknown)]
    for name, errors in form.errors.items():
        found += (f"{name}: {error}" for error in errors)
    found += (
        f"{name}: This should be of type {expected.__name__}."
        for name, value in row.items()
        for kind, expected in TYPES.items()
        if isinstance(form.fields.get(name), kind) and type(value) is not expected
    )
    return found


def tidied(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without empty values and without the formset's own fields."""
    return {
        name: value
        for name, value in row.items()
        # Keep zeros, but drop False, which comes from an unchecked box.
        if value not in (None, "")
        and value is not False
        and name not in {"ORDER", "DELETE"}
    }


class RowsWidget(forms.Widget):
    """A group of inputs for each row, and empty groups for new rows."""

    use_fieldset = True

    def __init__(self, row_form: type[forms.Form], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.formset_class = forms.formset_factory(
            row_form,
            extra=EXTRA,
            can_delete=True,
            can_order=True,
            max_num=MAX_ROWS,
            validate_max=True,
            absolute_max=MAX_ROWS + EXTRA,
        )

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict, name: str
    ) -> forms.BaseFormSet:
        return self.formset_class(data, prefix=name)

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: MultiValueDict, name: str
    ) -> bool:
        return f"{name}-TOTAL_FORMS" not in data

    def id_for_label(self, id_: str) -> str:
        # A label can belong to only one input, but the widget has many.
        return ""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        formset = value
        if not isinstance(value, forms.BaseFormSet):
            formset = self.formset_class(initial=value or [], prefix=name)
        return render_to_string("admin/faq/rows.html", {"formset": formset})


class RowsField(forms.Field):
    """A form field whose value is a list of rows."""

    def __init__(self, row_form: type[forms.Form], **kwargs: Any) -> None:
        super().__init__(widget=RowsWidget(row_form), **kwargs)

    def clean(self, value: forms.BaseFormSet) -> list[dict[str, Any]]:
        if not value.is_valid():
            errors = value.non_form_errors() or "Fix the rows marked below."
            # An ErrorList is a list; the stubs don't say so.
            raise ValidationError(errors)  # type: ignore[arg-type]
        rows = [tidied(form.cleaned_data) for form in value.ordered_forms]
        if self.required and not rows:
            raise ValidationError("Fill in at least one row.", code="required")
        return rows

    def has_changed(self, initial: list[dict[str, Any]] | None, data: Any) -> bool:
        if not data.is_valid():
            return True
        return self.clean(data) != (initial or [])
