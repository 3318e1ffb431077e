"""What the worker does for the voices; arguments are ids, never personal data."""

import logging

from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from voices.letters.models import Letter
from voices.letters.queue import ASK_TO_CONFIRM, SEND_LETTER, queue_confirmation
from voices.letters.send import drop_letter
from voices.letters.send import send_letter as send
from voices.signing.models import Submission
from voices.wall.models import Tally

logger = logging.getLogger(__name__)


class Backoff(BaseRetryStrategy):
    """Wait 3, 9, 27 … seconds, then ten minutes each time, for about a day.

    The wait has a bound so that mail leaves soon after an outage, however long it was.
    """

    tries = 150
    longest = 600

    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> RetryDecision | None:
        if job.attempts >= self.tries:
            return None
        wait = min(3 ** min(job.attempts + 1, 6), self.longest)
        return RetryDecision(retry_in={"seconds": wait})


@app.task(name=ASK_TO_CONFIRM, queue="mail", retry=Backoff())
def ask_to_confirm(submission_id: int) -> None:
    queue_confirmation(submission_id)


@app.task(name=SEND_LETTER, queue="mail", pass_context=True, retry=Backoff())
def send_letter(context: JobContext, letter_id: int) -> None:
    try:
        send(letter_id)
    except Exception as error:
        # Its type only, for its text may quote the address.
        logger.warning("Letter %s did not leave: %s", letter_id, type(error).__name__)
        if context.job.attempts >= Backoff.tries:
            drop_letter(letter_id)
        raise


@app.periodic(cron="* * * * *")
@app.task(name="voices.fold_tallies", queueing_lock="voices.fold_tallies")
def fold_tallies(timestamp: int) -> None:
    Tally.objects.fold()


@app.periodic(cron="17 * * * *")
@app.task(name="voices.forget", queueing_lock="voices.forget")
def forget(timestamp: int) -> None:
    """Delete what the privacy page says is not kept."""
    Submission.objects.forget_stale()
    Letter.objects.forget_old()
