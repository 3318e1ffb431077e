"""Changes that signers make to their own signature; each is one transaction.

Every change except `set_updates` first locks the signer's address, as confirming a
submission does. So changes by one signer run one after another. Each change is safe to
repeat.
"""

import re
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core import addresses
from voices.abuse.models import Arrival
from voices.letters.models import Letter, RefusedAddress, Turn
from voices.letters.queue import queue_letter
from voices.professions import propose_group
from voices.signatures import names
from voices.signatures.invalidations import InvalidatedAddress
from voices.signatures.models import NameDisplay, Signature, Submission, shown_name
from voices.signatures.objections import Objection
from voices.signatures.requests import AddressChange, LinkRequest
from voices.wall.appeals import appealable
from voices.wall.cards import queue_cards
from voices.wall.models import Voice


def locked(signature: Signature) -> Signature | None:
    """Lock and return the current row of the signature; None if it has been erased.

    The voice is locked before the signature, as in moderators' decisions, to avoid a
    deadlock.
    """
    addresses.lock(signature.email_key)
    locked_voice(Signature.objects.filter(pk=signature.pk).first())
    return Signature.objects.select_for_update().filter(pk=signature.pk).first()


def locked_voice(signature: Signature | None) -> Voice | None:
    if signature is None or signature.voice_id is None:
        return None
    return Voice.objects.select_for_update().get(pk=signature.voice_id)


def save_voice(voice: Voice) -> None:
    """Save the voice, but keep the `corrected_at` that the database has.

    The trigger on Correction may have changed it since the voice was loaded.
    """
    voice.refresh_from_db(fields=["corrected_at"])
    voice.save()


@transaction.atomic
def withdraw(signature: Signature) -> None:
    """Remove the signature and voice from counts and public pages; keep the data."""
    current = locked(signature)
    if current is None or current.withdrawn_at:
        return
    current.withdrawn_at = timezone.now()
    current.save(update_fields=["withdrawn_at"])
    AddressChange.objects.filter(signature=current).delete()
    if voice := locked_voice(current):
        voice.withdrawn_at = current.withdrawn_at
        voice.featured_at = None
        voice.save(update_fields=["withdrawn_at", "featured_at"])


@transaction.atomic
def erase(signature: Signature) -> None:
    """Delete the signer's data, except what Signature.erase() keeps."""
    current = locked(signature)
    if current is None:
        return
    key = current.email_key
    current.submissions.all().delete()
    Submission.objects.filter(email_key=key).delete()
    LinkRequest.objects.filter(email_key=key).delete()
    forget_address(key)
    current.erase()


def forget_address(email_key: str) -> None:
    """Delete the address's Arrival and Turn rows; cancel unsent emails to it.

    Skips an Arrival row that is locked, because the form that it is counting may be
    waiting for the address's lock, which the caller has. Such a row is deleted when it
    is old, as are the rows of forms that arrive later.
    """
    hashes = addresses.keyed_hashes(email_key)
    counts = Arrival.objects.filter(sender=Arrival.Sender.ADDRESS, hash__in=hashes)
    free = counts.order_by().select_for_update(skip_locked=True)
    counts.filter(pk__in=free.values("pk")).delete()
    Turn.objects.filter(network_hash__in=hashes).delete()
    letters = Letter.objects.filter(address_hash__in=hashes)
    letters.in_flight().update(dropped_at=timezone.now())


@transaction.atomic
def show_as(signature: Signature, display: str) -> None:
    """Change how the signer's name appears.

    Erase the voice if the signer is now unlisted. Create a voice if the signer was
    unlisted before.
    """
    current = locked(signature)
    if current is None or current.withdrawn_at or current.name_display == display:
        return
    voice = locked_voice(current)
    before, current.name_display = current.name_display, display
    if display == NameDisplay.UNLISTED:
        current.voice = None
    elif voice is None:
        current.voice = Voice.objects.create(
            name=current.shown_name,
            profession=current.profession,
            city=current.city,
            state=current.state,
            submitted_at=timezone.now(),
            # Moderators don't review the voice of a quarantined or rejected signature.
            review_since=timezone.now() if current.is_reviewed else None,
            invalidated_at=timezone.now() if current.invalidation_id else None,
        )
    current.save(update_fields=["name_display", "voice"])
    if voice and current.voice is None:
        voice.reports.all().delete()
        voice.erase()
    elif voice:
        show_name(voice, before, current)


def show_name(voice: Voice, before: str, signature: Signature) -> None:
    """Change the voice's name to the form that the signer has now chosen.

    `before` is the earlier `name_display`. A shorter form of the name appears at once;
    a longer form is submitted for review.
    """
    wanted = name_to_show(voice.latest("name"), before, signature)
    if is_shorter(before, signature.name_display):
        shown = name_to_show(voice.name, before, signature)
        if is_part_of(shown, voice.name):
            voice.name = shown
        elif voice.is_published:
            # The shorter name has a word that no moderator has read. Until its review,
            # show only an initial.
            voice.name = f"{names.letter_of(shown)}."
    submit(voice, signature, {"name": wanted})


