"""How syncs end: exit codes, what arrived, what was checkpointed, and what the report says about it.

Contract section 2, decisions 13, 14 and edge rule 4. Signals and deadlines are in deadlines_test.
"""

import json
import os
import random
import shutil

from tests.e2e import harness as h
from tests.e2e.routing_case import BULK, USERS_1, USERS_2, RoutingCase


class TheSourceFails(RoutingCase):
    def test_half_way_everything_it_wrote_arrives_and_its_error_is_the_failure(self):
        result = self.run_sync(
            {"write": USERS_1 + h.state("users", {"c": 1}, 1) + USERS_2 + h.state("users", {"c": 2}, 1) + USERS_1},
            {"write": h.trace_error("The API said no.", stream="users", kind="transient_error")}, {"exit": 1},
            code=h.SOURCE)
        self.assertEqual(self.received().count(b"RECORD"), 3)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 2}})
        failure = self.assert_failure(result, "source", "The API said no.")
        self.assertEqual((failure["type"], failure["internal_message"]), ("transient_error", "internal detail"))
        self.assertEqual(failure["stream"]["name"] if isinstance(failure["stream"], dict) else failure["stream"], "users")
        self.assertEqual(result.report["source"]["exit_code"], 1)
        self.assertEqual(result.report["totals"]["records_committed"], 2)
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_the_next_run_resumes_from_the_checkpoint(self):
        self.run_sync({"write": USERS_1 + h.state("users", {"c": 1})}, {"exit": 1}, code=h.SOURCE)
        self.run_sync({"write": USERS_2 + h.state("users", {"c": 2})})
        given = self.w.given("source", "read", "state")
        self.assertEqual([element["stream"]["stream_state"] for element in given], [{"c": 1}])
        self.assertEqual(given[0]["type"], "STREAM")

    def test_killed_by_a_signal(self):
        result = self.run_sync({"write": USERS_1}, {"signal": 9}, code=h.SOURCE)
        self.assertEqual(result.report["source"]["signal"], 9)
        self.assertEqual(self.received(), USERS_1.encode())

    def test_a_trace_error_with_exit_0_is_a_failure(self):
        result = self.run_sync({"write": USERS_1 + h.trace_error("half done") + USERS_2}, code=h.SOURCE)
        self.assert_failure(result, "source", "half done")
        self.assertEqual(self.received().count(b"RECORD"), 2)  # routing went on

    def test_a_stream_that_it_calls_incomplete(self):
        self.w.catalog = h.catalog("users", "orders", generations=True)
        result = self.run_sync({"write": USERS_1 + h.stream_status("users", "INCOMPLETE")
                                + h.stream_status("orders", "COMPLETE")}, code=h.SOURCE)
        statuses = {line["trace"]["stream_status"]["stream_descriptor"]["name"]: line["trace"]["stream_status"]["status"]
                    for line in self.received_lines() if line["type"] == "TRACE"}
        self.assertEqual(statuses, {"users": "INCOMPLETE", "orders": "COMPLETE"})
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_complete_does_not_take_incomplete_back(self):
        self.w.catalog = h.catalog("users", generations=True)
        result = self.run_sync({"write": USERS_1 + h.stream_status("users", "INCOMPLETE")
                                + h.stream_status("users", "COMPLETE")}, code=h.SOURCE)
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_a_failed_connection_status(self):
        self.run_sync({"write": h.line("CONNECTION_STATUS", "connectionStatus", {"status": "FAILED", "message": "m"})},
                      code=h.SOURCE)

    def test_mixed_state_types_are_a_protocol_violation(self):
        self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)}, {"write": h.global_state({"g": 1}, {}, 0)},
                      {"write": h.state("users", {"c": 2}, 0)}, code=h.SOURCE)
        # What was acknowledged stays, of the first type only; how much of it was written is a matter of chance.
        self.assertIn(self.w.exported_state(), ([], [self.stream_element({"c": 1})], [self.stream_element({"c": 2})]))

    def stream_element(self, blob):
        return {"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": blob}}

    def test_a_source_that_cannot_be_started(self):
        flags = self.w.prepare()
        flags[flags.index("--source") + 1] = "/nonexistent/connector"
        result = self.w.sync(prepared=flags)
        self.assertIn(result.code, (h.USAGE, h.SOURCE), str(result))


