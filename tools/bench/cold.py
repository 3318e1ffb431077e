"""The site's settings without its page memory, to measure how long rendering takes."""

from aaqi.settings import *  # noqa: F403
from aaqi.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "operations.warm.warm_pages"]
