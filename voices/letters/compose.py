"""Compose each letter from the current data, right before the letter is sent."""

from functools import partial
from typing import Any, cast

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from core import addresses, mail
from voices.letters import refusing, repeats, told
from voices.letters.models import Letter, Update
from voices.letters.queue import AWAITED
from voices.letters.updates import ListUnsubscribe, is_reader, unsubscribing
from voices.signatures import tokens
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange
from voices.tags.links import PUBLISHED, SIGNED, SIGNED_SUBJECT, Shared, share
from voices.wall.appeals import appealable
from voices.wall.corrections import Correction
from voices.wall.edits import ProposedEdit
from voices.wall.models import Status, Voice

# What moderators see instead of the link with which an author manages their signature.
PRIVATE_LINK = "(the author's private link)"


def compose(letter: Letter) -> EmailMultiAlternatives | None:
    """Return the email, or None if it should no longer be sent."""
    if letter.submission:
        return compose_for_submission(letter, letter.submission)
    signature = letter.signature
    if signature is None or (signature.bounced_at and letter.kind not in AWAITED):
        return None
    if letter.update:
        return compose_for_reader(letter, letter.update, signature)
    if letter.kind == Letter.Kind.MANAGE:
        return draft_to_signer(letter, signature, is_manage=True)
    if letter.kind == Letter.Kind.NEW_ADDRESS:
        return compose_for_new_address(letter, signature)
    if letter.kind == Letter.Kind.ADDRESS_ASKED:
        return compose_for_present_address(letter, signature)
    if signature.voice:
        return compose_for_voice(letter, signature, signature.voice)
    return None


def compose_for_new_address(
    letter: Letter, signature: Signature
) -> EmailMultiAlternatives | None:
    change = letter.address_change
    if change is None or signature.withdrawn_at:
        return None
    return draft(
        letter,
        letter.kind,
        to=change.email,
        link_days=settings.CONFIRM_LINK_DAYS,
        confirm_url=absolute(
            "voices:new-address", tokens.changing_address.sign(change.ref)
        ),
        not_me_url=not_me_url(change),
    )


def compose_for_present_address(
    letter: Letter, signature: Signature
) -> EmailMultiAlternatives | None:
    change = AddressChange.objects.filter(signature=signature).first()
    # If the signature's address changed after the letter was queued, the new address
    # must not get this notice.
    is_present = letter.address_hash in addresses.keyed_hashes(signature.email_key)
    if change is None or signature.bounced_at or not is_present:
        return None
    return draft_to_signer(
        letter,
        signature,
        is_manage=True,
        new_address=addresses.masked(change.email),
    )


def compose_for_submission(
    letter: Letter, submission: Submission
) -> EmailMultiAlternatives | None:
    if submission.confirmed_at:
        return None
    if letter.kind == Letter.Kind.ALREADY_SIGNED:
        # A constraint ensures that such a letter has a signature.
        signature = cast(Signature, letter.signature)
        return draft_to_signer(
            letter,
            signature,
            signed_on=signature.confirmed_at,
            stop_url=stop_repeats_url(signature),
        )
    # Include nothing typed into the form: the address may be somebody else's.
    return draft(
        letter,
        letter.kind,
        to=submission.email,
        # Don't pass the state, because it was typed into the form, too.
        sentences=submission.petition.sentences(),
        code=tokens.code(submission.ref),
        # Only the reminder's template shows this.
        kept_until=submission.kept_until,
        link_days=settings.CONFIRM_LINK_DAYS,
        confirm_url=absolute("voices:confirm", tokens.confirming.sign(submission.ref)),
        not_me_url=not_me_url(submission),
    )


def compose_for_voice(
    letter: Letter, signature: Signature, voice: Voice
) -> EmailMultiAlternatives | None:
    # A decision to decline a correction and the letter about that decision have the
    # same `kind` value.
    correction = voice.corrections.filter(decision__kind=letter.kind).first()
    edit = reversed_decision = None
    if letter.kind == Letter.Kind.REVERSED:
        found = told.find_reversed([voice], besides=letter)
        reversed_decision = found.get(voice.pk)
    if letter.kind == Letter.Kind.EDIT_PROPOSED:
        edit = voice.proposed_edits.still_open().first()
    still_true = {
        Letter.Kind.PUBLISHED: voice.is_published,
        Letter.Kind.DECLINED: voice.status == Status.DECLINED,
        Letter.Kind.TAKEN_DOWN: voice.status == Status.TAKEN_DOWN,
        Letter.Kind.CHANGES_ASKED: voice.awaits_changes,
        Letter.Kind.CORRECTION_DECLINED: voice.is_published and correction,
        Letter.Kind.EDIT_PROPOSED: edit,
        Letter.Kind.REVERSED: reversed_decision,
    }
    if not still_true[Letter.Kind(letter.kind)]:
        return None
    return draft_to_signer(
        letter,
        signature,
        **details(voice, correction),
        counts=signature.counted_at is not None,
        reversed=reversed_decision,
        edit=edit,
        edit_url=edit_url(signature, edit) if edit else "",
    )


