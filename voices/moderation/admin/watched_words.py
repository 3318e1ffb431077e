from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from core.plain_text import tidy_line, validate_one_line
from core.searching import FoldedSearch
from voices.flags.lookalikes import staff_names
from voices.flags.models import WatchedWord
from voices.wall.models import Voice


def flag_waiting() -> None:
    """Flag the voices in the review queue again, with the current watched words."""
    words, staff = WatchedWord.objects.texts(), staff_names()
    waiting = Voice.objects.waiting().select_for_update(of=["self"])
    changed = []
    for voice in waiting.order_by("pk").prefetch_related("corrections"):
        before = voice.flags
        voice.flag(words, staff)
        if voice.flags != before:
            changed.append(voice)
    Voice.objects.bulk_update(changed, ["flags"], batch_size=500)


class WatchedWordForm(forms.ModelForm):
    class Meta:
        help_texts = {
            "words": "Matches whole words, ignoring case. When the list changes, the "
            "flags of voices in the review queue are updated."
        }

    def clean_words(self) -> str:
        words = tidy_line(self.cleaned_data["words"])
        validate_one_line(words)
        return words


@admin.register(WatchedWord)
class WatchedWordAdmin(FoldedSearch, admin.ModelAdmin):
    """Watched words. Each change updates the flags of voices in the review queue."""

    form = WatchedWordForm
    search_fields = ["words"]

    def save_model(
        self, request: HttpRequest, obj: WatchedWord, form: ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        flag_waiting()

    def delete_model(self, request: HttpRequest, obj: WatchedWord) -> None:
        super().delete_model(request, obj)
        flag_waiting()

    @transaction.atomic
    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[WatchedWord]
    ) -> None:
        super().delete_queryset(request, queryset)
        flag_waiting()
