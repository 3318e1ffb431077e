"""The moderators' admin pages. Importing these modules registers the admin classes."""

from voices.moderation.admin import quarantine, signatures, voices, watched_words

__all__ = ["quarantine", "signatures", "voices", "watched_words"]