def is_shorter(before: str, display: str) -> bool:
    order = NameDisplay.values
    return order.index(display) > order.index(before)


def is_part_of(name: str, read: str) -> bool:
    """Return whether each word in `name` is a word in `read` or the initial of one."""
    known = words(read) | {word[0] for word in words(read)}
    return words(name) <= known


def is_shortened(name: str, read: str) -> bool:
    """Return whether `name` is a shorter version of `read`; see is_part_of()."""
    return len(name) < len(read) and is_part_of(name, read)


def name_to_show(name: str, before: str, signature: Signature) -> str:
    """Return the name in the form that the signer wants, keeping moderators' edits.

    `name` is the voice's name so far. If moderators have edited it, it never gets
    longer, so a part that they removed doesn't come back. The edits are lost if they
    would show a part of the name that the signer wants hidden.
    """
    wanted = signature.shown_name
    if is_shorter(before, signature.name_display):
        shorter = shown_name(name, signature.name_display)
        # If moderators have reordered the words, shortening can leave a word that the
        # signer wants hidden. In that case, drop the moderators' edits.
        hidden = words(signature.name) - words(wanted)
        return wanted if words(shorter) & hidden else shorter
    edited = name.casefold() != shown_name(signature.name, before).casefold()
    return name if edited else wanted


def words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))


@transaction.atomic
def correct_details(signature: Signature, **details: str) -> None:
    """Change the signer's name, city, state, or profession.

    The signature itself changes at once; if the signer moved, it is now counted in
    another U.S. state. In the voice, new details are submitted for review, except that
    a published name can get shorter, and a field can be emptied, at once.
    """
    current = locked(signature)
    if current is None or current.withdrawn_at:
        return
    before = words_of(current)
    for field, text in details.items():
        setattr(current, field, text)
    current.save(update_fields=details)
    # Compare with the signer's earlier details, not with the voice, which a moderator
    # may have edited.
    new = dict(words_of(current).items() - before.items())
    voice = locked_voice(current)
    if voice and new:
        name = new.get("name", "")
        if name and voice.is_published and is_shortened(name, voice.name):
            voice.name = name
        submit(voice, current, new)


def words_of(signature: Signature) -> dict[str, str]:
    """Return fields for a voice, computed from the signature's details."""
    return {
        "name": signature.shown_name,
        "profession": signature.profession,
        "profession_group": propose_group(signature.profession),
        "city": signature.city,
        "state": signature.state,
    }


@transaction.atomic
def correct(signature: Signature, statement: str) -> None:
    """Submit a new statement, unless it equals `voice.latest("statement")`."""
    current = locked(signature)
    voice = locked_voice(current)
    if current is None or current.withdrawn_at or voice is None:
        return
    if statement != voice.latest("statement"):
        submit(voice, current, {"statement": statement})


def submit(voice: Voice, signature: Signature, words: dict[str, str]) -> None:
    """Submit new words for review; published words stay public until a decision.

    `words` maps fields of the voice to their new text. Emptying a field needs no
    review, so it takes effect at once. The caller must lock the voice first.
    """
    words = voice.unread_words | words
    # Delete earlier corrections, which are now obsolete. As a result, undoing the
    # decision on an earlier correction restores nothing.
    voice.corrections.all().delete()
    was_published = voice.is_published
    voice.replace_words({field: text for field, text in words.items() if not text})
    new = {
        field: text for field, text in words.items() if text != getattr(voice, field)
    }
    if not new:
        # There are no new words to review, so an open appeal of a declined correction
        # is moot. If the appeal stayed open, the moderator who declined couldn't decide
        # on any later correction.
        appeals = voice.appeals.still_open()
        appeals.filter(decision__kind="correction-left").delete()
    now = timezone.now()
    if new or was_published:
        voice.changes_asked_at, voice.changes_asked = None, ""
    if new and was_published:
        voice.corrections.create(words=new)
        voice.review_since = now
    elif new:
        voice.replace_words(new)
        voice.published_at = voice.declined_at = voice.taken_down_at = None
        voice.reason = None
        voice.review_since = now if signature.is_reviewed else None
    save_voice(voice)


@transaction.atomic
def appeal(signature: Signature, text: str) -> bool:
    """Appeal the decline of the voice or its correction, which is then reviewed again.

    A different moderator has to decide. While an appeal is open, another one changes
    nothing. Return whether an appeal is open.
    """
    current = locked(signature)
    voice = locked_voice(current)
    if current is None or current.withdrawn_at or voice is None:
        return False
    if not (decline := appealable(voice)):
        # The button was pressed twice, or there is no decline to appeal anymore.
        return voice.appeals.still_open().exists()
    voice.appeals.create(decision=decline, text=text)
    if correction := voice.corrections.filter(decision=decline).first():
        correction.reopen()
    voice.declined_at = voice.reason = None
    # Declining doesn't clear the date of an earlier request for changes. With that
    # date, the voice's status would be CHANGES_ASKED, so the voice wouldn't be in the
    # review queue.
    voice.changes_asked_at, voice.changes_asked = None, ""
    voice.review_since = timezone.now() if current.is_reviewed else None
    save_voice(voice)
    return True


