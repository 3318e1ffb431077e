"""What was taken back since a backup was made, taken back again when it is restored.

The database that is replaced is looked at before the restored one takes its place. Rows
are the same where id and date are, for a database that was made anew gives the ids of
people to others.
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

TEXTS: list[type[Model]] = [Question, Case, TimelineEntry, Chart, Page]

Key = tuple[int, datetime]


@dataclass(frozen=True)
class Standing:
    """What a database says of who may still be shown, mailed or let in."""

    # When its first migration ran: no two say the same unless one is a copy.
    begun_at: datetime | None
    signatures: dict[Key, Any]
    voices: dict[Key, Any]
    refused: set[str]
    closed_accounts: set[Key]
    drafts: set[tuple[type[Model], str]]

    def goes_back_to(self, earlier: "Standing") -> bool:
        """Whether this database was once as the earlier one is; voices always stay."""
        same = self.begun_at == earlier.begun_at
        return same and earlier.voices.keys() <= self.voices.keys()


def standing() -> Standing:
    """Look at the database that Django's connection leads to."""
    migrations = MigrationRecorder.Migration.objects
    users = get_user_model().objects.filter(is_active=False)
    return Standing(
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
                wordless=Q(statement=""), erased=Q(withdrawn_at__isnull=False, name="")
            ).values_list(
                *("pk", "submitted_at", "wordless", "erased"),
                *("published_at", "taken_down_at"),
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
    """Return the rows by the two columns that they begin with."""
    return {(row[0], row[1]): row for row in rows.order_by().iterator()}


@transaction.atomic
def take_back(last: Standing) -> tuple[Counter[str], bool]:
    """Do again what was done until `last`, in the database that was restored.

    Return how often, by what it was, and whether that is all. It is not where `last`
    is of a database that was made anew, or of another backup.
    """
    here = standing()
    known = last.goes_back_to(here)
    done: Counter[str] = Counter()
    for key, row in here.signatures.items():
        done.update(follow_signature(row, last.signatures.get(key), last, known=known))
    for key, row in here.voices.items():
        done.update(follow_voice(row, last.voices.get(key)))
    for address_hash in last.refused - here.refused:
        if not RefusedAddress.objects.refuse(address_hash):
            RefusedAddress.objects.remember(address_hash)
        done["addresses never to be mailed"] += 1
    for pk, joined_at in last.closed_accounts - here.closed_accounts:
        accounts = get_user_model().objects.filter(pk=pk, date_joined=joined_at)
        done["staff accounts closed"] += accounts.update(is_active=False)
    for model, slug in last.drafts - here.drafts:
        texts = model._default_manager.filter(slug=slug)
        # As edited by staff, or the file that it came from would publish it again.
        off = texts.update(publish_at=None, edited_at=timezone.now())
        done["texts taken off"] += off
    return +done, known


def follow_signature(
    row: Any, now: Any, last: Standing, *, known: bool
) -> Iterator[str]:
    """Do to a signature what its owner has done, and say what it was."""
    if now is None:
        voice = last.voices.get((row.voice_id, row.voice__submitted_at))
        # Whose voice still stands has lost the row by some mishap.
        if voice.erased if voice else known and row.voice_id is None:
            changes.erase(Signature.objects.get(pk=row.pk))
            yield "signatures erased"
        return
    if now.withdrawn_at and not row.withdrawn_at:
        changes.withdraw(Signature.objects.get(pk=row.pk))
        yield "signatures withdrawn"
    if row.updates and not now.updates:
        changes.set_updates(Signature.objects.get(pk=row.pk), False)
        yield "updates ended"
    if row.name_display != now.name_display:
        changes.show_as(Signature.objects.get(pk=row.pk), now.name_display)
        yield "names shown otherwise"


def follow_voice(row: Any, now: Any) -> Iterator[str]:
    """Do to a voice what its author or a moderator has done, and say what it was."""
    if now is None:
        return
    if now.wordless and not row.wordless:
        signature = Signature.objects.filter(voice=row.pk).first()
        if signature:
            changes.correct(signature, "")
            yield "statements taken out"
    if now.taken_down_at and row.published_at and not row.taken_down_at:
        voices = Voice.objects.filter(pk=row.pk)
        voices.update(taken_down_at=now.taken_down_at, featured_at=None)
        yield "voices taken down"