class TheDestinationFails(RoutingCase):
    def test_its_own_error_comes_first_and_the_checkpoint_is_the_last_acknowledged_state(self):
        result = self.run_sync(
            {"write": USERS_1 + h.state("users", {"c": 1}, 1)}, BULK, {"write": h.state("users", {"c": 2}, 1)},
            hold=[{"line": 100, "do": [{"write": h.trace_error("Disk full.", kind="config_error")}, {"exit": 1}]}],
            code=h.DESTINATION)
        failure = self.assert_failure(result, "destination", "Disk full.")
        self.assertEqual(failure["type"], "config_error")
        self.assertEqual(result.report["destination"]["exit_code"], 1)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertEqual(result.report["totals"]["records_committed"], 1)

    def test_it_crashes_right_after_an_acknowledgement(self):
        self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)}, BULK,
                      hold=[{"line": 2, "do": [{"signal": 9}]}], code=h.DESTINATION)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_it_exits_0_before_its_input_ends(self):
        self.run_sync(BULK, hold=[{"line": 5, "do": [{"exit": 0}]}], code=h.DESTINATION)

    def leaves(self, *lines, reads=300, code=h.DESTINATION):
        # It reads so much, waits until its input has been written and closed, and exits 0.
        return self.run_sync({"write": "".join(lines)}, before=[{"take": reads}, {"await_end": True}, {"exit": 0}], code=code)

    def test_it_exits_0_and_leaves_input_in_the_pipe(self):
        self.w.catalog = h.catalog("users", "orders")
        result = self.leaves(USERS_1 * 500)
        failure = result.report["failures"][0]
        self.assertEqual(failure["origin"], "destination")
        self.assertEqual(failure["message"], "the destination ended well, but left %d bytes of its input unread: it does not "
                         "have all records" % (500 * len(USERS_1) - 300))
        self.assertEqual([row["status"] for row in result.report["streams"]], ["incomplete", "not_started"])
        self.assertEqual(result.report["totals"]["records_forwarded"], 500)

    def test_it_exits_0_and_leaves_states_too(self):
        result = self.leaves(USERS_1, h.state("users", {"c": 1}, 1), reads=10)
        self.assertEqual(len(result.report["failures"]), 1)
        self.assertEqual(self.w.stream_states(), {})

    def test_it_exits_0_and_leaves_the_final_statuses(self):
        self.w.catalog = h.catalog("users", generations=True)
        self.leaves(USERS_1, reads=len(USERS_1))

    def test_one_that_took_all_and_closed_its_input_is_fine(self):
        self.run_sync({"write": USERS_1 * 50}, before=[{"take": -1}, {"close": "stdin"}, {"exit": 0}])

    def test_what_is_unread_is_of_no_interest_when_it_failed_anyhow(self):
        result = self.run_sync({"write": USERS_1 * 50}, before=[{"await_end": True}, {"exit": 5}], code=h.DESTINATION)
        self.assertEqual(len(result.report["failures"]), 1)

    def test_acknowledgements_of_states_that_nobody_sent_are_named(self):
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1234567890123456789}, 1)}, spell="wrong",
                               code=h.INCOMPLETE)
        self.assertIn("1 acknowledgements came that match no state it was sent, the first for stream users",
                      result.report["failures"][0]["message"])
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_a_stream_is_complete_when_its_own_states_are_acknowledged(self):
        self.w.catalog = h.catalog("users", "orders")
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1) + h.state("orders", {"c": 1}, 0)},
                               ack={"only": [0]}, code=h.INCOMPLETE)
        self.assertEqual([row["status"] for row in result.report["streams"]], ["complete", "incomplete"])

    def test_no_stream_is_complete_when_the_destination_failed_at_its_end(self):
        result = self.run_sync({"write": USERS_1}, at_end=[{"exit": 3}], code=h.DESTINATION)
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_it_fails_at_the_end(self):
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)}, at_end=[{"exit": 3}],
                               code=h.DESTINATION)
        self.assertEqual(result.report["destination"]["exit_code"], 3)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_a_trace_error_with_exit_0_is_a_failure(self):
        result = self.run_sync({"write": USERS_1}, at_end=[{"write": h.trace_error("not all rows")}], code=h.DESTINATION)
        self.assert_failure(result, "destination", "not all rows")

    def test_it_closes_its_input_and_stays(self):
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)}, BULK,
                               hold=[{"line": 3, "do": [{"close": "stdin"}, {"write": h.trace_error("gave up")},
                                                        {"exit": 7}]}], code=h.DESTINATION)
        self.assert_failure(result, "destination", "gave up")

    def test_records_and_garbage_from_it_are_counted_never_fatal(self):
        self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)},
                      before=[{"write": USERS_1 + "{\"type\":\"REC\nwords\n\n"}])
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_a_destination_that_talks_a_lot_before_it_reads_is_no_deadlock(self):
        self.run_sync(BULK, {"write": h.state("users", {"c": 1})}, before=[{"repeat": h.log("chat " * 20), "bytes": 2_000_000}])
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})


