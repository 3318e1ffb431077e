import io
import json
import os
import tarfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from django.core.management import CommandError, call_command
from django.db import connection
from django.test import SimpleTestCase, override_settings
from psycopg.errors import DuplicateDatabase

from operations.backups import BackupError, archive, database, make, restore
from operations.backups.make import load
from operations.management.commands import run_backups
from tests.committed import CommittedTestCase

# A site of only two tables, because the test database must not be replaced.
SITE = """
    CREATE TABLE signature (email text PRIMARY KEY);
    INSERT INTO signature SELECT 'signer' || n FROM generate_series(1, 40) AS n;
    CREATE TABLE django_migrations (id int, app text, name text);
    INSERT INTO django_migrations VALUES (1, 'voices', '0001_voices_and_signatures');
"""
ROWS = {"signature": 40, "django_migrations": 1}


def finish():
    """A site of two tables needs no further steps."""


def about(**changes):
    fields = {
        "made_at": "2026-11-24T03:00:00+00:00",
        "postgres": 180000,
        "migrations": [],
        "rows": {"signature": 2},
        "sha256": "",
    }
    return archive.About(**fields | changes)


class ArchiveTests(SimpleTestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.dump = self.folder / "database.dump"
        self.dump.write_bytes(os.urandom(50_000))
        self.file = self.folder / "one.backup"
        self.about = about(sha256=archive.digest(self.dump))
        archive.write(self.about, self.dump, self.file)

    def extract(self):
        target = self.folder / "again"
        archive.extract(self.file, archive.read(self.file), target)
        return target

    def test_holds_what_it_was_given_for_its_owner_only(self):
        self.assertEqual(archive.read(self.file), self.about)
        self.assertEqual(self.extract().read_bytes(), self.dump.read_bytes())
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_a_truncated_backup_is_refused(self):
        whole = self.file.read_bytes()
        for length, words in {
            len(whole) // 2: "truncated or damaged",
            700: "not a backup of this site",
            100: "not a backup of this site",
            0: "not a backup of this site",
        }.items():
            self.file.write_bytes(whole[:length])

            with (
                self.subTest(length),
                self.assertRaisesMessage(BackupError, words),
            ):
                self.extract()

    def test_a_corrupted_backup_is_refused(self):
        damaged = bytearray(self.file.read_bytes())
        damaged[30_000] ^= 1
        self.file.write_bytes(damaged)

        with self.assertRaisesMessage(BackupError, "its checksum is wrong"):
            self.extract()

    def test_another_or_missing_file_is_refused(self):
        other = self.folder / "other.tar"
        with tarfile.open(other, "w") as tar:
            tar.addfile(tarfile.TarInfo("notes.txt"), io.BytesIO())

        for path, words in {
            other: "not a backup of this site",
            self.dump: "not a backup of this site",
            self.folder / "none": "does not exist",
            self.folder: "Can't read",
        }.items():
            with self.subTest(path), self.assertRaisesMessage(BackupError, words):
                archive.read(path)

    def test_invalid_metadata_is_refused(self):
        for text, words in {
            b"{": "Can't parse the description",
            b"[]": "Can't parse the description",
            b"{}": "Can't parse the description",
            json.dumps({"format": 2}).encode(): "newer release",
            json.dumps({"format": 1}).encode(): "Can't parse the description",
        }.items():
            with self.subTest(text), self.assertRaisesMessage(BackupError, words):
                archive.parse(self.file, text)


class CheckTests(SimpleTestCase):
    def check(self, **changes):
        with mock.patch.object(archive, "read", return_value=about(**changes)):
            return restore.check(Path("one.backup"))

    def test_a_backup_of_an_earlier_release_can_be_restored(self):
        self.check(migrations=[["voices", "0001_voices_and_signatures"]])

    def test_a_backup_of_a_newer_release_cannot(self):
        with self.assertRaisesMessage(BackupError, "voices.9999_of_next_year"):
            self.check(migrations=[["voices", "9999_of_next_year"]])

    def test_migrations_of_a_removed_app_are_ignored(self):
        self.check(migrations=[["polls", "0001_initial"]])


class BackupTests(CommittedTestCase):
    """These use a separate database beside the test database."""

    def setUp(self):
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.enterContext(override_settings(BACKUP_FOLDER=self.folder))
        self.name = f"{connection.settings_dict['NAME']}_site"
        patch = mock.patch.object(database, "site_database", return_value=self.name)
        patch.start()
        self.addCleanup(patch.stop)
        with self.server() as server:
            database.create(server, self.name)
        self.addCleanup(self.take_away)
        self.run_sql(SITE)

    @contextmanager
    def server(self):
        with database.connect(database.MAINTENANCE) as server:
            yield server

    def take_away(self):
        with self.server() as server:
            for end in ("", "_check", "_restoring", "_replaced"):
                database.drop(server, f"{self.name}{end}")

    def run_sql(self, sql):
        with database.connect(self.name) as site:
            site.execute(sql)

    def rows(self):
        with database.connect(self.name) as site:
            return database.count_rows(site)

    def those_left(self):
        with self.server() as server:
            found = server.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
                [self.name],
            )
            return [name for (name,) in found]

    def restore(self, *arguments):
        out = StringIO()
        with mock.patch(
            "operations.management.commands.restore.call_command"
        ) as prepare:
            call_command("restore", *map(str, arguments), stdout=out)
        prepare.assert_called_once()
        return out.getvalue()

    def test_lost_rows_are_restored_and_counted(self):
        out = StringIO()
        call_command("backup", "--folder", self.folder, stdout=out)
        (file,) = make.stored(self.folder)
        self.run_sql("DELETE FROM signature")

        said = self.restore(file, "--replace")

        self.assertIn("41 rows in 2 tables, verified", out.getvalue())
        self.assertRegex(said, r"signature +0 +40\n")
        self.assertIn("Restored and verified", said)
        self.assertEqual(self.rows(), ROWS)
        self.assertEqual(self.those_left(), [self.name])
        self.run_sql("INSERT INTO signature VALUES ('somebody new')")

    def test_the_dump_is_unpacked_on_the_disk_of_the_backups(self):
        file = make.make(self.folder)

        with mock.patch.object(restore, "load", side_effect=load) as loading:
            self.restore(file, "--replace")

        dump = loading.call_args.args[0]
        self.assertTrue(dump.is_relative_to(self.folder))
        self.assertEqual(list(self.folder.iterdir()), [file])

    def test_a_backup_may_come_from_standard_input(self):
        file = make.make(self.folder)
        whole = file.read_bytes()
        file.unlink()
        self.run_sql("DELETE FROM signature")

        for given, words in {
            whole[:3000]: "standard input is truncated or damaged",
            b"": "standard input is not a backup",
        }.items():
            with self.subTest(words), self.assertRaisesMessage(CommandError, words):
                self.restore_from_input(given)
        said = self.restore_from_input(whole)

        self.assertIn("Restored and verified standard input: 41 rows", said)
        self.assertEqual(self.rows(), ROWS)
        self.assertEqual(list(self.folder.iterdir()), [])

    def restore_from_input(self, content):
        with mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(content))):
            return self.restore("-", "--replace")

    def test_an_unwritable_folder_is_reported(self):
        file = make.make(self.folder)

        with (
            override_settings(BACKUP_FOLDER=file / "below"),
            self.assertRaisesMessage(CommandError, "Nothing was restored."),
        ):
            self.restore(file, "--replace")

    def test_a_missing_database_is_recreated_without_replace(self):
        file = make.make(self.folder)
        self.take_away()

        self.restore(file)

        self.assertEqual(self.rows(), ROWS)

    def test_existing_rows_are_not_overwritten_without_replace(self):
        file = make.make(self.folder)
        self.run_sql("INSERT INTO signature VALUES ('somebody new')")

        with self.assertRaisesMessage(CommandError, "add --replace"):
            self.restore(file)

        self.assertEqual(self.rows()["signature"], 41)

    def test_connections_are_closed_and_may_be_reopened(self):
        file = make.make(self.folder)

        with database.connect(self.name) as visitor:
            visitor.execute("SELECT 1")
            self.restore(file, "--replace")

        self.assertEqual(self.rows(), ROWS)

    def test_a_damaged_backup_leaves_everything_as_it_is(self):
        file = make.make(self.folder)
        file.write_bytes(file.read_bytes()[:3000])
        self.run_sql("INSERT INTO signature VALUES ('somebody new')")

        with self.assertRaisesMessage(CommandError, "Nothing was restored."):
            self.restore(file, "--replace")

        self.assertEqual(self.rows()["signature"], 41)
        self.assertEqual(self.those_left(), [self.name])

    def test_a_backup_whose_counts_are_wrong_is_not_put_in_place(self):
        file = make.make(self.folder)
        wrong = about(
            rows={"signature": 41}, sha256=archive.read(file).sha256, postgres=180000
        )

        with self.assertRaisesMessage(
            BackupError, "signature has 40 rows instead of 41"
        ):
            restore.restore(file, wrong, finish)

        self.assertEqual(self.those_left(), [self.name])

    def test_a_backup_of_a_newer_server_is_refused(self):
        file = make.make(self.folder)

        with self.assertRaisesMessage(BackupError, "Upgrade the server first"):
            restore.restore(file, about(postgres=990000), finish)

    def test_a_failed_swap_allows_connections_again(self):
        file = make.make(self.folder)
        with self.server() as server:
            # Take the name that the replaced database would get.
            database.create(server, f"{self.name}_replaced")
            database.create(server, f"{self.name}_restoring")

            with self.assertRaises(DuplicateDatabase):
                restore.swap(
                    server,
                    f"{self.name}_restoring",
                    self.name,
                    f"{self.name}_replaced",
                )

        self.assertEqual(self.rows(), ROWS)
        self.restore(file, "--replace")

    def test_a_dump_that_restores_incompletely_is_no_backup(self):
        def lose_one(dump, name):
            load(dump, name)
            with database.connect(name) as restored:
                restored.execute("DELETE FROM signature WHERE email = 'signer1'")

        with (
            mock.patch.object(make, "load", lose_one),
            self.assertRaisesMessage(CommandError, "39 rows instead of 40"),
        ):
            call_command("backup", "--folder", self.folder)

        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(self.those_left(), [self.name])

    def test_a_dump_may_take_longer_than_the_idle_transaction_timeout(self):
        with self.server() as server:
            server.execute(
                f"ALTER DATABASE {self.name} "
                "SET idle_in_transaction_session_timeout = '50ms'"
            )

        def slowly(program, *arguments):
            if program == "pg_dump":
                time.sleep(0.3)
            run(program, *arguments)

        run = database.run
        with mock.patch.object(database, "run", slowly):
            file = make.make(self.folder)

        self.assertEqual(archive.read(file).rows, ROWS)

    def test_one_is_made_at_a_time(self):
        with (
            database.maintenance(),
            self.assertRaisesMessage(CommandError, "Another backup or restore"),
        ):
            call_command("backup", "--folder", self.folder)

    def test_leftovers_of_an_interrupted_backup_are_deleted_by_the_next(self):
        left = self.folder / ".abc.d"
        left.mkdir()
        (left / "database.dump").write_bytes(b"everything that is private")
        (self.folder / ".aaqi-20261124-030000.backup.part").touch()

        file = make.make(self.folder)

        self.assertEqual(list(self.folder.iterdir()), [file])

    def test_files_of_a_running_backup_stay(self):
        draft = self.folder / ".aaqi-20261124-030000.backup.part"
        draft.touch()

        with database.maintenance(), self.assertRaises(BackupError):
            make.make(self.folder)

        self.assertTrue(draft.exists())

    def test_errors_of_a_program_are_reported_without_rows(self):
        with self.assertRaises(BackupError) as raised:
            database.run("pg_restore", "--dbname=none", "/nowhere")

        self.assertIn("pg_restore failed", str(raised.exception))
        self.assertEqual(len(str(raised.exception).splitlines()), 1)


