"""One module per model; importing a module registers its admin class."""

from voices.moderation.admin import quarantine, signatures, voices, watched_words

__all__ = ["quarantine", "signatures", "voices", "watched_words"]
