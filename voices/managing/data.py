"""Export the stored data about a signer, for the signer to download."""

from django.db.models import Model, Q

from voices.letters.models import Letter
from voices.reports.models import Report
from voices.reveals.models import Reveal
from voices.signatures.models import Signature
from voices.signatures.objections import Objection
from voices.signatures.requests import AddressChange

# Columns that the export omits: internal keys, and values computed from other columns.
INTERNAL = {
    "id",
    "ref",
    "voice",
    "search",
    "status",
    "text_key",
    "sketch",
    "invalidation",
}


def row(instance: Model) -> dict:
    """Return a dict of the row's columns by name, without INTERNAL columns."""
    return {
        field.name: field.value_from_object(instance)
        for field in instance._meta.concrete_fields
        if field.name not in INTERNAL
    }


def everything(signature: Signature) -> dict:
    """Return what is stored about the signer, as a dict for JsonResponse.

    Includes decisions about the voice, and a list of the emails to the signer. Omits
    what other people wrote, such as the text of reports, and their names. Also omits
    rows, such as Arrival rows, that identify the signer only by a hash and are deleted
    within days.
    """
    voice, invalidation = signature.voice, signature.invalidation
    return {
        "signature": row(signature),
        "voice": row(voice) | {"number": voice.pk} if voice else None,
        "invalidation": (
            {
                "at": invalidation.at,
                "reason": invalidation.reason,
                "signatures": invalidation.count,
            }
            if invalidation
            else None
        ),
        "corrections": [
            {
                "words": each.words,
                "replaced": each.replaced,
                "statement_as_sent": each.statement_as_sent,
                "edited": each.edited,
                "sent": each.sent_at,
                "decided": each.decision.at if each.decision else None,
            }
            for each in (voice.corrections.select_related("decision") if voice else [])
        ],
        "proposed_edits": [
            {
                "words": each.words,
                "replaced": each.replaced,
                "proposed": each.at,
                "approved": each.approved_at,
                "rejected": each.rejected_at,
            }
            for each in (voice.proposed_edits.all() if voice else [])
        ],
        "appeals": [
            {
                "text": each.text,
                "at": each.at,
                "decided": each.answer.at if each.answer else None,
            }
            for each in (voice.appeals.select_related("answer") if voice else [])
        ],
        "objection": [
            {"text": each.text, "at": each.at, "answered": each.answered_at}
            for each in Objection.objects.filter(signature=signature)
        ],
        "mails": [
            {"kind": letter.kind, "queued": letter.queued_at, "sent": letter.sent_at}
            for letter in Letter.objects.filter(
                Q(signature=signature) | Q(submission__signature=signature)
            )
        ],
        "submissions": [row(each) for each in signature.submissions.all()],
        "new_address": [
            row(change) for change in AddressChange.objects.filter(signature=signature)
        ],
        "decisions": [
            {"kind": decision.get_kind_display(), "at": decision.at}
            for decision in (voice.decisions.all() if voice else [])
        ],
        "reports": [
            {"kind": report.get_kind_display(), "at": report.arrived_at}
            for report in Report.objects.filter(voice=voice)
        ],
        "address_seen_by_staff": [
            reveal.at for reveal in Reveal.objects.filter(signature=signature)
        ],
    }
