"""Logs without personal data: Django's request records name a path, ours a route."""

import logging


class RouteInsteadOfPath(logging.Filter):
    """Replace the path in a record of a request by the route that it matched.

    A path can hold a token that opens somebody's signature, and an exception's text
    can hold what somebody typed; the exception's type and place stay.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is None or not hasattr(request, "path"):
            return True
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(no route)"
        if isinstance(record.args, tuple):
            record.args = tuple(
                route if arg == request.path else arg for arg in record.args
            )
        if len(request.path) > 1:
            record.msg = str(record.msg).replace(request.path, route)
        return True
