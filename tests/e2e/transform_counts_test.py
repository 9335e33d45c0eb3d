"""Counts when records are filtered, when source, shunt and destination disagree, and when a run that transforms ends in
the middle; states of our own making. transforms_test.py has what becomes of the lines themselves.
"""

import json
import random

from tests.e2e import harness as h
from tests.e2e.routing_case import RoutingCase, configured, mapper

PREFIX = ["--stream-prefix", "p_"]
KEEP = mapper("row-filtering", conditions={"type": "NOT", "conditions": [{"type": "EQUAL", "fieldName": "keep", "comparisonValue": "false"}]})


def rows(stream, *keeps):
    return "".join(h.record(stream, {"id": n, "keep": keep}) for n, keep in enumerate(keeps))


class Counted(RoutingCase):
    def filtered(self, *streams):
        self.w.catalog = {"streams": [configured(name, None, ("id", "keep"), [KEEP]) for name in streams]}

    def counts(self):
        return [line["state"]["sourceStats"]["recordCount"] for line in self.received_lines() if line["type"] == "STATE"]

    def totals(self, result, *keys):
        return [result.report["totals"]["records_" + key] for key in keys]

    def mismatches(self, result):
        states = result.report["states"]
        return states["source_count_mismatches"], states["destination_count_mismatches"]


class RowFilters(Counted):
    def test_counts_are_of_what_was_forwarded(self):
        self.filtered("users")
        text = (rows("users", True, False, False) + h.state("users", {"c": 1}) + rows("users", False) + h.state("users", {"c": 2}, 1)
                + rows("users", True, False, True) + h.state("users", {"c": 3}, 3))
        result = self.run_sync({"write": text}, flags=PREFIX)
        self.assertEqual(self.counts(), [1, 0, 2])
        self.assertEqual(self.totals(result, "read", "filtered", "forwarded", "committed", "lost"), [7, 4, 3, 3, 0])
        self.assertEqual(result.report["streams"][0]["records_filtered"], 4)
        self.assertEqual(self.mismatches(result), (0, 0))
        self.assertEqual(self.received().count(b"RECORD"), 3)

    def test_only_the_number_of_a_state_changes(self):
        self.filtered("users")
        state = '{"type":"STATE", "state":{"sourceStats":{"x":1, "recordCount" : 2.0 },"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":{"c": 1e3}}}}\n'
        self.run_sync({"write": rows("users", True, False) + state})
        self.assertEqual(self.received().decode().splitlines(keepends=True)[-1], state.replace("2.0", "1"))

    def test_nothing_is_left_and_the_state_goes_on(self):
        self.filtered("users")
        result = self.run_sync({"write": rows("users", False, False) + h.state("users", {"c": 1})})
        self.assertEqual((self.counts(), self.totals(result, "committed")), ([0], [0]))
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_of_a_global_state(self):
        self.filtered("users", "orders")
        text = rows("users", True, False) + rows("orders", False, True, True) + h.global_state({"l": 1}, {"users": {}, "orders": {}}, 5)
        result = self.run_sync({"write": text}, flags=PREFIX)
        self.assertEqual(self.counts(), [3])
        self.assertEqual([stream["records_committed"] for stream in result.report["streams"]], [1, 2])
        self.assertEqual(self.mismatches(result), (0, 0))


