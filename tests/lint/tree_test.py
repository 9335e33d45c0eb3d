"""The rules of the source tree: who may include what, no dead files, nothing left over.

GCC does not check which target a header belongs to, and the headers of the installed libraries are on the
compiler's path for everybody. This test is what keeps the layers of docs/ARCHITECTURE.md true. To change a
rule, change it in RULES and say why in the commit.

Runs as //tests/lint:tree_test, or by itself: python3 tests/lint/tree_test.py
"""

import fnmatch
import glob
import os
import re
import unittest

ALL = {
    "platform", "lanes", "protocol", "secrets", "transforms", "connectors", "stores", "stages", "router", "cli",
}

RULES = {
    # Which folders a folder may include from, besides itself. tests/ and bench/ may include everything.
    "layers": {
        "platform": set(),
        "lanes": {"platform"},
        "protocol": {"platform"},
        "secrets": {"protocol", "platform"},
        "transforms": {"protocol", "platform"},
        "connectors": {"protocol", "platform"},
        "stores": {"secrets", "protocol", "platform"},
        "stages": {"connectors", "stores", "secrets", "transforms", "protocol", "lanes", "platform"},
        "router": {"stages", "connectors", "stores", "secrets", "transforms", "protocol", "lanes", "platform"},
        "cli": ALL - {"cli"},
    },
    # Which folders may include a header of a library. The first pattern that matches decides.
    "headers": [
        # TSan sees false races in Debian's absl::Mutex; std::regex overflows the stack on long strings.
        ("absl/synchronization/*", set()),
        ("regex", set()),
        ("absl/*", ALL),
        ("simdjson.h", {"protocol"}),
        ("immintrin.h", {"protocol"}),
        ("concurrentqueue/*", {"lanes"}),
        # In platform/ what a signal handler shares with the program, and nothing else.
        ("atomic", {"lanes", "platform"}),
        ("sqlite3.h", {"stores"}),
        ("sodium.h", {"secrets"}),
        ("postgresql/*", {"stores"}),
        ("openssl/*", {"transforms"}),
        ("CLI/*", {"cli"}),
        ("yaml-cpp/*", {"cli", "protocol"}),
        ("nlohmann/*", {"cli", "protocol"}),
        ("re2/*", {"cli", "protocol"}),
        ("xxhash.h", ALL),
        # A process-wide matter: only the program installs signal handlers.
        ("csignal", {"platform", "cli"}),
        # iovec, a plain struct that travels from the forwarder to a connector.
        ("sys/uio.h", {"platform", "connectors", "stages"}),
        ("filesystem", {"platform"}),
        ("fstream", {"platform"}),
        # The rest of the standard library has no dot in its names; a name with .h is the system's.
        ("*.h", {"platform"}),
        ("*", ALL),
    ],
    # Which folders may use a name that reaches the world behind the headers: time, chance, environment.
    "names": [
        (r"(system|steady|high_resolution)_clock::now", {"platform"}),
        (r"\babsl::(Now|GetCurrentTimeNanos|SleepFor)\b", {"platform"}),
        (r"\bsleep_(for|until)\b", {"platform", "lanes"}),
        (r"\b(secure_)?getenv\b|\bsetenv\b|\bputenv\b", {"platform"}),
        (r"\bs?rand\s*\(|\brandom_device\b", {"platform"}),
        (r"\bstd::atomic", {"lanes", "platform"}),
        (r"\b(waitpid|fork|execve?|umask)\s*\(", {"platform"}),
    ],
    # Folders that may include and name everything; so may a test that stands beside its subject.
    "free": {"tests", "bench"},
    "lines_max": 600,
    # Split, so that this file does not contain them.
    "leftovers": r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b",
}

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CODE = (".h", ".cc")
SCRIPTS = (".py", ".sh", ".bzl", "BUILD", "WORKSPACE", "Makefile")