class EarlyExits(RoutingCase):
    """Both peers, at bytes of a short stream: line ends and some others, or at every byte (SHUNT_EVERY_BYTE=1)."""
    STREAM = USERS_1 + h.state("users", {"c": 1}, 1) + USERS_2

    def bytes_to_end_at(self):
        size = len(self.STREAM)
        if os.environ.get("SHUNT_EVERY_BYTE"):
            return range(size + 1)
        ends = {at + 1 for at, letter in enumerate(self.STREAM) if letter == "\n"}
        return sorted({0, 1, *ends, *(end - 1 for end in ends), *random.Random(1).sample(range(size), 4)})

    def test_the_source(self):
        for at in self.bytes_to_end_at():
            with self.subTest(at=at):
                whole = at == 0 or "\n" in self.STREAM[at - 1:at + 1]  # a last line may lack its newline
                result = self.run_sync({"write": self.STREAM[:at]}, {"exit": 0}, code=h.OK if whole else h.DATA_LOSS)
                lines = self.STREAM[:at + 1 if whole else at].splitlines(keepends=True)
                self.assertEqual(self.received().decode(), "".join(line for line in lines if line.endswith("\n")))
                self.assertEqual(result.report["totals"]["records_forwarded"], self.received().count(b"RECORD"))

    def test_the_destination(self):
        for at in self.bytes_to_end_at():
            with self.subTest(at=at):
                result = self.run_sync({"write": self.STREAM}, before=[{"take": at}, {"await_end": True}, {"exit": 0}],
                                       code=h.DESTINATION if at < len(self.STREAM) else h.INCOMPLETE)
                self.assertEqual(result.report["states"]["committed"], 0)
                self.assertEqual(result.report["streams"][0]["status"], "incomplete")


class FinalStatuses(RoutingCase):
    def statuses(self):
        return [(line["trace"]["stream_status"]["stream_descriptor"]["name"], line["trace"]["stream_status"]["status"])
                for line in self.received_lines() if line["type"] == "TRACE"]

    def test_complete_for_all_when_all_went_well_and_the_catalog_has_generations(self):
        self.w.catalog = h.catalog("users", "orders", generations=True)
        result = self.run_sync({"write": USERS_1})
        self.assertEqual(sorted(self.statuses()), [("orders", "COMPLETE"), ("users", "COMPLETE")])
        self.assertEqual(self.received_lines()[0], json.loads(USERS_1))  # statuses come last
        self.assertEqual({row["status"] for row in result.report["streams"]}, {"complete"})

    def test_incomplete_for_all_when_the_source_fails(self):
        self.w.catalog = h.catalog("users", "orders", generations=True)
        self.run_sync({"write": USERS_1}, {"exit": 1}, code=h.SOURCE)
        self.assertEqual(sorted(self.statuses()), [("orders", "INCOMPLETE"), ("users", "INCOMPLETE")])

    def test_incomplete_for_all_after_a_loss(self):
        self.w.catalog = h.catalog("users", generations=True)
        self.run_sync({"write": USERS_1 + USERS_2[:-5] + "\n"}, code=h.DATA_LOSS)
        self.assertEqual(self.statuses(), [("users", "INCOMPLETE")])

    def test_incomplete_for_the_stream_that_an_error_names(self):
        self.w.catalog = h.catalog("users", "orders", generations=True)
        self.run_sync({"write": USERS_1 + h.trace_error("e", stream="orders")}, code=h.SOURCE)
        self.assertEqual(sorted(self.statuses()), [("orders", "INCOMPLETE"), ("users", "COMPLETE")])

    def test_incomplete_for_all_after_a_failed_check(self):
        self.w.catalog = h.catalog("users", generations=True)
        self.run_sync({"write": h.line("CONNECTION_STATUS", "connectionStatus", {"status": "FAILED"}) + USERS_1},
                      code=h.SOURCE)
        self.assertEqual(self.statuses(), [("users", "INCOMPLETE")])

    def test_none_without_generations_unless_always_and_none_with_never(self):
        self.run_sync({"write": USERS_1})
        self.assertEqual(self.statuses(), [])
        self.run_sync({"write": USERS_1}, flags=["--stream-statuses", "always"])
        self.assertEqual(self.statuses(), [("users", "COMPLETE")])
        self.w.catalog = h.catalog("users", generations=True)
        self.run_sync({"write": USERS_1}, flags=["--stream-statuses", "never"])
        self.assertEqual(self.statuses(), [])


