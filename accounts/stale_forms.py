"""Keep form input that staff submitted after their session had ended.

A signed cookie, which the browser sends only to admin pages, names the account that
last used the admin in that browser. The input is stored in the browser's Django session
for an hour, and shown when that account signs in again in that browser. If a visitor
who isn't signed in has no such cookie, nothing is stored, so a stranger can't fill the
database with text. Other accounts never see the input, even on the same computer.
"""

import re
import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

FORMS = "/admin/"
# Don't store input from these pages: it isn't work that could be lost, the login form
# has a password, and searches have other people's addresses.
APART = ("/admin/login/", "/admin/logout/", "/admin/find/", "/admin/find/part/")
STALE = "accounts.stale_form"
STALE_SECONDS = 60 * 60
WHOSE = "staff"
WHOSE_SECONDS = 24 * 60 * 60
SECRETS = re.compile("passw|csrf|secret", re.IGNORECASE)
# Names that the admin gives to buttons and hidden fields.
NOT_TYPED = re.compile(
    r"_.*|action|index|select_across|.*_FORMS|ids|seen|read|.*-id|initial-.*"
    # The review page's.
    r"|act|voice|only|undo|reason|letter"
)


def mark_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie that names the user's account; the cookie outlives the session."""
    whose = str(request.user.pk)
    if owner_of(request) != whose:
        response.set_signed_cookie(
            WHOSE,
            whose,
            salt=STALE,
            max_age=WHOSE_SECONDS,
            path=FORMS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )


def owner_of(request: HttpRequest) -> str | None:
    return request.get_signed_cookie(WHOSE, None, salt=STALE, max_age=WHOSE_SECONDS)


def is_form(request: HttpRequest) -> bool:
    return (
        request.method == "POST"
        and request.path.startswith(FORMS)
        and request.path not in APART
        and is_from_here(request)
    )


def is_from_here(request: HttpRequest) -> bool:
    here = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin", here) in {here, settings.SITE_URL}


def store(request: HttpRequest, owner: str) -> bool:
    """Store the submitted form's input for the account with the ID `owner`.

    Return False, without storing anything, if the input is empty or too large.
    """
    fields = {
        name: values
        for name, values in request.POST.lists()
        if not SECRETS.search(name)
    }
    size = sum(len(text) for values in fields.values() for text in values)
    if not fields or size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return False
    request.session[STALE] = {
        "owner": owner,
        "path": request.get_full_path(),
        "fields": fields,
        "files": bool(request.FILES),
        "until": time.time() + STALE_SECONDS,
    }
    if request.user.is_anonymous:
        # If nobody signs in, the session expires along with the stored input.
        request.session.set_expiry(STALE_SECONDS)
    return True


def store_own(request: HttpRequest) -> bool:
    """Store the submitted form for the signed-in user.

    The user opened the form before their latest sign-in, so the form's CSRF token is
    old. Return False if nothing was stored.
    """
    return is_form(request) and store(request, str(request.user.pk))


def ask_to_sign_in(request: HttpRequest, owner: str) -> HttpResponse | None:
    """Store the form for the account `owner`, and redirect to the sign-in page.

    After signing in, the user gets to the page that shows the form again. Return None
    if the form is empty or too large to store.
    """
    if not store(request, owner):
        return None
    messages.warning(
        request, "You were signed out before this was sent. Sign in to get it back."
    )
    query = urlencode({"next": reverse("accounts_kept")})
    return redirect(f"{reverse('account_login')}?{query}")


def forget_others(request: HttpRequest, user: User) -> None:
    """Delete the stored input if it isn't for `user`, who just signed in."""
    found = request.session.get(STALE)
    if found:
        # Undo the short expiry set by store(); allauth may then set its own expiry.
        request.session.set_expiry(None)
        if found["owner"] != str(user.pk):
            del request.session[STALE]


def forget_sent(request: HttpRequest) -> None:
    """Delete the stored input if the form that it belongs to is now being submitted."""
    found = request.session.get(STALE)
    if found and request.method == "POST" and request.get_full_path() == found["path"]:
        del request.session[STALE]


def find(request: HttpRequest) -> dict[str, Any] | None:
    """Return the unexpired input stored for the signed-in user, or None."""
    found = request.session.get(STALE)
    if not found:
        return None
    if found["owner"] != str(request.user.pk) or found["until"] < time.time():
        del request.session[STALE]
        return None
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stale_form(request: HttpRequest) -> HttpResponse:
    """Show the stored input for the user to edit and resend; on POST, discard it."""
    found = find(request)
    if found is None:
        return redirect("admin:index")
    if request.method == "POST":
        del request.session[STALE]
        messages.success(request, "What you typed was discarded.")
        return redirect("admin:index")
    pairs = [(name, text) for name, texts in found["fields"].items() for text in texts]
    context = {
        "path": found["path"],
        "files": found["files"],
        "typed": [
            (f"kept_{number}", name, label_of(name), text)
            for number, (name, text) in enumerate(pairs)
            if not NOT_TYPED.fullmatch(name)
        ],
        "hidden": [each for each in pairs if NOT_TYPED.fullmatch(each[0])],
    }
    return render(request, "accounts/stale_form.html", context)


def label_of(name: str) -> str:
    """Return a label for a field name: "changes_asked" becomes "Changes asked"."""
    return re.sub(r"[-_]+", " ", name).strip().capitalize()
