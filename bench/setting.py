"""What every section needs: where the programs are, a directory, how often and how much."""

import contextlib
import json
import os
import shutil
import tempfile

from bench import corpus, processes

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PREFIX = "shunt-bench-"
PIPE_DEFAULT, PIPE_WIDE = 64 << 10, 1 << 20


def built(name):
    """A program that Bazel built, in the source tree or among a test's files."""
    for base in (os.path.join(ROOT, "bazel-bin"), ROOT):
        found = os.path.join(base, name)
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return found
    raise processes.NotThere("no program %s: bazel build //cli:shunt //bench/..." % name)


class Setting:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.pairs, self.quick = options.pairs, options.quick
        self.shunt = os.path.abspath(options.shunt or built("cli/shunt"))
        self.metered = built("bench/metered")
        self._lines = {}
        self.catalog = self.catalog_of([("users", None), ("users", "public")])

    def lines(self, name, kind=corpus.rows, streams=None, template_bytes=corpus.TEMPLATE_BYTES):
        """Distinct lines of corpus.rows or corpus.dense; made once."""
        key = name, kind, len(streams or [])
        if key not in self._lines:
            bytes_ = min(1 << 18, template_bytes) if self.quick else template_bytes
            self._lines[key] = kind(name, template_bytes=bytes_, **({"streams": streams} if streams else {}))
        return self._lines[key]

    def path(self, name):
        return os.path.join(self.directory, name)

    def megabytes(self, count):
        """Bytes of an input: less when the run is only to show that everything works."""
        return (min(2, count) if self.quick else count) * 1_000_000

    def catalog_of(self, streams):
        path = self.path("catalog-%d.json" % len(streams))
        entries = [{"stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"],
                               **({"namespace": namespace} if namespace else {})},
                    "sync_mode": "full_refresh", "destination_sync_mode": "append"} for name, namespace in streams]
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"streams": entries}, out)
        return path

    def sidecar(self, *flags, validate="full", catalog=None, store="memory:", program=None):
        arguments = [program or self.shunt, "sidecar", "--connection", "bench", "--catalog", catalog or self.catalog,
                     "--store", store, "--validate", validate, "--progress", "none"]
        if self.options.threads:
            arguments += ["--threads", self.options.threads]
        return arguments + list(flags)

    def environment(self):
        """Nothing of the caller's, and no file outside our directory."""
        home = self.path("home")
        os.makedirs(home, mode=0o700, exist_ok=True)
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": home, "XDG_STATE_HOME": home,
                "XDG_RUNTIME_DIR": home, "LANG": "C.UTF-8", "PYTHONUTF8": "1"}

    def through(self, path, middle, source=None, sink=("cat",), **options):
        """cat FILE | middle | cat >/dev/null."""
        return processes.through(self.metered, source or ["cat", path], middle, list(sink), env=self.environment(),
                                 **options)

    def same_bytes(self, arguments, path, expected=None):
        processes.same_bytes(arguments, path, expected or path, env=self.environment())


def sweep(parent):
    """Removes what a run that was killed left in memory. The name holds the process that owned it."""
    for name in os.listdir(parent):
        owner = name[len(PREFIX):].split("-")[0] if name.startswith(PREFIX) else ""
        if owner.isdigit() and not os.path.exists("/proc/" + owner):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)


@contextlib.contextmanager
def directory(wanted=None, needed=2 << 30):
    """A directory for the inputs, in memory where there is room, so that no disk writes while we measure."""
    parent = wanted or tempfile.gettempdir()
    if not wanted and os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK):
        room = os.statvfs("/dev/shm")
        if room.f_bavail * room.f_frsize >= needed:
            parent = "/dev/shm"
    sweep(parent)
    with tempfile.TemporaryDirectory(prefix="%s%d-" % (PREFIX, os.getpid()), dir=parent) as path:
        yield path
