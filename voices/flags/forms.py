from hashlib import sha256
from typing import Any, cast

from django import forms
from django.http import QueryDict

from voices.flags import kinds
from voices.flags.details import find_details

SENTENCES = {
    kinds.PHONE: "a phone number",
    kinds.EMAIL: "an email address",
    kinds.STREET_ADDRESS: "a street address",
    kinds.CASE_NUMBER: "a case number",
    kinds.ID_NUMBER: "a Social Security number or other ID",
    kinds.LICENSE_PLATE: "a license plate",
    kinds.BADGE_NUMBER: "a badge number",
    kinds.BIRTH_DATE: "a date of birth",
}


class ShowsDetails(forms.BaseForm):
    """A form that shows the author once which personal details the statement contains.

    The hidden field `details_seen` has hashes of the details that were shown. So when
    the author submits the form again, it is accepted, unless the statement contains a
    detail that wasn't shown.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # This field needs no validation: tampered input just doesn't match the hashes.
        self.fields["details_seen"] = forms.Field(
            required=False, widget=forms.HiddenInput
        )

    def show_details(self) -> list[tuple[str, str]]:
        """Return pairs such as ("a phone number", "555-010-9999") to show the author.

        The list is empty if the statement contains no details, or if all of them were
        already shown. This method also marks the details as shown. The form must be
        valid.
        """
        statement = self.cleaned_data["statement"]
        hits = sorted(find_details(statement), key=lambda hit: hit.start)
        found = [hit for hit in hits if hit.kind in kinds.PERSONAL]
        details = dict.fromkeys(
            (SENTENCES[hit.kind], statement[hit.start : hit.end]) for hit in found
        )
        hashes = {sha256(text.encode()).hexdigest()[:16] for _, text in details}
        seen = set(str(self.cleaned_data["details_seen"] or "").split(","))
        if hashes <= seen:
            return []
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("details_seen")] = ",".join(sorted(hashes))
        self.data = data
        return list(details)
