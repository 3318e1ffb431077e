"""What the worker does for the texts."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from faq.models import Case, Chart, Page, Question, TimelineEntry

MINUTE = timedelta(minutes=1)


@app.periodic(cron="* * * * *")
@app.task(name="faq.tell_of_what_is_due")
def tell_of_what_is_due(timestamp: int) -> None:
    """Let web processes drop their pages when a text's time to be public has come.

    The minutes of the jobs follow each other without a gap, so each text is told of
    once. No row changes at that moment, so that no trigger could tell.
    """
    now = datetime.fromtimestamp(timestamp, UTC)
    minute = {"publish_at__gt": now - MINUTE, "publish_at__lte": now}
    models = (Question, Case, TimelineEntry, Chart, Page)
    if any(model.objects.filter(**minute).exists() for model in models):
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY pages")
