"""Show flags to moderators: highlighted words, badges, groups, and filters."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import (
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    prefetch_related_objects,
)
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timesince import timesince

from core.admin import LargeList, LargeTable
from core.diffs import word_diff
from core.ids import read_id
from voices.flags import find
from voices.flags.kinds import HARD, LABELS
from voices.flags.models import remembered_rules
from voices.flags.rules import Rules
from voices.moderation import groups
from voices.moderation.claims import Claim
from voices.moderation.holds import Hold
from voices.moderation.models import AwaitingVoice
from voices.reports.models import Report
from voices.wall.appeals import Appeal
from voices.wall.corrections import Correction
from voices.wall.edits import Change, ProposedEdit, changes
from voices.wall.models import FLAGGED_ONES, Voice

# Show at most this many reports per voice, with a link to all of them.
MAX_REPORTS = 5
# The same-text filter checks only the oldest voices in the queue, at most this many.
MAX_COMPARED = 1000
EDIT_STATES = {
    "open": "This edit waits for the author's approval.",
    "rejected": "The author rejected this edit.",
    "ended": "The author didn't answer this edit in time.",
}


def prepare(voices: list[Any]) -> None:
    """Load what admin pages show about these voices, in nine queries in total.

    One of them is for the rules of the flags, which web processes keep in memory.
    """
    ids = [voice.pk for voice in voices]
    rules = remembered_rules()
    texts, networks = groups.others_with_text(ids), groups.others_on_network(ids)
    appeals = Appeal.objects.still_open().select_related("decision__by")
    edits = ProposedEdit.objects.filter(approved_at=None).select_related("decision__by")
    opened = Report.objects.still_open()[: MAX_REPORTS + 1]
    claims = Claim.objects.active().filter(voice__in=ids).select_related("by")
    readers = {claim.voice_id: claim.by for claim in claims}
    held = Hold.objects.in_effect().filter(voice__in=ids)
    on_hold = set(held.order_by().values_list("voice", flat=True))
    prefetch_related_objects(
        voices,
        Prefetch("reports", opened, to_attr="open_reports"),
        Prefetch("corrections", Correction.objects.waiting(), to_attr="to_read"),
        Prefetch("appeals", appeals, to_attr="open_appeals"),
        Prefetch("proposed_edits", edits, to_attr="unapproved_edits"),
    )
    for voice in voices:
        voice.marked = marked(voice.statement, rules)
        for correction in voice.to_read:
            statement = correction.words.get("statement", "")
            correction.marked = marked(statement, rules)
        voice.others_with_text = texts.get(voice.pk, 0)
        voice.others_on_network = networks.get(voice.pk, 0)
        voice.reader = readers.get(voice.pk)
        voice.is_on_hold = voice.pk in on_hold


def marked(text: str, rules: Rules) -> SafeString:
    return find.mark(text, find.find(text, rules))


def same_text() -> Q:
    """Return the condition for voices that have the same text as another voice.

    It matches only voices that are among the oldest MAX_COMPARED in the queue.
    """
    oldest = Voice.objects.waiting().order_by("review_since", "pk")[:MAX_COMPARED]
    others = Voice.objects.filter(text_key=OuterRef("text_key"), withdrawn_at=None)
    shared = Voice.objects.filter(
        ~Q(text_key=""),
        Exists(others.exclude(Q(text_key="") | Q(pk=OuterRef("pk")))),
        pk__in=oldest.values("pk"),
    )
    return Q(pk__in=shared.values("pk"))


class FlagFilter(admin.SimpleListFilter):
    """Filters voices by flag, or by another reason to review them."""

    title = "flag"
    parameter_name = "flag"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        found = [
            ("any", "Any flag"),
            *((kind, capfirst(label)) for kind, label in LABELS.items()),
            ("reported", "Reported"),
            ("corrected", "Corrected by its author"),
        ]
        if model_admin.model is AwaitingVoice:
            label = f"Same text as others (oldest {MAX_COMPARED:,})"
            found.append(("same-text", label))
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        kind = self.value() or ""
        if kind in LABELS:
            return queryset.filter(FLAGGED_ONES, flags__contains=[kind])
        conditions = {
            "any": FLAGGED_ONES & Q(flags__overlap=[*LABELS]),
            "same-text": same_text(),
            "reported": Q(reported_at__isnull=False),
            "corrected": Q(corrected_at__isnull=False),
        }
        return queryset.filter(conditions.get(kind, Q()))


class GroupFilter(admin.SimpleListFilter):
    """Limits the list to a voice and all others with its text, or from its network.

    The badges link to these filters. Each subclass's `members` returns the voices.
    """

    members: Callable[[int], QuerySet[Voice]]
    label = "Same as voice"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[Any, str]]:
        return [(self.value(), f"{self.label} {self.value()}")] if self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        voice = read_id(self.value() or "")
        if voice is None:
            raise IncorrectLookupParameters
        return queryset & self.members(voice)


class SameTextFilter(GroupFilter):
    title = "text"
    parameter_name = "same-text"
    members = staticmethod(groups.sharing_text)


class RewordedFilter(GroupFilter):
    """Limits the list to a voice and those with the same text or a reworded one."""

    title = "wording"
    parameter_name = "reworded"
    label = "Like voice"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        voice = read_id(self.value() or "")
        if voice is None:
            raise IncorrectLookupParameters
        return groups.alike(queryset, voice)


class SameNetworkFilter(GroupFilter):
    title = "network"
    parameter_name = "same-network"
    members = staticmethod(groups.sharing_network)


class FlaggedChangeList(LargeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        prepare(self.result_list)


class FlagColumns(LargeTable):
    """Columns and read-only fields that show what `prepare` loaded."""

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[FlaggedChangeList]:
        return FlaggedChangeList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Voice | None:
        voice = super().get_object(request, object_id, from_field)
        if voice:
            prepare([voice])
        return voice

    @admin.display(description="statement")
    def quote(self, voice: Any) -> SafeString:
        words = "(name only)"
        if voice.statement:
            words = format_html('<p class="quote" dir="auto">“{}”</p>', voice.marked)
        return format_html(
            "{}{}{}{}{}",
            words,
            self.pending(voice),
            self.proposed(voice),
            self.open_appeals(voice),
            self.open_reports(voice),
        )

    @admin.display(description="statement, marked")
    def marked_statement(self, voice: Any) -> str:
        return voice.marked or "(name only)"

    @admin.display(description="pending correction")
    def pending(self, voice: Any) -> SafeString:
        """Show the pending correction, if any, and a diff from the published words."""
        return format_html_join(
            "",
            "<p><b>The author's correction:</b></p>{}{}",
            (
                (quote_of(correction), differences(changes_of(voice, correction)))
                for correction in voice.to_read
            ),
        )

    @admin.display(description="edit proposed to the author")
    def proposed(self, voice: Any) -> SafeString:
        """Show edits that the author hasn't answered, or has lately rejected."""
        return format_html_join(
            "",
            "<p><b>{}</b> {} proposed it {} ago.</p>{}",
            (
                (
                    EDIT_STATES[edit.state],
                    edit.decision.by,
                    timesince(edit.at, depth=1),
                    differences(edit.changes),
                )
                for edit in voice.unapproved_edits
            ),
        )

    @admin.display(description="open appeal")
    def open_appeals(self, voice: Any) -> SafeString:
        """Show the author's appeal, and which moderator must not answer it."""
        return format_html_join(
            "",
            "<p><b>The author appeals.</b> {} declined this, so a different moderator "
            "has to decide. If there is no other moderator, the appeal stays open.</p>"
            "{}",
            (
                (
                    appeal.decision.by,
                    format_html('<p class="quote" dir="auto">{}</p>', appeal.text)
                    if appeal.text
                    else "",
                )
                for appeal in voice.open_appeals
            ),
        )

    @admin.display(description="open reports")
    def open_reports(self, voice: Any) -> str:
        if not voice.open_reports:
            return ""
        rest = ""
        if len(voice.open_reports) > MAX_REPORTS:
            url = reverse("admin:voices_report_changelist")
            rest = format_html(
                '<li><a href="{}?voice__id__exact={}">All reports</a></li>',
                url,
                voice.pk,
            )
        return format_html(
            '<ul class="reports">{}{}</ul>',
            format_html_join(
                "",
                "<li><b>{}</b>, {} ago{}</li>",
                (
                    (
                        report.get_kind_display(),
                        timesince(report.arrived_at, depth=1),
                        format_html(": <bdi>{}</bdi>", report.text)
                        if report.text
                        else "",
                    )
                    for report in voice.open_reports[:MAX_REPORTS]
                ),
            ),
            rest,
        )

    @admin.display(description="flags")
    def badges(self, voice: Any) -> str:
        shown = [*self.state_badges(voice), *self.group_badges(voice)]
        shown += [badge(LABELS[kind], kind in HARD) for kind in voice.flags]
        return format_html_join("", "{}", ((each,) for each in shown)) or "No flags"

    def state_badges(self, voice: Any) -> Iterator[SafeString]:
        if voice.reader:
            yield badge(f"being read by {voice.reader}", hard=True)
        if voice.is_on_hold:
            yield badge("on hold", hard=True)
        if voice.reported_at:
            yield badge("reported", hard=True)
        if voice.open_appeals:
            yield badge("appealed by its author", hard=True)
        if voice.corrected_at:
            yield badge("corrected by its author")
        if any(edit.state == "open" for edit in voice.unapproved_edits):
            yield badge("edit waits for its author")

    def group_badges(self, voice: Any) -> Iterator[SafeString]:
        for parameter, what, others in (
            (SameTextFilter.parameter_name, "text", voice.others_with_text),
            (SameNetworkFilter.parameter_name, "network", voice.others_on_network),
        ):
            if others:
                yield format_html(
                    '<a class="flag" href="{}?{}={}">Same {} as {} other{}</a>',
                    reverse("admin:voices_voice_changelist"),
                    parameter,
                    voice.pk,
                    what,
                    f"{others}+" if others == groups.MAX_OTHERS else others,
                    "" if others == 1 else "s",
                )


def quote_of(correction: Any) -> SafeString:
    if not correction.marked:
        return SafeString()
    return format_html('<p class="quote" dir="auto">“{}”</p>', correction.marked)


def changes_of(voice: Voice, correction: Correction) -> list[Change]:
    words = correction.words
    return changes({name: getattr(voice, name) for name in words}, words)


def differences(found: list[Change]) -> SafeString:
    """Return a line for each changed field, with a word diff."""
    return format_html_join(
        "",
        '<p class="edits" dir="auto">{}<bdi>{}</bdi></p>',
        (
            (
                "" if each.name == "statement" else f"{each.label}: ",
                word_diff(each.before, each.after),
            )
            for each in found
        ),
    )


def badge(label: str, hard: bool = False) -> SafeString:
    kind = "flag hard" if hard else "flag"
    return format_html('<span class="{}">{}</span>', kind, capfirst(label))
