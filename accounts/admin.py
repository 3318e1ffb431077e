from collections.abc import Callable
from typing import Any, cast

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import inviting, second_factor
from accounts.letters import queue_notice
from accounts.models import (
    LONGEST_ADDRESS,
    AccountEvent,
    Invitation,
    InvitationQuerySet,
)
from accounts.roles import Role, give, role_of
from core.addresses import masked
from core.admin import EVERYWHERE, Fields, FixedRows, ReadOnly
from core.fields import EmailField
from core.searching import FoldedSearch

Kind = AccountEvent.Kind

# Each group is a role, and `manage.py make_roles` sets its permissions. Django's own
# user admin would let staff set other accounts' passwords, grant single permissions,
# and delete users that the logs refer to.
admin.site.unregister(Group)
admin.site.unregister(User)


def action[Action: Callable](description: str) -> Callable[[Action], Action]:
    return admin.action(
        description=description, permissions=["change"], location=EVERYWHERE
    )


class AccountForm(forms.ModelForm):
    role = forms.ChoiceField(choices=[("", "None"), *Role.choices], required=False)

    class Meta:
        model = User
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = role_of(self.instance) or ""


@admin.register(User)
class AccountAdmin(FoldedSearch, FixedRows):
    """Admin for staff accounts, which are created by invitations.

    Accounts can be disabled here, but not deleted.
    """

    form = AccountForm
    list_display = [
        "username",
        "address",
        "roles",
        "is_active",
        "factors",
        "last_login",
    ]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "=email"]
    ordering = ["username"]
    readonly_fields = [
        "username",
        "email",
        "is_active",
        "factors",
        "last_login",
        "date_joined",
    ]
    fields = [*readonly_fields, "role"]
    actions = ["disable", "enable", "remove_factors"]

    lookups = {"is_active__exact", "groups__id__exact", "groups__isnull"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factors = Authenticator.objects.filter(
            user=OuterRef("pk"), type__in=second_factor.FACTORS
        )
        accounts = super().get_queryset(request).prefetch_related("groups")
        return accounts.annotate(has_factor=Exists(factors))

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        mine_to_change = obj is None or self.others(request).filter(pk=obj.pk).exists()
        return mine_to_change and super().has_change_permission(request)

    def others(self, request: HttpRequest) -> QuerySet[User]:
        """Return the accounts that this administrator can change.

        Nobody can change their own account, and only superusers can change superusers.
        """
        accounts = User.objects.exclude(pk=cast(User, request.user).pk)
        return (
            accounts
            if request.user.is_superuser
            else accounts.exclude(is_superuser=True)
        )

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm, change: bool
    ) -> None:
        role = form.cleaned_data["role"]
        with transaction.atomic():
            if role == (role_of(obj) or ""):
                return
            if role:
                give(obj, role)
            else:
                obj.groups.clear()
            inviting.log(Kind.ROLE_GIVEN, obj, cast(User, request.user), role=role)

    # Django ignores this method's return value.
    def log_change(  # type: ignore[override]
        self, request: HttpRequest, obj: User, message: object
    ) -> None:
        # `save_model` logs the change as an AccountEvent, which nobody can edit.
        return None

    def decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[User],
        done: str,
        kind: str,
        decide_on: Callable[[User, User], bool],
    ) -> None:
        """Apply `decide_on` to those selected accounts that this user can change.

        Log each account for which `decide_on` returns True. Then show a message with
        the number of these accounts.
        """
        with transaction.atomic():
            chosen = self.others(request).filter(pk__in=queryset.values("pk"))
            accounts = list(chosen.select_for_update(of=["self"]).order_by("pk"))
            accounts = [
                each for each in accounts if decide_on(each, cast(User, request.user))
            ]
            for account in accounts:
                inviting.log(kind, account, cast(User, request.user))
        level = messages.SUCCESS if accounts else messages.WARNING
        self.message_user(request, f"{done}: {len(accounts)}.", level)

    @action("Disable and end sessions")
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.decide(request, queryset, "Disabled", Kind.DISABLED, self.close)

    @staticmethod
    def close(account: User, by: User) -> bool:
        if not account.is_active:
            return False
        account.is_active = False
        account.save(update_fields=["is_active"])
        inviting.end_sessions(account)
        inviting.revoke(account.invitations.all(), by)
        return True

    @action("Enable again")
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.decide(request, queryset, "Enabled", Kind.ENABLED, self.open)

    @staticmethod
    def open(account: User, by: User) -> bool:
        # Don't enable an account that was never set up: it has no credentials.
        if account.is_active or account.last_login is None:
            return False
        account.is_active = True
        account.save(update_fields=["is_active"])
        return True

    @action("Remove second factors (lost device) and end sessions")
    def remove_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.decide(
            request, queryset, "Removed", Kind.FACTORS_REMOVED, self.without_factors
        )

    @staticmethod
    def without_factors(account: User, by: User) -> bool:
        removed, _ = Authenticator.objects.filter(user=account).delete()
        if not removed:
            return False
        inviting.end_sessions(account)
        queue_notice(account, "factors_removed")
        return True

    @admin.display(description="email")
    def address(self, account: User) -> str:
        return masked(account.email) if account.email else ""

    @admin.display(description="role")
    def roles(self, account: User) -> str:
        if account.is_superuser:
            return "All permissions"
        return ", ".join(group.name for group in account.groups.all())

    @admin.display(description="second factor", boolean=True)
    def factors(self, account: Any) -> bool:
        return account.has_factor


