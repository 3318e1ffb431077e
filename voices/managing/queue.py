"""Asking for a link, the same way for whoever asks."""

from django.db import transaction
from procrastinate.contrib.django import app

from voices.letters.models import Letter
from voices.letters.queue import queue_letter
from voices.managing.models import LinkRequest
from voices.signing.models import Signature

FIND_LINK = "voices.find_link"


@transaction.atomic
def queue_link(email_key: str) -> None:
    """Let the worker look whose address it is, out of sight of who asked."""
    request = LinkRequest.objects.create(email_key=email_key)
    app.configure_task(FIND_LINK, priority=10).defer(request_id=request.pk)


@transaction.atomic
def answer(request_id: int) -> None:
    """Queue the mail if the address of a request has signed; delete the request."""
    request = LinkRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        return
    signature = Signature.objects.filter(email_key=request.email_key).first()
    if signature:
        letters = Letter.objects.filter(signature=signature, kind=Letter.Kind.MANAGE)
        # One on its way is enough, however often somebody asks.
        if not letters.in_flight().exists():
            queue_letter(Letter.Kind.MANAGE, signature)
    request.delete()
