"""Template tags for a page's metadata, for search engines and link previews."""

import json

from django import template
from django.template import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# Separates the page's title from the site's name, except on the home page.
SITE = " · "
# JSON escape sequences, so that HTML parsers don't see a tag or an entity in the JSON.
ESCAPES = {"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"}


@register.simple_tag(takes_context=True)
def page_title(context: Context) -> SafeString:
    """Return the content of the block `title`, without the site's name."""
    title = again(context, "title")
    return mark_safe(title.rpartition(SITE)[0] or title)  # noqa: S308


@register.simple_tag(takes_context=True)
def page_description(context: Context) -> SafeString:
    """Return the content of the block `description`."""
    return mark_safe(again(context, "description"))  # noqa: S308


def again(context: Context, name: str) -> str:
    """Render a block that the page also renders itself, and collapse whitespace.

    The result is already escaped.
    """
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return " ".join(block.render(context).split())


@register.simple_tag
def structured_data(data: dict) -> SafeString:
    """Return `data` as a JSON-LD script element, for search engines."""
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False)
    # This loop is much faster than translate() for text with curly quotes or dashes.
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    safe = mark_safe(text)  # noqa: S308
    return format_html('<script type="application/ld+json">{}</script>', safe)
