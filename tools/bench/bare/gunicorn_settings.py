"""The settings in gunicorn.conf.py, without the hooks, which belong to the site."""

from pathlib import Path
from runpy import run_path

HOOKS = {"pre_request", "post_worker_init"}

settings = run_path(str(Path(__file__).parents[3] / "gunicorn.conf.py"))
globals().update(
    {
        name: value
        for name, value in settings.items()
        if not name.startswith("__") and name not in HOOKS
    }
)
