from hashlib import sha256
from typing import Any, cast

from django import forms
from django.http import QueryDict

from voices.flags import find

SENTENCES = {
    find.PHONE: "a phone number",
    find.EMAIL: "an email address",
    find.STREET_ADDRESS: "a street address",
    find.CASE_NUMBER: "a case number",
}


class ShowsDetails(forms.BaseForm):
    """A form that shows authors the personal details in their statement once.

    The hidden field `details_seen` holds hashes of the details shown, so a second
    submission goes through, and only new details are shown again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # This field needs no validation: tampered input just doesn't match.
        self.fields["details_seen"] = forms.Field(
            required=False, widget=forms.HiddenInput
        )

    def show_details(self) -> list[tuple[str, str]]:
        """Return what to show before submission: ("a phone number", "555-010-9999").

        This method also marks the details as shown. Call it on a valid form.
        """
        statement = self.cleaned_data["statement"]
        found = [hit for hit in find.find(statement) if hit.kind in find.PERSONAL]
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
