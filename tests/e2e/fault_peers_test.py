"""Peers that stop, stall, flood and multiply. The fault numbers are those of fault_matrix.py.

Deadlines, stubborn peers and what a destination's end means are in deadlines_test and endings_test.
"""

import os
import subprocess

from tests.e2e import harness as h
from tests.e2e.routing_case import BULK, USERS_1, RoutingCase

STATE = h.state("users", {"c": 1})
STOP, CONTINUE = h.signal.SIGSTOP, h.signal.SIGCONT


def stopped(pid):
    with open("/proc/%d/stat" % pid) as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


class Stops(RoutingCase):
    def test_a_destination_that_is_stopped_and_goes_on_misses_nothing(self):
        w = self.w
        w.source["read"] = [BULK, {"touch": w.path("half")}, BULK, BULK, {"write": STATE}]
        w.destination["write"] = {"digest": w.path("digest"), "before": [{"touch": w.path("up")}]}
        running = w.start_sync()
        h.wait_for_file(w.path("up"), running)
        pid = int(h.read_bytes(w.path("destination", "write.pid")))
        for _ in range(5):
            os.kill(pid, STOP)
            h.wait_until(lambda: not h.alive(pid) or stopped(pid), "a stopped destination")
            os.kill(pid, CONTINUE)
        h.wait_until(lambda: os.path.exists(w.path("half")) or running.ended(), "the first part")
        os.kill(pid, STOP)
        h.wait_until(lambda: not h.alive(pid) or stopped(pid), "a stopped destination")
        before = h.wait_until(lambda: self.written_and_blocked(), "a source that waits")
        os.kill(pid, CONTINUE)
        result = running.wait()
        self.assert_exit(result, h.OK)
        self.assertGreater(before, 0)
        self.assertEqual(h.read_json(w.path("digest"))["bytes"], result.report["source"]["bytes"] + len('"sourceStats":{"recordCount":}')
                         + 1 + len(str(result.report["totals"]["records_read"])))
        self.assertEqual(w.stream_states(), {"users": {"c": 1}})

    def written_and_blocked(self):
        """Bytes that the source has written, once they grow no more or it is done."""
        pid = int(h.read_bytes(self.w.path("source", "read.pid")))
        try:
            with open("/proc/%d/io" % pid) as io:
                written = int(io.read().split("wchar:")[1].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            return 1
        self.same = getattr(self, "same", (0, 0))
        self.same = (written, self.same[1] + 1 if self.same[0] == written else 0)
        return written if self.same[1] > 100 else None

    def test_a_destination_that_is_stopped_for_ever_is_killed_at_its_deadline(self):
        # Stopped sources, and where else it may stop: scenarios_test.
        result = self.run_sync({"write": USERS_1}, BULK, BULK, BULK, BULK, code=h.TIMEOUT,
                               hold=[{"line": 1, "do": [{"signal": int(STOP)}]}],
                               flags=["--destination-timeout", "1s", "--abort-drain", "1s"])
        self.assertEqual(result.report["failures"][0]["origin"], "destination")
        self.assertEqual(result.report["destination"]["signal"], int(h.KILL))

    def test_one_that_blocks_every_signal_is_killed(self):
        result = self.run_sync({"write": USERS_1}, {"block_signals": True}, {"hang": True}, code=h.TIMEOUT,
                               flags=["--source-timeout", "1s", "--abort-drain", "1s"])
        self.assertEqual(result.report["source"]["signal"], int(h.KILL))


class Children(RoutingCase):
    def test_thousands_of_short_lived_grandchildren_leave_no_zombie_of_ours(self):
        w = self.w
        w.source["read"] = [{"write": USERS_1}, {"orphans": 2000}, {"touch": w.path("done")}, {"await": w.path("go")},
                            {"write": STATE}]
        running = w.start_sync()
        self.release_at_the_end(w.path("go"))
        h.wait_for_file(w.path("done"), running)
        h.wait_until(lambda: not self.zombies(running.pid), "every one of them to be reaped")
        h.touch(w.path("go"))
        self.assert_exit(running.wait(), h.OK)

    @staticmethod
    def zombies(parent):
        found = []
        for thread in os.listdir("/proc/%d/task" % parent):
            with open("/proc/%d/task/%s/children" % (parent, thread)) as children:
                found += [int(pid) for pid in children.read().split() if not h.alive(int(pid))]
        return found

    def test_a_peer_without_memory_fails_as_itself(self):
        result = self.run_sync({"write": USERS_1 + STATE}, {"eat": 32 << 20}, code=h.SOURCE)
        self.assertEqual(result.report["source"]["exit_code"], 1)
        self.assertIn(b"MemoryError", result.err)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})