def without_comments(text):
    """The code of a C++ file with the same line numbers; string literals stay as they are."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    keep = lambda m: m[0] if m[0][0] == '"' else "\n" * m[0].count("\n")
    return re.sub(pattern, keep, text, flags=re.S)


def without_strings(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def check_include(folder, quoted, header):
    """What is wrong with an #include in `folder`, or None."""
    top = header.split("/")[0]
    if top in ALL or top in RULES["free"]:
        if top != folder and top not in RULES["layers"][folder]:
            return f"{folder}/ must not include from {top}/ ({header})"
        return None
    if quoted and "/" not in header and header not in ("simdjson.h", "sqlite3.h", "xxhash.h"):
        return f'write "{folder}/{header}": includes start at the root of the repository'
    for pattern, folders in RULES["headers"]:
        if fnmatch.fnmatchcase(header, pattern):
            if folder in folders:
                return None
            where = ", ".join(f"{f}/" for f in sorted(folders)) or "tests"
            return f"<{header}> belongs in {where} only"
    raise AssertionError("the last pattern matches everything")


def check_code(path, text):
    """Yields what is wrong with a C++ file, as "path:line: message"."""
    folder = path.split("/")[0]
    if folder in RULES["free"] or folder not in ALL or path.endswith("_test.cc"):
        return
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        include = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if include:
            problem = check_include(folder, include[1] == '"', include[2])
            if problem:
                yield f"{path}:{number}: {problem}"
            continue
        for pattern, folders in RULES["names"]:
            name = re.search(pattern, without_strings(line))
            if name and folder not in folders:
                where = ", ".join(f"{f}/" for f in sorted(folders))
                yield f"{path}:{number}: {name[0]} belongs in {where} only"


def check_text(path, text):
    """Yields what is wrong with any file of code."""
    lines = text.split("\n")
    if len(lines) - 1 > RULES["lines_max"]:
        yield f"{path}: {len(lines) - 1} lines, at most {RULES['lines_max']}: is it still one thing?"
    for number, line in enumerate(lines, 1):
        word = re.search(RULES["leftovers"], line)
        if word:
            yield f"{path}:{number}: {word[0]}: do it, or write an issue"


def check_dead(path, builds):
    """What is wrong if no BUILD file mentions a C++ file. `builds`: folder -> text of its BUILD file."""
    folder = os.path.dirname(path)
    while folder not in builds and folder:
        folder = os.path.dirname(folder)
    name = os.path.relpath(path, folder or ".")
    build = re.sub(r"#[^\n]*", "", builds.get(folder, ""))
    globbed = "\n".join(re.findall(r"glob\(\s*\[(.*?)\]", build, re.S))
    for quoted in re.findall(r'"([^"\n]+)"', globbed):
        if fnmatch.fnmatchcase(name, quoted):
            return None
    if f'"{name}"' in build or f'":{name}"' in build:
        return None
    return f"{path}: dead: no BUILD file mentions it"


def check_document(path, text, exists):
    """Yields every file of the tree that a document names and that is not there. `exists`: path -> bool."""
    for number, line in enumerate(text.split("\n"), 1):
        names = re.findall(r"`((?:%s)/[\w./*-]+\.(?:cc|h|py|md|inc))`" % "|".join(sorted(ALL | RULES["free"])), line)
        links = [os.path.normpath(os.path.join(os.path.dirname(path), link))
                 for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", line)]
        for name in names + links:
            if not exists(name):
                yield f"{path}:{number}: there is no {name}"


def documents():
    names = ["README.md", "CHANGELOG.md"]
    for at, _, found in os.walk(os.path.join(ROOT, "docs")):
        names += [os.path.relpath(os.path.join(at, name), ROOT) for name in found if name.endswith(".md")]
    return sorted(names)


def source_files():
    """Every file of code in the repository, relative to its root."""
    for at, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            f for f in folders
            if f not in ("node_modules", "__pycache__", "testdata")
            and not f.startswith("bazel-")
            and (f == ".ci" or not f.startswith("."))
        )
        for name in sorted(names):
            path = os.path.relpath(os.path.join(at, name), ROOT)
            if name.endswith(CODE + SCRIPTS) or (os.access(os.path.join(at, name), os.X_OK)
                                                 and "." not in name):
                yield path


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