class Loss(RoutingCase):
    def test_a_truncated_last_line_taints(self):
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1) + USERS_2[:30]}, code=h.DATA_LOSS)
        self.assertEqual(result.report["lines"]["malformed"], 1)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_with_fail_it_stops_at_once(self):
        self.run_sync({"write": USERS_1 + "{\"type\":\"RECORD\",\n"}, {"hang": True}, flags=["--on-malformed", "fail"],
                      code=h.DATA_LOSS)

    # Whatever was read together with the line that ends the run: nothing behind it goes out.
    def assert_nothing_behind(self, fault, flags, code, before=USERS_1 * 5):
        behind = (USERS_2 + h.state("users", {"c": 9}, 1)) * 4000
        for threads in "inline", "compact", "auto", "dedicated":
            with self.subTest(fault=fault[:40], threads=threads):
                result = self.run_sync({"write": before + fault + behind}, flags=[*flags, "--threads", threads], code=code)
                received = self.received()
                self.assertTrue(before.encode().startswith(received), received[-300:])
                self.assertTrue(received == b"" or received.endswith(b"\n"))
                self.assertEqual(result.report["totals"]["records_forwarded"], received.count(b'"RECORD"'))
                self.assertEqual(result.report["states"]["forwarded"], received.count(b'"STATE"'))
                self.assertNotEqual(result.report["streams"][0]["status"], "complete")

    def test_an_abort_forwards_nothing_behind_the_line_that_caused_it(self):
        self.assert_nothing_behind('{"type":"RECORD",\n', ["--on-malformed", "fail"], h.DATA_LOSS)
        self.assert_nothing_behind(h.record("ghost", {}), ["--on-unknown-stream", "fail"], h.SOURCE)
        self.assert_nothing_behind(h.record("users", {"x": "y" * 5000}), ["--record-bytes-max", "1000",
                                                                          "--on-oversize-record", "fail"], h.DATA_LOSS)
        self.assert_nothing_behind(h.global_state({"g": 1}, {}, 0), [], h.SOURCE,
                                   before=USERS_1 * 5 + h.state("users", {"c": 1}, 5))
        self.assert_nothing_behind("x" * 70_000 + h.record("users", {"x": "y" * 5000}),
                                   ["--line-bytes-max", "66000", "--on-malformed", "fail"], h.DATA_LOSS)

    def test_a_line_over_the_limit_is_malformed_and_one_at_the_limit_is_not(self):
        fits = h.record("users", {"text": ""})
        fits = fits.replace('""', '"%s"' % ("x" * (100_000 - len(fits))))
        self.assertEqual(len(fits), 100_000)
        self.run_sync({"write": fits}, flags=["--line-bytes-max", "100000"])
        self.assertEqual(self.received(), fits.encode())
        self.run_sync({"write": USERS_1 + fits.replace("xxx", "xxxx", 1) + USERS_2}, flags=["--line-bytes-max", "100000"],
                      code=h.DATA_LOSS)
        self.assertEqual(self.received(), (USERS_1 + USERS_2).encode())

    def test_content_of_a_malformed_line_is_never_shown(self):
        result = self.run_sync({"write": '{"type":"RECORD","record":{"CANARY\n'}, flags=["--verbose"], code=h.DATA_LOSS)
        self.assert_secretless(result, "CANARY")

    def test_a_log_over_several_lines_is_text_and_a_record_over_several_lines_is_malformed(self):
        log = '{\n  "level": "info",\n  "message": "hello"\n}\n[\n  1\n]\n'
        good = USERS_1 + h.state("users", {"c": 1}, 1)
        result = self.run_sync({"write": log + good})
        self.assertEqual((result.report["lines"]["text"], result.report["lines"]["malformed"]), (7, 0))
        self.assertEqual(self.received(), good.encode())
        pretty = json.dumps({"type": "RECORD", "record": {"stream": "users", "data": {"id": "CANARY"}}}, indent=2) + "\n"
        result = self.run_sync({"write": good + pretty + h.state("users", {"c": 2}, 0)}, flags=["--verbose"],
                               code=h.DATA_LOSS)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertEqual(result.report["lines"]["malformed"], 1)
        self.assertIn(b"line 4 is of a message that is printed over several lines", result.err)
        self.assert_secretless(result, "CANARY")

    def test_unknown_streams_are_dropped_or_fail(self):
        result = self.run_sync({"write": h.record("ghost", {}) * 3 + USERS_1})
        self.assertEqual(result.report["unknown_streams"], [{"name": "ghost", "namespace": None, "records": 3, "states": 0}])
        self.assertEqual(result.report["totals"]["records_dropped"], 3)
        self.assertIn(b"3 records of streams that the catalog lacks were dropped: ghost", result.err)
        self.assertEqual([(failure["type"], failure["stream"]["name"]) for failure in result.report["failures"]],
                         [("config_error", "ghost")])
        self.run_sync({"write": h.record("ghost", {})}, {"hang": True}, flags=["--on-unknown-stream", "fail"], code=h.SOURCE)

    def test_states_of_unknown_streams_are_dropped_as_their_records_are(self):
        """A source that leaves out the namespace: a later run must not resume behind rows that nobody has."""
        self.w.catalog = h.catalog(("users", "shop"))
        good = h.record("users", {"id": 1}, "shop") + h.state("users", {"c": 1}, 1, "shop")
        result = self.run_sync({"write": USERS_1 + USERS_2 + h.state("users", {"c": 2}, 2) + good})
        self.assertEqual(self.received(), good.encode())
        self.assertEqual([element["stream"]["stream_descriptor"] for element in self.w.exported_state()],
                         [{"name": "users", "namespace": "shop"}])
        self.assertEqual(result.report["unknown_streams"],
                         [{"name": "users", "namespace": None, "records": 2, "states": 1}])
        self.assertEqual(result.report["states"]["forwarded"], 1)
        said = "2 records and 1 state of streams that the catalog lacks were dropped: users (did you mean shop.users?)"
        failure = self.assert_failure(result, "source", said)
        self.assertEqual(failure["type"], "config_error")
        self.assertIn(said.encode(), result.err)
        self.assertIn(b"line 1: stream users is not in the catalog (did you mean shop.users?); its records and states",
                      result.err)
        self.run_sync({"write": h.state("users", {"c": 2})}, {"hang": True}, flags=["--on-unknown-stream", "fail"],
                      code=h.SOURCE)

    def test_a_global_state_is_one_unit_and_goes_on(self):
        both = h.global_state({"lsn": 1}, {"users": {"c": 1}, "ghost": {"c": 2}}, 1)
        result = self.run_sync({"write": h.record("ghost", {}) + USERS_1 + both})
        self.assertEqual(self.received(), (USERS_1 + both).encode())
        self.assertIn("reset them", result.report["failures"][0]["message"])

    def test_messages_of_unknown_types_are_named_once_with_their_count(self):
        small = USERS_1.replace("RECORD", "record")
        result = self.run_sync({"write": small * 3 + '{"type":"BATCH"}\n'})
        self.assertEqual(result.report["unknown_types"], [{"origin": "source", "type": "BATCH", "count": 1},
                                                          {"origin": "source", "type": "record", "count": 3}])
        self.assertEqual(result.report["lines"]["other"], 4)
        self.assert_failure(result, "source", "the source sent 4 messages of types that are not known, and no record or "
                            "state at all: 'BATCH' (1), 'record' (3, did you mean 'RECORD'?)")
        self.assertEqual(result.err.count(b"messages of the type 'record' are not known (did you mean 'RECORD'?)"), 1)
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)})
        self.assertEqual((result.report["unknown_types"], result.report["failures"]), ([], []))


