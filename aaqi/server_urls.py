"""Parse server URLs that contain a password, such as EMAIL_URL.

Error messages never quote the URL, because it can contain the password.

environs would parse EMAIL_URL with dj-email-url, which sets no timeout and uses
STARTTLS for smtps://. It also ignores unknown parameters, so with ?starttls=1, emails
would be sent without TLS.
"""

from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Scheme → "ssl" (implicit TLS), "tls" (STARTTLS), or "" (the query string decides).
SCHEMES = {
    "smtp": "",
    "smtps": "ssl",
    "smtp+ssl": "ssl",
    "smtp+tls": "tls",
    "smtp+starttls": "tls",
    "submission": "tls",
    "submissions": "ssl",
}
KINDS = {
    "tls": "tls",
    "starttls": "tls",
    "ssl": "ssl",
    "smtps": "ssl",
    "implicit": "ssl",
}
YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off", "none"}


def split(name: str, url: str) -> SplitResult:
    """Parse `url`, the value of the environment variable `name`."""
    refuse_bare_signs(name, url)
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is not a valid URL. It must look like "
            "scheme://user:password@host:port."
        ) from None
    return parts


def refuse_bare_signs(name: str, url: str) -> None:
    """Reject a user name or password with characters that must be percent-encoded."""
    login = url.partition("://")[2].rpartition("@")[0]
    found = [f"{sign!r} as {quote(sign, '')}" for sign in "/#?[]\\ " if sign in login]
    if found:
        raise ImproperlyConfigured(
            f"{name} has characters in its user name or password that must be "
            f"percent-encoded: write {', '.join(found)}, and % itself as %25."
        )


def read_smtp(name: str, url: str) -> dict:
    """Return the options of Django's SMTP backend for the server at `url`.

    `name` is the environment variable that contains `url`.
    """
    parts = split(name, url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{name} must look like smtp://user:password@host:port?tls=1, or use "
            "smtps:// for implicit TLS."
        )
    kind = read_kind(name, parts)
    return {
        "host": parts.hostname,
        "port": parts.port or (465 if kind == "ssl" else 25),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": kind == "tls",
        "use_ssl": kind == "ssl",
        "timeout": 20,
    }


def read_kind(name: str, parts: SplitResult) -> str:
    """Return the kind of TLS: "tls" for STARTTLS, "ssl" for implicit TLS, or ""."""
    kinds = {ask(name, *pair) for pair in parse_qsl(parts.query, True)} - {""}
    kind = SCHEMES[parts.scheme]
    if kind == "ssl" and parts.port == 587:
        # Servers expect STARTTLS on port 587, even if the URL says smtps://.
        kind = "tls"
    if kind:
        return kind
    if len(kinds) > 1:
        raise ImproperlyConfigured(f"{name} can end in ?tls=1 or ?ssl=1, but not both.")
    return kinds.pop() if kinds else ""


def ask(name: str, key: str, value: str) -> str:
    """Return the kind of TLS that this query parameter requests; "" for none."""
    key = key.lower().removeprefix("email_").removeprefix("use_").removeprefix("use")
    value = value.strip().lower()
    if key in {"encryption", "security", "secure"} and value in KINDS:
        return KINDS[value]
    if key in {"encryption", "security", "secure", *KINDS} and value in NO:
        return ""
    if key in KINDS and value in YES:
        return KINDS[key]
    raise ImproperlyConfigured(
        f"{name} can have only ?tls=1 or ?ssl=1 as its query string."
    )
