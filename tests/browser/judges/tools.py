"""Where `make test-pages` installs npm packages."""

from pathlib import Path

NODE_MODULES = Path(".local/judges/node_modules").absolute()
