"""Delete expired data about staff."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import KnownNetwork, ResetRequest


def forget_staff() -> None:
    """Delete expired sessions, rate limit counters, known networks, and reset requests.

    Also delete accounts that nobody set up within INVITATION_KEPT_DAYS of the latest
    invitation.
    """
    now = timezone.now()
    forget_tries()
    Session.objects.filter(expire_date__lt=now).delete()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(alive)).delete()
    KnownNetwork.objects.forget_old()
    ResetRequest.objects.filter(asked_at__lt=now - timedelta(days=1)).delete()
    unused_since = now - timedelta(days=settings.INVITATION_KEPT_DAYS)
    # Nobody ever signed in to these accounts, so no protected foreign key, such as
    # AccountEvent.by, refers to them.
    get_user_model()._default_manager.filter(
        is_active=False,
        last_login=None,
        date_joined__lt=unused_since,
        invitations__isnull=False,
    ).exclude(invitations__used_at__isnull=False).exclude(
        invitations__mailed_from__gte=unused_since
    ).delete()


def forget_tries() -> None:
    """Delete expired rate limit counters from the cache table.

    The counters' cache keys contain IP addresses. Django's cache backend would delete
    expired rows only when the table has more than MAX_ENTRIES rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_cache WHERE expires < now()")
