from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock, skipUnless

from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings
from django.utils import timezone

from faq.models import Case
from operations.backups import database, make
from operations.database_roles import give_rights, separate
from operations.management.commands import prepare
from tests import owner
from tests.committed import CommittedTestCase
from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
)
from tests.faq.texts import make_case
from tests.rights import rights
from voices.managing import changes
from voices.models import RefusedAddress, Signature, Voice
from voices.moderation import decide


class TakenBackTests(CommittedTestCase):
    """These use a separate site, copied from the empty test database."""

    def setUp(self):
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.enterContext(override_settings(BACKUP_FOLDER=self.folder))
        usual = connection.settings_dict["NAME"]
        self.name = f"{usual}_site"
        connection.close()
        with database.connect(database.MAINTENANCE) as server:
            database.drop(server, self.name)
            server.execute(f"CREATE DATABASE {self.name} TEMPLATE {usual}")
        self.addCleanup(self.take_away)
        self.enterContext(
            mock.patch.object(database, "site_database", return_value=self.name)
        )
        self.enterContext(database.as_the_site(self.name))

    def take_away(self):
        with database.connect(database.MAINTENANCE) as server:
            for end in ("", "_check", "_restoring", "_replaced"):
                database.drop(server, f"{self.name}{end}")

    def back_up(self):
        self.file = make.make(self.folder)

    def restore(self, *arguments):
        out = StringIO()
        # Instead of `prepare`, which takes seconds, run only the part that matters
        # here.
        with mock.patch(
            "operations.management.commands.restore.call_command",
            lambda *args, **options: give_rights(),
        ):
            call_command("restore", self.file, "--replace", *arguments, stdout=out)
        return out.getvalue()

    def make_signed(self, email, **fields):
        return make_signature(email=email, voice=make_published_voice(**fields))

    def test_voices_withdrawn_or_erased_since_are_not_brought_back(self):
        stays = self.make_signed("stays@example.com")
        withdrawn = self.make_signed("withdrawn@example.com")
        erased = self.make_signed("erased@example.com")
        unlisted = make_signature(email="unlisted@example.com")
        self.back_up()
        changes.withdraw(withdrawn)
        changes.erase(erased)
        changes.erase(unlisted)

        said = self.restore()

        self.assertEqual(list(Signature.objects.not_withdrawn()), [stays])
        self.assertEqual(list(Voice.objects.published()), [stays.voice])
        self.assertFalse(Signature.objects.filter(email__startswith="erased").exists())
        self.assertEqual(Voice.objects.get(pk=erased.voice_id).statement, "")
        self.assertRegex(said, r"signatures erased +2\n")
        self.assertRegex(said, r"signatures withdrawn +1\n")
        self.assertNotIn("may be public again", said)

    def test_words_names_and_emails_removed_since_are_not_brought_back(self):
        wordless = self.make_signed("wordless@example.com", statement="Words.")
        first = self.make_signed("first@example.com")
        quiet = make_signature(email="quiet@example.com", updates=True)
        self.back_up()
        changes.correct(wordless, "")
        changes.show_as(first, "unlisted")
        changes.set_updates(quiet, False)
        RefusedAddress.objects.refuse("f" * 64, None)

        said = self.restore()

        wordless.refresh_from_db()
        self.assertEqual(wordless.voice.statement, "")
        self.assertIsNone(Signature.objects.get(pk=first.pk).voice)
        self.assertFalse(Signature.objects.get(pk=quiet.pk).updates)
        self.assertTrue(RefusedAddress.objects.filter(address_hash="f" * 64).exists())
        for what in (
            "statements removed",
            "name displays changed",
            "update subscriptions ended",
        ):
            self.assertRegex(said, rf"{what} +1\n")

    def test_content_that_staff_took_down_since_is_not_brought_back(self):
        voice = make_published_voice()
        founding = make_founding_voice(1)
        case = make_case()
        gone = make_staff("gone")
        self.back_up()
        decide.take_down(Voice.objects.all(), make_staff(), make_reason())
        Case.objects.update(publish_at=None)
        self.assertIsNone(case.edited_at)
        gone.is_active = False
        gone.save()

        self.restore()

        voice.refresh_from_db()
        founding.refresh_from_db()
        case.refresh_from_db()
        gone.refresh_from_db()
        self.assertIsNotNone(voice.taken_down_at)
        self.assertIsNotNone(founding.taken_down_at)
        self.assertIsNone(case.publish_at)
        self.assertIsNotNone(case.edited_at)
        self.assertFalse(gone.is_active)

    def test_damaged_rows_are_restored(self):
        signature = self.make_signed("stays@example.com", statement="Words.")
        self.back_up()
        Signature.objects.all().delete()

        said = self.restore()

        self.assertEqual(Signature.objects.get(), signature)
        self.assertNotIn("Repeated", said)

    def test_everything_is_restored_with_as_it_was(self):
        signature = self.make_signed("stays@example.com")
        self.back_up()
        changes.erase(signature)

        said = self.restore("--as-it-was")

        self.assertEqual(Signature.objects.get(), signature)
        self.assertNotIn("may be public again", said)

    def test_a_recreated_database_removes_nobody(self):
        """If people signed again after a data loss, the same ids belong to others."""
        unlisted = make_signature(email="unlisted@example.com")
        listed = self.make_signed("listed@example.com")
        self.back_up()
        Signature.objects.all().delete()
        Voice.objects.all().delete()
        MigrationRecorder.Migration.objects.update(applied=timezone.now())
        changes.withdraw(make_signature(pk=listed.pk, email="new@example.com"))

        said = self.restore()

        self.assertEqual(set(Signature.objects.not_withdrawn()), {unlisted, listed})
        self.assertIn("may be public again", said)

    @skipUnless(separate(), "DATABASE_OWNER_URL is not set.")
    def test_the_site_gets_its_rights_again_and_no_others(self):
        expected = rights()
        owner.execute(
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
            "ALTER DEFAULT PRIVILEGES GRANT TRUNCATE ON TABLES TO PUBLIC",
        )
        self.assertIn("TRUNCATE", rights()["voices_decision"])
        self.back_up()

        with mock.patch.object(prepare, "STEPS", [["migrate", "--verbosity=0"]]):
            call_command("restore", self.file, "--replace", stdout=StringIO())

        self.assertEqual(rights(), expected)

    def test_without_a_database_the_output_warns(self):
        self.make_signed("stays@example.com")
        self.back_up()
        connection.close()
        self.take_away()

        said = self.restore()

        self.assertIn("may be public again", said)
        self.assertEqual(Signature.objects.count(), 1)
