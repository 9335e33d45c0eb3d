"""However many states there are, how long they are and how late they are acknowledged: memory stays within its
budget of 64 MiB, or within the one that the message names, and nothing is lost or left out.
"""

import os
import shlex

from tests.e2e import harness as h

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_states_peer.py")
BUDGET_BYTES = 64 << 20


class ManyStates(h.SyncTest):
    def run_sync(self, streams, records, every, kind="stream", size=0, when="each", flags=()):
        w = self.w
        w.catalog = h.catalog(*("s%d" % number for number in range(streams)))
        prepared = w.prepare()
        for side, arguments in (("source", [streams, records, every, kind, size]), ("destination", [when])):
            command = [h.PYTHON, "-I", "-S", PEER, side, *map(str, arguments)]
            prepared[prepared.index("--" + side) + 1] = shlex.join(command)
        running = w.start_sync(*flags, prepared=prepared)
        _, status, usage = os.wait4(running.pid, 0)
        running.process.returncode = os.waitstatus_to_exitcode(status)
        result = running.wait()
        self.peak = result.report["peak_memory_bytes"]
        self.cpu = usage.ru_utime + usage.ru_stime
        print("%s: %d states, peak %.1f MiB, report %.1f MiB, CPU %.2f s" % (
            self.id().rpartition(".")[2], records // every, usage.ru_maxrss / 1024,
            result.report["peak_memory_bytes"] / 2**20 if result.report else 0, self.cpu), flush=True)
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

    def test_100000_acks_that_match_nothing_before_100000_states(self):
        result = self.run_sync(2, 100_000, 1, when="garbage")
        self.check(result, 100_000, 100_000)


if __name__ == "__main__":
    h.main()
