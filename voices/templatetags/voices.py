"""A template tag that shows a state's voices on pages of other apps."""

from django import template

from rankings.states import in_sentence
from voices.wall.models import Voice
from voices.wall.tallies import LEAST_SHOWN, read_figures

register = template.Library()

SHOWN = 3


@register.inclusion_tag("voices/state_voices.html")
def state_voices(usps: str) -> dict[str, object]:
    """Show the newest statements from a state, and its number of signers.

    If the CSV and JSON downloads withhold the number, so does this tag. Otherwise,
    readers could subtract it from the downloads' total to learn other withheld numbers.
    """
    figures = read_figures()
    statements = Voice.objects.on_the_wall().shown().filter(state=usps)
    return {
        "usps": usps,
        "name": in_sentence(usps),
        "voices": statements.in_wall_order()[:SHOWN],
        "statements": figures.statements_from(usps),
        "figures": figures,
        "signers": figures.signers_by_state[usps],
        "least_shown": LEAST_SHOWN,
    }
