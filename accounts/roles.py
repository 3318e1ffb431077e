"""Permissions of each role; `manage.py make_roles` syncs the groups with them."""

from django.contrib.auth.models import Group, Permission, User
from django.db import models, transaction


class Role(models.TextChoices):
    MODERATOR = "moderator", "Moderator"
    SECOND_READER = "second-reader", "Second reader"
    LEAD = "lead", "Lead moderator"
    EDITOR = "editor", "Editor"
    ORGANIZER = "organizer", "Organizer"
    ADMINISTRATOR = "administrator", "Administrator"


# Permissions for the moderation queue and the pages that it links to (voices, the log,
# and reports), plus requests about founding voices.
OF_MODERATORS = {
    "view_awaitingvoice",
    "change_awaitingvoice",
    "view_voice",
    "change_voice",
    "view_decision",
    "view_reason",
    "view_report",
    "view_batch",
    "view_stocksentence",
    "view_foundingrequest",
    "change_foundingrequest",
}
OF_SECOND_READERS = OF_MODERATORS | {"second_read"}
# Leads decide what two readers disagree about, undo other moderators' decisions, and
# set the rules.
OF_LEADS = OF_SECOND_READERS | {
    *("settle_reading", "reverse_decision", "view_reading"),
    *("view_reviewrule", "add_reviewrule", "change_reviewrule"),
    *("add_reason", "change_reason"),
    *(
        f"{verb}_{model}"
        for verb in ("view", "add", "change", "delete")
        for model in ("stocksentence", "watchedword", "flagrule")
    ),
}
# Permissions for readers' reports of errors in the rankings.
OF_EDITORS = {"view_rankingerror", "change_rankingerror"}
# Permissions for the admin's Figures page, and for the tags of links and posters.
OF_ORGANIZERS = {"view_figures", "view_tag", "add_tag", "change_tag"}
# In these apps, editors can add and change rows but not delete any, because a deleted
# text might be needed again.
CONTENT = {"faq", "rankings"}
OF_ADMINISTRATORS = CONTENT | {"accounts", "voices"}


def may(role: Role, app: str, codename: str) -> bool:
    """Return whether the role has the permission `codename` of the app `app`."""
    match role:
        case Role.MODERATOR:
            return app == "voices" and codename in OF_MODERATORS
        case Role.SECOND_READER:
            return app == "voices" and codename in OF_SECOND_READERS
        case Role.LEAD:
            return app == "voices" and codename in OF_LEADS
        case Role.EDITOR:
            return codename in OF_EDITORS or (
                app in CONTENT and not codename.startswith("delete_")
            )
        case Role.ORGANIZER:
            return app == "voices" and codename in OF_ORGANIZERS
        case Role.ADMINISTRATOR:
            return app in OF_ADMINISTRATORS or (
                app == "auth" and codename in {"view_user", "change_user"}
            )


@transaction.atomic
def make_roles() -> None:
    """Create each role's group, and give it exactly the role's permissions."""
    permissions = list(Permission.objects.select_related("content_type"))
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role.label)
        group.permissions.set(
            each
            for each in permissions
            if may(role, each.content_type.app_label, each.codename)
        )


def give(user: User, role: Role | str) -> None:
    """Make `role` the only role of `user`."""
    user.groups.set([Group.objects.get(name=Role(role).label)])


def role_of(user: User) -> Role | None:
    """Return the role of `user`; None if the user has no role."""
    name = user.groups.order_by("pk").values_list("name", flat=True).first()
    return next((role for role in Role if role.label == name), None)
