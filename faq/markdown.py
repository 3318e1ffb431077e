"""Render staff's Markdown as a small subset of HTML.

Templates don't escape the HTML that `render` returns. It is safe, because markdown-it
escapes raw HTML, and nh3 removes everything that is not on the allowlists below.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML as Renderer
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "blockquote", "ul", "ol", "li"),
    *("strong", "em", "code", "pre", "a", "sup", "div"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "rel", "id", "aria-label"},
    "div": {"class"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "li": {"id"},
    "ol": {"start", "class"},
}
SCHEMES = {"http", "https", "mailto"}
# A paragraph that a page replaces with the timeline or with a chart: [[timeline]] or
# [[chart:who-pays]]. The code calls such a paragraph a part.
PART = re.compile(r"\[\[([a-z]+(?::[a-z0-9-]+)?)\]\]")

type Tokens = Sequence[Token]


class Heading(NamedTuple):
    id: str
    text: str


@dataclass(frozen=True)
class Rendered:
    html: SafeString
    # The h2 headings, for the table of contents.
    headings: tuple[Heading, ...]


def make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).use(footnote_plugin)
    parser.enable("table").disable("image")
    for rule, does in RULES.items():
        parser.add_render_rule(rule, does)
    return parser


# Render rules, with the parameters that markdown-it passes to them.


def link_open(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    if is_elsewhere(str(token.attrs["href"])):
        token.attrSet("rel", "noopener external")
    token.attrs.pop("title", None)
    return renderer.renderToken(tokens, index, options, env)


def note_id(kind: str, token: Token, env: EnvType) -> str:
    repeated = token.meta.get("subId", 0)
    again = f"-{repeated + 1}" if kind == "r" and repeated > 0 else ""
    return f"{env['prefix']}{kind}{token.meta['id'] + 1}{again}"


def footnote_ref(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    number = token.meta["id"] + 1
    return (
        f'<sup><a href="#{note_id("fn", token, env)}" id="{note_id("r", token, env)}"'
        f' aria-label="Footnote {number}">{number}</a></sup>'
    )


def footnote_block_open(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<h2 id="{env["prefix"]}notes">Notes</h2>\n<ol class="footnotes">\n'


def footnote_block_close(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</ol>\n"


def footnote_open(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<li id="{note_id("fn", tokens[index], env)}">'


def footnote_anchor(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    return (
        f' <a href="#{note_id("r", token, env)}" aria-label="Back to the text from '
        f'note {token.meta["id"] + 1}">↩︎</a>'
    )


def table_open(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    return '<div class="scroll"><table>'


def table_close(
    renderer: Renderer, tokens: Tokens, index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table></div>"


RULES = {
    rule.__name__: rule
    for rule in (
        link_open,
        footnote_ref,
        footnote_block_open,
        footnote_block_close,
        footnote_open,
        footnote_anchor,
        table_open,
        table_close,
    )
}


def is_elsewhere(href: str) -> bool:
    """Return whether a link points to another site or is invalid."""
    try:
        host = urlsplit(href).netloc
    except ValueError:  # Such as "http://[".
        return True
    return bool(host) and host != urlsplit(settings.SITE_URL).netloc


parser = make_parser()


def render(
    text: str,
    prefix: str = "",
    part: Callable[[str], SafeString] | None = None,
) -> Rendered:
    """Return `text` as safe HTML.

    Each HTML id starts with `prefix`, so that one page can show several texts. `part`
    is called for each paragraph such as [[timeline]], with the name in the brackets,
    and returns the HTML that replaces the paragraph. Without `part`, such a paragraph
    stays as it is.
    """
    html, headings, names = convert(text, prefix, has_parts=part is not None)
    for placeholder, name in names:
        # The placeholder is random, so no author can write it in a text.
        html = html.replace(f"<p>{placeholder}</p>", part(name))  # type: ignore[misc]
    return Rendered(mark_safe(html), headings)  # noqa: S308


# The cache has room for all of the site's texts. For a long page, parsing takes half of
# the rendering time.
@lru_cache(maxsize=256)
def convert(
    text: str, prefix: str, *, has_parts: bool
) -> tuple[str, tuple[Heading, ...], tuple[tuple[str, str], ...]]:
    """Return the HTML, the h2 headings, and each part's placeholder and name."""
    env = {"prefix": prefix}
    tokens = parser.parse(text, env)
    headings = name_headings(tokens, prefix)
    if any(token.type == "footnote_block_open" for token in tokens):
        headings.append(Heading(f"{prefix}notes", "Notes"))
    names = take_out_parts(tokens) if has_parts else {}
    html = clean(parser.renderer.render(tokens, parser.options, env))
    return html, tuple(headings), tuple(names.items())


def clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


# These characters enclose matches in PostgreSQL's search excerpts; no text has them.
MATCH_START, MATCH_END = "\x02", "\x03"


def mark_matches(found: str) -> SafeString:
    """Return a search excerpt as HTML, with each match in <mark>."""
    html = escape(found).replace(MATCH_START, "<mark>")
    return mark_safe(html.replace(MATCH_END, "</mark>"))  # noqa: S308


def name_headings(tokens: list[Token], prefix: str) -> list[Heading]:
    """Give each heading an id made from its words; return the h2 headings."""
    found = []
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        words = words_of(tokens[index + 1])
        name = base = f"{prefix}s-{slugify(words)[:60]}"
        while name in taken:
            name = f"{base}-{len(taken)}"
        taken.add(name)
        token.attrSet("id", name)
        if token.tag == "h2":
            found.append(Heading(name, words))
    return found


def take_out_parts(tokens: list[Token]) -> dict[str, str]:
    """Replace parts with random placeholders; return a dict of placeholder to name."""
    names = {}
    for name, token in parts_of(tokens):
        placeholder = secrets.token_hex(16)
        names[placeholder] = name
        token.children = [Token("text", "", 0, content=placeholder)]
    return names


def parts_of(tokens: list[Token]) -> list[tuple[str, Token]]:
    return [
        (match[1], token)
        for opening, token in pairwise(tokens)
        if opening.type == "paragraph_open"
        and opening.level == 0
        and (match := PART.fullmatch(token.content))
    ]


def words_of(inline: Token) -> str:
    """Return the plain text of an inline token, without footnote numbers."""
    breaks = {"softbreak", "hardbreak"}
    return "".join(
        " " if child.type in breaks else child.content
        for child in inline.children or []
        if child.type in {"text", "code_inline"} | breaks
    )


@lru_cache(maxsize=256)
def paragraphs(text: str) -> tuple[str, ...]:
    """Return the plain text of each paragraph, heading, list item, and table cell.

    Omits footnotes, and paragraphs such as [[timeline]].
    """
    found = []
    for token in parser.parse(text, {"prefix": ""}):
        if token.type == "footnote_block_open":
            break
        if token.type == "inline" and not PART.fullmatch(token.content):
            found.append(words_of(token))
    return tuple(found)


def print_values(text: str, values: dict[str, str]) -> str:
    """Replace each known `{{ name }}` with its value, escaped for Markdown."""

    def value(match: re.Match) -> str:
        if match[1] not in values:
            return match[0]
        return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", values[match[1]])

    return VALUE.sub(value, text)


VALUE = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
