"""How pairs become ratios, ratios verdicts, and rows tables."""

import io
import unittest

from bench import comparison, measure, page, processes

COLUMNS = [page.Column("name", 6, lambda row: row["name"]), page.Column("n", 4, page.path("deep", "n"))]
ROWS = [{"name": "cat | x", "deep": {"n": 1.5}}, {"name": "none"}]


class MeasureTest(unittest.TestCase):
    def test_rounds_take_turns(self):
        calls = []
        found = measure.rounds([lambda: calls.append("a") or 1, lambda: calls.append("b") or 2], 3)
        self.assertEqual("".join(calls), "abbaab")
        self.assertEqual(found, [[1, 1, 1], [2, 2, 2]])

    def test_a_ratio_is_of_pairs_and_of_throughput(self):
        slow, quick = ([processes.Use(seconds) for seconds in times] for times in ((4, 4, 4), (2, 1, 4)))
        self.assertEqual(measure.times(quick, slow), {"median": 2, "min": 1, "max": 4, "pairs": 3})
        # Half the bytes in half the time is the same speed.
        self.assertEqual(measure.times([processes.Use(1)], [processes.Use(2)], 50, 100)["median"], 1)

    def test_speed_tells_the_greatest_peak(self):
        uses = [processes.Use(1, peak_kib=kib, user_seconds=0.25, system_seconds=0.25) for kib in (1024, 3072, 2048)]
        self.assertEqual(measure.speed(uses, 10**9), {"gb_per_s": 1, "peak_mib": 3, "cpu_s_per_gb": 0.5})


class ComparisonTest(unittest.TestCase):
    @staticmethod
    def ratio(*values):
        return {"name": "row", "ratio": measure.spread(values)}

    def test_slower_is_what_every_pair_says(self):
        self.assertEqual(comparison.word(measure.spread([0.8, 0.9, 0.9, 0.9, 0.99])), "slower")
        self.assertEqual(comparison.word(measure.spread([0.5, 0.9, 0.9, 0.9, 1.01])), "")
        self.assertEqual(comparison.word(measure.spread([1.01, 1.1, 1.1, 1.2, 1.3])), "faster")

    def test_few_pairs_say_nothing(self):
        self.assertEqual(comparison.word(measure.spread([0.5, 0.5])), "")

    def test_a_small_loss_is_let_pass(self):
        rows = [self.ratio(0.96, 0.97, 0.97, 0.97, 0.98), self.ratio(0.9, 0.9, 0.9, 0.9, 0.98)]
        self.assertEqual(comparison.slower(rows, 0.05), rows[1:])
        self.assertEqual(comparison.slower(rows, 0), rows)


class PageTest(unittest.TestCase):
    def table(self, per_line):
        out = io.StringIO()
        self.assertEqual(page.Page(out).table(COLUMNS, iter(ROWS * 2), per_line), ROWS * 2)
        return out.getvalue().splitlines()

    def test_a_table_has_a_header_and_its_rows(self):
        self.assertEqual(self.table(1), ["  name       n"] + ["  cat | x  1.50", "  none       -"] * 2)

    def test_rows_can_stand_beside_each_other(self):
        self.assertEqual(self.table(2), ["  cat | x  1.50     none       -"] * 2)

    def test_markdown_keeps_bars_apart(self):
        self.assertEqual(page.markdown(COLUMNS, ROWS),
                         ["| name | n |", "|---|---:|", "| cat \\| x | 1.50 |", "| none | - |"])


if __name__ == "__main__":
    unittest.main()
