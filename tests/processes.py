"""Helpers for tests that start other processes on the test database."""

import os
from urllib.parse import quote

from django.conf import settings
from django.db import connection


def database_environment():
    """The environment that makes another process the site on the test database."""
    environment = os.environ | {
        "DATABASE_URL": url("site"),
        "DJANGO_SETTINGS_MODULE": "aaqi.settings",
    }
    # As in a deployment, the process has no login for the owner.
    for name in ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE", "DATABASE_URL_FILE"):
        environment.pop(name, None)
    return environment


def url(role):
    """Return the URL with which a role logs in to the test database."""
    login = settings.DATABASE_LOGINS[role] | {"NAME": connection.settings_dict["NAME"]}
    user, password, host, name = (
        quote(login[key], safe="") for key in ("USER", "PASSWORD", "HOST", "NAME")
    )
    port = f":{login['PORT']}" if login["PORT"] else ""
    return f"postgres://{user}:{password}@{host}{port}/{name}"
