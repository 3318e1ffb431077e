"""What signers do to their own signature; each is one transaction and done at once.

Every function locks the address first, as signing does, so that the steps of one
person follow one another. Each is safe to be asked for twice.
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
from voices.signatures.invalidations import InvalidatedAddress
from voices.signatures.models import NameDisplay, Signature, Submission, shown_name
from voices.signatures.objections import Objection
from voices.signatures.requests import AddressChange, LinkRequest
from voices.wall.models import Voice


def locked(signature: Signature) -> Signature | None:
    """Return the row as it is now, for this transaction alone; None once erased.

    Its voice is locked before it, as moderators' decisions do, so that the two never
    wait for each other.
    """
    addresses.lock(signature.email_key)
    locked_voice(Signature.objects.filter(pk=signature.pk).first())
    return Signature.objects.select_for_update().filter(pk=signature.pk).first()


def locked_voice(signature: Signature | None) -> Voice | None:
    if signature is None or signature.voice_id is None:
        return None
    return Voice.objects.select_for_update().get(pk=signature.voice_id)


@transaction.atomic
def withdraw(signature: Signature) -> None:
    """Take it off every page and out of every figure; what is stored stays."""
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
    """Delete all that is stored of the person; of the voice its id and dates stay."""
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
    """Delete arrivals under the address's keyed hash, and drop letters that wait."""
    hashes = addresses.fingerprints(email_key)
    Arrival.objects.filter(address_hash__in=hashes).delete()
    Turn.objects.filter(network_hash__in=hashes).delete()
    letters = Letter.objects.filter(address_hash__in=hashes)
    letters.in_flight().update(dropped_at=timezone.now())


@transaction.atomic
def show_as(signature: Signature, display: str) -> None:
    """Change how the name shows; unlisted, nothing of the voice is kept."""
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
            # What does not count, being suspicious, does not come up for review.
            review_since=timezone.now() if current.is_reviewed else None,
            invalidated_at=timezone.now() if current.invalidation_id else None,
        )
    else:
        show_name(voice, before, current)
    current.save(update_fields=["name_display", "voice"])
    if voice and current.voice is None:
        voice.reports.all().delete()
        voice.erase()


def show_name(voice: Voice, before: str, signature: Signature) -> None:
    """Show the name as its signer wants it now; `before` is how it was shown till then.

    One that shows more than a moderator has read comes up in their queue.
    """
    read = words(voice.name)
    voice.name = name_to_show(voice.name, before, signature)
    if not all(any(r.startswith(word) for r in read) for word in words(voice.name)):
        now = timezone.now()
        if voice.is_published:
            voice.reported_at = now
        if voice.is_published or voice.review_since:
            voice.review_since = now
    voice.save()


def name_to_show(name: str, before: str, signature: Signature) -> str:
    """Return as much of a name as its signer wants to show, as moderators spell it.

    What a moderator took out of it does not come back.
    """
    wanted = signature.shown_name
    order = NameDisplay.values
    if order.index(signature.name_display) > order.index(before):
        shorter = shown_name(name, signature.name_display)
        # Moderators may have put the words into another order.
        hidden = words(signature.name) - words(wanted)
        return wanted if words(shorter) & hidden else shorter
    edited = name.casefold() != shown_name(signature.name, before).casefold()
    return name if edited else wanted


def words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))


@transaction.atomic
def correct(signature: Signature, statement: str) -> None:
    """Put the statement's new words before a moderator; the published stay until then.

    Words taken out altogether are gone at once.
    """
    current = locked(signature)
    voice = locked_voice(current) if current else None
    if (
        current is None
        or current.withdrawn_at
        or voice is None
        or statement == voice.latest_words
    ):
        return
    now = timezone.now()
    if not statement:
        voice.statement = voice.statement_as_sent = voice.correction = ""
        voice.corrected_at = voice.featured_at = None
    elif statement == voice.statement:
        voice.correction, voice.corrected_at = "", None
        voice.changes_asked_at, voice.changes_asked = None, ""
    elif voice.is_published:
        voice.correction = statement
        voice.corrected_at = voice.review_since = now
        voice.changes_asked_at, voice.changes_asked = None, ""
    else:
        voice.correction, voice.corrected_at = "", None
        voice.statement = voice.statement_as_sent = statement
        voice.published_at = voice.declined_at = voice.taken_down_at = None
        voice.changes_asked_at = voice.reason = None
        voice.changes_asked = ""
        voice.review_since = now if current.is_reviewed else None
    voice.save()


@transaction.atomic
def object_to_invalidation(signature: Signature, text: str) -> None:
    """Put before staff that it is genuine; a second time changes nothing."""
    current = locked(signature)
    if current and current.invalidation_id and not current.withdrawn_at:
        Objection.objects.get_or_create(signature=current, defaults={"text": text})


@transaction.atomic
def set_updates(signature: Signature, wanted: bool) -> None:
    """Start or end updates; starting them takes an earlier refusal of mail back."""
    Signature.objects.standing().filter(pk=signature.pk).update(updates=wanted)
    if wanted:
        RefusedAddress.objects.allow(addresses.fingerprints(signature.email_key))


class AskedTooOften(Exception):
    """The signer had us write to as many new addresses as we do within a day."""


def asked_often(signature: Signature) -> bool:
    """Whether they had us write to as many new addresses as we do within a day."""
    since = timezone.now() - timedelta(days=1)
    letters = Letter.objects.filter(signature=signature, queued_at__gt=since)
    asked = letters.filter(kind=Letter.Kind.NEW_ADDRESS)
    return asked.count() >= settings.MAILS_PER_ADDRESS_PER_DAY


@transaction.atomic
def ask_new_address(signature: Signature, email: str, email_key: str) -> None:
    """Mail the new address to confirm the change, and tell the present one of it.

    A later one takes its place. Raises AskedTooOften.
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
    """Call off a change that the new address has not confirmed yet."""
    if current := locked(signature):
        AddressChange.objects.filter(signature=current).delete()


@transaction.atomic
def confirm_new_address(change: AddressChange) -> bool:
    """Make the new address the signature's; False if that address has signed itself.

    Links in earlier mails end with it, for who reads the old mailbox may be another.
    """
    signature = Signature.objects.filter(pk=change.signature_id).first()
    if signature is None:
        return True
    old_key = signature.email_key
    for key in sorted([change.email_key, old_key]):
        addresses.lock(key)
    changes = AddressChange.objects.select_related("signature")
    current = changes.filter(pk=change.pk).first()
    if current is None:
        return True
    if Signature.objects.filter(email_key=current.email_key).exists():
        return False
    signature = current.signature
    signature.submissions.all().delete()
    if signature.invalidation_id:
        # Else the old address could sign again and count.
        InvalidatedAddress.objects.keep(old_key, signature.invalidation_id)
    signature.email, signature.email_key = current.email, current.email_key
    signature.bounced_at = None
    signature.ref = current.ref
    fields = ["email", "email_key", "address_hash", "bounced_at", "ref"]
    signature.save(update_fields=fields)
    current.delete()
    forget_address(old_key)
    return True
