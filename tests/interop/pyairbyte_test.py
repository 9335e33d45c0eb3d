"""PyAirbyte drives shunt: it starts a destination executable that is `shunt sidecar` in front of a real destination.

Called by tests/interop/run, which installs PyAirbyte. It takes 5 seconds to start, so that one process of it does all steps
(pyairbyte_driver.py); the tests then look at what each has left behind.
"""

import json
import os
import subprocess
import unittest

from tests.e2e import harness as h
from tests.interop import interop_case as c

BUILT_IN = [h.program(), "connector", "destination"]
DRIVER_DEADLINE = 300


@unittest.skipUnless(c.PYAIRBYTE_PYTHON and c.FAKER and c.CDK_PYTHON,
                     "requirements-pyairbyte.txt or requirements-faker.txt is not installed")
class PyAirbyte(c.InteropCase):
    def setUp(self):
        super().setUp()
        self.steps = []

    def step(self, name, connection, source, source_config, destination, destination_config):
        os.makedirs(self.w.path(name))
        self.steps.append({
            "source": source, "source_config": source_config, "destination_config": destination_config,
            "environment": {"INTEROP_DIRECTORY": self.w.path(name), "DESTINATION": " ".join(destination),
                            "SHUNT_CONNECTION": connection}})

    def drive(self):
        """All steps; returns their results, and what came on stderr."""
        plan = h.write_json(self.w.path("plan.json"), {
            "cache": self.w.path("cache.duckdb"), "steps": self.steps,
            "executable": os.path.join(c.HERE, "sidecar_destination")})
        environment = self.w.environment({
            "SHUNT": h.program(), "SHUNT_STORE": self.w.store, "AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1",
            "AIRBYTE_LOGGING_ROOT": self.w.path("logs"), "AIRBYTE_CACHE_ROOT": self.w.path("cache"),
            "AIRBYTE_PROJECT_DIR": self.w.root})
        driver = [c.PYAIRBYTE_PYTHON, os.path.join(c.HERE, "pyairbyte_driver.py"), plan, self.w.path("result.json")]
        done = subprocess.run(driver, env=environment, cwd=self.w.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=DRIVER_DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-6000:].decode())
        return h.read_json(self.w.path("result.json")), done.stderr

    def report(self, name):
        return h.read_json(self.w.path(name, "report.json"))

    def assert_routed(self, name):
        """What went in came out: each RECORD and STATE byte for byte, and then one status per stream; the former."""
        wanted = c.lines_of(self.w.path(name, "in.bytes"), "RECORD", "STATE")
        out = h.read_bytes(self.w.path(name, "out.bytes")).splitlines(keepends=True)
        self.assertEqual(out[:len(wanted)], wanted)
        # PyAirbyte's catalogs have generation ids.
        statuses = [json.loads(line)["trace"]["stream_status"] for line in out[len(wanted):]]
        self.assertEqual([status["stream_descriptor"]["name"] for status in statuses],
                         [row["name"] for row in self.report(name)["streams"]])
        self.assertEqual({status["status"] for status in statuses}, {"COMPLETE"})
        return wanted

    def assert_good_report(self, name):
        report = self.report(name)
        self.assertEqual([report["status"], report["exit_code"]], ["ok", 0])
        self.assert_nothing_to_complain_about(report, b"")  # its stderr is looked at as a whole
        return report

    def test_pyairbyte_drives_shunt_as_a_destination(self):
        rows = self.w.path("rows")
        os.mkdir(rows)
        faker = (c.FAKER, {"count": 2000, "seed": 7, "records_per_slice": 500, "always_updated": False, "parallelism": 2},
                 c.CDK_DESTINATION, {"directory": rows})
        self.step("first", "faker", *faker)
        self.step("second", "faker", *faker)
        self.step("smoke", "smoke", c.SMOKE, {}, BUILT_IN, {"path": self.w.path("built-in")})
        self.step("failing", "failing", c.HARDCODED, {"count": 1000}, BUILT_IN, {"mode": "discard", "fail_after": 100})
        results, err = self.drive()
        self.check_the_first_run(results[0], rows)
        self.check_that_the_second_resumed(results[1], results[0])
        self.check_the_nasty_data(results[2])
        self.check_the_failure(results[3])
        self.assertEqual([line for line in c.complaints(err) if b"fail_after" not in line], [])

    def check_the_first_run(self, result, rows):
        states = [json.loads(line)["state"]["stream"] for line in self.assert_routed("first")
                  if c.kind_of(line) == "STATE"]
        report = self.assert_good_report("first")
        counts = {row["name"]: row["records_committed"] for row in report["streams"]}
        self.assertEqual([counts["products"], counts["users"]], [100, 2000])
        self.assertEqual(result["records"], sum(counts.values()))
        for stream, count in counts.items():
            self.assertEqual(h.read_bytes(os.path.join(rows, stream + ".jsonl")).count(b"\n"), count)
        # Three hold the same states: the source said them, shunt stored them, PyAirbyte got them back.
        said = {state["stream_descriptor"]["name"]: state["stream_state"] for state in states}
        self.assertEqual(self.w.stream_states("faker"), said)
        self.assertEqual(result["states"], said)
        self.assertEqual(report["states"]["committed"], len(states))

    def check_that_the_second_resumed(self, result, first):
        self.assertEqual(result["records"], 0)
        self.assertEqual(result["states"], first["states"])
        report = self.assert_good_report("second")
        self.assertEqual(report["totals"]["records_read"], 0)
        self.assertEqual(report["states"]["committed"], 3)
        self.assert_routed("second")

    def check_the_nasty_data(self, result):
        records = self.assert_routed("smoke")
        report = self.assert_good_report("smoke")
        self.assertEqual(result["records"], len(records))
        self.assertEqual(report["totals"]["records_forwarded"], len(records))
        self.assertIn("empty_stream", [row["name"] for row in report["streams"]])

    def check_the_failure(self, result):
        """The executable ends with shunt's code, and the cause is the destination's own."""
        self.assertEqual(result, {"error": "AirbyteConnectorWriteError", "exit_code": h.DESTINATION})
        report = self.report("failing")
        self.assertEqual([report["status"], report["exit_code"]], ["destination_failed", h.DESTINATION])
        self.assertEqual(report["failures"][0]["origin"], "destination")
        self.assertEqual(self.w.exported_state("failing"), [])


if __name__ == "__main__":
    h.main()
