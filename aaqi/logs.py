"""Logs without personal data: routes instead of paths, places instead of texts."""

import logging
import traceback


class RouteInsteadOfPath(logging.Filter):
    """Replace the path in a record of a request by the route that it matched.

    A path can hold a token that opens somebody's signature.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is None or not hasattr(request, "path"):
            return True
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(no route)"
        # Django writes a path as it is, or with what is not ASCII escaped.
        paths = {request.path, request.path.encode("unicode_escape").decode()}
        if isinstance(record.args, tuple):
            record.args = tuple(route if arg in paths else arg for arg in record.args)
        for path in paths - {"/"}:
            record.msg = str(record.msg).replace(path, route)
        return True


class PlacesOnly(logging.Formatter):
    """Say where an exception came from and its type, but not its text.

    The text can hold what somebody typed: a database quotes the row that it refuses,
    a mail server the address.
    """

    def formatException(self, ei):  # noqa: N802 - logging's name
        lines = []
        error = ei[1]
        while error is not None:
            places = "".join(traceback.format_tb(error.__traceback__))
            lines.append(f"{type(error).__qualname__}, raised at\n{places}")
            error = error.__cause__ or error.__context__
        return "caused by ".join(lines).rstrip()
