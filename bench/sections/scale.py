"""What many streams, many states, log lines and slow neighbours cost: shunt against itself, and cat in the same place."""

import dataclasses
import os
from typing import Callable, Optional

from bench import corpus, measure, mixes, setting as places
from bench.page import Column, path, spread

TITLE = "scale: 450-byte rows, --validate full; beside shunt's own first row, and cat in the same place, {pairs} pairs"
NOTES = ["flat: at least 0.9 of the first row, or of its ratio to cat when the neighbours set the pace."]
LINE, MEGABYTES = "450 B", 200
FLAT = 0.9

COLUMNS = [Column("case", 38, lambda row: row["name"]), Column("GB/s", 5, path("shunt", "gb_per_s")),
           Column("of its first row", 16, path("of_base", form=spread)),
           Column("of cat there", 16, path("of_cat", form=spread)),
           Column("MiB", 4, path("shunt", "peak_mib", form="{:.1f}".format)),
           Column("CPU", 4, path("shunt", "cpu_s_per_gb")), Column("", 8, lambda row: row.get("word", ""))]


@dataclasses.dataclass
class Case:
    name: str
    write: Callable  # of (path, path of what comes out): bytes
    expected: bool = False  # the second path was written; else everything comes out
    streams: Optional[list] = None
    source: Callable = None  # of path: arguments
    sink: tuple = ("cat",)
    pairs: int = 100  # at most
    megabytes: int = MEGABYTES


def of_streams(count):
    names = ["stream_%05d" % number for number in range(count)]
    return Case("%s streams, at random" % format(count, ","), streams=names, write=lambda setting, size, file, _:
                corpus.write(file, setting.lines(LINE, streams=names, template_bytes=16 << 20), size))


def of_states(name, every, padding=0):
    return Case(name, write=lambda setting, size, file, _: mixes.write(
        file, setting.lines(LINE), size, every, lambda number: mixes.state(number, every, padding))[0])


def of_logs(name, every):
    return Case(name, expected=True, write=lambda setting, size, file, kept: mixes.write(
        file, setting.lines(LINE), size, every, mixes.log_line, kept)[0])


def plain(setting, size, file, _):
    return corpus.write(file, setting.lines(LINE), size)


def cases():
    feeder, sink = places.built("bench/feeder"), places.built("bench/sink")
    return [
        of_streams(10), of_streams(1000), of_streams(10_000),
        of_states("a STATE after every record", 1), of_states("a STATE after every 100", 100),
        of_states("a STATE after every 100,000", 100_000), of_states("a STATE of 1 MB after every 50,000", 50_000, 10**6),
        of_logs("1 % LOG lines", 99), of_logs("20 % LOG lines", 4),
        Case("a source that writes 4 KB at a time", plain, source=lambda file: [feeder, file]),
        Case("the same at 20 MB/s", plain, source=lambda file: [feeder, "--bytes-per-second", "20000000", file],
             pairs=3, megabytes=20),
        Case("a destination that reads 50 MB/s", plain, sink=(sink, "--bytes-per-second", "50000000"), pairs=3,
             megabytes=50),
    ]


def rows(setting):
    base_file, file, kept = setting.path("base"), setting.path("case"), setting.path("kept")
    base_size = plain(setting, setting.megabytes(MEGABYTES), base_file, None)
    ours = lambda: setting.through(base_file, setting.sidecar())  # noqa: E731
    cat, base = measure.rounds([lambda: setting.through(base_file, ["cat"]), ours], setting.pairs)
    first = {"name": "1 stream, no STATE, no LOG", "shunt": measure.speed(base, base_size),
             "of_cat": measure.times(base, cat)}
    yield first
    for case in cases():
        size = case.write(setting, setting.megabytes(case.megabytes), file, kept)
        yield row(setting, case, file, size, ours, base_size, first)
        for path_ in (file, kept):
            if os.path.exists(path_):
                os.unlink(path_)


def row(setting, case, file, size, ours, base_size, first):
    catalog = setting.catalog_of([(name, "public") for name in case.streams]) if case.streams else None
    arguments = setting.sidecar(catalog=catalog)
    setting.same_bytes(arguments, file, setting.path("kept") if case.expected else None)
    source = case.source(file) if case.source else None

    def there(middle):
        return lambda: setting.through(file, middle, source=source, sink=case.sink)
    base, mine, cat = measure.rounds([ours, there(arguments), there(["cat"])], min(case.pairs, setting.pairs))
    found = {"name": case.name, "bytes": size, "shunt": measure.speed(mine, size),
             "of_base": measure.times(mine, base, size, base_size), "of_cat": measure.times(mine, cat)}
    found["word"] = word(found, first)
    return found


def word(found, first):
    """Whether a row is as fast as the first one, which it need not be when somebody else sets the pace."""
    own, beside_cat = found["of_base"]["median"], found["of_cat"]["median"] / first["of_cat"]["median"]
    if max(own, beside_cat) < FLAT:
        return "slower"
    return "flat"
