"""The built-in connectors alone, by the protocol's verbs (contract section 5)."""

import json
import os

from tests.cli.program import CATALOG, ProgramTest, main


def payloads(messages, kind):
    """The payload of every message of one type: payloads(m, "RECORD") -> [record, ...]."""
    return [message[kind.lower()] for message in messages if message["type"] == kind]


class SourceTest(ProgramTest):
    def call(self, verb, config, state=None, code=0):
        args = ["connector", "source", verb, "--config", self.write("s.json", config)]
        if verb == "read":
            args += ["--catalog", self.write("catalog.json", CATALOG)]
        if state is not None:
            args += ["--state", self.write("state.json", state)]
        result = self.shunt(*args)
        self.assertEqual(code, result.code, result.err)
        return result

    def read(self, config, state=None, code=0):
        return self.call("read", config, state, code).messages()

    def records(self, config, state=None):
        return [(r["stream"], r["data"]["id"]) for r in payloads(self.read(config, state), "RECORD")]

    def test_spec_marks_the_secret(self):
        spec = self.shunt("connector", "source", "spec").messages()[0]["spec"]["connectionSpecification"]
        self.assertTrue(spec["properties"]["refresh_token"]["airbyte_secret"])
        for key in ("records", "streams", "record_bytes", "state_every", "state_type", "seed", "rows_per_second",
                    "rotate_token_every"):
            self.assertIn(key, spec["properties"])

    def test_check_says_what_is_wrong_with_a_config_and_ends_with_0(self):
        good = self.call("check", {"records": 5}).messages()[0]["connectionStatus"]
        self.assertEqual("SUCCEEDED", good["status"])
        bad = self.call("check", {"records": "five"}).messages()[0]["connectionStatus"]
        self.assertEqual("FAILED", bad["status"])
        self.assertIn("records", bad["message"])
        self.assertIn("state_type", self.call("check", {"state_type": "SOME"}).out)

    def test_discover_lists_the_streams(self):
        catalog = self.call("discover", {"streams": 9}).messages()[0]["catalog"]
        names = [stream["name"] for stream in catalog["streams"]]
        self.assertEqual(["customers", "orders"], names[:2])
        self.assertEqual("stream_9", names[8])
        self.assertIn("properties", catalog["streams"][0]["json_schema"])

    def test_the_same_seed_makes_the_same_records_and_lines_have_their_size(self):
        config = {"records": 20, "seed": 7, "record_bytes": 700}
        lines = [line for line in self.call("read", config).lines() if '"RECORD"' in line]
        self.assertEqual(40, len(lines))
        self.assertEqual({700}, {len(line.encode()) + 1 for line in lines})
        self.assertEqual(lines, [line for line in self.call("read", config).lines() if '"RECORD"' in line])
        other = self.call("read", {**config, "seed": 8}).lines()
        self.assertNotEqual(lines, [line for line in other if '"RECORD"' in line])

    def test_only_streams_of_the_catalog_are_read(self):
        self.assertEqual({"customers", "orders"}, {stream for stream, _ in self.records({"records": 2, "streams": 5})})

    def test_states_of_every_type_resume_where_they_stand(self):
        full = self.records({"records": 10, "state_every": 4})
        for kind in ("STREAM", "GLOBAL", "LEGACY"):
            with self.subTest(kind=kind):
                config = {"records": 6, "state_every": 4, "state_type": kind}
                states = payloads(self.read(config), "STATE")
                self.assertEqual({kind}, {state["type"] for state in states})
                last = states if kind == "STREAM" else states[-1:]
                rest = self.records({**config, "records": 10}, last)
                self.assertEqual(sorted(full[0:0] + [(s, i) for s, i in full if i > 6]), sorted(rest))

    def test_state_counts_are_exact(self):
        for state in payloads(self.read({"records": 10, "state_every": 4}), "STATE"):
            self.assertIn(state["sourceStats"]["recordCount"], (4.0, 2.0))

    def test_a_token_rotation_is_a_whole_config_with_a_new_secret(self):
        config = {"records": 10, "rotate_token_every": 8, "refresh_token": "first"}
        controls = payloads(self.read(config), "CONTROL")
        self.assertEqual(2, len(controls))
        tokens = [control["connectorConfig"]["config"]["refresh_token"] for control in controls]
        self.assertEqual(3, len({"first", *tokens}))
        self.assertEqual(10, controls[0]["connectorConfig"]["config"]["records"])
        self.assertLess(controls[0]["emitted_at"], controls[1]["emitted_at"])

    def test_it_fails_when_told_to_with_the_error_in_a_trace(self):
        messages = self.read({"records": 10, "fail_after": 7}, code=1)
        self.assertEqual(7, len(payloads(messages, "RECORD")))
        error = payloads(messages, "TRACE")[-1]["error"]
        self.assertEqual("transient_error", error["failure_type"])
        bad = self.read({"records": -1}, code=1)
        self.assertEqual("config_error", payloads(bad, "TRACE")[0]["error"]["failure_type"])

    def test_streams_tell_how_they_are(self):
        statuses = [(t["stream_status"]["stream_descriptor"]["name"], t["stream_status"]["status"])
                    for t in payloads(self.read({"records": 2}), "TRACE")]
        self.assertEqual(["STARTED", "RUNNING", "COMPLETE"], [s for name, s in statuses if name == "orders"])


