"""What the tests with real connectors share: a sync with copies of both pipes, taken outside of the program by tee, and
what must be true of every such sync.
"""

import json
import os
import re
import shlex

from tests.e2e import harness as h

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_BUDGET = 64 << 20  # the default


def no_json(text):
    raise ValueError(text + " is no JSON")


def bin_of(variable, program):
    """The path of an installed program; the test says what was not installed, and is skipped, when it is not there."""
    directory = os.environ.get(variable, "")
    return os.path.join(directory, program) if directory else None


CDK_PYTHON = bin_of("SHUNT_INTEROP_CDK", "python")
HARDCODED = bin_of("SHUNT_INTEROP_CDK", "source-hardcoded-records")
FAKER = bin_of("SHUNT_INTEROP_FAKER", "source-faker")
PYAIRBYTE_PYTHON = bin_of("SHUNT_INTEROP_PYAIRBYTE", "python")
SMOKE = bin_of("SHUNT_INTEROP_PYAIRBYTE", "source-smoke-test")
CDK_DESTINATION = [CDK_PYTHON or "", os.path.join(HERE, "cdk_destination.py")]


def kind_of(line):
    """Python reads Infinity and NaN, too, which are no JSON."""
    return json.loads(line, parse_constant=no_json)["type"]


def lines_of(path, *kinds):
    """The lines of these kinds, newlines included. A line that is no JSON is of no kind."""
    found = []
    for line in h.read_bytes(path).splitlines(keepends=True):
        try:
            if kind_of(line) in kinds:
                found.append(line)
        except ValueError:
            pass
    return found


class InteropCase(h.SyncTest):
    def start_tee(self, source, destination, *flags, connection="default"):
        """Starts a sync between two commands (lists of words); `w` has the configs and the catalog."""
        prepared = self.w.prepare()
        for side, tee, command in (("source", "tee_output", source), ("destination", "tee_input", destination)):
            words = [os.path.join(HERE, tee), self.w.path(side + ".bytes"), *command]
            prepared[prepared.index("--" + side) + 1] = shlex.join(words)
        return self.w.start_sync(*flags, prepared=prepared, connection=connection)

    def discover(self, source, *flags):
        """The catalog that `shunt discover --configured` makes; it becomes that of the workspace."""
        self.w.prepare()
        result = self.w.start("discover", "--source", shlex.join(source), "--source-config", self.w.path("source.json"),
                              "--configured", "--store", self.w.store, *flags).wait(h.DEADLINE)
        self.assert_exit(result, h.OK)
        self.w.catalog = json.loads(result.out)
        return result

    def assert_byte_exact(self):
        """The destination read exactly the source's RECORD and STATE lines, in their order."""
        wanted = lines_of(self.w.path("source.bytes"), "RECORD", "STATE")
        self.assertEqual(h.read_bytes(self.w.path("destination.bytes")).splitlines(keepends=True), wanted)
        return wanted

    def assert_counts(self, report, counts, committed=True):
        """Records of each stream, in the catalog's order, and what follows from them."""
        read = {row["name"]: row["records_read"] for row in report["streams"]}
        self.assertEqual(read, counts)
        for row in report["streams"]:
            self.assertEqual(row["status"], "complete")
            self.assertEqual(row["records_forwarded"], row["records_read"])
            self.assertEqual(row["records_committed"], row["records_read"] if committed else 0)
        self.assertEqual(report["lines"]["record"], sum(counts.values()))
        self.assertEqual(report["totals"]["records_dropped"], 0)

    def assert_nothing_to_complain_about(self, report, err):
        """Real connectors that do nothing wrong: whatever we find fault with is a fault of ours."""
        self.assertEqual(complaints(err), [])
        self.assertEqual(report["failures"], [])
        self.assertEqual(report["unknown_streams"], [])
        self.assertEqual(report["control"]["alerts"], [])
        self.assertEqual(report["states"]["unmatched_acks"], 0)
        for kind in ("text", "malformed", "empty", "other"):
            self.assertEqual(report["lines"][kind], 0, kind)
        self.assertLessEqual(report["peak_memory_bytes"], MEMORY_BUDGET)

    def assert_good(self, result):
        self.assert_exit(result, h.OK)
        self.assertEqual([result.report[side]["exit_code"] for side in ("source", "destination")], [0, 0])
        self.assert_nothing_to_complain_about(result.report, result.err)


def complaints(err):
    """Warnings and errors that are the program's own, not a connector's."""
    return re.findall(rb"^.*\bshunt +(?:WARN|ERROR|FATAL).*$", err, re.MULTILINE)
