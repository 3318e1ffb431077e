"""The smallest run of the benchmark, with every process that it starts."""

from django.test import SimpleTestCase

from tools import development
from tools.bench import cpu, growth, rig, seed, together

ROWS = 40


class SmokeTests(SimpleTestCase):
    def test_somebody_signs_gets_mail_and_confirms_and_is_counted(self):
        folder = development.make_local_dir("test/bench")

        with rig.running(folder, ROWS, rig.Scale(rounds=1)) as running:
            before = seed.check_totals(running.database)
            found = together.attempt(running, views=4, rate=1, seconds=1)
            after = seed.check_totals(running.database)
            pages = growth.lists(growth.sign_in(running))
            pids = [running.site.pid, running.worker.pid, running.sink.pid]

        # The founding voices count too, and one seeded signature in a thousand doesn't.
        self.assertEqual(before, ROWS + 34)
        self.assertEqual(found.load.result["errors"], {})
        self.assertEqual(found.load.completed, 1)
        self.assertEqual(found.load.step("mail")["count"], 1)
        self.assertEqual(found.load.step("view")["count"], 4)
        self.assertEqual(after, before + 1)
        self.assertGreater(found.load.server_cpu, 0)
        self.assertIn("/admin/voices/signature/", pages)
        self.assertFalse([pid for pid in pids if cpu.read_stat(pid)])
