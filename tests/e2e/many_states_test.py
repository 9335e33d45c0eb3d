"""However many states there are, how long they are and how late they are acknowledged: memory stays within its
budget of 64 MiB, or within the one that the message names, and nothing is lost or left out. More unacknowledged
states than fit end the run.
"""

import os
import re
import shlex

from tests.e2e import harness as h

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_states_peer.py")
BUDGET_BYTES = 64 << 20


class ManyStates(h.SyncTest):
    def run_sync(self, streams, records, every, kind="stream", size=0, when="each", flags=(), known=None):
        w = self.w
        w.catalog = h.catalog(*("s%d" % number for number in range(streams if known is None else known)))
        prepared = w.prepare()
        for side, arguments in (("source", [streams, records, every, kind, size]), ("destination", [when])):
            command = [h.PYTHON, "-I", "-S", PEER, side, *map(str, arguments)]
            prepared[prepared.index("--" + side) + 1] = shlex.join(command)
        running = w.start_sync(*flags, prepared=prepared)
        _, status, usage = os.wait4(running.pid, 0)
        running.process.returncode = os.waitstatus_to_exitcode(status)
        result = running.wait()
        if result.report is None:
            return result
        self.peak = result.report["peak_memory_bytes"]
        self.cpu = usage.ru_utime + usage.ru_stime
        print("%s: %d states, peak %.1f MiB, report %.1f MiB, CPU %.2f s" % (
            self.id().rpartition(".")[2], records // every, usage.ru_maxrss / 1024,
            self.peak / 2**20, self.cpu), flush=True)
        return result

    def check(self, result, records, states, budget=BUDGET_BYTES):
        self.assert_exit(result, h.OK)
        self.assertEqual(result.report["states"]["forwarded"], states)
        self.assertEqual(result.report["states"]["acked"], states)
        self.assertEqual(result.report["totals"]["records_committed"], records)
        self.assertLessEqual(self.peak, budget)

    def test_10000_streams_each_state_acked_at_once(self):
        self.check(self.run_sync(10_000, 100_000, 1), 100_000, 100_000)

    def test_10000_streams_the_last_state_of_each_acked_at_the_end(self):
        self.check(self.run_sync(10_000, 100_000, 1, when="last"), 100_000, 100_000)

    def test_10000_streams_every_state_acked_at_the_end(self):
        self.check(self.run_sync(10_000, 100_000, 1, when="end"), 100_000, 100_000)

    def test_global_states_that_list_10000_streams(self):
        self.check(self.run_sync(10_000, 10_000, 100, kind="global", when="end"), 10_000, 100)

    def test_states_of_1_mb_acked_late(self):
        self.check(self.run_sync(1, 1000, 10, size=1_000_000, when="end"), 1000, 100)

    def test_1000000_states_acked_at_the_end(self):
        self.check(self.run_sync(2, 1_000_000, 1, when="end"), 1_000_000, 1_000_000)

    def test_1000000_states_of_which_the_last_is_acked(self):
        self.check(self.run_sync(2, 1_000_000, 1, when="last"), 1_000_000, 1_000_000)

    def test_300000_states_of_as_many_streams_that_the_catalog_lacks(self):
        count = 300_000
        result = self.run_sync(count, count, 1, known=1)
        self.check(result, 1, 1)
        named = result.report["unknown_streams"]
        further = result.report["further_unknown_streams"]
        self.assertEqual(len(named), 1000)
        for key in ("records", "states"):
            self.assertEqual(sum(stream[key] for stream in named) + further[key], count - 1)

    def test_100000_acks_that_match_nothing_before_100000_states(self):
        result = self.run_sync(2, 100_000, 1, when="garbage")
        self.check(result, 100_000, 100_000)

    # The program says itself what the smallest budget for these options is.
    SMALL = ("--line-bytes-max", "64KiB", "--read-ahead", "0")

    def smallest_budget(self):
        refused = self.run_sync(1, 1, 1, flags=("--memory-budget", "16MiB", *self.SMALL))
        self.assert_exit(refused, h.USAGE)
        return int(re.search(rb"it takes (\d+)", refused.err)[1])

    def small(self, budget):
        return "--memory-budget", str(budget), *self.SMALL

    def test_more_unacknowledged_states_than_the_budget_holds_end_the_run_and_the_named_budget_holds_them(self):
        budget = self.smallest_budget()
        self.fresh()
        endless = self.run_sync(2, 10**9, 1, when="never", flags=self.small(budget))
        self.assert_exit(endless, h.INCOMPLETE)
        message = endless.report["failures"][0]["message"]
        named = re.search(r"at most (\d+) fit the budget; --memory-budget (\d+)MiB holds twice as many", message)
        self.assertTrue(named, message)
        limit, larger = int(named[1]), int(named[2]) << 20
        # It really held as many, and no more than the state that was too many and those behind it were on their way.
        self.assertGreater(limit, 10_000)
        self.assertGreater(endless.report["states"]["read"], limit)
        self.assertEqual(endless.report["states"]["acked"], 0)
        self.assertEqual(endless.report["totals"]["records_committed"], 0)
        self.assertLessEqual(self.peak, budget)

        with self.subTest("exactly as many as fit"):
            self.fresh()
            self.check(self.run_sync(2, limit, 1, when="end", flags=self.small(budget)), limit, limit, budget)
        with self.subTest("one more"):
            self.fresh()
            self.assert_exit(self.run_sync(2, limit + 1, 1, when="end", flags=self.small(budget)), h.INCOMPLETE)
        with self.subTest("twice as many with the named budget"):
            self.fresh()
            result = self.run_sync(2, 2 * limit, 1, when="end", flags=self.small(larger))
            self.check(result, 2 * limit, 2 * limit, larger)


if __name__ == "__main__":
    h.main()
