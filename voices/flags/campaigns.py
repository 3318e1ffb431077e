"""Find sentences that campaign for or against a candidate.

They name somebody whom to vote for, or say who runs for which office. That somebody
votes, or what lawmakers should vote for, is no campaigning.
"""

import re
from collections.abc import Iterator

from voices.flags.details import CAPITAL, TITLE
from voices.flags.kinds import CAMPAIGNING, Found
from voices.flags.tokens import lower

# Words in capitals that are no candidate: "vote for Justice", "vote for the Ending …".
NO_CANDIDATE = r"""(?:I|It|The|This|That|These|Those|A|An|Any\w*|Every\w*|All|No|Our|My
    |Your|Their|People|Someone|Somebody|Leaders|Politicians|Candidates|Lawmakers|Justice
    |Liberty|Freedom|Accountability|Equality|Change|Reform|Peace|Truth|America|Americans
    |Ending|End|Qualified|QI|HR|Bill|House|Senate|Assembly|Prop\w*|Measure|Amendment
    |Question|Issue|Act|Law|Congress|Yes|No|NO|YES|Us|Human|Civil|Police|S|H)\b"""
PERSON = rf"""(?!{NO_CANDIDATE})[{CAPITAL}][\w’'-]+
    (?:\s[{CAPITAL}](?:\.|[\w’'-]+)){{0,2}}"""
HONORED = rf"""(?:{TITLE}\s|(?i:senator|sen\.|governor|gov\.|president|representative
    |rep\.|congressman|congresswoman|councilman|councilwoman|mayor)\s)?{PERSON}"""
# What makes the capitals before it a law: "vote for the Smith Act".
NO_LAW = r"""(?!(?:\s[\w’'-]+){0,6}\s
    (?i:act|bill|amendment|law|proposition|measure|rule)\b)"""
OFFICE = r"""(?i:(?:state\s|u\.?s\.?\s|county\s|city\s|district\s|attorney\s|school\s
    |lieutenant\s|vice\s|the\s)*(?:senat(?:e|or)|house(?!\w)|congress\w*|governor|mayor
    |sheriff|president|council\w*|d\.?a\b\.?|attorney\sgeneral|district\sattorney|judge
    |supervisor|commissioner|assembly\w*|prosecutor|legislature|representatives?
    |delegate|treasurer|secretary\sof\sstate|clerk|alder\w+|board|constable))\b"""
PARTY = r"""(?i:republicans?|democrats?|democratic|libertarians?|green\sparty|gop|maga
    |red|blue|dems?|socialists?|independents?|incumbents?)\b"""
WHOM = r"""(?i:him|her|them|me|us|my\s\w+
    |our\s(?:candidate|guy|man|friend|sheriff|mayor))\b"""
MANY = r"(?i:(?:all|every|each|the|these|those|our|your|of|last|single|damn)\s)"
NO_NAME = r"""(?:Summer|Fall|Spring|Winter|Jan\w*|Feb\w*|March|April|May|June|July
    |Aug\w*|Sept\w*|Oct\w*|Nov\w*|Dec\w*|In|Since|Until|By|From|After|Before|During|Around)\b"""
OUT = r"(?i:out(?:\sof\soffice)?|into\soffice|in\soffice|(?:re-?)?elected)\b"