class Floods(RoutingCase):
    def test_of_stderr_are_cut_and_counted_and_stop_nothing(self):
        noise = ("noise " * 20 + "\n") * 1000
        result = self.run_sync(BULK, *[{"stderr": noise}] * 200, {"write": STATE})
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.assertIn(b"more lines of the source's stderr were dropped", result.err)
        self.assertLess(len(result.err), 200 * len(noise) / 2)
        self.assertLessEqual(result.report["peak_memory_bytes"], 64 << 20)

    def test_pipes_of_a_page_and_a_destination_that_talks_before_it_reads_are_no_deadlock(self):
        chat = {"repeat": h.log("chat " * 20), "bytes": 1 << 20}
        self.run_sync({"shrink": True}, BULK, {"write": STATE}, BULK, before=[{"shrink": True}, chat],
                      hold=[{"line": line, "do": [chat]} for line in (1, 1000, 5000)])
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_a_destination_that_acknowledges_only_after_megabytes_more_is_no_deadlock(self):
        steps = []
        for number in range(1, 9):
            steps += [BULK, {"write": h.state("users", {"c": number})}]
        for threads in ("auto", "inline"):
            with self.subTest(threads=threads):
                result = self.run_sync(*steps, ack="last", flags=["--threads", threads])
                self.assertEqual(result.report["states"]["committed"], 8)
                self.assertGreater(result.report["source"]["bytes"], 24_000_000)
                self.fresh()


class Spawning(RoutingCase):
    """What the kernel refuses: strace answers in its place."""

    def run_with(self, injection, *flags):
        w = self.w
        w.source["read"] = [{"write": USERS_1 + STATE}]
        w.runs += 1
        report = w.path("report-%d.json" % w.runs)
        process = subprocess.run(
            ["strace", "-qq", "-o", w.path("trace"), "-e", "trace=vfork,clone,clone3,fork", "-e", "inject=" + injection,
             h.program(), "sync", "--store", w.store, "--report", report, *w.prepare(), *flags],
            env=w.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=h.DEADLINE, check=False)
        return h.Result(["sync"], process.returncode, process.stdout, process.stderr,
                        h.read_json(report) if os.path.exists(report) else None), h.read_bytes(w.path("trace"))

    def test_each_refused_start_of_a_process_or_a_thread_is_a_clean_end(self):
        # Those of the main thread: two specs, two connectors, and the other threads. strace counts each call by itself.
        met = refused_runs = 0
        for call in ("vfork", "clone", "clone3"):
            for number in range(1, 10):
                result, trace = self.run_with("%s:error=EAGAIN:when=%d" % (call, number))
                if b"INJECTED" not in trace:
                    break
                met += 1
                # A limit of the machine, before anything has moved: neither a bug of ours nor a failure of a connector.
                self.assertIn(result.code, (h.OK, h.USAGE), str(result))
                self.assertNotIn(b"terminate called", result.err)
                if result.code != h.OK:
                    refused_runs += 1
                    self.assertEqual([row["origin"] for row in result.report["failures"]], ["shunt"], str(result))
                    self.assertIn(b"Resource temporarily unavailable", result.err)
                    self.assertIn(b"ulimit -a", result.err)
                self.fresh()
        print("%d starts refused, %d runs ended by that" % (met, refused_runs))
        self.assertGreaterEqual(met, 6)
        self.assertGreaterEqual(refused_runs, 2)  # a process is tried again, a thread is not

    def test_a_process_that_is_refused_for_good_is_a_clean_end(self):
        # After the two specs: the destination, again and again.
        result, trace = self.run_with("clone:error=EAGAIN:when=3+")
        self.assertGreater(trace.count(b"INJECTED"), 5)
        self.assert_exit(result, h.USAGE)
        failure = result.report["failures"][0]
        self.assertEqual(failure["origin"], "shunt")
        self.assertIn("fork: Resource temporarily unavailable", failure["message"])


if __name__ == "__main__":
    h.main()
