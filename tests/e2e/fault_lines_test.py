"""Faults of bytes and lines, with the program between two files or two peers (contract decisions 3 to 5).

What one line means is proved in tests/protocol_hot; here the whole program has to draw the conclusion: what
arrives, what is counted, what the exit code is. The fault numbers are those of fault_matrix.py.
"""

import json
import random
import resource

from tests.e2e import harness as h
from tests.e2e.routing_case import USERS_1, USERS_2, RoutingCase

STATE = h.state("users", {"c": 1}, 1)


class FileCase(h.SyncTest):
    """Bytes in, bytes out: `shunt sidecar` without a peer."""

    def setUp(self):
        super().setUp()
        self.w.prepare()

    def through(self, data, *flags, code=h.OK, before=None):
        """(result, what came out) of `data`."""
        report = self.w.path("report.json")
        data = data if isinstance(data, bytes) else data.encode()
        with open(self.w.write("in", data), "rb") as stdin, open(self.w.path("out"), "wb") as stdout:
            running = self.w.start("sidecar", "--catalog", self.w.path("catalog.json"), "--store", "memory:", "--report",
                                   report, *flags, stdin=stdin, stdout=stdout, report=report)
            if before:
                before(running)
            result = running.wait()
        self.assert_exit(result, code)
        return result, h.read_bytes(self.w.path("out"))


class CutLines(FileCase):
    def test_a_last_line_that_is_cut_is_a_loss_and_nothing_of_it_goes_out(self):
        # At every byte: EnvelopeRules.ALineCutAtEveryByteIsMalformed. Here at the ends and at random places.
        last = h.record("users", {"id": 2, "text": "\u00e9 \\ \" {}[]", "more": "x" * 200}).encode().rstrip(b"\n")
        self.assertGreater(len(last), 280)
        sizes = {1, 2, len(last) - 2, len(last) - 1} | set(random.Random(h.seed()).sample(range(3, len(last) - 2), 16))
        for size in sorted(sizes):
            result, out = self.through(USERS_1.encode() + last[:size], code=h.DATA_LOSS)
            self.assertEqual(out, USERS_1.encode(), size)
            self.assertEqual(result.report["lines"]["malformed"], 1, size)
        self.assertEqual(self.through(USERS_1.encode() + last)[1], USERS_1.encode() + last + b"\n")

    def test_a_log_in_the_middle_of_a_record_costs_that_record_and_no_other(self):
        # What several writers without a lock make of lines longer than a pipe writes at once.
        middle = len(USERS_2) // 2
        torn = USERS_2[:middle] + "2024-01-01 INFO words\n" + USERS_2[middle:]
        result, out = self.through(USERS_1 + torn + USERS_1, code=h.DATA_LOSS)
        self.assertEqual(out, (USERS_1 * 2).encode())
        self.assertEqual(result.report["lines"]["malformed"], 1)
        self.assertEqual(result.report["lines"]["text"], 1)


class LineEnds(FileCase):
    def test_crlf_passes_and_stays(self):
        data = (USERS_1 + STATE + USERS_2).replace("\n", "\r\n")
        result, out = self.through(data)
        self.assertEqual(out, data.encode())
        self.assertEqual((result.report["lines"]["record"], result.report["lines"]["state"]), (2, 1))

    def test_a_byte_order_mark_is_leading_text_wherever_it_stands(self):
        bom = "\ufeff"
        result, out = self.through(bom + USERS_1 + USERS_2 + bom + STATE)
        self.assertEqual(out, (USERS_1 + USERS_2 + STATE).encode())
        self.assertEqual(result.report["lines"]["text"], 2)

    def test_utf_16_and_utf_32_are_text_and_no_flood_of_messages(self):
        # Nothing in it begins like a message, so by the rule of what a line is there is nothing that could be lost.
        lines = (USERS_1 + STATE) * 20_000
        for encoding in ("utf-16-le", "utf-16-be", "utf-16", "utf-32"):
            with self.subTest(encoding=encoding):
                data = lines.encode(encoding)
                result, out = self.through(data)
                self.assertEqual(out, b"")
                self.assertEqual(result.report["states"]["forwarded"], 0)
                self.assertGreaterEqual(result.report["lines"]["text"], 40_000)
                self.assertIn(b"more lines of the source's log were dropped", result.err)
                self.assertLess(len(result.err), len(data) / 4)


class Text(FileCase):
    def test_control_characters_and_nul_neither_reach_the_terminal_nor_cut_a_log_line(self):
        text = b"HERE\x00\x1b[31mred\x1b[0m\x07 50%\r100% \x7f end\n"
        result, out = self.through(text + USERS_1.encode())
        self.assertEqual(out, USERS_1.encode())
        shown = next(line for line in result.err.split(b"\n") if b"HERE" in line)
        self.assertIn(b"end", shown)
        for byte in (0x00, 0x07, 0x0d, 0x1b, 0x7f):
            self.assertNotIn(bytes([byte]), shown)


