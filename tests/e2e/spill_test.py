"""States that wait for their acknowledgement take no more of the disk than they may: then the source waits, and goes on
when the destination acknowledges. One that never does is ended by its deadline, which says why. A directory that is full
is named, and is not the budget's fault.
"""

import os
import resource
import shlex

from tests.e2e import harness as h

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_states_peer.py")
STATES = 3000
STATE_BYTES = 4000  # all of them together are far beyond any limit here
MAX_BYTES = 1 << 20


class Spill(h.SyncTest):
    def run_sync(self, when, *flags):
        w = self.w
        w.catalog = h.catalog("s0")
        prepared = w.prepare()
        for side, arguments in (("source", [1, STATES, 1, "stream", STATE_BYTES]), ("destination", [when])):
            command = [h.PYTHON, "-I", "-S", PEER, side, *map(str, arguments)]
            prepared[prepared.index("--" + side) + 1] = shlex.join(command)
        os.makedirs(w.path("spill"), exist_ok=True)
        return w.start_sync("--spill-dir", w.path("spill"), *flags, prepared=prepared).wait()

    def test_the_source_waits_and_goes_on_when_states_are_acknowledged(self):
        result = self.run_sync("idle", "--spill-max", str(MAX_BYTES))
        self.assert_exit(result, h.OK)
        self.assertIn(b"--spill-max", result.err)
        self.assertEqual(result.report["states"]["acked"], STATES)
        self.assertEqual(result.report["totals"]["records_committed"], STATES)

    def test_one_that_acknowledges_only_at_its_end_is_ended_by_its_deadline(self):
        result = self.run_sync("end", "--spill-max", str(MAX_BYTES), "--destination-timeout", "2s")
        self.assert_exit(result, h.TIMEOUT)
        self.assertIn("--spill-max", result.report["failures"][0]["message"])
        # It stood still at the limit and not far behind it: what was on its way to the destination came on top.
        self.assertLess(result.report["states"]["forwarded"] * STATE_BYTES, 4 * MAX_BYTES)
        with self.subTest("with more room it ends well"):
            self.fresh()
            self.assert_exit(self.run_sync("end", "--spill-max", "64MiB"), h.OK)

    def test_a_file_that_may_not_grow_is_named_and_the_budget_is_not(self):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, limits)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_BYTES, limits[1]))  # the program inherits it
        result = self.run_sync("end")
        self.assert_exit(result, h.STORE)
        message = result.report["failures"][0]["message"]
        self.assertIn(self.w.path("spill"), message)
        self.assertIn("File too large", message)
        self.assertIn("--spill-dir", message)
        self.assertNotIn("budget", message)


if __name__ == "__main__":
    h.main()
