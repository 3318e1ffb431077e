"""The smallest run of the benchmark, with every process that it starts."""

import shutil
import unittest

from django.test import SimpleTestCase

from tools import development
from tools.bench import growth, rig, seed, signing, together

ROWS = 40
FOUNDING = 34


class SmokeTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = development.make_local_dir("test/bench")
        running = rig.running(folder, ROWS, rig.Scale(rounds=1, seconds=1))
        cls.rig = cls.enterClassContext(running)

    def test_somebody_signs_gets_mail_and_confirms_and_is_counted(self):
        before = seed.check_totals(self.rig.database)

        found = together.attempt(self.rig, views=4, rate=1, seconds=1)

        self.assertGreaterEqual(before, ROWS + FOUNDING)
        self.assertEqual(found.load.result["errors"], {})
        self.assertEqual(found.load.completed, 1)
        self.assertEqual(found.load.step("mail")["count"], 1)
        self.assertEqual(found.load.step("view")["count"], 4)
        self.assertEqual(seed.check_totals(self.rig.database), before + 1)
        self.assertGreater(found.load.server_cpu, 0)

    @unittest.skipUnless(shutil.which("wrk"), "needs wrk")
    def test_wrk_signs_up_with_forms_that_the_limits_let_through(self):
        for target, table in (
            (signing.site_target(self.rig), "voices_submission"),
            (signing.bare_target(self.rig), "bare_signup"),
        ):
            found = signing.post_round(self.rig, target, table, 2)
            self.assertGreater(found.requests, 0)

        signing.check_clean(self.rig)

    def test_finds_the_lists_of_the_admin(self):
        found = growth.lists(growth.sign_in(self.rig))

        self.assertIn("/admin/voices/signature/", found)
        self.assertIn("/admin/voices/voice/", found)
