"""The retry schedule of failed tasks."""

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job


class Backoff(BaseRetryStrategy):
    """Retry after 3, 9, 27 … seconds, then every ten minutes, for about a day.

    The wait is capped, so that tasks run soon after an outage ends, even a long one.
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
