"""cat FILE | X | cat >/dev/null, X being shunt, against cat in the same place."""

import os

from bench import corpus, measure
from bench.page import Column, path, spread

TITLE = "pipes: cat FILE | X | cat >/dev/null; ratio to X = cat, median (min-max) of {pairs} pairs"
NOTES = ["full: the whole grammar. envelope: --validate envelope. CPU: seconds of shunt's own per GB.",
         "rows: what real sources print. dense: a token every five bytes, an escape in every line.",
         "cat leaves its pipes at 64 KiB, shunt makes its own 1 MiB; see rivals for cat with pipes of 1 MiB."]


def columns_of(plan):
    return [Column(plan, 5, path(plan, "gb_per_s")), Column("ratio", 17, path(plan, "ratio", form=spread)),
            Column("MiB", 4, path(plan, "peak_mib", form="{:.1f}".format)),
            Column("CPU", 4, path(plan, "cpu_s_per_gb"))]


COLUMNS = [Column("corpus", 6, lambda row: row["corpus"]), Column("line", 6, lambda row: row["line"]),
           Column("cat GB/s", 8, path("cat", "gb_per_s"))] + columns_of("full") + columns_of("envelope")
MEGABYTES = 400
DENSE = ["136 B", "450 B", "1 MB"]


def rows(setting):
    for line in corpus.SIZES:
        yield row(setting, "rows", line, setting.lines(line))
    for line in DENSE:
        yield row(setting, "dense", line, setting.lines(line, corpus.dense))


def row(setting, name, line, lines):
    file = setting.path("corpus")
    size = corpus.write(file, lines, setting.megabytes(MEGABYTES))
    full, envelope = (setting.sidecar(validate=plan) for plan in ("full", "envelope"))
    for arguments in (full, envelope):
        setting.same_bytes(arguments, file)
    setting.through(file, ["cat"])  # the first run would pay for what is cold
    # cat in the middle, so that either plan stands right beside it.
    runs = measure.rounds([lambda: setting.through(file, full), lambda: setting.through(file, ["cat"]),
                           lambda: setting.through(file, envelope)], setting.pairs)
    os.unlink(file)
    found = {"corpus": name, "line": line, "line_bytes": corpus.mean_bytes(lines), "bytes": size,
             "cat": measure.speed(runs[1], size)}
    for plan, mine in (("full", runs[0]), ("envelope", runs[2])):
        found[plan] = dict(measure.speed(mine, size), ratio=measure.times(mine, runs[1]))
    return found
