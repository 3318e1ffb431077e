"""What the worker does for the copies."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from copies.drop import DROP_COPIES, drop


# By then the last copy is too old to be shown.
@app.task(name=DROP_COPIES, retry=RetryStrategy(max_attempts=120, wait=5))
def drop_copies(pages: str) -> None:
    drop(pages)
