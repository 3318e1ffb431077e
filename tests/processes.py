"""For tests that start processes of their own on the tests' database."""

import os
from urllib.parse import quote

from django.db import connection


def database_environment():
    """The environment with which another process finds the tests' database."""
    database = connection.settings_dict
    user, password, host, name = (
        quote(database[key], safe="") for key in ("USER", "PASSWORD", "HOST", "NAME")
    )
    port = f":{database['PORT']}" if database["PORT"] else ""
    return os.environ | {
        "DATABASE_URL": f"postgres://{user}:{password}@{host}{port}/{name}",
        "DJANGO_SETTINGS_MODULE": "aaqi.settings",
    }
