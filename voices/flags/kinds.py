"""The kinds of flags, and a flagged span of a text."""

from dataclasses import dataclass

PHONE = "phone"
EMAIL = "email"
STREET_ADDRESS = "street-address"
CASE_NUMBER = "case-number"
ID_NUMBER = "id-number"
LICENSE_PLATE = "license-plate"
BADGE_NUMBER = "badge-number"
BIRTH_DATE = "birth-date"
THREAT = "threat"
ACCUSATION = "accusation"
VULGAR = "vulgar"
CAMPAIGNING = "campaigning"
OFF_TOPIC = "off-topic"
OTHER_LANGUAGE = "other-language"
GIBBERISH = "gibberish"
LINK = "link"
ALL_CAPITALS = "all-capitals"
WATCHED_WORD = "watched-word"
TITLED_NAME = "titled-name"
MANY_MARKS = "many-marks"
MIXED_ALPHABETS = "mixed-alphabets"
LIKE_STAFF = "like-staff"

LABELS = {
    PHONE: "phone number",
    EMAIL: "email address",
    STREET_ADDRESS: "street address",
    CASE_NUMBER: "case number",
    ID_NUMBER: "ID number",
    LICENSE_PLATE: "license plate",
    BADGE_NUMBER: "badge number",
    BIRTH_DATE: "date of birth",
    THREAT: "threat",
    ACCUSATION: "accuses a named person",
    VULGAR: "vulgar or hateful words",
    CAMPAIGNING: "campaigning",
    OFF_TOPIC: "off topic",
    OTHER_LANGUAGE: "another language",
    GIBBERISH: "gibberish",
    LINK: "link",
    ALL_CAPITALS: "all capitals",
    WATCHED_WORD: "watched word",
    TITLED_NAME: "title and name",
    MANY_MARKS: "stacked combining marks",
    MIXED_ALPHABETS: "mixed alphabets",
    LIKE_STAFF: "name resembles a staff name",
}
# Kinds of details that can help a stranger find somebody.
PERSONAL = {
    *(PHONE, EMAIL, STREET_ADDRESS, CASE_NUMBER),
    *(ID_NUMBER, LICENSE_PLATE, BADGE_NUMBER, BIRTH_DATE),
}
# Kinds that the review page shows more prominently.
HARD = PERSONAL | {THREAT}
# Kinds that can be about a text as a whole.
WHOLE = {ALL_CAPITALS, OTHER_LANGUAGE, GIBBERISH}


@dataclass(frozen=True)
class Found:
    """A span of a text, from `start` up to but excluding `end`, and its likely kind.

    `note` says more about what was seen, such as the name of a language, or the verb of
    an accusation.
    """

    kind: str
    start: int
    end: int
    note: str = ""