class TheStoreFails(RoutingCase):
    def test_a_checkpoint_that_cannot_be_made_durable(self):
        os.mkdir(self.w.path("db"))
        self.w.store = "sqlite:" + self.w.path("db", "store.db")
        self.w.source["read"] = [{"write": USERS_1}, {"touch": self.w.path("reading")}, {"await": self.w.path("go")},
                                 {"write": h.state("users", {"c": 1})}]
        running = self.w.start_sync()
        self.release_at_the_end(self.w.path("go"))
        h.wait_for_file(self.w.path("reading"), running)
        shutil.rmtree(self.w.path("db"))
        h.touch(self.w.path("go"))
        result = running.wait()
        self.assert_exit(result, h.STORE)
        self.assertEqual(result.report["states"]["committed"], 0)

    def test_a_store_that_cannot_be_opened(self):
        self.w.write("file", b"")
        self.w.store = "sqlite:" + self.w.path("file", "store.db")
        result = self.w.sync()
        self.assertIn(result.code, (h.USAGE, h.STORE), str(result))
        self.assertEqual(self.w.started("source", "read"), 0)

    def test_a_file_that_is_no_database_is_refused_and_kept(self):
        self.w.write("store.db", b"not a database at all, but something precious" * 100)
        result = self.w.sync()
        self.assertIn(result.code, (h.USAGE, h.STORE), str(result))
        self.assertTrue(h.read_bytes(self.w.path("store.db")).startswith(b"not a database"))


if __name__ == "__main__":
    h.main()
