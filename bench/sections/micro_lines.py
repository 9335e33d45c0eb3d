"""The line classifier and the whole router in memory on one core, and what the machine allows at all."""

from bench import google
from bench.page import Column, path

TITLE = "micro: in memory, one core, GB/s, by length of the line"
NOTES = ["messages: what the line above it is in millions of lines a second.",
         "router: everything from a source to a destination in memory, on one thread."]
LENGTHS = {"136": "136 B", "450": "450 B", "1024": "1 KB", "10240": "10 KB", "1048576": "1 MB"}
COLUMNS = [Column("", 44, lambda row: row["name"])] + [
    Column(title, 7, path("by_line", title)) for title in LENGTHS.values()]

MESSAGES = "  messages, M/s"
# Program, benchmark, what it is called on the page, whether its messages are told too.
ROWS = [("classify_bench", "BM_Full", "classify, full", True),
        ("classify_bench", "BM_FullDense", "classify, full, dense", False),
        ("classify_bench", "BM_Envelope", "classify, envelope", False),
        ("router_bench", "BM_RouterFull", "router, full", True),
        ("router_bench", "BM_RouterManyStreams/10", "router, full, 10 streams at random", False),
        ("router_bench", "BM_RouterManyStreams/10000", "router, full, 10,000 streams at random", False),
        ("light_bench", "BM_SimdjsonStage1", "speed of light: simdjson stage 1", False),
        ("light_bench", "BM_Utf8", "speed of light: UTF-8 check", False),
        ("light_bench", "BM_NewlineScan", "speed of light: newline scan", False),
        ("light_bench", "BM_Memcpy", "speed of light: memory copy", False)]
PIPE = "BM_PipeCopy/1048576/real_time"


def by_line(results, wanted, member, unit):
    """The member of each result whose name is NAME/LENGTH[/ARGUMENT], by length."""
    found = {}
    for name, result in results.items():
        family, length, *arguments = name.split("/")
        if "/".join([family] + arguments) == wanted and result.get(member):
            found[LENGTHS[length]] = result[member] / unit
    return found


def rows(setting):
    results = {program: google.results(setting, "bench/" + program)
               for program in ("classify_bench", "router_bench", "light_bench")}
    for program, name, title, messages in ROWS:
        yield {"name": title, "by_line": by_line(results[program], name, "bytes_per_second", 1e9)}
        if messages:
            yield {"name": MESSAGES, "by_line": by_line(results[program], name, "messages", 1e6)}
    speed = results["light_bench"][PIPE]["bytes_per_second"] / 1e9
    yield {"name": "speed of light: a pipe of 1 MiB, two threads", "by_line": {"450 B": speed}}
