"""One run of a connection at a time, past runs, flags, files, environment, help.

Contract sections 1 and 2.
"""

import json
import os

from tests.e2e import harness as h
from tests.e2e.routing_case import USERS_1, RoutingCase


class OneRunAtATime(RoutingCase):
    def start_first(self, *flags):
        w = self.w
        w.source["read"] = [{"touch": w.path("first")}, {"await": w.path("go")}, {"write": h.state("users", {"c": 1})}]
        running = w.start_sync(*flags)
        self.release_at_the_end(w.path("go"))
        h.wait_for_file(w.path("first"), running)
        return running

    def second(self, *flags):
        """Another sync of the same connection, with peers of its own."""
        other = h.Workspace("second")
        self.addCleanup(other.close)
        other.store = self.w.store
        other.source["read"] = [{"write": h.state("users", {"c": 2})}]
        return other, other.sync(*flags)

    def test_a_second_run_of_the_connection_is_fenced_and_the_first_goes_on(self):
        first = self.start_first()
        other, result = self.second()
        self.assertEqual(result.code, h.FENCED, str(result))
        self.assertEqual(other.started("source", "read"), 0)
        h.touch(self.w.path("go"))
        self.assert_exit(first.wait(), h.OK)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_take_over_fences_the_first(self):
        first = self.start_first()
        _, result = self.second("--take-over")
        self.assert_exit(result, h.OK)
        h.touch(self.w.path("go"))
        self.assertEqual(first.wait().code, h.FENCED)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 2}})

    def test_the_first_stops_though_it_has_nothing_to_commit(self):
        first = self.start_first()  # its source waits for a file that never comes
        _, result = self.second("--take-over")
        self.assert_exit(result, h.OK)
        ended = first.wait()
        self.assert_exit(ended, h.FENCED)
        self.assertEqual(ended.report["states"]["committed"], 0)

    def test_another_connection_is_free(self):
        first = self.start_first()
        other = h.Workspace("second")
        self.addCleanup(other.close)
        other.store = self.w.store
        self.assert_exit(other.sync(connection="other"), h.OK)
        h.touch(self.w.path("go"))
        self.assert_exit(first.wait(), h.OK)

    # Two connections whose sources share a config, and so a refresh token.

    def second_of_the_source(self, *flags):
        other = h.Workspace("second")
        self.addCleanup(other.close)
        other.store = self.w.store
        return other, other.sync("--source-id", "shared", *flags, connection="other")

    def test_a_run_with_exclusive_configs_keeps_another_connection_from_its_source(self):
        first = self.start_first("--source-id", "shared", "--exclusive-configs")
        for flags in (), ("--take-over",):
            other, result = self.second_of_the_source("--exclusive-configs", *flags)
            self.assertEqual(result.code, h.FENCED, str(result))
            self.assertEqual(other.started("source", "read"), 0)
            self.assertRegex(result.err, b"config shared is held by the live run [0-9a-f]+ of connection")
            self.assertNotIn(b"(--take-over)", result.err, "which would not help")
        h.touch(self.w.path("go"))
        self.assert_exit(first.wait(), h.OK)
        self.assert_exit(self.second_of_the_source("--exclusive-configs")[1], h.OK)

    def test_exclusive_configs_of_a_run_that_was_killed_are_free(self):
        first = self.start_first("--source-id", "shared", "--exclusive-configs")
        first.signal(h.KILL)
        first.wait()
        h.wait_until(lambda: not h.processes_with(self.w.path("source.script.json")), "the death of the children")
        self.assert_exit(self.second_of_the_source("--exclusive-configs")[1], h.OK)
        h.touch(self.w.path("go"))
        self.assert_exit(self.w.sync("--source-id", "shared", "--exclusive-configs"), h.OK)

    def test_a_run_without_exclusive_configs_neither_hinders_nor_is_hindered(self):
        first = self.start_first("--source-id", "shared", "--exclusive-configs")
        self.assert_exit(self.second_of_the_source()[1], h.OK)
        h.touch(self.w.path("go"))
        self.assert_exit(first.wait(), h.OK)

    def test_runs_lists_the_verdicts_and_shows_reports(self):
        self.run_sync({"write": USERS_1})
        result = self.run_sync({"exit": 1}, code=h.SOURCE)
        rows = json.loads(self.w.command("runs", "--json"))
        self.assertEqual([row["status"] for row in rows], ["source_failed", "ok"])  # newest first
        shown = json.loads(self.w.command("runs", "show", result.report["run_id"]))
        self.assertEqual(shown["run_id"], result.report["run_id"])


