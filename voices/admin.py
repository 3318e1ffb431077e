"""The app's part of the staff's desk."""

from voices.abuse import admin as abuse
from voices.abuse import quarantine
from voices.flags import admin as flags
from voices.invalidation import admin as invalidation
from voices.letters import admin as letters
from voices.moderation import admin as moderation
from voices.objections import admin as objections
from voices.ranking_errors import admin as ranking_errors
from voices.reports import admin as reports
from voices.reveals import admin as reveals
from voices.signing import admin as signing
from voices.updates import admin as updates

__all__ = [
    "abuse",
    "flags",
    "invalidation",
    "letters",
    "moderation",
    "objections",
    "quarantine",
    "ranking_errors",
    "reports",
    "reveals",
    "signing",
    "updates",
]
