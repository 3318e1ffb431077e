"""The quarantine admin: why each signature is there, and actions to decide on it."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from core import addresses
from core.admin import ActionsOnly, LargeList, LargeTable
from core.ids import read_id
from voices.abuse.suspicion import SUSPICIONS, labels
from voices.invalidation.links import alike, short
from voices.moderation import decide
from voices.moderation.admin.voices import who
from voices.moderation.models import QuarantinedSignature
from voices.reveals.admin import RevealsAddress
from voices.signatures.models import Signature

# Maximum number of signatures in one decision: the confirmation page sends all of their
# IDs in one field, which must fit in a request.
MAX_AT_A_TIME = 4000
SAMPLE = 10
# The network filter offers at most this many networks, those with the most signatures.
NETWORKS = 10
# The network filter counts only the oldest signatures in quarantine, at most this many.
MAX_COUNTED = 5000


def count_by_network(signatures: QuerySet) -> dict[str, int]:
    """Return the number of signatures per network hash; leave out unknown networks."""
    known = signatures.exclude(network_hash="").order_by()
    counts = known.values("network_hash").annotate(count=Count("pk"))
    return {row["network_hash"]: row["count"] for row in counts}


class SuspicionFilter(admin.SimpleListFilter):
    title = "why"
    parameter_name = "why"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [(name, each.label) for name, each in SUSPICIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value():
            return queryset.filter(suspicions__contains=[self.value()])
        return queryset


class NetworkFilter(admin.SimpleListFilter):
    """Filters by network. Each network is shown as the first characters of its hash.

    Counts the MAX_COUNTED oldest signatures in quarantine, and offers the networks with
    the most of them. A network with only one is offered only if the filter is already
    set to that network.
    """

    title = "network"
    parameter_name = "network"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        rows = model_admin.get_queryset(request).order_by("quarantined_at", "pk")
        # Only the hashes, which PostgreSQL reads from an index, and counted here,
        # because to count them there, it would fetch each row.
        oldest = rows.values_list("network_hash", flat=True)[:MAX_COUNTED]
        counts = Counter(filter(None, oldest))
        chosen = request.GET.get(self.parameter_name)
        most = sorted(counts, key=lambda network: -counts[network])[:NETWORKS]
        return [
            (network, f"{short(network)} ({counts[network]})")
            for network in most
            if counts[network] > 1 or network == chosen
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value():
            return queryset.filter(network_hash=self.value())
        return queryset


class QuarantineList(LargeList):
    def get_results(self, request: HttpRequest) -> None:
        """Set `same_network` on each row: how many signatures came from its network."""
        super().get_results(request)
        networks = {signature.network_hash for signature in self.result_list}
        counts = count_by_network(Signature.objects.filter(network_hash__in=networks))
        for signature in self.result_list:
            signature.same_network = counts.get(signature.network_hash, 0)


@admin.register(QuarantinedSignature)
class QuarantinedSignatureAdmin(ActionsOnly, LargeTable, RevealsAddress):
    """Signatures that don't count until staff release them, oldest first."""

    list_display = ["statement", "signer", "why", "network", "waiting"]
    list_display_links = ["signer"]
    list_filter = [SuspicionFilter, NetworkFilter, "state"]
    list_select_related = ["voice"]
    sortable_by = ("waiting",)
    ordering = ["quarantined_at", "pk"]
    change_form_template = "admin/voices/signature_form.html"
    actions = ["release", "reject"]
    fields = [
        "name",
        "name_display",
        "masked_email",
        "city",
        "state",
        "profession",
        "statement",
        "why",
        "alike",
        "submitted_at",
        "quarantined_at",
    ]
    readonly_fields = ["masked_email", "statement", "why", "alike"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QuarantinedSignature]:
        return QuarantinedSignature.objects.in_quarantine()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        title = "Signatures in quarantine: they do not count until they are released"
        return super().changelist_view(
            request, {"title": title} | (extra_context or {})
        )

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[QuarantineList]:
        return QuarantineList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.settle_view)
        name = "voices_quarantinedsignature_settle"
        return [path("settle/<slug:kind>/", view, name=name), *super().get_urls()]

    # Decisions are confirmed on a separate page, which posts to `settle_view`.

    QUESTIONS: dict[str, tuple[str, str, str, Callable[..., int]]] = {
        "release": (
            "Release",
            "Released",
            "They count from now on, and their voices enter the review queue.",
            decide.release,
        ),
        "reject": (
            "Reject",
            "Rejected",
            "They don't count, and nobody reviews their voices. Their signers get "
            "no email.",
            decide.reject,
        ),
    }

    @admin.action(description="Release…", permissions=["change"])
    def release(
        self, request: HttpRequest, queryset: QuerySet[QuarantinedSignature]
    ) -> HttpResponse:
        return self.ask(request, "release", queryset)

    @admin.action(description="Reject…", permissions=["change"])
    def reject(
        self, request: HttpRequest, queryset: QuerySet[QuarantinedSignature]
    ) -> HttpResponse:
        return self.ask(request, "reject", queryset)

    def ask(
        self, request: HttpRequest, kind: str, queryset: QuerySet[QuarantinedSignature]
    ) -> HttpResponse:
        """Show a page to confirm the decision, with a count and a sample of rows."""
        chosen = queryset.order_by("quarantined_at", "pk")
        ids = list(chosen.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        more, ids = len(ids) > MAX_AT_A_TIME, ids[:MAX_AT_A_TIME]
        # Spread the sample over the whole selection, because the oldest rows may all
        # look alike.
        sample = ids[:: max(1, -(-len(ids) // SAMPLE))]
        title, _, effect, _ = self.QUESTIONS[kind]
        context = self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.opts,
            "effect": effect,
            "count": len(ids),
            "more": more,
            "sample": [
                {
                    "statement": self.statement(signature),
                    "signer": self.signer(signature),
                    "why": self.why(signature),
                }
                for signature in chosen.filter(pk__in=sample).select_related("voice")
            ],
            "ids": ",".join(map(str, ids)),
            "action_url": reverse(
                "admin:voices_quarantinedsignature_settle", args=[kind]
            ),
            "changelist_url": self.changelist_url,
        }
        return render(request, "admin/voices/quarantine.html", context)

    def settle_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Apply the decision to the listed signatures that are still in quarantine."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if kind not in self.QUESTIONS:
            raise Http404
        if request.method != "POST":
            return redirect(self.changelist_url)
        ids = request.POST.get("ids", "").split(",")
        if len(ids) > MAX_AT_A_TIME:
            raise BadRequest("The page lists more rows than are allowed.")
        if None in map(read_id, ids):
            raise BadRequest("A selected row has an invalid ID.")
        _, done, _, decide_on = self.QUESTIONS[kind]
        count = decide_on(
            Signature.objects.filter(pk__in=ids), by=cast(User, request.user)
        )
        log = f"{reverse('admin:voices_decision_changelist')}?" + urlencode(
            {"kind__exact": done.lower()}
        )
        self.message_user(
            request,
            format_html('{}: {}. <a href="{}">See the log</a>', done, count, log),
            messages.SUCCESS if count else messages.WARNING,
        )
        return redirect(self.changelist_url)

    @property
    def changelist_url(self) -> str:
        return reverse("admin:voices_quarantinedsignature_changelist")

    # Columns and read-only fields.

    @admin.display
    def statement(self, signature: QuarantinedSignature) -> str:
        voice = signature.voice
        if voice is None:
            return "(unlisted)"
        if not voice.statement:
            return "(name only)"
        return format_html('<p class="quote" dir="auto">“{}”</p>', voice.statement)

    @admin.display(ordering="name")
    def signer(self, signature: QuarantinedSignature) -> SafeString:
        place = f"{signature.city}, {signature.state}"
        return who(signature.name, signature.profession, place)

    @admin.display(description="email")
    def masked_email(self, signature: QuarantinedSignature) -> str:
        return addresses.masked(signature.email)

    @admin.display
    def why(self, signature: QuarantinedSignature) -> str:
        return "; ".join(labels(signature.suspicions))

    @admin.display(description="select to invalidate")
    def alike(self, signature: QuarantinedSignature) -> str:
        return alike(signature)

    @admin.display(description="same network", ordering="network_hash")
    def network(self, signature: Any) -> str:
        others = signature.same_network - 1
        if others < 1:
            return "no others"
        query = urlencode({"network": signature.network_hash})
        return format_html(
            '<a href="?{}">{} other{}</a>', query, others, pluralize(others)
        )

    @admin.display(ordering="quarantined_at")
    def waiting(self, signature: QuarantinedSignature) -> str:
        return timesince(cast(datetime, signature.quarantined_at), depth=1)
