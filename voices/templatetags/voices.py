"""What a page of another app shows of the voices of a state."""

from django import template

from rankings.states import JURISDICTIONS
from voices.wall.models import Voice
from voices.wall.tallies import read_figures

register = template.Library()

SHOWN = 3


@register.inclusion_tag("voices/state_voices.html")
def state_voices(usps: str) -> dict[str, object]:
    """The newest statements of a state, and how many have signed there.

    The number is withheld where the files of counts withhold it, for subtraction from
    them would tell what they keep back.
    """
    figures = read_figures()
    statements = Voice.objects.on_the_wall().shown().filter(state=usps)
    return {
        "usps": usps,
        "name": JURISDICTIONS[usps],
        "voices": statements.in_wall_order()[:SHOWN],
        "statements": figures.statements_from(usps),
        "signers": figures.signers_by_state[usps],
    }
