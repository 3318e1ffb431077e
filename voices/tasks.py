"""The worker's tasks for this app.

Task arguments are only IDs and timestamps, because the job table must not contain
personal data.
"""

import logging

from django.conf import settings
from procrastinate.contrib.django import app

from core.backoff import Backoff
from voices import retention
from voices.letters import bounces, reminders, waits
from voices.moderation import flagging
from voices.moderation.digest import send_digest
from voices.moderation.flagging import FLAG_WAITING
from voices.monthly.figures import store_closed_months
from voices.updates.queue import QUEUE_COPIES, queue_copies
from voices.wall import cards
from voices.wall.cards import DRAW_CARDS
from voices.wall.sketches import add_sketches
from voices.wall.tallies import DayTally, DeletedTally, Tally

logger = logging.getLogger(__name__)


@app.task(name=QUEUE_COPIES, queue="mail", retry=Backoff())
def queue_update(update_id: int, after: int) -> None:
    queue_copies(update_id, after)


@app.task(name=DRAW_CARDS, queue="pages", retry=Backoff())
def draw_cards(voice_ids: list[int]) -> None:
    cards.draw_cards(voice_ids)


@app.task(name=FLAG_WAITING, queue="pages", retry=Backoff())
def flag_waiting(since: str, after: int) -> None:
    flagging.flag_waiting(since, after)


@app.periodic(cron="*/10 * * * *")
@app.task(name="voices.read_bounces", queueing_lock="voices.read_bounces")
def read_bounces(timestamp: int) -> None:
    if settings.BOUNCE_MAILDIR:
        bounces.read_maildir(settings.BOUNCE_MAILDIR)


@app.periodic(cron="* * * * *")
@app.task(name="voices.measure_wait", queueing_lock="voices.measure_wait")
def measure_wait(timestamp: int) -> None:
    waits.measure()


@app.periodic(cron="*/10 * * * *")
@app.task(name="voices.queue_reminders", queueing_lock="voices.queue_reminders")
def queue_reminders(timestamp: int) -> None:
    reminders.queue_reminders()


@app.periodic(cron="0 13 * * *")
@app.task(
    name="voices.send_digest",
    queueing_lock="voices.send_digest",
    retry=Backoff(),
)
def tell_moderators(timestamp: int) -> None:
    send_digest(timestamp)


@app.periodic(cron="* * * * *")
@app.task(name="voices.fold_tallies", queueing_lock="voices.fold_tallies")
def fold_tallies(timestamp: int) -> None:
    for tallies in (Tally.objects, DayTally.objects, DeletedTally.objects):
        tallies.fold()


@app.periodic(cron="*/10 * * * *")
@app.task(name="voices.add_sketches", queueing_lock="voices.add_sketches")
def sketch_older_voices(timestamp: int) -> None:
    add_sketches()


@app.periodic(cron="41 9 * * *")
@app.task(name="voices.store_months", queueing_lock="voices.store_months")
def store_months(timestamp: int) -> None:
    """Store moderation's figures of months that are over, and log which."""
    for month in store_closed_months():
        logger.info("Stored the figures of %s", month)


@app.periodic(cron="17 * * * *")
@app.task(name="voices.forget", queueing_lock="voices.forget")
def forget(timestamp: int) -> None:
    """Delete data past its retention period, and log the counts."""
    for what, rows in retention.forget().items():
        if rows:
            logger.info("Deleted %s: %s", what, rows)
