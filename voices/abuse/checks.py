"""Check a submitted form for blocked senders, repeated statements, and links."""

from django.db import connection

from voices.abuse.models import BlockedDomain
from voices.flags.details import PATTERNS
from voices.flags.find import text_key
from voices.flags.kinds import LINK

# This many identical statements can't be a coincidence.
SAME_TEXTS = 3

# Selects the names of the suspicions that the form raises: its email domain or network
# is blocked, or at least SAME_TEXTS voices submitted within the last day have the same
# statement as the form.
LOOK_UP = """
    SELECT 'blocked-domain' WHERE EXISTS (
        SELECT FROM voices_blockeddomain WHERE domain = ANY(%(domains)s::text[])
    )
    UNION ALL
    SELECT 'blocked-network' WHERE EXISTS (
        SELECT FROM voices_blockednetwork
        WHERE until > statement_timestamp() AND network::inet >>= %(address)s::inet
    )
    UNION ALL
    SELECT 'same-text' WHERE %(same_texts)s = (
        SELECT count(*) FROM (
            SELECT FROM voices_voice
            WHERE text_key = nullif(%(text_key)s::text, '')
                AND submitted_at > statement_timestamp() - interval '1 day'
            LIMIT %(same_texts)s
        ) AS others
    )
"""


def suspicions(address: str, email_key: str, text: str) -> list[str]:
    """Return the suspicions that an IP address, email address, and text raise."""
    with connection.cursor() as cursor:
        cursor.execute(
            LOOK_UP,
            {
                "domains": domains(email_key),
                "address": address or None,
                "text_key": text_key(text),
                "same_texts": SAME_TEXTS,
            },
        )
        found = [name for (name,) in cursor.fetchall()]
    return [*found, "link"] if has_link(text) else found


def domains(email_key: str) -> list[str]:
    """Return the email address's domain and all parent domains of that domain."""
    labels = email_key.rpartition("@")[2].split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def has_blocked_domain(email_key: str) -> bool:
    """Return whether the email address's domain or a parent domain is blocked."""
    return BlockedDomain.objects.filter(domain__in=domains(email_key)).exists()


def has_link(text: str) -> bool:
    return PATTERNS[LINK].search(text) is not None
