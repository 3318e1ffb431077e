"""Moderators' decisions on voices, with their log rows and emails to authors.

The function for a decision takes a queryset of voices and the user who decides. In one
transaction, it changes the voices that the decision applies to, and returns how many it
changed. `log` has further fields of the log rows, such as the batch. `release` and
`reject` take signatures instead, because a quarantined signature may have no voice.
Edits of words are in propose.py.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from core import addresses
from core.locks import INVALIDATION, lock_site
from voices.letters.queue import queue_letters
from voices.letters.told import LETTERS
from voices.moderation import reversals
from voices.moderation.models import Decision, Reason
from voices.reports.models import Report
from voices.signatures.invalidations import InvalidatedAddress
from voices.signatures.models import Signature, SignatureQuerySet
from voices.wall.appeals import Appeal
from voices.wall.cards import queue_cards
from voices.wall.corrections import Correction
from voices.wall.models import Status, Voice, VoiceQuerySet

Kind = Decision.Kind
# Decisions that close the reports about a voice.
CLOSES_REPORTS = {Kind.KEPT, Kind.TAKEN_DOWN, Kind.DECLINED}
# Decisions that close a pending correction.
ANSWERS_CORRECTIONS = {
    *(Kind.CORRECTION_TAKEN, Kind.CORRECTION_DECLINED),
    *(Kind.CHANGES_ASKED, Kind.TAKEN_DOWN),
}
# Decisions that answer an open appeal. The moderator whose decline is appealed can't
# make them.
ANSWERS_APPEALS = {
    *(Kind.PUBLISHED, Kind.DECLINED, Kind.CHANGES_ASKED),
    *(Kind.CORRECTION_TAKEN, Kind.CORRECTION_DECLINED),
}
# Decisions that publish a statement, so the voice needs a new share card.
PUBLISHES = {Kind.PUBLISHED, Kind.CORRECTION_TAKEN}


def unchanged_since(voices: VoiceQuerySet, read_at: datetime) -> VoiceQuerySet:
    """Leave out voices that entered the review queue after the moderator read them.

    `read_at` is when the moderator's page was rendered. A voice enters the queue again
    when its author submits new words or appeals, or when a reader reports it while it
    isn't in the queue.
    """
    return voices.filter(Q(review_since=None) | Q(review_since__lte=read_at))


def corrected(voices: VoiceQuerySet) -> VoiceQuerySet:
    """Return the published voices that have a pending correction."""
    return voices.published().filter(corrected_at__isnull=False)


@transaction.atomic
def publish(voices: VoiceQuerySet, by: User, **log: Any) -> int:
    return decide(
        Kind.CORRECTION_TAKEN, corrected(voices), by, {}, tell=True, **log
    ) + decide(
        Kind.PUBLISHED,
        voices.undecided(),
        by,
        {"published_at": timezone.now()},
        tell=True,
        **log,
    )


@transaction.atomic
def decline(
    voices: VoiceQuerySet, by: User, reason: Reason, *, tell: bool, **log: Any
) -> int:
    """Decline undecided voices; email their authors if `tell` is true.

    If a published voice has a pending correction, decline the correction.
    """
    return decide(
        Kind.CORRECTION_DECLINED,
        corrected(voices),
        by,
        {"reason": reason},
        reason=reason,
        tell=tell,
        **log,
    ) + decide(
        Kind.DECLINED,
        voices.undecided(),
        by,
        {"declined_at": timezone.now(), "reason": reason},
        reason=reason,
        tell=tell,
        **log,
    )


@transaction.atomic
def ask_changes(voices: VoiceQuerySet, by: User, changes: str, **log: Any) -> int:
    asked = {"changes_asked_at": timezone.now(), "changes_asked": changes}
    return decide(
        Kind.CHANGES_ASKED, corrected(voices), by, asked, tell=True, **log
    ) + decide(
        Kind.CHANGES_ASKED,
        voices.filter(status=Status.WAITING),
        by,
        asked,
        tell=True,
        **log,
    )


def take_down(voices: VoiceQuerySet, by: User, reason: Reason, **log: Any) -> int:
    return decide(
        Kind.TAKEN_DOWN,
        voices.published(),
        by,
        {"taken_down_at": timezone.now(), "reason": reason, "featured_at": None},
        reason=reason,
        tell=True,
        **log,
    )


def keep(voices: VoiceQuerySet, by: User, **log: Any) -> int:
    """Keep reported voices as they are, and close their reports."""
    still_open = Report.objects.still_open().filter(voice=OuterRef("pk"))
    reported = Q(reported_at__isnull=False) | Exists(still_open)
    return decide(Kind.KEPT, voices.filter(reported), by, {}, **log)


def feature(voices: VoiceQuerySet, by: User) -> int:
    return decide(
        Kind.FEATURED,
        voices.on_the_wall().filter(featured_at=None),
        by,
        {"featured_at": timezone.now()},
    )


def unfeature(voices: VoiceQuerySet, by: User) -> int:
    return decide(
        Kind.UNFEATURED,
        voices.filter(featured_at__isnull=False),
        by,
        {"featured_at": None},
    )


@transaction.atomic
def decide(
    kind: Decision.Kind,
    voices: VoiceQuerySet,
    by: User,
    changes: dict[str, Any],
    *,
    reason: Reason | None = None,
    tell: bool = False,
    **log: Any,
) -> int:
    """Make a decision on voices, to which it applies; return how many there were.

    The number of statements doesn't depend on the number of voices, except that each
    pending correction takes two.
    """
    if kind in ANSWERS_APPEALS:
        voices = voices.exclude(pk__in=own_appeals(by))
    ids = lock(voices)
    known = reversals.drop(ids, kind, reason, tell=tell)
    decisions = Decision.objects.bulk_create(
        Decision(voice_id=pk, kind=kind, by=by, reason=reason, **log) for pk in ids
    )
    decided = Voice.objects.filter(pk__in=ids)
    decided.update(**changes)
    made = Decision.objects.filter(pk__in=[decision.pk for decision in decisions])
    if kind in CLOSES_REPORTS:
        Report.objects.close(made)
    if kind in ANSWERS_APPEALS:
        Appeal.objects.answer(made)
    if kind in ANSWERS_CORRECTIONS:
        answers = {decision.voice_id: decision.pk for decision in decisions}
        waiting = Correction.objects.waiting().filter(voice__in=ids)
        for correction in waiting.select_related("voice"):
            correction.decide(
                answers[correction.voice_id], publish=kind == Kind.CORRECTION_TAKEN
            )
    if kind in PUBLISHES:
        queue_cards(ids)
    if tell:
        told = Signature.objects.filter(voice__in=ids).exclude(voice__in=known)
        queue_letters(LETTERS[kind], told, at=after_undo())
    return len(ids)


def after_undo() -> datetime:
    """Return when to email an author; until then, undoing drops the letter."""
    return timezone.now() + timedelta(minutes=settings.UNDO_MINUTES)


def own_appeals(by: User) -> QuerySet:
    """Return the IDs of voices with an open appeal against this moderator's decline."""
    return Appeal.objects.still_open().against(by).values("voice")


