"""Worker tasks for staff accounts. Their arguments contain no personal data."""

from procrastinate.contrib.django import app

from accounts import letters
from accounts.forget import forget_staff
from core.backoff import Backoff


@app.task(name=letters.SEND_INVITATION, queue="mail", retry=Backoff())
def send_invitation(invitation_id: int) -> None:
    letters.send_invitation(invitation_id)


@app.task(name=letters.SEND_NOTICE, queue="mail", retry=Backoff())
def send_notice(user_id: int, notice: str, at: int) -> None:
    letters.send_notice(user_id, notice, at)


@app.task(name=letters.ANSWER_RESET, queue="mail", retry=Backoff())
def answer_reset(request_id: int) -> None:
    letters.answer_reset(request_id)


@app.periodic(cron="37 * * * *")
@app.task(name="accounts.forget", queueing_lock="accounts.forget")
def forget(timestamp: int) -> None:
    forget_staff()
