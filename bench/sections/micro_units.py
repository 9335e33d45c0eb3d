"""What is not on the way of a record: one call of each unit."""

from bench import google, processes
from bench.page import Column, path

TITLE = "micro: units, one call each"
NOTES = ["SQLite is on a disk; a rollback journal cannot do with fewer than four syncs."]
PER_LINE = 2  # on the page

SCALE = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
ROWS = [("bench/lanes_bench", "BM_LaneSendReceive", "lane, one thread"),
        ("bench/lanes_bench", "BM_LaneBetweenThreads/real_time", "lane, between two threads"),
        ("bench/lanes_bench", "BM_RingPublishTake", "sequenced ring"),
        ("bench/lanes_bench", "BM_PoolAcquireReturn", "pool"),
        ("bench/state_bench", "BM_ParseState/0", "read a STATE of 200 B"),
        ("bench/state_bench", "BM_ParseState/1048576", "read a STATE of 1 MB"),
        ("bench/state_bench", "BM_LedgerAnnounceAcknowledge/1000", "ledger, 1,000 outstanding"),
        ("bench/state_bench", "BM_LedgerCover/1000", "ledger, an ack of 1,000"),
        ("bench/control_bench", "BM_ControlRead", "read a config update"),
        ("bench/control_bench", "BM_ControlPlan", "read, merge, validate one"),
        ("tests/stores/store_benchmark", "CommitSqlite/lanes:1/bytes:200/real_time", "SQLite, commit of a state"),
        ("tests/stores/store_benchmark", "FourSyncs/real_time", "speed of light: four syncs")]


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return "%.3g %s" % (seconds / size, unit)
    return "%.3g ns" % (seconds / 1e-9)


def rate(seconds):
    for unit, size in (("M/s", 1e6), ("k/s", 1e3)):
        if 1 / seconds >= size:
            return "%.3g %s" % (1 / seconds / size, unit)
    return "%.3g /s" % (1 / seconds)


COLUMNS = [Column("unit", 28, lambda row: row["name"]), Column("time", 8, path("seconds", form=duration)),
           Column("rate", 9, path("seconds", form=rate))]


def rows(setting):
    results = {}
    for program, name, title in ROWS:
        if program not in results:
            try:
                results[program] = google.results(setting, program, only="|".join(
                    "^%s$" % other for where, other, _ in ROWS if where == program))
            except processes.NotThere:
                results[program] = None
        if results[program] is None:
            continue  # the store's benchmark is not part of //bench
        one = results[program][name]
        time = one["real_time"] if name.endswith("/real_time") else one["cpu_time"]
        yield {"name": title, "seconds": time * SCALE[one["time_unit"]]}
