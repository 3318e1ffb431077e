"""A template tag for pages and letters that offer to pass on an address."""

from django import template

from voices.tags.links import share

register = template.Library()


@register.inclusion_tag("parts/share.html")
def share_links(address: str, words: str, subject: str = "") -> dict[str, object]:
    """Show ways to share an absolute URL; site.js adds buttons to the plain links."""
    return {"shared": share(address, words, subject), "words": words}
