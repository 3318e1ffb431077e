"""A template tag that shows a state's court cases on pages of other apps.

{% load cases %}{% state_cases "TX" %}
"""

from django import template

from faq.cases.models import Case

register = template.Library()


@register.inclusion_tag("faq/state_cases.html")
def state_cases(state: str) -> dict:
    """Show the public cases from a state, or nothing if there are none."""
    return {"cases": Case.objects.public().filter(state=state).in_lists()}
