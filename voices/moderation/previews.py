"""The letters that a decision would send to the author, for the moderator to read.

They are rendered from the letters' own templates, so they are what the author gets,
except for the private link.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Self

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import wrap

from core import addresses
from voices.letters import compose
from voices.letters.models import Letter, RefusedAddress
from voices.letters.told import LETTERS, find_reversed, last_told
from voices.moderation.models import Decision, Reason
from voices.moderation.readings import Verdict
from voices.moderation.reversals import is_same
from voices.moderation.undoing import BEFORE
from voices.signatures.models import Signature
from voices.wall.appeals import Appeal
from voices.wall.corrections import Correction
from voices.wall.edits import APPROVED_WORDS, ProposedEdit
from voices.wall.models import SINCE, Status, Voice

Kind = Decision.Kind
# Stands for a reason's explanation while one letter is rendered for many reasons. The
# site's texts can't contain it.
EXPLANATION = "\ue000"
# What the letter shows until the moderator has written what the author should change.
MESSAGE = "(your message)"
# Letters wrap a reason's explanation at this width.
WIDTH = 72


@dataclass(frozen=True)
class Preview:
    """A letter's subject and text part."""

    subject: str
    text: str

    def explained(self, reason: Reason | None) -> Self:
        """Return the letter with this reason's explanation."""
        explanation = wrap(reason.explanation, WIDTH) if reason else ""
        return replace(self, text=self.text.replace(EXPLANATION, explanation))


def preview(
    voice: Voice, verdict: Verdict, reason: Reason | None = None, changes: str = ""
) -> Preview | None:
    """Return the letter that the verdict sends once it takes effect.

    Returns None if no email is sent.
    """
    return Author(voice).letter(verdict, [reason], changes)[0]


def previews(
    voice: Voice, reasons: Iterable[Reason]
) -> dict[tuple[Verdict, int | None], Preview | None]:
    """Return the letter for each verdict and, where it needs one, each reason's ID.

    None means that no email is sent. Takes at most three queries, plus two in the few
    minutes after the author was told of something that was undone since.
    """
    author, reasons = Author(voice), list(reasons)
    found: dict[tuple[Verdict, int | None], Preview | None] = {}
    for verdict in Verdict:
        has_reason = verdict in {Verdict.DECLINE, Verdict.TAKE_DOWN}
        given: list[Reason | None] = [*reasons] if has_reason else [None]
        letters = author.letter(verdict, given)
        for reason, letter in zip(given, letters, strict=True):
            found[verdict, reason.pk if reason else None] = letter
    return found


def preview_of_edit(voice: Voice, words: dict[str, str]) -> Preview | None:
    """Return the letter that asks the author to approve these new words.

    Returns None if no email is sent, as about a founding voice or the group of a
    profession, which change at once.
    """
    changed = {
        field: text
        for field, text in words.items()
        if field in APPROVED_WORDS and text != getattr(voice, field)
    }
    if not changed or Author(voice).signature is None:
        return None
    edit = ProposedEdit(
        voice=voice,
        words=changed,
        replaced={field: getattr(voice, field) for field in changed},
        at=timezone.now(),
    )
    about = compose.details(voice) | {"edit": edit}
    return Preview(*compose.write(Letter.Kind.EDIT_PROPOSED, **about))


def reversal(voice: Voice, decision: Decision) -> Preview | None:
    """Return the letter of correction that undoing this decision sends.

    Returns None if the author needs none, because they haven't been told of the
    decision.
    """
    if decision.kind not in LETTERS or Author(voice).signature is None:
        return None
    after = as_undone(voice, decision)
    found = find_reversed([after], undoing=decision)
    if after.pk not in found:
        return None
    about = compose.details(after) | {"reversed": found[after.pk]}
    return Preview(*compose.write(Letter.Kind.REVERSED, **about))


