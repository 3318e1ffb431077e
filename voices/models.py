"""The app's models; each stands in the folder of its subject."""

from voices.letters.models import Letter, RefusedAddress
from voices.moderation.models import AwaitingVoice, Decision, Reason
from voices.signing.models import Signature, Submission
from voices.wall.models import Tally, Voice

__all__ = [
    "AwaitingVoice",
    "Decision",
    "Letter",
    "Reason",
    "RefusedAddress",
    "Signature",
    "Submission",
    "Tally",
    "Voice",
]
