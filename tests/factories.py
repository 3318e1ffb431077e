"""Factories for rows and requests; each fills in what the test isn't about."""

import datetime
import time
from contextlib import contextmanager
from itertools import count

from django.contrib.auth import get_user_model
from django.core import mail
from django.core.signing import Signer, b62_encode
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role, give, make_roles
from core import addresses
from rankings.models import Assessment, Citation, Edition
from rankings.states import JURISDICTIONS
from voices.abuse.guard import stamps
from voices.letters.send import send_next
from voices.managing import changes
from voices.models import (
    Decision,
    FoundingRequest,
    Letter,
    Petition,
    Reason,
    Report,
    Signature,
    Submission,
    Tag,
    Voice,
)
from voices.moderation import propose
from voices.signatures import tokens
from voices.signing.agreements import (
    CONSENT_TEXT,
    CONSENT_VERSION,
    PRIVACY_TEXT,
    PRIVACY_VERSION,
)

STATEMENT = "Nobody is above the law that they enforce."
FORM = {
    "name": "Ana Reyes",
    "name_display": "full",
    "email": "ana@example.com",
    "city": "Columbus",
    "state": "OH",
    "profession": "Nurse",
    "statement": STATEMENT,
    "consent": "on",
    "privacy": "on",
}

numbers = count(1)


def make_voice(**fields):
    """A voice waiting for a moderator, unless the fields say otherwise."""
    return Voice.objects.create(
        **{
            "name": "Ada Reyes",
            "city": "Columbus",
            "state": "OH",
            "statement": STATEMENT,
            "review_since": timezone.now(),
            **fields,
        }
    )


def make_published_voice(**fields):
    return make_voice(**{"published_at": timezone.now(), **fields})


def make_founding_voice(number, **fields):
    return make_voice(founding_number=number, review_since=None, **fields)


def propose_edit(voice, by, **words):
    """A moderator's edit that waits for the author of the voice."""
    opened = Voice.objects.get(pk=voice.pk)
    for field, text in words.items():
        setattr(opened, field, text)
    return propose.edit(opened, by)


def approve_edit(voice, by, **words):
    """A moderator's edit that the author of the voice has approved."""
    edit = propose_edit(voice, by, **words)
    signature = Signature.objects.get(voice=voice)
    changes.answer_edit(signature, edit.pk, approve=True)
    edit.refresh_from_db()
    return edit


def make_founding_request(voice, **fields):
    """An open request of the person who gave it, for a correction."""
    return FoundingRequest.objects.create(
        **{
            "voice": voice,
            "kind": "correct",
            "text": "The city is spelled wrong.",
            "relation": "self",
            "name": "Ana Reyes",
            "email": "ana@example.com",
            **fields,
        }
    )


def given_petition(fields):
    given = {"petition", "petition_id"} & fields.keys()
    return {} if given else {"petition": Petition.objects.current()}


def private_fields(**fields):
    """Fields shared by a submission and a signature, for a new person each time."""
    email = fields.get("email", f"signer{next(numbers)}@example.com")
    return {
        "name": "Ana Reyes",
        "name_display": "full",
        "email": email,
        "email_key": addresses.canonical(email) if email else "",
        "city": "Columbus",
        "state": "OH",
        "profession": "Nurse",
        **given_petition(fields),
        "consent_version": CONSENT_VERSION,
        "consent_text": CONSENT_TEXT,
        "privacy_version": PRIVACY_VERSION,
        "privacy_text": PRIVACY_TEXT,
        "consent_at": timezone.now(),
        **fields,
    }


def make_submission(**fields):
    """A submission whose confirmation email hasn't been sent."""
    fields = private_fields(**fields)
    submission = Submission(
        **{
            "statement": STATEMENT,
            "email_masked": addresses.masked(fields["email"]),
            **fields,
        }
    )
    submission.save()
    submission.refresh_from_db()
    return submission


def make_signature(**fields):
    """A signature that counts, with a waiting voice unless one is given."""
    fields = private_fields(**fields)
    if "voice" not in fields and fields["name_display"] != "unlisted":
        fields["voice"] = make_voice(
            name=fields["name"], city=fields["city"], state=fields["state"]
        )
    now = timezone.now()
    return Signature.objects.create(
        **{"submitted_at": now, "confirmed_at": now, "counted_at": now, **fields}
    )