class DestinationTest(ProgramTest):
    def call(self, verb, config, lines=(), code=0, mode="append"):
        catalog = json.loads(json.dumps(CATALOG))
        for stream in catalog["streams"]:
            stream["destination_sync_mode"] = mode
        args = ["connector", "destination", verb, "--config", self.write("d.json", config)]
        if verb == "write":
            args += ["--catalog", self.write("catalog.json", catalog)]
        result = self.shunt(*args, stdin="".join(line + "\n" for line in lines).encode())
        self.assertEqual(code, result.code, result.out + result.err)
        return result

    @staticmethod
    def record(stream, number, **more):
        return json.dumps({"type": "RECORD", "record": {"stream": stream, "data": {"n": number}, "emitted_at": 1, **more}})

    @staticmethod
    def state(number):
        return json.dumps({"type": "STATE", "state": {"type": "STREAM", "extra": number, "stream": {
            "stream_descriptor": {"name": "orders"}, "stream_state": {"n": number}}}})

    def test_records_become_lines_per_stream_and_states_come_back_as_they_were(self):
        lines = [self.record("orders", 1), self.state(1), self.record("customers", 2, namespace="sales"),
                 self.record("orders", 3), self.state(2)]
        result = self.call("write", {"path": "out"}, lines)
        self.assertEqual([lines[1], lines[4]], [line for line in result.lines() if '"STATE"' in line])
        self.assertEqual('{"n": 1}\n{"n": 3}\n', self.read("out/orders.jsonl"))
        self.assertEqual('{"n": 2}\n', self.read("out/sales.customers.jsonl"))

    def test_it_appends_or_overwrites_as_the_catalog_says(self):
        for mode, expected in (("append", 2), ("append", 4), ("overwrite", 2)):
            self.call("write", {"path": "out"}, [self.record("orders", i) for i in range(2)], mode=mode)
            self.assertEqual(expected, len(self.read("out/orders.jsonl").splitlines()), mode)

    def test_names_cannot_leave_the_directory(self):
        self.call("write", {"path": "out"}, [self.record("../../x y", 1), self.record(".", 2)])
        self.assertEqual('{"n": 1}\n', self.read("out/%2E.%2F..%2Fx%20y.jsonl"))

    def test_long_names_get_files_of_their_own(self):
        names = ["x" * 300, "x" * 299 + "y", "\u6f22" * 90, "a" * 200, "b" * 201]
        self.call("write", {"path": "out"}, [self.record(name, i) for i, name in enumerate(names)] * 2)
        files = sorted(os.listdir(self.path("out")))
        self.assertEqual(len(names), len(files))
        self.assertTrue(all(len(name) < 256 and name.endswith(".jsonl") for name in files), files)
        self.assertEqual({'{"n": %d}\n' % i * 2 for i in range(len(names))}, {self.read("out/" + name) for name in files})
        self.assertIn("a" * 200 + ".jsonl", files)

    def test_discard_keeps_nothing_and_still_acknowledges(self):
        result = self.call("write", {"mode": "discard"}, [self.record("orders", 1), self.state(1)])
        self.assertIn(self.state(1), result.lines())
        self.assertIn("wrote 1 records", result.out)

    def test_stream_statuses_are_fine_and_any_other_message_is_an_error(self):
        status = {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": {
            "stream_descriptor": {"name": "orders"}, "status": "COMPLETE"}}}
        self.call("write", {"mode": "discard"}, [json.dumps(status)])
        for line in ('{"type":"CONTROL","control":{}}', '{"type":"LOG","log":{}}', "text", "{}"):
            with self.subTest(line=line):
                result = self.call("write", {"mode": "discard"}, [line], code=1)
                self.assertEqual("ERROR", result.messages()[-1]["trace"]["type"])

    def test_it_fails_when_told_to(self):
        lines = [self.record("orders", i) for i in range(5)]
        result = self.call("write", {"path": "out", "fail_after": 3}, lines, code=1)
        self.assertIn("fail_after", result.messages()[-1]["trace"]["error"]["message"])
        self.call("write", {"mode": "discard", "fail_after": 5}, lines)

    def test_check_needs_a_directory_unless_it_discards(self):
        self.assertIn("FAILED", self.call("check", {}).out)
        self.assertIn("SUCCEEDED", self.call("check", {"path": "new/folder"}).out)
        self.assertIn("SUCCEEDED", self.call("check", {"mode": "discard"}).out)


if __name__ == "__main__":
    main()
