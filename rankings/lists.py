"""Split and join lists that share one CSV cell: citations and URLs.

Citations are separated by semicolons outside of brackets. A signal before a citation
(`cf.`, `but see`) stays with the citation, because the signal says how the citation
bears on the point. URLs are separated by ` | `.
"""

import re
from urllib.parse import urlsplit

from rankings.states import SLUGS

# The Institute for Justice's report has a page for each state.
IJ_PAGES = "https://ij.org/report/50-shades-of-government-immunity/state-profile/"
# A site that has closed. The data keeps its URLs, because they record where somebody
# read an authority, but no page links to them.
CLOSED_SITE = "casetext.com"
# Spreadsheets treat a cell as a formula if it begins with one of these.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BETWEEN_CITATIONS = "; "
BETWEEN_ADDRESSES = " | "


def split_citations(text: str) -> list[str]:
    citations, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth = max(0, depth + (character in "([") - (character in ")]"))
        if character == ";" and not depth:
            citations.append(text[start:place])
            start = place + 1
    citations.append(text[start:])
    return [tidy for citation in citations if (tidy := citation.strip())]


def join_citations(citations: list[str]) -> str:
    return BETWEEN_CITATIONS.join(citations)


def split_addresses(text: str) -> list[str]:
    return [tidy for address in text.split("|") if (tidy := address.strip())]


def join_addresses(addresses: list[str]) -> str:
    return BETWEEN_ADDRESSES.join(addresses)


def host_of(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")


def is_closed(address: str) -> bool:
    """Whether the URL is on a site that has closed."""
    return f".{host_of(address)}".endswith(f".{CLOSED_SITE}")


def is_ij_page(address: str, usps: str) -> bool:
    """Whether `address` is the Institute for Justice's page on the state."""
    name = address.removeprefix(IJ_PAGES).strip("/").replace("%20", "-")
    return address.startswith(IJ_PAGES) and name == SLUGS[usps]


SIGNAL = re.compile(r"^(cf\.|but see|see)\s+", re.IGNORECASE)
# The end of a citation that isn't part of the authority: the remark ": year", or a
# parenthetical, such as "(Tom Bane Civil Rights Act)", that doesn't end in a year.
REMARK = re.compile(r"\s*(\((?![^()]*\b\d{4}\))[^()]*\)|: year)$")
# Volume, reporter, and page, as in "58 P.3d 339".
PLACE = re.compile(r"\b\d+ (?:[A-Z][\w.]*\.? ?)+(?:2d |3d |4th )?\d+\b")


def has_signal(citation: str) -> bool:
    """Whether the citation begins with a signal, and so isn't direct support."""
    return bool(SIGNAL.match(citation))


def authority(citation: str) -> str:
    """Return the citation without its signal and remarks."""
    name = SIGNAL.sub("", citation)
    while (shorter := REMARK.sub("", name)) != name:
        name = shorter
    return name


def same_authority(one: str, other: str) -> bool:
    """Whether two differently worded citations of a state cite the same authority.

    They do if the authority in one citation contains that in the other, or if both
    have the same volume, reporter, and page.
    """
    one, other = authority(one), authority(other)
    if one in other or other in one:
        return True
    return bool(set(PLACE.findall(one)) & set(PLACE.findall(other)))