def make_staff(username="moderator", **fields):
    return get_user_model().objects.create_user(
        username, **{"is_staff": True, "is_superuser": True, **fields}
    )


def make_moderator(username="other", role=Role.MODERATOR):
    make_roles()
    user = make_staff(username, is_superuser=False)
    give(user, role)
    return user


def make_reason(label="Private details", explanation="It tells where somebody lives."):
    reason, _ = Reason.objects.update_or_create(
        label=label, defaults={"explanation": explanation, "active": True}
    )
    return reason


def make_tag(slug="poster"):
    """Return a tag in use.

    In tests that commit, the tags from the migrations are gone.
    """
    tag, _ = Tag.objects.get_or_create(slug=slug, defaults={"name": slug})
    return tag


def make_report(voice, **fields):
    """A report that puts the voice into the review queue."""
    report = Report.objects.create(**{"voice": voice, "kind": "other", **fields})
    Voice.objects.filter(pk=voice.pk).update(reported_at=timezone.now())
    voice.refresh_from_db()
    return report


def make_closed_report(voice, by, at, **fields):
    decision = Decision.objects.create(voice=voice, kind="kept", by=by, at=at)
    closed = {"decision": decision, "closed_at": at, "closed_by": by}
    return Report.objects.create(voice=voice, kind="other", **closed, **fields)


def stamp(seconds_ago=60):
    """The value of the form's hidden timestamp if it was opened this long ago."""
    opened = b62_encode(int(time.time()) - seconds_ago)
    return Signer(salt=stamps.salt).sign(f"{stamps.sep}{opened}")


def sign(client, *, path="/voices/add/", **fields):
    """Post the form as a browser does; None leaves a field out."""
    filled = {"started": stamp(), **FORM, **fields}
    return client.post(
        path,
        {name: value for name, value in filled.items() if value is not None},
    )


def latest_submission():
    return Submission.objects.latest("pk")


def deliver():
    """Send every letter, ignoring rates and delays; return the emails."""
    before = len(mail.outbox)
    Letter.objects.in_flight().update(send_at=timezone.now())
    with override_settings(MAILS_PER_MINUTE=1_000_000):
        while send_next():
            pass
    return mail.outbox[before:]


def confirm_url(submission):
    return reverse("voices:confirm", args=[tokens.confirming.sign(submission.ref)])


def check_url(submission):
    return reverse("voices:check", args=[submission.ref])


def not_me_url(submission):
    address_hash = addresses.keyed_hash(submission.email_key)
    token = tokens.refusing.sign(f"{submission.ref}:{address_hash}")
    return reverse("voices:not-me", args=[token])


def make_edition(date="2026-11-22", **fields):
    """A published edition without states; a draft if `published_at` is None."""
    return Edition.objects.create(
        **{
            "date": datetime.date.fromisoformat(date),
            "title": "An edition",
            "published_at": timezone.now(),
            **fields,
        }
    )


@contextmanager
def publishing(date="2026-11-22", **fields):
    """An edition to fill in: it is published when the block ends."""
    edition = make_edition(date, published_at=None, **fields)
    yield edition
    edition.published_at = timezone.now()
    edition.save(update_fields=["published_at"])


def make_rankings(date="2026-11-22", title="An edition", **by_state):
    """A published edition with all 51 states; see make_assessments."""
    with publishing(date, title=title) as edition:
        make_assessments(edition, **by_state)
    return edition


def make_published_assessment(usps="TX", date="2026-11-22", **fields):
    """The only state in a published edition; see make_assessment."""
    with publishing(date) as edition:
        return make_assessment(edition, usps, **fields)


def make_assessment(edition, usps="TX", **fields):
    """A state without a right to sue, unless the fields say otherwise."""
    return Assessment.objects.create(
        **{
            "edition": edition,
            "usps": usps,
            "right_to_sue": "none",
            "summary": f"The law of {usps}.",
            "as_of": edition.date,
            **fields,
        }
    )


def make_assessments(edition, **by_state):
    """All 51 states, each made by `make_assessment` with the given fields."""
    return [
        make_assessment(edition, usps, **by_state.get(usps, {}))
        for usps in JURISDICTIONS
    ]


def make_citation(
    assessment, text="Texas v. Somebody, 1 S.W.3d 1 (Tex. 1999)", **fields
):
    return Citation.objects.create(
        **{"assessment": assessment, "part": "right_to_sue", "text": text, **fields}
    )
