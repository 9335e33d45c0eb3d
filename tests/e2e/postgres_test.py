"""The program on PostgreSQL: every command that takes a store, and endings while the server is away."""

import os
import signal
import time

from tests.e2e import harness as h
from tests.e2e import postgres

IN_TIME = 25.0  # seconds: what SIGTERM promises


class PostgresTest(h.SyncTest):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Server()
        cls.databases = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        super().setUp()
        type(self).databases += 1
        name = "db%d" % self.databases
        self.server.try_query("CREATE DATABASE " + name)
        self.w.store = self.server.url(name)
        self.w.source_config = {"api_key": "old", "start_date": "2022"}
        spec = h.write_json(self.w.path("spec.json"), h.SPEC)
        self.flags = ["--source-spec", spec, "--destination-spec", spec]
        self.w.destination_config = {"api_key": "d", "start_date": "2022"}

    def steps(self, cursor, *more):
        return [{"write": h.record("users", {"id": cursor}) + h.state("users", {"cursor": cursor})}, *more]

    def update(self, token):
        return {"write": h.config_update({"api_key": token}, time.time() * 1000)}

    def test_every_command_works_on_it(self):
        self.w.source = {"read": self.steps(1, self.update("rotated"))}
        self.assert_exit(self.w.sync(*self.flags), h.OK)
        self.assertEqual(self.w.stream_states(), {"users": {"cursor": 1}})
        self.assertEqual(self.w.config()["api_key"], "rotated")
        self.assertEqual(self.w.verdicts(), ["applied"])
        self.assertIn(b"default/source", self.w.command("config", "show"))
        self.assertIn(b"generation", self.w.command("config", "history", "default/source"))
        self.assertIn(b"users", self.w.command("state", "show", "default"))
        exported = self.w.write("state.json", self.w.command("state", "export", "default"))
        self.w.command("state", "reset", "default")
        self.assertEqual(self.w.stream_states(), {})
        self.w.command("state", "import", "default", exported)
        self.assertEqual(self.w.stream_states(), {"users": {"cursor": 1}})
        self.assertIn(b"ok", self.w.command("runs"))
        # The next run has the rotated token and the state.
        self.w.source = {"read": self.steps(2)}
        self.assert_exit(self.w.sync(*self.flags), h.OK)
        self.assertEqual(self.w.given("source", "read", "config")["api_key"], "rotated")
        self.assertIsNotNone(self.w.given("source", "read", "state"))

    def test_a_password_in_the_url_is_refused_and_not_repeated(self):
        for url in ("postgresql://me:hunter2@localhost/x", "postgresql://localhost/x?password=hunter2"):
            self.w.store = url
            for result in (self.w.sync(), self.w.start("runs", "--store", url).wait()):
                self.assertEqual(result.code, h.USAGE, str(result))
                self.assertNotIn(b"hunter2", result.err + result.out)

    def test_a_server_that_is_not_there_is_a_failed_store(self):
        self.w.store = "postgresql://shunt@/x?host=" + self.w.path("nowhere")
        self.w.source = {"read": self.steps(1)}
        result = self.w.sync(*self.flags)
        self.assert_exit(result, h.STORE)
        self.assertIn(b"cannot be reached", result.err)

    def test_a_server_that_does_not_sync_is_warned_about(self):
        self.w.source = {"read": self.steps(1)}
        self.assertIn(b"fsync=off", self.w.sync(*self.flags).err)

    def test_a_run_that_was_killed_can_be_taken_over_and_holds_its_lease_until_then(self):
        ready = self.w.path("ready")
        self.w.source = {"read": self.steps(1, {"touch": ready}, {"hang": True})}
        killed = self.w.start_sync(*self.flags)
        h.wait_for_file(ready, killed)
        h.wait_until(lambda: self.w.stream_states() == {"users": {"cursor": 1}}, "the first checkpoint")
        killed.signal(h.KILL)
        killed.wait()
        h.wait_until(lambda: not h.processes_with(self.w.path("source.script.json")), "the death of the children")
        self.w.source = {"read": self.steps(2)}
        self.assert_exit(self.w.sync(*self.flags), h.FENCED)
        self.assert_exit(self.w.sync("--take-over", *self.flags), h.OK)
        self.assertEqual(self.w.stream_states(), {"users": {"cursor": 2}})

    def outage(self, begin, end):
        """SIGTERM while a checkpoint and a config update wait for the server."""
        ready, go = self.w.path("ready"), self.w.path("go")
        self.release_at_the_end(go)
        self.w.source = {"read": self.steps(1, {"touch": ready}, {"await": go}, self.update("new"),
                                            *self.steps(2), {"hang": True})}
        run = self.w.start_sync(*self.flags)
        h.wait_for_file(ready, run)
        h.wait_until(lambda: self.w.stream_states() == {"users": {"cursor": 1}}, "the first checkpoint")
        begin()
        try:
            h.touch(go)
            spilled = os.path.join(self.w.runtime, "shunt", "updates")
            h.wait_until(lambda: os.path.isdir(spilled) and os.listdir(spilled), "the spilled update")
            start = time.monotonic()
            run.signal(signal.SIGTERM)
            result = run.wait()
            took = time.monotonic() - start
        finally:
            end()
        self.assertEqual(result.code, 128 + signal.SIGTERM, str(result))
        self.assertLess(took, IN_TIME)
        # The update is brought back, and the run whose end could not be told is taken over.
        self.w.source = {"read": self.steps(3)}
        self.assert_exit(self.w.sync("--take-over", *self.flags), h.OK)
        self.assertEqual(self.w.given("source", "read", "config")["api_key"], "new")
        print("ended %.1f s after SIGTERM" % took)

    def test_sigterm_ends_in_time_while_the_server_is_gone(self):
        self.outage(lambda: self.server.stop(signal.SIGINT), self.server.start)

    def test_sigterm_ends_in_time_while_the_server_is_stopped(self):
        def pids():
            rows = self.server.try_query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                                         " AND pid <> pg_backend_pid()")
            return [self.server.process.pid] + [int(row) for row in rows]

        stopped = []

        def stop():
            stopped.extend(pids())
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)

        def resume():
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
            h.wait_until(lambda: self.server.try_query("SELECT 1"), "the server")

        self.outage(stop, resume)


if __name__ == "__main__":
    h.main()
