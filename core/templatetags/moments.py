"""Format moments in plain words, without a clock time: readers' time zones differ."""

from datetime import UTC, datetime, timedelta
from math import ceil

from django import template
from django.contrib.humanize.templatetags.humanize import apnumber
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Older moments get a date, because it would be unclear which week a day's name means.
NAMED_DAYS = timedelta(days=6)


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """Return "two hours ago", "on Monday", or "on Nov. 3, 2026", in a <time>.

    A moment in the future becomes "in two hours" or a date. Dates and days of the week
    are those in the site's time zone.
    """
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}">{}</time>',
        f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        words_for(moment, timezone.now()),
    )


def words_for(moment: datetime, now: datetime) -> str:
    age = abs(now - moment)
    if age >= timedelta(days=1):
        day = timezone.localtime(moment)
        named = moment < now and age < NAMED_DAYS
        return f"on {format_date(day, 'l' if named else 'N j, Y')}"
    minutes = int(age.total_seconds() // 60)
    if moment > now:
        # Round up, so that nobody who waits until then comes back too early.
        minutes += 1
        if minutes > 60:
            minutes = ceil(minutes / 60) * 60
        return f"in {spell(minutes)}"
    return f"{spell(minutes)} ago" if minutes else "just now"


def spell(minutes: int) -> str:
    hours = minutes // 60
    count, unit = (hours, "hour") if hours else (minutes, "minute")
    return f"{apnumber(count)} {unit}{pluralize(count)}"
