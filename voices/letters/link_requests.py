"""Handle requests for a manage link without revealing whether an address signed."""

from django.db import transaction

from voices.letters.models import Letter
from voices.letters.queue import queue_letter
from voices.signatures.models import Signature
from voices.signatures.requests import LinkRequest

# The maximum number of requests to answer at once. It is small, so that letters don't
# wait long.
BATCH = 50


def queue_link(email_key: str, wide_network_hash: str = "") -> None:
    """Store a request for a manage link, for the worker to answer.

    The response to the visitor thus doesn't reveal whether the address has signed.
    """
    LinkRequest.objects.create(email_key=email_key, wide_network_hash=wide_network_hash)


def answer_requests() -> int:
    """Answer the oldest requests, at most BATCH; return how many there were."""
    ids = list(LinkRequest.objects.values_list("pk", flat=True)[:BATCH])
    for pk in ids:
        answer(pk)
    return len(ids)


@transaction.atomic
def answer(request_id: int) -> None:
    """Queue a letter with the link if the address has signed; delete the request."""
    requests = LinkRequest.objects.select_for_update(skip_locked=True)
    request = requests.filter(pk=request_id).first()
    if request is None:
        return
    signature = Signature.objects.filter(email_key=request.email_key).first()
    if signature:
        letters = Letter.objects.filter(signature=signature, kind=Letter.Kind.MANAGE)
        # One letter in flight is enough, however often somebody requests the link.
        if not letters.in_flight().exists():
            queue_letter(
                Letter.Kind.MANAGE, signature, network_hash=request.wide_network_hash
            )
    request.delete()
