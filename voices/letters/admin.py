"""Admin pages for letters, the sending rate, and held submissions (probably bots')."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince

from core.admin import ActionsOnly, LargeTable, OneRow, ReadOnly
from voices.abuse.suspicion import labels
from voices.letters import waits
from voices.letters.models import HeldSubmission, Letter, SendingRate
from voices.letters.queue import release
from voices.signatures.models import Lane

MAX_AT_A_TIME = 500
HASH_SHOWN = 8


@admin.register(Letter)
class LetterAdmin(ReadOnly, LargeTable):
    """Read-only list of letters, newest first. A letter has no address and no text."""

    list_display = ["queued_at", "kind", "about", "send_at", "sent_at", "dropped_at"]
    fields = [
        *("kind", "about", "lane", "queued_at", "send_at", "attempts", "failures"),
        *("sent_at", "dropped_at"),
    ]
    readonly_fields = ["about"]
    ordering = ["-pk"]

    lookups = {"signature__id__exact"}

    @admin.display(description="to")
    def about(self, letter: Letter) -> str:
        if letter.signature_id:
            return f"Signature {letter.signature_id}"
        return f"Form {letter.submission_id}, not confirmed"


@admin.register(SendingRate)
class SendingRateAdmin(OneRow):
    """Edit the sending rate; show how many letters are due, and how long they wait."""

    fields = ["per_minute", "reminders", "waiting"]
    readonly_fields = ["waiting"]

    @admin.display(description="waiting now")
    def waiting(self, rate: SendingRate) -> SafeString:
        return format_html_join(
            mark_safe("<br>"),
            "{}: {}, the last leaves in {} min",
            ((lane.label, count, time) for lane, count, time in waits.by_lane()),
        )


@admin.register(HeldSubmission)
class HeldSubmissionAdmin(ActionsOnly, LargeTable):
    """List held submissions, with only the columns that help tell bots from people."""

    list_display = ["email_masked", "state", "why", "network", "waiting"]
    list_display_links = None
    list_filter = ["state"]
    ordering = ["-submitted_at", "-pk"]
    sortable_by = ("waiting",)
    actions = ["release"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[HeldSubmission]:
        return HeldSubmission.objects.filter(lane=Lane.HELD, confirmed_at=None)

    def has_view_permission(
        self, request: HttpRequest, obj: HeldSubmission | None = None
    ) -> bool:
        return obj is None and super().has_view_permission(request)

    @admin.action(description="Release into the slow lane", permissions=["change"])
    def release(self, request: HttpRequest, queryset: QuerySet[HeldSubmission]) -> None:
        ids = list(queryset.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        if len(ids) > MAX_AT_A_TIME:
            sentence = f"Release at most {MAX_AT_A_TIME} at a time."
            self.message_user(request, sentence, messages.WARNING)
            return
        submissions = HeldSubmission.objects.filter(pk__in=ids)
        for submission in submissions:
            self.log_change(request, submission, "Released into the slow lane.")
        count = release(submissions)
        sentence = f"Released: {count}. Their email now waits in the slow lane."
        self.message_user(request, sentence, messages.SUCCESS)

    @admin.display
    def why(self, submission: HeldSubmission) -> str:
        return "; ".join(labels(submission.suspicions))

    @admin.display(ordering="wide_network_hash")
    def network(self, submission: HeldSubmission) -> str:
        return submission.wide_network_hash[:HASH_SHOWN]

    @admin.display(ordering="submitted_at")
    def waiting(self, submission: HeldSubmission) -> str:
        return timesince(submission.submitted_at, depth=1)
