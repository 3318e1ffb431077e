import json
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core.signing import BadSignature
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from core.ids import derive_ref, make_ref
from core.posts import see_other, takes_form
from rankings.states import PLACES, in_sentence, read_place
from voices.abuse import guard
from voices.abuse.models import Arrival
from voices.letters import refusing, waits
from voices.letters.models import RefusedAddress
from voices.letters.queue import queue_confirmation, send_again
from voices.letters.repeats import stopping
from voices.petition.models import Petitions, addressees, addressees_by_state
from voices.signatures import tokens
from voices.signatures.models import Signature, Submission, lane_for
from voices.signing import correct
from voices.signing.forms import CodeForm, CorrectForm, SignForm
from voices.tags.links import SIGNED, SIGNED_SUBJECT
from voices.tags.models import read_tag
from voices.wall.tallies import read_figures

# The fields to redisplay if signing is closed, so that nobody loses what they typed.
TYPED = ["name", "email", "city", "profession", "statement"]
# The fields of a submission that the view `confirm` needs on POST. Submission.confirm()
# reads the other fields later.
TO_CONFIRM = ["ref", "email_key", "confirmed_at", "corrected_at", "signature"]
# How long the same form from the same browser is taken for the same submission.
SAME_FORM = timedelta(minutes=10)
ADDRESSEES_BY_STATE = json.dumps(addressees_by_state())
# The HTTP statuses of confirm_problem.html by problem; 410 for problems not listed
# here.
STATUSES = {"already": 200, "another": 200, "unknown": 404}
CLOSED = (
    "Signing is closed right now, so the address can’t be changed. Our message still "
    "goes to the address above."
)
CORRECTED_TOO_OFTEN = (
    "The address of this form was changed twice, which is as often as we allow. Our "
    "message still goes to the address above. To use another one, fill in the form "
    "again."
)


def add_again(request: HttpRequest) -> HttpResponse:
    """After a failed CSRF check, redisplay what was typed into the form."""
    if not settings.SIGNING_OPEN:
        return render_closed(request, status=403)
    return show_again(request, SignForm(request.POST), stale=True, status=403)


@takes_form(stale=add_again)
def add(request: HttpRequest) -> HttpResponse:
    """Show or accept the form, without revealing whether an address has signed."""
    if not settings.SIGNING_OPEN:
        return render_closed(request)
    if request.method != "POST":
        return render_empty(request)
    form = SignForm(request.POST)
    # Before storing the form or counting it toward the rate limits, ask once about a
    # mistyped address and personal details in the statement. Both questions are on the
    # same page.
    suggestion = form.suggest_address()
    if not form.is_valid():
        return show_again(request, form, suggestion=suggestion)
    if form.is_outdated():
        return show_again(request, form, suggestion=suggestion, is_outdated=True)
    details = form.show_details()
    if suggestion or details:
        return show_again(request, form, suggestion=suggestion, details=details)
    submission = receive_once(request, form)
    return see_other("voices:check", submission.ref)


def show_again(
    request: HttpRequest, form: SignForm, *, status: int = 422, **context: object
) -> HttpResponse:
    place = str(form["state"].value() or "")
    return render_add(request, form, place=place, status=status, **context)


def read_initial(query: Mapping[str, str]) -> dict[str, str]:
    """Return the form's initial values from a query string, such as `?state=TX`."""
    place = read_place(query.get("state", ""))
    return {"state": place} if place in PLACES else {}


def render_empty(request: HttpRequest) -> HttpResponse:
    """Show the empty form.

    The rendered fields are cached, one copy per state. Only the hidden anti-spam fields
    (GuardedForm) are rendered each time.
    """
    initial = read_initial(request.GET)
    place = initial.get("state", "")
    if settings.DEBUG:
        # In development, templates change while the process runs.
        return render_add(request, SignForm(initial=initial), place=place)
    fields = empty_fields(place)
    form = guard.GuardedForm()
    return render_add(request, form, place=place, empty_fields=fields)


@lru_cache(maxsize=len(PLACES) + 1)
def empty_fields(place: str) -> SafeString:
    form = SignForm(initial={"state": place})
    return render_to_string("voices/voice_form.html#fields", {"form": form})


