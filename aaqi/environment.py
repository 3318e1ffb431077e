"""Read settings from environment variables, and validate them at startup.

Any variable can come from a file: `NAME_FILE` is the path of a file that contains the
value of `NAME`.
"""

import os
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

import dj_database_url
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from aaqi.server_urls import read_smtp, split


def read(name: str, default: str = "") -> str:
    """Return the value of `name`, or the content of the file in `name_FILE`."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"Can't read {path}, which {name}_FILE points to: {error.strerror}."
            ) from error
    return os.environ.get(name, "").strip() or default


def read_list(name: str) -> list[str]:
    return [part.strip() for part in read(name).split(",") if part.strip()]


def read_number(name: str, default: int, *, least: int = 0) -> int:
    value = read(name, str(default))
    if not (value.isascii() and value.isdecimal()) or int(value) < least:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must be a whole number, {least} or more."
        )
    return int(value)


def read_switch(name: str, *, default: bool) -> bool:
    value = read(name, str(int(default)))
    if value not in {"0", "1"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be 1 or 0.")
    return value == "1"


def read_address(name: str, default: str = "") -> str:
    """Return the bare email address, without a display name; "" if not set."""
    value = read(name, default)
    if not value:
        return ""
    address = parseaddr(value)[1]
    try:
        validate_email(address)
    except ValidationError:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must be an email address."
        ) from None
    return address


def read_web_workers() -> int:
    """Return the number of web worker processes, for gunicorn.conf.py."""
    return read_number("WEB_WORKERS", min(os.process_cpu_count() or 1, 4), least=1)


def require(name: str, why: str) -> str:
    value = read(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {why}.")
    return value


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_database_url(name: str) -> str:
    """Return the URL in `name`, with a lowercase scheme because libpq requires it."""
    url = require(name, "`make run` sets it for its own embedded database")
    scheme, colon, rest = url.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def read_database(name: str, *, loopback: bool) -> dict:
    """Return the DATABASES entry for the URL in `name`."""
    url = read_database_url(name)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} must look like postgres://user:password@host:port/name."
        )
    password = unquote(split(name, url).password or "")
    if not loopback and (len(password) < 20 or len(set(password)) < 5):
        raise ImproperlyConfigured(
            f"{name} has a weak password; use at least 20 random letters and digits."
        )
    return {**dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)}


def read_logins(site: dict, *, loopback: bool) -> dict[str, dict]:
    """Return the database logins of the site and of the owner of its tables.

    Both are the site's login unless DATABASE_OWNER_URL is set.
    """
    owner = site
    if read("DATABASE_OWNER_URL"):
        owner = read_database("DATABASE_OWNER_URL", loopback=loopback)
    if owner["NAME"] != site["NAME"]:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL and DATABASE_URL must name the same database."
        )
    keys = ("USER", "PASSWORD", "HOST", "PORT")
    return {
        role: {key: entry[key] for key in keys}
        for role, entry in (("site", site), ("owner", owner))
    }


def read_site_url() -> tuple[str, str, bool]:
    """Return the normalized SITE_URL, its host, and whether that is loopback."""
    url = require(
        "SITE_URL", "set it to the URL of the site, such as https://example.org"
    )
    parts = split("SITE_URL", url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; it must be a URL such as https://example.org."
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; it must be only https:// and a host, without a path."
        )
    loopback = is_loopback(parts.hostname)
    if parts.scheme == "http" and not loopback:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; unless it is on this machine, it must use https://."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}", parts.hostname, loopback


def read_debug(*, loopback: bool) -> bool:
    debug = read_switch("DJANGO_DEBUG", default=False)
    if debug and not loopback:
        raise ImproperlyConfigured(
            "DJANGO_DEBUG is 1, which shows settings and code to every visitor. Unset "
            "it, or use a SITE_URL on this machine."
        )
    return debug


def read_secret_key(*, loopback: bool) -> str:
    key = require("DJANGO_SECRET_KEY", "it signs the links in emails")
    if not loopback and (len(key) < 50 or len(set(key)) < 5):
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is weak; use at least 50 random characters."
        )
    return key


def read_mailer(*, loopback: bool, folder: Path) -> dict:
    """Return the MAILERS entry for EMAIL_URL.

    On loopback, EMAIL_URL is optional; without it, each message is written to a file
    in `folder`.
    """
    url = read("EMAIL_URL")
    if not url and loopback:
        return {
            "BACKEND": "core.mail.EmailFileBackend",
            "OPTIONS": {"file_path": str(folder)},
        }
    url = require("EMAIL_URL", "confirmation emails need a mail server")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": read_smtp("EMAIL_URL", url),
    }
