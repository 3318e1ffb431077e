#!/usr/bin/env python
"""Run Django's commands. In development, start the embedded database first."""

import importlib.util
import os
import sys
from contextlib import AbstractContextManager, nullcontext

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def surroundings() -> AbstractContextManager:
    """Return the context manager to run a command in.

    Without production settings, it sets defaults and runs the embedded database. In the
    Docker image, which doesn't contain `tools`, it does nothing.
    """
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
        # Don't print a traceback: the message already says what to do.
        sys.exit(f"ImproperlyConfigured: {error}")
