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
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from core.locks import INVALIDATION, lock_site
from voices.letters.models import Letter
from voices.letters.queue import queue_letter
from voices.moderation.models import Decision, Reason
from voices.reports.models import Report
from voices.signatures.invalidations import InvalidatedAddress
from voices.signatures.models import Signature, SignatureQuerySet
from voices.wall.appeals import Appeal
from voices.wall.cards import queue_cards
from voices.wall.corrections import Correction
from voices.wall.edits import ProposedEdit
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
# The kind of letter that tells the author about each of these kinds of decisions.
LETTERS = {
    Kind.PUBLISHED: Letter.Kind.PUBLISHED,
    Kind.CORRECTION_TAKEN: Letter.Kind.PUBLISHED,
    Kind.DECLINED: Letter.Kind.DECLINED,
    Kind.CORRECTION_DECLINED: Letter.Kind.CORRECTION_DECLINED,
    Kind.CHANGES_ASKED: Letter.Kind.CHANGES_ASKED,
    Kind.EDIT_PROPOSED: Letter.Kind.EDIT_PROPOSED,
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
    if kind in ANSWERS_APPEALS:
        voices = voices.exclude(pk__in=own_appeals(by))
    ids = lock(voices)
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
    if ids and kind in PUBLISHES:
        queue_cards(ids)
    if tell:
        told_at = after_undo()
        signers = decided.filter(signature__isnull=False).select_related("signature")
        for voice in signers.order_by("pk"):
            queue_letter(LETTERS[kind], voice.signature, at=told_at)
    return len(ids)


def after_undo() -> datetime:
    """Return when to email an author; until then, undoing drops the letter."""
    return timezone.now() + timedelta(minutes=settings.UNDO_MINUTES)


def own_appeals(by: User) -> QuerySet:
    """Return the IDs of voices with an open appeal against this moderator's decline."""
    return Appeal.objects.still_open().against(by).values("voice")


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


# The changes that undo each kind of decision. Undoing TAKEN_DOWN doesn't feature the
# voice again; a moderator has to. Undoing UNFEATURED features the voice again, but not
# at the top of the featured voices.
BEFORE: dict[str, dict[str, Any]] = {
    Kind.PUBLISHED: {"published_at": None, "featured_at": None},
    Kind.DECLINED: {"declined_at": None, "reason": None},
    Kind.CHANGES_ASKED: {"changes_asked_at": None, "changes_asked": ""},
    Kind.TAKEN_DOWN: {"taken_down_at": None, "reason": None},
    # Undoing changes no column here; it reopens the voice's reports.
    Kind.KEPT: {},
    # Undoing changes no column here; `Correction.reopen` restores the words.
    Kind.CORRECTION_TAKEN: {},
    Kind.CORRECTION_DECLINED: {"reason": None},
    # Undoing changes no column here; it deletes the proposed edit.
    Kind.EDIT_PROPOSED: {},
    Kind.FEATURED: {"featured_at": None},
    Kind.UNFEATURED: {"featured_at": F("submitted_at")},
    Kind.RELEASED: {"review_since": None},
    Kind.REJECTED: {"review_since": None},
}
# The changes to the voice's signature that undo these kinds of decisions. Signatures
# are quarantined at the moment of confirmation, so undoing sets `quarantined_at` to
# `confirmed_at`.
SIGNATURE_BEFORE: dict[str, dict[str, Any]] = {
    Kind.RELEASED: {"counted_at": None, "quarantined_at": F("confirmed_at")},
    Kind.REJECTED: {"rejected_at": None, "quarantined_at": F("confirmed_at")},
}


# `latest_of` searches only this many of the moderator's latest decisions.
LATEST = 500


def undoable() -> Q:
    """Return the condition for decisions that can be undone.

    An edit that its author has answered, or that has ended, is left to the author.
    """
    edits = ProposedEdit.objects.still_open().filter(decision=OuterRef("pk"))
    return Q(kind__in=BEFORE, undone_by=None) & (
        ~Q(kind=Kind.EDIT_PROPOSED) | Q(Exists(edits))
    )


def latest_of(by: User) -> Decision | None:
    """Return this moderator's latest decision of a kind that can be undone, or None."""
    # Without a limit, PostgreSQL might read and sort all the moderator's decisions.
    latest = Decision.objects.filter(by=by).order_by("-pk").values("pk")[:LATEST]
    found = Decision.objects.filter(
        undoable(),
        pk__in=latest,
        voice__isnull=False,
        voice__withdrawn_at=None,
    )
    return found.order_by("-pk").first()


@transaction.atomic
def undo(voices: VoiceQuerySet, by: User) -> int:
    """Undo each voice's latest decision, ignoring edits and undone decisions.

    Skips a voice if that decision can't be undone. Returns the number of decisions that
    this call undid.
    """
    done = 0
    found = voices.filter(withdrawn_at=None)
    for voice in found.select_for_update(of=["self"]).order_by("pk"):
        latest = voice.decisions.filter(undoable()).order_by("-pk").first()
        if latest is None:
            continue
        about = Appeal.objects.filter(voice=voice)
        if about.filter(
            Q(decision=latest) | Q(answer=latest, decision__by=by)
        ).exists():
            # An appeal has already reversed the decline that it is against. The answer
            # to an appeal can't be undone by the moderator who declined.
            continue
        correction = voice.corrections.filter(decision=latest).first()
        if latest.kind == Kind.CORRECTION_TAKEN and not (
            correction and correction.replaced
        ):
            # The earlier words aren't stored anymore, so they can't be restored.
            continue
        if latest.kind in SIGNATURE_BEFORE and voice.invalidated_at:
            # An invalidated signature can't return to quarantine.
            continue
        Decision.objects.create(voice=voice, kind=Kind.UNDONE, undoes=latest, by=by)
        decided = Voice.objects.filter(pk=voice.pk)
        if latest.kind == Kind.UNFEATURED:
            # Since that decision, the voice may have been taken down or may have lost
            # its statement. Such a voice must not be featured.
            decided = decided.on_the_wall()
        decided.update(**BEFORE[latest.kind])
        about.filter(answer=latest).update(answer=None)
        if correction:
            correction.reopen()
        ProposedEdit.objects.filter(decision=latest).delete()
        if latest.kind in LETTERS:
            # Drop the unsent letter. Otherwise, making the same decision again would
            # email the author twice.
            Letter.objects.in_flight().filter(
                signature__voice=voice, kind=LETTERS[latest.kind]
            ).update(dropped_at=Now())
        if latest.kind in CLOSES_REPORTS:
            Report.objects.reopen(voice, latest.pk)
        if latest.kind in SIGNATURE_BEFORE:
            Signature.objects.filter(voice=voice).update(
                **SIGNATURE_BEFORE[latest.kind]
            )
        done += 1
    return done
