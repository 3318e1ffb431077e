"""What moderators do to voices: each decision with its log row and its mail.

Every function takes voices as a queryset and who decides, changes those that the
decision fits, all in one transaction, and returns how many there were.
"""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from voices.letters.models import Letter
from voices.letters.queue import queue_letter
from voices.moderation.models import Decision
from voices.wall.models import Voice

Kind = Decision.Kind


def undecided(voices):
    """Those waiting, and those whose author was asked for changes."""
    return voices.filter(
        review_since__isnull=False, published_at=None, declined_at=None
    )


def publish(voices, by) -> int:
    return decide(
        Kind.PUBLISHED,
        undecided(voices),
        by,
        {"published_at": timezone.now()},
        letter=Letter.Kind.PUBLISHED,
    )


def decline(voices, by, reason, *, tell: bool) -> int:
    """Decline those waiting; their authors are told where the moderator says so."""
    return decide(
        Kind.DECLINED,
        undecided(voices),
        by,
        {"declined_at": timezone.now(), "reason": reason},
        reason=reason,
        letter=Letter.Kind.DECLINED if tell else None,
    )


def ask_changes(voices, by, changes: str) -> int:
    return decide(
        Kind.CHANGES_ASKED,
        undecided(voices).filter(changes_asked_at=None),
        by,
        {"changes_asked_at": timezone.now(), "changes_asked": changes},
        letter=Letter.Kind.CHANGES_ASKED,
    )


def take_down(voices, by, reason) -> int:
    return decide(
        Kind.TAKEN_DOWN,
        voices.published(),
        by,
        {"taken_down_at": timezone.now(), "reason": reason, "featured_at": None},
        reason=reason,
    )


def feature(voices, by) -> int:
    return decide(
        Kind.FEATURED,
        voices.on_the_wall().filter(featured_at=None),
        by,
        {"featured_at": timezone.now()},
    )


def unfeature(voices, by) -> int:
    return decide(
        Kind.UNFEATURED,
        voices.filter(featured_at__isnull=False),
        by,
        {"featured_at": None},
    )


@transaction.atomic
def decide(kind, voices, by, changes: dict, *, reason=None, letter=None) -> int:
    # Locked in one order, so that two moderators' decisions never wait in a ring.
    ids = list(
        voices.select_for_update(of=["self"])
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    Decision.objects.bulk_create(
        Decision(voice_id=pk, kind=kind, by=by, reason=reason) for pk in ids
    )
    decided = Voice.objects.filter(pk__in=ids)
    decided.update(**changes)
    if letter:
        signers = decided.filter(signature__isnull=False).select_related("signature")
        for voice in signers.order_by("pk"):
            queue_letter(letter, voice.signature)
    return len(ids)


# What a moderator may edit.
WORDS = ["name", "profession", "profession_group", "city", "state", "statement"]


@transaction.atomic
def edit(voice: Voice, by) -> None:
    """Save a moderator's edit of the words, which stand beside those sent in.

    What was decided on the voice since it was opened is left alone.
    """
    Decision.objects.create(voice=voice, kind=Kind.EDITED, by=by)
    voice.save(update_fields=WORDS)


# What a decision set, put back. A voice that lost its place among the featured by
# being taken down has to be featured anew.
BEFORE: dict[str, dict[str, Any]] = {
    Kind.PUBLISHED: {"published_at": None, "featured_at": None},
    Kind.DECLINED: {"declined_at": None, "reason": None},
    Kind.CHANGES_ASKED: {"changes_asked_at": None, "changes_asked": ""},
    Kind.TAKEN_DOWN: {"taken_down_at": None, "reason": None},
    Kind.FEATURED: {"featured_at": None},
    Kind.UNFEATURED: {"featured_at": F("published_at")},
}


@transaction.atomic
def undo(voices, by) -> int:
    """Take back the latest decision on each voice that is not taken back yet."""
    done = 0
    for voice in voices.select_for_update(of=["self"]).order_by("pk"):
        latest = (
            voice.decisions.filter(kind__in=BEFORE, undone_by=None)
            .order_by("-pk")
            .first()
        )
        if latest is None:
            continue
        Decision.objects.create(voice=voice, kind=Kind.UNDONE, undoes=latest, by=by)
        decided = Voice.objects.filter(pk=voice.pk)
        if latest.kind == Kind.UNFEATURED:
            # It may have lost its words or been taken down since.
            decided = decided.on_the_wall()
        decided.update(**BEFORE[latest.kind])
        done += 1
    return done
