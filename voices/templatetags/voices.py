"""What a page of another app shows of the voices of a state."""

from django import template

from rankings.states import JURISDICTIONS
from voices.wall.models import Tally, Voice

register = template.Library()

SHOWN = 3
# Under this many signers we don't say how many: it could point at people.
FEWEST_TOLD = 10


@register.inclusion_tag("voices/state_voices.html")
def state_voices(usps):
    """The newest statements of a state, and how many have signed there."""
    statements = Voice.objects.on_the_wall().filter(state=usps)
    signers = Tally.objects.signers().filter(state=usps).total()
    return {
        "usps": usps,
        "name": JURISDICTIONS[usps],
        "voices": statements.newest_first()[:SHOWN],
        "statements": Tally.objects.statements().filter(state=usps).total(),
        "signers": signers if signers >= FEWEST_TOLD else None,
        "fewest_told": FEWEST_TOLD,
    }
