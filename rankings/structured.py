"""The rankings as structured data for search engines: https://schema.org/Dataset."""

from django.conf import settings
from django.urls import reverse

from core.organizations import operator
from rankings.files import LICENSE_ADDRESS
from rankings.standings import Standings

FILES = {"csv": "text/csv", "json": "application/json"}


def describe(standings: Standings) -> str:
    text = (
        "Whether people can sue when officials violate their rights under the law of "
        "each of the 50 states and the District of Columbia: facts, citations, points, "
        "and grades."
    )
    if names := [row.name for row in standings.provisional]:
        text += (
            " Where a fact is not established, the points are a range. A grade is "
            "provisional if the top of the range would earn a better one: "
            f"{', '.join(names)}."
        )
    return text


def dataset(standings: Standings) -> dict:
    """Return an edition, with its CSV and JSON files, as a schema.org Dataset."""
    edition = standings.edition
    past = [edition.date] if standings.past else []
    name = "edition" if past else "data"
    site = settings.SITE_URL
    return {
        "@type": "Dataset",
        "name": f"State rankings: {edition.title}",
        "description": describe(standings),
        "url": site + edition.get_absolute_url(),
        "version": edition.date.isoformat(),
        "dateModified": f"{edition.last_modified:%Y-%m-%d}",
        "license": LICENSE_ADDRESS,
        "isAccessibleForFree": True,
        "spatialCoverage": "United States",
        "creator": {"@type": "Organization", "name": settings.SITE_NAME, "url": site},
        "publisher": operator(),
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": encoding,
                "contentUrl": site + reverse(f"rankings:{name}-{kind}", args=past),
            }
            for kind, encoding in FILES.items()
        ],
    }
