"""shunt spec, check, discover, read: one verb of one connector, whose config updates are kept like a sync's.

Every test of the control lane runs for each verb, because the platform loses such updates: taken in the order of
the file, dropped on a time-out, dropped at the first check of a new connector.
"""

import json
import os
import re
import time

from tests.e2e import harness as h

TOKEN, ROTATED = "sekret-0815-old", "sekret-4711-new"
CONFIG = {"api_key": TOKEN, "start_date": "01-01-2022"}
SUCCEEDED = h.line("CONNECTION_STATUS", "connectionStatus", {"status": "SUCCEEDED", "message": "fine"})
FAILED = h.line("CONNECTION_STATUS", "connectionStatus", {"status": "FAILED", "message": "no such host"})
USERS = {"name": "users", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh", "incremental"],
         "default_cursor_field": ["id"], "source_defined_primary_key": [["id"]]}
CATALOG = h.line("CATALOG", "catalog", {"streams": [USERS]})
DATA = h.record("users", {"id": 1}) + h.state("users", {"cursor": 1})
# What a connector says when all is well, by the verb and the side it is on.
ANSWERS = {("check", "source"): SUCCEEDED, ("check", "destination"): SUCCEEDED, ("discover", "source"): CATALOG,
           ("discover", "destination"): CATALOG.replace("CATALOG", "DESTINATION_CATALOG").replace(
               '"catalog"', '"destination_catalog"'),
           ("read", "source"): DATA}


def rotation(value=ROTATED, at=None, **more):
    return {"write": h.config_update(dict({"api_key": value, "start_date": "01-01-2022"}, **more),
                                     at or time.time() * 1000)}


