"""What staff see of a person, and links between the rows that are about the person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, Model, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.text import capfirst

from core import addresses
from rankings.states import PLACES
from voices.flags import find
from voices.letters.models import Letter
from voices.moderation.models import Decision
from voices.reports.models import Report
from voices.signatures.models import Signature
from voices.wall.models import Status, Voice

type Viewer = User | AnonymousUser
# The number of rows by ID of a voice or signature, and by label.
type Counts = dict[int, dict[str, int]]

# The lists of rows that refer to a voice, and to a signature, by label.
OF_VOICE: dict[str, type[Model]] = {"Reports": Report, "Decisions": Decision}
OF_SIGNATURE: dict[str, type[Model]] = {"Emails": Letter}
NETWORK = "network"
# Rows are counted up to this number, because an attack may have sent thousands.
MOST_COUNTED = 100


@dataclass(frozen=True)
class Person:
    """A signer, or somebody with a founding voice: a signature, a voice, or both."""

    voice: Voice | None
    signature: Signature | None


class Link(NamedTuple):
    """A link to rows about a person, or without `url`, why there is none."""

    label: str
    url: str = ""


def may_view(user: Viewer, model: type[Model]) -> bool:
    return user.has_perm(f"voices.view_{model._meta.model_name}")


def person_of(row: object) -> Person | None:
    """Return the person that a row of the admin is about, if it is about one."""
    match row:
        case Voice():
            return Person(row, Signature.objects.filter(voice=row).first())
        case Signature():
            return Person(row.voice, row)
        case Report() | Decision():
            return person_of(row.voice)
        case Letter():
            submission = row.submission
            return person_of(row.signature or (submission and submission.signature))
    return None


def links_to(people: Sequence[Person], user: Viewer) -> list[list[Link]]:
    """Return links to the pages and lists about each person that `user` may view.

    Runs one query for voices, and one for signatures.
    """
    of_voice = viewable(OF_VOICE, user)
    of_signature = viewable(OF_SIGNATURE, user)
    voices = count_rows(
        Voice.objects.filter(pk__in=[each.voice.pk for each in people if each.voice]),
        referring(of_voice, "voice"),
    )
    signatures = count_rows(
        Signature.objects.filter(
            pk__in=[each.signature.pk for each in people if each.signature]
        ),
        {**referring(of_signature, "signature"), NETWORK: same_network()},
    )
    return [
        [
            *pages_of(person, user),
            *lists_of(of_voice, "voice", person.voice, voices),
            *lists_of(of_signature, "signature", person.signature, signatures),
            *network_of(person.signature, signatures),
        ]
        for person in people
    ]


def viewable(lists: dict[str, type[Model]], user: Viewer) -> dict[str, type[Model]]:
    return {label: model for label, model in lists.items() if may_view(user, model)}


def referring(lists: dict[str, type[Model]], column: str) -> dict[str, QuerySet]:
    """Return, by label, the rows that refer to a row of an outer query."""
    return {
        label: model._default_manager.filter(**{column: OuterRef("pk")})
        for label, model in lists.items()
    }


def same_network() -> QuerySet:
    """Return the other signatures from the network of a row of an outer query."""
    # The first condition is that of the index.
    known = Signature.objects.filter(~Q(network_hash=""))
    same = known.filter(network_hash=OuterRef("network_hash"))
    return same.exclude(pk=OuterRef("pk"))


def count_rows(asked: QuerySet, counted: Mapping[str, QuerySet]) -> Counts:
    """Return the number of rows in each of `counted`, by the ID of the row asked for.

    Runs one query, and counts up to MOST_COUNTED.
    """
    sizes = {
        f"size_{label.lower()}": Func(
            ArraySubquery(rows.order_by().values("pk")[:MOST_COUNTED]),
            function="cardinality",
            output_field=IntegerField(),
        )
        for label, rows in counted.items()
    }
    found = asked.order_by().annotate(**sizes).values_list("pk", *sizes)
    return {pk: dict(zip(counted, counts, strict=True)) for pk, *counts in found}


def pages_of(person: Person, user: Viewer) -> Iterator[Link]:
    voice, signature = person.voice, person.signature
    if voice and may_view(user, Voice):
        url = reverse("admin:voices_voice_change", args=[voice.pk])
        yield Link(f"Voice No. {voice.pk}", url)
    if signature and may_view(user, Signature):
        url = reverse("admin:voices_signature_change", args=[signature.pk])
        yield Link("Signature", url)
    if voice and voice.is_published and voice.statement:
        yield Link("Public page", voice.get_absolute_url())


def lists_of(
    lists: dict[str, type[Model]],
    column: str,
    row: Voice | Signature | None,
    counts: Counts,
) -> Iterator[Link]:
    """Yield links to the lists that aren't empty."""
    # A signature without counts was erased a moment ago.
    if row is None or row.pk not in counts:
        return
    for label, model in lists.items():
        if count := counts[row.pk][label]:
            page = reverse(f"admin:voices_{model._meta.model_name}_changelist")
            url = f"{page}?{column}__id__exact={row.pk}"
            yield Link(f"{label} ({shown(count)})", url)


