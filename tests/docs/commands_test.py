"""Every block of shell commands in README and docs is run, in the order of its document, by bash -eu -o pipefail.

A block that is fenced with ```sh holds commands that a reader copies, so they must work. Each document has a
directory of its own, in which stands what the document says that a reader has: connectors, configs, a catalog.
Commands that build or measure for minutes are not run: their scripts, targets and flags must exist.
"""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from tests.cli.program import CATALOG, PROGRAM
from tests.e2e import postgres

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS_MAX = 120
SYNC = {"records": 100, "state_every": 50, "rotate_token_every": 50}

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}, "email": {"type": "string"}}}

# What a reader has on the machine, as scripts around the built-in connectors.
CONNECTORS = {
    "my-source": f'#!/bin/sh\nexec {PROGRAM} connector source "$@"\n',
    "my-destination": f'#!/bin/sh\nexec {PROGRAM} connector destination "$@"\n',
    "node": f'#!/bin/sh\nshift\nexec {PROGRAM} connector destination "$@"\n',
}
MODULE = f'import os, sys\nos.execv({PROGRAM!r}, ["shunt", "connector", "source", *sys.argv[1:]])\n'

# Documents whose commands need a platform around them: as far as they get on a machine without one.
ENDS_WITHOUT_A_PLATFORM = {"SIDECAR.md": (2, "opening /source: No such file or directory")}

# Commands that are not run, and how their words are checked.
NOT_RUN = re.compile(r"^(make|bench/\w+|bazel|python3 bench/\w+\.py)\b")


def documents():
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document, language="sh"):
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.S | re.M)


class World:
    """The directory in which the blocks of one document are run."""

    def __init__(self, test, document):
        self.dir = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        test.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.replacements = {}
        for name, text in CONNECTORS.items():
            self.write("bin/" + name, text, mode=stat.S_IRWXU)
        os.makedirs(self.path("bazel-bin/cli"))
        for link in ("bin/shunt", "bazel-bin/cli/shunt"):
            os.symlink(PROGRAM, self.path(link))
        self.write("source_github.py", MODULE)
        for name in ("github.json", "s.json"):
            self.write(name, SYNC)
        for name in ("warehouse.json", "d.json"):
            self.write(name, {"path": self.path("out")})
        for name in ("configured_catalog.json", "c.json"):
            self.write(name, {"streams": [dict(configured, stream=dict(configured["stream"], json_schema=SCHEMA))
                                          for configured in CATALOG["streams"]]})
        for yaml in blocks(ROOT / "README.md", "yaml")[:1]:
            self.write("github.yaml", yaml)
        if "postgresql://shunt@db.example/airbyte" in document.read_text():
            server = postgres.Server()
            test.addCleanup(server.close)
            self.replacements["postgresql://shunt@db.example/airbyte"] = server.url()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o600):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def run(self, commands):
        for old, new in self.replacements.items():
            commands = commands.replace(old, f"'{new}'")
        if "RUN/LINE" in commands:
            (*_, last) = json.loads(self.run("shunt config history github/source --json").stdout)
            commands = commands.replace("RUN/LINE", last["ref"])
        variables = {"PATH": self.path("bin") + ":/usr/bin:/bin", "HOME": self.dir, "TMPDIR": self.dir,
                     "XDG_STATE_HOME": self.path("state"), "XDG_RUNTIME_DIR": self.path("runtime"), "LC_ALL": "C.UTF-8"}
        os.makedirs(self.path("runtime"), mode=0o700, exist_ok=True)
        return subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=self.dir, env=variables, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=SECONDS_MAX)


def commands_of(block):
    """The commands of a block, each on one line, without comments."""
    joined = re.sub(r"\\\n\s*", " ", block)
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


class CommandsTest(unittest.TestCase):
    def check_run(self, world, block, code=0, message=""):
        done = world.run(block)
        self.assertIn(message, done.stderr.decode())
        self.assertEqual(code, done.returncode, f"\n{block}\n{done.stdout.decode()[-2000:]}\n{done.stderr.decode()[-4000:]}")
        return done.stdout.decode()

    def check_words(self, command):
        """Of what is not run: the script or target is there and knows the flags."""
        words = command.split("&&")[0].split(">")[0].split()
        if words[0] == "make":
            targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
            for target in words[1:]:
                self.assertIn(target, targets, command)
            return
        script = words[1] if words[0] == "python3" else words[0]
        self.assertTrue((ROOT / script).exists(), command)
        text = (ROOT / script).read_text()
        for flag in (word for word in words if word.startswith("--")):
            self.assertIn(f'"{flag}"', text, command)

    def check_document(self, document):
        world = World(self, document)
        if document.name != "README.md":  # the pages about a running system take one for granted
            self.check_run(world, "shunt sync github.yaml")
        for block in blocks(document):
            commands = commands_of(block)
            checked = [command for command in commands if NOT_RUN.match(command)]
            for command in checked:
                self.check_words(command)
            if not checked:
                self.check_run(world, block, *ENDS_WITHOUT_A_PLATFORM.get(document.name, ()))
            else:
                self.assertEqual(commands, checked, "a block is run as a whole or not at all")

    def test_what_the_demo_tells_to_look_at(self):
        world = World(self, ROOT / "README.md")
        shown = self.check_run(world, "shunt demo").split("look around")[1]
        commands = re.findall(r"^  (\S.*)$", shown, re.M)
        self.assertGreater(len(commands), 3)
        for command in commands:
            self.assertTrue(self.check_run(world, command), command)

    def test_a_block_of_commands_says_so(self):
        """A fence without a language could hide commands from this test."""
        for document in documents():
            fences = re.findall(r"^```(\w*)\n(.*?)^```", document.read_text(), re.S | re.M)
            for language, text in fences:
                if not language:
                    self.assertNotRegex(text, r"(?m)^(shunt|make|bench/run|export|head|mkfifo) ", document.name)


def add_documents():
    for document in documents():
        if not blocks(document):
            continue
        name = "test_" + re.sub(r"\W+", "_", document.stem.lower())
        setattr(CommandsTest, name, lambda self, document=document: self.check_document(document))


add_documents()

if __name__ == "__main__":
    unittest.main(verbosity=1)
