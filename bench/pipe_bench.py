"""How fast lines go through `shunt sidecar` between two processes, as a ratio to `cat` in the same place.

    cat FILE | X | cat >/dev/null        X = cat, or shunt sidecar

Every pair is measured right after the other, so that what disturbs the machine disturbs both; the median
ratio of all pairs counts. Before it is timed, each X must give out exactly the bytes it took in. The times
hold everything, from the start of the first process to the end of the last.

Lines are Airbyte RECORD messages of 136 B, 450 B, 1 KB, 10 KB and 1 MB. Standard library only.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZES = {"136 B": 136, "450 B": 450, "1 KB": 1000, "10 KB": 10_000, "1 MB": 1_000_000}
TEMPLATE_BYTES = 4 << 20  # distinct rows; a file repeats them
WORDS = ("lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam nonumy eirmod tempor invidunt ut labore "
         "caf\u00e9 na\u00efve \u65e5\u672c\u8a9e").split()


def field(rng, number):
    kind = number % 6
    if kind == 0:
        return '"id_%d":%d' % (number, rng.randrange(1 << 40))
    if kind == 1:
        return '"name_%d":"%s"' % (number, " ".join(rng.choices(WORDS, k=4)))
    if kind == 2:
        return '"updated_at_%d":"2024-%02d-%02dT%02d:00:00Z"' % (number, rng.randrange(1, 13), rng.randrange(1, 29),
                                                               rng.randrange(24))
    if kind == 3:
        return '"amount_%d":%.2f' % (number, rng.random() * 10_000)
    if kind == 4:
        return '"tags_%d":["%s","a \\"quoted\\" word"],"ok_%d":true' % (number, rng.choice(WORDS), number)
    return '"address_%d":{"city":"%s","zip":"%05d","geo":[%.5f,%.5f]}' % (
        number, rng.choice(WORDS), rng.randrange(100_000), rng.random() * 90, rng.random() * 180)


def row(rng, size):
    """One RECORD line of exactly `size` bytes, or the shortest there is."""
    head = '{"type":"RECORD","record":{"stream":"users","data":{"id":%d' % rng.randrange(10_000, 100_000)
    tail = '"},"emitted_at":1700000000000}}\n'
    parts, used, number = [head], len(head) + len(tail) + len(',"note":"'), 0
    while True:
        text = "," + field(rng, number)
        number += 1
        if used + len(text.encode()) > size:
            break
        parts.append(text)
        used += len(text.encode())
    return ("".join(parts) + ',"note":"' + "n" * max(0, size - used) + tail).encode()


def corpus(path, size, total, seed):
    rng = random.Random(seed)
    rows = [row(rng, size) for _ in range(max(1, TEMPLATE_BYTES // size))]
    block = b"".join(rows)
    with open(path, "wb") as out:
        written = 0
        while written < total:
            written += out.write(block)
    return written, len(rows[0])


class Pipe:
    """cat FILE | X | cat >/dev/null."""

    def __init__(self, name, arguments, report=None):
        self.name, self.arguments, self.report = name, arguments, report

    def seconds(self, path):
        begin = time.perf_counter()
        first = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
        middle = subprocess.Popen(self.arguments, stdin=first.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        first.stdout.close()
        last = subprocess.Popen(["cat"], stdin=middle.stdout, stdout=subprocess.DEVNULL)
        middle.stdout.close()
        codes = [process.wait() for process in (first, middle, last)]
        if any(codes):
            raise SystemExit("%s: exit codes %s" % (self.name, codes))
        return time.perf_counter() - begin

    def check(self, path):
        """The output is the input."""
        with open(path, "rb") as source:
            middle = subprocess.Popen(self.arguments, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            compare = subprocess.run(["cmp", "-", path], stdin=middle.stdout)
            middle.stdout.close()
            error = middle.stderr.read().decode("utf-8", "replace")
            if middle.wait() or compare.returncode:
                raise SystemExit("%s: exit %s, cmp %s\n%s" % (self.name, middle.returncode, compare.returncode, error[-3000:]))

    def peak_mib(self):
        if not self.report:
            return None
        with open(self.report, encoding="utf-8") as report:
            return json.load(report)["peak_memory_bytes"] / 2**20


def rivals(options, directory):
    catalog = os.path.join(directory, "catalog.json")
    with open(catalog, "w", encoding="utf-8") as out:
        json.dump({"streams": [{"stream": {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                                "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}, out)
    found = []
    for validate in ("full", "envelope"):
        for threads in options.threads.split(","):
            name = validate if threads == "auto" else "%s/%s" % (validate, threads)
            report = os.path.join(directory, name.replace("/", "-") + ".json")
            found.append(Pipe(name, [options.shunt, "sidecar", "--connection", "bench", "--catalog", catalog, "--store",
                                     "memory:", "--validate", validate, "--threads", threads, "--report", report], report))
    return found


def measure(options, directory):
    cat = Pipe("cat", ["cat"])
    pipes = rivals(options, directory)
    rows = []
    for name, size in SIZES.items():
        if options.sizes and name.replace(" ", "") not in options.sizes.split(","):
            continue
        path = os.path.join(directory, "corpus")
        total, line_bytes = corpus(path, size, options.megabytes * 1_000_000, options.seed)
        times = {pipe.name: [] for pipe in [cat] + pipes}
        ratios = {pipe.name: [] for pipe in pipes}
        for pipe in pipes:
            pipe.check(path)
        cat.seconds(path)  # the file is in the page cache, the first run pays nothing
        for _ in range(options.pairs):
            for pipe in pipes:
                base, mine = cat.seconds(path), pipe.seconds(path)
                times["cat"].append(base)
                times[pipe.name].append(mine)
                ratios[pipe.name].append(base / mine)
        os.unlink(path)
        result = {"line": name, "line_bytes": line_bytes, "bytes": total,
                  "cat_gb_per_s": total / statistics.median(times["cat"]) / 1e9, "shunt": {}}
        for pipe in pipes:
            result["shunt"][pipe.name] = {
                "gb_per_s": total / statistics.median(times[pipe.name]) / 1e9,
                "ratio": statistics.median(ratios[pipe.name]),
                "ratio_min": min(ratios[pipe.name]), "ratio_max": max(ratios[pipe.name]),
                "peak_mib": pipe.peak_mib()}
        rows.append(result)
        print_row(result, header=len(rows) == 1)
    return rows


def print_row(result, header):
    if header:
        print("%-6s  %8s" % ("line", "cat GB/s") + "".join(
            "  | %-18s %6s %6s %13s %8s" % ("shunt " + name, "GB/s", "ratio", "(min-max)", "peak MiB")
            for name in result["shunt"]))
    print("%-6s  %8.2f" % (result["line"], result["cat_gb_per_s"]) + "".join(
        "  | %-18s %6.2f %6.2f %13s %8.1f" % ("", one["gb_per_s"], one["ratio"],
                                              "(%.2f-%.2f)" % (one["ratio_min"], one["ratio_max"]), one["peak_mib"])
        for one in result["shunt"].values()), flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown")
    with open("/proc/meminfo", encoding="utf-8") as info:
        memory = int(info.readline().split()[1]) * 1024
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory / 2**30, 1),
            "kernel": os.uname().release, "load": os.getloadavg()[0]}


def build(shunt):
    version = subprocess.run([shunt, "--version"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout
    return {"version": version.splitlines()[0] if version else "", "commit": commit.strip()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shunt", default=os.environ.get("SHUNT", os.path.join(ROOT, "bazel-bin/cli/shunt")))
    parser.add_argument("--megabytes", type=int, default=300, help="of each corpus (300)")
    parser.add_argument("--pairs", type=int, default=5, help="measured for each row (5)")
    parser.add_argument("--threads", default="auto", help="presets to measure, with commas (auto)")
    parser.add_argument("--sizes", default="", help="only these, with commas: 136B,450B,1KB,10KB,1MB")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    if not os.access(options.shunt, os.X_OK):
        raise SystemExit("no program at %s: bazel build //cli:shunt" % options.shunt)
    options.shunt = os.path.abspath(options.shunt)
    figures = {"schema": "shunt.bench/1", "machine": machine(), "build": build(options.shunt), "pairs": options.pairs}
    print("machine  %(cpu)s, %(cores)d cores, %(memory_gib)s GiB, Linux %(kernel)s, load %(load).1f" % figures["machine"])
    print("build    %(version)s, commit %(commit)s" % figures["build"])
    print("\ncat FILE | X | cat >/dev/null; ratio to X = cat, median of %d interleaved pairs, %d MB of seed %d"
          % (options.pairs, options.megabytes, options.seed))
    with tempfile.TemporaryDirectory(prefix="shunt-bench-") as directory:
        figures["pipes"] = measure(options, directory)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)
            out.write("\n")


if __name__ == "__main__":
    sys.exit(main())
