"""One message at a time, through X and back: what X adds to it."""

import statistics

from bench import measure, processes, setting as places
from bench.page import Column, path

TITLE = "latency: one 450-byte record at a time, written, forwarded, read; {pairs} pairs of 2,000, microseconds"
NOTES = ["added: the difference of the two in one pair, the median of all pairs, and the greatest."]


def micros(value):
    return "%.0f" % value


def added(value):
    return "%.0f (at most %.0f)" % (value["median"], value["max"])


COLUMNS = [Column("through", 24, lambda row: row["name"]), Column("p50", 6, path("p50_us", form=micros)),
           Column("p99", 6, path("p99_us", form=micros)), Column("greatest", 8, path("max_us", form=micros)),
           Column("added p50", 20, path("added_p50", form=added)), Column("added p99", 20, path("added_p99", form=added)),
           Column("CPU us each", 11, path("cpu_us"))]


def ping(setting, command, *flags):
    return processes.told([places.built("bench/ping")] + list(flags) + ["--"] + command, env=setting.environment())


def summary(name, runs):
    found = {"name": name}
    for key in ("p50_us", "p99_us", "max_us"):
        found[key] = statistics.median(run[key] for run in runs)
    found["cpu_us"] = statistics.median(
        (run["user_seconds"] + run["system_seconds"]) / run["count"] * 1e6 for run in runs)
    found["peak_mib"] = max(run["peak_kib"] for run in runs) / 1024
    return found


def rows(setting):
    count = "200" if setting.quick else "2000"
    cat, mine = measure.rounds([lambda: ping(setting, ["cat"], "--count", count),
                                lambda: ping(setting, setting.sidecar(), "--count", count)], setting.pairs)
    yield summary("cat", cat)
    found = summary("shunt", mine)
    for key in ("p50", "p99"):
        found["added_" + key] = measure.spread(
            one[key + "_us"] - other[key + "_us"] for one, other in zip(mine, cat))
    found["shunt"] = {"peak_mib": found.pop("peak_mib")}
    yield found
