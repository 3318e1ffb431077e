"""Split and join lists that are stored in one CSV cell: citations and URLs.

Citations are separated by semicolons outside of parentheses and brackets. A signal
(`see`, `cf.`, or `but see`) stays part of the citation, because it says whether the
cited source supports the point. URLs are separated by ` | `.

An authority is the statute or ruling that a citation cites.
"""

import re

from rankings.hosts import host_of
from rankings.states import SLUGS

# The Institute for Justice's report has a page for each state.
IJ_PAGES = "https://ij.org/report/50-shades-of-government-immunity/state-profile/"
# A website that has shut down. The data keeps this site's URLs, because they record
# where somebody read an authority. But our pages don't link to these URLs.
CLOSED_SITE = "casetext.com"
# Spreadsheets run a cell as a formula if it begins with one of these characters.
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


def is_closed(address: str) -> bool:
    """Return whether the URL is on a website that has shut down."""
    return f".{host_of(address)}".endswith(f".{CLOSED_SITE}")


def is_ij_page(address: str, usps: str) -> bool:
    """Return whether `address` is the Institute for Justice's page on the state."""
    name = address.removeprefix(IJ_PAGES).strip("/").replace("%20", "-")
    return address.startswith(IJ_PAGES) and name == SLUGS[usps]


SIGNAL = re.compile(r"^(cf\.|but see|see)\s+", re.IGNORECASE)
# A remark at the end of a citation, which isn't part of the authority: the literal text
# ": year", or parentheses that don't end in a year, such as "(Tom Bane Civil Rights
# Act)".
REMARK = re.compile(r"\s*(\((?![^()]*\b\d{4}\))[^()]*\)|: year)$")
# Where a ruling is published: volume, reporter, and page, as in "58 P.3d 339".
PLACE = re.compile(r"\b\d+ (?:[A-Z][\w.]*\.? ?)+(?:2d |3d |4th )?\d+\b")


def has_signal(citation: str) -> bool:
    """Return whether the citation has a signal, and so isn't direct support."""
    return bool(SIGNAL.match(citation))


def authority(citation: str) -> str:
    """Return the citation's authority: its text without a signal and remarks."""
    name = SIGNAL.sub("", citation)
    while (shorter := REMARK.sub("", name)) != name:
        name = shorter
    return name


def same_authority(one: str, other: str) -> bool:
    """Return whether two citations for the same state cite the same authority.

    They do if the text of one authority contains the text of the other, or if both
    include the same volume, reporter, and page.
    """
    one, other = authority(one), authority(other)
    if one in other or other in one:
        return True
    return bool(set(PLACE.findall(one)) & set(PLACE.findall(other)))
