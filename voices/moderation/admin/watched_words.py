"""The lists of words and the kinds of flags, which leads keep."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from core.admin import FixedRows
from core.plain_text import tidy_line, validate_one_line
from core.searching import FoldedSearch
from voices.flags import kinds
from voices.flags.models import FlagRule, WatchedWord
from voices.flags.phrases import ENDING, KEY
from voices.moderation.flagging import queue_flagging


class WatchedWordForm(forms.ModelForm):
    class Meta:
        help_texts = {
            "words": "Matches whole words, ignoring case. In every list except the "
            "watched words, it also ignores accents and punctuation, and an asterisk "
            "at the end of a word stands for any ending: “idiot*” also finds “idiots”. "
            "When the list changes, the flags of voices in the review queue are "
            "updated within minutes.",
            "kind": "The flag that these words cause. For vulgar words, disguised "
            "spellings such as “f*ck” are found, too. Off-topic words count only if "
            "no other word of the statement is plainly on topic.",
        }

    def clean_words(self) -> str:
        words = tidy_line(self.cleaned_data["words"])
        validate_one_line(words)
        return words

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        words = cleaned.get("words", "")
        if cleaned.get("kind") != kinds.WATCHED_WORD and not is_usable(words):
            self.add_error(
                "words",
                "Enter words with letters or digits. An asterisk has to follow at "
                f"least {KEY} letters.",
            )
        return cleaned


def is_usable(words: str) -> bool:
    """Whether a list can find these words (voices/flags/phrases.py)."""
    has_letters = any(map(str.isalnum, words))
    bare = [each for each in words.split() if each.endswith(ENDING)]
    return has_letters and all(len(each) > KEY for each in bare)


@admin.register(WatchedWord)
class WatchedWordAdmin(FoldedSearch, admin.ModelAdmin):
    """Words of the flag lists."""

    form = WatchedWordForm
    fields = ["words", "kind"]
    list_display = ["words", "kind"]
    list_filter = ["kind"]
    search_fields = ["words"]

    def save_model(
        self, request: HttpRequest, obj: WatchedWord, form: ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        queue_flagging()

    def delete_model(self, request: HttpRequest, obj: WatchedWord) -> None:
        super().delete_model(request, obj)
        queue_flagging()

    @transaction.atomic
    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[WatchedWord]
    ) -> None:
        super().delete_queryset(request, queryset)
        queue_flagging()


@admin.register(FlagRule)
class FlagRuleAdmin(FixedRows):
    """Kinds of flags. Leads can turn one off if it is wrong too often."""

    fields = ["active"]
    list_display = ["__str__", "active"]

    def save_model(
        self, request: HttpRequest, obj: FlagRule, form: ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        queue_flagging()
