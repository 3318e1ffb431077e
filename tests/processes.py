"""For tests that start processes of their own on the tests' database."""

import os
from urllib.parse import quote

from django.conf import settings
from django.db import connection


def database_environment():
    """The environment with which another process is the site on the tests' database."""
    environment = os.environ | {
        "DATABASE_URL": url("site"),
        "DJANGO_SETTINGS_MODULE": "aaqi.settings",
    }
    # As in a deployment, it doesn't know the owner.
    for name in ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE", "DATABASE_URL_FILE"):
        environment.pop(name, None)
    return environment


def url(role):
    """Return the address with which a role logs in to the tests' database."""
    login = settings.DATABASE_LOGINS[role] | {"NAME": connection.settings_dict["NAME"]}
    user, password, host, name = (
        quote(login[key], safe="") for key in ("USER", "PASSWORD", "HOST", "NAME")
    )
    port = f":{login['PORT']}" if login["PORT"] else ""
    return f"postgres://{user}:{password}@{host}{port}/{name}"