class SourceCounts(Counted):
    WRONG = (rows("users", True) + h.state("users", {"c": 1}, 1) + rows("users", True) + h.state("users", {"c": 2}, 7)
             + rows("users", True) + h.state("users", {"c": 3}, 1))

    def test_a_wrong_one_is_warned_about(self):
        result = self.run_sync({"write": self.WRONG})
        self.assertEqual(self.mismatches(result), (1, 0))
        self.assertIn(b"the source counts 7 records", result.err)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})
        self.assertEqual(self.counts(), [1, 7, 1])  # what the source says is not ours to change

    def test_or_fails_the_run_before_its_state_is_durable(self):
        result = self.run_sync({"write": self.WRONG}, flags=["--check-counts", "fail"], code=h.SOURCE)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertIn("counts 7 records", result.report["failures"][0]["message"])

    def test_or_fails_the_run_and_no_stream_is_called_complete(self):
        text = rows("users", True) + h.state("users", {"c": 1}, 1000)
        result = self.run_sync({"write": text}, flags=["--check-counts", "fail", "--stream-statuses", "always"], code=h.SOURCE)
        self.assertIn(b'"status":"INCOMPLETE"', self.received())
        self.assertNotIn(b'"status":"COMPLETE"', self.received())
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_no_false_alarm_behind_a_state_that_was_not_forwarded(self):
        unusable = '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_state":{}}}}\n'
        text = rows("users", True) + unusable + rows("users", True) + h.state("users", {"c": 2}, 1)
        result = self.run_sync({"write": text}, flags=["--check-counts", "fail"])
        self.assertEqual(self.mismatches(result), (0, 0))

    def test_or_is_left_alone(self):
        result = self.run_sync({"write": self.WRONG}, flags=["--check-counts", "off"])
        self.assertEqual(self.mismatches(result), (0, 0))
        self.assertNotIn(b"the source counts", result.err)

    def test_of_a_global_state(self):
        self.w.catalog = h.catalog("users", "orders")
        text = rows("users", True) + rows("orders", True) + h.global_state({"l": 1}, {"users": {}, "orders": {}}, 1)
        self.run_sync({"write": text}, flags=["--check-counts", "fail"], code=h.SOURCE)
        self.assertEqual(self.w.exported_state(), [])

    def test_no_false_alarm(self):
        unknown = rows("nobody", True, True)
        cases = {
            "row filters": rows("users", True, False) + h.state("users", {"c": 1}, 2),
            "unknown streams": unknown + rows("users", True) + h.state("users", {"c": 1}, 1) + h.state("nobody", {"c": 1}, 2),
            "global with unknown streams": unknown + rows("users", True) + h.global_state({"l": 1}, {"users": {}}, 3),
            "streams that take turns": rows("users", True) + rows("orders", True, True) + h.state("users", {"c": 1}, 1)
                                       + h.state("orders", {"c": 1}, 2) + h.state("users", {"c": 2}, 0),
            "legacy": rows("users", True) + '{"type":"STATE","state":{"data":{"c":1},"sourceStats":{"recordCount":9}}}\n',
        }
        for name, text in cases.items():
            for ack in ("each", "last"):
                with self.subTest(name, ack=ack):
                    self.fresh()
                    self.filtered("users", "orders")
                    result = self.run_sync({"write": text}, flags=[*PREFIX, "--check-counts", "fail"], ack=ack, code=None)
                    self.assertEqual(self.mismatches(result), (0, 0), str(result))
                    self.assertIn(result.code, (h.OK, h.INCOMPLETE) if ack == "last" else (h.OK,), str(result))


class DestinationCounts(Counted):
    THREE = "".join(rows("users", True, True) + h.state("users", {"c": n}, 2) for n in (1, 2, 3))

    def test_a_wrong_one_is_warned_about(self):
        result = self.run_sync({"write": self.THREE}, stats={"wrong": [1]})
        self.assertEqual(self.mismatches(result), (0, 1))
        self.assertIn(b"with 1 records; it got 2", result.err)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})

    def test_or_fails_the_run_and_nothing_from_there_on_is_durable(self):
        # All acknowledgements come in one write, so the right ones behind the wrong one are at hand at once.
        result = self.run_sync({"write": self.THREE}, flags=["--check-counts", "fail"], ack={"every": 1},
                               stats={"wrong": [1], "at_once": 3}, code=h.DESTINATION)
        self.assertGreaterEqual(result.report["states"]["destination_count_mismatches"], 1)
        self.assertIn(self.w.stream_states(), ({}, {"users": {"c": 1}}))
        self.assertLessEqual(result.report["totals"]["records_committed"], 2)

    def test_what_it_rejected_is_not_committed_and_a_difference(self):
        result = self.run_sync({"write": self.THREE}, stats={"rejected": 1})
        self.assertEqual(self.totals(result, "forwarded", "committed", "rejected"), [6, 3, 3])
        stream = result.report["streams"][0]
        self.assertEqual((stream["records_committed"], stream["records_rejected"]), (3, 3))
        self.assertLess(stream["bytes_committed"], stream["bytes_read"])
        self.assertEqual(self.mismatches(result), (0, 3))
        self.assertIn(b"of whose records it rejected 1 (--check-counts)", result.err)
        self.assertIn(b"3 records rejected by the destination", result.err)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 3}})

    def test_what_it_rejected_fails_the_run_when_counts_do(self):
        self.run_sync({"write": self.THREE}, flags=["--check-counts", "fail"], stats={"rejected": 1}, code=h.DESTINATION)
        self.assertEqual(self.w.stream_states(), {})

    def test_what_it_rejected_of_several_streams_is_in_the_totals_only(self):
        self.w.catalog = h.catalog("users", "orders")
        text = rows("users", True, True) + rows("orders", True, True) + h.global_state({"l": 1}, {"users": {}, "orders": {}})
        result = self.run_sync({"write": text}, stats={"rejected": 3}, flags=["--check-counts", "off"])
        self.assertEqual(self.totals(result, "forwarded", "committed", "rejected"), [4, 1, 3])
        self.assertEqual([row["records_rejected"] for row in result.report["streams"]], [0, 0])
        self.assertEqual(self.mismatches(result), (0, 0))

    def test_no_false_alarm(self):
        self.filtered("users", "orders")
        both = rows("users", True, False, True) + rows("orders", False, True)
        stream = both + h.state("users", {"c": 1}, 3) + h.state("orders", {"c": 1}, 2) + both + h.state("users", {"c": 2}, 3)
        whole = "".join(both + rows("nobody", True) + h.global_state({"l": n}, {"users": {}, "orders": {}}) for n in range(4))
        for text, ack, since in ((stream, "each", "state"), (whole, "each", "state"), (whole, {"every": 2}, "state"),
                                 (whole, {"every": 2}, "ack"), (whole, "last", "state"), (whole, "last", "ack"),
                                 (self.THREE, {"every": 3}, "ack"), (self.THREE, {"every": 3}, "state")):
            with self.subTest(ack=ack, since=since, states=text.count("STATE")):
                self.fresh()
                self.filtered("users", "orders")
                result = self.run_sync({"write": text}, flags=[*PREFIX, "--check-counts", "fail"], ack=ack, stats={"since": since})
                self.assertEqual(self.mismatches(result), (0, 0))
                self.assertGreater(result.report["states"]["committed"], 0)

    def test_mismatches_are_seen_in_global_states_and_states_that_cover_others(self):
        text = "".join(rows("users", True, True) + h.global_state({"l": n}, {"users": {}}) for n in range(4))
        result = self.run_sync({"write": text}, ack={"every": 2}, stats={"since": "ack", "wrong": [0]})
        self.assertEqual(self.mismatches(result), (0, 1))


