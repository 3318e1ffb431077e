"""Background tasks for the rankings."""

from procrastinate.contrib.django import app

from rankings.pending import Upload


@app.periodic(cron="41 * * * *")
@app.task(name="rankings.forget_uploads", queueing_lock="rankings.forget_uploads")
def forget_uploads(timestamp: int) -> None:
    Upload.objects.forget()
