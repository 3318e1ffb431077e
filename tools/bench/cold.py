"""The site's settings without the in-memory page cache, to measure rendering."""

from aaqi.settings import *  # noqa: F403
from aaqi.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "operations.warm.warm_pages"]
