"""A template tag that links the admin's pages about one person to one another."""

from django import template
from django.template import Context

from voices.finding.people import links_to, person_of

register = template.Library()


@register.inclusion_tag("admin/voices/links.html", takes_context=True)
def person_links(context: Context, row: object) -> dict[str, object]:
    """Link to other rows about the person that `row` is about, if it is about one."""
    person, request = person_of(row), context["request"]
    if person is None:
        return {"links": []}
    [links] = links_to([person], request.user)
    return {"links": [link for link in links if link.url != request.path]}
