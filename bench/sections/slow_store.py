"""What records notice of a store that takes long for a commit."""

import os
import tempfile

from bench import corpus, measure
from bench import setting as places
from bench.page import Column, path, spread
from bench.sections import updates

TITLE = "records beside a store that takes 10 s for a commit, an update every 100 ms; 450-byte rows, {pairs} pairs"
NOTES = ["Measured until the destination has the last byte; the store is waited for by nobody."]
COLUMNS = [Column("case", 34, lambda row: row["name"]), Column("GB/s", 6, path("gb_per_s")),
           Column("of that without updates", 24, path("of_none", form=spread))]
MEGABYTES = 800


def rows(setting):
    file = setting.path("updates-records")
    corpus.write(file, setting.lines("450 B"), setting.megabytes(50))
    size = {"megabytes": setting.megabytes(MEGABYTES) // 1_000_000}
    with tempfile.TemporaryDirectory(prefix=places.PREFIX + "%d-" % os.getpid()) as disk:
        def run(flags):
            return lambda: updates.told(setting, disk, dict(size, **flags), file)
        none, slow = measure.rounds([run({"updates-per-second": 0}),
                                     run({"updates-per-second": 10, "commit-milliseconds": 10_000})], setting.pairs)
    os.unlink(file)
    for name, found in (("no updates", none), ("10 s for a commit", slow)):
        row = {"name": name, "gb_per_s": measure.spread(one["gb_per_s"] for one in found)["median"]}
        if found is slow:
            row["of_none"] = measure.spread(one["gb_per_s"] / other["gb_per_s"] for one, other in zip(slow, none))
        yield row
