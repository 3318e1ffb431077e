"""Undo a batch as a whole, with the same number of statements for any batch."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from voices.letters.models import Letter
from voices.letters.told import LETTERS
from voices.moderation import decide, reversals, undoing, verdicts
from voices.moderation.batches import Batch
from voices.moderation.models import Decision
from voices.moderation.readings import UNREAD, Reading
from voices.reports.models import Report
from voices.signatures.models import Signature
from voices.wall.appeals import Appeal
from voices.wall.models import Status, Voice

Kind = Decision.Kind
# The status that each kind of decision of a batch puts a voice into. If the voice has
# another one now, its author or someone else has changed it since.
STATUS = {
    Kind.PUBLISHED: Status.PUBLISHED,
    Kind.DECLINED: Status.DECLINED,
    Kind.CHANGES_ASKED: Status.CHANGES_ASKED,
    Kind.TAKEN_DOWN: Status.TAKEN_DOWN,
}


@dataclass
class Undone:
    """The number of decisions that were undone, and of what came with it."""

    decisions: int
    # First verdicts that were taken back.
    taken_back: int
    # Decisions and first verdicts that were left alone, because somebody has decided
    # or changed something since.
    left: int
    # Authors who had been emailed about the decision, and get a letter of reversal.
    told: int = 0


def undoable(batch: Batch) -> QuerySet[Decision]:
    """Return the batch's decisions that undoing it would undo.

    That leaves out decisions that were undone, appealed, or followed by another one,
    and those on voices that were changed since, or that two readers disagree about.
    """
    later = Decision.objects.filter(
        voice=OuterRef("voice"), pk__gt=OuterRef("pk"), undone_by=None
    )
    disputed = Reading.objects.disputed().filter(voice=OuterRef("voice"))
    found = Decision.objects.filter(
        ~Exists(later.exclude(kind=Kind.UNDONE)),
        ~Exists(disputed),
        ~Exists(Appeal.objects.filter(decision=OuterRef("pk"))),
        batch=batch,
        undone_by=None,
        voice__withdrawn_at=None,
        voice__corrected_at=None,
    )
    if batch.kind == Kind.KEPT:
        return found.filter(voice__reported_at=None)
    return found.filter(voice__status=STATUS[Kind(batch.kind)])


def first_verdicts(batch: Batch) -> QuerySet[Reading]:
    """Return the batch's first verdicts that wait for a second reader.

    A verdict to take a voice down isn't among them, because it has a decision.
    """
    return Reading.objects.filter(UNREAD, batch=batch, decision=None)


def not_own(rows: QuerySet, by: User) -> QuerySet:
    """Leave out decisions or verdicts on voices signed with the user's own address."""
    return rows.exclude(voice__in=verdicts.own_voices(by).values("pk"))


def effect(batch: Batch, by: User) -> Undone:
    """Return what it would do if this moderator undid the batch now, without `told`."""
    decisions = not_own(undoable(batch), by).count()
    taken_back = not_own(first_verdicts(batch), by).count()
    left = batch.count + batch.to_second - decisions - taken_back
    return Undone(decisions, taken_back, left)


@transaction.atomic
def undo(batch_id: int, by: User) -> Undone | None:
    """Undo the batch; return None if it was undone already.

    Two moderators can't undo a decision twice, because they lock the batch and then the
    voices, and because the log has a unique constraint.
    """
    batch = Batch.objects.select_for_update(of=["self"]).get(pk=batch_id)
    if batch.undone_at:
        return None
    lock_voices(batch)
    found = not_own(undoable(batch), by).order_by("pk")
    decisions = dict(found.values_list("voice", "pk"))
    Decision.objects.bulk_create(
        Decision(voice_id=voice_id, kind=Kind.UNDONE, undoes_id=pk, by=by)
        for voice_id, pk in decisions.items()
    )
    taken_back, _ = not_own(first_verdicts(batch), by).delete()
    Voice.objects.filter(pk__in=decisions).update(**undoing.BEFORE[batch.kind])
    if batch.kind in decide.CLOSES_REPORTS:
        Report.objects.reopen_all(decisions)
    told = 0
    if batch.kind in LETTERS:
        told = take_letters_back(batch, decisions)
    Batch.objects.filter(pk=batch.pk).update(undone_at=Now(), undone_by=by)
    left = batch.count + batch.to_second - len(decisions) - taken_back
    return Undone(len(decisions), taken_back, left, told)


def lock_voices(batch: Batch) -> None:
    decided = Decision.objects.filter(batch=batch).order_by()
    read = first_verdicts(batch).order_by()
    ids = [
        *decided.values_list("voice", flat=True),
        *read.values_list("voice", flat=True),
    ]
    decide.lock(Voice.objects.filter(pk__in=ids))


def take_letters_back(batch: Batch, voice_ids: Collection[int]) -> int:
    """Drop the unsent letters about the batch's decisions on these voices.

    Tell authors who know of a decision that it was reversed. Returns the number of
    these authors.
    """
    letters = Letter.objects.filter(
        kind=LETTERS[Kind(batch.kind)],
        signature__in=Signature.objects.filter(voice__in=voice_ids).values("pk"),
        # An earlier decision's letter was queued earlier.
        queued_at__gte=batch.at,
    )
    letters.in_flight().update(dropped_at=Now())
    return len(reversals.queue(voice_ids, at=decide.after_undo()))
