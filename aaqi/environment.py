"""Read settings from environment variables, and validate them at startup.

Each variable that is read here can come from a file: `NAME_FILE` is the path of a file
that contains the value of `NAME`. We replace environs' error messages, because they
don't quote the invalid value.
"""

import os
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_address
from operator import itemgetter
from pathlib import Path
from typing import Any, NoReturn

import dj_database_url
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import URLValidator, validate_email
from environs import EnvValidationError, FileAwareEnv, validate

from aaqi.server_urls import read_smtp, split

env = FileAwareEnv()


def read(name: str, default: str = "") -> str:
    """Return the value of `name`; `default` if unset or empty.

    If `{name}_FILE` is set, the value is read from the file at that path.
    """
    try:
        return env.str(name, "").strip() or default
    except (OSError, ValueError) as error:
        path = env.str(f"{name}_FILE")
        reason = getattr(error.__cause__ or error, "strerror", "it isn't text")
        raise ImproperlyConfigured(
            f"Can't read {path}, which {name}_FILE points to: {reason}."
        ) from None


def read_as[T](
    parse: Callable[..., T], name: str, default: T, must: str, **options: Any
) -> T:
    """Return the value of `name`, parsed by environs; `default` if unset or empty."""
    if not (value := read(name)):
        return default
    try:
        return parse(name, **{"pre_load": str.strip} | options)
    except (EnvValidationError, ValidationError):
        refuse(name, value, f"it must be {must}")


def refuse(name: str, value: str, why: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} is {value!r}; {why}.") from None


def read_list(name: str) -> list[str]:
    return [part.strip() for part in read(name).split(",") if part.strip()]


def read_number(name: str, default: int, *, least: int = 0) -> int:
    must, at_least = f"a whole number, {least} or more", validate.Range(min=least)
    # Without this check, environs would accept "+1", "1_000", and non-ASCII digits.
    digits = [str.strip, validate.Regexp(r"[0-9]+\Z")]
    return read_as(env.int, name, default, must, pre_load=digits, validate=at_least)


def read_switch(name: str, *, default: bool) -> bool:
    return read_as(env.bool, name, default, "1 or 0", truthy={"1"}, falsy={"0"})


def read_address(name: str, default: str = "") -> str:
    """Return the email address in the variable `name`, without a display name.

    Returns `default` if the variable is unset or empty.
    """
    must, bare = "an email address", [parseaddr, itemgetter(1)]
    return read_as(env.str, name, default, must, pre_load=bare, validate=validate_email)


def read_link(name: str) -> str:
    """Return the http or https URL in the variable `name`; "" if unset or empty."""
    must, web = "a web address such as https://example.org/about", ["http", "https"]
    return read_as(env.str, name, "", must, validate=URLValidator(schemes=web))


def read_companies(name: str) -> list[str]:
    """Return the companies in the variable `name`, each as "Company (what it does)".

    The variable has "Company, what it does" for each, separated by semicolons.
    """
    companies = []
    for part in filter(None, map(str.strip, read(name).split(";"))):
        company, _, task = part.rpartition(", ")
        if not company.strip() or not task.strip():
            example = "Example Host, hosts the server; Example Mail, delivers email"
            refuse(name, read(name), f"it must be a list such as “{example}”")
        companies.append(f"{company.strip()} ({task.strip()})")
    return companies


def read_web_workers() -> int:
    """Return the number of web worker processes, for gunicorn.conf.py."""
    return read_number("WEB_WORKERS", min(os.process_cpu_count() or 1, 4), least=1)


def require(name: str, why: str) -> str:
    if not (value := read(name)):
        raise ImproperlyConfigured(f"{name} is not set: {why}.")
    return value


def is_loopback(host: str) -> bool:
    """Return whether `host` always refers to this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_database_url(name: str) -> str:
    """Return the URL in the variable `name`, with a lowercase scheme for libpq."""
    url = require(name, "`make run` sets it for its own embedded database")
    scheme, colon, rest = url.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def read_database(name: str, *, loopback: bool) -> dict:
    """Return the DATABASES entry for the URL in the variable `name`."""
    url = read_database_url(name)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} must look like postgres://user:password@host:port/name."
        )
    # Call split() only to validate the URL: its error messages say what to fix and omit
    # the password.
    split(name, url)
    entry = dj_database_url.parse(
        url, engine="core.postgresql", conn_max_age=600, conn_health_checks=True
    )
    password = entry["PASSWORD"]
    if not loopback and (len(password) < 20 or len(set(password)) < 5):
        raise ImproperlyConfigured(
            f"{name} has a weak password; use at least 20 random letters and digits."
        )
    options = entry.get("OPTIONS", {})
    if read_switch("DATABASE_PREPARE", default=False):
        # When a connection runs a statement for the sixth time, psycopg prepares the
        # statement, so that the server needn't parse it again. Off by default, because
        # prepared statements get lost in a pooler that shares connections.
        options |= {"server_side_binding": True, "prepare_threshold": 5}
    return {**entry, "OPTIONS": options}


def read_logins(site: dict, *, loopback: bool) -> dict[str, dict]:
    """Return two database logins: the site's, and that of the owner of the tables.

    Unless DATABASE_OWNER_URL is set, the owner's login is the same as the site's.
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
    """Return the normalized SITE_URL, its host, and whether the host is loopback."""
    url = require("SITE_URL", "set it to the site's URL, such as https://example.org")
    parts = split("SITE_URL", url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        refuse("SITE_URL", url, "it must be a URL such as https://example.org")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        refuse("SITE_URL", url, "it must be only https:// and a host, without a path")
    loopback = is_loopback(parts.hostname)
    if parts.scheme == "http" and not loopback:
        refuse("SITE_URL", url, "unless it is on this machine, it must use https://")
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
    if loopback and not read("EMAIL_URL"):
        return {
            "BACKEND": "core.mail.EmailFileBackend",
            "OPTIONS": {"file_path": str(folder)},
        }
    url = require("EMAIL_URL", "confirmation emails need a mail server")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": read_smtp("EMAIL_URL", url),
    }