def network_of(signature: Signature | None, counts: Counts) -> Iterator[Link]:
    if signature is None or signature.pk not in counts:
        return
    others = counts[signature.pk][NETWORK]
    if not signature.network_hash:
        days = settings.NETWORK_KEPT_DAYS
        yield Link(f"Network unknown (kept for {days} days)")
    elif not others:
        yield Link("No others from this network")
    else:
        url = f"{reverse('admin:find')}?network={signature.pk}"
        yield Link(f"Others from this network ({shown(others)})", url)


def shown(count: int) -> str:
    return f"{count}+" if count == MOST_COUNTED else str(count)


class Card(NamedTuple):
    """What the page for finding people shows of one."""

    name: str
    full_name: str
    place: str
    email: str
    statement: str
    statuses: list[tuple[str, datetime | None]]
    flags: list[str]
    links: list[Link]


def cards_of(
    people: Sequence[Person], user: Viewer, *, with_addresses: bool
) -> list[Card]:
    """Return a card for each person, without what `user` may not view.

    Email addresses are masked, and shown only to people who may view signatures, or if
    `with_addresses`.
    """
    sees_signatures = may_view(user, Signature)
    return [
        card_of(person, links, sees_signatures, sees_signatures or with_addresses)
        for person, links in zip(people, links_to(people, user), strict=True)
    ]


def card_of(
    person: Person, links: list[Link], sees_signatures: bool, sees_address: bool
) -> Card:
    voice, signature = person.voice, person.signature
    private = signature if sees_signatures else None
    name = (voice.name or "(erased)") if voice else "(not shown)"
    full_name = private.name if private and private.name != name else ""
    place = voice.place if voice else place_of(private) if private else ""
    return Card(
        name,
        full_name,
        place,
        addresses.masked(signature.email) if signature and sees_address else "",
        voice.statement if voice else "",
        [*statuses_of(person)],
        [*flags_of(voice)] if voice else [],
        links,
    )


def place_of(signature: Signature) -> str:
    return ", ".join(filter(None, [signature.city, PLACES[signature.state]]))


def statuses_of(person: Person) -> Iterator[tuple[str, datetime | None]]:
    """Yield the status of the voice and that of the signature, and since when."""
    if voice := person.voice:
        number = voice.founding_number
        kind = "Voice" if number is None else f"Founding voice {number}"
        # The signature's status says which of the two it is.
        if voice.status != Status.SET_ASIDE:
            yield f"{kind}: {Status(voice.status).label.lower()}", voice.status_since
    if signature := person.signature:
        yield status_of(signature)


def status_of(signature: Signature) -> tuple[str, datetime | None]:
    if signature.withdrawn_at:
        return "Signature: withdrawn", signature.withdrawn_at
    if signature.invalidation_id:
        return "Signature: invalidated", None
    if signature.quarantined_at:
        return "Signature: in quarantine", signature.quarantined_at
    if signature.rejected_at:
        return "Signature: rejected", signature.rejected_at
    return "Signature: counts", signature.counted_at


def flags_of(voice: Voice) -> Iterator[str]:
    if voice.reported_at:
        yield "Reported"
    if voice.corrected_at:
        yield "Corrected by its author"
    yield from (capfirst(find.LABELS[kind]) for kind in voice.flags)
