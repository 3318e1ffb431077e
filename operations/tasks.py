"""Maintenance of the job queue, and cache purges."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from operations.purge import purge

__all__ = ["purge", "remove_old_jobs", "retry_stalled"]


@app.periodic(cron="* * * * *")
@app.task(name="aaqi.retry_stalled", pass_context=True, queueing_lock="retry_stalled")
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Retry jobs whose worker died while running them.

    Such a job keeps the status `doing`, and no worker would ever fetch it again. A
    worker counts as dead when it has had no heartbeat for 30 seconds.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)


@app.periodic(cron="23 4 * * *")
@app.task(
    name="aaqi.remove_old_jobs", pass_context=True, queueing_lock="remove_old_jobs"
)
async def remove_old_jobs(context: JobContext, timestamp: int) -> None:
    """Delete jobs that failed or were canceled a month ago.

    Workers delete successful jobs themselves.
    """
    await context.app.job_manager.delete_old_jobs(
        nb_hours=30 * 24,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
