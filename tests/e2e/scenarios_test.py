"""Random scenarios with real processes: dead, hung, stopped, slow, forking and starving peers, signals, a full disk.

Whatever a seed draws (scenarios.py), a run ends within its deadline with a code that its faults explain, its report
tells the same, no process, zombie, run directory or FIFO is left, what the destination got is a prefix of what it
should get, no checkpoint is past an acknowledgement, past a loss or past what the destination got, 0 means that
nothing at all is missing, and every config update that the source had printed is in the journal (or in the spill
file of a store that was full).

SHUNT_SCENARIOS=N runs N of them (default 60), SHUNT_SEED=N the same ones again, SHUNT_SCENARIO=N one alone.
"""

import collections
import concurrent.futures
import ctypes
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
import unittest

from tests.e2e import harness as h
from tests.e2e.scenarios import SPEC, Scenario

COUNT = int(os.environ.get("SHUNT_SCENARIOS", "60"))
AT_ONCE = 5  # most of a scenario is waiting for deadlines
# Silence of 1 s, 20 s until a connector that lingers is asked to go, the drain, 10 s for the destination, the kill.
ENDS_WITHIN = 75
# What was sent a SIGKILL is dead when the kernel next gives it a moment; an orphan stays.
DIES_WITHIN = 5
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """From now on whoever loses its parent below us becomes our child, so that we see it."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def children():
    """(pid, state, arguments) of our children."""
    found = []
    for thread in os.listdir("/proc/self/task"):
        with open("/proc/self/task/%s/children" % thread) as listed:
            for pid in map(int, listed.read().split()):
                try:
                    with open("/proc/%d/stat" % pid) as stat:
                        found.append((pid, stat.read().rpartition(")")[2].split()[0]))
                except OSError:
                    pass
    return found


class Violation(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Violation(what)


class Play:
    """One scenario, played and judged."""

    def __init__(self, seed):
        self.w = h.Workspace("scenario")
        self.mounted = False
        self.scenario = Scenario(seed, self.w.path)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.w.path("disk")], check=True)
        self.w.close()

    def run(self):
        w, s = self.w, self.scenario
        w.catalog = h.catalog(*s.streams, generations=s.generations)
        w.source_config = {"token": "first"}
        w.source = {"spec": SPEC, "read": s.source_steps}
        w.destination = {"write": s.destination}
        if s.world == "full disk":
            self.mount()
        began = time.monotonic()
        running = w.start_sync(*s.timeouts(), *s.flags)
        try:
            self.interfere(running)
            running.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            running.signal(h.KILL)
            running.process.wait()
            raise Violation("did not end within %d s: %s" % (ENDS_WITHIN, running.result()))
        self.result = running.result()
        self.seconds = time.monotonic() - began
        try:
            self.judge()
        except Violation as violation:
            raise Violation("%s\n%s" % (violation, self.result))
        return self.result.code

    def mount(self):
        os.mkdir(self.w.path("disk"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", self.w.path("disk")],
                                 stderr=subprocess.DEVNULL, check=False)
        self.mounted = mounted.returncode == 0
        if self.mounted:
            self.w.store = "sqlite:" + self.w.path("disk", "store.db")
        else:  # not ours to mount: files of the program may not grow instead
            os.rmdir(self.w.path("disk"))
            self.w.source["read"] = [step for step in self.scenario.source_steps if "fill" not in step]

    def interfere(self, running):
        s = self.scenario
        if s.world in ("signal", "two signals"):
            # From then on it has a run to end; until then it dies of the signal.
            h.wait_until(lambda: running.ended() or os.path.exists(self.w.path("store.db")), "the program to be up")
            time.sleep(s.when)  # the random moment is the fault
            running.signal(s.signal)
            if s.world == "two signals":
                time.sleep(s.rng.random() * 0.3)
                running.signal(s.signal)
        elif s.world == "pauses":
            for _ in range(10):
                time.sleep(0.01)
                running.signal(h.signal.SIGSTOP)
                time.sleep(0.02)
                running.signal(h.signal.SIGCONT)
        elif s.world == "full disk" and not self.mounted:
            resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        elif s.world == "take-over":
            self.take_over(running)

    def take_over(self, running):
        h.wait_until(lambda: os.path.exists(self.w.path("first")) or running.ended(), "the source", ENDS_WITHIN)
        other = h.Workspace("rival")
        try:
            other.store = self.w.store
            result = other.sync("--take-over")
            require(result.code == h.OK, "the rival: %s" % result)
        finally:
            other.close()
            h.touch(self.w.path("go"))

    # The verdict.

    def judge(self):
        s, code = self.scenario, self.result.code
        if self.mounted and os.path.exists(self.w.path("disk", "filler")):
            os.unlink(self.w.path("disk", "filler"))
        self.judge_leftovers()
        require(code in s.codes(), "exit %s, and not one of %s" % (code, sorted(s.codes())))
        self.judge_report()
        self.judge_data()
        self.judge_updates()

    def judge_leftovers(self):
        processes = self.processes()
        end = time.monotonic() + DIES_WITHIN
        while processes and time.monotonic() < end:
            time.sleep(h.POLL_SECONDS)
            processes = self.processes()
        for pid in processes:
            try:
                os.kill(pid, h.KILL)
            except ProcessLookupError:
                pass
        require(not processes, "%d orphan processes" % len(processes))
        peers = set()
        for side, verb in (("source", "read"), ("destination", "write")):
            if os.path.exists(self.w.path(side, verb + ".pid")):
                peers.add(int(h.read_bytes(self.w.path(side, verb + ".pid"))))
        zombies = {pid for pid, state in children() if state == "Z"}
        require(not zombies & peers, "shunt did not reap its child")
        for pid in zombies:  # grandchildren that lost their parents
            os.waitpid(pid, 0)
        files = [path for path in self.w.leftovers()[1] if "/updates/" not in path]
        require(not files, "left in the run directory: %s" % files)
        runs = [os.path.join(at, name) for at, names, _ in os.walk(self.w.runtime) for name in names
                if name.startswith("run")]
        require(not runs, "a run directory is left: %s" % runs)

    def processes(self):
        return {pid for pid, state in children() if state != "Z"} | set(h.processes_with(self.w.root))

    def judge_report(self):
        report, code = self.result.report, self.result.code
        require(report is not None, "there is no report")
        require(report["exit_code"] == code, "the report has another exit code")
        name = h.NAMES[code] if code < len(h.NAMES) else "signal"
        require(report["status"] == name, "the report has the status %s" % report["status"])
        require(code == 0 or code > 128 or report["failures"], "a failure without a word")
        for row in report["streams"]:
            require(row["records_committed"] <= row["records_forwarded"] <= row["records_read"], "counts of a stream: %s" % row)
            # With a full disk, the verdict of a run that has stored all its states may be what finds no room.
            require(row["status"] != "complete" or code in (h.OK, h.SOURCE, h.INCOMPLETE, h.STORE),
                    "complete, and the code is %d" % code)

    def judge_data(self):
        s, code = self.scenario, self.result.code
        expected = s.expected()
        received = h.read_bytes(self.w.path("received")) if os.path.exists(self.w.path("received")) else b""
        self.received = received
        common = len(os.path.commonprefix([received, expected]))
        rest = received[received.rfind(b"\n", 0, common) + 1:] if common < len(received) else b""
        complete = 0
        for line in rest.split(b"\n"):
            if line and common >= len(expected) - len(line) or b"STREAM_STATUS" in line:
                require(b'"STREAM_STATUS"' in line or line == rest, "foreign bytes at %d: %r" % (common, rest[:200]))
                complete += b"COMPLETE" in line and b"INCOMPLETE" not in line
            else:
                require(not line, "not what was written, at byte %d: %r" % (common, rest[:200]))
        require(s.source_ok or not complete or any(fault.name == "incomplete" for fault in s.faults),
                "a stream is called complete after a failure of the source")
        self.judge_checkpoint(expected, received)
        if code == 0:
            require(received.startswith(expected) or hasattr(s, "goes"), "0, and the destination misses data")
            require(not s.generations or complete == len(s.streams), "0, and %d streams are called complete" % complete)
            require(self.stored == s.newest() or hasattr(s, "goes"), "0, and %s is stored instead of %s" % (
                self.stored, s.newest()))

    def judge_checkpoint(self, expected, received):
        s = self.scenario
        command = self.w.start("state", "export", "default", "--store", self.w.store).wait()
        states = json.loads(command.out) if command.code == 0 else []
        self.stored = {state["stream"]["stream_descriptor"]["name"]: state["stream"]["stream_state"]["c"]
                       for state in states}
        acked = h.read_bytes(self.w.path("acks")) if os.path.exists(self.w.path("acks")) else b""
        newest_acked = {}
        for row in acked.split(b"\n")[:-1]:
            stream = json.loads(row)["state"]["stream"]
            name = stream["stream_descriptor"]["name"]
            newest_acked[name] = max(newest_acked.get(name, 0), stream["stream_state"]["c"])
        at = 0
        ends = {}
        for line in s.lines:
            if line.forwarded:
                at += len(line.bytes)
            if line.kind == "state":
                ends[line.stream, line.cursor] = at
        for stream, cursor in self.stored.items():
            require((stream, cursor) in ends, "a state is stored that nobody sent: %s %s" % (stream, cursor))
            require(cursor <= newest_acked.get(stream, 0), "stored and never acknowledged: %s %s" % (stream, cursor))
            require(ends[stream, cursor] <= len(received), "the checkpoint is past what the destination got")
            require(cursor <= s.newest().get(stream, 0), "the checkpoint is past a loss")

    def judge_updates(self):
        printed = sum(os.path.exists(mark) for _, mark in self.scenario.updates)
        if not printed:
            return
        if self.scenario.world == "full disk":
            self.w.command("config", "recover")
        rows = self.w.journal()
        require(len(rows) >= printed, "%d config updates were printed, %d are in the journal" % (printed, len(rows)))


def play(seed):
    """(seed, what it was, exit code, seconds, what is wrong with it or None). In a process of its own."""
    adopt_orphans()
    play_of_it = Play(seed)
    try:
        code = play_of_it.run()
        return seed, str(play_of_it.scenario), code, play_of_it.seconds, None, facts(play_of_it)
    except Exception as error:  # judged by the test, in its process
        text = "%s: %s\n%s" % (type(error).__name__, error, play_of_it.scenario.describe())
        return seed, str(play_of_it.scenario), None, 0, text, {}
    finally:
        play_of_it.close()


def facts(one):
    """What really happened, for the vacuity guard."""
    return {"records": one.received.count(b'"RECORD"'), "checkpoints": len(one.stored), "updates":
            sum(os.path.exists(mark) for _, mark in one.scenario.updates)}


def quiet_play():
    """A scenario without any fault, with states and updates, that ends with 0."""
    for seed in range(1, 1000):
        one = Play(seed)
        s = one.scenario
        if s.codes() == {0} and s.world == "calm" and not s.faults and s.updates and len(s.newest()) == 1 and not (
                s.generations or s.source_forks or s.destination_forks):
            return one
        one.close()
    raise AssertionError("no seed has a quiet scenario")


def cut_received(one):
    with open(one.w.path("received"), "r+b") as received:
        received.truncate(os.path.getsize(one.w.path("received")) - 5)


def spoil_received(one):
    with open(one.w.path("received"), "r+b") as received:
        received.seek(20)
        received.write(b"#")


def store_more(one):
    states = json.loads(one.w.command("state", "export", "default"))
    states[0]["stream"]["stream_state"]["c"] += 1
    one.w.command("state", "import", "default", h.write_json(one.w.path("more.json"), states))


def leave_a_process(one):
    subprocess.Popen(["/bin/sh", "-c", "sleep 100 & exec sleep 100", one.w.root], stdin=subprocess.DEVNULL)


# What is done to a run that ended well, and what the judge must say to it.
TAMPERINGS = {
    "nothing": None,
    "another exit code": (lambda one: setattr(one.result, "code", h.DATA_LOSS), "exit 8"),
    "no report": (lambda one: setattr(one.result, "report", None), "no report"),
    "another status": (lambda one: one.result.report.update(status="timeout"), "status timeout"),
    "missing data": (cut_received, "misses data|past what the destination got"),
    "foreign bytes": (spoil_received, "byte|foreign"),
    "a checkpoint too far": (store_more, "nobody sent"),
    "a lost update": (lambda one: [h.touch(one.w.path("extra")), one.scenario.updates.append(("x", one.w.path("extra")))],
                      "config updates were printed"),
    "a file left": (lambda one: h.touch(os.path.join(one.w.runtime, "fifo")), "left in the run directory"),
    "a process left": (leave_a_process, "orphan"),
}


def play_and_tamper(name):
    """What the judge says of a quiet run that was tampered with. In a process of its own."""
    adopt_orphans()
    one = quiet_play()
    judge = one.judge
    if TAMPERINGS[name]:
        one.judge = lambda: (TAMPERINGS[name][0](one), judge())
    try:
        one.run()
        return None
    except Violation as violation:
        return str(violation).split("\n", maxsplit=1)[0]
    finally:
        one.close()


class Scenarios(unittest.TestCase):
    def test_every_one_ends_as_its_faults_say(self):
        first = int(os.environ.get("SHUNT_SCENARIO", "0"))
        seeds = [first] if first else self.seeds()
        codes, totals, wrong, slowest = collections.Counter(), collections.Counter(), [], (0, "")
        began = time.monotonic()
        with concurrent.futures.ProcessPoolExecutor(AT_ONCE) as pool:
            for seed, text, code, seconds, problem, happened in pool.map(play, seeds):
                codes[code] += 1
                totals.update(happened)
                slowest = max(slowest, (seconds, text))
                if first:
                    print(text)
                if problem:
                    wrong.append("%s\nalone again: SHUNT_SCENARIO=%d\n%s" % (text, seed, problem))
                    print("WRONG", wrong[-1], flush=True)
        print("%d scenarios in %.0f s: exit codes %s; %s; slowest %.1f s (%s)" % (
            len(seeds), time.monotonic() - began, dict(sorted(codes.items(), key=str)), dict(totals), *slowest))
        self.assertEqual(wrong, [], "%d of %d scenarios" % (len(wrong), len(seeds)))
        if len(seeds) >= 300:
            self.assertLessEqual(set(range(11)) - {1, 2} | {130, 143}, set(codes), "endings that never came")
        if len(seeds) >= 60:  # a stage on which nothing happens proves nothing
            self.assertLess(codes[0], len(seeds) * 0.8)
            self.assertGreaterEqual(len([code for code in codes if code]), 5, "few kinds of endings")
            for what, least in (("records", 20), ("checkpoints", 0.2), ("updates", 0.1)):
                self.assertGreater(totals[what], least * len(seeds), what)

    def test_the_judge_sees_what_is_wrong(self):
        with concurrent.futures.ProcessPoolExecutor(AT_ONCE) as pool:
            problems = list(pool.map(play_and_tamper, TAMPERINGS))
        for (name, tamper), problem in zip(TAMPERINGS.items(), problems):
            with self.subTest(name=name):
                if tamper is None:
                    self.assertIsNone(problem)
                else:
                    self.assertRegex(problem or "nothing", tamper[1])

    @staticmethod
    def seeds():
        rng = random.Random(h.seed())
        return [rng.randrange(1, 1 << 31) for _ in range(COUNT)]


if __name__ == "__main__":
    h.main()