class VerbCase(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.prepare()

    def prepare(self):
        self.w.source_config = self.w.destination_config = dict(CONFIG)
        self.w.source, self.w.destination = {"spec": h.SPEC}, {"spec": h.SPEC}

    def say(self, verb, side, *steps):
        """What the connector on this side does."""
        getattr(self.w, side)[verb] = list(steps)

    def start(self, verb, side, *flags, **options):
        self.w.runs += 1
        report = self.w.path("report-%d.json" % self.w.runs)
        prepared = self.w.prepare()
        chosen = [flag for at in range(0, len(prepared), 2) if prepared[at].startswith("--" + side)
                  for flag in prepared[at:at + 2]]
        catalog = ["--catalog", self.w.path("catalog.json")] if verb == "read" else []
        return self.w.start(verb, *chosen, *catalog, "--store", self.w.store, "--report", report, *flags, report=report,
                            **options)

    def run_verb(self, verb, side, *flags, code=h.OK, **options):
        result = self.start(verb, side, *flags, **options).wait()
        self.assert_exit(result, code)
        return result

    def each(self, keep=False):
        """Every verb on every side it is for, in a workspace of its own. `keep`: all of them stay until the end."""
        for verb, side in ANSWERS:
            with self.subTest(verb=verb, side=side):
                if keep:
                    self.w = h.Workspace(type(self).__name__)
                    self.addCleanup(self.w.close)
                else:
                    self.fresh()
                self.prepare()
                yield verb, side, {"write": ANSWERS[verb, side]}


class Answers(VerbCase):
    def test_spec_prints_the_message_and_opens_no_store(self):
        for side in ("source", "destination"):
            flags = self.w.prepare()
            result = self.w.start("spec", "--" + side, self.w.peer(side)).wait()
            self.assert_exit(result, h.OK)
            self.assertEqual(json.loads(result.out)["spec"]["connectionSpecification"], h.SPEC)
            self.assertTrue(flags)
        self.assertFalse(os.path.exists(self.w.path("xdg")))

    def test_a_spec_that_fails_shows_why(self):
        for side, code in (("source", h.SOURCE), ("destination", h.DESTINATION)):
            self.w.source = self.w.destination = {}
            self.w.prepare()
            result = self.w.start("spec", "--" + side, self.w.peer(side)).wait()
            self.assertEqual(result.code, code, str(result))
            self.assertIn(b"exit code 1", result.err)
            self.assertEqual(result.out, b"")
        self.w.write("broken.py", "import nothing_of_that_name")
        result = self.w.start("spec", "--source", "%s %s" % (h.PYTHON, self.w.path("broken.py"))).wait()
        self.assertIn(b"nothing_of_that_name", result.err)

    def test_check_prints_the_status_and_ends_as_it_says(self):
        for side, code in (("source", h.SOURCE), ("destination", h.DESTINATION)):
            self.say("check", side, {"write": h.log("looking") + SUCCEEDED})
            result = self.run_verb("check", side)
            self.assertEqual(result.out.decode(), SUCCEEDED)
            self.assertIn(b"check succeeded: fine", result.err)
            self.assertEqual(result.report["verb"], "check")
            self.say("check", side, {"write": FAILED})
            result = self.run_verb("check", side, code=code)
            self.assertEqual(result.out.decode(), FAILED)
            self.assertIn(b"no such host", result.err)
            self.assertEqual(result.report["failures"][0]["message"], "no such host")
            self.assertEqual(result.report["failures"][0]["origin"], side)

    def test_a_connection_file_checks_both_at_once(self):
        self.w.prepare()
        self.say("check", "source", {"write": SUCCEEDED})
        self.say("check", "destination", {"write": FAILED})
        self.w.prepare()
        file = h.write_json(self.w.path("github.json"), {
            "source": self.w.peer("source"), "source_config": "source.json", "destination": self.w.peer("destination"),
            "destination_config": "destination.json", "catalog": "catalog.json", "store": "sqlite:store.db",
            "memory_budget": "36MiB"})
        result = self.w.start("check", file).wait()
        self.assert_exit(result, h.DESTINATION)
        self.assertEqual(result.out.decode(), SUCCEEDED + FAILED)
        self.assertEqual(self.w.config("github/source"), CONFIG)

    def test_discover_prints_the_catalog(self):
        self.say("discover", "source", {"write": "starting\n" + h.log("x") + CATALOG})
        self.assertEqual(json.loads(self.run_verb("discover", "source").out), {"streams": [USERS]})
        self.say("discover", "destination", {"write": ANSWERS["discover", "destination"]})
        self.assertEqual(json.loads(self.run_verb("discover", "destination").out), {"streams": [USERS]})

    @staticmethod
    def long_catalog(size):
        stream = dict(USERS, json_schema={"description": "x" * size})
        return {"streams": [stream]}

    def test_discover_prints_a_catalog_of_any_length_within_the_budget(self):
        for size in (60_000, 74_000, 750_000, 9_000_000):
            with self.subTest(size=size):
                catalog = self.long_catalog(size)
                self.say("discover", "source", {"write": h.log("x") + h.line("CATALOG", "catalog", catalog)})
                self.assertEqual(json.loads(self.run_verb("discover", "source").out), catalog)

    def test_beyond_the_budget_it_says_which_would_do(self):
        for size in (18_000_000, 35_000_000):
            with self.subTest(size=size):
                catalog = self.long_catalog(size)
                self.say("discover", "source", {"write": h.line("CATALOG", "catalog", catalog)})
                result = self.run_verb("discover", "source", code=h.SOURCE)
                self.assertEqual(result.out, b"")
                needed = re.search(rb"--memory-budget (\d+MiB) would do", result.err)
                self.assertIsNotNone(needed, str(result))
        result = self.run_verb("discover", "source", "--memory-budget", needed.group(1).decode())
        self.assertEqual(json.loads(result.out), catalog)

    def test_long_statuses_and_specs(self):
        long = h.line("CONNECTION_STATUS", "connectionStatus", {"status": "SUCCEEDED", "message": "m" * 200_000})
        for side in ("source", "destination"):
            self.say("check", side, {"write": long})
            self.assertEqual(self.run_verb("check", side).out.decode(), long)
        self.w.source["spec"] = dict(h.SPEC, description="x" * 900_000)
        self.w.prepare()
        result = self.w.start("spec", "--source", self.w.peer("source")).wait()
        self.assert_exit(result, h.OK)
        self.assertEqual(json.loads(result.out)["spec"]["connectionSpecification"], self.w.source["spec"])

    def test_a_configured_catalog_can_be_read_with(self):
        plain = {"name": "plain", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
        self.say("discover", "source", {"write": h.line("CATALOG", "catalog", {"streams": [USERS, plain]})})
        self.w.write("configured.json", self.run_verb("discover", "source", "--configured").out)
        self.assertEqual(h.read_json(self.w.path("configured.json")), {"streams": [
            {"stream": USERS, "sync_mode": "incremental", "destination_sync_mode": "append", "cursor_field": ["id"],
             "primary_key": [["id"]]},
            {"stream": plain, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}]})
        self.w.catalog = h.read_json(self.w.path("configured.json"))
        self.say("read", "source", {"write": DATA})
        self.assertEqual(self.run_verb("read", "source").out.decode(), DATA)

    def test_read_prints_records_and_states_byte_for_byte_and_checkpoints_nothing(self):
        odd = '{ "record":{"stream":"users","data":{"n":1.0,"m":1e400},"emitted_at":1} , "type":"RECORD"}\r\n'
        self.say("read", "source", {"write": h.log("hello") + odd + "some text\n" + h.state("users", {"cursor": 1})})
        result = self.run_verb("read", "source")
        self.assertEqual(result.out.decode(), odd + h.state("users", {"cursor": 1}))
        self.assertIn(b"nothing is checkpointed", result.err)
        self.assertEqual(result.report["states"]["committed"], 0)
        self.assertEqual(self.w.exported_state(), [])
        self.assertIsNone(self.w.given("source", "read", "state"))

    def test_whoever_reads_the_output_of_read_may_have_enough_of_it(self):
        self.w.source["read"] = [{"repeat": h.record("users", {"text": "x" * 400}), "bytes": 3_000_000}]
        reader, writer = os.pipe()
        running = self.start("read", "source", stdout=writer)
        os.close(writer)
        first = os.read(reader, 100)
        os.close(reader)
        result = running.wait()
        self.assert_exit(result, h.OK)
        self.assertIn(b"RECORD", first)
        self.assertIn(b"the reader of stdout closed it after", result.err)
        self.assertEqual(result.report["streams"][0]["status"], "incomplete")

    def test_read_starts_from_the_given_state_alone(self):
        self.w.source["read"] = [{"write": h.state("users", {"cursor": 7})}]
        self.assert_exit(self.w.sync(), h.OK)
        self.run_verb("read", "source")
        self.assertIsNone(self.w.given("source", "read", "state"))
        file = h.write_json(self.w.path("given.json"), [json.loads(h.state("users", {"cursor": 3}))["state"]])
        self.run_verb("read", "source", "--state", file)
        self.assertEqual(self.w.given("source", "read", "state")[0]["stream"]["stream_state"], {"cursor": 3})
        self.assertEqual(self.w.stream_states(), {"users": {"cursor": 7}})

    def test_the_built_in_connectors(self):
        source = [h.program(), "connector", "source"]
        config = h.write_json(self.w.path("made_up.json"), {"records": 4, "streams": 1, "rotate_token_every": 2})
        flags = ["--source", " ".join(source), "--source-config", config, "--store", self.w.store]
        self.assert_exit(self.w.start("check", *flags).wait(), h.OK)
        catalog = self.w.write("catalog.json", self.w.start("discover", *flags, "--configured").wait().out)
        result = self.w.start("read", *flags, "--catalog", catalog).wait()
        self.assertEqual(len(result.out.splitlines()), 5, str(result))
        self.assertEqual(self.w.config()["rotations"], 2)


class Endings(VerbCase):
    def test_an_answer_that_does_not_come(self):
        for verb, side in ANSWERS:
            if verb != "read":
                self.say(verb, side, {"write": h.log("nothing to say")})
                result = self.run_verb(verb, side, code=h.SOURCE if side == "source" else h.DESTINATION)
                self.assertEqual(result.out, b"")
                self.assertIn("printed no", result.report["failures"][0]["message"])

    def test_a_connector_that_fails(self):
        for verb, side, answer in self.each():
            self.say(verb, side, answer, {"write": h.trace_error("went wrong")}, {"stderr": "at line 7\n"}, {"exit": 3})
            result = self.run_verb(verb, side, code=h.SOURCE if side == "source" else h.DESTINATION)
            self.assertEqual(result.report["failures"][0]["message"], "went wrong")
            self.assertEqual(result.report[side]["exit_code"], 3)
            self.assertIn(b"at line 7", result.err)

    def test_a_connector_that_hangs_is_ended(self):
        for verb, side, answer in self.each():
            if verb != "check":
                continue
            self.say(verb, side, answer, rotation(), {"hang": True})
            result = self.run_verb(verb, side, "--%s-timeout" % side, "1s", "--abort-drain", "1s", code=h.TIMEOUT)
            self.assertEqual(self.w.config("default/" + side)["api_key"], ROTATED, str(result))

    def test_a_live_sync_of_the_connection_is_not_disturbed(self):
        self.w.source["read"] = [{"touch": self.w.path("reading")}, {"await": self.w.path("go")}]
        self.release_at_the_end(self.w.path("go"))
        running = self.w.start_sync()
        h.wait_for_file(self.w.path("reading"), running)
        self.run_verb("check", "source", code=h.FENCED)
        self.assertEqual(self.w.started("source", "check"), 0)
        h.touch(self.w.path("go"))
        self.assert_exit(running.wait(), h.OK)

    def test_a_signal_ends_it_cleanly(self):
        self.say("check", "source", rotation(), {"touch": self.w.path("checking")}, {"hang": True})
        running = self.start("check", "source")
        h.wait_for_file(self.w.path("checking"), running)
        running.signal(h.TERM)
        self.assert_exit(running.wait(), 128 + h.TERM)
        self.assertEqual(self.w.config()["api_key"], ROTATED)

    def test_runs_lists_them(self):
        self.run_verb("check", "source")
        self.assertIn(b"ok (check)", self.w.command("runs"))


class Tokens(VerbCase):
    def test_a_rotated_token_is_stored_and_given_to_the_next_start(self):
        for verb, side, answer in self.each():
            self.say(verb, side, rotation(), answer)
            result = self.run_verb(verb, side)
            self.assertEqual(self.w.given(side, verb, "config"), CONFIG, "at first sight, the file's")
            self.assertEqual(self.w.config("default/" + side), dict(CONFIG, api_key=ROTATED))
            self.assertEqual(result.report["control"]["applied"], 1)
            self.assert_secretless(result, TOKEN, ROTATED)
            self.say(verb, side, answer)
            self.run_verb(verb, side)
            self.assertEqual(self.w.given(side, verb, "config")["api_key"], ROTATED)
            self.assert_exit(self.w.sync(), h.OK)
            started = "read" if side == "source" else "write"
            self.assertEqual(self.w.given(side, started, "config")["api_key"], ROTATED, "and to the next sync")

    def test_the_newest_is_kept_not_the_last_one(self):
        for verb, side, answer in self.each():
            self.say(verb, side, rotation("new-token-1", at=2000), rotation("old-token-1", at=1000), answer)
            self.run_verb(verb, side)
            self.assertEqual(self.w.config("default/" + side)["api_key"], "new-token-1")

    def test_a_token_is_kept_although_the_verb_fails(self):
        for verb, side, _ in self.each():
            self.say(verb, side, rotation(), {"write": FAILED}, {"exit": 1})
            self.run_verb(verb, side, code=h.SOURCE if side == "source" else h.DESTINATION)
            self.assertEqual(self.w.config("default/" + side)["api_key"], ROTATED)

    def test_an_announced_token_survives_kill_9(self):
        for verb, side, _ in self.each():
            self.say(verb, side, rotation(), {"hang": True})
            running = self.start(verb, side)
            # Visible to others is announced.
            h.wait_until(lambda: os.path.exists(self.w.path("store.db")), "the store")
            h.wait_until(lambda: "applied" in self.verdicts_so_far(side), "the update in the journal")
            running.signal(h.KILL)
            running.wait()
            self.assertEqual(self.w.config("default/" + side)["api_key"], ROTATED)
            h.wait_until(lambda: not h.processes_with(self.w.root), "the death of the connector")
            self.say(verb, side, {"write": ANSWERS[verb, side]})
            self.run_verb(verb, side)  # sweeps the files of the dead run
            self.assertEqual(self.w.given(side, verb, "config")["api_key"], ROTATED)

    def verdicts_so_far(self, side):
        out = self.w.command("config", "history", "default/" + side, "--json", code=None)
        return [row["verdict"] for row in json.loads(out or b"[]") if row["writer"] != "file"]

    def test_a_config_that_the_spec_refuses_is_quarantined(self):
        for verb, side, answer in self.each():
            self.say(verb, side, {"write": h.config_update({"start_date": 5}, time.time() * 1000)}, answer)
            result = self.run_verb(verb, side, code=h.CONFIG)
            self.assertEqual(result.report["control"]["quarantined"], 1)
            self.assertEqual(self.w.config("default/" + side), CONFIG)
            self.run_verb(verb, side, "--on-invalid-config", "warn")

    def test_a_token_that_the_store_does_not_take_is_spilled_and_comes_back(self):
        started = []
        for verb, side, answer in self.each(keep=True):  # all at once: each waits for its store
            os.mkdir(self.w.path("db"))
            self.w.store = "sqlite:" + self.w.path("db", "store.db")
            self.say(verb, side, {"touch": self.w.path("started")}, {"await": self.w.path("go")}, rotation(), answer)
            self.release_at_the_end(self.w.path("go"))
            running = self.start(verb, side, "--persist-timeout", "2s", "--spill-dir", self.w.path("spill"))
            h.wait_for_file(self.w.path("started"), running)
            os.rename(self.w.path("db"), self.w.path("elsewhere"))
            h.touch(self.w.path("go"))
            started.append((self.w, verb, side, answer, running))
        for self.w, verb, side, answer, running in started:
            with self.subTest(verb=verb, side=side):
                result = running.wait()
                self.assert_exit(result, h.STORE)
                self.assert_secretless(result, ROTATED)
                os.rename(self.w.path("elsewhere"), self.w.path("db"))
                self.say(verb, side, answer)
                self.run_verb(verb, side, "--spill-dir", self.w.path("spill"))
                self.assertEqual(self.w.given(side, verb, "config")["api_key"], ROTATED)
                self.assert_nothing_left()

    def test_an_identity_can_be_shared(self):
        self.say("check", "source", rotation(), {"write": SUCCEEDED})
        self.run_verb("check", "source", "--source-id", "github", "--connection", "one")
        self.assertEqual(self.w.config("github")["api_key"], ROTATED)

    def test_a_secret_in_an_answer_is_masked(self):
        status = {"status": "FAILED", "message": "token %s is worn out" % ROTATED}
        self.say("check", "source", rotation(), {"write": h.line("CONNECTION_STATUS", "connectionStatus", status)})
        result = self.run_verb("check", "source", code=h.SOURCE)
        self.assert_secretless(result, ROTATED)
        self.assertIn(b"is worn out", result.out)


if __name__ == "__main__":
    h.main()
