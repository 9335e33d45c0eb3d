"""What people see of what connectors log: levels, floods, repetitions, quoted records, JSON lines; and what
the report says of analytics, estimates and stream statuses.

airbyte-semantics F38 to F42, reliability F94.
"""

import json
import re

from tests.e2e import harness as h
from tests.e2e.routing_case import BULK, USERS_1, USERS_2, RoutingCase

QUOTE = 'cannot write {"type": "RECORD", "record": {"stream": "users", "data": {"name": "Ada Lovelace"}}}'


def estimate(rows, stream="users"):
    return h.line("TRACE", "trace", {"type": "ESTIMATE", "emitted_at": 1.5, "estimate": {
        "name": stream, "type": "STREAM", "row_estimate": rows}})


def analytics(kind):
    return h.line("TRACE", "trace", {"type": "ANALYTICS", "emitted_at": 1, "analytics": {"type": kind, "value": "secretive"}})


def text_of(result):
    return result.err.decode()


class Levels(RoutingCase):
    def run_loud(self, *flags):
        return self.run_sync({"write": h.log("all is well") + h.log("in detail", "DEBUG") + h.log("too slow", "WARN") + USERS_1},
                             {"stderr": "2024-05-06 07:08:09 [main] INFO a.B - by log4j\nDEBUG:root:by python\n"
                                        "Traceback (most recent call last):\n  File x\n"},
                             flags=flags)

    def shown(self, result):
        """(level, text) of the source's lines."""
        return set(re.findall(r"^\S+ source +([A-Z]+) +(.*)$", text_of(result), re.M))

    def test_each_line_has_the_level_that_its_logger_gave_it(self):
        shown = self.shown(self.run_loud())
        self.assertEqual(shown, {("INFO", "all is well"), ("WARN", "too slow"),
                                 ("INFO", "2024-05-06 07:08:09 [main] INFO a.B - by log4j"),
                                 ("ERROR", "Traceback (most recent call last):"), ("ERROR", "File x")})

    def test_the_level_can_be_chosen(self):
        for level, texts in (("trace", 7), ("debug", 7), ("info", 5), ("warn", 3), ("error", 2), ("fatal", 0)):
            self.fresh()
            self.assertEqual(len(self.shown(self.run_loud("--log-level", level))), texts, level)
        self.fresh()
        self.assertEqual(len(self.shown(self.run_loud("--verbose"))), 7)
        self.fresh()
        self.assertEqual(len(self.shown(self.run_loud("--verbose", "--log-level", "error"))), 2)


class JsonLines(RoutingCase):
    def test_every_line_of_stderr_is_an_object(self):
        result = self.run_sync({"write": h.log("it \"says\" so\u0007", "WARN") + "plain text\n" + USERS_1}, {"stderr": "ERROR no\n"},
                               flags=["--progress", "json"])
        lines = [json.loads(line) for line in text_of(result).splitlines()]
        self.assertEqual({line["type"] for line in lines} - {"progress"}, {"log", "ended"})
        logged = [line for line in lines if line["type"] == "log"]
        for line in logged:
            self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        said = {(line["origin"], line["level"], line["msg"]) for line in logged}
        self.assertLessEqual({("source", "WARN", 'it "says" so\\x07'), ("source", "INFO", "plain text"),
                              ("source", "ERROR", "ERROR no")}, said)
        self.assertTrue(any(origin == "shunt" and "starts from the beginning" in text for origin, _, text in said))

    def test_every_line_names_the_run_and_the_last_one_is_the_whole_verdict(self):
        result = self.run_sync({"write": USERS_1}, {"exit": 7}, flags=["--progress", "json"], code=h.SOURCE)
        lines = [json.loads(line) for line in text_of(result).splitlines()]
        self.assertEqual({line.get("connection") for line in lines}, {result.report["connection"]})
        self.assertEqual({line.get("run_id") for line in lines}, {result.report["run_id"]})
        ended = lines[-1]
        self.assertEqual(("ended", "source_failed", 3), (ended["type"], ended["status"], ended["exit_code"]))
        self.assertEqual(ended["report"], result.report)
        self.assertNotIn("ended", {line["type"] for line in lines[:-1]})


class Floods(RoutingCase):
    def test_stderr_is_read_shown_in_part_and_counted(self):
        lines = 100_000
        flood = "".join(f"INFO line {number} of a connector that logs too much\n" for number in range(lines))
        result = self.run_sync({"stderr": flood}, BULK, {"write": USERS_2})
        self.assertEqual(self.received_lines()[-1], json.loads(USERS_2))
        self.assertEqual(result.report["streams"][0]["records_forwarded"], len(self.received_lines()))
        shown = len(re.findall(r"INFO line \d+ of", text_of(result)))
        dropped = sum(int(n) for n in re.findall(r"(\d+) more lines of the source's stderr were dropped", text_of(result)))
        self.assertGreater(dropped, 0, "nothing was too much, so nothing was proved")
        self.assertEqual(shown + dropped, lines)

    def test_equal_lines_are_shown_once(self):
        result = self.run_sync({"write": h.log("waiting for the report") * 500 + h.log("here it is") + USERS_1},
                               {"stderr": "WARN deprecated\n" * 300})
        self.assertEqual(text_of(result).count("waiting for the report"), 1, text_of(result))
        self.assertIn("last line repeated 499 times", text_of(result))
        self.assertEqual(text_of(result).count("WARN deprecated"), 1)
        self.assertIn("last line of stderr repeated 299 times", text_of(result))

    def test_a_quoted_record_is_shown_by_its_length(self):
        # Text in front of a whole message is a message for all that, so stdout quotes as Python prints it.
        printed = QUOTE.replace('"', "'")
        for quote, step in ((QUOTE, {"write": h.log(QUOTE, "ERROR")}), (printed, {"write": printed + "\n"}),
                            (QUOTE, {"stderr": QUOTE + "\n"})):
            self.fresh()
            result = self.run_sync(step)
            self.assertNotIn("Ada", text_of(result))
            self.assertIn(f"[{len(quote)} bytes that quote a record are not shown]", text_of(result))


class Report(RoutingCase):
    def test_what_the_source_says_of_its_streams_is_in_it(self):
        result = self.run_sync({"write": h.stream_status("users", "STARTED") + estimate(7) + estimate(2) + USERS_1 + USERS_2 +
                                analytics("db-sources-cdc-cursor-invalid") * 3 + h.stream_status("users", "COMPLETE")},
                               flags=["--progress", "json"])
        users = next(stream for stream in result.report["streams"] if stream["name"] == "users")
        self.assertEqual((users["run_state"], users["estimate"]), ("complete", {"records": 2, "bytes": None}))
        self.assertEqual(result.report["totals"]["estimate"], {"of": "stream", "records": 2, "bytes": None})
        self.assertEqual(result.report["analytics"],
                         [{"origin": "source", "type": "db-sources-cdc-cursor-invalid", "count": 3}])
        self.assertNotIn("secretive", json.dumps(result.report) + text_of(result))


if __name__ == "__main__":
    h.main()