PATTERNS = (
    # vote for Jane Doe, vote early against Senator Doe
    rf"""\b(?i:vot(?:e|ing)|ballots?|caucus|canvass(?:ing)?|phone\s?bank(?:ing)?
    |knock(?:ing)?\s(?:on\s)?doors|campaign(?:ing)?)
    (?:\s(?i:early|today|tomorrow|this\s\w+|in\s\w+|on\s\w+(?:\s\d+)?))?
    \s(?i:for|against)\s{HONORED}{NO_LAW}""",
    # elect Jane Doe, unseat Mayor Doe, support Jane Doe for Congress, Vote Doe!
    rf"""\b(?i:(?:re-?)?elect|unseat|oust|defeat|dump|recall|endors(?:e|ing)|replace)\s
    {HONORED}{NO_LAW}""",
    rf"""\b(?i:vote|write\sin|support|back)\s{HONORED}\s(?i:for|as|in|this|on)\s
    (?i:the\s|our\s|your\s|next\s)*(?:{OFFICE}|(?i:november|primary|election|20\d\d))""",
    rf"\b(?i:vote)\s{PERSON}(?=\s?[!.,\n]|\s?$)",
    rf"\b(?i:get|getting|keep|put|vote)\s{PERSON}\s{OUT}",
    rf"\b{PERSON}(?i:['’]s)?\s(?i:(?:re-?election\s)?campaign)\b(?!\s(?i:against|to|of))",
    rf"\b(?i:campaign|supporters?|candidacy|ticket)\s(?i:of|for)\s{PERSON}{NO_LAW}",
    # vote for me, vote against my boss, give him your vote
    rf"\b(?i:vot(?:e|ing)|ballot)\s(?i:for|against)\s{WHOM}(?!\s(?i:rights?|right\sto))",
    rf"\b(?i:give)\s(?:{WHOM}|{PERSON})\s(?i:your\svotes?)\b",
    # vote them out, vote out every Democrat
    rf"\b(?i:vot(?:e|ing))\s(?:{WHOM}|everyone|{MANY}+\w+)\s(?i:all\s)?(?i:out)\b",
    rf"\b(?i:vot(?:e|ing)\sout)\s{MANY}*(?:{PARTY}|{HONORED})",
    # Jane Doe for Congress, Doe 2028
    rf"\b{PERSON}\s(?i:for)\s(?i:our\snext\s|your\snext\s|the\s)?{OFFICE}(?!\s(?i:to))",
    rf"\b(?!{NO_NAME}){PERSON}\s20(?:2[468]|3[02])\b",
    # I am running for sheriff, he is running against Mayor Doe
    rf"""(?:\b(?i:i['’]?m|i\sam|my\s\w+\sis|s?he['’]?s|s?he\sis)|\b{PERSON}(?:\s(?i:is))?)
    \s(?i:now\s|also\s|again\s)?(?i:running|a\scandidate)\s(?i:again\s)?(?i:for)
    \s(?i:your\s|our\s|the\s|next\s|re-?election\sas\s)*(?:{OFFICE}|(?i:re-?election))""",
    rf"\b(?i:run(?:s|ning)?\sagainst)\s{HONORED}",
    # deserves another term
    r"""\b(?i:deserves?|earn(?:s|ed)?|gets?|wins?)\s
    (?i:a|another)\s(?i:second\s|third\s|fourth\s)?(?i:term)\b""",
    # vote Republican, vote blue
    rf"\b(?i:vot(?:e|ing))\s(?i:straight\s|for\s(?:the\s|a\s)?)?{PARTY}",
    # our next governor
    rf"\b(?i:your|our)\s(?i:next)\s{OFFICE}",
    # in Spanish
    rf"\b(?i:vot(?:a|e|en|emos)\s(?:por|contra))\s{PERSON}",
)
PATTERN = re.compile("|".join(f"(?:{each})" for each in PATTERNS), re.VERBOSE)
# What a text needs, in lowercase, to be read with the slower PATTERN.
TRIGGER = re.compile(
    rf"""\b(?:vot\w+|ballots?|caucus|canvass\w*|phone\s?bank\w*|knock\w*|campaign\w*
    |(?:re-?)?elect(?:ed)?|unseat|oust|defeat|dump|recall|endors\w+|replace|write\sin
    |support|supporters?|back|office|candidacy|ticket|candidate|run|runs|running|term|next
    |for(?:\s\w+){{0,2}}\s{OFFICE}|20(?:2[468]|3[02]))\b""",
    re.VERBOSE,
)


def find_campaigning(text: str) -> Iterator[Found]:
    if TRIGGER.search(lower(text)):
        for match in PATTERN.finditer(text):
            yield Found(CAMPAIGNING, *match.span())
