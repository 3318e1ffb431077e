"""Find sentences that threaten somebody: who speaks, what they will do, and to whom.

That somebody was killed, or fears to be, is no threat. So each pattern needs a subject
or an imperative that makes it one. Phrases that are a threat by themselves are in the
list (voices/flags/models.py).
"""

import re
from collections.abc import Iterator

from voices.flags.kinds import THREAT, Found
from voices.flags.phrases import LETTERS
from voices.flags.tokens import lower

SPACE = r"[\s,]+"
FIRST = (
    r"(?:i|we|someone|somebody|one\sof\sus|my\s(?:brothers?|boys|friends|sons?|guys))"
)
FUTURE = r"""(?:['’]ll|\s(?:will|shall|should|must|gonna|wanna)
    |(?:['’](?:m|re)|\s(?:am|are|is))\s(?:going\sto|gonna|about\sto|coming\sto)
    |\s(?:want|plan|intend|mean|need|ought|have|got|hope|swear|promise|vow)s?\sto
    |(?:['’]d|\swould)\s(?:love\sto|like\sto|gladly|happily))"""
WILL = rf"\b{FIRST}{FUTURE}(?:{SPACE}(?!not\b|never\b|be\b)[a-z]+){{0,3}}?{SPACE}"
OFFICIALS = r"""(?:cops?|police(?:men|man)?|pigs?|officers?|deput(?:y|ies)|judges?|feds
    |politicians?|senators?|congress(?:men|man|woman)?|lawmakers?|sheriffs?|troopers?
    |prosecutors?|guards?|wardens?|mayors?|governors?|chiefs?|bastards?|traitors?)
    (?:\swho(?:\s\w+){1,7}?)?"""
MANY = r"(?:(?:all|every|each|any|one|of|the|these|those|this|that|a|an|you|your|his"
MANY += r"|her|their|last|damn|corrupt|crooked|dirty|bad|lying|fucking|evil)\s){0,4}"
# A name, in patterns that ignore case otherwise.
NAMED = r"(?-i:(?!Qualified|Immunity|The|This|QI)[A-Z][a-z]+)"
PERSON = rf"""(?:{MANY}{OFFICIALS}|you|him|her|(?:them|['’]?em)(?:\sall)?
    |every(?:one|body)|{NAMED}|(?:that|this|every|the)\s(?:man|woman|guy|son\sof\sa\s\w+|piece\sof\s\w+)
    |{MANY}(?:one\sof\s(?:you|them)|famil(?:y|ies)|kids?|children|wi(?:fe|ves)|heads?))\b"""
HARM = r"""(?:kill|shoot|stab|hang|lynch|bomb|murder|execute|strangle|behead|slaughter
    |gut|torture|burn|bury|poison|maim|smash|choke|butcher|gun\sdown|string\sup|hunt)"""
HARMED = r"""(?:shot|hanged|hung|killed|lynched|executed|beheaded|beaten|burned|burnt
    |strung\sup|put\sdown|taken\sout|murdered|stabbed|tortured|whipped|gunned\sdown
    |hunted|slaughtered|dragged|put\sin\sthe\sground|put\sagainst\s(?:a|the)\swall)"""
WHOM = r"(?:you|him|her|them|['’]?em|this\s\w+|that\s\w+|these\s\w+|those\s\w+)"
WHOSE = r"(?:your|his|her|their|that\s\w+['’]s|the\s\w+['’]s)"
# Harm with its object: put a bullet in him, break their legs.
HARM_DONE = rf"""(?:put\s(?:a\s|some\s)?(?:bullets?|lead|one|two|rounds?)\s
    (?:in|into|through|between)
    |put\s{WHOM}\s(?:down|in\s(?:the\s(?:ground|hospital|morgue)|a\s(?:box|grave)))
    |take\s{WHOM}\sout\b|blow\s{WHOSE}\s(?:heads?|brains)|(?:cut|slit)\s{WHOSE}\sthroats?
    |(?:break|snap|smash|bash)\s{WHOSE}\s(?:legs?|necks?|knees?|jaws?|bones|face|faces|skulls?
    |heads?|teeth|arms?|hands?|fingers?|ribs)|beat\sthe\s\w+\sout\sof|beat\s{WHOM}\s(?:to\sdeath|bloody|senseless
    |up)|run\s{WHOM}\sover|make\s{WHOM}\s(?:bleed|suffer|disappear|beg|pay(?!\s(?:attention
    |taxes|damages|back|their|his|it|up|restitution)))|teach\s{WHOM}\sa\slesson
    |end\s{WHOM}\b(?!\s\w+ing)|get\seven|settle\s(?:the|this)\sscore|drag\s{WHOM}\s(?:out|into
    |from|through)|give\s{WHOM}\swhat\s(?:he|she|they|you)\sdeserves?|line\s{WHOM}\sup
    |matters\sinto\s(?:our|my)\sown\shands|pay\s{WHOM}\sa\svisit|burn\s{WHOM}\sdown
    |be\swaiting\sfor\s{WHOM}|string\s{WHOM}\sup|blow\s{WHOM}\s(?:up|away))"""
