"""The lists of words and the kinds of flags, which leads keep."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from core.admin import FixedRows
from core.plain_text import tidy_line, validate_one_line
from core.searching import FoldedSearch
from voices.flags import kinds
from voices.flags.models import FlagRule, WatchedWord
from voices.flags.phrases import ENDING, KEY
from voices.moderation.catches import LookBack, look_back
from voices.moderation.flagging import queue_flagging

MAX_LENGTH: int = WatchedWord._meta.get_field("words").max_length or 0
# The button that looks back without saving, and the query parameter that it becomes.
PREVIEW = "preview"


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
    """Words of the flag lists, with what each would have caught last month."""

    form = WatchedWordForm
    fields = ["words", "kind"]
    list_display = ["words", "kind"]
    list_filter = ["kind"]
    search_fields = ["words"]
    change_form_template = "admin/voices/word_form.html"

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

    # Looking back. The button sends the form, which saves nothing and is shown again.

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and PREVIEW in request.POST:
            typed = {name: request.POST.get(name, "") for name in ("kind", "words")}
            printable = "".join(filter(str.isprintable, typed["words"]))
            typed["words"] = printable[:MAX_LENGTH]
            return redirect(f"{request.path}?{urlencode(typed | {PREVIEW: '1'})}")
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> WatchedWord | None:
        word = super().get_object(request, object_id, from_field)
        if word and (typed := previewed(request)):
            word.kind, word.words = typed
        return word

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: WatchedWord | None = None,
    ) -> HttpResponse:
        if request.user.has_perm("voices.view_voice"):
            context["look_back"] = looked_back(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)


def looked_back(request: HttpRequest, word: WatchedWord | None) -> LookBack | None:
    if request.method != "GET":
        return None
    if word:
        return look_back(word.kind, word.words)
    typed = previewed(request)
    return look_back(*typed) if typed else None


def previewed(request: HttpRequest) -> tuple[str, str] | None:
    """Return the kind and words that were typed for a preview, if they are valid."""
    if request.method != "GET" or PREVIEW not in request.GET:
        return None
    kind = request.GET.get("kind", kinds.WATCHED_WORD)
    words = tidy_line(request.GET.get("words", ""))
    try:
        validate_one_line(words)
    except ValidationError:
        return None
    is_valid = words and len(words) <= MAX_LENGTH and kind in WatchedWord.Kind
    return (kind, words) if is_valid else None


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
