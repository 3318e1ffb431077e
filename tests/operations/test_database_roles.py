from io import StringIO
from unittest import mock, skipUnless

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.test import TestCase

from accounts.models import AccountEvent
from operations.backups import database
from operations.database_roles import as_owner, logs, separate
from operations.management.commands import prepare
from tests import owner
from tests.committed import CommittedTestCase
from tests.factories import make_signature, make_staff
from tests.rights import rights
from voices.models import (
    AddressSearch,
    Decision,
    Invalidation,
    MonthFigure,
    Reveal,
)

ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
LOGS = {
    "accounts_accountevent",
    "voices_addresssearch",
    "voices_decision",
    "voices_petition",
    "voices_invalidation",
    "voices_monthfigure",
    "voices_reveal",
}
# PostgreSQL's TRIGGER_TYPE_ROW, _BEFORE, _DELETE, and _UPDATE.
BEFORE_EACH_UPDATE_AND_DELETE = 1 + 2 + 8 + 16


APPEND_ONLY = Reveal._meta.triggers[0].get_pgid(Reveal)


def ask(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@skipUnless(separate(), "DATABASE_OWNER_URL is not set: the site owns its tables.")
class SiteTests(TestCase):
    def test_reads_and_writes_rows_and_only_adds_to_logs(self):
        for table, found in rights().items():
            expected = {"SELECT", "INSERT"} if table in LOGS else ROWS
            with self.subTest(table):
                self.assertEqual(found, expected)

    def test_every_log_is_known(self):
        """Triggers refuse changes to the same tables that the models name as logs."""
        refusing = ask(
            "SELECT tgrelid::regclass::text FROM pg_trigger "
            "JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE tgtype = %s AND tgqual IS NULL "
            r"AND prosrc ~ '^\s*BEGIN\s+RAISE EXCEPTION[^;]*;\s*END;\s*$'",
            BEFORE_EACH_UPDATE_AND_DELETE,
        )

        self.assertEqual({table for (table,) in refusing}, LOGS)
        self.assertEqual(set(logs()), LOGS)

    def test_may_use_every_sequence_and_set_none(self):
        found = ask(
            "SELECT oid::regclass::text, has_sequence_privilege(oid, 'USAGE'), "
            "has_sequence_privilege(oid, 'UPDATE') FROM pg_class "
            "WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )

        self.assertGreater(len(found), 20)
        for sequence, use, setting in found:
            with self.subTest(sequence):
                self.assertEqual((use, setting), (True, False))

    def test_no_function_is_security_definer(self):
        found = ask(
            "SELECT proname FROM pg_proc "
            "WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )

        self.assertEqual(found, [])

    def test_creates_nothing_and_is_member_of_no_role(self):
        ((*attributes,),) = ask(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
            "FROM pg_roles WHERE rolname = current_user"
        )
        self.assertEqual(attributes, [False] * 5)
        member = ask(
            "SELECT rolname FROM pg_roles "
            "WHERE pg_has_role(current_user, oid, 'MEMBER') AND rolname <> current_user"
        )
        self.assertEqual(member, [])
        (creates,) = ask(
            "SELECT has_schema_privilege('public', 'CREATE'), "
            "has_database_privilege(current_database(), 'CREATE'), "
            "has_database_privilege(current_database(), 'TEMPORARY')"
        )
        self.assertEqual(creates, (False, False, False))
        owned = ask(
            "SELECT relname FROM pg_class "
            "WHERE pg_get_userbyid(relowner) = current_user"
        )
        self.assertEqual(owned, [])

    def test_is_refused_any_change_to_a_log(self):
        for sql in (
            "TRUNCATE voices_decision",
            "TRUNCATE voices_voice CASCADE",
            "UPDATE voices_decision SET kind = 'kept'",
            "DELETE FROM accounts_accountevent",
            "SELECT * FROM voices_reveal FOR UPDATE",
            "ALTER TABLE voices_reveal DISABLE TRIGGER ALL",
            f"DROP TRIGGER {APPEND_ONLY} ON voices_reveal",
            f"CREATE OR REPLACE FUNCTION {APPEND_ONLY}() RETURNS trigger "
            "LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
            "CREATE RULE quiet AS ON INSERT TO voices_reveal DO INSTEAD NOTHING",
            "SET session_replication_role = replica",
            "DROP TABLE voices_decision",
            "ALTER TABLE voices_decision RENAME TO gone",
            "CREATE TABLE mine ()",
            "CREATE TEMPORARY TABLE voices_decision ()",
            "COPY voices_decision TO PROGRAM 'cat'",
            "LOCK TABLE voices_decision",
            "CREATE ROLE mine SUPERUSER",
            "SELECT pg_read_file('/etc/passwd')",
        ):
            with (
                self.subTest(sql),
                self.assertRaises(ProgrammingError) as raised,
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(sql)
            self.assertEqual(raised.exception.__cause__.sqlstate, "42501")


class LogTests(CommittedTestCase):
    def test_triggers_stop_the_owner_from_changing_them(self):
        staff, signature = make_staff(), make_signature()
        Decision.objects.create(kind=Decision.Kind.REJECTED, by=staff)
        Invalidation.objects.create(kind="invalidated", count=1, by=staff)
        Reveal.objects.create(signature=signature, by=staff)
        AddressSearch.objects.create(reason="A letter.", found=1, by=staff)
        AccountEvent.objects.create(kind=AccountEvent.Kind.INVITED)
        MonthFigure.objects.create(month="2026-03-01", name="received", number=1)

        for log in LOGS:
            for sql in (f"UPDATE {log} SET at = now()", f"DELETE FROM {log}"):
                with (
                    self.subTest(sql),
                    self.assertRaisesRegex(psycopg.Error, "only ever added to"),
                ):
                    owner.execute(sql)


class CommandTests(CommittedTestCase):
    """Checks which role a command uses, from inside the code that it calls."""

    def setUp(self):
        super().setUp()
        self.users = []

    def note(self, *args, **options):
        self.users.append(ask("SELECT current_user")[0][0])

    def test_migrate_runs_as_the_owner(self):
        with mock.patch(
            "django.core.management.commands.migrate.Command.handle", self.note
        ):
            call_command("migrate")
        self.note()

        owner, site = (
            settings.DATABASE_LOGINS[role]["USER"] for role in ("owner", "site")
        )
        self.assertEqual(self.users, [owner, site])

    def test_migrate_limits_how_long_it_blocks_a_table(self):
        setting = "SELECT current_setting('lock_timeout')"
        waits = []

        def note(*args, **options):
            waits.extend(ask(setting) + ask(f"{setting} -- CONCURRENTLY"))
            waits.extend(ask(setting))

        with mock.patch("django.core.management.commands.migrate.Command.handle", note):
            call_command("migrate")
        waits.extend(ask(setting))

        self.assertEqual(waits, [("5s",), ("0",), ("5s",), ("0",)])

    def test_prepare_runs_as_the_owner_and_holds_its_lock(self):
        def one_lock(*args, **options):
            self.note()
            with as_owner():
                self.note()
            self.locks = ask(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                "AND pid = pg_backend_pid()"
            )

        with mock.patch.object(prepare, "call_command", one_lock):
            call_command("prepare", stdout=StringIO())

        self.assertEqual(set(self.users), {settings.DATABASE_LOGINS["owner"]["USER"]})
        self.assertEqual(self.locks, [(1,)])


@skipUnless(separate(), "DATABASE_OWNER_URL is not set: the site owns its tables.")
class OwnerTests(TestCase):
    def setUp(self):
        self.owner = self.enterContext(
            database.connect(connection.settings_dict["NAME"])
        )

    def test_is_no_superuser_and_may_create_databases(self):
        found = self.owner.execute(
            "SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb "
            "FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

        self.assertEqual(found, (False, False, False, False, True))

    def test_owns_every_table(self):
        found = self.owner.execute(
            "SELECT tablename FROM pg_tables "
            "WHERE schemaname = 'public' AND tableowner <> current_user"
        ).fetchall()

        self.assertEqual(found, [])

    def test_the_site_may_use_a_new_table_at_once(self):
        with self.owner.transaction(force_rollback=True):
            self.owner.execute("CREATE TABLE brand_new (id serial)")

            self.assertEqual(rights(self.owner)["brand_new"], ROWS)
