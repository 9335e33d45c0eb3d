"""The whole page of benchmarks runs, small: every row checks its bytes and has its figures. No speed is asserted."""

import subprocess
import sys

from tests.e2e import harness as h


class Bench(h.SyncTest):
    def run_page(self, *arguments):
        done = subprocess.run([sys.executable, "bench/run"] + list(arguments), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=self.w.environment())
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_a_quick_run_has_every_table(self):
        figures = self.w.path("figures.json")
        page = self.run_page("--quick", "--json", figures, "--shunt", h.program(), "--directory", self.w.path(""))
        read = h.read_json(figures)
        self.assertEqual(read["schema"], "shunt.bench/2")
        self.assertEqual(list(read["tables"]), ["pipes", "rivals", "micro_lines"])
        self.assertLessEqual(max(map(len, page.split("\n"))), 110)
        self.assertLessEqual(len(page.split("\n")), 90)

        pipes = read["tables"]["pipes"]
        self.assertEqual([row["line"] for row in pipes], 2 * ["136 B", "450 B", "1 KB", "10 KB", "1 MB"])
        for row in pipes:
            for plan in ("full", "envelope"):
                self.assertGreater(row[plan]["ratio"]["median"], 0)
                self.assertGreater(row[plan]["peak_mib"], 1)

        markdown = self.run_page("--markdown", figures)
        self.assertIn("### pipes", markdown)
        self.assertEqual(markdown.count("\n|---|"), len(read["tables"]))


if __name__ == "__main__":
    h.main()
