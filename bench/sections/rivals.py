"""Other ways to stand between two processes, against shunt, on 450-byte rows."""

import os
import shutil
import subprocess
import sys

from bench import corpus, measure, setting as places
from bench.page import Column, number, path

TITLE = "rivals on 450-byte rows; shunt validates (full), counts, keeps states; {pairs} pairs with it"
NOTES = ["times: how many times the throughput of the rival shunt has. memory: shunt's, as a part of the rival's."]
JARS = ["/usr/share/java/jackson-%s.jar" % part for part in ("core", "annotations", "databind")]
LINE = "450 B"



def times(ratio):
    return "%s (%s-%s)" % tuple(number(ratio[key], 1 if ratio["median"] >= 10 else 2) for key in ("median", "min", "max"))


def part(memory):
    return "1/%.1f" % memory if memory >= 1 else "%.1f x" % (1 / memory)


COLUMNS = [Column("rival", 19, lambda row: row["name"]),
           Column("GB/s", 5, path("rival", "gb_per_s", form=lambda value: "%.3f" % value)),
           Column("shunt: times", 16, path("times", form=times)),
           Column("MiB", 5, path("rival", "peak_mib", form="{:.1f}".format)),
           Column("memory", 6, path("memory", form=part)),
           Column("CPU", 4, path("rival", "cpu_s_per_gb", form=lambda value: number(value, 1))),
           Column("work".ljust(35), 35, lambda row: row["work"].ljust(35))]


class Rival:
    """One of them: what it is called, what it does, its command (None: not installed), and how much it is given."""

    def __init__(self, name, work, command, megabytes, same_bytes=True, **options):
        self.name, self.work, self.command, self.megabytes = name, work, command, megabytes
        self.same_bytes, self.options = same_bytes, options


def jvm(setting):
    """Compiled at once, or None."""
    if not shutil.which("javac") or not all(map(os.path.exists, JARS)):
        return None
    source = os.path.join(places.ROOT, "bench/rivals/JvmWorker.java")
    classes = setting.path("classes")
    done = subprocess.run(["javac", "-cp", ":".join(JARS), "-d", classes, source], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise places.processes.Failed("javac: " + done.stdout[-2000:])
    return ["java", "-cp", ":".join([classes] + JARS), "JvmWorker"]


def pydantic(setting):
    """With the Python that has it: ours, or one of a venv that --pydantic makes. None without."""
    script = os.path.join(places.ROOT, "bench/rivals/pydantic_models.py")
    if subprocess.run([sys.executable, "-c", "import pydantic"], stderr=subprocess.DEVNULL).returncode == 0:
        return [sys.executable, script]
    if not setting.options.pydantic:
        return None
    environment = setting.path("venv")
    for step in ([sys.executable, "-m", "venv", environment],
                 [os.path.join(environment, "bin/pip"), "install", "--quiet", "pydantic"]):
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print("--pydantic: %s" % done.stdout[-500:], file=sys.stderr)
            return None
    return [os.path.join(environment, "bin/python"), script]


def rivals(setting):
    script = os.path.join(places.ROOT, "bench/rivals/read_and_write.py")
    return [
        Rival("cat", "copies", ["cat"], 300),
        Rival("cat, pipes of 1 MiB", "copies; the pipes that shunt makes", ["cat"], 300, pipe_bytes=places.PIPE_WIDE),
        Rival("cat | cat", "copies twice", ["sh", "-c", "cat | cat"], 300),
        Rival("C++ getline loop", "finds lines", [places.built("bench/getline")], 300),
        Rival("jq -c .", "parses, prints", ["jq", "-c", "."] if shutil.which("jq") else None, 30, same_bytes=False),
        Rival("Python json", "parses, counts, prints", [sys.executable, script], 30, same_bytes=False),
        Rival("pydantic models", "parses, checks types, prints", pydantic(setting), 15, same_bytes=False),
        Rival("JVM worker", "parses, counts, prints on 3 threads", jvm(setting), 150, same_bytes=False),
    ]


def rows(setting):
    lines = setting.lines(LINE)
    file, ours = setting.path("rival"), setting.path("ours")
    our_size = corpus.write(ours, lines, setting.megabytes(300))
    setting.same_bytes(setting.sidecar(), ours)
    for rival in rivals(setting):
        found = {"name": rival.name, "work": rival.work}
        if rival.command is None:
            yield dict(found, work="not installed")
            continue
        size = corpus.write(file, lines, setting.megabytes(rival.megabytes))
        if rival.same_bytes:
            setting.same_bytes(rival.command, file)
        theirs, mine = measure.rounds([lambda: setting.through(file, rival.command, **rival.options),
                                       lambda: setting.through(ours, setting.sidecar())], setting.pairs)
        found["rival"] = measure.speed(theirs, size)
        found["shunt"] = measure.speed(mine, our_size)
        found["times"] = measure.times(mine, theirs, our_size, size)
        found["memory"] = found["rival"]["peak_mib"] / found["shunt"]["peak_mib"]
        yield found
