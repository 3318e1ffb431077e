"""The form with which a moderator proposes to edit a voice's name, statement, etc."""

import hashlib
import json
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.http import QueryDict

from core.fields import TidyCharField
from core.plain_text import (
    tidy_paragraphs,
    validate_city,
    validate_name,
    validate_plain_text,
    validate_profession,
)
from voices.moderation.decide import lock
from voices.moderation.propose import why_not_edited
from voices.wall.edits import APPROVED_WORDS
from voices.wall.models import STATEMENT_LENGTH, WORDS, Voice

# The error for an outdated form. Saving such a form could restore words that the author
# removed after the page was opened.
CHANGED_MEANWHILE = (
    "The author or another moderator changed these words after you opened the page, so "
    "your edit is not saved yet. It is below: compare it with the voice as it is "
    "now, in another window, and save again to keep yours."
)

ASKING_HELP = (
    "If you change the name, profession, city, state, or statement, saving emails your "
    "version to the author. Nothing changes until they approve it. The group of the "
    "profession changes at once."
)
FOUNDING_HELP = (
    "Change a founding voice only if its author asked for it: we can't ask them, and "
    "saving changes it at once."
)


def version_of(voice: Voice) -> str:
    """Return a hash of the fields that a moderator can edit."""
    words = json.dumps([getattr(voice, name) for name in WORDS])
    return hashlib.sha256(words.encode()).hexdigest()


class VoiceForm(forms.ModelForm):
    """A moderator's edit of a voice. Input is tidied in the same way as a signer's."""

    name = TidyCharField(max_length=100, validators=[validate_name])
    profession = TidyCharField(
        max_length=80, required=False, validators=[validate_profession]
    )
    city = TidyCharField(max_length=80, required=False, validators=[validate_city])
    statement = TidyCharField(
        tidy=tidy_paragraphs,
        max_length=STATEMENT_LENGTH,
        required=False,
        validators=[validate_plain_text],
        widget=AdminTextareaWidget,
    )
    read = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["read"] = version_of(self.instance)
        if "statement" in self.fields:
            self.fields["statement"].help_text = (
                FOUNDING_HELP if self.instance.founding_number else ASKING_HELP
            )

    def clean_statement(self) -> str:
        statement = self.cleaned_data["statement"]
        if not statement and self.instance.featured_at:
            raise forms.ValidationError("A featured voice needs a statement.")
        return statement

    def clean(self) -> dict[str, Any] | None:
        now = self.refuse_stale()
        asks = not now.founding_number and {*self.changed_data} & {*APPROVED_WORDS}
        if asks and (refusal := why_not_edited(now)):
            raise ValidationError(refusal, code="not-edited")
        return super().clean()

    def refuse_stale(self) -> Voice:
        """Reject the form if the voice's words changed after the page was opened.

        Locks the voice first, so that the words can't change before the edit is saved.
        Returns the voice as it is now.
        """
        lock(Voice.objects.filter(pk=self.instance.pk))
        voice = Voice.objects.get(pk=self.instance.pk)
        now = version_of(voice)
        if self.cleaned_data.get("read") != now:
            self.data = cast(QueryDict, self.data).copy()
            self.data["read"] = now
            raise ValidationError(CHANGED_MEANWHILE, code="changed")
        return voice
