"""Faults of states and acknowledgements that states_test does not have (contract decision 6, edge rule 3).

The fault numbers are those of fault_matrix.py.
"""

import re

from tests.e2e import harness as h
from tests.e2e.routing_case import USERS_1, USERS_2, RoutingCase


def ack(number):
    return h.state("users", {"c": number}, 1)


class Acknowledgements(RoutingCase):
    THREE = "".join(USERS_1 + ack(n) for n in (1, 2, 3))

    def test_a_thousand_times_the_same_is_one(self):
        result = self.run_sync({"write": self.THREE}, ack="never", at_end=[{"lines": ack(3), "count": 1000}])
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})
        states = result.report["states"]
        self.assertEqual((states["committed"], states["unmatched_acks"]), (3, 999))

    def test_3_1_2_ends_at_3(self):
        self.run_sync({"write": self.THREE}, ack="never", at_end=[{"write": ack(3) + ack(1) + ack(2)}])
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})

    def test_one_changed_byte_is_another_state(self):
        result = self.run_sync({"write": self.THREE}, ack="never", at_end=[{"write": ack(2) + ack(3).replace('"c": 3', '"c": 4')}],
                               code=h.INCOMPLETE)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 2}})
        self.assertEqual(result.report["states"]["unmatched_acks"], 1)

    def test_before_the_state_was_sent_is_of_nothing(self):
        # Its config update comes behind the early acknowledgement in the same pipe: once that is in the journal, the
        # acknowledgement has been read.
        w = self.w
        w.destination_config = {"token": "a"}
        w.source["read"] = [{"await": w.path("go")}, {"write": USERS_1 + ack(1)}]
        w.destination["write"] = {"ack": "never", "before": [{"write": ack(1) + h.config_update({"token": "b"}, 1700000000000)}]}
        running = w.start_sync()
        self.release_at_the_end(w.path("go"))
        h.wait_for_file(w.path("destination", "write.pid"), running)
        h.wait_until(lambda: w.verdicts("default/destination"), "the update")
        h.touch(w.path("go"))
        result = running.wait()
        self.assert_exit(result, h.INCOMPLETE)
        self.assertEqual(w.exported_state(), [])
        self.assertEqual(result.report["states"]["unmatched_acks"], 1)

    def test_long_after_the_source_died_is_still_in_time(self):
        w = self.w
        w.source["read"] = [{"write": USERS_1 + ack(1)}, {"exit": 1}]
        w.destination["write"] = {"before": [{"await": w.path("go")}]}
        running = w.start_sync()
        self.release_at_the_end(w.path("go"))
        h.wait_for_file(w.path("source", "read.pid"), running)
        source = int(h.read_bytes(w.path("source", "read.pid")))
        h.wait_until(lambda: not h.alive(source), "the source's death")
        h.touch(w.path("go"))
        self.assert_exit(running.wait(), h.SOURCE)
        self.assertEqual(w.stream_states(), {"users": {"c": 1}})

    def test_after_the_input_was_closed_are_still_read(self):
        w = self.w
        w.source["read"] = [{"write": USERS_1 + ack(1) + USERS_2 + ack(2)}, {"await": w.path("closed")}, {"repeat": USERS_1, "bytes": 1 << 20}]
        w.destination["write"] = {"ack": "never", "hold": [{"line": 4, "do": [
            {"close": "stdin"}, {"touch": w.path("closed")}, {"sleep": 0.2}, {"write": ack(1)}, {"sleep": 0.1},
            {"write": ack(2)}, {"exit": 0}]}]}
        result = w.sync()
        self.assert_exit(result, h.DESTINATION)
        self.assertEqual(w.stream_states(), {"users": {"c": 2}})

    def test_cannot_come_from_a_destination_that_closed_its_output(self):
        # It reads on and ends well, so what it says to nobody is missing, and nothing else.
        result = self.run_sync({"write": self.THREE}, before=[{"mute": True}], code=h.INCOMPLETE)
        self.assertEqual(len(self.received_lines()), 6)
        self.assertEqual(self.w.exported_state(), [])
        self.assertTrue(result.report["failures"])


class Counts(RoutingCase):
    def test_odd_record_counts_pass_untouched(self):
        for count in ("7", "1.0", "1.5", "-3", '"one"', "1e400", "[]"):
            with self.subTest(count=count):
                text = USERS_1 + h.state("users", {"c": 1}, 77).replace("77", count)
                self.run_sync({"write": text})
                self.assertEqual(self.received(), text.encode())
                self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
                self.fresh()


class Sizes(RoutingCase):
    def test_ten_thousand_unacknowledged_states_of_10_kb_spill(self):
        count, pad = 10_000, "p" * 10_000
        state = h.state("users", {"c": 77, "p": pad}, 0).replace("77", "%d")
        result = self.run_sync({"lines": state, "count": count}, ack="last")
        self.assertEqual(self.w.stream_states()["users"]["c"], count - 1)
        self.assertEqual(result.report["states"]["committed"], count)
        self.assertLessEqual(result.report["peak_memory_bytes"], 64 << 20)

    def test_a_global_state_of_50_mb_needs_a_larger_budget_and_says_so(self):
        blob = "g" * (50 << 20)
        text = USERS_1 + h.global_state({"blob": blob}, {"users": {"c": 1}}, 1)
        steps = [{"file": self.w.write("lines", text)}]
        result = self.run_sync(*steps, flags=["--memory-budget", "128MiB"])
        self.assertEqual(self.received(), USERS_1.encode())  # a state that is missing only makes the next run repeat
        self.assertEqual(self.w.exported_state(), [])
        needed = re.search(r"--memory-budget (\d+)MiB", result.report["failures"][0]["message"])[1]
        result = self.run_sync(*steps, flags=["--memory-budget", needed + "MiB"])
        self.assertEqual(self.w.exported_state()[0]["global"]["shared_state"], {"blob": blob})
        print("peak %.0f of %s MiB" % (result.report["peak_memory_bytes"] / 2**20, needed))
        self.assertLessEqual(result.report["peak_memory_bytes"], int(needed) << 20)

    def test_a_state_for_each_of_20_000_streams_has_a_lane_of_its_own(self):
        count = 20_000
        states = "".join(h.state("stream-%d" % n, {"c": n}, 0) for n in range(count))
        steps = {"file": self.w.write("states", states)}
        self.w.catalog = h.catalog(*("stream-%d" % n for n in range(count)))
        refused = self.run_sync(steps, code=h.USAGE)
        needed = re.search(rb"--memory-budget (\d+)MiB", refused.err)[1].decode()
        result = self.run_sync(steps, flags=["--memory-budget", needed + "MiB"])
        self.assertEqual(len(self.w.stream_states()), count)
        self.assertEqual(result.report["states"]["committed"], count)
        self.assertLessEqual(result.report["peak_memory_bytes"], int(needed) << 20)


if __name__ == "__main__":
    h.main()