class ScheduleTests(SimpleTestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def put(self, days_ago, rows=10):
        made_at = datetime.now(UTC) - timedelta(days=days_ago)
        dump = self.folder / "dump"
        dump.write_bytes(b"")
        path = self.folder / archive.name_of(made_at)
        archive.write(about(rows={"signature": rows}), dump, path)
        dump.unlink()
        os.utime(path, (made_at.timestamp(),) * 2)
        return path

    def back_up(self, rows):
        with (
            override_settings(BACKUP_KEPT_DAYS=14),
            mock.patch.object(make, "make", lambda folder: self.put(0, rows)),
        ):
            run_backups.back_up(self.folder)

    def test_the_first_is_due_at_once_and_each_next_a_day_later(self):
        self.assertEqual(run_backups.due(self.folder), 0)

        self.put(days_ago=0.25)

        wait = run_backups.due(self.folder) - time.time()
        self.assertAlmostEqual(wait, 18 * 60 * 60, delta=60)

    def test_old_ones_are_deleted_after_a_good_one(self):
        old, younger = self.put(days_ago=15), self.put(days_ago=13)

        with self.assertLogs("operations.backups", "INFO"):
            self.back_up(rows=11)

        self.assertFalse(old.exists())
        self.assertTrue(younger.exists())
        self.assertEqual(len(make.stored(self.folder)), 2)

    def test_the_newest_is_kept_however_old(self):
        only = self.put(days_ago=90)

        self.assertEqual(make.prune(self.folder, 14), [])
        self.assertTrue(only.exists())

    def test_none_is_deleted_when_most_rows_are_gone(self):
        old = self.put(days_ago=15, rows=1000)

        with self.assertLogs("operations.backups", "ERROR") as logs:
            self.back_up(rows=34)

        self.assertTrue(old.exists())
        self.assertIn("Old backups are kept", logs.output[0])
