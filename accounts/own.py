"""Account views that replace allauth's views, or that allauth doesn't have."""

from typing import Any

from allauth.account.views import PasswordResetFromKeyView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST

from accounts.middleware import seconds_left
from accounts.views import WITH_QR_CODE


@method_decorator(csp_override(WITH_QR_CODE), name="dispatch")
class ActivateAppView(ActivateTOTPView):
    """Add an authenticator app; the CSP allows the page's inlined QR code."""


class AddPasskeyView(AddWebAuthnView):
    """Add a passkey that must verify the user, for example with a PIN."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # The parent class's context has a new form instead of the submitted form, whose
        # errors would be lost.
        context["form"] = kwargs.get("form") or context["form"]
        options = webauthn.begin_registration(self.request.user, True)
        return context | {"options": {"creation_options": options}}


class RemovePasskeyView(RemoveWebAuthnView):
    """Remove a passkey, unless it is the account's last second factor."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if not get_adapter().can_delete_authenticator(self.get_object()):
            sentence = get_adapter().error_messages["cannot_delete_authenticator"]
            messages.error(self.request, sentence)
            return HttpResponseRedirect(reverse("mfa_list_webauthn"))
        return super().form_valid(form)


class NewPasswordView(PasswordResetFromKeyView):
    """Set a new password with an emailed reset link; an invalid link gets a 404."""

    def render_to_response(
        self, context: dict[str, Any], **kwargs: Any
    ) -> HttpResponse:
        if context.get("token_fail"):
            kwargs["status"] = 404
        return super().render_to_response(context, **kwargs)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End a session of the user; if it is the current session, redirect to logout."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.is_current():
        return redirect("account_logout")
    session.end()
    messages.success(request, "Session ended.")
    return redirect("usersessions_list")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stay(request: HttpRequest) -> HttpResponse:
    """Return the session's remaining time as JSON; a POST also extends the session."""
    if request.method == "POST" and "X-Idle" not in request.headers:
        # Without JavaScript, the button of the idle warning submits a plain form.
        return redirect("accounts_index")
    return JsonResponse({"seconds": seconds_left(request.session)})
