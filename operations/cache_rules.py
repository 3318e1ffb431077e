"""Generate `deploy/parameters.vcl`: Varnish's rules for dropping query parameters.

Varnish needs its own copy of the rules in operations/parameters.py, because it serves
pages while the site is down.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from core.public import Parameter

FILE = Path(settings.BASE_DIR) / "deploy" / "parameters.vcl"
TEXT = """\
# The query parameters of each public page; all others are dropped, so that they don't
# add cache keys. Generated from the URLs by `make manage c="write_cache_rules"`.
sub drop_unknown_parameters {{
    unset req.http.X-Asked;
    {branches}
    if (req.http.X-Asked) {{
        set req.url = regsub(req.url, "\\?.*$", "")
            + regsub(req.http.X-Asked, "^&", "?");
        unset req.http.X-Asked;
    }}
}}
"""
# The cache stores no page under these paths, so they need no rules.
STAFF = ("admin/", "accounts/")
# Matches everything before a parameter. The regex is greedy, so if a parameter has
# several values, the last value is used.
BEFORE = r"^[^?]*\?(?:.*&)?"

type Known = tuple[Parameter, ...] | None


def vcl() -> str:
    """Return the VCL file's content, with a branch for each run of URL patterns.

    The patterns of a run read the same query parameters. The runs keep the order of the
    URLconf, because the first pattern that matches a URL wins.
    """
    groups = groupby(routes(), key=lambda route: route[1])
    branches = [branch([path for path, _ in group], known) for known, group in groups]
    return TEXT.format(branches=" else".join(branches))


def routes(
    patterns: Iterable[URLPattern | URLResolver] | None = None, above: str = ""
) -> Iterator[tuple[str, Known]]:
    """Yield the path of each page, as a regex, and the query parameters that it reads.

    For a page that isn't cached, yield None instead of the parameters.
    """
    for each in get_resolver().url_patterns if patterns is None else patterns:
        path = above + each.pattern.regex.pattern.removeprefix("^")
        if path.startswith(STAFF):
            continue
        if isinstance(each, URLPattern):
            yield path.removesuffix(r"\Z"), getattr(each.callback, "parameters", None)
        else:
            yield from routes(each.url_patterns, path)


def branch(paths: list[str], known: Known) -> str:
    either = "|".join(re.sub(r"\(\?P<\w+>", "(?:", path) for path in paths)
    does = "        # Not cached, so its query stays as it is.\n"
    if known is not None:
        does = '        set req.http.X-Asked = "";\n' + "".join(map(collect, known))
    return f"""if (req.url ~ "^/(?:{either})\\?") {{
{does}    }}"""


def collect(parameter: Parameter) -> str:
    """Return VCL that copies a parameter from the request's URL to the header X-Asked.

    The VCL copies only values that the page reads (see Parameter).
    """
    value = f"(?:{'|'.join(parameter.values)})(?=&|$)" if parameter.values else "[^&]+"
    wanted = f"{parameter.name}={value}"
    if parameter.repeats:
        return f"""        set req.http.X-Asked = req.http.X-Asked
            + regsuball(regsub(req.url, "^[^?]*\\?", "&"), "&(?!{wanted})[^&]*", "");
"""
    found = f"{BEFORE}({wanted})"
    return f"""        if (req.url ~ "{found}") {{
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "{found}.*$", "\\1");
        }}
"""
