"""The moderators' admin pages. Importing these modules registers the admin classes."""

from voices.moderation.admin import (
    batches,
    log,
    quarantine,
    second_readers,
    signatures,
    voices,
    watched_words,
)

__all__ = [
    "batches",
    "log",
    "quarantine",
    "second_readers",
    "signatures",
    "voices",
    "watched_words",
]
