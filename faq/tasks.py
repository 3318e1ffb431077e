"""Background tasks for texts."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from procrastinate.contrib.django import app

from core.public import Content
from core.triggers import notify
from faq.models import TEXTS

MINUTE = timedelta(minutes=1)


@app.periodic(cron="* * * * *")
@app.task(name="faq.tell_of_what_is_due")
def tell_of_what_is_due(timestamp: int) -> None:
    """Make web processes drop cached pages when a scheduled text becomes public.

    No row changes at that moment, so a trigger can't do this. Each run covers the
    minute before `timestamp`, so each text is covered by only one run.
    """
    now = datetime.fromtimestamp(timestamp, UTC)
    minute = {"publish_at__gt": now - MINUTE, "publish_at__lte": now}
    if any(model.objects.filter(**minute).exists() for model in TEXTS):
        with connection.cursor() as cursor:
            cursor.execute(notify(Content.TEXTS))
