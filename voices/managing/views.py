from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.signing import BadSignature
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import networks
from core.posts import see_other, takes_form
from voices.abuse import guard, limits
from voices.abuse.checks import has_blocked_domain
from voices.abuse.limits import TooMany
from voices.abuse.models import Arrival
from voices.abuse.suspicion import has_bot_suspicion
from voices.letters.link_requests import queue_link
from voices.managing import changes
from voices.managing.data import everything
from voices.managing.forms import (
    DETAILS,
    AppealForm,
    AskForm,
    NewAddressForm,
    ObjectionForm,
    SureForm,
    VoiceForm,
)
from voices.signatures import tokens
from voices.signatures.models import Signature
from voices.signatures.objections import Objection
from voices.signatures.requests import AddressChange
from voices.wall.appeals import appealable
from voices.wall.edits import ProposedEdit


def ask_again(request: HttpRequest) -> HttpResponse:
    """After a failed CSRF check, redisplay the address that was typed."""
    return ask_page(request, AskForm(request.POST), stale=True, status=403)


@takes_form(stale=ask_again)
def ask(request: HttpRequest) -> HttpResponse:
    """Show or accept the form to request a manage link; don't reveal who has signed."""
    if request.method != "POST":
        return ask_page(request, AskForm())
    if "action" in request.POST:
        raise Http404("Managing requires the link from an email.")
    form = AskForm(request.POST)
    if not form.is_valid():
        return ask_page(request, form, status=422)
    try:
        receive(request, form)
    except TooMany as too_many:
        return ask_page(request, form, wait_minutes=too_many.minutes, status=429)
    return see_other("voices:manage-sent")


def ask_page(
    request: HttpRequest, form: AskForm, *, status: int = 200, **context: object
) -> HttpResponse:
    context = {"form": form, **context}
    return render(request, "voices/manage_ask.html", context, status=status)


@transaction.atomic
def receive(request: HttpRequest, form: AskForm) -> None:
    """Store the request for a manage link, unless the form seems to be from a bot.

    Raises TooMany if the network has sent far too many forms. Other exceeded limits
    don't stop the email, because strangers can use up the limits of somebody else's
    address or domain. The daily limit on emails to an address still applies.
    """
    receipt = guard.receive(
        request, Arrival.Kind.MANAGE, form, email_key=form.email_key
    )
    if not has_bot_suspicion(receipt.suspicions):
        queue_link(form.email_key, receipt.wide_network_hash)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    context = {
        "link_days": settings.MANAGE_LINK_DAYS,
        "mails_per_day": settings.MAILS_PER_ADDRESS_PER_DAY,
        "hide_sign_links": True,
    }
    return render(request, "voices/manage_sent.html", context)


def find_signature(token: str) -> tuple[Signature | None, str]:
    """Return the petition signature that a manage link identifies, and a problem code.

    The code says why the link doesn't work, and is "" if it works. The signature is
    None if no signature has the link's ref anymore. Raises BadSignature for a token
    that we didn't sign, or signed for another purpose.
    """
    ref, late = tokens.read(tokens.managing, token, settings.MANAGE_LINK_DAYS)
    signatures = Signature.objects.select_related("voice", "invalidation")
    signature = signatures.filter(ref=ref).first()
    if late:
        return signature, "expired"
    return signature, "" if signature else "erased"


def problem_page(request: HttpRequest, problem: str) -> HttpResponse:
    status = {"unknown": 404, "expired": 410, "erased": 410}.get(problem, 200)
    context = {"problem": problem, "link_days": settings.MANAGE_LINK_DAYS}
    return render(request, "voices/manage_problem.html", context, status=status)