class Usage(RoutingCase):
    def refused(self, *flags, replace=None, prepared=None):
        prepared = self.w.prepare() if prepared is None else prepared
        for name, value in (replace or {}).items():
            prepared[prepared.index(name) + 1] = value
        result = self.w.sync(*flags, prepared=prepared)
        self.assertEqual(result.code, h.USAGE, str(result))
        self.assertTrue(result.err.strip(), "a usage error says what is wrong")
        self.assertEqual(self.w.started("source", "read") + self.w.started("source", "spec"), 0, "nothing was started")

    def test_bad_flags_and_unreadable_files(self):
        self.refused("--no-such-flag")
        self.refused("--threads", "many")
        self.refused("--memory-budget", "lots")
        self.refused(replace={"--catalog": self.w.path("absent.json")})
        self.refused(replace={"--source-config": self.w.path("absent.json")})
        self.refused(replace={"--catalog": self.w.write("bad.json", "{")})
        self.refused(replace={"--catalog": self.w.write("bad.json", '{"streams":[{"stream":{}}]}')})
        self.refused(replace={"--destination-config": self.w.write("bad.json", "[1]")})
        self.refused("--state", self.w.write("bad.json", "nonsense"))
        self.refused(self.w.path("absent.yaml"))

    def test_a_password_in_a_store_url_is_refused_and_not_repeated(self):
        self.w.store = "postgresql://user:HUSH@127.0.0.1/db"
        result = self.w.sync()
        self.assertEqual(result.code, h.USAGE, str(result))
        self.assert_secretless(result, "HUSH")

    def test_the_report_goes_to_stdout_when_asked(self):
        prepared = self.w.prepare()
        result = self.w.start("sync", "--store", self.w.store, *prepared, "--report", "-").wait()
        self.assertEqual(result.code, h.OK, str(result))
        self.assertEqual(json.loads(result.out)["status"], "ok")

    def test_a_connection_file_and_the_environment_stand_behind_flags(self):
        prepared = self.w.prepare()
        values = dict(zip(prepared[::2], prepared[1::2]))
        rows = ["%s: %s" % (name[2:].replace("-", "_"), json.dumps(os.path.basename(value) if value.endswith(".json")
                                                                  and " " not in value else value))
                for name, value in values.items()]
        rows += ["connection: filed", "source_env:", "  GREETING: hello", "threads: compact"]
        path = self.w.write("conn.yaml", "\n".join(rows) + "\n")
        result = self.w.start("sync", path, "--report", "-", environment={"SHUNT_STORE": self.w.store}).wait()
        self.assertEqual(result.code, h.OK, str(result))
        self.assertEqual(json.loads(result.out)["connection"], "filed")
        self.assertEqual(self.w.given("source", "read", "env")["GREETING"], "hello")
        self.assertNotIn("GREETING", self.w.given("destination", "write", "env"))

    def test_help_and_version(self):
        for arguments in (["--help"], ["sync", "--help"], ["sidecar", "--help"], ["--version"]):
            result = self.w.start(*arguments).wait()
            self.assertEqual(result.code, h.OK, str(result))
            self.assertTrue(result.out)


if __name__ == "__main__":
    h.main()
