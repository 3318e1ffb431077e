"""Provide a database, a secret key, and other defaults for development.

`manage.py`, the tests, and the commands in `tools` use this module. The Docker image
doesn't contain it, and sets DEVELOPMENT_DEFAULTS to 0, which turns the defaults off.
"""

import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import postgres

ROOT = Path(__file__).resolve().parent.parent
# If any of these settings is set, `manage.py` runs without defaults.
PRODUCTION = [
    *("SITE_URL", "DJANGO_SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL"),
    *("EMAIL_URL", "DEFAULT_FROM_EMAIL", "POSTAL_ADDRESS", "OPERATOR_NAME"),
]
# Environment variables that `ignore_own_settings` removes for tests and the benchmark.
NOT_FOR_TESTS = [
    *(name for name in PRODUCTION if not name.startswith("DATABASE")),
    *("BACKUP_FOLDER", "BOUNCE_ADDRESS", "BOUNCE_MAILDIR", "CONTACT_EMAIL"),
    *("DATABASE_PREPARE", "OPERATOR_URL", "PROCESSORS"),
    *("DJANGO_ALLOWED_HOSTS", "DJANGO_DEBUG", "MAILS_PER_MINUTE", "MODERATION_EMAIL"),
    *("PAGE_CACHE_URL", "PROXY_COUNT", "SECRET_KEY_FALLBACKS", "SIGNING_OPEN"),
    *("STATIC_ROOT", "UNDO_MINUTES", "WEB_WORKERS"),
]


def is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def hold() -> bool:
    """Whether `manage.py` sets defaults.

    It does so outside the Docker image if none of the settings in PRODUCTION is set.
    """
    return os.environ.get("DEVELOPMENT_DEFAULTS") != "0" and not any(
        map(is_set, PRODUCTION)
    )


def make_local_dir(part: str = "") -> Path:
    """Create LOCAL_DIR, or its subdirectory `part`, and return the path."""
    folder = ROOT / (os.environ.get("LOCAL_DIR") or ".local") / part
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def ignore_own_settings() -> None:
    """Unset the settings in NOT_FOR_TESTS, so that tests and benchmarks ignore them."""
    for name in NOT_FOR_TESTS:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)


def fill_in(local_dir: Path) -> None:
    """Set defaults in the environment, such as SITE_URL and this clone's secret key."""
    os.environ["LOCAL_DIR"] = str(local_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aaqi.settings")
    # docker-compose.yml sets this too.
    os.environ.setdefault("DATABASE_PREPARE", "1")
    if not is_set("SITE_URL"):
        port = os.environ.get("PORT") or "8000"
        os.environ["SITE_URL"] = f"http://localhost:{port}"
    if not is_set("DJANGO_SECRET_KEY"):
        key = postgres.write_once(local_dir / "secret-key", secrets.token_urlsafe(50))
        os.environ["DJANGO_SECRET_KEY"] = key


@contextmanager
def database(local_dir: Path, *, throw_away: bool = False) -> Iterator[None]:
    """Run the embedded PostgreSQL server; set DATABASE_URL and DATABASE_OWNER_URL."""
    with postgres.running(local_dir, throw_away=throw_away) as urls:
        for name, url in urls.items():
            os.environ.pop(f"{name}_FILE", None)
            os.environ[name] = url
        yield


@contextmanager
def defaults() -> Iterator[bool]:
    """If defaults apply, set them and run the database; yield whether they apply."""
    if not hold():
        yield False
        return
    # On SIGTERM, exit normally, so that the database is stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    local_dir = make_local_dir()
    fill_in(local_dir)
    with database(local_dir):
        yield True
