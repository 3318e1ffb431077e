"""Where `make test-pages` keeps what npm installs."""

from pathlib import Path

NODE_MODULES = Path(".local/judges/node_modules").absolute()
