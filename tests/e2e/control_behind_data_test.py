"""A config update behind 4 MB of records and one-line writes is durable before a destination reads anything.

Proven by the order of events: the destination waits for a file before its first read, and the test makes
that file only after another process has seen the update in the store. Contract decision 10, guarantee G29.
"""

import hashlib

from tests.e2e import harness as h

RECORDS_BYTES = 4_000_000
SINGLE_LINES = 3_000


class ControlBehindData(h.SyncTest):
    def prove(self, threads):
        w = self.w
        row = h.record("users", {"id": 12345, "text": "x" * 380})
        one = h.record("users", {"line": "%d"}).replace('"%d"', "%d")
        w.source_config = dict(h.CONFIG_EXAMPLE)
        w.source = {"spec": h.SPEC, "read": [
            {"repeat": row, "bytes": RECORDS_BYTES}, {"lines": one, "count": SINGLE_LINES},
            {"write": h.config_update({"api_key": "rotated"}, 1700000000000)},
            {"await": w.path("go")}]}  # the source still runs: end of file helps nobody
        w.destination = {"write": {"before": [{"await": w.path("go")}], "save": w.path("received")}}
        running = w.start_sync("--threads", threads)
        h.wait_for_file(w.path("destination", "write.pid"), running)
        self.release_at_the_end(w.path("go"))
        h.wait_until(lambda: running.ended() or w.config()["api_key"] == "rotated", "the update in the store")
        self.assertFalse(running.ended(), str(running.result()))
        self.assertEqual(h.read_bytes(w.path("received")), b"", "the destination had read nothing")
        h.touch(w.path("go"))
        result = running.wait()
        self.assert_exit(result, h.OK)
        received = h.read_bytes(w.path("received"))
        singles = "".join(one.replace("%d", str(n)) for n in range(SINGLE_LINES)).encode()
        block = row.encode() * max(1, (1 << 16) // len(row))
        expected = block * -(-RECORDS_BYTES // len(block)) + singles
        self.assertEqual(hashlib.sha256(received).hexdigest(), hashlib.sha256(expected).hexdigest())
        self.assertGreaterEqual(len(received), RECORDS_BYTES)

    def test_dedicated_threads(self):
        self.prove("dedicated")

    def test_compact_threads(self):
        self.prove("compact")

    def test_inline(self):
        self.prove("inline")


if __name__ == "__main__":
    h.main()
