"""Say what a link leads to, for hosts that are neither official nor known publishers.

The words come from what we saw there (`what_was_seen` in citation_checks.csv) or, for
summaries, briefs, and commentaries, from the page's own URL.
"""

from urllib.parse import urlsplit

A_COPY, A_SUMMARY, A_BRIEF = "a copy", "a summary", "a case brief"
A_FIRM = "a law firm’s page"
LEADS_TO = {
    "bondcasebriefs.com": A_BRIEF,
    "cap-redacted-demo.lil.tools": A_COPY,
    "casemine.com": "a commentary",
    "cjpia.org": "a lawyer’s summary",
    "conncriminaldefense.com": A_FIRM,
    "divorcebankruptcylaw.com": A_FIRM,
    "docslib.org": A_COPY,
    "gmflaw.com": A_FIRM,
    "goodshepherdmedia.net": A_COPY,
    "instalawyer.io": A_COPY,
    "law.uslawyerdatabase.com": A_COPY,
    "laws9.com": A_COPY,
    "lawserver.com": A_COPY,
    "legalinventory.pitt.edu": A_COPY,
    "lexplug.com": A_BRIEF,
    "nycdetectives.org": "a police union’s page",
    "ok.elaws.us": A_COPY,
    "scribd.com": A_COPY,
    "state-sc.mjc.prod.3whst.com": "a civil rights center’s page",
    "statutes.laws-info.com": A_COPY,
    "studicata.com": A_SUMMARY,
    "unicourt.github.io": A_COPY,
    "user-35215390377.cld.bz": "a copy of a bar journal",
    "vdocuments.us": "a copy of a law review comment",
}


def host_of(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")


def place_of(address: str) -> str:
    """Return the URL's host, after what the link leads to if the host is listed."""
    host = host_of(address)
    return f"{LEADS_TO[host]} on {host}" if host in LEADS_TO else host
