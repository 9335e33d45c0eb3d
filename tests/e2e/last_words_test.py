"""What a connector says beside its messages: its stderr overtakes nothing of its output, and its last lines are in the report.
Secrets that are known by the time something is shown are in none of it.
"""

import json
import os

from tests.e2e import harness as h

TOKEN = "tkn-5ecret/of+the=source-4711"
SPEC = {"type": "object", "additionalProperties": True,
        "properties": {"api_key": {"type": "string", "airbyte_secret": True}}}
TRACEBACK = """Traceback (most recent call last):
  File "/app/source.py", line 12, in read
    raise ConnectionError("refused for %s")
ConnectionError: refused for %s
""" % (TOKEN, TOKEN)


def shown_so_far(running):
    return os.pread(running.err_file.fileno(), 1 << 24, 0)


class NothingIsOvertaken(h.SyncTest):
    """A config update in the pipe of a source that is not read, because the destination stalls, and its secret on stderr.

    Proven by the order of events: the destination says something after the source has, and that is shown first.
    """

    def prove(self, threads):
        w = self.w
        row = h.record("users", {"id": 1, "text": "x" * 4000})
        w.source_config = {"api_key": "the-first-key"}
        w.source = {"spec": SPEC, "read": [
            {"fill_output": row},
            {"write": h.config_update({"api_key": TOKEN}, 1700000000000)},
            {"stderr": "WARN refreshed <%s>\n" % TOKEN},
            {"touch": w.path("said")}, {"await": w.path("go")}]}
        w.destination = {"write": {"before": [
            {"await": w.path("said")}, {"stderr": "WARN the destination waits\n"}, {"await": w.path("go")}]}}
        running = w.start_sync("--threads", threads, "--read-ahead", "1MiB")
        self.release_at_the_end(w.path("said"), w.path("go"))

        def shown():
            self.assertFalse(running.ended(), str(running.result()))
            return shown_so_far(running)
        h.wait_until(lambda: b"the destination waits" in shown(), "the line of the destination")
        self.assertNotIn(b"refreshed", shown())
        h.touch(w.path("go"))
        result = running.wait()
        self.assert_exit(result, h.OK)
        self.assertIn(b"WARN  refreshed <**********>".replace(b"  ", b" "), result.err.replace(b"  ", b" "))
        self.assert_secretless(result, TOKEN)
        self.assertEqual(w.config()["api_key"], TOKEN)

    def test_dedicated_threads(self):
        self.prove("dedicated")

    def test_compact_threads(self):
        self.prove("compact")

    def test_inline(self):
        self.prove("inline")


class QuietSource(h.SyncTest):
    def test_a_line_of_a_source_that_is_silent_otherwise_is_shown(self):
        w = self.w
        w.source = {"read": [{"stderr": "WARN still starting\n"}, {"await": w.path("go")}]}
        for threads in ("dedicated", "compact"):
            running = w.start_sync("--threads", threads)
            self.release_at_the_end(w.path("go"))
            h.wait_until(lambda: b"still starting" in shown_so_far(running), "the line")
            self.assertFalse(running.ended())
            h.touch(w.path("go"))
            self.assert_exit(running.wait(), h.OK)
            os.remove(w.path("go"))


class LastWords(h.SyncTest):
    def failures_of(self, result, origin):
        return [failure for failure in result.report["failures"] if failure["origin"] == origin]

    def test_a_traceback_is_in_the_report_and_in_runs_show(self):
        w = self.w
        w.source_config = {"api_key": TOKEN}
        w.source = {"spec": SPEC, "read": [{"stderr": "INFO starting\n" + TRACEBACK}, {"exit": 1}]}
        result = w.sync()
        self.assert_exit(result, h.SOURCE)
        self.assert_secretless(result, TOKEN)
        failure = self.failures_of(result, "source")[0]
        self.assertEqual(failure["stack_trace"],
                         "INFO starting\n" + TRACEBACK.replace(TOKEN, "**********").rstrip("\n"))
        shown = json.loads(w.command("runs", "show", result.report["run_id"]))
        self.assertEqual(shown["failures"], result.report["failures"])

    def test_of_a_destination_too(self):
        w = self.w
        w.destination = {"write": {"before": [{"stderr": "ERROR disk full\n"}, {"exit": 3}]}}
        result = w.sync()
        self.assert_exit(result, h.DESTINATION)
        self.assertIn("ERROR disk full", [failure["stack_trace"] for failure in self.failures_of(result, "destination")])

    def test_of_one_that_does_not_say_its_spec(self):
        w = self.w
        w.source = {"before_spec": [{"stderr": "ModuleNotFoundError: No module named 'airbyte_cdk'\n"}],
                    "read": [{"write": h.record("users", {"id": 1})}]}
        result = w.sync()
        self.assert_exit(result, h.OK)
        self.assertIn(b"no spec of the source", result.err)
        self.assertIn(b"ModuleNotFoundError: No module named 'airbyte_cdk'", result.err)


    def test_of_one_that_validate_asks(self):
        w = self.w
        w.source = {"before_spec": [{"stderr": TRACEBACK.replace(TOKEN, "it")}]}
        flags = w.prepare()
        validated = w.start("validate", *flags).wait()
        self.assertIn(b"(on stderr: ConnectionError: refused for it)", validated.out + validated.err)


class Commands(h.SyncTest):
    def test_secrets_in_a_command_line_are_shown_nowhere(self):
        w = self.w
        secret = "0f-the-c0mmand-line"
        flags = w.prepare()
        at = flags.index("--source") + 1
        flags[at] = "env API_TOKEN=%s %s" % (secret, flags[at])
        w.source = {"read": [{"stderr": "WARN started with API_TOKEN %s\n" % secret}]}
        w.prepare()
        result = w.sync("--verbose", prepared=flags)
        self.assert_exit(result, h.OK)
        self.assertIn("env API_TOKEN=********** ", result.report["source"]["command"])
        self.assert_secretless(result, secret)
        self.assertNotIn(secret.encode(), w.command("runs", "show", result.report["run_id"]))


class BrokenUpdates(h.SyncTest):
    def test_a_token_of_an_update_that_cannot_be_read_is_masked_from_then_on(self):
        w = self.w
        update = h.config_update({"api_key": TOKEN, "host": "db.example"}, 1700000000000)
        for broken in (update[:-4] + "\n", update.replace('"host"', "host"), update.replace('{"api_key"', '[{"api_key"')):
            self.fresh()
            w = self.w
            w.source = {"spec": SPEC, "read": [{"write": broken + h.log("now with <%s>" % TOKEN)},
                                               {"stderr": "WARN and here <%s>\n" % TOKEN}]}
            result = w.sync()
            self.assertIn(b"now with <**********>", result.err)
            self.assertIn(b"and here <**********>", result.err)
            self.assert_secretless(result, TOKEN)


if __name__ == "__main__":
    h.main()
