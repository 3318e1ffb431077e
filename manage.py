#!/usr/bin/env python
"""Django's command line; `make manage c="…"` starts what it needs first."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aaqi.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # It says what to do; where it was raised helps nobody.
        sys.exit(f"ImproperlyConfigured: {error}")
