"""During a restore, repeat the withdrawals and takedowns made since the backup.

These changes are found by comparing the restored database with the database that it
will replace. Two rows are the same only if both ID and date are equal, because a
database created from scratch reuses IDs for other people.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min, Model, Q, QuerySet
from django.utils import timezone

from faq.models import Case, Chart, Page, Question, TimelineEntry
from voices.managing import changes
from voices.models import RefusedAddress, Signature, Voice
from voices.wall.models import WAS_PUBLISHED

TEXTS: list[type[Model]] = [Question, Case, TimelineEntry, Chart, Page]

Key = tuple[int, datetime]


@dataclass(frozen=True)
class Snapshot:
    """A database's record of what is public and who gets email.

    It also contains the closed accounts of staff, who can't sign in with them.
    """

    # When the database's first migration ran. Two databases with the same value are
    # copies of each other, or of the same third database.
    begun_at: datetime | None
    signatures: dict[Key, Any]
    voices: dict[Key, Any]
    refused: set[str]
    closed_accounts: set[Key]
    drafts: set[tuple[type[Model], str]]

    def goes_back_to(self, earlier: "Snapshot") -> bool:
        """Whether `earlier` is an earlier state of this snapshot's database.

        Voices are never deleted, so a later state has all voices of an earlier state.
        """
        same = self.begun_at == earlier.begun_at
        return same and earlier.voices.keys() <= self.voices.keys()


def take_snapshot() -> Snapshot:
    """Take a snapshot of the database that Django is connected to."""
    migrations = MigrationRecorder.Migration.objects
    users = get_user_model().objects.filter(is_active=False)
    return Snapshot(
        begun_at=migrations.aggregate(begun_at=Min("applied"))["begun_at"],
        signatures=by_key(
            Signature.objects.values_list(
                *("pk", "confirmed_at", "withdrawn_at", "updates", "name_display"),
                *("voice_id", "voice__submitted_at"),
                named=True,
            )
        ),
        voices=by_key(
            Voice.objects.annotate(
                wordless=Q(statement=""),
                erased=Q(withdrawn_at__isnull=False, name=""),
                was_published=WAS_PUBLISHED,
            ).values_list(
                *("pk", "submitted_at", "wordless", "erased"),
                *("was_published", "taken_down_at"),
                named=True,
            )
        ),
        refused=set(RefusedAddress.objects.values_list("address_hash", flat=True)),
        closed_accounts=set(users.values_list("pk", "date_joined")),
        drafts={
            (model, slug)
            for model in TEXTS
            for slug in model._default_manager.filter(publish_at=None).values_list(
                "slug", flat=True
            )
        },
    )


def by_key(rows: QuerySet) -> dict[Key, Any]:
    """Return the rows as a dict, keyed by their first two columns."""
    return {(row[0], row[1]): row for row in rows.order_by().iterator()}


@transaction.atomic
def take_back(last: Snapshot) -> tuple[Counter[str], bool]:
    """Repeat, in the restored database, the changes made between the backup and `last`.

    Return the number of repeated changes by kind, and whether `last` contains every
    change since the backup. `last` may lack some if its database isn't a later state of
    the restored one, such as a database created from scratch or from another backup.
    """
    here = take_snapshot()
    known = last.goes_back_to(here)
    done: Counter[str] = Counter()
    for key, row in here.signatures.items():
        done.update(follow_signature(row, last.signatures.get(key), last, known=known))
    for key, row in here.voices.items():
        done.update(follow_voice(row, last.voices.get(key)))
    for address_hash in last.refused - here.refused:
        if not RefusedAddress.objects.refuse(address_hash):
            RefusedAddress.objects.remember(address_hash)
        done["addresses suppressed"] += 1
    for pk, joined_at in last.closed_accounts - here.closed_accounts:
        accounts = get_user_model().objects.filter(pk=pk, date_joined=joined_at)
        done["staff accounts closed"] += accounts.update(is_active=False)
    for model, slug in last.drafts - here.drafts:
        texts = model._default_manager.filter(slug=slug)
        # Mark the text as edited, so that `load_content` doesn't publish it again.
        off = texts.update(publish_at=None, edited_at=timezone.now())
        done["texts unpublished"] += off
    return +done, known


def follow_signature(
    row: Any, now: Any, last: Snapshot, *, known: bool
) -> Iterator[str]:
    """Repeat a signer's erasure, withdrawal, unsubscription, or new name display.

    Yields the kind of each repeated change. `row` is the restored signature. `now` is
    the same signature in `last`, or None if `last` lacks it. `known` is whether `last`
    contains every change since the backup.
    """
    if now is None:
        voice = last.voices.get((row.voice_id, row.voice__submitted_at))
        # If the signature's voice is in `last`, the signature was erased only if the
        # voice was. If the signature has no voice, it was erased if `last` contains
        # every change. In other cases, it is missing from `last` for another reason.
        if voice.erased if voice else known and row.voice_id is None:
            changes.erase(Signature.objects.get(pk=row.pk))
            yield "signatures erased"
        return
    if now.withdrawn_at and not row.withdrawn_at:
        changes.withdraw(Signature.objects.get(pk=row.pk))
        yield "signatures withdrawn"
    if row.updates and not now.updates:
        changes.set_updates(Signature.objects.get(pk=row.pk), False)
        yield "update subscriptions ended"
    if row.name_display != now.name_display:
        changes.show_as(Signature.objects.get(pk=row.pk), now.name_display)
        yield "name displays changed"


def follow_voice(row: Any, now: Any) -> Iterator[str]:
    """Repeat a voice's takedown or its statement's removal; yield each change's kind.

    `row` is the restored voice. `now` is the same voice in `last`, or None if `last`
    lacks it.
    """
    if now is None:
        return
    if now.wordless and not row.wordless:
        signature = Signature.objects.filter(voice=row.pk).first()
        if signature:
            changes.correct(signature, "")
            yield "statements removed"
    if now.taken_down_at and row.was_published and not row.taken_down_at:
        voices = Voice.objects.filter(pk=row.pk)
        voices.update(taken_down_at=now.taken_down_at, featured_at=None)
        yield "voices taken down"
