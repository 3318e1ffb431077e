"""All models of the app, imported from the folders that define them."""

from voices.abuse.models import (
    Alarm,
    AllowedNetwork,
    Arrival,
    BlockedDomain,
    BlockedNetwork,
    Limit,
    MailProvider,
)
from voices.flags.models import FlagRule, WatchedWord
from voices.founding.models import FoundingRequest
from voices.letters.models import (
    Attempt,
    HeldSubmission,
    Letter,
    RefusedAddress,
    SendingRate,
    Turn,
    Update,
)
from voices.moderation.batches import Batch
from voices.moderation.claims import Claim, Skip
from voices.moderation.holds import Hold
from voices.moderation.models import (
    AwaitingVoice,
    Decision,
    Digest,
    QuarantinedSignature,
    Reason,
    ReviewRule,
    StockSentence,
)
from voices.moderation.readings import Reading
from voices.monthly.models import MonthFigure
from voices.petition.models import Petition
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.reveals.models import AddressSearch, Reveal
from voices.signatures.invalidations import InvalidatedAddress, Invalidation
from voices.signatures.models import Signature, Submission
from voices.signatures.objections import InvalidatedSignature, Objection
from voices.signatures.requests import AddressChange, LinkRequest
from voices.tags.models import Tag
from voices.wall.appeals import Appeal
from voices.wall.corrections import Correction
from voices.wall.edits import ProposedEdit
from voices.wall.models import Voice
from voices.wall.tallies import DayTally, DeletedTally, Tally

__all__ = [
    "AddressChange",
    "AddressSearch",
    "Alarm",
    "AllowedNetwork",
    "Appeal",
    "Arrival",
    "Attempt",
    "AwaitingVoice",
    "Batch",
    "BlockedDomain",
    "BlockedNetwork",
    "Claim",
    "Correction",
    "DayTally",
    "Decision",
    "DeletedTally",
    "Digest",
    "FlagRule",
    "FoundingRequest",
    "HeldSubmission",
    "Hold",
    "InvalidatedAddress",
    "InvalidatedSignature",
    "Invalidation",
    "Letter",
    "Limit",
    "LinkRequest",
    "MailProvider",
    "MonthFigure",
    "Objection",
    "Petition",
    "ProposedEdit",
    "QuarantinedSignature",
    "RankingError",
    "Reading",
    "Reason",
    "RefusedAddress",
    "Report",
    "Reveal",
    "ReviewRule",
    "SendingRate",
    "Signature",
    "Skip",
    "StockSentence",
    "Submission",
    "Tag",
    "Tally",
    "Turn",
    "Update",
    "Voice",
    "WatchedWord",
]
