"""`--attempts N`: a sync that fails for a reason that may pass is run again, from its newest checkpoint and with
its newest config, each attempt a run of its own.
"""

import json
import os
import signal
import subprocess

from tests.cli.program import PROGRAM, SECONDS_MAX, ProgramTest, main

# A source that does in its n-th run what line n of a plan says, and notes the state and the config it was given.
SOURCE = """#!/usr/bin/python3
import json, os, sys
folder = {folder!r}
if sys.argv[1] == "spec":
    print(json.dumps({{"type": "SPEC", "spec": {{"connectionSpecification": {{"type": "object"}}}}}}))
    sys.exit(0)
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
with open(os.path.join(folder, "seen"), "a") as seen:
    state = json.load(open(given["--state"])) if "--state" in given else None
    seen.write(json.dumps({{"state": state, "config": json.load(open(given["--config"]))}}) + "\\n")
with open(os.path.join(folder, "seen")) as seen:
    number = len(seen.readlines())
plan = open(os.path.join(folder, "plan")).read().split()[number - 1]
def say(**message):
    print(json.dumps(message), flush=True)
if "rows" in plan:
    say(type="RECORD", record={{"stream": "customers", "data": {{"run": number}}, "emitted_at": 1}})
    say(type="STATE", state={{"type": "STREAM", "stream": {{"stream_descriptor": {{"name": "customers"}},
                              "stream_state": {{"run": number}}}}}})
if "token" in plan:
    say(type="CONTROL", control={{"type": "CONNECTOR_CONFIG", "emitted_at": number,
                                  "connectorConfig": {{"config": {{"token": "t%d" % number}}}}}})
for kind in ("transient_error", "config_error", "system_error"):
    if kind.split("_")[0] in plan:
        say(type="TRACE", trace={{"type": "ERROR", "emitted_at": 1, "error": {{"message": "no luck", "failure_type": kind}}}})
        sys.exit(1)
if "broken" in plan:
    print('{{"type":"RECORD","record":', flush=True)
if "hang" in plan:
    import signal
    signal.pause()  # until it is killed, which is what these runs are about
"""


class AttemptsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        flags = self.sync_flags(source={"token": "t0"})
        source = self.write("source.py", SOURCE.format(folder=self.dir))
        os.chmod(source, 0o755)
        flags[1] = source
        self.store = ["--store", "sqlite:" + self.path("shunt.db")]
        self.flags = [*flags, *self.store, "--report", self.path("r.json"), "--attempt-backoff", "1ms"]

    def sync(self, plan, *more, code):
        self.write("plan", plan)
        result = self.shunt("sync", *self.flags, *more)
        self.assertEqual(code, result.code, result.err)
        self.report = json.loads(self.read("r.json"))
        return result

    def seen(self):
        """What each run of the source was given."""
        return [json.loads(line) for line in self.read("seen").splitlines()]

    def cursors(self):
        return [run["state"] and run["state"][0]["stream"]["stream_state"]["run"] for run in self.seen()]

    def test_it_goes_on_from_the_newest_checkpoint_until_it_is_through(self):
        result = self.sync("rows+transient rows+transient rows rows", "--attempts", "5", code=0)
        self.assertEqual([None, 1, 2], self.cursors())
        self.assertIn("attempt 1 of 5 failed", result.err)
        self.assertIn("3 attempts so far, which have committed 3 records together", result.err)
        self.assertEqual(["source_failed", "source_failed", "ok"], [a["status"] for a in self.report["attempts"]])
        self.assertEqual([3, 3, 0], [a["exit_code"] for a in self.report["attempts"]])
        self.assertEqual([1, 1, 1], [a["records_committed"] for a in self.report["attempts"]])
        self.assertEqual("ok", self.report["status"])

    def test_each_attempt_is_a_run_of_its_own(self):
        self.sync("rows+transient rows", "--attempts", "2", code=0)
        runs = self.shunt("runs", "--json", *self.store).json()
        self.assertEqual(["ok", "source_failed"], [run["status"] for run in runs])
        self.assertEqual([a["run_id"] for a in self.report["attempts"]], [run["run_id"] for run in reversed(runs)])
        first = self.shunt("runs", "show", runs[1]["run_id"], *self.store).json()
        self.assertEqual(1, len(first["attempts"]))

    def test_a_later_attempt_is_given_the_rotated_token(self):
        self.sync("rows+token+transient rows", "--attempts", "2", code=0)
        self.assertEqual(["t0", "t1"], [run["config"]["token"] for run in self.seen()])

    def test_the_last_attempt_has_the_last_word(self):
        result = self.sync("rows+transient rows+transient rows", "--attempts", "2", code=3)
        self.assertIn("it is not tried again: this was attempt 2 of 2", result.err)
        self.assertEqual(2, len(self.seen()))
        self.assertEqual(2, len(self.report["attempts"]))

    def test_without_progress_there_is_no_other_attempt(self):
        result = self.sync("transient rows", "--attempts", "5", code=3)
        self.assertIn("it is not tried again: its checkpoint did not move", result.err)
        self.assertEqual(1, len(self.seen()))

    def test_what_would_fail_again_is_not_repeated(self):
        for plan, code in (("rows+config rows", 3), ("rows+system rows", 3), ("rows+broken rows", 8)):
            if os.path.exists(self.path("seen")):
                os.remove(self.path("seen"))
            result = self.sync(plan, "--attempts", "5", code=code)
            self.assertEqual(1, len(self.seen()), plan)
            self.assertIn("it is not tried again: ", result.err)

    def test_a_timeout_may_pass(self):
        self.sync("rows+hang rows", "--attempts", "2", "--source-timeout", "1s", code=0)
        self.assertEqual("timeout", self.report["attempts"][0]["status"])

    def test_the_report_on_stdout_is_that_of_the_last_attempt(self):
        self.write("plan", "rows+transient rows")
        result = self.shunt("sync", *self.flags, "--report", "-", "--attempts", "2")
        self.assertEqual("ok", result.json()["status"])

    def test_without_the_flag_nothing_is_repeated_or_reported(self):
        self.sync("rows+transient rows", code=3)
        self.assertEqual(1, len(self.seen()))
        self.assertNotIn("attempts", self.report)

    def test_a_signal_in_a_pause_ends_it(self):
        self.write("plan", "rows+transient rows")
        process = subprocess.Popen([PROGRAM, "sync", *self.flags, "--attempts", "2", "--attempt-backoff", "1h",
                                    "--progress", "json"],
                                   stderr=subprocess.PIPE, cwd=self.dir, env={"PATH": "/usr/bin:/bin"})
        for line in process.stderr:
            if b"the next one starts in" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=SECONDS_MAX)
        self.assertEqual(143, process.returncode)
        self.assertEqual("ended", json.loads(rest.splitlines()[-1])["type"])
        report = json.loads(self.read("r.json"))
        self.assertEqual(("signal", ["source_failed"]),
                         (report["status"], [a["status"] for a in report["attempts"]]))
        self.assertEqual(1, len(self.seen()))

    def test_a_number_that_is_none_is_refused(self):
        for text in ("0", "-1", "x", "1001"):
            result = self.shunt("sync", *self.flags, "--attempts", text)
            self.assertEqual(2, result.code)
            self.assertIn("--attempts: ", result.err)


if __name__ == "__main__":
    main()
