"""What the worker does for the voices; arguments are ids, never personal data."""

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from voices.letters.models import Letter
from voices.letters.send import drop_letter
from voices.letters.send import send_letter as send
from voices.signing.models import Submission
from voices.wall.models import Tally

# Waits of 3, 9, 27 … seconds: ten tries reach over a day.
SEND_TRIES = 10


@app.task(
    name="voices.send_letter",
    queue="mail",
    pass_context=True,
    retry=RetryStrategy(max_attempts=SEND_TRIES, exponential_wait=3),
)
def send_letter(context: JobContext, letter_id: int) -> None:
    try:
        send(letter_id)
    except Exception:
        if context.job.attempts >= SEND_TRIES:
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