class MissingStates(Counted):
    def test_a_full_refresh_without_a_state_gets_one(self):
        self.w.catalog = {"streams": [configured("users", "n"), configured("orders"), configured("cursed")]}
        self.w.catalog["streams"][2]["sync_mode"] = "incremental"
        text = h.record("users", {}, "n") * 3 + h.state("orders", {"c": 1}, 0) + h.record("cursed", {})
        result = self.run_sync({"write": text}, flags=[*PREFIX, "--missing-states", "inject"])
        states = [line["state"] for line in self.received_lines() if line["type"] == "STATE"]
        self.assertEqual(len(states), 2)
        self.assertEqual(states[1], {"type": "STREAM", "stream": {"stream_descriptor": {"name": "p_users", "namespace": "n"}, "stream_state": {}},
                                     "sourceStats": {"recordCount": 3}})
        self.assertEqual(result.report["states"]["injected"], 1)
        self.assertEqual(result.report["streams"][0]["records_committed"], 3)
        self.assertEqual(self.w.stream_states(), {"users": {}, "orders": {"c": 1}})

    def test_none_unless_asked_for_nor_after_a_failure_a_loss_or_another_type(self):
        record = h.record("users", {})
        for flags, steps, code in (((), [{"write": record}], h.OK),
                                   (("--missing-states", "inject"), [{"write": record}, {"exit": 3}], h.SOURCE),
                                   (("--missing-states", "inject"), [{"write": record + '{"broken\n'}], h.DATA_LOSS),
                                   (("--missing-states", "inject"), [{"write": record + h.global_state({"l": 1}, {})}], h.OK),
                                   (("--missing-states", "inject", "--record-bytes-max", "20"), [{"write": record}], h.DATA_LOSS)):
            with self.subTest(flags=flags, steps=steps):
                result = self.run_sync(*steps, flags=flags, code=code)
                self.assertEqual(result.report["states"]["injected"], 0)
                self.assertEqual(self.received().count(b'"STREAM"'), 0)

    def test_only_streams_that_the_source_vouches_for_get_one(self):
        records = h.record("users", {}) + h.record("orders", {}) + h.record("cursed", {})
        # What the source says or does behind its records: who still gets a state, the exit code.
        cases = {
            "it ends well": ([], ["users", "orders", "cursed"], h.OK),
            "it leaves a stream incomplete": ([{"write": h.stream_status("users", "INCOMPLETE")}], ["orders", "cursed"], h.SOURCE),
            "it leaves two incomplete": ([{"write": h.stream_status("users", "INCOMPLETE") + h.stream_status("cursed", "INCOMPLETE")}],
                                         ["orders"], h.SOURCE),
            "an error of one stream": ([{"write": h.trace_error("no", "orders")}], ["users", "cursed"], h.SOURCE),
            "an error of a stream and an incomplete other": (
                [{"write": h.trace_error("no", "orders") + h.stream_status("users", "INCOMPLETE")}], ["cursed"], h.SOURCE),
            "an error of no stream": ([{"write": h.trace_error("no")}], [], h.SOURCE),
            "it called all complete and exits with an error": (
                [{"write": "".join(h.stream_status(name, "COMPLETE") for name in ("users", "orders", "cursed"))}, {"exit": 3}], [], h.SOURCE),
            "it dies": ([{"signal": h.KILL}], [], h.SOURCE),
        }
        for what, (behind, injected, code) in cases.items():
            with self.subTest(what):
                self.fresh()
                self.w.catalog = h.catalog("users", "orders", "cursed")
                result = self.run_sync({"write": records}, *behind, flags=["--missing-states", "inject"], code=code)
                states = [line["state"]["stream"]["stream_descriptor"]["name"] for line in self.received_lines() if line["type"] == "STATE"]
                self.assertEqual(states, injected, str(result))
                self.assertEqual(result.report["states"]["injected"], len(injected))
                self.assertEqual(self.w.stream_states(), {name: {} for name in injected})
                self.assertEqual(result.report["totals"]["records_forwarded"], 3)  # they went all the same


