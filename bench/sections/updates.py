"""What a config update costs: how soon it is durable, and what records notice of it."""

import os
import statistics
import tempfile

from bench import corpus, measure, processes, setting as places
from bench.page import Column, path

TITLE = "config updates: from the write of a CONTROL line to its commit in SQLite, milliseconds; 450-byte rows"
NOTES = ["The base is the time that the store itself takes for a commit, in the same run.",
         "Updates that come while a commit is made share the next one."]
# Name, flags, milliseconds.
CASES = [("50/s, records at full speed", {"updates-per-second": 50}, 4000),
         ("50/s, a destination that reads nothing", {"updates-per-second": 50, "stalled": 1}, 4000),
         ("500/s, records at 50 MB/s", {"updates-per-second": 500, "bytes-per-second": 50_000_000}, 4000),
         ("as fast as they go", {"updates-per-second": -1}, 2000)]


def millis(value):
    return "%.1f" % value


def beyond(row):
    """How much longer the slowest percent of the updates took than the slowest percent of the commits."""
    return "%+.1f" % (row["p99_ms"] - row["commit_p99_ms"])


COLUMNS = [Column("case", 39, lambda row: row["name"]), Column("durable/s", 9, path("durable_per_s", form=lambda n: "%.0f" % n)),
           Column("p50", 6, path("p50_ms", form=millis)), Column("p99", 6, path("p99_ms", form=millis)),
           Column("commit p50", 10, path("commit_p50_ms", form=millis)),
           Column("p99", 6, path("commit_p99_ms", form=millis)), Column("p99 beyond", 10, beyond),
           Column("GB/s", 5, path("gb_per_s"))]


def flags_of(values):
    return [text for name, value in values.items() for text in ("--" + name, str(value))]


def told(setting, disk, flags, file):
    """One run on a store of its own."""
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        return processes.told([places.built("bench/update_latency")] + flags_of(flags) +
                              [file, os.path.join(folder, "store.db")], env=setting.environment())


def summary(name, runs):
    row = {"name": name}
    for key, kind, member in (("p50_ms", "latency", "p50_us"), ("p99_ms", "latency", "p99_us"),
                              ("commit_p50_ms", "commit", "p50_us"), ("commit_p99_ms", "commit", "p99_us")):
        row[key] = statistics.median(run[kind][member] for run in runs) / 1000
    for key in ("durable_per_s", "gb_per_s"):
        row[key] = statistics.median(run[key] for run in runs)
    for run in runs:
        if run["durable"] != run["updates"]:
            raise processes.Failed("%s: %d of %d updates are durable" % (name, run["durable"], run["updates"]))
    return row


def rows(setting):
    file = setting.path("updates-records")
    corpus.write(file, setting.lines("450 B"), setting.megabytes(50))
    with tempfile.TemporaryDirectory(prefix=places.PREFIX + "%d-" % os.getpid()) as disk:
        for name, flags, milliseconds in CASES:
            values = dict(flags, milliseconds=200 if setting.quick else milliseconds)
            yield summary(name, measure.rounds([lambda: told(setting, disk, values, file)], setting.pairs)[0])
    os.unlink(file)
