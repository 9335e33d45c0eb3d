"""Cases that want memory. The other tables have a peak in every row; the page ends with the greatest of all."""

import os

from bench import corpus, mixes, setting as places
from bench.page import Column, path

TITLE = "memory: what could need much; the budget is 64 MiB"
NOTES = ["One run each."]
BUDGET_MIB = 64
INCOMPLETE_ACKS = 9

COLUMNS = [Column("case", 50, lambda row: row["name"]),
           Column("peak MiB", 8, path("shunt", "peak_mib", form="{:.1f}".format)),
           Column("", 12, lambda row: "" if row["shunt"]["peak_mib"] <= BUDGET_MIB else "over budget")]


def long_lines(setting, file):
    size = 300_000 if setting.quick else 30_000_000
    corpus.write(file, [mixes.padded_line(size)], 4 * size)


def rows_of(line):
    return lambda setting, file: corpus.write(file, setting.lines(line), setting.megabytes(100))


def large_states(setting, file):
    mixes.write(file, setting.lines("450 B"), setting.megabytes(100), 100,
                lambda number: mixes.state(number, 100, 10_000 if number % 50 else 4_000_000))


def many_streams(setting, file):
    corpus.write(file, setting.lines("136 B", streams=STREAMS), setting.megabytes(100))


STREAMS = ["stream_%05d" % number for number in range(10_000)]
# Name, what writes the file, flags of the sink, streams of the catalog.
CASES = [("lines of 30 MB", long_lines, [], None),
         ("a destination that reads nothing for a second", rows_of("450 B"), ["--wait-ms", "1000"], None),
         ("the same with lines of 1 MB", rows_of("1 MB"), ["--wait-ms", "1000"], None),
         ("states of 10 KB and 4 MB that nobody acknowledges", large_states, ["--silent", "1"], None),
         ("10,000 streams, 136-byte lines", many_streams, [], STREAMS)]


def rows(setting):
    file = setting.path("memory")
    acks = setting.path("acks")
    for name, write, flags, streams in CASES:
        write(setting, file)
        catalog = setting.catalog_of([(stream, "public") for stream in streams]) if streams else None
        sink = [places.built("bench/sink")] + flags
        if "--silent" not in flags:
            use = setting.through(file, setting.sidecar(catalog=catalog), sink=sink)
        else:
            os.mkfifo(acks)
            use = setting.through(file, setting.sidecar("--destination-out", acks), sink=sink + [acks],
                                  exit_code=INCOMPLETE_ACKS)
        yield {"name": name, "shunt": {"peak_mib": use.peak_mib}}
