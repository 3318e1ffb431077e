"""Count what is waiting for staff in each admin list."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Model
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from voices.founding.models import FoundingRequest
from voices.letters import waits
from voices.letters.models import SendingRate
from voices.moderation.models import AwaitingVoice, QuarantinedSignature
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.signatures.objections import InvalidatedSignature, Objection

# Query strings that filter admin lists to open rows.
OPEN_ONES = "?closed_at__isempty=1"
OBJECTED = "?objection=open"


class Waiting(NamedTuple):
    """What is waiting for staff in an admin list.

    `number` is the number of rows or, for slow mail, of minutes. `words` is the text
    after the number, `since` is the oldest row's date if known, and `path` is the
    list's URL.
    """

    number: int
    words: str
    since: datetime | None
    path: str


def voices_to_review() -> Waiting:
    count, since = AwaitingVoice.objects.waiting().count_and_oldest()
    words = f"voice{pluralize(count)} to review"
    return Waiting(count, words, since, list_of(AwaitingVoice))


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


def what_waits(lists: Iterable[type[Model]] = tuple(LISTS)) -> list[Waiting]:
    """Return what is waiting in these lists, leaving out empty lists.

    Each list takes one query. The queries that count rows read only an index of open
    rows.
    """
    found = [LISTS[listed]() for listed in lists]
    return [each for each in found if each.number]