class Endings(Counted):
    """Whatever happens in mid-run, the counts add up: exit 1 is never the answer."""

    FLAGS = [*PREFIX, "--record-bytes-max", "1500", "--on-oversize-record", "null", "--validate-schema", "sampled"]

    def text(self, random_, rounds):
        lines = []
        for turn in range(rounds):
            for _ in range(random_.randrange(40)):
                lines.append(h.record(random_.choice(("users", "orders")), {
                    "id": turn, "keep": random_.random() < 0.6, "text": "x" * random_.randrange(2000)}))
            name = random_.choice(("users", "orders"))
            lines.append(h.state(name, {"c": turn}))
        return "".join(lines)

    def assert_adds_up(self, result):
        for stream in [*result.report["streams"], result.report["totals"]]:
            read, forwarded, filtered, lost = (stream["records_" + key] for key in ("read", "forwarded", "filtered", "lost"))
            self.assertLessEqual(forwarded + filtered + lost, read, str(result))
            self.assertLessEqual(max(forwarded, filtered, lost), read, str(result))
            self.assertLessEqual(stream["records_committed"], forwarded, str(result))
        self.assertNotEqual(result.code, h.INTERNAL, str(result))

    def test_a_destination_that_dies(self):
        random_ = random.Random(h.seed())
        for turn in range(8):
            with self.subTest(turn=turn):
                self.fresh()
                self.filtered("users", "orders")
                text = self.text(random_, 40)
                kept = sum(1 for line in text.splitlines() if '"keep": false' not in line)
                line = random_.randrange(1, kept // 2)
                result = self.run_sync({"file": self.w.write("text", text)}, flags=self.FLAGS, code=h.DESTINATION,
                                       hold=[{"line": line, "do": [{"exit": 5}]}])
                self.assert_adds_up(result)
                # What arrived is a beginning of what should: each record kept, under its new name.
                whole = self.received().rpartition(b"\n")[0].splitlines()
                self.assertGreaterEqual(len(whole), line)
                self.assertNotIn(b'"keep": false', self.received())

    def test_a_stalled_destination_and_signals(self):
        for signals in (1, 2):
            with self.subTest(signals=signals):
                self.fresh()
                self.filtered("users", "orders")
                text = self.text(random.Random(h.seed()), 200)
                self.w.source["read"] = [{"file": self.w.write("text", text)}, {"touch": self.w.path("written")}]
                self.w.destination["write"] = {"save": self.w.path("received"), "hold": [
                    {"line": 20, "do": [{"ignore": "SIGTERM"}, {"touch": self.w.path("stalled")}, {"hang": True}]}]}
                running = self.w.start_sync(*self.FLAGS, "--abort-drain", "1s")
                h.wait_for_file(self.w.path("stalled"), running)
                for _ in range(signals):
                    running.signal(h.TERM)
                result = running.wait()
                self.assert_exit(result, 128 + h.TERM)
                self.assert_adds_up(result)
                self.assertGreater(result.report["totals"]["records_read"], 0)

    def test_a_source_that_dies(self):
        self.filtered("users", "orders")
        text = self.text(random.Random(h.seed()), 20)
        result = self.run_sync({"write": text + '{"type":"RECORD"'}, {"signal": 9}, flags=self.FLAGS, code=None)
        self.assertIn(result.code, (h.SOURCE, h.DATA_LOSS))
        self.assert_adds_up(result)
        totals = result.report["totals"]
        self.assertEqual(totals["records_forwarded"] + totals["records_filtered"], totals["records_read"])
        self.assertEqual(totals["records_read"], text.count('"RECORD"'))


if __name__ == "__main__":
    h.main()
