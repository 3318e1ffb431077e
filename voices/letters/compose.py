"""What a letter says, looked up at the moment it is sent."""

from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from voices import addresses
from voices.letters.models import Letter
from voices.signing import tokens
from voices.signing.models import Signature, Submission
from voices.wall.models import Voice


def compose(letter: Letter) -> EmailMultiAlternatives | None:
    """Return the mail, or None where what it is about no longer holds."""
    if letter.submission:
        return compose_for_form(letter, letter.submission)
    if letter.signature and (voice := letter.signature.voice):
        return compose_for_voice(letter, letter.signature, voice)
    return None


def compose_for_form(letter, submission: Submission) -> EmailMultiAlternatives | None:
    if submission.confirmed_at:
        return None
    signature = Signature.objects.filter(email_key=submission.email_key).first()
    if signature:
        # The form is closed when the letter has left, and its name was typed by we
        # don't know whom: the letter speaks to the person who signed.
        return draft(
            letter,
            "already-signed",
            to=signature.email,
            name=signature.name,
            voice=signature.voice,
            signed_on=signature.confirmed_at,
        )
    return draft(
        letter,
        "confirm",
        to=submission.email,
        name=submission.name,
        submission=submission,
        code=tokens.code(submission.ref),
        link_days=settings.CONFIRM_LINK_DAYS,
        confirm_url=absolute("voices:confirm", tokens.confirming.sign(submission.ref)),
        not_me_url=not_me_url(submission),
    )


def compose_for_voice(
    letter, signature: Signature, voice: Voice
) -> EmailMultiAlternatives | None:
    still_true = {
        Letter.Kind.PUBLISHED: voice.is_published,
        Letter.Kind.DECLINED: voice.declined_at,
        Letter.Kind.CHANGES_ASKED: voice.changes_asked_at and not voice.published_at,
    }
    if not still_true[Letter.Kind(letter.kind)]:
        return None
    return draft(
        letter,
        letter.kind,
        to=signature.email,
        name=signature.name,
        voice=voice,
        reason=voice.reason.explanation if voice.reason else "",
        changes=voice.changes_asked,
    )


def not_me_url(submission: Submission) -> str:
    # The hash is in the link because refusing deletes the form, and the owner of the
    # address must still be able to take the refusal back.
    address_hash = addresses.fingerprint(submission.email_key)
    return absolute(
        "voices:not-me", tokens.refusing.sign(f"{submission.ref}:{address_hash}")
    )


def absolute(name: str, *args) -> str:
    return settings.SITE_URL + reverse(name, args=args)


def draft(
    letter: Letter, template: str, *, to: str, name: str, **context
) -> EmailMultiAlternatives:
    """Render the letter's subject, text and HTML and put its headers on."""
    voice = context.get("voice")
    context |= {
        "name": name.split()[0] if name else "",
        "voice_url": settings.SITE_URL + voice.get_absolute_url()
        if voice and voice.is_published and voice.statement
        else "",
        "contact_email": settings.CONTACT_EMAIL,
        "postal_address": settings.POSTAL_ADDRESS,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    path = f"voices/letters/{template}"
    message = EmailMultiAlternatives(
        subject=render_to_string(f"{path}_subject.txt", context).strip(),
        body=render_to_string(f"{path}.txt", context),
        from_email=formataddr((settings.SITE_NAME, settings.DEFAULT_FROM_EMAIL)),
        to=[to],
        reply_to=[settings.CONTACT_EMAIL],
        headers={
            # The same each time the letter is tried, so that a mail program that
            # gets it twice shows it once.
            "Message-ID": f"<{letter.message_id}@{settings.SITE_HOST}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string(f"{path}.html", context), "text/html")
    return message
