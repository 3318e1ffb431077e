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
from voices.flags.models import WatchedWord
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
from voices.moderation.models import (
    AwaitingVoice,
    Decision,
    Digest,
    QuarantinedSignature,
    Reason,
)
from voices.petition.models import Petition
from voices.ranking_errors.models import RankingError
from voices.reports.models import Report
from voices.reveals.models import Reveal
from voices.signatures.invalidations import InvalidatedAddress, Invalidation
from voices.signatures.models import Signature, Submission
from voices.signatures.objections import InvalidatedSignature, Objection
from voices.signatures.requests import AddressChange, LinkRequest
from voices.tags.models import Tag
from voices.wall.appeals import Appeal
from voices.wall.corrections import Correction
from voices.wall.edits import ProposedEdit
from voices.wall.models import Voice
from voices.wall.tallies import DayTally, Tally

__all__ = [
    "AddressChange",
    "Alarm",
    "AllowedNetwork",
    "Appeal",
    "Arrival",
    "Attempt",
    "AwaitingVoice",
    "BlockedDomain",
    "BlockedNetwork",
    "Correction",
    "DayTally",
    "Decision",
    "Digest",
    "FoundingRequest",
    "HeldSubmission",
    "InvalidatedAddress",
    "InvalidatedSignature",
    "Invalidation",
    "Letter",
    "Limit",
    "LinkRequest",
    "MailProvider",
    "Objection",
    "Petition",
    "ProposedEdit",
    "QuarantinedSignature",
    "RankingError",
    "Reason",
    "RefusedAddress",
    "Report",
    "Reveal",
    "SendingRate",
    "Signature",
    "Submission",
    "Tag",
    "Tally",
    "Turn",
    "Update",
    "Voice",
    "WatchedWord",
]
