"""Find texts about something else than power, rights, and accountability.

A text with a phrase of the list is off topic unless it also has a word that is plainly
about the topic, such as "police". That a text has no word about the topic says little:
people tell what happened to them in words of every day.
"""

import re

from voices.flags.kinds import Found
from voices.flags.tokens import Token

# Beginnings of words that are plainly about the topic.
PLAINLY = re.compile(
    r"""qualified|polic|cop$|cops$|officer|sheriff|deput|trooper|constitution|accountab|unaccountab
    |lawsuit|sue$|sued$|sues$|suing|court|judge$|judges$|jury|juries|jail|prison|arrest
    |brutal|misconduct|handcuff|cuffs$|taser|tased|warrant$|warrants$|impunit|badge
    |officials?$|lawmak|legislat|rights$|detain|prosecut|swat$|guards?$|inmate|violat
    |excessive|wrongdo|settlement|qi$|precinct|patrol|civil|negligen|unconstitution
    |victim|tyran|oath|abus|corrupt|beat|broke|chok|shot$|shoot|kill|murder|died$|dead$
    |injur|hurt|harm|slam|drag|crime|crimin|justice|injust|innocen|guilty|responsib|lawyer
    |legal|illegal|laws$|law$|surveil|freedom|liberty|govern""",
    re.VERBOSE,
)


def find_off_topic(tokens: list[Token], listed: list[Found]) -> list[Found]:
    """Return the listed phrases of a text, unless it is plainly on topic."""
    if any(PLAINLY.match(token.word) for token in tokens):
        return []
    return listed
