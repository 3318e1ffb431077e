"""Imports each folder's admin module, which registers the models with the admin."""

from voices.abuse import admin as abuse
from voices.founding import admin as founding
from voices.invalidation import admin as invalidation
from voices.letters import admin as letters
from voices.moderation import admin as moderation
from voices.petition import admin as petition
from voices.ranking_errors import admin as ranking_errors
from voices.reports import admin as reports
from voices.reveals import admin as reveals
from voices.tags import admin as tags
from voices.updates import admin as updates

__all__ = [
    "abuse",
    "founding",
    "invalidation",
    "letters",
    "moderation",
    "petition",
    "ranking_errors",
    "reports",
    "reveals",
    "tags",
    "updates",
]