def for_signer(
    view: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """Decorate a view that takes a manage link's token and petition signature.

    The view also gets the URL's other arguments, by name.

    If the link doesn't work, show a page about the problem and don't call the view.
    """

    @wraps(view)
    def opened(request: HttpRequest, token: str, **named: object) -> HttpResponse:
        try:
            signature, problem = find_signature(token)
        except BadSignature:
            return problem_page(request, "unknown")
        if signature is None or problem:
            return problem_page(request, problem)
        return view(request, token, signature, **named)

    return opened


@for_signer
def manage_again(
    request: HttpRequest, token: str, signature: Signature
) -> HttpResponse:
    """After a failed CSRF check, redisplay what was typed into the submitted form."""
    typed: dict[str, Form] = {}
    if request.POST.get("action") == "save":
        typed["voice_form"] = VoiceForm(request.POST, signature=signature)
    if request.POST.get("action") == "address":
        typed["address_form"] = NewAddressForm(request.POST)
    if request.POST.get("action") == "appeal":
        typed["appeal_form"] = AppealForm(request.POST)
    if request.POST.get("action") == "object":
        typed["objection_form"] = ObjectionForm(request.POST)
    return manage_page(request, token, signature, stale=True, **typed)


@takes_form(stale=manage_again)
@for_signer
def manage(request: HttpRequest, token: str, signature: Signature) -> HttpResponse:
    """Show a signer their data; on POST, run the action of the pressed button."""
    if request.method != "POST":
        return manage_page(request, token, signature)
    try:
        action = ACTIONS[request.POST.get("action", "")]
    except KeyError:
        raise Http404("There is no such button.") from None
    return action(request, token, signature)


def manage_page(
    request: HttpRequest,
    token: str,
    signature: Signature,
    *,
    stale: bool = False,
    **bound: object,
) -> HttpResponse:
    """Render the page; `bound` has submitted forms to redisplay, and extra context."""
    voice = signature.voice
    forms = {
        "voice_form": VoiceForm(signature=signature, initial=initial(signature)),
        "address_form": NewAddressForm(),
        "objection_form": ObjectionForm(),
        "appeal_form": AppealForm(),
        "withdraw_form": withdraw_form(),
        "erase_form": erase_form(),
    }
    return render(
        request,
        "voices/manage.html",
        {
            "signature": signature,
            "hide_sign_links": not signature.withdrawn_at,
            "voice": voice,
            "objection": objection_to(signature),
            "appeal": voice.appeals.first() if voice else None,
            "can_appeal": bool(voice and appealable(voice)),
            "proposed_edit": voice and voice.proposed_edits.still_open().first(),
            "token": token,
            # When a form is redisplayed, don't show the result of an earlier action.
            "done": "" if bound or stale else request.GET.get("done", ""),
            "stale": stale,
            "network_kept_days": settings.NETWORK_KEPT_DAYS,
            "backup_kept_days": settings.BACKUP_KEPT_DAYS,
            **forms,
            **bound,
        },
        status=403 if stale else 422 if bound else 200,
    )


def objection_to(signature: Signature) -> Objection | None:
    if signature.invalidation_id is None:
        return None
    return Objection.objects.filter(signature=signature).first()


def initial(signature: Signature) -> dict:
    return {
        **{name: getattr(signature, name) for name in DETAILS},
        "name_display": signature.name_display,
        "statement": signature.voice.latest("statement") if signature.voice else "",
        "updates": signature.updates,
    }


def withdraw_form(data: QueryDict | None = None) -> SureForm:
    label = "Yes, take my voice off the site."
    return SureForm(data, label=label, auto_id="withdraw_%s")


def erase_form(data: QueryDict | None = None) -> SureForm:
    label = "Yes, delete what I gave you."
    return SureForm(data, label=label, auto_id="erase_%s")


def back(token: str, done: str) -> HttpResponse:
    response = see_other("voices:manage", token)
    response["Location"] += f"?done={done}"
    return response


def save(request: HttpRequest, token: str, signature: Signature) -> HttpResponse:
    form = VoiceForm(request.POST, signature=signature)
    if not form.is_valid():
        return manage_page(request, token, signature, voice_form=form)
    if details := form.show_details():
        return manage_page(request, token, signature, voice_form=form, details=details)
    cleaned = form.cleaned_data
    with transaction.atomic():
        changes.show_as(signature, cleaned["name_display"])
        changes.correct_details(signature, **{name: cleaned[name] for name in DETAILS})
        # A page that was opened while the signer was unlisted has no statement field.
        if "statement" in request.POST:
            changes.correct(signature, cleaned["statement"])
        changes.set_updates(signature, cleaned["updates"])
    return back(token, "saved")


def change_address(
    request: HttpRequest, token: str, signature: Signature
) -> HttpResponse:
    form = NewAddressForm(request.POST)
    suggestion = form.suggest_address()
    if not form.is_valid() or suggestion:
        return manage_page(
            request, token, signature, address_form=form, suggestion=suggestion
        )
    email, key = form.cleaned_data["email"], form.email_key
    # If the signer entered the address they already have, no email is sent, so there is
    # nothing to count.
    if key == signature.email_key:
        changes.keep_address(signature)
        return back(token, "kept")
    try:
        ask_new_address(request, signature, email, key)
    except changes.AskedTooOften:
        form.add_error("email", "You did that too often today. Try again tomorrow.")
    except TooMany:
        form.add_error("email", "Too many forms from your network. Try again later.")
    else:
        return back(token, "address")
    return manage_page(request, token, signature, address_form=form)


@transaction.atomic
def ask_new_address(
    request: HttpRequest, signature: Signature, email: str, key: str
) -> None:
    """Email the new address, unless staff have blocked its domain.

    Raises TooMany if the network has sent far too many forms, and AskedTooOften if the
    signer has reached their daily limit, which nobody else can use up. Other exceeded
    limits don't stop the email, because strangers can use up the limits of an address
    or a domain.
    """
    limits.arrive(Arrival.Kind.MANAGE, networks.address_of(request), key)
    if not has_blocked_domain(key):
        changes.ask_new_address(signature, email, key)


def object_to_invalidation(
    request: HttpRequest, token: str, signature: Signature
) -> HttpResponse:
    form = ObjectionForm(request.POST)
    if not form.is_valid():
        return manage_page(request, token, signature, objection_form=form)
    changes.object_to_invalidation(signature, form.cleaned_data["text"])
    return back(token, "objected")


def appeal(request: HttpRequest, token: str, signature: Signature) -> HttpResponse:
    form = AppealForm(request.POST)
    if not form.is_valid():
        return manage_page(request, token, signature, appeal_form=form)
    if changes.appeal(signature, form.cleaned_data["text"]):
        return back(token, "appealed")
    form.add_error("text", "There is no decision to appeal anymore. See the status.")
    return manage_page(request, token, signature, appeal_form=form)


def withdraw(request: HttpRequest, token: str, signature: Signature) -> HttpResponse:
    form = withdraw_form(request.POST)
    if not form.is_valid():
        return manage_page(request, token, signature, withdraw_form=form)
    already = signature.withdrawn_at
    changes.withdraw(signature)
    return back(token, "already" if already else "withdrawn")


def erase(request: HttpRequest, token: str, signature: Signature) -> HttpResponse:
    form = erase_form(request.POST)
    if not form.is_valid():
        return manage_page(request, token, signature, erase_form=form)
    changes.erase(signature)
    return see_other("voices:manage-erased")


ACTIONS = {
    "save": save,
    "address": change_address,
    "appeal": appeal,
    "object": object_to_invalidation,
    "withdraw": withdraw,
    "erase": erase,
}


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    return render(request, "voices/manage_erased.html")


@require_safe
@for_signer
def data(request: HttpRequest, token: str, signature: Signature) -> HttpResponse:
    """Return the signer's data as a JSON file to download."""
    response = JsonResponse(everything(signature), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="my-voice.json"'
    return response


@takes_form()
@for_signer
def proposed_edit(
    request: HttpRequest, token: str, signature: Signature, pk: int
) -> HttpResponse:
    """Show a moderator's edit to the voice's author; on POST, store their answer.

    An edit that no longer exists has ended, or never was: the page doesn't say which.
    """
    if request.method == "POST":
        approve = ANSWERS.get(request.POST.get("action", ""))
        if approve is None:
            raise Http404("There is no such button.")
        changes.answer_edit(signature, pk, approve=approve)
        return see_other("voices:manage-edit", token, pk)
    edits = ProposedEdit.objects.select_related("voice")
    edit = edits.filter(pk=pk, voice=signature.voice_id).first()
    state = edit.state if edit else "ended"
    return render(
        request,
        "voices/manage_edit.html",
        {
            "edit": edit,
            "state": state,
            "token": token,
            "link_days": settings.MANAGE_LINK_DAYS,
            "hide_sign_links": True,
        },
        status=410 if state == "ended" else 200,
    )


# Whether the author approves the edit, by the value of the pressed button.
ANSWERS = {"approve": True, "reject": False}


@takes_form()
def new_address(request: HttpRequest, token: str) -> HttpResponse:
    """Show a change of address; on POST, confirm it.

    A GET doesn't confirm, because mail scanners open links.
    """
    change = None
    try:
        ref, late = tokens.read(
            tokens.changing_address, token, settings.CONFIRM_LINK_DAYS
        )
        change = AddressChange.objects.filter(ref=ref).first()
        changed = Signature.objects.filter(ref=ref).exists()
        state = "ask" if change else "done" if changed else "unknown"
        state = "expired" if late else state
    except BadSignature:
        state = "unknown"
    if change and state == "ask" and request.method == "POST":
        state = "done" if changes.confirm_new_address(change) else "taken"
    return render(
        request,
        "voices/new_address.html",
        {
            "state": state,
            "change": change,
            "ask_url": reverse("voices:manage-ask"),
            "hide_sign_links": state in {"ask", "done"},
        },
        status={"unknown": 404, "expired": 410}.get(state, 200),
    )
