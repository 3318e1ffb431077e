"""Addresses of servers in the environment, such as EMAIL_URL, with a password in them.

No message quotes an address, because it may hold the password.
"""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SUBMISSION, SMTPS = 587, 465
# Scheme → whether TLS begins with the connection, by STARTTLS, or as the query says.
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
SIGNS = {sign: f"%{ord(sign):02X}" for sign in "/#?[]\\ "}


def split(name: str, url: str) -> SplitResult:
    """Take the address that `name` holds apart."""
    refuse_bare_signs(name, url)
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is not a valid address: it takes the form "
            "scheme://user:password@host:port."
        ) from None
    return parts


def refuse_bare_signs(name: str, url: str) -> None:
    """Refuse a password that ends the address early; a parser would not notice."""
    login, at, _ = url.partition("://")[2].rpartition("@")
    found = [f"{sign!r} as {SIGNS[sign]}" for sign in SIGNS if at and sign in login]
    if found:
        raise ImproperlyConfigured(
            f"{name} has a sign in its user name or password that has to be "
            f"percent-encoded: write {', '.join(found)}, and % itself as %25."
        )


def read_smtp(name: str, url: str) -> dict:
    """Return the options of Django's SMTP backend for the address in `name`."""
    parts = split(name, url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{name} takes the form smtp://user:password@host:port?tls=1, or smtps:// "
            "for TLS from the start."
        )
    kind = read_kind(name, parts)
    return {
        "host": parts.hostname,
        "port": parts.port or (SMTPS if kind == "ssl" else 25),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": kind == "tls",
        "use_ssl": kind == "ssl",
        "timeout": 20,
    }


def read_kind(name: str, parts: SplitResult) -> str:
    """Return "tls" for STARTTLS, "ssl" for TLS from the start, "" for neither."""
    kinds = {
        asked for pair in parse_qsl(parts.query, True) for asked in ask(name, *pair)
    }
    kind = SCHEMES[parts.scheme]
    if kind == "ssl" and parts.port == SUBMISSION:
        # That port begins without TLS, whatever the scheme is called.
        kind = "tls"
    if kind and kinds <= {"tls", "ssl"}:
        return kind
    if len(kinds) > 1:
        raise ImproperlyConfigured(f"{name} ends in ?tls=1 or in ?ssl=1, not in both.")
    return kinds.pop() if kinds else ""


def ask(name: str, key: str, value: str) -> list[str]:
    """Return the kind of TLS that a pair of the query asks for, if it does."""
    key = key.lower().removeprefix("email_").removeprefix("use_").removeprefix("use")
    value = value.strip().lower()
    if key in {"encryption", "security", "secure"} and value in KINDS:
        return [KINDS[value]]
    if key in {"encryption", "security", "secure", *KINDS} and value in NO:
        return []
    if key in KINDS and value in YES:
        return [KINDS[key]]
    raise ImproperlyConfigured(f"{name} ends in ?tls=1, in ?ssl=1 or in neither.")
