"""What the environment says, checked before anything starts.

A secret may come from a file: `NAME_FILE` holds the path of what `NAME` would say.
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
    """Return the value of `name`, or of the file that `name_FILE` points at."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE points at {path}, which cannot be read: {error.strerror}."
            ) from error
    return os.environ.get(name, "").strip() or default


def read_list(name: str) -> list[str]:
    return [part.strip() for part in read(name).split(",") if part.strip()]


def read_number(name: str, default: int, *, least: int = 0) -> int:
    value = read(name, str(default))
    if not (value.isascii() and value.isdecimal()) or int(value) < least:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it takes a whole number from {least} on."
        )
    return int(value)


def read_switch(name: str, *, default: bool) -> bool:
    value = read(name, str(int(default)))
    if value not in {"0", "1"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes 1 or 0.")
    return value == "1"


def read_address(name: str, default: str = "") -> str:
    """Return an email address, without a name before it; "" for none."""
    value = read(name, default)
    if not value:
        return ""
    address = parseaddr(value)[1]
    try:
        validate_email(address)
    except ValidationError:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it takes an email address."
        ) from None
    return address


def read_web_workers() -> int:
    """Return how many processes answer requests; gunicorn.conf.py asks for it."""
    return read_number("WEB_WORKERS", min(os.process_cpu_count() or 1, 4), least=1)


def require(name: str, why: str) -> str:
    value = read(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {why}.")
    return value


def is_loopback(host: str) -> bool:
    """Whether `host` can only mean the machine that the site runs on."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_database_url(name: str) -> str:
    """Return the URL in `name` with its scheme in lower case, as libpq wants it."""
    url = require(name, "`make run` sets it for its own embedded database")
    scheme, colon, rest = url.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def read_database(name: str, *, loopback: bool) -> dict:
    """Return the entry for Django's DATABASES that the URL in `name` describes."""
    url = read_database_url(name)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} takes the form postgres://user:password@host:port/name."
        )
    password = unquote(split(name, url).password or "")
    if not loopback and (len(password) < 20 or len(set(password)) < 5):
        raise ImproperlyConfigured(
            f"{name} is weak; its password takes at least 20 random letters and digits."
        )
    return {**dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)}


def read_logins(site: dict, *, loopback: bool) -> dict[str, dict]:
    """Return how the site and the owner of its tables log in to the database.

    Both are the site's login unless DATABASE_OWNER_URL names another one.
    """
    owner = site
    if read("DATABASE_OWNER_URL"):
        owner = read_database("DATABASE_OWNER_URL", loopback=loopback)
    if owner["NAME"] != site["NAME"]:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL names another database than DATABASE_URL."
        )
    keys = ("USER", "PASSWORD", "HOST", "PORT")
    return {
        role: {key: entry[key] for key in keys}
        for role, entry in (("site", site), ("owner", owner))
    }


def read_site_url() -> tuple[str, str, bool]:
    """Return SITE_URL as browsers write it, its host, and whether it is loopback."""
    url = require("SITE_URL", "say where the site is, as in https://example.org")
    parts = split("SITE_URL", url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; it takes an address such as https://example.org."
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; it takes only https:// and a host, without a path."
        )
    loopback = is_loopback(parts.hostname)
    if parts.scheme == "http" and not loopback:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; away from this machine it must start with https://."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}", parts.hostname, loopback


def read_debug(*, loopback: bool) -> bool:
    debug = read_switch("DJANGO_DEBUG", default=False)
    if debug and not loopback:
        raise ImproperlyConfigured(
            "DJANGO_DEBUG is 1, which shows settings and code to every visitor. It is "
            "for a SITE_URL on this machine only: take it out."
        )
    return debug


def read_secret_key(*, loopback: bool) -> str:
    key = require("DJANGO_SECRET_KEY", "links in mails are signed with it")
    if not loopback and (len(key) < 50 or len(set(key)) < 5):
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is weak; it takes at least 50 random characters."
        )
    return key


def read_mailer(*, loopback: bool, folder: Path) -> dict:
    """Return the entry for Django's MAILERS that EMAIL_URL describes.

    Without EMAIL_URL, on loopback only, each message becomes a file in `folder`.
    """
    url = read("EMAIL_URL")
    if not url and loopback:
        return {
            "BACKEND": "core.mail.EmailFileBackend",
            "OPTIONS": {"file_path": str(folder)},
        }
    url = require("EMAIL_URL", "confirmation mails need a mail server")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": read_smtp("EMAIL_URL", url),
    }
