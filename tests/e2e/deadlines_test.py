"""Every wait has a deadline, and a signal ends a sync cleanly, whatever the connectors do.

Contract decisions 14 and 15; the 25 s are documented (guarantee G37).
"""

from tests.e2e import harness as h
from tests.e2e.routing_case import BULK, USERS_1, USERS_2, RoutingCase


class Deadlines(RoutingCase):
    def test_a_silent_source(self):
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)}, {"ignore": "SIGTERM"}, {"hang": True},
                               flags=["--source-timeout", "1s", "--abort-drain", "1s"], code=h.TIMEOUT)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertIsNotNone(result.report["failures"][0]["message"])

    def test_a_destination_that_reads_nothing(self):
        self.run_sync(BULK, BULK, BULK, BULK, before=[{"hang": True}],
                      flags=["--destination-timeout", "1s", "--source-timeout", "1s", "--abort-drain", "1s"], code=h.TIMEOUT)

    def test_a_destination_that_never_ends(self):
        result = self.run_sync({"write": USERS_1}, at_end=[{"hang": True}], flags=["--destination-timeout", "1s"],
                               code=h.TIMEOUT)
        self.assertGreaterEqual(result.report["timings"]["blocked_on_destination_ms"], 500)
        self.assertIn(b"made no progress for 1s (--destination-timeout): ending the run", result.err)

    # It is killed after its deadline, and the run ends with 0.
    def test_a_source_that_closes_its_output_and_stays_is_ended_and_no_success(self):
        # Nobody knows what it would have said: there is no evidence that it was done.
        result = self.run_sync({"write": USERS_1}, {"close": "stdout"}, {"hang": True}, flags=["--source-timeout", "1s"],
                               code=h.TIMEOUT)
        self.assertEqual(self.received(), USERS_1.encode())
        self.assertEqual(result.report["failures"][0]["type"], "system_error")


class Signals(RoutingCase):
    def stop(self, number, expected, stubborn=False):
        w = self.w
        ignore = [{"ignore": "SIGTERM"}, {"ignore": "SIGINT"}] if stubborn else []
        w.source["read"] = ignore + [{"write": USERS_1 + h.state("users", {"c": 1}, 1)}, {"await": w.path("acked")},
                                     {"write": USERS_2 + h.config_update({"token": "t"}, 1700000000000)},
                                     {"touch": w.path("written")}, {"hang": True}]
        w.destination["write"] = {"before": ignore, "save": w.path("received"),
                                  "hold": [{"line": 2, "do": [{"touch": w.path("acked")}]}]}
        running = w.start_sync()
        h.wait_for_file(w.path("written"), running)
        running.signal(number)
        result = running.wait(deadline=25)  # the documented limit
        self.assertEqual(result.code, expected, str(result))
        self.assertEqual(result.report["exit_code"], expected)
        self.assertEqual(result.report["status"], "signal")
        self.assertEqual(w.stream_states(), {"users": {"c": 1}})
        self.assertEqual(w.config()["token"], "t")
        # Whole lines only, and a prefix of what the source wrote.
        first = self.received().split(b"\n")[0]
        self.assertEqual(first + b"\n", USERS_1.encode())
        self.assertTrue(self.received().endswith(b"\n"))

    def test_sigterm_is_clean_and_143(self):
        self.stop(h.TERM, 143)

    def test_sigint_is_clean_and_130(self):
        self.stop(h.INT, 130)

    def test_sigterm_with_peers_that_ignore_it(self):
        self.stop(h.TERM, 143, stubborn=True)

    def test_sigterm_before_a_destination_that_reads_nothing(self):
        w = self.w
        w.source["read"] = [BULK, BULK, BULK, BULK, {"hang": True}]
        w.destination["write"] = {"before": [{"ignore": "SIGTERM"}, {"touch": w.path("up")}, {"hang": True}]}
        running = w.start_sync()
        h.wait_for_file(w.path("up"), running)
        h.wait_for_file(w.path("source", "read.pid"), running)
        running.signal(h.TERM)
        self.assertEqual(running.wait(deadline=25).code, 143)


if __name__ == "__main__":
    h.main()
