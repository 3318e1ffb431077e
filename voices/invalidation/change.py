"""Invalidate signatures, and undo invalidations; each operation is logged.

Each operation is one transaction, and runs the same number of queries for any number of
signatures. Only one operation runs at a time. As everywhere in this app, voices are
locked before signatures, and the rows of each table in the order of their IDs.
"""

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from core.locks import INVALIDATION, lock_site
from voices.invalidation.select import Criteria, count_and_checksum
from voices.signatures.invalidations import InvalidatedAddress, Invalidation
from voices.signatures.models import Signature
from voices.signatures.objections import Objection
from voices.wall.models import Voice

Kind = Invalidation.Kind


class ChangedError(Exception):
    """The selection has changed or is empty; nothing was invalidated."""


@transaction.atomic
def invalidate(criteria: Criteria, seen: str, reason: str, by: User) -> Invalidation:
    """Invalidate the matching signatures, if staff saw exactly these signatures.

    `seen` is the checksum that `count_and_checksum` returned when staff saw the
    signatures. Raises ChangedError if the checksum is different now, or if no signature
    matches.
    """
    lock_site(INVALIDATION)
    chosen = criteria.select()
    lock_rows(chosen)
    count, found = count_and_checksum(chosen)
    if not count or found != seen:
        raise ChangedError
    now = timezone.now()
    invalidation = Invalidation.objects.create(
        kind=Kind.INVALIDATED,
        criteria=criteria.to_log,
        reason=reason,
        count=count,
        by=by,
        at=now,
    )
    taken = chosen.update(
        invalidation=invalidation, counted_before=F("counted_at"), counted_at=None
    )
    if taken != count:
        # Another matching signature was confirmed after the rows were locked.
        raise ChangedError
    Voice.objects.filter(signature__invalidation=invalidation).update(
        invalidated_at=now, featured_at=None
    )
    return invalidation


@transaction.atomic
def undo(invalidation: Invalidation, by: User) -> int | None:
    """Undo an invalidation, except for signatures that were invalidated again later.

    Return how many signatures count again, or None if the invalidation was already
    undone.
    """
    lock_site(INVALIDATION)
    if invalidation.followed_by.filter(kind=Kind.UNDONE).exists():
        return None
    count = put_back(Signature.objects.filter(invalidation=invalidation))
    InvalidatedAddress.objects.filter(invalidation=invalidation).delete()
    Invalidation.objects.create(kind=Kind.UNDONE, of=invalidation, count=count, by=by)
    return count


@transaction.atomic
def reinstate(signatures: QuerySet[Signature], by: User) -> int:
    """Make these signatures count again; return how many were reinstated.

    Other signatures that were invalidated with them stay invalidated.
    """
    lock_site(INVALIDATION)
    held = signatures.filter(invalidation__isnull=False)
    if not held.exists():
        return 0
    lock_rows(held)
    by_invalidation: dict[int, list[int]] = {}
    for pk, invalidation_id in held.order_by("pk").values_list("pk", "invalidation_id"):
        by_invalidation.setdefault(invalidation_id, []).append(pk)
    Invalidation.objects.bulk_create(
        Invalidation(
            kind=Kind.REINSTATED,
            of_id=invalidation_id,
            criteria={"signatures": ids},
            count=len(ids),
            by=by,
            at=timezone.now(),
        )
        for invalidation_id, ids in by_invalidation.items()
    )
    return put_back(held)


def put_back(held: QuerySet[Signature]) -> int:
    lock_rows(held)
    Voice.objects.filter(signature__in=held).update(invalidated_at=None)
    Objection.objects.filter(signature__in=held).delete()
    return held.update(
        counted_at=F("counted_before"), counted_before=None, invalidation=None
    )


def lock_rows(signatures: QuerySet[Signature]) -> None:
    """Lock these signatures and their voices in the global lock order.

    Wrapping the query in count(*) avoids fetching the IDs of the locked rows.
    """
    of_voices = Voice.objects.filter(signature__in=signatures)
    for rows in (of_voices, signatures):
        locked = rows.select_for_update(of=["self"]).order_by("pk").values("pk")
        sql, params = locked.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({sql}) AS locked", params)  # noqa: S608
