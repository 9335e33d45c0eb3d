"""A sync in which nothing happens, and how long a start takes."""

import contextlib
import os
import subprocess
import time

from bench import measure, mixes, processes, setting as places
from bench.page import Column, path
from bench.sections import latency

TITLE = "idle and start: a source silent for 10 s after one record; 21 starts"
NOTES = ["start: from before the program is executed until the record that already waits has come out."]
SECONDS, STARTS = 10, 21

COLUMNS = [Column("case", 46, lambda row: row["name"]),
           Column("CPU of a core", 13, path("cpu_part", form=lambda part: "%.3f %%" % (100 * part))),
           Column("wake-ups/s", 10, path("wakeups_per_s")),
           Column("start ms", 16, path("start_ms", form=lambda ms: "%.1f (%.1f-%.1f)" % (
               ms["median"], ms["min"], ms["max"]))),
           Column("MiB", 4, path("shunt", "peak_mib", form="{:.1f}".format))]


def thread_seconds(base):
    """On a processor: to the nanosecond, or in ticks where the kernel keeps no scheduler's statistics."""
    if os.path.exists(base + "schedstat"):
        with open(base + "schedstat", encoding="ascii") as stat:
            return int(stat.read().split()[0]) / 1e9
    with open(base + "stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads_of(pid):
    """Seconds on a processor and times given away by itself, of all threads of a process."""
    seconds = waits = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        base = "/proc/%d/task/%s/" % (pid, thread)
        seconds += thread_seconds(base)
        with open(base + "status", encoding="ascii") as status:
            waits += next(int(line.split()[1]) for line in status if line.startswith("voluntary"))
    return seconds, waits


def peak_mib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


class Idle:
    """A sidecar that has forwarded one record and then hears nothing."""

    def __init__(self, chain, setting, name, arguments, acks=None):
        self.name = name
        line = mixes.padded_line(450)
        self.process = chain.start(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=setting.environment())
        # Whoever acknowledges: open, silent. For reading too, so that the opening does not wait.
        self.acks = os.open(acks, os.O_RDWR) if acks else None
        self.process.stdin.write(line)
        self.process.stdin.flush()
        if self.process.stdout.read(len(line)) != line:
            raise processes.Failed("%s: the record did not come out" % name)

    def row(self, seconds, before):
        after = threads_of(self.process.pid)
        return {"name": self.name, "cpu_part": (after[0] - before[0]) / seconds,
                "wakeups_per_s": (after[1] - before[1]) / seconds, "shunt": {"peak_mib": peak_mib(self.process.pid)}}


def idle_rows(setting):
    seconds = 1 if setting.quick else SECONDS
    acks = setting.path("acks")
    os.mkfifo(acks)
    with processes.Chain(None) as chain, contextlib.ExitStack() as stack:
        idle = [Idle(chain, setting, "idle, nothing to acknowledge", setting.sidecar()),
                Idle(chain, setting, "idle, SQLite, a destination that acknowledges",
                     setting.sidecar("--destination-out", acks, store="sqlite:" + setting.path("idle.db")), acks)]
        stack.callback(os.close, idle[1].acks)
        time.sleep(0.5)
        before = [threads_of(one.process.pid) for one in idle]
        begin = time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - begin
        found = [one.row(passed, was) for one, was in zip(idle, before)]
    os.unlink(acks)
    return found


def rows(setting):
    yield from idle_rows(setting)
    run = lambda command: lambda: latency.ping(setting, command, "--count", "0")  # noqa: E731
    many = setting.catalog_of([("stream_%05d" % number, None) for number in range(9999)] + [("users", "public")])
    cases = {"cat": ["cat"], "shunt": setting.sidecar(),
             "shunt, a catalog of 10,000 streams": setting.sidecar(catalog=many)}
    found = measure.rounds([run(command) for command in cases.values()], 3 if setting.quick else STARTS)
    for name, runs in zip(cases, found):
        row = {"name": "start: " + name, "start_ms": measure.spread(one["first_ms"] for one in runs)}
        if name != "cat":
            row["shunt"] = {"peak_mib": max(one["peak_kib"] for one in runs) / 1024}
        yield row
