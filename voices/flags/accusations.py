"""Find a named person beside a verb of wrongdoing.

A name has a title ("Officer Dow") or is two or three capitalized words. Courts, places,
and cases aren't persons, and a person to whom it was done isn't accused.
"""

import re
from collections.abc import Iterator

from voices.flags.details import CAPITAL, TITLE
from voices.flags.kinds import ACCUSATION, Found

PART = rf"[{CAPITAL}][\w’'-]*[a-zà-ÿ]"
MORE_TITLES = r"""(?i:agent|commissioner|superintendent|principal|doctor|senator
    |congress(?:man|woman)|representative|council(?:man|woman|member)|governor|president
    |attorney|professor|pastor|father|coach|nurse|guard|supervisor|officers|deputies
    |jailer|constable|director|clerk|landlord)"""
ANY_TITLE = rf"(?:{TITLE}|{MORE_TITLES})"
INITIAL = rf"(?:\s[{CAPITAL}](?:\.|(?!\w)))?"
TITLED = rf"""\b{ANY_TITLE}\s(?:[{CAPITAL}]\.\s?){{0,2}}{PART}{INITIAL}(?:\s{PART})?"""
UNTITLED = rf"""(?<![\w’'.-])(?!{ANY_TITLE}\s){PART}{INITIAL}
    (?:\s(?!{ANY_TITLE}\s){PART}){{1,4}}"""
NAME = re.compile(rf"(?P<titled>{TITLED})|{UNTITLED}", re.VERBOSE)
# A word that makes two capitalized words something else than a name.
NO_NAMES = frozenset(
    """
    a about above act action after again against agency agents all alliance also
    although always am amendment america american americans an and anderson's another
    any anyone are army article as assembly assistant association at attorney attorneys
    authority avenue bad because before being bill black board both branch bureau but by
    can capitol case cases center central chief christ christian church circuit citizens
    city civil clause code college command commission committee commonwealth community
    congress congressional constitution constitutional cop cops corps could council
    county court courts criminal day deal defense democracy department departments
    deputies deputy detective did district division do does doctrine does due each east
    easter end ending enforcement even every everyone everybody ex executive family fbi
    federal few fifth first force foundation founding four fourteenth fourth free
    freedom from general god good government governments governor grand great had hall
    has have he her here high highway his holy homeland honor house how human i if
    immunity in independence institute internal is it its jail january february march
    april may june july august september october november december judge judges judicial
    jury just justice last las law laws lawmakers legal let liberty like local lord los
    lots many marshal mayor media men metro military monday tuesday wednesday thursday
    friday saturday sunday most mother mr mrs ms municipal my nation national navy never
    new no nobody none north not now of off office officer officers officials on once
    one only or other our over parish park party patrol peace people planet police
    policing politicians power president prison private process prosecutors public qi
    qualified question reform regional representative republic responsibility review
    rights river road rule safety saint san santa school sea second section security
    senate senator senators sergeant service services seventh she sheriff sheriffs
    should shield since sir sixth so social society some someone south special square st
    state states still street such superior supreme swat tax taxpayers that the their
    them then there these they this those though three through to too town township
    trade traffic treasury tribunal troopers twice two under union united university
    unless until up us valley veterans victims village wall war was way we were west
    what when where which while white who why will with without women world would yes
    yet you young your youth
    """.split()  # noqa: SIM905
)
CASE = re.compile(r"\bvs?\.?\s?$")
THEN_CASE = re.compile(
    r"\s(?:vs?\.)\s|\s(?:Act|Amendment|Bill|Law|Foundation)\b"
    # Not a person: "the Ferris Springs police department".
    r"|\s(?:police|county|city|sheriff['’]s|school|fire|jail|department|court|office)\b"
)

