"""Corrects the address of a form, as its page does."""

from tests.factories import check_url, stamp
from voices.signing.correct import make_next


def fill_in(submission, email="right@example.com", **fields):
    """The fields that the page posts."""
    return {
        "correct": "1",
        "email": email,
        "started": stamp(),
        "next": make_next(submission),
        **fields,
    }


def correct(client, submission, email="right@example.com", **fields):
    return client.post(check_url(submission), fill_in(submission, email, **fields))
