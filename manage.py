#!/usr/bin/env python
"""Django's command line. In a fresh clone, it starts the embedded database first."""

import importlib.util
import os
import sys
from contextlib import AbstractContextManager, nullcontext

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def surroundings() -> AbstractContextManager:
    """Return the context that a command runs in; in the image, it does nothing."""
    if importlib.util.find_spec("tools") is None:
        return nullcontext()
    from tools.development import defaults

    return defaults()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aaqi.settings")
    try:
        with surroundings() as is_fresh:
            if is_fresh and "runserver" in sys.argv[1:2]:
                os.environ.setdefault("DJANGO_DEBUG", "1")
                execute_from_command_line([sys.argv[0], "prepare"])
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # The message says what to do, and the traceback wouldn't help.
        sys.exit(f"ImproperlyConfigured: {error}")