@transaction.atomic
def answer_edit(signature: Signature, edit_id: int, *, approve: bool) -> None:
    """Approve or reject a moderator's edit; do nothing if it is no longer open."""
    current = locked(signature)
    voice = locked_voice(current)
    if current is None or voice is None:
        return
    edit = voice.proposed_edits.still_open().filter(pk=edit_id).first()
    if edit is None:
        return
    if not approve:
        edit.reject()
        return
    edit.approve()
    take_details(current, edit.words)
    if voice.is_published and voice.statement:
        queue_cards([voice.pk])


def take_details(signature: Signature, words: dict[str, str]) -> None:
    """Give the signature the details of an approved edit; its form shows its own.

    If only a part of the name is shown, the signature keeps its full name. It also
    keeps its state if the voice now shows none, because it counts in a state.
    """
    kept = {"statement"}
    if signature.name_display != NameDisplay.FULL:
        kept.add("name")
    if not words.get("state"):
        kept.add("state")
    details = {field: text for field, text in words.items() if field not in kept}
    if details:
        for field, text in details.items():
            setattr(signature, field, text)
        signature.save(update_fields=details)


@transaction.atomic
def object_to_invalidation(signature: Signature, text: str) -> None:
    """File an objection for staff to review; a second objection changes nothing."""
    current = locked(signature)
    if current and current.invalidation_id and not current.withdrawn_at:
        Objection.objects.get_or_create(signature=current, defaults={"text": text})


@transaction.atomic
def set_updates(signature: Signature, wanted: bool) -> None:
    """Subscribe the signer to email updates, or unsubscribe them.

    Subscribing also removes the address from the suppression list.
    """
    Signature.objects.not_withdrawn().filter(pk=signature.pk).update(updates=wanted)
    if wanted:
        RefusedAddress.objects.allow(addresses.keyed_hashes(signature.email_key))


class AskedTooOften(Exception):
    """The signer reached the daily limit on emails to new addresses."""


def asked_often(signature: Signature) -> bool:
    """Return whether the signer reached the daily limit on emails to new addresses."""
    since = timezone.now() - timedelta(days=1)
    letters = Letter.objects.filter(signature=signature, queued_at__gt=since)
    asked = letters.filter(kind=Letter.Kind.NEW_ADDRESS)
    return asked.count() >= settings.MAILS_PER_ADDRESS_PER_DAY


@transaction.atomic
def ask_new_address(signature: Signature, email: str, email_key: str) -> None:
    """Email the new address a link to confirm the change; notify the current address.

    Replaces an earlier request that isn't confirmed yet. Raises AskedTooOften.
    """
    current = locked(signature)
    if current is None or current.withdrawn_at or current.email_key == email_key:
        return
    if asked_often(current):
        raise AskedTooOften
    AddressChange.objects.filter(signature=current).delete()
    change = AddressChange.objects.create(
        signature=current, email=email, email_key=email_key
    )
    queue_letter(Letter.Kind.NEW_ADDRESS, current, address_change=change)
    queue_letter(Letter.Kind.ADDRESS_ASKED, current)


@transaction.atomic
def keep_address(signature: Signature) -> None:
    """Cancel a change of address that isn't confirmed yet."""
    if current := locked(signature):
        AddressChange.objects.filter(signature=current).delete()


@transaction.atomic
def confirm_new_address(change: AddressChange) -> bool:
    """Switch to the new address; return False if another signature already has it.

    After a switch, manage links in earlier emails stop working, because somebody else
    may read the old mailbox. If the change or the signature no longer exists, do
    nothing and return True.
    """
    signature = Signature.objects.filter(pk=change.signature_id).first()
    if signature is None:
        return True
    old_key = signature.email_key
    addresses.lock_all({change.email_key, old_key})
    changes = AddressChange.objects.select_related("signature")
    current = changes.filter(pk=change.pk).first()
    if current is None:
        return True
    if Signature.objects.filter(email_key=current.email_key).exists():
        return False
    signature = current.signature
    signature.submissions.all().delete()
    if signature.invalidation_id:
        # Keep a hash of the old address. Without it, the signer could sign again with
        # the old address and be counted.
        InvalidatedAddress.objects.keep(old_key, signature.invalidation_id)
    signature.email, signature.email_key = current.email, current.email_key
    signature.bounced_at = None
    signature.ref = current.ref
    fields = ["email", "email_key", "address_hash", "bounced_at", "ref"]
    signature.save(update_fields=fields)
    current.delete()
    forget_address(old_key)
    return True
