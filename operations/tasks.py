"""Define the periodic jobs that maintain the job queue, and register `purge`."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from operations.purge import purge

__all__ = ["purge", "remove_old_jobs", "retry_stalled"]


@app.periodic(cron="* * * * *")
@app.task(name="aaqi.retry_stalled", pass_context=True, queueing_lock="retry_stalled")
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Retry jobs whose worker died while running them.

    Without a retry, such a job would keep the status `doing` forever. A worker is
    considered dead if it recorded no heartbeat for 30 seconds.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)


@app.periodic(cron="23 4 * * *")
@app.task(
    name="aaqi.remove_old_jobs", pass_context=True, queueing_lock="remove_old_jobs"
)
async def remove_old_jobs(context: JobContext, timestamp: int) -> None:
    """Delete jobs that failed, were canceled, or were aborted over 30 days ago.

    Workers delete successful jobs themselves.
    """
    await context.app.job_manager.delete_old_jobs(
        nb_hours=30 * 24,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
