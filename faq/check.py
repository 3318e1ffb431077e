"""Validate texts that staff write: their length, characters, and Markdown.

Pages don't render raw HTML, images, or links with unusual schemes, so a text that
contains them is invalid.
"""

import re
from typing import NamedTuple

from django.core.exceptions import ValidationError
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from faq.markdown import SCHEMES

# The maximum length of a text, in characters. All of the site's texts are shorter.
LONGEST = 40_000
NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):")


class Problem(NamedTuple):
    # The line number in the text, starting at 1.
    line: int
    sentence: str


def make_reader() -> MarkdownIt:
    """Return a parser for finding Markdown that pages don't allow.

    Unlike the parser in faq/markdown.py, this parser recognizes raw HTML, images, and
    links with any scheme.
    """
    reader = MarkdownIt("commonmark", {"html": True}).use(footnote_plugin)
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    return reader.enable("table")


reader = make_reader()


def problems(text: str) -> list[Problem]:
    """Return the problems in a text.

    If the text is too long or has an invalid character, return only that problem.
    """
    if len(text) > LONGEST:
        sentence = f"The text has {len(text):,} characters; the limit is {LONGEST:,}."
        return [Problem(1, sentence)]
    if match := NOT_TEXT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        name = f"U+{ord(match[0]):04X}"
        return [Problem(line, f"There is an invalid character ({name}).")]
    env: dict = {}
    found: list[Problem] = []
    line = 1
    for token in reader.parse(text, env):
        line = token.map[0] + 1 if token.map else line
        found += (Problem(line, sentence) for sentence in of_token(token))
    return found + unused_notes(text, env)


def unused_notes(text: str, env: dict) -> list[Problem]:
    """Return a problem for each footnote that the text never references."""
    refs = env.get("footnotes", {}).get("refs", {})
    return [
        Problem(
            text.count("\n", 0, text.find(f"[^{name[1:]}]:")) + 1,
            f"The footnote [^{name[1:]}] is never referenced.",
        )
        for name, number in refs.items()
        if number < 0
    ]


def of_token(token: Token) -> list[str]:
    if token.type == "html_block":
        return [RAW_HTML]
    if token.type == "heading_open" and token.tag not in {"h2", "h3", "h4"}:
        return ["Start headings with two to four “#”: the page already has a title."]
    return [s for child in token.children or [] for s in of_words(child)]


def of_words(token: Token) -> list[str]:
    if token.type == "html_inline":
        return [RAW_HTML]
    if token.type == "image":
        return ["Images are not allowed."]
    if token.type == "link_open":
        match = SCHEME.match(str(token.attrs["href"]))
        if match and match[1].lower() not in SCHEMES:
            return [f"A link can’t point to “{match[1]}:”; use https, http, or mailto."]
    if token.type == "text" and (note := re.search(r"\[\^[^\]]*\]", token.content)):
        return [f"The footnote {note[0]} has no text."]
    return []


RAW_HTML = "Raw HTML is not allowed; write Markdown."


def validate_markdown(text: str) -> None:
    """Raise a ValidationError with all of the text's problems, if it has any."""
    if found := problems(text):
        raise ValidationError(
            [
                ValidationError(
                    "Line %(line)s: %(sentence)s",
                    code="markdown",
                    params={"line": problem.line, "sentence": problem.sentence},
                )
                for problem in found
            ]
        )


def validate_line(text: str) -> None:
    """Reject line breaks and invalid characters."""
    if "\n" in text or "\r" in text:
        raise ValidationError("Keep this on one line.", code="many_lines")
    if match := NOT_TEXT.search(text):
        raise ValidationError(
            f"Remove the invalid character (U+{ord(match[0]):04X}).",
            code="not_text",
        )
