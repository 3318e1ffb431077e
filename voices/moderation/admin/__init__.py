"""One module per model; importing it registers its admin class."""

from voices.moderation.admin import quarantine, signatures, voices, watched_words

__all__ = ["quarantine", "signatures", "voices", "watched_words"]
