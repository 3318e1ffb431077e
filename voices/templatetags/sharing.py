"""A template tag that shows links for sharing a page."""

from django import template

from voices.tags.links import share

register = template.Library()


@register.inclusion_tag("parts/share.html")
def share_links(address: str, words: str, subject: str = "") -> dict[str, object]:
    """Show links for sharing `address`, an absolute URL. site.js adds more buttons."""
    return {"shared": share(address, words, subject), "words": words}
