"""How long a STATE takes to the destination while records move."""

import statistics

from bench import corpus, measure, processes, setting as places
from bench.page import Column, path

TITLE = "latency of a STATE among records, from its write to its arrival, milliseconds; one in 1,000 rows of 450 bytes"
NOTES = ["At a given load the pipe in front stays nearly empty. At full speed the time in it, up to 1 MiB, is included."]
LOADS = {"50 MB/s": 50_000_000, "200 MB/s": 200_000_000, "full speed": 0}


def millis(value):
    return "%.2f" % value


def columns_of(name):
    return [Column(name + ": GB/s", 11, path(name, "gb_per_s")), Column("p50", 6, path(name, "p50_ms", form=millis)),
            Column("p99", 6, path(name, "p99_ms", form=millis)), Column("max", 6, path(name, "max_ms", form=millis))]


COLUMNS = [Column("load", 12, lambda row: row["name"])] + columns_of("cat") + columns_of("shunt")


def summary(runs):
    found = {"gb_per_s": statistics.median(run["gb_per_s"] for run in runs),
             "peak_mib": max(run["peak_kib"] for run in runs) / 1024}
    for key in ("p50", "p99"):
        found[key + "_ms"] = statistics.median(run[key + "_us"] for run in runs) / 1000
    found["max_ms"] = max(run["max_us"] for run in runs) / 1000
    return found


def rows(setting):
    file = setting.path("records")
    corpus.write(file, setting.lines("450 B"), setting.megabytes(50))
    for name, load in LOADS.items():
        flags = ["--bytes-per-second", str(load), "--milliseconds", "100" if setting.quick else "700"]

        def run(command):
            return lambda: processes.told([places.built("bench/state_latency")] + flags + [file] + command,
                                          env=setting.environment())
        cat, mine = measure.rounds([run(["cat"]), run(setting.sidecar())], setting.pairs)
        yield {"name": name, "cat": summary(cat), "shunt": summary(mine)}