def details(voice: Voice, correction: Correction | None = None) -> dict[str, Any]:
    """Return what letters about decisions say about a voice."""
    return {
        "voice": voice,
        # The voice as the moderator read it: if the letter is about a correction, with
        # the correction's words.
        "read": voice.with_words(correction.words if correction else {}),
        # Functions, so that queries run only for templates that use the results.
        "can_appeal": partial(appealable, voice),
        "reason": partial(explanation, voice),
        "changes": voice.changes_asked,
        "shared": links_to_share(voice),
        "read_again": told.is_read_again(voice),
    }


def explanation(voice: Voice) -> str:
    return voice.reason.explanation if voice.reason else ""


def write(kind: Letter.Kind, **context: Any) -> tuple[str, str]:
    """Render a letter about a decision for moderators; return its subject and text.

    Moderators must not see the private link, so PRIVATE_LINK takes its place.
    """
    context |= links(PRIVATE_LINK, context["voice"]) | {"edit_url": PRIVATE_LINK}
    return mail.render(f"voices/letters/{kind}", context)


def links_to_share(voice: Voice) -> Shared:
    """Return links for sharing the voice's page or, if it has none, the home page."""
    if url := voice_url(voice):
        return share(url, PUBLISHED)
    return share(settings.SITE_URL + reverse("home"), SIGNED, SIGNED_SUBJECT)


def compose_for_reader(
    letter: Letter, update: Update, signature: Signature
) -> EmailMultiAlternatives | None:
    return draft_update(letter, update, signature) if is_reader(signature) else None


def compose_sample(update: Update) -> EmailMultiAlternatives:
    """Return a sample of the update's email; its unsubscribe link has no effect."""
    nobody = Signature(email=settings.CONTACT_EMAIL, ref="sample")
    return draft_update(Letter(kind=Letter.Kind.UPDATE), update, nobody)


def draft_update(
    letter: Letter, update: Update, signature: Signature
) -> EmailMultiAlternatives:
    # Put the primary key into the link, because the link must keep working, but `ref`
    # changes when the signer changes their address.
    token = unsubscribing.sign(str(signature.pk or 0))
    unsubscribe_url = absolute("voices:unsubscribe", token)
    message = draft_to_signer(
        letter, signature, update=update, unsubscribe_url=unsubscribe_url
    )
    # With these headers, mail programs show an unsubscribe button (RFC 8058).
    message.extra_headers |= {
        ListUnsubscribe.name: ListUnsubscribe(f"<{unsubscribe_url}>"),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return message


def not_me_url(submission: Submission | AddressChange) -> str:
    token = tokens.refusing.sign(refusing.subject(submission))
    return absolute("voices:not-me", token)


def stop_repeats_url(signature: Signature) -> str:
    return absolute("voices:stop-repeats", repeats.stopping.sign(str(signature.pk)))


def manage_url(signature: Signature) -> str:
    return absolute("voices:manage", tokens.managing.sign(signature.ref))


def edit_url(signature: Signature, edit: ProposedEdit) -> str:
    token = tokens.managing.sign(signature.ref)
    path = reverse("voices:manage-edit", args=[token, edit.pk])
    return settings.SITE_URL + path


def voice_url(voice: Voice | None) -> str:
    """Return the URL of a public statement's own page; "" if there is none."""
    if voice and voice.is_published and voice.statement:
        return settings.SITE_URL + voice.get_absolute_url()
    return ""


def absolute(name: str, *args: str) -> str:
    return settings.SITE_URL + reverse(name, args=args)


def links(private_link: str, voice: Voice | None) -> dict[str, Any]:
    return {
        "manage_url": private_link,
        "manage_days": settings.MANAGE_LINK_DAYS,
        "voice_url": voice_url(voice),
    }


def draft_to_signer(
    letter: Letter, signature: Signature, **context: object
) -> EmailMultiAlternatives:
    """Return the letter's email, addressed to the signer's current email address."""
    return draft(
        letter,
        letter.kind,
        to=signature.email,
        signature=signature,
        **context,
    )


def draft(
    letter: Letter, template: str, *, to: str, **context: Any
) -> EmailMultiAlternatives:
    """Render the letter's subject, text, and HTML, and set its headers.

    If `signature` is passed, the email contains the private link for managing that
    signature. So never pass a signature for a letter to an unconfirmed address.
    """
    signature = context.get("signature")
    url = manage_url(signature) if signature else ""
    context |= links(url, context.get("voice"))
    return mail.draft(
        f"voices/letters/{template}",
        context,
        to=to,
        # Every attempt has the same Message-ID, so that a mail program that gets the
        # letter twice shows it once.
        headers={"Message-ID": f"<{letter.message_id}@{settings.SITE_HOST}>"},
    )
