"""What checkpoints cost: a destination that acknowledges every STATE at once, and a store on a real disk."""

import itertools
import json
import os
import tempfile

from bench import corpus, measure, mixes, processes, setting as places
from bench.page import Column, path, spread

TITLE = "checkpoints: cat FILE | shunt sidecar | a sink that acknowledges every STATE; 450-byte rows, {pairs} pairs"
NOTES = ["Rows a second are compared, so that the bytes of the states do not count. SQLite lies on a disk."]
LINE, MEGABYTES = "450 B", 200

COLUMNS = [Column("case", 34, lambda row: row["name"]), Column("GB/s of records", 15, path("shunt", "gb_per_s")),
           Column("of that without states", 22, path("of_none", form=spread)),
           Column("acknowledged", 13, path("states_per_s", form=lambda n: "%.0f/s" % n)),
           Column("MiB", 5, path("shunt", "peak_mib", form="{:.1f}".format)),
           Column("CPU", 4, path("shunt", "cpu_s_per_gb"))]
# Name, records between two states, store.
CASES = [("no STATE, SQLite", 0, "sqlite"), ("a STATE every 10,000, SQLite", 10_000, "sqlite"),
         ("a STATE every 100, SQLite", 100, "sqlite"), ("a STATE every 100, in memory", 100, "memory")]


class Run:
    """One case: its file, and how it is measured."""

    numbers = itertools.count()

    def __init__(self, setting, disk, name, every, store):
        self.setting, self.disk, self.name, self.every, self.store = setting, disk, name, every, store
        self.file = setting.path("checkpoints-%d" % every)
        self.states, self.records = [], 0

    def write(self, lines):
        total = self.setting.megabytes(MEGABYTES)
        if self.every:
            self.records = mixes.write(self.file, lines, total, self.every,
                                       lambda number: mixes.state(number, self.every))[1]
        else:
            self.records = corpus.write(self.file, lines, total)

    def __call__(self):
        number = next(self.numbers)
        acks, report = self.setting.path("acks"), self.setting.path("report.json")
        os.mkfifo(acks)
        database = os.path.join(self.disk, "store-%d.db" % number)
        arguments = self.setting.sidecar("--destination-out", acks, "--report", report,
                                         store="memory:" if self.store == "memory" else "sqlite:" + database)
        try:
            use = self.setting.through(self.file, arguments, sink=(places.built("bench/sink"), acks))
        finally:
            os.unlink(acks)
        with open(report, encoding="utf-8") as source:
            states = json.load(source)["states"]
        if states["acked"] != states["forwarded"] or bool(states["forwarded"]) != bool(self.every):
            raise processes.Failed("%s: %s" % (self.name, states))
        self.states.append(states["forwarded"] / use.seconds)
        return use


def rows(setting):
    lines = setting.lines(LINE)
    with tempfile.TemporaryDirectory(prefix=places.PREFIX + "%d-" % os.getpid()) as disk:
        runs = [Run(setting, disk, *case) for case in CASES]
        for run in runs:
            run.write(lines)
        found = measure.rounds(runs, setting.pairs)
    for run, uses in zip(runs, found):
        row = {"name": run.name, "shunt": measure.speed(uses, run.records)}
        if run.every:
            row["of_none"] = measure.times(uses, found[0], run.records, runs[0].records)
            row["states_per_s"] = measure.spread(run.states)["median"]
        yield row
    for run in runs:
        if os.path.exists(run.file):
            os.unlink(run.file)
