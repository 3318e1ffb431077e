"""Compute the sketches of voices that an older release stored (see Voice.sketch)."""

import time

from django.db import transaction

from voices.flags import rewording
from voices.wall.models import Voice

# This many voices are changed in one transaction.
STEP = 500
# A run ends after this many seconds. The next one goes on.
SECONDS = 60


def add_sketches() -> int:
    """Compute missing sketches; return how many.

    An index has only the voices without one, so a step finds the next ones at once, and
    a run that is killed loses one step at most.
    """
    until = time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < until and (some := add_some()):
        count += some
    return count


@transaction.atomic
def add_some() -> int:
    without = Voice.objects.filter(sketch=None).order_by("pk")
    # Skip voices that are being changed: saving new words computes the sketch, and the
    # next run finds the others.
    unlocked = without.select_for_update(of=["self"], skip_locked=True)
    voices = list(unlocked.only("statement")[:STEP])
    for voice in voices:
        voice.sketch = rewording.sketch(voice.statement)
    Voice.objects.bulk_update(voices, ["sketch"])
    return len(voices)