BODY = r"(?:my|me|him|her|his|our|us|their|them|the|a|an|two|three|both)"
WRONGS = rf"""
    beats?|beating|shot|shoots?|kill(?:s|ed)(?!\s\w+\s(?:bill|reform|law|measure|act|program))|murder(?:s|ed)?|rap(?:es|ed)|assault(?:s|ed)?
    |attack(?:s|ed)|punch(?:es|ed)|kick(?:s|ed)|slapp?(?:s|ed)|chok(?:es|ed)|strangl(?:es|ed)
    |ta[sz](?:es?|ed|ered)|maced|pepper[-\s]?sprayed|slam(?:s|med)|tackled|body[-\s]slammed
    |knelt\son|kneeled\son|grop(?:es|ed)|molest(?:s|ed)|fondled|harass(?:es|ed|ing)?
    |stalk(?:s|ed)|threaten(?:s|ed)|bull(?:ies|ied)|intimidat(?:es|ed)|st(?:eals|ole)
    |robb?(?:s|ed)|brib(?:es|ed)|(?:takes|took|accepted)\s(?:a\s)?(?:bribes?|kickbacks?)
    |extort(?:s|ed)|embezzl(?:es|ed)|pocketed|plant(?:s|ed)|fram(?:es|ed)
    |fabricat(?:es|ed)|falsif(?:ies|ied)|forg(?:es|ed)|doctored|tampered|destroyed
    |hid\s(?:the|evidence|video|footage)|cover(?:s|ed)\s(?:it\s)?up|lie[sd]|lying
    |perjured|committ?(?:s|ed)|violat(?:es|ed)|abus(?:es|ed)|tortur(?:es|ed)
    |brutali[sz](?:es|ed)|terrori[sz](?:es|ed)|humiliat(?:es|ed)|injured|hurt
    |br(?:oke|eaks)\s(?:{BODY}|into|down|in)|crush(?:es|ed)|fractur(?:es|ed)|crippl(?:es|ed)
    |paraly[sz]ed|ran\s(?:over|down)|smash(?:es|ed)|trashed|ransacked|profil(?:es|ed)
    |illegally|unlawfully|wrongfully|falsely|wrongly|sexually|deliberately|maliciously
    |without\s(?:a\s)?(?:warrant|cause|reason)|let\s(?:{BODY}\s)?(?:\w+\s)?die
    |left\s(?:{BODY}\s)?(?:\w+\s)?(?:to\sdie|bleeding|for\sdead)|denied\s{BODY}
    |refused\s(?:{BODY}\s)?(?:medical|medicine|help|care|to\s(?:call|help|get))
    |cheat(?:s|ed)|defraud(?:s|ed)|scamm(?:s|ed)|swindl(?:es|ed)|mocked|laughed\s(?:as|while|at)
    |(?:pulled|pointed|drew|stuck|put)\s(?:a|his|her|the|their)\s(?:\w+\s)?(?:gun|rifle|taser
    |weapon|pistol|shotgun|knee)|sicced|retaliat(?:es|ed)|blackmail(?:s|ed)|coerc(?:es|ed)
    |sei[sz]ed\s{BODY}|(?:took|kept)\s(?:my|our|his|her)\s(?:money|cash|car|phone|truck|life)
    |threw\s(?:{BODY}|\w+)|shoved|pushed|yanked|dragged|stomped|kneed|pinned|struck|hits?
    |knocked\s{BODY}|(?:sat|stepped|spat|spit|urinated)\son|groping|exposed\shimself
    |(?:set|released|unleashed|let)\s(?:his|her|the|a)\s(?:\w+\s)?(?:dogs?|k-?9)
    |made\s{BODY}\s(?:\w+\s)?(?:strip|undress|kneel|beg)|barged|burst\sinto|kicked\sin
    |arrested\s{BODY}\s(?:\w+\s){{0,2}}?for\s(?:nothing|filming|recording|asking|no)
    |(?:stood|watched|sat)\s(?:by|there|while|as)|turned\soff|muted|deleted|erased|withheld
    |buried|suppressed|swept|concocted|coached|paid\soff|bought\soff|skimmed|siphoned
    |laundered|misused|diverted|overcharged|made\s(?:it\s|this\s|that\s)?up|invented|sold\sdrugs
    |deals?\sdrugs|slept\swith|had\ssex|solicited|traffick(?:s|ed)|cheats\son|called\s{BODY}\s
    (?:a\s|an\s|the\s)?(?:\w+\s)?(?:n[-\s]word|slurs?|boy|animal|names|racist)|use[sd]\s(?:racial\s|a\s)?slurs?
    |handcuff(?:s|ed)|(?:fix|rig)(?:es|ged|ed)\s(?:\w+\s)?(?:cases?|tickets?|trials?|bids?)
    |used\s(?:his|her)\s(?:job|position|office|badge|power|authority)\sto|kept\s(?:quiet|silent)
    |looked\sthe\sother\sway|turned\sa\sblind\seye
    |(?:takes|took|accepted)\s(?:\w+\s){{0,3}}(?:money|cash|envelopes?|payoffs?)
    |ruined|strip[-\s]searched|drove\sdrunk|snitched|gets?\saway\swith|got\saway\swith"""
IS_BAD = r"""(?:is|was|['’]s|are)\s(?:not\sjust\s)?(?:nothing\sbut\s)?(?:a|an|the)?\s?
    (?:(?:[\w-]+\s){0,3}(?:liar|thief|crook|criminal|murderer|killer|rapist|racist|predator
    |pedophile|abuser|bully|monster|fraud|thug|coward|psychopath|drunk|menace|bigot|nazi
    |supremacist|dealer|addict|pervert|perv|creep|molester|offender|scammer|cheat|tyrant
    |sadist|beater|embezzler|extortionist)
    |(?:\w+ly\s)?(?:corrupt|dirty|crooked|racist|abusive|guilty|lying|stealing|beating|hiding
    |covering|protecting|harassing|selling|responsible\sfor|to\sblame\sfor|behind\s(?:the|this)
    |on\sthe\stake|in\sthe\spocket|why\s\w+\s\w+\s(?:is|was)\sdead)
    |never\s(?:charged|punished|fired|prosecuted|disciplined|arrested|convicted))\b
    |has\s(?:a\s(?:long\s)?history\sof|blood\son|been\s(?:stealing|beating|taking|lying|harassing
    |abusing|covering|hiding|selling|dealing|cheating|stalking))\b"""
