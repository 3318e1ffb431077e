"""The settings that `{{ name }}` in a page prints, so that pages stay accurate."""

from django.conf import settings

NAMES = {
    name: name.upper()
    for name in (
        "confirm_link_days",
        "manage_link_days",
        "unconfirmed_kept_days",
        "mail_log_kept_days",
        "network_kept_days",
        "network_blocked_days",
        "report_kept_days",
        "backup_kept_days",
        "mails_per_address_per_day",
        "contact_email",
        "site_name",
        "postal_address",
    )
}


def values() -> dict[str, str]:
    return {name: str(getattr(settings, setting)) for name, setting in NAMES.items()}
