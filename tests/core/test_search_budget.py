from unittest import mock

from django.db import connection

from core import search_budget
from core.search_budget import SearchTooLong, one_search
from tests.committed import CommittedTestCase, other_searches

OWN_SLOTS = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid()
"""


def ask(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


class OneSearchTests(CommittedTestCase):
    def test_a_search_inside_another_shares_its_slot_and_time_limit(self):
        with other_searches() as (first, second):
            second.rollback()
            with one_search():
                first.rollback()
                with one_search():
                    pass
                slots = ask(OWN_SLOTS)
                limit = ask("SELECT current_setting('statement_timeout')")

        self.assertEqual((slots, limit), (1, "800ms"))

    def test_a_query_that_takes_too_long_ends_the_whole_search(self):
        with (
            mock.patch.object(search_budget, "LONGEST_SEARCH_MS", 10),
            self.assertRaises(SearchTooLong),
            one_search(),
            one_search(),
        ):
            ask("SELECT pg_sleep(1)")

        with one_search():
            self.assertEqual(ask("SELECT 1"), 1)