DESERVES = r"""(?:should|belongs?|deserves?|needs?|ought\sto|must)\s(?:\w+\s){0,4}?
    (?:in\s)?(?:jail|prison|locked\sup|behind\sbars|fired|charged|prosecuted|arrested
    |indicted|disbarred|convicted|handcuffs)\b"""
# Words after a name at which the sentence is about somebody or something else.
STOP = r"""(?:was|were|been|being|be|got|is|are|has\sbeen|after|when|because|before|if
    |that|which|whether|why|how|as|than|i|we|you|they|it|said|says|told|testified|reported|found
    |ruled|wrote|agreed|knows?|knew|thinks?|believes?|never|not|didn['’]t|doesn['’]t|hasn['’]t
    |wasn['’]t|won['’]t|prevent\w*|stopp?\w*|against|rarely|under|by)\b"""
AFTER = re.compile(
    rf"""(?:['’]s)?(?:,?\s(?!{STOP})[\w’'\#&()-]+){{0,7}}?,?\s(?P<wrong>{WRONGS})\b
    |\s(?:\w+\s)?(?P<bad>{IS_BAD})|\s(?P<due>{DESERVES})""",
    re.IGNORECASE | re.VERBOSE,
)
# "when Officer Dow arrived, he shot my dog"; "… arrived. He shot my dog."
LATER = re.compile(
    rf"""[^.!?\n]{{0,100}}[.!?]?[^.!?\n]{{0,40}}?\b(?:he|she)\s(?:(?!{STOP})\w+\s){{0,3}}?
    (?P<wrong>{WRONGS})\b""",
    re.IGNORECASE | re.VERBOSE,
)
# "beaten by Officer Dow"
DONE_BY = re.compile(
    r"""\b(?:beaten|shot|killed|murdered|raped|assaulted|attacked|punched|kicked|slapped
    |choked|strangled|ta[sz]ed|tasered|maced|sprayed|slammed|tackled|thrown|groped|molested
    |harassed|stalked|threatened|bullied|intimidated|robbed|framed|abused|tortured|violated
    |brutalized|terrorized|humiliated|injured|hurt|crushed|arrested|profiled|stolen|planted
    |searched|cheated|defrauded|covered\sup|falsified|coerced|retaliated\sagainst|lied\sto
    |murder|killing|beating|assault|lies|abuse|shooting)
    (?:\s(?!and\b)[\w’'-]+){0,5}\s(?:by|from)\s(?:an?\s|the\s)?(?:[a-z]+\s){0,2}$""",
    re.IGNORECASE | re.VERBOSE,
)
# "that crook Tom Dow", "the deputy who shot my dog is Tom Dow"
BAD_BEFORE = re.compile(
    rf"""\b(?:murderer|killer|rapist|crook|liar|thief|racist|corrupt|crooked|dirty|abusive
    |predator|pedophile|murderous|lying|thieving|criminal)\s(?:(?:cop|officer|judge|sheriff
    |deputy|prosecutor|chief|politician|mayor|guard|named|called)\s){{0,2}}$
    |\bwho\s(?:\w+\s){{0,2}}?(?:{WRONGS})\b[^.!?\n]{{0,60}}?[\s,:]
    (?:is|was|named|called|name)(?:\s(?:is|was))?[:,]?\s(?:an?\s)?(?:[a-z]+\s)?$""",
    re.IGNORECASE | re.VERBOSE,
)
# How many characters before a name are read.
BEFORE = 110


def find_accusations(text: str) -> Iterator[Found]:
    """Yield each name with what is said about it; the note is the wrong."""
    for name in NAME.finditer(text):
        span = span_of(text, name)
        if span and (wrong := wrong_of(text, *span)):
            yield Found(ACCUSATION, *span, wrong)


def span_of(text: str, name: re.Match) -> tuple[int, int] | None:
    """Return where the name is, without words before it; None if it is no name."""
    start, end = name.span()
    if not name["titled"]:
        words = name[0].split()
        while words and is_no_name(words[0]):
            start += len(words[0]) + 1
            words = words[1:]
        if len(words) < 2 or any(map(is_no_name, words)):
            return None
    is_case = CASE.search(text[:start][-4:]) or THEN_CASE.match(text, end)
    return None if is_case else (start, end)


def is_no_name(word: str) -> bool:
    return re.sub(r"['’]s?$", "", word.lower()) in NO_NAMES


def wrong_of(text: str, start: int, end: int) -> str:
    """Return the words that accuse the person whose name is there, or ""."""
    if after := AFTER.match(text, end):
        return after["wrong"] or after["bad"] or after["due"]
    before = text[max(0, start - BEFORE) : start]
    if done := DONE_BY.search(before) or BAD_BEFORE.search(before):
        return " ".join(done[0].split()[:2])
    if later := LATER.match(text, end):
        return later["wrong"]
    return ""