WEAPON = r"""(?:guns?|rifles?|shotguns?|pistols?|glocks?|ar-?15s?|ammo|ammunition
    |bullets?|rounds|explosives|bombs?|molotovs?|rope|noose|gasoline|machete|knife)"""
PLACE = r"(?:house|home|houses|homes|door\w*|porch|driveway|bedroom|family)\b"
BUILDING = r"""(?:house|home|precinct|station|courthouse|city\shall|building|capitol
    |headquarters|statehouse|place|squad\scars?|police\scars?|cruisers?)s?\b"""
THEY = rf"(?:they|he|she|you|(?:{MANY}){OFFICIALS})"
IMPERATIVE = r"""(?:(?:^|[.!?\n]|(?<=["“‘]))\s*
    |\b(?:let['’]?s|time\sto|gotta|please|some(?:body|one)(?:\sgo)?)\s)"""

PATTERNS = re.compile(
    "|".join(
        (
            # I will kill you; we should hang every one of them
            rf"{WILL}{HARM}(?:\sup|\sdown)?\s{PERSON}",
            # someone ought to put a bullet in him; let's drag them out
            rf"(?:{WILL}|{IMPERATIVE}){HARM_DONE}",
            # time to start shooting cops
            rf"""\b(?:start|begin|keep|resume)\s(?:shooting|killing|hanging|lynching|burning
            |stabbing|bombing|hunting|beheading|dragging)\s(?:back\b|{PERSON})""",
            # he won't make it home; you had better hide
            rf"""\b{THEY}\s(?:will\snot|won['’]t|will\snever)\s(?:make\sit\s(?:home|out)
            |walk\s(?:away|out)|leave\salive|wake\sup|live\sto|be\sbreathing
            |see\s(?:another|the\ssun))\b""",
            rf"""\b{THEY}(?:['’]d|\shad)?\sbetter\s(?:watch|sleep|hide|run|pray|hope|look\sover
            |not\s(?:come|show|set|sleep|step)|never\s(?:come|show|set|sleep|step))\b""",
            r"\bsomething\s(?:\w+\s)?(?:might|will|could|may)\shappen\sto\s(?:you|him|her|them"
            r"|your|his|their)\b",
            # he deserves a bullet; they need a rope
            rf"""\b{THEY}\s(?:all\s)?(?:needs?|deserves?|should\sget|ought\sto\sget|has\searned
            |have\searned)\s(?:a|the|some|one|nothing\sbut\sa)?\s?(?:bullets?|noose|rope|lead
            |beating|firing\ssquad|guillotine|gallows|grave|casket|coffin|death)\b
            (?!\s(?:benefit|penalty|certificate|in))""",
            # I want them dead
            rf"\b(?:i|we)\s(?:want|wish|need)\s{PERSON}\s(?:were\s|was\s)?dead\b",
            # my rifle is ready; I have a bullet for every judge
            rf"""\b(?:my|our)\s{WEAPON}\s(?:is|are)\s(?:\w+\s)?(?:ready|loaded|waiting|clean)""",
            rf"""\b(?:i|we)(?:['’]ve|\shave|['’]ve\sgot|\sgot|\sown|\skeep|\s(?:will|['’]ll)\sbring)\s
            (?:\w+\s){{0,3}}?{WEAPON}\s(?:ready|waiting|loaded|with\s{WHOSE}\sname
            |for\s(?:you|him|her|them|every|each|any|the|that))""",
            r"\b(?:go|goes|going|leave|leaves|leaving|come|carried)\s(?:home|out)\sin\sa\s"
            r"(?:\w+\s)?(?:bag|box|coffin|casket|hearse)\b",
            r"\bonly\sgood\s\w+\sis\sa\sdead\b",
            # I will find you; we'll hunt them down
            rf"{WILL}(?:find|get|track|hunt|come\sfor)\s(?:you|him|her|them)"
            r"(?=\sdown\b|\sone\sday|\ssoon|\sall\b|\sand\b|\swhere|\s?[.!,;]|\s?$)",
            # I am coming for you
            rf"\b{FIRST}(?:['’](?:m|re)|\s(?:am|are|is))\scoming\s(?:for|after)\s{PERSON}",
            # I will wait outside your house
            rf"{WILL}(?:\w+\s){{0,5}}(?:your|his|her|their)\s{PLACE}",
            # I want to see them hang; I hope he gets shot
            rf"""\b(?:i|we)(?:['’]d)?\s(?:\w+\s)?(?:hope|pray|wish|want|love|like|long)\s
            (?:to\ssee\s)?(?:that\s)?{THEY}\s(?:all\s)?(?:(?:gets?|be)\s{HARMED}|dead
            |(?:to\s)?(?:dies?|hangs?|burns?|bleeds?|swings?|begs?|chokes?)\b
            (?!\s(?:on|up|out|with|in\sshame)))""",
            # they should be shot; corrupt judges deserve to be hanged
            rf"""\b{THEY}\s(?:all\s|just\s|really\s)?(?:should|must|ought\sto|deserves?\sto
            |needs?\sto|ha(?:s|ve)\sto|gotta)\s(?:all\s|just\s)?(?:be|get)\s(?:\w+ly\s)?
            {HARMED}\b""",
            rf"""\b(?:you|(?:{MANY}){OFFICIALS})\s?(?:['’]re|are|will|['’]ll)?\s
            (?:gonna|going\sto)?\s?(?:be|get)\s(?:\w+ly\s)?{HARMED}\b""",
            # cops should die; you will bleed
            rf"""\b{THEY}\s(?:all\s)?(?:should|must|deserves?\sto|need\sto)\s(?:all\s)?
            (?:die|hang|burn|bleed|swing|choke)\b(?!\s(?:on|up|out|their|his|her|with))""",
            r"""\byou(?:['’]ll|\swill|['’]re\sgoing\sto|\sare\sgoing\sto|\sgonna)\s(?:all\s)?
            (?:pay\s(?:for|with)|regret|bleed|die|be\ssorry|suffer|beg)\b""",
            # Kill them all; let's hang the judge
            rf"{IMPERATIVE}{HARM}(?:\sup|\sdown)?\s{PERSON}",
            # burn down the station; let's blow up the courthouse
            rf"""(?:{IMPERATIVE}|,\s|{WILL})(?:burn|blow|torch|bomb|smash)(?:\sdown|\sup)?\s
            (?:it|(?:this|that|the|their|your|his|her|every)\s(?:\w+\s){{0,2}}?{BUILDING})
            (?:\s(?:all\s)?(?:down|up)\b)?""",
        )
    ),
    re.IGNORECASE | re.VERBOSE,
)
# The words before a threat that make it a report, a question, or its opposite.
NO_THREAT = re.compile(
    r"""\b(?:no|nobody|none|never|not|nor|why|does|do|did|if|whether|\w+n['’]t|neither
    |said|says|told|tells|yell(?:ed|ing)|scream(?:ed|ing)|shout(?:ed|ing)|threaten\w*
    |(?:was|were|be|been|is|are)\slike|because|that|afraid|scared|fear\w*|think|thinks
    |thought|believe)
    [\s,:“"‘'(]*(?:(?:one|me|him|her|us|them|that|the|my|any|single|police|officer
    |officers|cops?|of|you|they|he|she|we|deserves?|person|human|being)[\s,:“"‘'(]+){0,3}$""",
    re.IGNORECASE | re.VERBOSE,
)
# How many characters before a threat are read.
BEFORE = 40


