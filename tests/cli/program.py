"""Runs the built program as a user does, in a directory of its own.

    class Test(ProgramTest):
        def test_something(self):
            result = self.shunt("runs", "--json")
            self.assertEqual(0, result.code, result.err)
"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.path.abspath("cli/shunt")
SECONDS_MAX = 60

CATALOG = {
    "streams": [
        {"stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["incremental"]},
         "sync_mode": "incremental", "destination_sync_mode": "append"}
        for name in ("customers", "orders")
    ]
}


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    def lines(self):
        return self.out.splitlines()

    def messages(self):
        """Every line of stdout as JSON."""
        return [json.loads(line) for line in self.lines()]

    def json(self):
        return json.loads(self.out)


class ProgramTest(unittest.TestCase):
    """A test with a working directory and a clean environment."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content):
        """Writes text as it is, anything else as JSON. Returns the path."""
        text = content if isinstance(content, str) else json.dumps(content)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def shunt(self, *args, stdin=b"", env=None):
        variables = {"PATH": "/usr/bin:/bin", "HOME": self.dir, "TMPDIR": self.dir, "LC_ALL": "C.UTF-8"}
        variables.update(env or {})
        return Result(subprocess.run([PROGRAM, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     cwd=self.dir, env=variables, timeout=SECONDS_MAX, check=False))

    def sync_flags(self, source=None, destination=None):
        """The flags of a sync between the built-in connectors; writes their files."""
        return ["--source", f"{PROGRAM} connector source",
                "--source-config", self.write("source.json", source or {"records": 100, "state_every": 50}),
                "--destination", f"{PROGRAM} connector destination",
                "--destination-config", self.write("destination.json", destination or {"path": self.path("out")}),
                "--catalog", self.write("catalog.json", CATALOG)]


def main():
    unittest.main(verbosity=1)
