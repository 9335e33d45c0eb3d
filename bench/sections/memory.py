"""Cases that want memory. The other tables have a peak in every row; the page ends with the greatest of all."""

import os

from bench import corpus, mixes, setting as places
from bench.page import Column, path

TITLE = "memory: peak of shunt, MiB, where it could need much; the budget is 64"
NOTES = ["One run each."]
BUDGET_MIB = 64
INCOMPLETE_ACKS = 9

PER_LINE = 2  # on the page


def peak(mib):
    return "%.1f%s" % (mib, "" if mib <= BUDGET_MIB else " over")


COLUMNS = [Column("case", 38, lambda row: row["name"]), Column("peak MiB", 10, path("shunt", "peak_mib", form=peak))]


def long_lines(setting, file):
    size = 300_000 if setting.quick else 30_000_000
    corpus.write(file, [mixes.padded_line(size)], 4 * size)


def rows_of(line):
    return lambda setting, file: corpus.write(file, setting.lines(line), setting.megabytes(100))


def large_states(setting, file):
    mixes.write(file, setting.lines("450 B"), setting.megabytes(100), 100,
                lambda number: mixes.state(number, 100, 10_000 if number % 50 else 4_000_000))


# Name, what writes the file, flags of the sink.
CASES = [("lines of 30 MB", long_lines, []),
         ("a destination that rests for a second", rows_of("450 B"), ["--wait-ms", "1000"]),
         ("the same, lines of 1 MB", rows_of("1 MB"), ["--wait-ms", "1000"]),
         ("unacknowledged states, 10 KB and 4 MB", large_states, ["--silent", "1"])]


def rows(setting):
    file, acks = setting.path("memory"), setting.path("acks")
    for name, write, flags in CASES:
        write(setting, file)
        sink = [places.built("bench/sink")] + flags
        if "--silent" not in flags:
            use = setting.through(file, setting.sidecar(), sink=sink)
        else:
            os.mkfifo(acks)
            use = setting.through(file, setting.sidecar("--destination-out", acks), sink=sink + [acks],
                                  exit_code=INCOMPLETE_ACKS)
        yield {"name": name, "shunt": {"peak_mib": use.peak_mib}}
