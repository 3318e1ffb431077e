"""Find people, in a fixed number of queries that each read an index."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Q, QuerySet

from core.counts import Many
from core.searching import folded_words, words_query
from voices.finding.forms import LEAST, How, Names
from voices.finding.people import Person
from voices.signatures.models import (
    Signature,
    SignatureQuerySet,
    Submission,
    domain_of,
)
from voices.wall.models import Voice, VoiceQuerySet

# The most people on a page.
SHOWN = 50
# A search for words lists no more people than this, because no index covers both the
# words and the order.
MOST_FOUND = 1000
# The most results of a search for a part of an address.
MOST_ADDRESSES = 20
# The time limit of each query, in milliseconds.
LONGEST_MS = 3000
# Long columns that no page here shows.
UNUSED_OF_SIGNATURE = ["consent_text", "privacy_text"]
UNUSED_OF_VOICE = ["search", "statement_as_sent"]
# Mail to an address at this host arrives wherever its local part has dots.
DOTS_IGNORED = "gmail.com"


class Found(NamedTuple):
    """People, newest first.

    `number` is None on a page after the first if nobody has counted all of them.
    `before` is the position at which the next page starts; None on the last page.
    """

    people: list[Person]
    number: int | None
    before: int | None = None

    @property
    def is_cut(self) -> bool:
        """Whether more than MOST_FOUND match, so that only some of them are listed."""
        return isinstance(self.number, Many) and self.number > MOST_FOUND


class Unconfirmed(NamedTuple):
    """The forms with an address that wait to be confirmed."""

    number: int
    latest: datetime | None


def by_details(given: Mapping[str, Any], before: int | None) -> Found:
    """Find people by the cleaned data of a DetailsForm."""
    if given.get("names") == Names.FULL:
        signatures = with_details(Signature.objects.all(), given)
        if given["words"]:
            told = with_statement(Voice.objects.all(), given["words"])
            signatures = signatures.filter(voice__in=told.values("pk"))
        return by_words(signatures, before)
    voices = with_details(Voice.objects.all(), given)
    if given["words"]:
        voices = with_statement(voices, given["words"])
    if given["name"] or given["words"]:
        return by_words(voices, before)
    return newest(voices, before)


def with_details[Rows: QuerySet](rows: Rows, given: Mapping[str, Any]) -> Rows:
    """Filter voices or signatures by name, city, and state."""
    if given["name"]:
        rows = rows.alias(name_words=folded_words("name"))
        rows = rows.filter(name_words=words_query(given["name"]))
    if given["city"]:
        rows = rows.filter(city__iexact=given["city"])
    if given["state"]:
        rows = rows.filter(state=given["state"])
    return rows


def with_statement(voices: VoiceQuerySet, words: str) -> VoiceQuerySet:
    """Filter by words of the statement or of the name: one index has both."""
    voices = voices.alias(all_words=folded_words("name", "statement"))
    return voices.filter(all_words=words_query(words))


def by_network(network_hash: str, before: int | None) -> Found:
    """Find people whose form came from the network with this hash."""
    # The second condition is that of the index.
    signatures = Signature.objects.filter(network_hash=network_hash)
    return by_words(signatures.filter(~Q(network_hash="")), before)


def by_words(rows: QuerySet, before: int | None) -> Found:
    """Return a page of the first MOST_FOUND rows that an index finds."""
    found = list(rows.order_by().values_list("pk", flat=True)[: MOST_FOUND + 1])
    ids = sorted(found[:MOST_FOUND], reverse=True)
    ids = [pk for pk in ids if before is None or pk < before]
    return page_of(rows, ids, Many.of(len(found), MOST_FOUND))


def newest(voices: VoiceQuerySet, before: int | None) -> Found:
    """Return a page of voices that an index has in this order."""
    rows = voices if before is None else voices.filter(pk__lt=before)
    ids = list(rows.order_by("-pk").values_list("pk", flat=True)[: SHOWN + 1])
    count = Many.of(len(ids), SHOWN) if before is None else None
    return page_of(voices, ids, count)


def page_of(rows: QuerySet, ids: list[int], count: int | None) -> Found:
    before = ids[SHOWN - 1] if len(ids) > SHOWN else None
    load = load_voices if rows.model is Voice else load_signatures
    return Found(load(ids[:SHOWN]), count, before)


def load_voices(ids: list[int]) -> list[Person]:
    voices = Voice.objects.filter(pk__in=ids).select_related("signature")
    unused = [*UNUSED_OF_VOICE, *(f"signature__{each}" for each in UNUSED_OF_SIGNATURE)]
    return [
        Person(voice, getattr(voice, "signature", None))
        for voice in voices.defer(*unused).order_by("-pk")
    ]


def load_signatures(ids: list[int]) -> list[Person]:
    signatures = Signature.objects.filter(pk__in=ids).select_related("voice")
    unused = [*UNUSED_OF_SIGNATURE, *(f"voice__{each}" for each in UNUSED_OF_VOICE)]
    return [
        Person(signature.voice, signature)
        for signature in signatures.defer(*unused).order_by("-pk")
    ]


def by_address(email_key: str) -> Found:
    """Find the person who signed with this canonical address."""
    signed = Signature.objects.filter(email_key=email_key).order_by()
    people = load_signatures(list(signed.values_list("pk", flat=True)))
    return Found(people, len(people))


def unconfirmed(email_key: str) -> Unconfirmed:
    forms = Submission.objects.unconfirmed().filter(email_key=email_key).order_by()
    found = forms.aggregate(number=Count("pk"), latest=Max("submitted_at"))
    return Unconfirmed(found["number"], found["latest"])


def by_part(how: str, part: str) -> Found:
    """Find the people who signed last with addresses that have this part."""
    signatures = of_domain(part) if how == How.DOMAIN else starting_with(part)
    found = list(signatures.values_list("pk", flat=True)[: MOST_ADDRESSES + 1])
    people = load_signatures(found[:MOST_ADDRESSES])
    return Found(people, Many.of(len(found), MOST_ADDRESSES))


def of_domain(domain: str) -> SignatureQuerySet:
    signatures = Signature.objects.alias(domain=domain_of("email_key"))
    return signatures.filter(domain=domain).order_by("-pk")


def starting_with(start: str) -> SignatureQuerySet:
    """Return signatures whose canonical addresses begin with `start`, newest first.

    The local parts of these addresses have no dots if their host ignores dots.
    """
    found = Q(email_key__startswith=start)
    local, at, domain = start.partition("@")
    plain = local.replace(".", "")
    if plain != local and len(plain) >= LEAST and DOTS_IGNORED.startswith(domain):
        found |= Q(
            email_key__startswith=f"{plain}{at}{domain}",
            email_key__endswith=f"@{DOTS_IGNORED}",
        )
    # The sum keeps PostgreSQL from reading the whole table in the order of IDs.
    return Signature.objects.filter(found).order_by((F("pk") + 0).desc())