class HugeLines(FileCase):
    def test_depth_needs_no_stack(self):
        deep = '{"type":"RECORD","record":{"stream":"users","data":{"a":%s%s}}}\n'
        small = lambda running: resource.prlimit(running.pid, resource.RLIMIT_STACK, (256 << 10, 256 << 10))
        for depth, code in ((1021, h.OK), (1022, h.DATA_LOSS), (100_000, h.DATA_LOSS), (10_000_000, h.DATA_LOSS)):
            data = deep % ("[" * depth, "]" * depth)
            result, out = self.through(data, code=code, before=small)
            self.assertEqual(out, data.encode() if code == h.OK else b"", depth)
            self.assertEqual(result.report["lines"]["malformed"], code == h.DATA_LOSS)


class EndlessLines(RoutingCase):
    HEAD = '{"type":"RECORD","record":{"stream":"users","data":{"a":"'

    def test_a_line_of_a_gigabyte_is_a_loss_within_the_memory_budget(self):
        size = 1 << 30
        result = self.run_sync({"write": USERS_1 + self.HEAD}, {"repeat": "x" * 4096, "bytes": size},
                               {"write": '"}}}\n' + USERS_2 + h.state("users", {"c": 2}, 2)}, code=h.DATA_LOSS)
        self.assertEqual(self.received_lines()[:2], [json.loads(USERS_1), json.loads(USERS_2)])
        self.assertGreaterEqual(result.report["source"]["bytes"], size)
        self.assertEqual(result.report["lines"]["malformed"], 1)
        self.assertLessEqual(result.report["peak_memory_bytes"], 64 << 20)
        self.assertEqual(self.w.exported_state(), [])

    def test_a_line_without_end_ends_the_run_at_its_limit_when_told_to_fail(self):
        result = self.run_sync({"write": USERS_1 + self.HEAD}, {"repeat": "x" * 4096, "bytes": 1 << 40}, code=h.DATA_LOSS,
                               flags=["--on-malformed", "fail", "--line-bytes-max", "1000000", "--abort-drain", "100ms"])
        self.assertGreaterEqual(result.report["source"]["bytes"], 1_000_000)  # it was really so long
        self.assertEqual(self.received(), USERS_1.encode())

    def test_a_line_that_never_ends_is_no_life(self):
        # It says a byte now and then, and never a message.
        for threads in ("auto", "dedicated", "inline"):
            with self.subTest(threads=threads):
                result = self.run_sync({"write": USERS_1 + self.HEAD}, {"trickle": "x", "seconds": 0.05}, code=h.TIMEOUT,
                                       flags=["--source-timeout", "1s", "--abort-drain", "1s", "--threads", threads])
                self.assertGreater(result.report["source"]["bytes"], len(USERS_1 + self.HEAD) + 10)
                self.assertIn("--source-timeout", result.report["failures"][0]["message"])
                self.assertEqual(self.received(), USERS_1.encode())


class TheDestinationsLines(RoutingCase):
    """What the destination prints is cut and spelled in every way, too."""

    THREE = "".join(USERS_1 + h.state("users", {"c": n, "t": "\u00e9\u2028"}, 1) for n in (1, 2, 3))

    def test_byte_by_byte_and_in_odd_pieces(self):
        for sizes in ([1], [3, 1, 64, 7], [100_000]):
            with self.subTest(sizes=sizes):
                result = self.run_sync({"write": self.THREE}, ack_chunks=sizes)
                self.assertEqual(result.report["states"]["committed"], 3)
                self.assertEqual(self.w.stream_states()["users"]["c"], 3)
                self.fresh()

    def test_without_a_last_newline_with_crlf_and_behind_text(self):
        acks = [h.state("users", {"c": n, "t": "\u00e9\u2028"}, 1).rstrip("\n") for n in (1, 2, 3)]
        for text in (acks[2], acks[2] + "\r\n", "done. " + acks[2], acks[1] + acks[2] + "\n", "\ufeff" + acks[2] + "\n"):
            with self.subTest(text=text[:20]):
                self.run_sync({"write": self.THREE}, ack="never", at_end=[{"write": text}])
                self.assertEqual(self.w.stream_states()["users"]["c"], 3)
                self.fresh()

    def test_an_acknowledgement_that_is_torn_is_none_and_no_loss_of_data(self):
        ack = h.state("users", {"c": 3, "t": "\u00e9\u2028"}, 1)
        result = self.run_sync({"write": self.THREE}, ack="never", code=h.INCOMPLETE,
                               at_end=[{"write": ack[:40] + "words\n" + ack[40:]}])
        self.assertEqual(self.w.exported_state(), [])
        self.assertEqual(result.report["destination"]["lines"], 2)


if __name__ == "__main__":
    h.main()
