"""The peak memory of the program stays within its budget of 64 MiB: with a stalled destination, with
20 MB lines, and with both. What arrives is the source's output, byte for byte.
"""

import hashlib

from tests.e2e import harness as h
from tests.e2e.routing_case import configured, mapper

BUDGET_BYTES = 64 << 20
LINE_BYTES = 20_000_000
ROW = h.record("users", {"id": 12345, "text": "x" * 360, "n": [1, 2, 3], "ok": True})


def string_line():
    head, tail = '{"type":"RECORD","record":{"stream":"users","data":{"s":"', '"},"emitted_at":1}}\n'
    return (head + "y" * (LINE_BYTES - len(head) - len(tail)) + tail).encode()


def array_line():
    head, tail = '{"type":"RECORD","record":{"stream":"users","data":{"a":[0', ']},"emitted_at":1}}\n'
    return (head + ",1" * ((LINE_BYTES - len(head) - len(tail)) // 2) + tail).encode()


def objects_line():
    head, tail = '{"type":"RECORD","record":{"stream":"users","data":{"a":[0', ']},"emitted_at":1}}\n'
    return (head + ',{"k":[{}]}' * ((LINE_BYTES - len(head) - len(tail)) // 11) + tail).encode()


class Memory(h.SyncTest):
    def source_is_blocked(self):
        """True when the source has made no progress for many looks in a row: every buffer is full.

        Nothing is asserted on it: a release that came too early would only make the test weaker.
        """
        pid = int(h.read_bytes(self.w.path("source", "read.pid")))
        last, same = None, [0]

        def settled():
            nonlocal last
            try:
                with open("/proc/%d/io" % pid) as io:
                    written = io.read()
            except FileNotFoundError:
                return True  # it wrote everything: the peak will tell where to
            same[0] = same[0] + 1 if written == last else 0
            last = written
            return same[0] > 250
        h.wait_until(settled, "a blocked source")

    def measure(self, *steps, expected, stalled, threads="auto", flags=()):
        """Runs a sync and asserts the peak at its very end, and during the stall."""
        w = self.w
        w.source["read"] = list(steps)
        write = {"ack": "never", "digest": w.path("digest"), "at_end": [{"touch": w.path("drained")}, {"await": w.path("bye")}]}
        if stalled:
            write["before"] = [{"await": w.path("go")}]
        w.destination["write"] = write
        running = w.start_sync("--threads", threads, *flags)
        self.release_at_the_end(w.path("bye"))
        self.release_at_the_end(w.path("go"))
        if stalled:
            h.wait_for_file(w.path("source", "read.pid"), running)
            self.source_is_blocked()
            self.assertLessEqual(running.memory_high_bytes(), BUDGET_BYTES, "before the destination read a byte")
            h.touch(w.path("go"))
        h.wait_for_file(w.path("drained"), running)
        high = running.memory_high_bytes()
        h.touch(w.path("bye"))
        result = running.wait()
        self.assert_exit(result, h.OK)
        digest = h.read_json(w.path("digest"))
        self.assertEqual(digest, expected)
        print("%s: VmHWM %.1f MiB, report %.1f MiB" % (self.id().rpartition(".")[2], high / 2**20,
                                                      result.report["peak_memory_bytes"] / 2**20))
        self.assertLessEqual(high, BUDGET_BYTES)
        self.assertLessEqual(result.report["peak_memory_bytes"], BUDGET_BYTES)
        self.assertGreaterEqual(result.report["peak_memory_bytes"], high * 0.9)

    def rows(self, total):
        """A step that writes rows, and the digest of what it writes."""
        block = ROW.encode() * max(1, (1 << 16) // len(ROW))
        count = -(-total // len(block))
        digest = hashlib.sha256()
        for _ in range(count):
            digest.update(block)
        return {"repeat": ROW, "bytes": total}, {"sha256": digest.hexdigest(), "bytes": count * len(block)}

    def lines(self, *lines):
        data = b"".join(lines)
        return ({"file": self.w.write("lines", data)},
                {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})

    def test_rows_flow(self):
        step, expected = self.rows(150_000_000)
        self.measure(step, expected=expected, stalled=False)

    def test_rows_before_a_stalled_destination(self):
        step, expected = self.rows(150_000_000)
        for threads in ("dedicated", "compact", "inline"):
            with self.subTest(threads=threads):
                self.fresh()
                self.measure(step, expected=expected, stalled=True, threads=threads)

    def test_lines_of_20_mb_one_string(self):
        step, expected = self.lines(*[string_line()] * 3)
        self.measure(step, expected=expected, stalled=False)

    def test_lines_of_20_mb_one_dense_array(self):
        step, expected = self.lines(*[array_line()] * 3)
        self.measure(step, expected=expected, stalled=False)

    def test_lines_of_20_mb_many_small_objects(self):
        step, expected = self.lines(*[objects_line()] * 2)
        self.measure(step, expected=expected, stalled=False)

    def test_long_and_short_lines_before_a_stalled_destination(self):
        step, expected = self.lines(ROW.encode() * 1000, array_line(), ROW.encode() * 1000, string_line(), array_line(),
                                    ROW.encode() * 50_000)
        self.measure(step, expected=expected, stalled=True)

    def test_tiny_lines_before_a_stalled_destination(self):
        row = h.record("users", {})
        data = row.encode() * 800_000
        step, expected = self.lines(data)
        self.measure(step, expected=expected, stalled=True)

    def test_records_of_7_mb_under_new_names_before_a_stalled_destination(self):
        def records(name):
            for number in range(12):
                yield h.record(name, {"id": number, "text": "z" * 7_000_000}).encode()
                yield h.record(name, {"text": "short", "id": number}).encode() * 2000
        expected = b"".join(records("p_users"))
        self.measure({"file": self.w.write("lines", b"".join(records("users")))}, stalled=True, flags=["--stream-prefix", "p_"],
                     expected={"sha256": hashlib.sha256(expected).hexdigest(), "bytes": len(expected)})

    # A long record is copied together to be rewritten, and is there once more as it goes out; no more than that.
    def test_dense_records_of_7_mb_through_a_mapper_before_a_stalled_destination(self):
        def lines(name):
            head = '{"type":"RECORD","record":{"stream":"%s","data":{"a":[0' % name
            return (head + ",1" * 3_900_000 + ']},"emitted_at":1}}\n').encode() * 6
        self.w.catalog = {"streams": [configured("users", None, ("a", "b"), [mapper("hashing", targetField="b", method="MD5")])]}
        expected = lines("p_users")
        self.measure({"file": self.w.write("lines", lines("users"))}, stalled=True,
                     flags=["--stream-prefix", "p_", "--validate-schema", "all"],
                     expected={"sha256": hashlib.sha256(expected).hexdigest(), "bytes": len(expected)})


if __name__ == "__main__":
    h.main()
