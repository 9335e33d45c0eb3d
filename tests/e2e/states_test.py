"""Checkpoints: what an acknowledgement is, what it covers, which types of state there are, how they come back.

Contract decision 6 and edge rule 3.
"""

import json

from tests.e2e import harness as h
from tests.e2e.routing_case import USERS_1, USERS_2, RoutingCase


class Acknowledgements(RoutingCase):
    THREE = "".join(USERS_1 + h.state("users", {"c": n}, 1) for n in (1, 2, 3))

    def states(self, result):
        return {key: result.report["states"][key] for key in ("forwarded", "committed", "explained", "unmatched_acks")}

    def test_none_at_all_is_incomplete_and_nothing_is_stored(self):
        result = self.run_sync({"write": self.THREE}, ack="never", code=h.INCOMPLETE)
        self.assertEqual(self.w.exported_state(), [])
        self.assertEqual(result.report["totals"]["records_committed"], 0)
        self.assertEqual(self.states(result)["forwarded"], 3)

    def test_only_the_last_covers_the_earlier_ones(self):
        result = self.run_sync({"write": self.THREE}, ack="last")
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})
        self.assertEqual(result.report["totals"]["records_committed"], 3)

    def test_the_last_one_missing_is_incomplete(self):
        self.run_sync({"write": self.THREE}, ack={"only": [0, 1]}, code=h.INCOMPLETE)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 2}})

    def test_out_of_order_never_goes_back(self):
        self.run_sync({"write": self.THREE}, ack="reverse")
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})

    def test_of_a_state_that_was_never_sent_stores_nothing(self):
        result = self.run_sync({"write": self.THREE}, spell="wrong", code=h.INCOMPLETE)
        self.assertEqual(self.w.exported_state(), [])
        self.assertEqual(self.states(result)["unmatched_acks"], 3)

    def test_respelled_and_repeated_acknowledgements_match(self):
        for spell in ("respelled", "twice", "bare"):
            with self.subTest(spell=spell):
                self.run_sync({"write": self.THREE}, spell=spell)
                self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})

    def test_each_stream_has_its_own_lane(self):
        self.w.catalog = h.catalog("users", "orders", ("users", "ns"))
        text = (h.state("users", {"u": 1}) + h.state("orders", {"o": 1}) + h.state("users", {"n": 1}, namespace="ns")
                + h.state("users", {"u": 2}) + h.state("orders", {"o": 2}))
        self.run_sync({"write": text}, ack={"only": [1, 2, 3]}, code=h.INCOMPLETE)
        stored = {(element["stream"]["stream_descriptor"]["name"], element["stream"]["stream_descriptor"].get("namespace")):
                  element["stream"]["stream_state"] for element in self.w.exported_state()}
        self.assertEqual(stored, {("users", None): {"u": 2}, ("orders", None): {"o": 1}, ("users", "ns"): {"n": 1}})

    def test_equal_blobs_in_a_row_are_explained_after_a_clean_exit(self):
        same = h.state("users", {"c": 1}, 0)
        result = self.run_sync({"write": USERS_1 + same + same + same}, ack={"only": [0]})
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertEqual(self.states(result)["explained"], 2)

    def test_a_state_that_equals_the_durable_one_needs_no_acknowledgement(self):
        self.run_sync({"write": h.state("users", {"c": 1.0}, 0)})
        result = self.run_sync({"write": h.state("users", {"c": 1}, 0)}, ack="never")
        self.assertEqual(self.states(result)["explained"], 1)

    def test_the_sources_bytes_are_stored_not_the_echo(self):
        odd = '{"big": 12345678901234567890.10, "c":1e400,"s":"\\u0041","a":1}'
        self.run_sync({"write": h.state("users", 77, 0).replace("77", odd)}, spell="same")
        self.assertIn(odd.encode(), self.w.command("state", "export", "default"))
        self.run_sync()
        self.assertIn(odd.encode(), h.read_bytes(self.w.path("source", "read.state.json")))


