"""The database backend's health check, between two requests."""

from unittest import mock

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.backends.postgresql import base
from django.test import Client, TransactionTestCase
from django.urls import reverse

from core.postgresql.base import LONG_IDLE, DatabaseWrapper
from tests import owner
from tests.committed import wait_for
from tests.factories import make_submission, sign


class HealthCheckTests(TransactionTestCase):
    def setUp(self):
        self.form = make_submission()
        self.asked = self.enterContext(
            mock.patch.object(
                base.DatabaseWrapper,
                "is_usable",
                autospec=True,
                side_effect=base.DatabaseWrapper.is_usable,
            )
        )

    def request(self):
        """Open a page that needs the database, as a server does."""
        close_old_connections()
        path = reverse("voices:check", args=[self.form.ref])
        return Client(raise_request_exception=False).get(path).status_code

    def end_connection(self):
        """End this thread's connection, as a restart of the server does."""
        ours = connection.connection.info.backend_pid
        owner.execute(f"SELECT pg_terminate_backend({ours})")
        wait_for(lambda: not self.is_alive(ours))

    def is_alive(self, pid):
        alive = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
        with owner.database.connect(connection.settings_dict["NAME"]) as other:
            return other.execute(alive, [pid]).fetchone()

    def test_asks_the_server_nothing_between_requests(self):
        self.request()
        self.asked.reset_mock()

        for _ in range(3):
            self.assertEqual(self.request(), 200)

        self.asked.assert_not_called()

    def test_a_restart_between_requests_is_no_error(self):
        self.request()

        for _ in range(3):
            self.end_connection()
            self.assertEqual(self.request(), 200)
            self.end_connection()
            close_old_connections()
            signed = sign(Client(raise_request_exception=False))
            self.assertEqual(signed.status_code, 303)

    def test_asks_the_server_after_a_long_pause(self):
        self.request()
        self.asked.reset_mock()

        connection.checked_at -= LONG_IDLE + 1
        self.assertEqual(self.request(), 200)

        self.asked.assert_called_once()

    def test_a_failed_transaction_is_not_usable(self):
        with transaction.atomic():
            with self.assertRaises(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
            usable = connection.is_usable()
            transaction.set_rollback(True)

        self.assertFalse(usable)

    def test_a_closed_connection_is_not_usable(self):
        wrapper = connection.copy()
        self.assertIsInstance(wrapper, DatabaseWrapper)
        self.assertFalse(wrapper.is_usable())
        wrapper.connect()
        wrapper.connection.close()

        self.assertFalse(wrapper.is_usable())
