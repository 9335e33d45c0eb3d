"""Two builds of the program against each other, in one run: speed of the new one as a ratio to the old one."""

import os
import statistics

from bench import corpus, google, measure, processes
from bench.page import Column, path, spread

CLASSIFIER_ROWS = "BM_(Full|Envelope|FullDense)/"

COLUMNS = [Column("case", 34, lambda row: row["name"]), Column("old", 9, path("old")), Column("new", 9, path("new")),
           Column("new / old", 18, path("ratio", form=spread)), Column("", 7, lambda row: word(row["ratio"]))]


PAIRS_LEAST = 5  # with fewer, chance alone would do it


def word(ratio):
    """Only a difference that every single pair shows is one."""
    if ratio["pairs"] < PAIRS_LEAST:
        return ""
    if ratio["max"] < 1:
        return "slower"
    return "faster" if ratio["min"] > 1 else ""


def slower(rows, by):
    """The rows that lost more than `by` (0.05: a twentieth) beyond their spread."""
    return [row for row in rows if word(row["ratio"]) == "slower" and row["ratio"]["median"] < 1 - by]


def pipe_rows(setting, old, new):
    """`old` and `new` are programs."""
    file = setting.path("corpus")
    for kind, line in [(corpus.rows, line) for line in corpus.SIZES] + [(corpus.dense, "450 B")]:
        size = corpus.write(file, setting.lines(line, kind), setting.megabytes(300))
        for plan in ("full", "envelope"):
            commands = [setting.sidecar(validate=plan, program=program) for program in (old, new)]
            for command in commands:
                setting.same_bytes(command, file)
            first, second = measure.rounds(
                [lambda command=command: setting.through(file, command) for command in commands], setting.pairs)
            yield {"name": "pipes, %s %s, %s" % (kind.__name__, line, plan),
                   "old": measure.speed(first, size)["gb_per_s"], "new": measure.speed(second, size)["gb_per_s"],
                   "ratio": measure.times(second, first)}
        os.unlink(file)


def classifier_rows(setting, old, new):
    """`old` and `new` are builds of classify_bench; only what both of them know is compared."""
    def run(program):
        return lambda: google.results(setting, program, only=CLASSIFIER_ROWS)
    first, second = measure.rounds([run(old), run(new)], setting.pairs)
    for name in [name for name in first[0] if name in second[0]]:
        speeds = [[one[name]["bytes_per_second"] / 1e9 for one in runs] for runs in (first, second)]
        yield {"name": "memory, " + name, "old": statistics.median(speeds[0]), "new": statistics.median(speeds[1]),
               "ratio": measure.spread(after / before for before, after in zip(*speeds))}


def run(setting, out, old, new):
    """`old` and `new`: {"shunt": program, "classify_bench": program, or none}."""
    out.title("pipes: cat FILE | shunt | cat >/dev/null, GB/s, %d pairs" % setting.pairs)
    found = out.table(COLUMNS, pipe_rows(setting, old["shunt"], new["shunt"]))
    if "classify_bench" in old and "classify_bench" in new:
        out.title("the line classifier in memory, GB/s, %d pairs" % setting.pairs)
        found += out.table(COLUMNS, classifier_rows(setting, old["classify_bench"], new["classify_bench"]))
    if not found:
        raise processes.Failed("nothing was measured")
    return found
