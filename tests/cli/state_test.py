"""The past of a checkpoint: `shunt state history` and `shunt state rollback`, and that a live run cannot commit on
top of a state that was put in its place.
"""

import json
import subprocess

from tests.cli.program import PROGRAM, SECONDS_MAX, ProgramTest, main

STATE = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "customers"}, "stream_state": {"cursor": 7}}}]


class StateTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = ["--store", "sqlite:" + self.path("shunt.db")]
        self.flags = [*self.sync_flags(), *self.store]

    def sync(self, records, *more):
        self.write("source.json", {"records": records, "state_every": 50})
        self.assertEqual(0, self.shunt("sync", *self.flags, "--report", self.path("r.json"), *more).code)
        return json.loads(self.read("r.json"))["run_id"]

    def state(self, *args, code=0):
        result = self.shunt("state", *args, *self.store)
        self.assertEqual(code, result.code, result.err)
        return result

    def history(self):
        return self.state("history", "default", "--json").json()

    def export(self, *more):
        return self.state("export", "default", *more).json()

    def live(self):
        """A sync that goes on until it is stopped, and has committed something."""
        self.write("source.json", {"records": 10**9, "state_every": 50, "rows_per_second": 500})
        process = subprocess.Popen([PROGRAM, "sync", *self.flags, "--report", self.path("live.json")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.dir,
                                   env={"PATH": "/usr/bin:/bin"})
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        before = self.export() if self.shunt("state", "show", "default", *self.store).code == 0 else []
        while self.shunt("state", "export", "default", *self.store).out.strip() in ("", "[]", json.dumps(before)):
            self.assertIsNone(process.poll())
        return process

    def expect_fenced(self, process):
        process.communicate(timeout=SECONDS_MAX)
        self.assertEqual(10, process.returncode)
        self.assertEqual("fenced", json.loads(self.read("live.json"))["status"])

    # --- history ---

    def test_every_run_that_commits_leaves_what_it_found(self):
        first, second, third = self.sync(100), self.sync(150), self.sync(200)
        self.assertEqual([("run", third, "STREAM", 2), ("run", second, "STREAM", 2), ("run", first, None, 0)],
                         [(e["cause"], e["run_id"], e["type"], e["lanes"]) for e in self.history()])
        table = self.state("history", "default").out
        self.assertIn("ENTRY", table)
        self.assertIn(second[:12], table)

    def test_an_entry_can_be_looked_at(self):
        self.sync(100)
        before = self.export()
        self.sync(150)
        entry = str(self.history()[0]["id"])
        self.assertEqual(before, self.export("--past", entry))
        self.assertIn("customers", self.state("show", "default", "--past", entry).out)
        self.assertNotEqual(before, self.export())

    def test_a_state_file_leaves_what_it_replaced(self):
        self.sync(100, "--state", self.write("state.json", STATE))
        self.assertEqual(["state-file"], [e["cause"] for e in self.history()])

    # --- rollback ---

    def test_a_rollback_goes_back_and_can_be_taken_back(self):
        self.sync(100)
        first = self.export()
        run = self.sync(150)
        second = self.export()
        said = self.state("rollback", "default", "--to", f"before:{run[:6]}").err
        self.assertIn("2 STREAM states; the next run of 'default' starts there", said)
        self.assertEqual(first, self.export())
        self.assertEqual("rollback", self.history()[0]["cause"])
        self.state("rollback", "default", "--to", str(self.history()[0]["id"]))
        self.assertEqual(second, self.export())

    def test_the_next_run_sends_again_what_came_after(self):
        self.sync(100)
        self.sync(150)
        self.state("rollback", "default", "--to", str(self.history()[0]["id"]))
        self.sync(150)
        self.assertEqual(100, json.loads(self.read("r.json"))["totals"]["records_read"])

    def test_back_to_before_the_first_run_is_the_beginning(self):
        self.sync(100)
        said = self.state("rollback", "default", "--to", str(self.history()[0]["id"])).err
        self.assertIn("starts from the beginning", said)
        self.assertEqual([], self.export())

    def test_it_shows_among_the_runs(self):
        self.sync(100)
        self.state("reset", "default")
        newest = self.shunt("runs", "--json", *self.store).json()[0]
        self.assertEqual("ok", newest["status"])
        self.assertEqual("state reset", self.shunt("runs", "show", newest["run_id"], *self.store).json()["verb"])

    def test_a_wrong_entry_is_a_usage_error_and_changes_nothing(self):
        self.sync(100)
        before = self.export()
        for to, words in (("999", "no such entry"), ("x", "expected an ENTRY"), ("before:", "expected an ENTRY"),
                          ("before:zzz", "no such entry")):
            self.assertIn(words, self.state("rollback", "default", "--to", to, code=2).err)
        self.assertIn("--to is required", self.state("rollback", "default", code=2).err)
        self.assertIn("no connection", self.state("rollback", "other", "--to", "1", code=2).err)
        self.assertIn("no connection", self.state("history", "other", code=2).err)
        self.assertEqual(before, self.export())
        self.assertEqual(1, len(self.history()))

    # --- live runs ---

    def test_a_rollback_waits_for_a_live_run_or_takes_over(self):
        self.sync(100)
        live = self.live()
        entry = str(self.history()[-1]["id"])
        self.assertIn("(--take-over)", self.state("rollback", "default", "--to", entry, code=10).err)
        self.assertIsNone(live.poll())
        self.state("rollback", "default", "--to", entry, "--take-over")
        self.assertEqual([], self.export())
        self.expect_fenced(live)
        self.assertEqual([], self.export(), "the run has committed on top")

    def test_import_and_reset_work_while_a_sync_runs_and_hold(self):
        for change in (["reset", "default"], ["import", "default", self.write("state.json", STATE)]):
            live = self.live()
            self.assertIn("is live; it loses the connection", self.state(*change).err)
            after = self.export()
            self.assertEqual(0 if change[0] == "reset" else 1, len(after))
            self.expect_fenced(live)
            self.assertEqual(after, self.export(), "the run has committed on top")


if __name__ == "__main__":
    main()
