"""The app's part of the staff's desk."""

from voices.moderation import admin as moderation
from voices.signing import admin as signing

__all__ = ["moderation", "signing"]
