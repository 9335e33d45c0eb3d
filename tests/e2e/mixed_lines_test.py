"""10,000 mixed lines give a byte-exact, ordered destination input and the report's counts.

The source's output is generated from a printed seed; what must come out of it is computed by
reference.py, which shares nothing with the program.
"""

import json
import random

from tests.e2e import harness as h
from tests.e2e import mixed_lines
from tests.e2e import reference

LINES = 10_000


class MixedLines(h.SyncTest):
    @classmethod
    def setUpClass(cls):
        cls.seed = h.seed()
        rng = random.Random(cls.seed)
        cls.clean = mixed_lines.clean_lines(rng, LINES)
        cls.clean_expected = reference.Expected(mixed_lines.STREAMS).feed(cls.clean)
        cls.faulty = mixed_lines.faulty_lines(rng, LINES // 5)
        cls.faulty_expected = reference.Expected(mixed_lines.STREAMS).feed(cls.faulty)

    def route(self, data, *flags, read=None, spell="same"):
        """One sync of `data`; (result, the destination's input)."""
        w = self.w
        w.catalog = h.catalog(*mixed_lines.STREAMS)
        w.source_config = dict(h.CONFIG_EXAMPLE)
        step = {"file": w.write("source.out", data)}
        step.update(read or {"chunk": 1 << 16})
        w.source = {"spec": h.SPEC, "read": [step]}
        w.destination = {"write": {"save": w.path("received"), "ack": "each", "spell": spell}}
        result = w.sync(*flags)
        return result, h.read_bytes(w.path("received"))

    # What must hold.

    def assert_received(self, received, expected):
        lines = received.split(b"\n")
        self.assertEqual(lines.pop(), b"", "the destination's input ends with a whole line")
        for number, (line, (original, count)) in enumerate(zip(lines, expected.forwarded)):
            if count is None:
                self.assertEqual(line, original, "line %d" % number)
            else:
                self.assertTrue(reference.filled_correctly(original, line, count),
                                "line %d: %r became %r, expected recordCount %d" % (number, original, line, count))
        self.assertEqual(len(lines), len(expected.forwarded))

    def assert_lines(self, report, expected):
        self.assertEqual({key: report["lines"][key] for key in expected.lines}, expected.lines)

    def assert_streams(self, report, expected):
        self.assertEqual([(row["name"], row["namespace"]) for row in report["streams"]], mixed_lines.STREAMS)
        for row in report["streams"]:
            want = expected.streams[(row["name"], row["namespace"])]
            self.assertEqual(
                [row[key] for key in ("records_read", "bytes_read", "records_forwarded", "records_committed",
                                      "bytes_committed", "states_forwarded")],
                [want.records, want.bytes, want.records, want.committed_records, want.committed_bytes, want.states],
                row)
        unknown = {(row["name"], row["namespace"]): row["records"] for row in report["unknown_streams"]}
        self.assertEqual(unknown, expected.unknown)
        totals = report["totals"]
        self.assertEqual(totals["records_forwarded"], sum(s.records for s in expected.streams.values()))
        self.assertEqual(totals["records_dropped"], sum(expected.unknown.values()))

    def assert_checkpoint(self, blobs):
        """The checkpoint holds each stream's newest blob, in the source's own bytes."""
        text = self.w.command("state", "export", "default")
        array = reference.DECODER.decode(text.decode())
        stored = {}
        for element in array:
            stream = element.get("stream")
            descriptor = stream.get("stream_descriptor")
            stored[(descriptor.get("name"), descriptor.get("namespace"))] = stream.get("stream_state")
        self.assertEqual(stored, blobs)

    def assert_config(self, report, expected):
        start = {key: json.loads(json.dumps(value), parse_int=reference.Number)
                 for key, value in h.CONFIG_EXAMPLE.items()}
        verdicts, config = reference.control_verdicts(expected.controls, start)
        control = report["control"]
        self.assertEqual(control["received"], len(verdicts))
        for verdict in ("applied", "superseded", "duplicate"):
            self.assertEqual(control[verdict], verdicts.count(verdict), verdict)
        self.assertEqual(control["quarantined"], 0)
        self.assertEqual(self.w.verdicts(), verdicts)
        self.assertEqual({key: reference.Number(value) if isinstance(value, int) else value
                          for key, value in self.w.config().items()}, config)

    def assert_all(self, result, received, expected):
        self.assert_exit(result, h.OK)
        self.assert_received(received, expected)
        self.assert_lines(result.report, expected)
        self.assert_streams(result.report, expected)
        states = result.report["states"]
        self.assertEqual(states["forwarded"], expected.states_forwarded)
        self.assertEqual(states["acked"] + states["explained"], expected.states_forwarded)
        self.assertEqual(states["unmatched_acks"], 0)
        self.assert_checkpoint(expected.blobs)
        self.assert_config(result.report, expected)

    # The cases.

    def test_dedicated_threads(self):
        result, received = self.route(self.clean, "--threads", "dedicated")
        self.assert_all(result, received, self.clean_expected)
        self.assertEqual(result.report["source"]["bytes"], len(self.clean))

    def test_compact_threads(self):
        self.assert_all(*self.route(self.clean, "--threads", "compact"), self.clean_expected)

    def test_inline(self):
        self.assert_all(*self.route(self.clean, "--threads", "inline"), self.clean_expected)

    def test_envelope_validation_reads_clean_lines_alike(self):
        self.assert_all(*self.route(self.clean, "--validate", "envelope"), self.clean_expected)

    def test_single_byte_reads(self):
        share = self.clean[:self.clean.index(b"\n", 150_000) + 1]
        expected = reference.Expected(mixed_lines.STREAMS).feed(share)
        for threads in ("dedicated", "compact", "inline"):
            with self.subTest(threads=threads):
                self.fresh()
                self.assert_all(*self.route(share, "--threads", threads, read={"lockstep": 60_000, "chunk": 1}),
                                expected)

    def test_odd_write_sizes_and_respelled_acks(self):
        rng = random.Random(self.seed + 1)
        sizes = [rng.choice([1, 2, 3, 7, 63, 64, 65, 4095, 4096, 4097, 65536, 70001]) for _ in range(97)]
        self.assert_all(*self.route(self.clean, read={"chunks": sizes}, spell="respelled"), self.clean_expected)

    def test_a_last_line_without_newline_is_a_line(self):
        share = self.clean[:200_000].rpartition(b"\n")[0] + b"\n" + h.record("users", {"last": 1}).rstrip().encode()
        self.assert_all(*self.route(share), reference.Expected(mixed_lines.STREAMS).feed(share))

    def test_malformed_lines_are_counted_and_nothing_else_changes_with_drop(self):
        result, received = self.route(self.faulty, "--on-malformed", "drop")
        self.assertGreater(self.faulty_expected.lines["malformed"], 20)
        self.assert_all(result, received, self.faulty_expected)

    def test_no_state_behind_a_malformed_line_becomes_durable(self):
        for threads in ("dedicated", "compact", "inline"):
            with self.subTest(threads=threads):
                self.fresh()
                result, received = self.route(self.faulty, "--threads", threads)
                self.assert_exit(result, h.DATA_LOSS)
                self.assert_received(received, self.faulty_expected)
                self.assert_lines(result.report, self.faulty_expected)
                self.assert_checkpoint(self.faulty_expected.clean_blobs)
                self.assertEqual({row["status"] for row in result.report["streams"]}, {"incomplete"})


if __name__ == "__main__":
    h.main()
