"""Real sources of Airbyte's CDK in two of its major versions, into a destination on the newer one.

Called by tests/interop/run, which installs them. Every record arrives byte for byte, the states are those of the source,
a second run resumes, and shunt finds nothing to complain about.
"""

import json
import os
import shlex
import unittest

from tests.e2e import harness as h
from tests.interop import interop_case as c

PRODUCTS = 100  # of source-faker, whatever its `count`


class CdkCase(c.InteropCase):
    def setUp(self):
        super().setUp()
        self.rows = self.w.path("rows")
        os.mkdir(self.rows)
        self.w.destination_config = {"directory": self.rows}

    def sync(self, source, *flags):
        return self.start_tee(source, c.CDK_DESTINATION, *flags).wait()

    def written(self, stream):
        """The rows that the destination has put into the file of a stream."""
        with open(os.path.join(self.rows, stream + ".jsonl"), "rb") as rows:
            return rows.read().splitlines()

    def has_rows(self, stream):
        path = os.path.join(self.rows, stream + ".jsonl")
        return os.path.exists(path) and os.path.getsize(path) > 0

    def last_states(self):
        """{stream: blob} as the source printed them last."""
        states = [json.loads(line)["state"]["stream"] for line in c.lines_of(self.w.path("source.bytes"), "STATE")]
        return {state["stream_descriptor"]["name"]: state["stream_state"] for state in states}


@unittest.skipUnless(c.HARDCODED, "requirements.txt is not installed")
class HardcodedRecords(CdkCase):
    """The source of Airbyte's own benchmarks: full refresh, one state at the end of each stream."""

    def test_many_records_arrive_and_a_second_run_overwrites_them(self):
        count = 10000
        self.w.source_config = {"count": count}
        self.discover([c.HARDCODED])
        for start in (b"starts from the beginning", b"resumes from 3 STREAM states"):
            result = self.sync([c.HARDCODED])
            self.assert_good(result)
            self.assertIn(start, result.err)
            self.assert_byte_exact()
            self.assert_counts(result.report, dict.fromkeys(("products", "customers", "dummy_fields"), count))
            self.assertEqual(result.report["states"]["committed"], 3)
            self.assertEqual(result.report["states"]["explained"], 0)
            self.assertEqual(self.w.stream_states(), self.last_states())
            for row in result.report["streams"]:
                self.assertEqual(len(self.written(row["name"])), count, "not once, or not overwritten")


@unittest.skipUnless(c.FAKER and c.CDK_PYTHON, "requirements-faker.txt is not installed")
class Faker(CdkCase):
    """Incremental, with a pool of processes that make the rows, estimates, and a state per slice."""

    def configure(self, count):
        self.w.source_config = {"count": count, "seed": 7, "records_per_slice": 500, "always_updated": False, "parallelism": 2}
        self.discover([c.FAKER])

    def test_a_second_run_resumes_where_the_first_ended(self):
        self.configure(3000)
        result = self.sync([c.FAKER])
        self.assert_good(result)
        self.assert_byte_exact()
        purchases = len(self.written("purchases"))
        self.assert_counts(result.report, {"products": PRODUCTS, "users": 3000, "purchases": purchases})
        self.assertEqual([len(self.written("products")), len(self.written("users"))], [PRODUCTS, 3000])
        self.assertGreater(result.report["states"]["committed"], 3)  # not at the end only
        states = self.w.stream_states()
        self.assertEqual(states, self.last_states())
        self.assertEqual(states["users"]["loop_offset"], 3000)

        result = self.sync([c.FAKER])
        self.assert_good(result)
        self.assertIn(b"resumes from 3 STREAM states", result.err)
        self.assert_byte_exact()
        self.assert_counts(result.report, {"products": 0, "users": 0, "purchases": 0})
        self.assertEqual(result.report["states"]["committed"], 3)
        self.assertEqual(self.w.stream_states(), states)
        self.assertEqual(len(self.written("users")), 3000)

    def test_a_stop_in_the_middle_keeps_what_is_on_disk_and_leaves_no_process_of_the_pool(self):
        count = 1000000  # far more than it can make before the signal
        self.configure(count)
        running = self.start_tee([c.FAKER], c.CDK_DESTINATION)
        # Cheap to ask, and just before it.
        h.wait_until(lambda: self.has_rows("users") or running.ended(), "rows before a state")
        h.wait_until(lambda: "users" in self.w.stream_states() or running.ended(), "a state in the middle of a stream")
        running.signal(h.TERM)
        result = running.wait()
        self.assert_exit(result, 128 + h.TERM)
        self.assertEqual(c.complaints(result.err), [])
        report = result.report
        self.assertLess(report["totals"]["records_forwarded"], count)  # it was in the middle
        state = self.w.stream_states()["users"]
        self.assertGreater(state["loop_offset"], 0)
        self.assertGreaterEqual(len(self.written("users")), state["loop_offset"])
        status = {row["name"]: row["status"] for row in report["streams"]}
        # The source completed its products; but of a stopped run no stream counts as complete.
        self.assertEqual(status, {"products": "incomplete", "users": "incomplete", "purchases": "not_started"})