def receive_once(request: HttpRequest, form: SignForm) -> Submission:
    """Store the submission, or return the one that was just stored for the same form.

    A signer may press the button twice, or go back and press it again. Both requests
    have the same ref, so the database refuses the second row. Then nothing is counted,
    and no second email is sent.
    """
    # Without this cookie, the CSRF check fails; only a test client skips the check.
    browser = request.META.get("CSRF_COOKIE")
    ref = form.make_ref(browser) if browser else make_ref()
    while True:
        try:
            return receive(request, form, ref)
        except IntegrityError:
            first = Submission.objects.filter(ref=ref).first()
        if first is None:
            # The first submission has just been deleted, or another constraint failed,
            # which raises again.
            return receive(request, form, make_ref())
        if is_same(first):
            return first
        # Two requests at this point get the same ref again.
        ref = derive_ref("voices.form.again", ref)


def is_same(first: Submission) -> bool:
    """Return whether another request with the same data isn't a new submission.

    It is one after SAME_FORM, and after the first submission was corrected or became a
    signature. If another submission for the address was confirmed, it isn't: a new page
    would reveal that the address has signed.
    """
    is_recent = timezone.now() - first.submitted_at < SAME_FORM
    return is_recent and not (first.corrected_at or first.became_signature)


@transaction.atomic
def receive(request: HttpRequest, form: SignForm, ref: str) -> Submission:
    """Store the submission with its suspicions, and queue the confirmation email."""
    submission = form.instance
    submission.ref = ref
    receipt = guard.receive(
        request,
        Arrival.Kind.SIGN,
        form,
        email_key=form.email_key,
        text=form.cleaned_data["statement"],
    )
    submission.network_hash = receipt.network_hash
    submission.wide_network_hash = receipt.wide_network_hash
    submission.suspicions = receipt.suspicions
    submission.lane = lane_for(receipt.suspicions)
    submission.tag_id = read_tag(request)
    form.save()
    queue_confirmation(submission)
    return submission


def render_add(
    request: HttpRequest,
    form: guard.GuardedForm,
    *,
    place: str = "",
    status: int = 200,
    **context: object,
) -> HttpResponse:
    return render(
        request,
        "voices/voice_form.html",
        {
            "form": form,
            # A link to this page would empty the form.
            "hide_sign_links": True,
            **petition_context(place),
            **context,
        },
        status=status,
    )


def petition_context(place: str = "") -> dict[str, object]:
    """Return the template context for pages that show the petition's words.

    `place` is a state's code; any other value means no particular state.
    """
    petition, figures = Petitions.read().current, read_figures()
    place = place if place in PLACES else ""
    return {
        "petition": petition,
        "sentences": petition.sentences(place),
        "second_sentences": json.dumps(petition.second_sentences(), ensure_ascii=False),
        "addressees": addressees(place),
        "addressees_by_state": ADDRESSEES_BY_STATE,
        "place": place,
        "place_name": place and in_sentence(place),
        "figures": figures,
        "place_signers": place and figures.signers_by_state[place],
    }


def render_closed(request: HttpRequest, *, status: int = 503) -> HttpResponse:
    """Say that signing is closed, and redisplay what was typed into the form."""
    form = SignForm(request.POST)
    typed = [(form[name].label, form[name].value()) for name in TYPED]
    typed = [(label, value) for label, value in typed if value]
    context = {"typed": typed}
    return render(request, "voices/signing_closed.html", context, status=status)


def check_again(request: HttpRequest, ref: str) -> HttpResponse | None:
    """After a failed CSRF check, redisplay the code or the address that was typed."""
    submission = Submission.objects.filter(ref=ref).first()
    if submission is None:
        return None
    if submission.corrected_at:
        return answer_corrected(request, submission)
    if "correct" in request.POST:
        typed = CorrectForm(request.POST)
        return render_correct(request, submission, typed, stale=True, status=403)
    form = CodeForm(request.POST)
    return render_check(request, submission, form, stale=True, status=403)


@takes_form(stale=check_again)
def check(request: HttpRequest, ref: str) -> HttpResponse:
    """Show the check-your-email page.

    On POST, accept the code, resend the email, or correct the address. The responses
    don't reveal whether an address had signed before.
    """
    submission = get_object_or_404(Submission, ref=ref)
    if submission.corrected_at:
        return answer_corrected(request, submission)
    if request.method != "POST":
        return render_check(request, submission, CodeForm())
    if "correct" in request.POST:
        return correct_address(request, submission)
    if "again" in request.POST:
        return again(request, submission)
    form = CodeForm(request.POST)
    if form.is_valid():
        if submission.try_code(form.cleaned_data["code"]):
            return confirm_submission(request, submission)
        form.add_error(
            "code",
            "That is not the code from our latest message, or there were too many "
            "tries. Check the digits, or use the link in the message.",
        )
    return render_check(request, submission, form, status=422)


