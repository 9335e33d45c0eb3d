"""The whole page of benchmarks runs, small: every row checks its bytes and has its figures. No speed is asserted."""

import subprocess
import sys

from tests.e2e import harness as h


TABLES = ["pipes", "rivals", "scale", "latency", "state_latency", "idle", "checkpoints", "transforms", "updates",
          "slow_store", "memory", "micro_lines", "micro_units"]


class Bench(h.SyncTest):
    def call(self, script, *arguments):
        done = subprocess.run([sys.executable, "bench/" + script] + list(arguments), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=self.w.environment())
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_a_quick_run_has_every_table(self):
        figures = self.w.path("figures.json")
        page = self.call("run", "--quick", "--json", figures, "--shunt", h.program(), "--directory", self.w.path(""))
        read = h.read_json(figures)
        self.assertEqual(read["schema"], "shunt.bench/2")
        self.assertEqual(list(read["tables"]), TABLES)
        for name, rows in read["tables"].items():
            self.assertTrue(rows, name)
        lines = page.split("\n")
        self.assertLessEqual(max(map(len, lines)), 110)
        self.assertLessEqual(len(lines), 125)
        for row in read["tables"]["pipes"]:
            for plan in ("full", "envelope"):
                self.assertGreater(row[plan]["ratio"]["median"], 0)
                self.assertGreater(row[plan]["peak_mib"], 1)

        markdown = self.call("run", "--markdown", figures)
        self.assertEqual(markdown.count("\n|---|"), len(TABLES))
        self.assertIn("<svg", self.call("plot.py", figures))

    def test_two_programs_are_compared(self):
        page = self.call("compare", "--quick", "--programs", "--directory", self.w.path(""), h.program(), h.program())
        self.assertIn("pipes, rows 1 MB, envelope", page)
        self.assertIn("nothing got slower", page)


if __name__ == "__main__":
    h.main()
