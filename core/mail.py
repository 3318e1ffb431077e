"""Render emails from templates, and write them to files if no mail server is set."""

import email.policy
import secrets
from collections.abc import Sequence
from email.headerregistry import BaseHeader, HeaderRegistry
from email.utils import formataddr
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend
from django.template.loader import render_to_string
from django.utils import timezone


class Headers(HeaderRegistry):
    """Caches header classes.

    Without the cache, creating them takes 40% of the time to build an email.
    """

    @cache  # noqa: B019 -- The one registry lives as long as the process.
    def __getitem__(self, name: str) -> type[BaseHeader]:
        return super().__getitem__(name)


HEADERS = Headers()


class Email(EmailMultiAlternatives):
    """An email with a plain text part and an HTML part."""

    def message(self, *, policy: Any = email.policy.default) -> Any:
        return super().message(policy=policy.clone(header_factory=HEADERS))


def draft(
    path: str, context: dict, *, to: str, headers: dict[str, str] | None = None
) -> Email:
    """Render `path`_subject.txt, `path`.txt, and `path`.html into an email."""
    context = with_site(context)
    subject, body = render(path, context)
    message = Email(
        subject=subject,
        body=body,
        # The envelope sender, to which mail servers send delivery reports. Recipients
        # see the From header.
        from_email=settings.BOUNCE_ADDRESS or settings.DEFAULT_FROM_EMAIL,
        to=[to],
        reply_to=[settings.CONTACT_EMAIL],
        headers={
            "From": formataddr((settings.SITE_NAME, settings.DEFAULT_FROM_EMAIL)),
            "Auto-Submitted": "auto-generated",
            **(headers or {}),
        },
    )
    message.attach_alternative(render_to_string(f"{path}.html", context), "text/html")
    return message


def render(path: str, context: dict) -> tuple[str, str]:
    """Render `path`_subject.txt and `path`.txt; return the subject and the text."""
    context = with_site(context)
    subject = render_to_string(f"{path}_subject.txt", context).strip()
    return subject, render_to_string(f"{path}.txt", context)


def with_site(context: dict) -> dict:
    return {
        "contact_email": settings.CONTACT_EMAIL,
        "operator_name": settings.OPERATOR_NAME,
        "postal_address": settings.POSTAL_ADDRESS,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        **context,
    }


class EmailFileBackend(EmailBackend):
    """Write each message to `<time>-<random>.eml` in the folder `file_path`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
            # Write the file under a temporary name and then rename it, so that no
            # program reads half a file.
            draft = Path(self.file_path, f".{name}.part")
            draft.write_bytes(message.message().as_bytes())
            draft.rename(Path(self.file_path, f"{name}.eml"))
        return len(email_messages)
