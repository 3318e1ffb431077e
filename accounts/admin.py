from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts import inviting, second_factor
from accounts.letters import queue_notice
from accounts.models import LONGEST_ADDRESS, AccountEvent, Invitation
from accounts.roles import Role, give, role_of
from core.addresses import masked
from core.admin import FixedRows, ReadOnly
from core.fields import EmailField
from core.searching import FoldedSearch

User = get_user_model()
Kind = AccountEvent.Kind
EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]

# `manage.py make_roles` maintains the roles. Django's stock user admin could set
# passwords, grant single permissions, and delete users that the logs refer to.
admin.site.unregister(Group)
admin.site.unregister(User)


def action(description):
    return admin.action(
        description=description, permissions=["change"], location=EVERYWHERE
    )


class AccountForm(forms.ModelForm):
    role = forms.ChoiceField(choices=[("", "None"), *Role.choices], required=False)

    class Meta:
        model = User
        fields: list[str] = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = role_of(self.instance) or ""


@admin.register(User)
class AccountAdmin(FoldedSearch, FixedRows):
    """Staff accounts. Invitations create them; one that was set up is never deleted."""

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
    show_full_result_count = False

    lookups = {"is_active__exact", "groups__id__exact"}

    def get_queryset(self, request):
        factors = Authenticator.objects.filter(
            user=OuterRef("pk"), type__in=second_factor.FACTORS
        )
        accounts = super().get_queryset(request).prefetch_related("groups")
        return accounts.annotate(has_factor=Exists(factors))

    def has_change_permission(self, request, obj=None):
        mine_to_change = obj is None or self.others(request).filter(pk=obj.pk).exists()
        return mine_to_change and super().has_change_permission(request)

    def others(self, request):
        """Accounts this administrator may change: not their own or any above theirs."""
        accounts = User.objects.exclude(pk=request.user.pk)
        return (
            accounts
            if request.user.is_superuser
            else accounts.exclude(is_superuser=True)
        )

    def save_model(self, request, obj, form, change):
        role = form.cleaned_data["role"]
        with transaction.atomic():
            if role == (role_of(obj) or ""):
                return
            if role:
                give(obj, role)
            else:
                obj.groups.clear()
            inviting.log(Kind.ROLE_GIVEN, obj, request.user, role=role)

    def log_change(self, request, obj, message):
        # AccountEvent is the log that nobody can change.
        return None

    def decide(self, request, queryset, done, kind, decide_on):
        """Apply `decide_on` to each account that may change; log and count them."""
        with transaction.atomic():
            chosen = self.others(request).filter(pk__in=queryset.values("pk"))
            accounts = list(chosen.select_for_update(of=["self"]).order_by("pk"))
            accounts = [each for each in accounts if decide_on(each, request.user)]
            for account in accounts:
                inviting.log(kind, account, request.user)
        level = messages.SUCCESS if accounts else messages.WARNING
        self.message_user(request, f"{done}: {len(accounts)}.", level)

    @action("Disable and end sessions")
    def disable(self, request, queryset):
        self.decide(request, queryset, "Disabled", Kind.DISABLED, self.close)

    @staticmethod
    def close(account, by):
        if not account.is_active:
            return False
        account.is_active = False
        account.save(update_fields=["is_active"])
        inviting.end_sessions(account)
        inviting.revoke(account.invitations.all(), by)
        return True

    @action("Enable again")
    def enable(self, request, queryset):
        self.decide(request, queryset, "Enabled", Kind.ENABLED, self.open)

    @staticmethod
    def open(account, by):
        # An account that was never set up has no credentials to sign in with.
        if account.is_active or account.last_login is None:
            return False
        account.is_active = True
        account.save(update_fields=["is_active"])
        return True

    @action("Remove second factors (lost device) and end sessions")
    def remove_factors(self, request, queryset):
        self.decide(
            request, queryset, "Removed", Kind.FACTORS_REMOVED, self.without_factors
        )

    @staticmethod
    def without_factors(account, by):
        removed, _ = Authenticator.objects.filter(user=account).delete()
        if not removed:
            return False
        inviting.end_sessions(account)
        queue_notice(account, "factors_removed")
        return True

    @admin.display(description="email")
    def address(self, account):
        return masked(account.email) if account.email else ""

    @admin.display(description="role")
    def roles(self, account):
        if account.is_superuser:
            return "All permissions"
        return ", ".join(group.name for group in account.groups.all())

    @admin.display(description="second factor", boolean=True)
    def factors(self, account):
        return account.has_factor


class InvitationForm(forms.ModelForm):
    email = EmailField(
        label="Email address",
        max_length=LONGEST_ADDRESS,
        help_text="We email the link to this address. If it has an account already, "
        "the link sets it up from scratch with this role.",
    )

    class Meta:
        model = Invitation
        fields = ["role"]

    field_order = ["email", "role"]


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Invitations: create and email, resend, and revoke them."""

    form = InvitationForm
    list_display = ["user", "address", "role", "state", "mailed_from", "invited_by"]
    list_filter = ["role"]
    list_select_related = ["user", "invited_by"]
    fields = ["email", "role"]
    actions = ["resend", "revoke"]
    show_full_result_count = False

    lookups = {"role__exact"}

    def get_fields(self, request, obj=None):
        return (
            ["user", "role", "state", "mailed_from", "invited_by"]
            if obj
            else self.fields
        )

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj) if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        if not change:
            made = inviting.invite(
                form.cleaned_data["email"], form.cleaned_data["role"], request.user
            )
            obj.__dict__.update(made.__dict__)

    def log_addition(self, request, obj, message):
        return None

    def log_change(self, request, obj, message):
        return None

    @action("Email a new link")
    def resend(self, request, queryset):
        count = inviting.resend(queryset, request.user)
        self.message_user(request, f"New links emailed: {count}.", messages.SUCCESS)

    @action("Revoke")
    def revoke(self, request, queryset):
        count = inviting.revoke(queryset, request.user)
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)

    @admin.display(description="email")
    def address(self, invitation):
        return masked(invitation.user.email)


@admin.register(AccountEvent)
class AccountEventAdmin(ReadOnly):
    """Read-only log of changes to accounts."""

    list_display = ["at", "kind", "user", "role", "by"]
    list_filter = ["kind"]
    list_select_related = ["user", "by"]
    ordering = ["-pk"]
    show_full_result_count = False

    lookups = {"kind__exact"}
