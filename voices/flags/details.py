"""Patterns of personal details, links, and names with a title.

The patterns avoid false alarms, even if they miss some spans: people soon ignore a flag
that is often wrong.
"""

import re
from collections.abc import Iterator

from voices.flags import kinds
from voices.flags.kinds import Found


def pattern(*alternatives: str) -> re.Pattern:
    return re.compile("|".join(f"(?:{each})" for each in alternatives), re.VERBOSE)


# A digit as a word.
DIGITS = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"
DIGIT = f"(?i:{DIGITS})"
# Separator between the digit groups of a phone number.
GAP = r"(?:[ ]?[-.‐‑–][ ]?|[ ])"
# Excludes false matches such as "2015 Supreme Court", but not "State Street".
NO_STREET = r"""
    (?!(?:\w+[ ]){0,3}(?:Supreme|District|Circuit|Federal|State|Superior|County
        |Municipal|Family|Traffic|Civil|Criminal|High|Appeals|Justice)[ ]Court\b)
    (?!Wall[ ]Street\b)"""
CAPITAL = "A-ZÀ-ÖØ-ÞČĆŁŃŚŠŽŻ"
NAME = rf"[{CAPITAL}][\w'’-]*"
COMPASS = r"(?:(?:[NSEW]|N\.?[EW]|S\.?[EW]|North|South|East|West)\.?[ ])?"
STREET = r"""(?i:
    street|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|circle|cir
    |way|place|pl|terrace|ter|trail|trl|parkway|pkwy|highway|hwy|square|sq|alley
    |loop|pike
    # "St" doesn't mean "street" in "St. Paul".
    |st(?!\.?[ ](?:paul|louis|petersburg|cloud|charles|joseph|augustine|george)\b)
    )\b"""
UNIT = r"(?:\.?,?[ ](?:Apt|Apartment|Unit|Suite|Ste|\#)\.?[ ]?\#?\w{1,5}\b)?"
# A house number, but not part of another number, an amount, or the year in "in 2020 …".
HOUSE = r"(?<![\w$.,:/-])(?!(?<=[Ii]n[ ])(?:19|20)\d\d[ ])\d{1,6}(?:-\d{1,4})?[A-Z]?[ ]"
# What may be between the kind of a number and the number.
NUMBER = r"""[ ]?(?:(?i:number|num|no|id|card)\b\.?[ ]?)?
    (?:(?i:is|was|are|were|reads?|said)[ ])?[:\#]?[ ]?\#?"""
MONTH = r"""(?i:jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|may|june?
    |july?|aug(?:ust|\.)?|sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"""
# Officer, Sgt., Judge, …
TITLE = r"""(?i:
        (?:officer|deputy|sergeant|sheriff|lieutenant|captain|corporal|judge|justice
        |detective|inspector|chief|trooper|warden|marshal|mayor|prosecutor|miss)
        |(?:ofc|sgt|lt|capt|cpl|det|insp|mr|mrs|ms|dr)\b\.?
    )"""