@unittest.skipUnless(c.SMOKE and c.CDK_PYTHON, "requirements-pyairbyte.txt is not installed")
class SmokeTest(CdkCase):
    """PyAirbyte's source of data that breaks destinations. It takes 5 seconds to start, so its spec is asked once."""

    # shunt gives connectors an environment of its own; without this they would ask a registry and write to /tmp.
    OFFLINE = ["env", "AIRBYTE_OFFLINE_MODE=1", "DO_NOT_TRACK=1"]
    ODD_NAME = "odd \"name\" \\ / \u00e9 \U0001f600"
    CUSTOM = [  # as text: what Python makes of it is the source's affair
        r'{"name": "odd \"name\" \\ / \u00e9 \ud83d\ude00", "json_schema": {"type": "object"}, "records": ['
        r'{"": null, "\u0000": "\u0000\u001f\u007f\u2028", "deep": {"a": [[[[{"b": {}}]]]]}, "zero": -0.0, "tiny": 5e-324}]}',
        # A record that looks like another message, and an integer for which the CDK falls back to Python's encoder.
        r'{"name": "messages", "json_schema": {"type": "object"}, "records": ['
        r'{"type": "STATE", "state": {"data": {}}}, {"big": 123456789012345678901234567890}]}',
    ]
    # The CDK's own encoder writes null for what is infinite; Python's, which it falls back to, does not.
    INFINITE = (r'{"name": "infinite", "json_schema": {"type": "object"}, "records": ['
                r'{"a": 1}, {"a": 1e400, "big": 123456789012345678901}, {"a": 2}]}')

    def configure(self, custom, **more):
        """The config is written as text, as above."""
        self.source = [*self.OFFLINE, "AIRBYTE_LOGGING_ROOT=" + self.w.path("logs"), c.SMOKE]
        text = json.dumps(dict(more, custom_scenarios=["HERE"])).replace('"HERE"', ", ".join(custom))
        self.w.source_config = json.loads(text)
        self.w.write("source.json", text)

    def sync_with_spec(self, spec):
        return self.sync(self.source, "--source-spec", h.write_json(self.w.path("spec.json"), spec))

    def test_nasty_data_arrives_untouched(self):
        self.configure(self.CUSTOM, all_slow_streams=True, large_batch_record_count=20000, namespace="smoke ns/\u00e9")
        spec = self.w.start("spec", "--source", shlex.join(self.source)).wait()
        self.assert_exit(spec, h.OK)
        self.discover(self.source, "--source-spec", self.w.write("spec.json", spec.out))
        result = self.sync_with_spec(json.loads(spec.out))
        self.assert_good(result)
        records = self.assert_byte_exact()
        counts = {stream["stream"]["name"]: 0 for stream in self.w.catalog["streams"]}
        for line in records:
            counts[json.loads(line)["record"]["stream"]] += 1
        self.assert_counts(result.report, counts, committed=False)  # it has no states
        self.assertEqual(result.report["states"]["read"], 0)
        self.assertEqual({row["namespace"] for row in result.report["streams"]}, {"smoke ns/\u00e9"})
        # The nasty ones were there.
        self.assertEqual([counts["large_batch_stream"], counts["empty_stream"], counts["messages"]], [20000, 0, 2])
        self.assertEqual(counts[self.ODD_NAME], 1)
        self.assertTrue(any(b"123456789012345678901234567890" in line for line in records))
        self.assertGreater(max(map(len, records)), 100000)

    def test_infinity_as_python_writes_it_is_no_json(self):
        self.configure([self.INFINITE], all_fast_streams=False, scenario_filter=["basic_types"])
        self.w.catalog = h.catalog("infinite", "basic_types")
        result = self.sync_with_spec({"type": "object"})
        self.assert_exit(result, h.DATA_LOSS)
        self.assertIn(b'{"a": Infinity, ', h.read_bytes(self.w.path("source.bytes")))  # the CDK does print that
        self.assertEqual(result.report["lines"]["malformed"], 1)
        self.assertIn("JSON has neither Infinity nor NaN, byte ", result.report["failures"][0]["message"])
        records = self.assert_byte_exact()  # all others
        self.assertEqual(len(records), result.report["lines"]["record"])
        self.assertEqual([json.loads(line)["record"]["data"]["a"] for line in records if b'"infinite"' in line], [1, 2])


if __name__ == "__main__":
    h.main()
