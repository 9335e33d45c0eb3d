"""What `shunt sidecar` asks of the kernel while input is waiting: at most 8 system calls per megabyte, in every
threading preset, counted by strace. What a start and an end cost is taken off by counting two runs of
different lengths.
"""

import fcntl
import os
import subprocess
import time

from tests.e2e import harness as h

CALLS_PER_MB_MAX = 8
PIPE_BYTES = 1 << 20
ROW = h.record("users", {"id": 123456, "name": "n" * 300})
BLOCK = ROW.encode() * 2000
SHORT, LONG = 30, 150  # blocks
# With fewer cores than it has threads, how often the threads of `dedicated` wait for each other is the
# scheduler's choice: 7 to 17 calls per MB on two.
PRESETS = ("auto", "inline", "compact") + (("dedicated",) if len(os.sched_getaffinity(0)) >= 8 else ())


def calls_of(path):
    """{system call: how often} of a `strace -c` table, without its sum."""
    calls = {}
    with open(path, encoding="utf-8") as table:
        for line in table:
            words = line.split()
            if len(words) >= 5 and words[0][:1].isdigit() and words[-1] != "total":
                calls[words[-1]] = int(words[3])
    return calls


class Case(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.w.prepare()

    def strace(self, blocks, threads, stdin, stdout, flags=()):
        """One traced run; its calls. The bytes are checked by the caller, the records here."""
        table, report = self.w.path("table"), self.w.path("report.json")
        command = ["strace", "-f", "-c", "-o", table, h.program(), "sidecar", "--connection", "calls", "--catalog",
                   self.w.path("catalog.json"), "--store", "memory:", "--report", report, "--threads", threads, *flags]
        process = subprocess.Popen(command, env=self.w.environment(), stdin=stdin, stdout=stdout,
                                   stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=h.DEADLINE)
        self.assertEqual(process.returncode, h.OK, err[-3000:])
        self.assertEqual(h.read_json(report)["totals"]["records_forwarded"], blocks * 2000)
        return calls_of(table)

    def input(self, blocks):
        path = self.w.path("in-%d" % blocks)
        if not os.path.exists(path):
            with open(path, "wb") as data:
                for _ in range(blocks):
                    data.write(BLOCK)
        return path

    def from_file(self, blocks, threads):
        with open(self.input(blocks), "rb") as stdin:
            return self.to_file(blocks, threads, stdin)

    def from_pipe(self, blocks, threads):
        """`cat` keeps the pipe full: it is faster than what is traced."""
        read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        feeder = subprocess.Popen(["cat", self.input(blocks)], stdout=write_end)
        os.close(write_end)
        try:
            return self.to_file(blocks, threads, read_end)
        finally:
            os.close(read_end)
            self.assertEqual(feeder.wait(h.DEADLINE), 0)

    def to_file(self, blocks, threads, stdin):
        out = self.w.path("out")
        with open(out, "wb") as stdout:
            calls = self.strace(blocks, threads, stdin, stdout)
        self.assertEqual(os.path.getsize(out), blocks * len(BLOCK))
        os.unlink(out)
        return calls

    def calls_per_mb(self, run, threads):
        short, long = run(SHORT, threads), run(LONG, threads)
        self.assertGreater(long.get("read", 0), SHORT, "nothing was counted")
        more = {call: long[call] - short.get(call, 0) for call in long}
        per_mb = sum(more.values()) / ((LONG - SHORT) * len(BLOCK) / 1e6)
        print("%s %-9s %5.2f calls per MB: %s" % (
            run.__name__, threads, per_mb,
            ", ".join("%s %d" % entry for entry in sorted(more.items(), key=lambda e: -e[1])[:6])), flush=True)
        return per_mb

    def check(self, run):
        for threads in PRESETS:
            with self.subTest(threads=threads):
                # A feeder that gets no processor for a while leaves the pipe empty, and that is another matter.
                for _ in range(3):
                    per_mb = self.calls_per_mb(run, threads)
                    if per_mb <= CALLS_PER_MB_MAX:
                        break
                self.assertLessEqual(per_mb, CALLS_PER_MB_MAX)

    def test_from_a_file(self):
        self.check(self.from_file)

    def test_between_pipes_records_are_moved_and_not_copied_unless_told(self):
        for flags, moved in (((), True), (("--zero-copy", "never"), False)):
            with self.subTest(flags=flags):
                feeder = subprocess.Popen(["cat", self.input(LONG)], stdout=subprocess.PIPE)
                same = subprocess.Popen(["cmp", "-", self.input(LONG)], stdin=subprocess.PIPE)
                calls = self.strace(LONG, "auto", feeder.stdout, same.stdin, flags)
                feeder.stdout.close()
                same.stdin.close()
                self.assertEqual((feeder.wait(h.DEADLINE), same.wait(h.DEADLINE)), (0, 0))
                self.assertEqual(calls.get("splice", 0) > LONG / 10, moved, calls)
                self.assertEqual(calls.get("tee", 0) > 0, moved, calls)

    def test_from_a_full_pipe(self):
        self.check(self.from_pipe)


class Idle(h.SyncTest):
    """With nothing to do it sleeps: each thread looks around once a second, and no more."""

    CALLS_PER_SECOND_MAX = 40

    def run_idle(self, threads, to_stall):
        self.w.prepare()
        trace = self.w.path("trace")
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        process = subprocess.Popen(
            ["strace", "-f", "-o", trace, h.program(), "sidecar", "--connection", "calls", "--catalog",
             self.w.path("catalog.json"), "--store", "memory:", "--threads", threads, "--read-ahead", "1MiB"],
            env=self.w.environment(), stdin=in_read, stdout=out_write, stderr=subprocess.DEVNULL)
        self.addCleanup(h.stop, process)
        os.close(in_read)
        os.close(out_write)
        os.write(in_write, ROW.encode())
        h.wait_for_file(trace)
        if to_stall:  # the destination reads nothing any more
            os.set_blocking(in_write, False)
        else:
            self.assertEqual(os.read(out_read, 1 << 16), ROW.encode())

        def fill():
            try:
                while to_stall:
                    os.write(in_write, ROW.encode())
            except BlockingIOError:
                pass

        def quiet():
            fill()
            before = self.lines(trace)
            time.sleep(1)  # what is measured
            return self.lines(trace) - before <= self.CALLS_PER_SECOND_MAX

        h.wait_until(quiet, "a second with few system calls (%s)" % threads, 20)
        self.assertGreater(self.lines(trace), 100, "nothing was traced")
        os.close(in_write)
        while os.read(out_read, 1 << 20):
            pass
        os.close(out_read)
        self.assertEqual(process.wait(h.DEADLINE), h.OK)

    @staticmethod
    def lines(path):
        with open(path, "rb") as trace:
            return trace.read().count(b"\n")

    def test_a_silent_source(self):
        for threads in PRESETS:
            with self.subTest(threads=threads):
                self.run_idle(threads, to_stall=False)

    def test_a_stalled_destination(self):
        for threads in PRESETS:
            with self.subTest(threads=threads):
                self.run_idle(threads, to_stall=True)


if __name__ == "__main__":
    h.main()