PATTERNS = {
    kinds.PHONE: pattern(
        # +44 20 7946 0958
        r"(?<![\w+]) \+\d (?:[ .()-]{0,2}\d){7,14} (?!\w)",
        # 555-010-9999, (555) 010-9999, 1.555.010.9999
        rf"""(?<![\w$-])(?<!\d\.) (?:1{GAP})? (?:\(\d{{3}}\)[ ]?-?[ ]?|\d{{3}}{GAP})
        \d{{3}}{GAP}\d{{4}} (?![\w-]|\.\d)""",
        # 2125550199, if it is a valid number in the North American plan
        r"(?<![\w$\#:.-]) 1?[2-9]\d\d[2-9]\d{6} (?![\w-]|\.\d)",
        # 555-0199 in "call me at 555-0199"
        rf"""\b(?i:call|phone|text|tel|cell|dial|mobile|reach|contact|number|line)\b
        [^\d\n]{{0,12}} (?P<phone>\d{{3}}(?:{GAP}|[.])\d{{4}}) (?![\w-]|\.\d)""",
        # 555-0199, but not: 500-1000 people
        r"""(?<![\w$.,:/-]) [2-9]\d\d-(?!\d\d00)\d{4}
        (?![\w-]|\.\d|[ ](?:people|years|of)\b)""",
        # five five five, zero one nine nine; five five five 0 1 9 9
        rf"(?<!\w){DIGIT}(?:[ ,-]{{1,2}}(?:{DIGIT}|\d)){{6,}}(?!\w)",
    ),
    kinds.EMAIL: pattern(
        # ana@example.com
        r"(?<![\w.+%-]) [\w.+%-]{1,64} @ (?:[\w-]+\.)+ [^\W\d_]{2,}",
        # ana (at) example (dot) com
        r"""(?<![\w.+%-]) [\w.+%-]{1,64} [ ]?[\[(][ ]?(?i:at)[ ]?[\])][ ]? [\w-]+
        (?:(?:\.|[ ]?[\[(]?(?i:dot)[\])]?[ ]?) [\w-]+)+""",
        # ana at example dot com
        r"\b[\w.+-]{1,64}[ ](?i:at)[ ][\w-]+[ ](?i:dot[ ](?:com|org|net|edu|gov))\b",
    ),
    kinds.STREET_ADDRESS: pattern(
        # 1600 Pennsylvania Ave. NW, 12 St. Charles Street, Apt 4B, 350 5th Ave
        rf"""{HOUSE}{COMPASS}{NO_STREET}
        (?:(?:{NAME}|(?:St|Mt|Ft|Jr|Sr)\.|\d{{1,3}}(?:st|nd|rd|th))[ ]){{1,5}}
        {STREET}{UNIT}""",
        # 123 main street, but not: a 2 way street
        rf"""{HOUSE}(?:(?:[nsew]|north|south|east|west)\.?[ ])?
        (?!(?:way|lane|block|city|busy|dead|different|more|other|people|years)\b)
        [a-z][\w'’-]*[ ](?:street|st|avenue|ave|boulevard|blvd)\b{UNIT}""",
        # 4500 Highway 12
        r"""(?<![\w$.,:/-]) \d{3,6}[ ]
        (?:(?:US|State|Old)[ ])?(?:Highway|Hwy|County[ ]Road|State[ ]Route)[ ]\d+""",
        # 48 Elm in "I live at 48 Elm"
        rf"""\b(?i:lives?|living|reside[sd]?|house|home|address)[ ](?:(?i:is|at|on)[ ])+
        (?P<address>\d{{1,5}}[ ]{COMPASS}{NAME}(?:[ ]{NAME})?{UNIT})""",
        # P.O. Box 12
        r"\b(?i:p\.?[ ]?o\.?[ ]box)[ ]\#?\d+",
    ),
    kinds.CASE_NUMBER: pattern(
        # 2:19-cv-01234-ABC, 19CR1234
        r"""\b(?:\d{1,2}:)?\d{2,4}-?(?i:cv|cr|mc|mj|bk|ap|civ|crim)-?\d{2,7}
        (?:-[A-Z]{2,4})*\b""",
        # case number 12345, Docket No. A-17-2, police report #889
        r"""\b(?i:case|docket|cause|incident|complaint|report|file)[ ]?
        (?:(?i:no\b\.?|number|num\b\.?)[ ]?\#?|\#)[ ]?:?[ ]?[A-Za-z]{0,4}-?\d[\w:-]*""",
        # docket 17-1234
        r"\b(?i:case|docket)[ ]\d{2,4}-\d{2,}\b",
        # case 2019CR00123
        r"\b(?i:case|docket)[ ]\d{2,4}-?[A-Za-z]{1,4}-?\d{2,}\b",
        # No. 17-1234
        r"\bNo\.[ ]\d{2}-\d{2,5}\b",
    ),
    kinds.ID_NUMBER: pattern(
        # 078-05-1120
        r"(?<![\w$-]) \d{3}[- ]\d{2}[- ]\d{4} (?![\w-])",
        # SSN 078051120, Social Security number is 078 05 1120, my social ends in 1120
        r"""\b(?i:ssn|social(?:[ ]security)?)(?:[ ](?i:number|no\.?|\#))?[ ]?
        (?:(?i:is|was)[ ])?[:\#]?[ ]?(?:\d{3}[- ]?\d\d[- ]?\d{4}|(?i:end(?:s|ing)[ ]in
        |last[ ](?:four|4)(?:[ ]digits)?(?:[ ](?:is|are))?)[ ]\d{4})\b""",
        # inmate number 12345, driver's license D1234567, booking #2019-123
        rf"""\b(?i:inmate|prisoner|offender|booking|doc|passport|alien|employee|student|member
        |driver['’]?s?[ ]licen[sc]e|state[ ]id|account|medicaid|medicare)
        {NUMBER}[A-Za-z]{{0,3}}-?\d[\w-]{{3,}}""",
    ),
    kinds.LICENSE_PLATE: pattern(
        # plate ABC 1234, license plate number 7XYZ123; not: plates in 2020
        rf"""\b(?i:(?:licen[sc]e[ ])?plates?|licen[sc]e[ ]tags?|tag[ ](?:number|no\.?))
        {NUMBER}(?:[A-Z]{{2}}[ ])?(?!(?i:in|on|at|of|the|a|for|to)\b)
        (?=[A-Z0-9 -]{{0,4}}\d)[A-Z0-9]{{1,4}}(?:[ -]?[A-Z0-9]{{1,5}})?\b""",
        # a car with tags ABC-1234
        r"\b(?i:tags?|plates?)[ ](?:(?i:read|said|is|are|was|were)[ ])?"
        r"[A-Z]{2,3}[ -]?\d{3,4}\b",
    ),
    kinds.BADGE_NUMBER: pattern(
        # badge 1234, shield no. 77; not: wore the badge 20 years
        rf"""\b(?i:badge|shield){NUMBER}[A-Z]?-?\d{{1,6}}\b
        (?![ ](?i:years?|months?|days?|people|times|percent|officers?)\b)""",
        # Officer Dow #4471
        rf"""\b(?i:officer|deputy|trooper|agent|sergeant|sgt\.?)(?:[ ]{NAME})?,?[ ]
        (?:(?i:no\.?|number)[ ]?|\#)\#?\d{{2,6}}\b""",
        # star number 1234
        r"\b(?i:star)[ ]?(?:(?i:number|no\.)[ ]?|\#)\#?\d{2,6}\b",
    ),
    kinds.BIRTH_DATE: pattern(
        # DOB 1/2/1980, born on 01-02-1980, date of birth: March 3, 1980
        rf"""\b(?i:d\.?o\.?b\.?|date[ ]of[ ]birth|birth[ ]?date|birthday|born(?:[ ]on)?)
        [ ]?(?i:is|was)?:?[ ]?
        (?:\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}|{MONTH}[ ]\d{{1,2}},?[ ]\d{{4}})\b""",
    ),
    kinds.LINK: pattern(
        # https://example.org/page
        r"""(?i:https?://)\S+(?<![.,;:!?)”’"'])""",
        # www.example.org, example.com/page
        r"(?<![@\w.-])(?i:www)\.[\w-]+(?:\.[\w-]+)+(?:/[\w/?=&\#%.-]*[\w/])?",
        r"""(?<![@\w.-])(?:[\w-]+\.)+
        (?i:com|org|net|info|biz|gov|edu|io|app|xyz|online|site|shop)\b(?!@)
        (?:/[\w/?=&\#%.-]*[\w/])?""",
        # bit.ly/abc; without a slash it is usually a typo: "they told me.So"
        r"(?<![@\w.-])[\w-]+\.(?i:ly|me|co|us|tv|be|gl|ru|to|cc)/[\w/?=&\#%.-]*\w",
    ),
    kinds.TITLED_NAME: pattern(
        # Officer Dow, Sgt. J. Dow, deputy Dow; not: Sheriff’s Office, Chief Justice
        rf"""\b{TITLE}[ ](?:[{CAPITAL}]\.[ ]?){{0,2}}
        (?!(?i:general|justice|judge|court|courts|department|dept|office|officer|officers
            |association|advocate|police|executive|union|deputy|sheriff|inspector
            |marshal|magistrate|and|or|of|who|the|is|was|has|had|did|said|he|she|they
            |we|it|if|in|my|his|her|do|does|for|to|at|on|with|not|an)\b)
        [{CAPITAL}][\w'’-]+ (?:[ ][{CAPITAL}][\w'’-]+)?""",
    ),
}


# What a text needs for a pattern to be tried, because most texts have none of these.
NEEDED = {
    **dict.fromkeys(PATTERNS, re.compile(r"\d")),
    kinds.PHONE: re.compile(rf"\d|{DIGITS}[ ,-]{{1,2}}{DIGITS}"),
    kinds.EMAIL: re.compile(r"@|[\[(] ?[Aa][Tt]|\bdot\b", re.IGNORECASE),
    kinds.LINK: re.compile(r"[\w-]\.\w|://"),
    kinds.TITLED_NAME: re.compile(rf"[a-z.] [{CAPITAL}]"),
}


def find_details(text: str, off: frozenset[str] = frozenset()) -> Iterator[Found]:
    """Yield what the patterns find, except kinds that are turned off."""
    for kind, each in PATTERNS.items():
        if kind not in off and NEEDED[kind].search(text):
            for match in each.finditer(text):
                # If a match is all capitals, its capital letters don't indicate a name.
                if kind != kinds.TITLED_NAME or not match.group().isupper():
                    # A pattern may name the part that is the detail itself.
                    yield Found(kind, *match.span(match.lastgroup or 0))