class InvitationForm(forms.ModelForm):
    email = EmailField(
        label="Email address",
        max_length=LONGEST_ADDRESS,
        help_text="We email an invitation link to this address. If the address already "
        "has an account, the link sets up that account from scratch, with this role.",
    )

    class Meta:
        model = Invitation
        fields = ["role"]

    field_order = ["email", "role"]


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Admin for invitations, which administrators can send, resend, and revoke."""

    form = InvitationForm
    list_display = ["user", "address", "role", "state", "mailed_from", "invited_by"]
    list_filter = ["role"]
    list_select_related = ["user", "invited_by"]
    fields = ["email", "role"]
    actions = ["resend", "revoke"]

    lookups = {"role__exact"}

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Fields:
        return (
            ["user", "role", "state", "mailed_from", "invited_by"]
            if obj
            else self.fields
        )

    def get_readonly_fields(
        self, request: HttpRequest, obj: Invitation | None = None
    ) -> list[str]:
        return cast(list[str], self.get_fields(request, obj)) if obj else []

    def get_form(
        self,
        request: HttpRequest,
        obj: Invitation | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[ModelForm]:
        if obj:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(
        self, request: HttpRequest, obj: Invitation | None = None
    ) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Invitation, form: ModelForm, change: bool
    ) -> None:
        if not change:
            made = inviting.invite(
                form.cleaned_data["email"],
                form.cleaned_data["role"],
                cast(User, request.user),
            )
            obj.__dict__.update(made.__dict__)

    # Django ignores this method's return value.
    def log_addition(  # type: ignore[override]
        self, request: HttpRequest, obj: Invitation, message: object
    ) -> None:
        return None

    # Django ignores this method's return value.
    def log_change(  # type: ignore[override]
        self, request: HttpRequest, obj: Invitation, message: object
    ) -> None:
        return None

    @action("Email a new link")
    def resend(self, request: HttpRequest, queryset: InvitationQuerySet) -> None:
        count = inviting.resend(queryset, cast(User, request.user))
        self.message_user(request, f"New links emailed: {count}.", messages.SUCCESS)

    @action("Revoke")
    def revoke(self, request: HttpRequest, queryset: InvitationQuerySet) -> None:
        count = inviting.revoke(queryset, cast(User, request.user))
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)

    @admin.display(description="email")
    def address(self, invitation: Invitation) -> str:
        return masked(invitation.user.email)


@admin.register(AccountEvent)
class AccountEventAdmin(ReadOnly):
    """Admin for the log of changes to accounts, which is read-only."""

    list_display = ["at", "kind", "user", "role", "by"]
    list_filter = ["kind"]
    list_select_related = ["user", "by"]
    ordering = ["-pk"]

    lookups = {"kind__exact"}
