"""The review page: one statement at a time, one small request for each decision.

A decision's answer already has the next statement. The script in static/review.js asks
for the changed part of the page only; without it, the whole page is sent.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.counts import count_each_up_to
from core.ids import read_id
from voices.moderation.claims import Claim, Skip
from voices.moderation.holds import Hold
from voices.moderation.models import Decision
from voices.moderation.my_day import my_day
from voices.moderation.readings import Reading
from voices.review import acts, reading, undo
from voices.review.acts import RefusedError
from voices.review.entry import Entry, load, others_reading, show
from voices.review.forms import VERDICTS, HoldForm, NoteForm, VerdictForm
from voices.review.queue import Only, claim_next
from voices.wall.models import UNFLAGGED, UNREAD, WAITING, Voice

# Counts of what waits stop here.
MOST = 1000
PAGE = "admin/review/page.html"
# The counts that are shown only to those who may decide, and the permission.
MAY_COUNT = {
    "second_count": "voices.second_read",
    "dispute_count": "voices.settle_reading",
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """Show the next statement, or do what was decided and then show the next one."""
    if not request.user.has_perm("voices.change_awaitingvoice"):
        raise PermissionDenied
    by = cast(User, request.user)
    if request.method == "POST":
        return act(request, by)
    wanted = read_id(request.GET.get("voice", ""))
    if wanted is not None:
        Claim.objects.take(wanted, by)
        return page(request, by, shown(wanted, by) or following(request, by))
    return page(request, by, following(request, by))


def only(request: HttpRequest) -> Only:
    said = request.POST.get("only") or request.GET.get("only", "")
    return Only(said) if said in list(Only) else Only.ALL


def following(request: HttpRequest, by: User) -> Entry | None:
    """Claim and return the next voice, or None if nothing is left."""
    voice_id = claim_next(by, only(request))
    return shown(voice_id, by) if voice_id is not None else None


def shown(voice_id: int, by: User) -> Entry | None:
    voice = load(voice_id)
    return show(voice, by) if voice else None


def act(request: HttpRequest, by: User) -> HttpResponse:
    """Do one act; show the next voice, or the same one if the act was refused."""
    name = request.POST.get("act", "")
    voice_id = read_id(request.POST.get("voice", "")) or 0
    try:
        if name == "undo":
            undone = undo.undo(
                request.POST.get("undo", ""),
                by,
                has_seen_letter="letter" in request.POST,
            )
            # The statement that was open goes back to the queue.
            Claim.objects.active().filter(by=by).delete()
            Claim.objects.take(undone, by)
            return answer(request, by, shown(undone, by), did("Undone", undone))
        ACTS.get(name, decide)(request, voice_id, by)
    except InvalidError as invalid:
        return refuse(request, by, voice_id, invalid, status=422)
    except RefusedError as refused:
        return refuse(request, by, voice_id, refused)
    label = did(SAID[name], voice_id) if name in SAID else ""
    return answer(request, by, following(request, by), label)


# What the page says after these acts, which have no undo.
SAID = {
    "skip": "Skipped until 6 a.m.",
    "hold": "On hold",
    "answer": "Answered, back in the queue",
    "release": "Back in the queue",
}


def did(what: str, voice_id: int) -> str:
    """Return a sentence about what was done, such as "On hold: Ada Reyes, Camden."."""
    voice = Voice.objects.filter(pk=voice_id).first()
    return f"{what}: {undo.name_of(voice)}." if voice else ""


class InvalidError(RefusedError):
    """What was typed is invalid; the page shows it again."""

    def __init__(self, form: Any):
        problems = [each for errors in form.errors.values() for each in errors]
        super().__init__("Not saved yet", " ".join(problems))


def decide(request: HttpRequest, voice_id: int, by: User) -> None:
    verdict = VERDICTS.get(request.POST.get("act", ""))
    if verdict is None:
        raise RefusedError(*acts.TAMPERED)
    form = VerdictForm(verdict, request.POST)
    if not form.is_valid():
        raise InvalidError(form)
    acts.decide_on(voice_id, by, form.wish, request.POST.get("read", ""))


def skip(_request: HttpRequest, voice_id: int, by: User) -> None:
    acts.skip(voice_id, by)


def hold(request: HttpRequest, voice_id: int, by: User) -> None:
    form = HoldForm(request.POST)
    if not form.is_valid():
        raise InvalidError(form)
    acts.hold(voice_id, by, form.cleaned_data["until"], form.cleaned_data["text"])


def release(request: HttpRequest, voice_id: int, by: User) -> None:
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise InvalidError(form)
    acts.release(voice_id, by, form.cleaned_data["text"])


def again(_request: HttpRequest, _voice_id: int, by: User) -> None:
    acts.bring_back(by)


ACTS: dict[str, Callable[[HttpRequest, int, User], None]] = {
    "skip": skip,
    "hold": hold,
    "answer": release,
    "release": release,
    "again": again,
}


def answer(
    request: HttpRequest, by: User, entry: Entry | None, label: str = ""
) -> HttpResponse:
    """Answer an act that was done: with the part that changed, or by redirecting."""
    if is_fetch(request):
        return page(request, by, entry, label=label)
    if label:
        messages.success(request, label)
    query: dict[str, str | int] = {"only": only(request)} if only(request) else {}
    if entry and request.POST.get("act") == "undo":
        query["voice"] = entry.voice.pk
    address = reverse("admin:review")
    return redirect(f"{address}?{urlencode(query)}" if query else address)


def refuse(
    request: HttpRequest,
    by: User,
    voice_id: int,
    refused: RefusedError,
    status: int = 409,
) -> HttpResponse:
    """Show the voice again as it is now, with the reason; claim it again if free."""
    Claim.objects.take(voice_id, by)
    entry = shown(voice_id, by)
    if entry:
        mark_changes(request, entry)
    return page(request, by, entry or following(request, by), refused, status)


def mark_changes(request: HttpRequest, entry: Entry) -> None:
    """If the words have changed since the page was opened, show how."""
    read = reading.unsign(request.POST.get("read", ""))
    if read and (changed := reading.changes_since(read, entry.voice)):
        entry.heading = "This changed while you were reading"
        entry.changes = changed


def is_fetch(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def page(
    request: HttpRequest,
    by: User,
    entry: Entry | None,
    alert: RefusedError | None = None,
    status: int = 200,
    label: str = "",
) -> HttpResponse:
    context = {
        "did": label,
        "title": "Review",
        "is_nav_sidebar_enabled": False,
        "entry": entry,
        "alert": alert,
        "typed": request.POST if alert else {},
        "only": only(request),
        "undo": undo.latest(by),
        "readers": list(others_reading(by)),
        **progress(by),
        "done": None if entry else done(by),
    }
    if is_fetch(request):
        return render(request, f"{PAGE}#entry", context, status=status)
    context |= admin.site.each_context(request)
    context["is_nav_sidebar_enabled"] = False
    return render(request, PAGE, context, status=status)


def progress(by: User) -> dict[str, Any]:
    """Return what the moderator decided today, and what waits, by age."""
    waiting = Voice.objects.filter(WAITING, UNREAD)
    day, three_days = (timezone.now() - timedelta(days=days) for days in (1, 3))
    new, older, oldest, left, unflagged, second, disputed = count_each_up_to(
        MOST,
        waiting.filter(review_since__gt=day),
        waiting.filter(review_since__lte=day, review_since__gt=three_days),
        waiting.filter(review_since__lte=three_days),
        waiting,
        waiting.filter(UNFLAGGED),
        Reading.objects.for_second_reader(by),
        Reading.objects.disputed(),
    )
    decided = decided_today(by)
    mine = int(left)
    shown = {"second_count": second, "dispute_count": disputed}
    for name, permission in MAY_COUNT.items():
        if not by.has_perm(permission):
            shown[name] = 0
        mine += int(shown[name])
    return shown | {
        "unflagged_count": unflagged,
        "progress": {
            "decided": decided,
            "waiting": left,
            "under_a_day": new,
            "to_three_days": older,
            "over_three_days": oldest,
            "share": round(100 * decided / (decided + mine)) if decided + mine else 100,
        },
    }


def decided_today(by: User) -> int:
    """Return how many verdicts the moderator has given today."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Decision.objects.filter(by=by).order_by("-pk").values("pk")[:MOST]
    alone = Decision.objects.filter(pk__in=mine, at__gte=today, undone_by=None)
    alone = alone.exclude(kind=Decision.Kind.UNDONE)
    first = Reading.objects.filter(first_by=by, first_at__gte=today, decision=None)
    other = Reading.objects.filter(second_by=by, second_at__gte=today)
    other = other.exclude(second_verdict=F("first_verdict"))
    return sum(map(int, count_each_up_to(MOST, alone, first, other)))


def done(by: User) -> dict[str, Any]:
    """Return what the page says once nothing is left for this moderator."""
    day = my_day(by)
    median = day["median"]
    holds = Hold.objects.in_effect().select_related("voice")[:20]
    return {
        "figures": [
            *day["decided"],
            ("For a second reader", day["to_second"]),
            ("Undone", day["undone"]),
            ("Median time each", "–" if median is None else f"{median} s"),
        ],
        "skipped": Skip.objects.of(by).count(),
        "held": [
            {
                "url": f"{reverse('admin:review')}?voice={each.voice_id}",
                "who": undo.name_of(each.voice),
                "until": each.until,
                "note": each.note,
            }
            for each in holds
        ],
    }
