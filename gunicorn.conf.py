"""gunicorn settings; the command line can override any of them."""

from pathlib import Path

from gunicorn.glogging import Logger

from aaqi import environment, logs


class PathlessLogger(Logger):
    """Log errors without the request's path, because paths contain tokens."""

    def setup(self, cfg):
        super().setup(cfg)
        if socket:
            for handler in self.error_log.handlers:
                handler.setFormatter(logs.JsonLines())

    def exception(self, msg, *args, **kwargs):
        if msg.startswith("Error handling request"):
            msg, args = "Error handling a request", ()
        super().exception(msg, *args, **kwargs)


# In a container, WEB_SOCKET is set: listen on that Unix socket, to which the HTTP cache
# connects. Otherwise, listen on a local port.
socket = environment.read("WEB_SOCKET")
port = environment.read("PORT", "8000")
bind = f"unix:{socket}" if socket else f"127.0.0.1:{port}"
workers = environment.read_web_workers()
# Browsers open connections that they never use. With threads, such a connection doesn't
# block a whole worker process.
worker_class = "gthread"
threads = 4
timeout = 30
# The highest limit that gunicorn accepts. Gunicorn itself rejects longer request lines,
# without our error page.
limit_request_line = 8190
graceful_timeout = 20
keepalive = 5

# No access log, because paths contain tokens; no warnings, because they quote requests.
logger_class = PathlessLogger
loglevel = "error"

# Let no header set a path, a user, or a scheme: gunicorn would trust such a header from
# anyone who can connect to its socket. Django reads X-Forwarded-Proto itself, if
# PROXY_COUNT says that our own proxy sets it. Headers with an underscore are dropped,
# because X_Real_IP and X-Real-IP would become the same variable.
forwarder_headers = ""
secure_scheme_headers = {}
header_map = "drop"

# Keep the workers' heartbeat files in memory, so that a slow disk can't delay a
# heartbeat.
if Path("/dev/shm").is_dir():  # noqa: S108 -- gunicorn makes its own random name there.
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# Don't create the control socket in the home folder. We don't need it, because signals
# do everything we need.
control_socket_disable = True


def pre_request(worker, req):
    """Close the connection after a request whose body the site might not read.

    Otherwise, a thread would read the rest of the body for up to five seconds to keep
    the connection alive.
    """
    from django.conf import settings

    headers = dict(req.headers)
    length = int(headers.get("CONTENT-LENGTH") or 0)
    if "TRANSFER-ENCODING" in headers or length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        req.force_close()


def post_worker_init(worker):
    """Listen for content changes, so that this worker can cache public pages."""
    from operations.warm import pages

    pages.start()