class StateTypes(RoutingCase):
    def test_legacy_is_forwarded_untouched_and_resumed(self):
        line = '{"state":{"data":{"cursor":5}},"type":"STATE"}\n'
        self.run_sync({"write": USERS_1 + line})
        self.assertEqual(self.received(), (USERS_1 + line).encode())
        self.run_sync()
        given = self.w.given("source", "read", "state")
        self.assertEqual(len(given), 1)
        self.assertEqual(given[0]["data"], {"cursor": 5})

    def test_global_counts_the_records_of_all_streams_and_resumes(self):
        self.w.catalog = h.catalog("users", "orders")
        self.run_sync({"write": USERS_1 + h.record("orders", {}) + h.global_state({"lsn": 1}, {"users": {"c": 1}, "orders": None})
                       + USERS_2 + h.global_state({"lsn": 2}, {"users": {"c": 2}, "orders": None})})
        counts = [line["state"]["sourceStats"]["recordCount"] for line in self.received_lines() if line["type"] == "STATE"]
        self.assertEqual(counts, [2, 1])
        self.run_sync()
        given = self.w.given("source", "read", "state")
        self.assertEqual((len(given), given[0]["type"], given[0]["global"]["shared_state"]), (1, "GLOBAL", {"lsn": 2}))

    def test_stream_counts_are_filled_in_unless_told_never(self):
        text = USERS_1 + USERS_2 + h.state("users", {"c": 1})
        self.run_sync({"write": text})
        self.assertEqual(self.received_lines()[2]["state"]["sourceStats"]["recordCount"], 2)
        self.run_sync({"write": text}, flags=["--fill-state-counts", "never"])
        self.assertEqual(self.received(), text.encode())

    def test_a_null_stream_state_removes_its_lane(self):
        self.w.catalog = h.catalog("users", "orders")
        self.run_sync({"write": h.state("users", {"c": 1}) + h.state("orders", {"c": 1})})
        self.run_sync({"write": h.state("users", None)})
        self.assertEqual(self.w.stream_states(), {"orders": {"c": 1}})

    def test_another_type_in_a_later_run_replaces_everything(self):
        self.run_sync({"write": h.state("users", {"c": 1})})
        self.run_sync({"write": h.global_state({"lsn": 1}, {"users": {"c": 9}})})
        self.assertEqual([element["type"] for element in self.w.exported_state()], ["GLOBAL"])

    def test_a_state_without_a_usable_payload_is_no_taint(self):
        result = self.run_sync({"write": h.line("STATE", "state", {"type": "STREAM"}) + h.state("users", {"c": 1}, 0)})
        self.assertEqual(result.report["lines"]["state"], 2)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertEqual(self.received().count(b"STATE"), 1)

    # Its acknowledgement is longer than the reader of acknowledgements takes (8 MiB in effect).
    def test_a_state_of_10_mb(self):
        blob = {"cursor": "x" * 10_000_000}
        self.run_sync({"file": self.w.write("big", h.state("users", blob) * 2)}, ack="last")
        self.assertEqual(self.w.stream_states(), {"users": blob})

    def test_the_initial_state_file_is_used_only_when_the_store_has_none(self):
        initial = h.write_json(self.w.path("initial.json"), [
            {"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"c": 0}}}])
        self.run_sync({"write": h.state("users", {"c": 5})}, flags=["--state", initial])
        self.assertEqual(self.w.given("source", "read", "state")[0]["stream"]["stream_state"], {"c": 0})
        self.run_sync(flags=["--state", initial])
        self.assertEqual(self.w.given("source", "read", "state")[0]["stream"]["stream_state"], {"c": 5})

    def test_no_state_flag_without_state(self):
        self.run_sync()
        self.assertIsNone(self.w.given("source", "read", "state"))
        self.assertNotIn("--state", self.w.given("source", "read", "argv"))

    def test_import_show_and_reset(self):
        array = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"c": 3}}}]
        self.w.command("state", "import", "default", h.write_json(self.w.path("in.json"), array))
        self.assertEqual(self.w.exported_state(), array)
        self.assertIn(b"users", self.w.command("state", "show", "default"))
        self.run_sync()
        self.assertEqual(self.w.given("source", "read", "state"), array)
        self.w.command("state", "reset", "default")
        self.assertEqual(self.w.exported_state(), [])
        self.run_sync()
        self.assertIsNone(self.w.given("source", "read", "state"))


if __name__ == "__main__":
    h.main()
