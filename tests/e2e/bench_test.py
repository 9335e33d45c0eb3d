"""The benchmark between two processes runs, checks the bytes, and writes its figures. No speed is asserted."""

import subprocess
import sys

from tests.e2e import harness as h


class Bench(h.SyncTest):
    def test_a_small_run(self):
        figures = self.w.path("figures.json")
        subprocess.run([sys.executable, "bench/pipe_bench.py", "--shunt", h.program(), "--megabytes", "3", "--pairs", "1",
                        "--json", figures], check=True, env=self.w.environment())
        rows = h.read_json(figures)["pipes"]
        self.assertEqual([row["line"] for row in rows], ["136 B", "450 B", "1 KB", "10 KB", "1 MB"])
        for row in rows:
            self.assertEqual(list(row["shunt"]), ["full", "envelope"])
            self.assertGreater(row["shunt"]["full"]["ratio"], 0)


if __name__ == "__main__":
    h.main()
