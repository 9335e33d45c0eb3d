"""The line classifier in memory on one core, and what the machine allows at all."""

from bench import google
from bench.page import Column, path

TITLE = "in memory, one core, GB/s (no pipes, no processes)"
NOTES = ["messages: what the line above it is in millions of lines a second."]
LENGTHS = {"136": "136 B", "450": "450 B", "1024": "1 KB", "10240": "10 KB", "1048576": "1 MB"}
COLUMNS = [Column("", 34, lambda row: row["name"])] + [
    Column(title, 6, path("by_line", title)) for title in LENGTHS.values()]

CLASSIFIER = [("BM_Full", "--validate full"), ("BM_Envelope", "--validate envelope"),
              ("BM_FullManyStreams/10", "full, 10 streams in random turns"),
              ("BM_FullManyStreams/10000", "full, 10,000 streams in random turns")]
LIGHT = [("BM_SimdjsonStage1", "light: simdjson stage 1"), ("BM_NewlineScan", "light: newline scan"),
         ("BM_Memcpy", "light: memory copy")]


def by_line(results, wanted, member, unit):
    """The member of each result whose name is NAME/LENGTH[/ARGUMENT], by length."""
    found = {}
    for name, result in results.items():
        family, length, *arguments = name.split("/")
        if "/".join([family] + arguments) == wanted and result.get(member):
            found[LENGTHS[length]] = result[member] / unit
    return found


def rows(setting):
    results = google.results(setting, "bench/classify_bench")
    for name, title in CLASSIFIER + LIGHT:
        yield {"name": title, "by_line": by_line(results, name, "bytes_per_second", 1e9)}
        if name == "BM_Full":
            yield {"name": "  messages, M/s", "by_line": by_line(results, name, "messages", 1e6)}
