"""What it costs to let shunt change records, against shunt that does not, and against jq that does."""

import json
import os
import shutil

from bench import corpus, measure
from bench.page import Column, path, spread

TITLE = "transforms: cat FILE | shunt sidecar | cat >/dev/null; ratio to the same without, {pairs} pairs"
NOTES = ["Unchanged records go from pipe to pipe without a copy (zero-copy); changed ones cannot.",
         "none, copied: nothing is changed, with --zero-copy never: what changed records are to be compared with."]
LINE, LONG, MEGABYTES = "450 B", "10 KB", 400

COLUMNS = [Column("line", 6, lambda row: row["line"]),
           Column("transform".ljust(18), 18, lambda row: row["name"].ljust(18)),
           Column("GB/s", 5, path("shunt", "gb_per_s")), Column("of none", 17, path("of_none", form=spread)),
           Column("of none, copied", 17, path("of_copied", form=spread)),
           Column("MiB", 5, path("shunt", "peak_mib", form="{:.1f}".format)),
           Column("CPU", 4, path("shunt", "cpu_s_per_gb"))]


def cases(setting, line):
    """Name and middle of the pipeline."""
    found = [("none", setting.sidecar()), ("none, copied", setting.sidecar("--zero-copy", "never")),
             ("prefix", setting.sidecar("--stream-prefix", "p_"))]
    if line == LINE:
        found += [("select fields", setting.sidecar("--select-fields", catalog=selecting(setting))),
                  ("schema, all", setting.sidecar("--validate-schema", "all"))]
    return found


def selecting(setting):
    """A catalog that asks for some of the fields that records have."""
    with open(setting.catalog, encoding="utf-8") as source:
        catalog = json.load(source)
    for stream in catalog["streams"]:
        stream["stream"]["json_schema"] = {"type": "object", "properties": {"id": {}, "name": {}, "email": {}}}
    file = setting.path("catalog-selecting.json")
    with open(file, "w", encoding="utf-8") as out:
        json.dump(catalog, out)
    return file


def rows(setting):
    yield from rows_of(setting, LINE)
    yield from rows_of(setting, LONG)


def rows_of(setting, line):
    file = setting.path("corpus")
    size = corpus.write(file, setting.lines(line), setting.megabytes(MEGABYTES))
    names, middles = zip(*cases(setting, line))
    setting.through(file, ["cat"])  # the first run would pay for what is cold
    found = measure.rounds([lambda middle=middle: setting.through(file, middle) for middle in middles], setting.pairs)
    os.unlink(file)
    for name, uses in zip(names, found):
        yield {"line": line, "name": name, "shunt": measure.speed(uses, size),
               "of_none": measure.times(uses, found[0]), "of_copied": measure.times(uses, found[1])}
    if line == LINE and shutil.which("jq"):
        yield jq(setting, found[0], size)


def jq(setting, none, none_size):
    """The rival: the names changed by jq. It is given less, being slower."""
    file = setting.path("corpus-jq")
    size = corpus.write(file, setting.lines(LINE), setting.megabytes(MEGABYTES // 20))
    uses = measure.rounds([lambda: setting.through(file, ["jq", "-c", '.record.stream |= "p_" + .'])], len(none))[0]
    os.unlink(file)
    return {"line": LINE, "name": "prefix, by jq", "shunt": measure.speed(uses, size),
            "of_none": measure.times(uses, none, size, none_size)}
