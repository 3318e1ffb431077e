from io import StringIO
from unittest import mock

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    RemoveIndex,
    RunSQL,
)
from django.db.models.functions import Now

from tests.committed import CommittedTestCase
from tools import migrations

INDEX = models.Index(fields=["city"], name="voice_city")
CHECK = models.CheckConstraint(
    condition=~models.Q(city="x"), name="voice_city_is_not_x"
)


def add_city(**options):
    return AddField("voice", "town", models.CharField(max_length=80, **options))


BLOCKING = {
    "an index": [AddIndex("voice", INDEX)],
    "an index dropped": [RemoveIndex("voice", "voice_wall")],
    "a constraint": [AddConstraint("voice", CHECK)],
    "a constraint validated at once": [
        AddConstraintNotValid("voice", CHECK),
        ValidateConstraint("voice", CHECK.name),
    ],
    "a unique column": [add_city(null=True, unique=True)],
    "a column with a foreign key": [
        AddField(
            "voice", "by", models.ForeignKey("auth.User", models.CASCADE, null=True)
        )
    ],
    "a generated column": [
        AddField(
            "voice",
            "loud",
            models.GeneratedField(
                expression=models.functions.Upper("city"),
                output_field=models.TextField(),
                db_persist=True,
            ),
        )
    ],
    "another type": [AlterField("voice", "city", models.BigIntegerField())],
    "SQL": [RunSQL("CREATE INDEX voice_town ON voices_voice (city)")],
}
ONLINE = {
    "an index": [AddIndexConcurrently("voice", INDEX)],
    "an index dropped": [RemoveIndexConcurrently("voice", "voice_wall")],
    "a constraint": [AddConstraintNotValid("voice", CHECK)],
    "a column": [add_city(null=True)],
    "a column with a default": [add_city(db_default="")],
    "a table": [
        CreateModel(
            "Town",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=80, db_index=True)),
                ("at", models.DateTimeField(db_default=Now())),
                ("voice", models.ForeignKey("voices.Voice", models.CASCADE)),
            ],
        )
    ],
}


class MigrationTests(CommittedTestCase):
    def check(self, *operations, atomic):
        """Return the exit code and the report with a migration of these operations."""
        loader = MigrationLoader(connection)
        (last,) = loader.graph.leaf_nodes("voices")
        key = "voices", "0099_latest"
        loader.disk_migrations[key] = migration = Migration(*reversed(key))
        migration.operations, migration.atomic = operations, atomic
        loader.graph.add_node(key, migration)
        loader.graph.add_dependency(migration, key, last)
        with mock.patch("sys.stderr", StringIO()) as report:
            return migrations.check(loader), report.getvalue()

    def test_what_blocks_the_site_is_refused(self):
        for what, operations in BLOCKING.items():
            with self.subTest(what):
                code, report = self.check(*operations, atomic=True)
                self.assertEqual(code, 1)
                self.assertIn("voices.0099_latest.sql", report)

    def test_what_is_online_is_accepted(self):
        for what, operations in ONLINE.items():
            atomic = not any("Concurrently" in type(o).__name__ for o in operations)
            with self.subTest(what):
                self.assertEqual(self.check(*operations, atomic=atomic), (0, ""))