# What a sentence needs, in lowercase, to be read with the slower PATTERNS.
TRIGGER = re.compile(
    rf"""\b(?:{HARM}|{HARMED}|{HARM_DONE}|{WEAPON}|start|begin|keep|resume|home|walk|leave
    |wake|live|breathing|better|happen|death|lead|beating|firing|gallows|grave|casket
    |coffin|hearse|bag|box|guillotine|find|get|track|coming|die|dies|dead|bleed|swing|beg
    |regret|pay|suffer|sorry|blow|torch|hangs|burns|chokes
    |(?:your|his|her|their)\s{PLACE})\b""",
    re.VERBOSE,
)
SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")
# A digit or sign in place of a letter, as in "k1ll".
IN_WORD = re.compile(r"(?<=[a-z])[01345@$](?=[a-z])", re.IGNORECASE)


def find_threats(text: str) -> Iterator[Found]:
    text = IN_WORD.sub(lambda sign: sign[0].translate(LETTERS), text)
    lowered = lower(text)
    for sentence in SENTENCE.finditer(text):
        if TRIGGER.search(lowered, *sentence.span()):
            # Start at the end of the previous sentence, which some patterns match.
            yield from threats_in(text, max(0, sentence.start() - 1), sentence.end())


def threats_in(text: str, at: int, until: int) -> Iterator[Found]:
    for match in PATTERNS.finditer(text, at, until):
        start = match.start() + len(match[0]) - len(match[0].lstrip(" .!?\n\t"))
        before = text[max(0, start - BEFORE) : start]
        if not NO_THREAT.search(before):
            yield Found(THREAT, start, match.end())
