"""The smallest run of the benchmark, with every process that it starts."""

import os
import shutil
import threading
import unittest

from django.test import SimpleTestCase

from tools import development
from tools.bench import backlog, growth, readers, rig, seed, signing, together

ROWS = 40
FOUNDING = 34


class SmokeTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # pytest-xdist may split the class, so each worker has a folder of its own.
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        folder = development.make_local_dir(f"test/bench{worker}")
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

    def test_head_and_304_are_compared_with_the_whole_page(self):
        whole, head, unchanged = readers.measure_conditional(self.rig)

        self.assertEqual(len(whole.rounds), 1)
        self.assertGreater(head.ratio.median, 0)
        self.assertGreater(unchanged.ratio.median, 0)

    @unittest.skipUnless(shutil.which("wrk"), "needs wrk")
    def test_a_warm_page_is_read_while_others_search(self):
        before = threading.active_count()

        alone, beside = readers.measure_beside_searches(self.rig)

        self.assertGreater(min(alone.values + beside.values), 0)
        self.assertEqual(threading.active_count(), before)

    def test_a_backup_is_timed_and_deleted(self):
        self.assertGreater(growth.measure_backup(self.rig), 0)

        self.assertFalse((self.rig.folder / "backups").exists())

    def test_finds_the_pages_of_the_admin(self):
        found = growth.linked(growth.sign_in(self.rig))

        self.assertIn("/admin/voices/signature/", found)
        self.assertIn("/admin/voices/voice/", found)
        self.assertIn("/admin/figures/", found)
        self.assertFalse([path for path in found if path.endswith("/add/")])

    def test_staff_find_rows_in_every_list_that_growth_measures(self):
        self.addCleanup(
            self.rig.database.execute,
            "DELETE FROM voices_submission WHERE email LIKE 'backlog%'",
        )
        before = seed.check_totals(self.rig.database)

        backlog.add(self.rig.database, ROWS)

        browser = growth.sign_in(self.rig)
        for path in ("decision/", "report/?closed_at__isempty=1", "heldsubmission/"):
            with self.subTest(path):
                page = browser.get(f"/admin/voices/{path}")
                self.assertIn('id="result_list"', page)
        self.assertIn("not my words", browser.get("/admin/voices/report/"))
        self.assertEqual(seed.check_totals(self.rig.database), before)
        backlog.add(self.rig.database, ROWS)
        decided = "SELECT count(*) FROM voices_decision WHERE kind = 'published'"
        self.assertEqual(self.rig.database.execute(decided), [(ROWS * 9 // 10,)])