class TreeTest(unittest.TestCase):
    """The tree as it is."""

    def test_rules_hold(self):
        files = {path: read(path) for path in source_files() if os.path.isfile(os.path.join(ROOT, path))}
        self.assertIn("WORKSPACE", files, "this is not the source tree")
        builds = {os.path.dirname(p): t for p, t in files.items() if os.path.basename(p) == "BUILD"}
        problems = []
        for path, text in files.items():
            problems += check_text(path, text)
            if path.endswith(CODE):
                problems += check_code(path, text)
                problems += filter(None, [check_dead(path, builds)])
        if problems:
            self.fail(f"{len(problems)} problems\n" + "\n".join(problems))


    def test_documents_name_files_that_are_there(self):
        problems = []
        for path in documents():
            problems += check_document(path, read(path), lambda name: bool(glob.glob(os.path.join(ROOT, name))))
        if problems:
            self.fail("\n".join(problems))


class RulesTest(unittest.TestCase):
    """The rules catch what they are for."""

    def bad(self, path, text):
        self.assertEqual(1, len(list(check_code(path, text))), text)

    def good(self, path, text):
        self.assertEqual([], list(check_code(path, text)))

    def test_layers(self):
        self.bad("lanes/a.h", '#include "protocol/message.h"\n')
        self.bad("protocol/a.h", '#include "lanes/lane.h"\n')
        self.bad("stages/a.cc", '#include "router/router.h"\n')
        self.bad("router/a.cc", '#include "tests/helper.h"\n')
        self.bad("stages/a.cc", '#include "stage.h"\n')
        self.good("router/a.cc", '#include "lanes/lane.h"\n#include "router/router.h"\n')
        self.good("tests/a.cc", '#include "router/router.h"\n#include <atomic>\n')

    def test_headers(self):
        self.bad("router/a.h", "#include <atomic>\n")
        self.bad("stages/a.h", "#include <concurrentqueue/concurrentqueue.h>\n")
        self.bad("stores/a.cc", "#include <simdjson.h>\n")
        self.bad("stores/a.cc", '#include "simdjson.h"\n')
        self.bad("stages/a.cc", '#include "sqlite3.h"\n')
        self.bad("connectors/a.cc", "#include <unistd.h>\n")
        self.bad("cli/a.cc", "#  include <sys/stat.h>\n")
        self.bad("cli/a.cc", "#include <regex>\n")
        self.bad("router/a.cc", '#include "absl/synchronization/mutex.h"\n')
        self.good("cli/a.cc", "#include <csignal>\n#include <string>\n")
        self.good("protocol/a.cc", "// #include <atomic>\n/*\n#include <atomic>\n*/\n")

    def test_names(self):
        self.bad("router/a.cc", "auto t = std::chrono::steady_clock::now();\n")
        self.bad("cli/a.cc", 'auto* p = std::getenv("HOME");\n')
        self.bad("lanes/a.h", "int n = rand();\n")
        self.bad("stages/a.h", "std::atomic<int> n;\n")
        self.good("platform/a.cc", "auto t = std::chrono::steady_clock::now();\n")
        self.good("router/a.cc", 'Log("getenv and rand()"); int operand(int); // getenv\n')

    def test_text(self):
        self.assertTrue(list(check_text("a.cc", "\n" * (RULES["lines_max"] + 1))))
        self.assertFalse(list(check_text("a.cc", "\n" * RULES["lines_max"])))
        self.assertTrue(list(check_text("a.cc", "// TO" "DO: later\n")))

    def test_documents(self):
        text = "see `tests/a_test.cc`, `tests/b_*.py` and [this](../README.md#x), not `a/b.cc` or [that](http://x)"
        for there, count in ((("tests/a_test.cc", "tests/b_*.py", "README.md"), 0), (("README.md",), 2), ((), 3)):
            self.assertEqual(count, len(list(check_document("docs/d.md", text, lambda name: name in there))))

    def test_dead_files(self):
        build = {"lanes": 'cc_library(name = "lane", hdrs = ["lane.h"])\n# "old.h"\n', "tests": 'glob(["*.cc"])'}
        self.assertIsNone(check_dead("lanes/lane.h", build))
        self.assertTrue(check_dead("lanes/old.h", build))
        self.assertTrue(check_dead("nowhere/a.cc", build))
        self.assertIsNone(check_dead("tests/a.cc", build))


if __name__ == "__main__":
    unittest.main(verbosity=1)