def as_undone(voice: Voice, decision: Decision) -> Voice:
    """Return an unsaved copy of the voice as it is once this decision is undone."""
    after = copy(voice)
    if correction := voice.corrections.filter(decision=decision).first():
        after = voice.with_words(correction.replaced)
        after.corrected_at = correction.sent_at
    for field, value in BEFORE[decision.kind].items():
        setattr(after, field, value)
    after.status = next(
        (
            status
            for status, date in SINCE.items()
            if getattr(after, date)
            or (status == Status.PUBLISHED and after.founding_number)
        ),
        Status.SET_ASIDE,
    )
    return after


class Author:
    """The author of a voice, and what letters to them depend on."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice

    @cached_property
    def signature(self) -> Any:
        """The signature, or None if no letter about a decision can reach its signer."""
        unsent = Letter.objects.in_flight().filter(
            signature=OuterRef("pk"), kind=Letter.Kind.REVERSED
        )
        appeals = Appeal.objects.still_open().filter(voice=OuterRef("voice"))
        signature = (
            Signature.objects.filter(voice=self.voice.pk, bounced_at=None)
            .only("email_key", "counted_at")
            .annotate(is_appealing=Exists(appeals), is_corrected=Exists(unsent))
            .first()
        )
        if signature:
            hashes = addresses.keyed_hashes(signature.email_key)
            if RefusedAddress.objects.filter(address_hash__in=hashes).exists():
                return None
        return signature

    @cached_property
    def correction(self) -> Correction | None:
        """The correction that waits for a decision, or None."""
        if not (self.voice.is_published and self.voice.corrected_at):
            return None
        return self.voice.corrections.waiting().first()

    @cached_property
    def known(self) -> Any:
        """The decision that the author was told of, and doesn't know was undone."""
        if not self.signature.is_corrected:
            return None
        return last_told([self.voice]).get(self.voice.pk)

    def letter(
        self, verdict: Verdict, reasons: list[Reason | None], changes: str = ""
    ) -> list[Preview | None]:
        """Return the verdict's letter for each of these reasons.

        The letter is rendered once, however many reasons there are.
        """
        kind = self.kind(verdict)
        if kind not in LETTERS or self.signature is None:
            return [None] * len(reasons)
        about = compose.details(self.decided(kind), self.correction) | {
            "can_appeal": not self.signature.is_appealing,
            "changes": changes or MESSAGE,
            "counts": self.signature.counted_at is not None,
            "reason": EXPLANATION,
        }
        draft = Preview(*compose.write(LETTERS[kind], **about))
        return [
            None if self.knows(kind, reason) else draft.explained(reason)
            for reason in reasons
        ]

    def knows(self, kind: str, reason: Reason | None) -> bool:
        """Return whether the author was told the same before; see reversals.drop."""
        return bool(self.known) and is_same(self.known, self.voice, kind, reason)

    def kind(self, verdict: Verdict) -> str:
        """Return the kind of decision that the verdict makes; "" if none."""
        status = self.voice.status
        undecided = status in {Status.WAITING, Status.CHANGES_ASKED}
        match verdict:
            case Verdict.PUBLISH if self.correction:
                return Kind.CORRECTION_TAKEN
            case Verdict.DECLINE if self.correction:
                return Kind.CORRECTION_DECLINED
            case Verdict.PUBLISH | Verdict.DECLINE if undecided:
                return verdict
            case Verdict.CHANGES if self.correction or status == Status.WAITING:
                return verdict
            case Verdict.TAKE_DOWN if status == Status.PUBLISHED:
                return verdict
        return ""

    def decided(self, kind: str) -> Voice:
        """Return the voice as its letter shows it after a decision of this kind."""
        if kind == Kind.CORRECTION_TAKEN and self.correction:
            return self.voice.with_words(self.correction.words)
        after = copy(self.voice)
        if kind in {Kind.PUBLISHED, Kind.TAKEN_DOWN}:
            after.status = kind
        return after