def again(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Queue the confirmation email again, or return a 429 if that isn't allowed now.

    The worker decides later whether to send the email.
    """
    if again := send_again(submission.pk):
        return render_check(request, again, CodeForm(), sent_again=True)
    # The submission may have been deleted through the "this wasn't me" link.
    submission = get_object_or_404(Submission, pk=submission.pk)
    response = render_check(request, submission, CodeForm(), too_early=True, status=429)
    if submission.again_at:
        wait = submission.again_at - timezone.now()
        response["Retry-After"] = str(max(int(wait.total_seconds()) + 1, 1))
    return response


def correct_address(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Replace the submission with one for another address; check it like a new form."""
    form = CorrectForm(request.POST)
    if not settings.SIGNING_OPEN:
        form.add_error("email", CLOSED)
        return render_correct(request, submission, form, status=503)
    if not correct.may_correct(submission):
        return refuse_correction(request, submission, form)
    suggestion = form.suggest_address()
    if not form.is_valid() or suggestion:
        return render_correct(request, submission, form, suggestion=suggestion)
    corrected = correct.correct(request, submission, form)
    if corrected is None:
        # A concurrent request corrected or confirmed the submission first.
        submission = get_object_or_404(Submission, pk=submission.pk)
        return refuse_correction(request, submission, form)
    return see_other("voices:check", corrected.ref)


def refuse_correction(
    request: HttpRequest, submission: Submission, form: CorrectForm
) -> HttpResponse:
    if submission.corrected_at:
        return answer_corrected(request, submission)
    if submission.became_signature:
        return render_problem(request, submission, closed_by(submission), status=409)
    form.add_error("email", CORRECTED_TOO_OFTEN)
    return render_correct(request, submission, form, status=409)


def answer_corrected(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Respond to a request for a corrected submission's check-your-email page.

    Redirect to the new submission's page only if the request has the signed ref from
    the correction form, which happens if the signer presses the button twice. Otherwise
    show a problem, because whoever reads the old mailbox may know this page's URL.
    """
    following = correct.read_next(submission, request.POST.get("next"))
    if following and Submission.objects.filter(ref=following).exists():
        return see_other("voices:check", following)
    typed = request.POST.get("email", "")
    return render_problem(request, submission, "corrected", typed=typed)


def render_correct(
    request: HttpRequest,
    submission: Submission,
    form: CorrectForm,
    *,
    status: int = 422,
    **context: object,
) -> HttpResponse:
    """Show the check-your-email page with the correction form expanded."""
    context["correct"] = form
    return render_check(request, submission, CodeForm(), status=status, **context)


def render_check(
    request: HttpRequest,
    submission: Submission,
    form: CodeForm,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    initial = {"next": correct.make_next(submission)}
    context = {"correct": CorrectForm(initial=initial), **context}
    context |= {
        "submission": submission,
        "form": form,
        "asked_at": submission.asked_again_at or submission.submitted_at,
        "now": timezone.now(),
        "link_days": settings.CONFIRM_LINK_DAYS,
        "mails_per_day": settings.MAILS_PER_ADDRESS_PER_DAY,
        "wait": waits.in_words(waits.minutes()),
        "hide_sign_links": True,
    }
    return render(request, "voices/check_email.html", context, status=status)


@takes_form()
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what will be published; on POST, confirm the submission.

    A GET doesn't confirm, because mail scanners open links.
    """
    # confirm_submission() reads all other fields later, under a lock.
    fields = TO_CONFIRM if request.method == "POST" else ()
    submission, problem = find_submission(token, *fields)
    if submission is None or problem:
        return render_problem(request, submission, problem)
    if request.method == "POST":
        return confirm_submission(request, submission)
    petition = Petitions.read().seen(str(submission.petition_id))
    context = {
        "submission": submission,
        "sentences": petition.sentences(submission.state),
        "hide_sign_links": True,
    }
    return render(request, "voices/confirm.html", context)


def confirm_submission(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Confirm a submission and redirect to the thank-you page, or show the problem."""
    if submission.confirm():
        return see_other("voices:thanks")
    submissions = Submission.objects.select_related("signature")
    closed = submissions.filter(pk=submission.pk).first()
    return render_problem(request, closed, closed_by(closed) if closed else "unknown")


def render_problem(
    request: HttpRequest,
    submission: Submission | None,
    problem: str,
    *,
    status: int = 0,
    **context: object,
) -> HttpResponse:
    context |= {
        "submission": submission,
        "problem": problem,
        "hide_sign_links": problem in {"already", "another"},
    }
    status = status or STATUSES.get(problem, 410)
    return render(request, "voices/confirm_problem.html", context, status=status)


def closed_by(submission: Submission) -> str:
    """Return why a closed submission can't be confirmed.

    Closed means that the submission was confirmed, that another submission for its
    address was confirmed, or that its address was corrected.
    """
    if submission.corrected_at:
        return "corrected"
    if submission.signature and not submission.became_signature:
        return "another"
    return "already" if submission.is_signature else "withdrawn"


def find_submission(token: str, *fields: str) -> tuple[Submission | None, str]:
    """Return the submission that a confirmation link identifies, and a problem code.

    The code says why the submission can't be confirmed, and is "" if there is no
    problem. The submission is None if the link is invalid or the row was deleted. Reads
    only `fields`, if any are given.
    """
    submissions = Submission.objects.only(*fields) if fields else Submission.objects
    try:
        ref, late = tokens.read(tokens.confirming, token, settings.CONFIRM_LINK_DAYS)
        submission = submissions.get(ref=ref)
    except (BadSignature, Submission.DoesNotExist):
        return None, "unknown"
    if submission.confirmed_at:
        return submission, closed_by(submission)
    return submission, "expired" if late else ""


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Show the thank-you page. It is the same for everybody, so it reveals nothing."""
    words = {"words": SIGNED, "subject": SIGNED_SUBJECT}
    context = petition_context() | words | {"hide_sign_links": True}
    return render(request, "voices/thank_you.html", context)


@takes_form()
def stop_repeats(request: HttpRequest, token: str) -> HttpResponse:
    """Stop or restart emails that tell a signer when their address is entered again."""
    try:
        pk = int(stopping.unsign(token))
    except (BadSignature, ValueError):
        context = {"state": "unknown"}
        return render(request, "voices/stop_repeats.html", context, status=404)
    signature = Signature.objects.filter(pk=pk)
    state = "ask"
    if request.method == "POST":
        state = "started" if "start" in request.POST else "stopped"
        at = timezone.now() if state == "stopped" else None
        signature.update(repeats_stopped_at=at)
    elif signature.filter(repeats_stopped_at__isnull=False).exists():
        state = "stopped"
    return render(request, "voices/stop_repeats.html", {"state": state})


@takes_form()
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Handle the "this wasn't me" link of an email.

    On POST, suppress the address, and delete its unconfirmed submissions and changes of
    address, unless the address has signed. The page says so only if the link's own form
    became the signature. The "allow" button instead allows email to the address again.
    """
    try:
        signed, late = tokens.read(tokens.refusing, token, settings.CONFIRM_LINK_DAYS)
    except BadSignature:
        return render_not_me(request, "unknown", status=404)
    if late:
        return render_not_me(request, "expired", status=410)
    ref, *hashes = signed.split(":")
    signature = refusing.find_signature(ref, hashes)
    refused = RefusedAddress.objects.filter(address_hash__in=hashes).exists()
    state = "done" if refused else "ask"
    if request.method == "POST" and "allow" in request.POST:
        RefusedAddress.objects.allow(hashes)
        state = "allowed"
    elif not signature and request.method == "POST":
        waiting = refusing.find_waiting(ref)
        if RefusedAddress.objects.refuse(hashes[0], waiting):
            state = "done"
        else:
            # The address signed just now.
            signature = refusing.find_signature(ref, hashes)
    is_signature = signature is not None and signature.ref == ref
    if signature and state != "allowed":
        state = "confirmed" if is_signature else "unused"
    return render_not_me(request, state, is_signature=is_signature, refused=refused)


def render_not_me(
    request: HttpRequest, state: str, *, status: int = 200, **context: object
) -> HttpResponse:
    context |= {
        "state": state,
        "link_days": settings.CONFIRM_LINK_DAYS,
        "kept_days": settings.UNCONFIRMED_KEPT_DAYS,
    }
    return render(request, "voices/not_me.html", context, status=status)
