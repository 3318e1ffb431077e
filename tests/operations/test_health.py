from pathlib import Path
from tempfile import NamedTemporaryFile
from unittest import mock

from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import SimpleTestCase, TestCase

from operations import health


class AliveTests(SimpleTestCase):
    def test_responds_without_a_database(self):
        self.assertEqual(self.client.get("/healthz").status_code, 200)


class ReadyTests(TestCase):
    def test_is_ready_with_every_migration(self):
        self.assertContains(self.client.get("/readyz"), "ready")

    def test_is_not_ready_behind_its_migrations(self):
        MigrationRecorder.Migration.objects.filter(app="voices").latest("pk").delete()

        self.assertContains(self.client.get("/readyz"), "migrations", status_code=503)

    def test_is_not_ready_without_its_database(self):
        with mock.patch.object(
            MigrationRecorder, "applied_migrations", side_effect=OperationalError
        ):
            response = self.client.get("/readyz")

        self.assertContains(response, "no database", status_code=503)

    def test_is_not_ready_once_it_is_to_be_replaced(self):
        with (
            NamedTemporaryFile() as leaving,
            mock.patch.object(health, "LEAVING", Path(leaving.name)),
        ):
            self.assertContains(self.client.get("/readyz"), "leaving", status_code=503)
            self.assertEqual(self.client.get("/healthz").status_code, 200)

    def test_is_only_to_read(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.client.post(path).status_code, 405)
