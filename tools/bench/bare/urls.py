"""The reference views, each of which does the minimum for its purpose."""

from functools import cache

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

from tools.bench.bare.models import Row, SignUp

ROWS = 20


class SignUpForm(forms.ModelForm):
    class Meta:
        model = SignUp
        fields = ["name", "email", "city", "state", "statement"]


@cache
def body(size: int) -> bytes:
    return b"x" * size


def hello(request: HttpRequest, size: int) -> HttpResponse:
    """Return a constant response of `size` bytes, as many as the compared page has."""
    return HttpResponse(body(size))


def rows(request: HttpRequest) -> HttpResponse:
    """List rows with minimal work: one query and one loop."""
    return render(request, "rows.html", {"rows": Row.objects.all()[:ROWS]})


def sign_up(request: HttpRequest) -> HttpResponse:
    """Show or save a sign-up form: a CSRF check, a unique email address, one INSERT."""
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return HttpResponseRedirect("/", status=303)
    status = 422 if form.errors else 200
    return render(request, "form.html", {"form": form}, status=status)


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n")


urlpatterns = [
    path("hello/<int:size>", hello),
    path("rows", rows),
    path("sign-up", sign_up),
    path("healthz", alive),
]
