"""How many letters leave in a minute, over all workers."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from voices.letters.models import Letter
from voices.letters.queue import AWAITED

MINUTE = timedelta(minutes=1)
# Of all that may leave, one in so many is held free for letters that people wait for.
HELD_FREE = 4
# Nobody counts further back in the line: those behind come and ask again.
LONGEST_LINE = 10_000


def turn_of(letter: Letter) -> datetime | None:
    """Return when the letter may leave; None for at once.

    Letters being sent at this very moment are not counted, so there may be as many
    more in a minute as workers send at a time.
    """
    rate = max(settings.MAILS_PER_MINUTE, 1)
    most = rate if letter.kind in AWAITED else rate - rate // HELD_FREE
    sent = Letter.objects.filter(sent_at__gt=timezone.now() - MINUTE)
    limiting = sent.order_by("-sent_at").values_list("sent_at", flat=True)
    at = limiting[most - 1 : most].first()
    if at is None or letter.kind in AWAITED:
        return at and at + MINUTE
    # Each comes back when about those before it have left, for if all came back
    # together they would keep the queue busy with nothing else.
    before = Letter.objects.in_flight().filter(pk__lt=letter.pk).order_by()
    return at + MINUTE * (1 + before[:LONGEST_LINE].count() / most)
