from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.test import TestCase
from django.utils import timezone

from accounts.forget import forget_staff

LIMIT = "limit:login:192.0.2.7"


def kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_cache")
        return cursor.fetchone()[0]


class TriesTests(TestCase):
    def test_are_forgotten_once_no_limit_counts_them(self):
        cache.set(LIMIT, [1], timeout=60)
        with connection.cursor() as cursor:
            past = timezone.now() - timedelta(minutes=1)
            cursor.execute("UPDATE accounts_cache SET expires = %s", [past])

        forget_staff()

        self.assertEqual(kept(), 0)

    def test_still_count_while_a_limit_lasts(self):
        cache.set(LIMIT, [1], timeout=60)

        forget_staff()

        self.assertEqual(cache.get(LIMIT), [1])
