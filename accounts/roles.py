"""What each role may do; a command keeps the groups as they are here."""

from django.contrib.auth.models import Group, Permission
from django.db import models, transaction


class Role(models.TextChoices):
    MODERATOR = "moderator", "Moderator"
    EDITOR = "editor", "Editor"
    ORGANIZER = "organizer", "Organizer"
    ADMINISTRATOR = "administrator", "Administrator"


# The queue, and what a decision leads to: the voice it was about, the log, the report.
OF_MODERATORS = {
    "view_awaitingvoice",
    "change_awaitingvoice",
    "view_voice",
    "change_voice",
    "view_decision",
    "view_reason",
    "view_report",
}
# What readers found wrong in the rankings.
OF_EDITORS = {"view_rankingerror", "change_rankingerror"}
# Each is the word of somebody that may be needed again: editors add and change.
CONTENT = {"faq", "rankings"}
OF_ADMINISTRATORS = CONTENT | {"accounts", "voices"}


def may(role: Role, app: str, codename: str) -> bool:
    """Whether this role has this permission."""
    match role:
        case Role.MODERATOR:
            return app == "voices" and codename in OF_MODERATORS
        case Role.EDITOR:
            return codename in OF_EDITORS or (
                app in CONTENT and not codename.startswith("delete_")
            )
        case Role.ORGANIZER:
            return app == "voices" and codename == "view_figures"
        case Role.ADMINISTRATOR:
            return app in OF_ADMINISTRATORS or (
                app == "auth" and codename in {"view_user", "change_user"}
            )


@transaction.atomic
def make_roles() -> None:
    """Make the groups, with exactly these permissions."""
    permissions = list(Permission.objects.select_related("content_type"))
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role.label)
        group.permissions.set(
            each
            for each in permissions
            if may(role, each.content_type.app_label, each.codename)
        )


def give(user, role: Role | str) -> None:
    """Let this be the one role of `user`."""
    user.groups.set([Group.objects.get(name=Role(role).label)])


def role_of(user) -> Role | None:
    """Return the role of `user`; None for somebody who has none."""
    name = user.groups.order_by("pk").values_list("name", flat=True).first()
    return next((role for role in Role if role.label == name), None)
