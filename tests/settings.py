"""The site's settings for pytest.

First sets up a throwaway database and static files, and unsets the developer's own
settings. xdist workers inherit all of it.
"""

import atexit
import os
import signal
import subprocess
import sys
from contextlib import ExitStack

from tools import development


def prepare():
    # Handle SIGTERM like Ctrl-C, so that pytest exits cleanly and stops the database.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    development.ignore_own_settings()
    local_dir = development.make_local_dir("test")
    development.fill_in(local_dir)
    if not development.is_set("DATABASE_URL"):
        stack = ExitStack()
        stack.enter_context(development.database(local_dir, throw_away=True))
        atexit.register(stack.close)
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input"]
    subprocess.run([*collect, "--verbosity=0"], cwd=development.ROOT, check=True)


os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".local/cache/hypothesis")
# For the commands that tests run.
os.environ["DJANGO_SETTINGS_MODULE"] = "aaqi.settings"
if "PYTEST_XDIST_WORKER" not in os.environ:
    prepare()

from aaqi.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