def own_voices(by: User) -> VoiceQuerySet:
    """Return the voices signed with this moderator's own email address."""
    key = addresses.canonical(by.email) if by.email else ""
    signed = Signature.objects.filter(email_key=key).exclude(email_key="")
    return Voice.objects.filter(pk__in=signed.values("voice_id"))


@transaction.atomic
def release(signatures: SignatureQuerySet, by: User) -> int:
    """Release signatures from quarantine.

    They count from now on, and their voices enter the review queue. But a signature
    whose address has an InvalidatedAddress is invalidated, as it would have been
    without the quarantine.
    """
    # While signatures are released, no invalidation is undone.
    lock_site(INVALIDATION)
    now = timezone.now()
    ids = settle(
        Kind.RELEASED,
        signatures,
        by,
        {"quarantined_at": None, "counted_at": now},
        {"review_since": now},
    )
    released = Signature.objects.filter(pk__in=ids)
    keys = dict(released.values_list("email_key", "pk"))
    for key, invalidation_id in InvalidatedAddress.objects.take(keys).items():
        Voice.objects.filter(signature=keys[key]).update(invalidated_at=now)
        released.filter(pk=keys[key]).update(
            invalidation=invalidation_id, counted_before=now, counted_at=None
        )
    return len(ids)


def reject(signatures: SignatureQuerySet, by: User) -> int:
    """Reject quarantined signatures: they don't count; their voices aren't reviewed."""
    ids = settle(
        Kind.REJECTED,
        signatures,
        by,
        {"quarantined_at": None, "rejected_at": timezone.now()},
        {"review_since": None},
    )
    return len(ids)


@transaction.atomic
def settle(
    kind: Kind,
    signatures: SignatureQuerySet,
    by: User,
    changes: dict,
    voice_changes: dict,
) -> list[int]:
    """Change the signatures in quarantine and their voices; return signatures' IDs."""
    # Lock voices before their signatures, in the same order as `undo` does.
    lock(Voice.objects.filter(signature__in=signatures))
    ids = lock(signatures.in_quarantine())
    found = Signature.objects.filter(pk__in=ids)
    voice_ids = list(found.order_by("pk").values_list("voice_id", flat=True))
    Decision.objects.bulk_create(
        Decision(voice_id=voice_id, kind=kind, by=by) for voice_id in voice_ids
    )
    Voice.objects.filter(signature__in=found).update(**voice_changes)
    found.update(**changes)
    return ids


def lock(rows: QuerySet) -> list[int]:
    """Lock these rows until the transaction ends, and return their IDs.

    Rows are locked in primary key order, so that two moderators can't deadlock.
    """
    locked = rows.select_for_update(of=["self"]).order_by("pk")
    return list(locked.values_list("pk", flat=True))
