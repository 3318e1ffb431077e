"""Count what is waiting for staff in each admin list."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Min, Model
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from core.counts import Many, count_each_up_to, count_up_to
from voices.founding.models import FoundingRequest
from voices.letters import waits
from voices.letters.models import SendingRate
from voices.moderation.holds import Hold
from voices.moderation.models import AwaitingVoice, QuarantinedSignature
from voices.moderation.readings import UNREAD, Reading
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signatures.objections import InvalidatedSignature, Objection

# Query strings that filter admin lists to open rows.
OPEN_ONES = "?closed_at__isempty=1"
OBJECTED = "?objection=open"
# Rows that need no exact number are counted up to this one.
MOST = 1000
# Moderators see the number of quarantined signatures up to this one.
MAX_QUARANTINED = 10_000


class Waiting(NamedTuple):
    """What is waiting for staff in an admin list.

    `number` is the number of rows or, for slow mail, of minutes. `words` is the text
    after the number, `since` is the oldest row's date if known, and `path` is the
    list's URL. `ages` says how many have waited how long, if known.
    """

    number: int
    words: str
    since: datetime | None
    path: str
    ages: str = ""

    @property
    def shown(self) -> str:
        is_cut = isinstance(self.number, Many)
        return str(self.number) if is_cut else f"{self.number:,}"


def voices_to_review() -> Waiting:
    count, since = AwaitingVoice.objects.waiting().count_and_oldest()
    words = f"voice{pluralize(count)} to review"
    ages = ages_of_voices() if count else ""
    return Waiting(count, words, since, reverse("admin:review"), ages)


def ages_of_voices() -> str:
    """Return how many voices have waited how long, in words; takes one query."""
    waiting = AwaitingVoice.objects.waiting()
    day, three_days = (timezone.now() - timedelta(days=days) for days in (1, 3))
    counts = count_each_up_to(
        MOST,
        waiting.filter(review_since__gt=day),
        waiting.filter(review_since__lte=day, review_since__gt=three_days),
        waiting.filter(review_since__lte=three_days),
    )
    spans = ("less than a day", "1 to 3 days", "more than 3 days")
    found = zip(counts, spans, strict=True)
    return ", ".join(f"{count} for {span}" for count, span in found if count)


def second_readings() -> Waiting:
    found = Reading.objects.filter(UNREAD).aggregate(
        count=Count("pk"), since=Min("first_at")
    )
    words = f"wait{pluralize(found['count'], 's,')} for a second reader"
    page = f"{reverse('admin:review')}?only=second"
    return Waiting(found["count"], words, found["since"], page)


def disputed() -> Waiting:
    count = count_up_to(MOST, Reading.objects.disputed())
    words = "that two readers disagree about"
    return Waiting(count, words, None, f"{reverse('admin:review')}?only=disputes")


def on_hold() -> Waiting:
    count = count_up_to(MOST, Hold.objects.in_effect())
    return Waiting(count, "on hold", None, f"{reverse('admin:review')}?only=held")


def open_reports() -> Waiting:
    count = Report.objects.still_open().count()
    words = f"open report{pluralize(count)} about voices"
    return Waiting(count, words, None, list_of(Report) + OPEN_ONES)


def open_errors() -> Waiting:
    count = RankingError.objects.still_open().count()
    words = f"open report{pluralize(count)} of errors in the rankings"
    return Waiting(count, words, None, list_of(RankingError) + OPEN_ONES)


def founding_requests() -> Waiting:
    count, overdue, due_at = FoundingRequest.objects.due()
    words = f"request{pluralize(count)} about founding voices"
    if overdue:
        words += f", {overdue} overdue"
    elif due_at:
        words += f", to decide by {date_format(timezone.localtime(due_at), 'F j')}"
    return Waiting(count, words, None, list_of(FoundingRequest) + OPEN_ONES)


def quarantined() -> Waiting:
    count = QuarantinedSignature.objects.in_quarantine().count()
    words = f"signature{pluralize(count)} in quarantine"
    return Waiting(count, words, None, list_of(QuarantinedSignature))


def count_quarantined() -> int:
    """Return the number of signatures in quarantine, above MAX_QUARANTINED as Many."""
    return count_up_to(MAX_QUARANTINED, QuarantinedSignature.objects.in_quarantine())


def objections() -> Waiting:
    count = Objection.objects.still_open().count()
    words = f"objection{pluralize(count)} to an invalidated signature"
    return Waiting(count, words, None, list_of(InvalidatedSignature) + OBJECTED)


def slow_mail() -> Waiting:
    minutes = waits.minutes()
    words = "minutes until a confirmation email leaves"
    long = minutes if minutes > waits.ALARMING else 0
    return Waiting(long, words, None, list_of(SendingRate))


def list_of(listed: type[Model]) -> str:
    return reverse(f"admin:{listed._meta.label_lower.replace('.', '_')}_changelist")


# The function that reports what is waiting in each list, by the list's model.
LISTS = {
    AwaitingVoice: voices_to_review,
    Report: open_reports,
    RankingError: open_errors,
    FoundingRequest: founding_requests,
    QuarantinedSignature: quarantined,
    InvalidatedSignature: objections,
    SendingRate: slow_mail,
}


# What waits for others than the first reader, by the permission that it concerns.
READINGS = {
    "voices.second_read": second_readings,
    "voices.settle_reading": disputed,
    "voices.change_awaitingvoice": on_hold,
}


def what_waits(
    lists: Iterable[type[Model]] = tuple(LISTS),
    readings: Iterable[str] = tuple(READINGS),
) -> list[Waiting]:
    """Return what is waiting in these lists, leaving out empty lists.

    After the voices to review, the rows of `readings` follow. Each row takes one query,
    and voices to review one more for their ages. The queries that count rows read only
    an index of open rows.
    """
    found = []
    for listed in lists:
        found.append(LISTS[listed]())
        if listed is AwaitingVoice:
            found += [READINGS[permission]() for permission in readings]
    return [each for each in found if each.number]
