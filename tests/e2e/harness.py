"""What every end-to-end test needs: a workspace, peers with scripts, the program, and evidence.

The program under test is $SHUNT, or cli/shunt under the working directory (the root of the runfiles).

Waiting is always for an event (a file, a pid, the end of a process) and always has a deadline, which only
decides how long a broken program is given; no test sleeps and hopes.
"""

import errno
import json
import os
import random
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "peer.py")
PYTHON = "/usr/bin/python3"
DEADLINE = float(os.environ.get("SHUNT_E2E_DEADLINE", "120"))
POLL_SECONDS = 0.002

OK, INTERNAL, USAGE, SOURCE, DESTINATION, STORE, CONFIG, TIMEOUT, DATA_LOSS, INCOMPLETE, FENCED = range(11)
NAMES = ["ok", "internal_error", "usage", "source_failed", "destination_failed", "store_failed",
         "config_rejected", "timeout", "data_loss", "incomplete_acks", "fenced"]


def program():
    for candidate in (os.environ.get("SHUNT"), "cli/shunt", os.path.join(HERE, "../../bazel-bin/cli/shunt")):
        if candidate and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    raise unittest.SkipTest("no program: set SHUNT or build //cli:shunt") if os.environ.get(
        "SHUNT_E2E_SKIP") else RuntimeError("no program: set SHUNT or build //cli:shunt")


def wait_until(condition, what, deadline=DEADLINE):
    """Polls for an event; the value of `condition` when it is true."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(POLL_SECONDS)


def wait_for_file(path, process=None, deadline=DEADLINE):
    """Until `path` exists. When `process` (a Running) ends first, that is the failure to show."""
    def there():
        if os.path.exists(path):
            return True
        if process is not None and process.ended():
            if os.path.exists(path):
                return True
            raise AssertionError("the program ended before %s: %s" % (path, process.result()))
        return False
    wait_until(there, path, deadline)


def open_fifo_for_writing(path, process):
    """A writing end that blocks later on, but does not wait for a reader that never comes."""
    def try_open():
        if process.ended():
            raise AssertionError("the program ended before it opened %s: %s" % (path, process.result()))
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return None
    descriptor = wait_until(try_open, "a reader of " + path)
    os.set_blocking(descriptor, True)
    return descriptor


def read_line(descriptor, process, deadline=DEADLINE):
    """Bytes up to and including the next LF; a broken program does not make us wait for ever."""
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([descriptor], [], [], deadline)[0]:
            raise AssertionError("no line came: %s" % process.result())
        data = os.read(descriptor, 1)
        if not data:
            break
        line += data
    return line


def stop(process):
    process.kill()
    process.wait()


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def processes_with(marker):
    """Pids (not ours) whose arguments contain `marker`."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open("/proc/%s/cmdline" % name, "rb") as cmdline:
                    if marker.encode() in cmdline.read() and alive(int(name)):
                        found.append(int(name))
            except OSError:
                pass
    return found


def touch(path):
    with open(path, "ab"):
        pass


def read_bytes(path):
    with open(path, "rb") as source:
        return source.read()


def read_json(path):
    return json.loads(read_bytes(path))


def write_json(path, value):
    """Whole or not at all: a peer may be reading the old one."""
    with open(path + ".part", "w", encoding="utf-8") as out:
        json.dump(value, out)
    os.rename(path + ".part", path)
    return path


# Messages, as text lines.


def line(kind, key, payload):
    return json.dumps({"type": kind, key: payload}) + "\n"


def record(stream, data, namespace=None):
    payload = {"stream": stream, "data": data, "emitted_at": 1700000000000}
    if namespace is not None:
        payload["namespace"] = namespace
    return line("RECORD", "record", payload)


def state(stream, blob, count=None, namespace=None):
    descriptor = {"name": stream}
    if namespace is not None:
        descriptor["namespace"] = namespace
    payload = {"type": "STREAM", "stream": {"stream_descriptor": descriptor, "stream_state": blob}}
    if count is not None:
        payload["sourceStats"] = {"recordCount": count}
    return line("STATE", "state", payload)


def global_state(shared, streams, count=None):
    payload = {"type": "GLOBAL", "global": {"shared_state": shared, "stream_states": [
        {"stream_descriptor": {"name": name}, "stream_state": blob} for name, blob in streams.items()]}}
    if count is not None:
        payload["sourceStats"] = {"recordCount": count}
    return line("STATE", "state", payload)


def legacy_state(blob):
    return line("STATE", "state", {"data": blob})


def config_update(config, emitted_at):
    return line("CONTROL", "control", {"type": "CONNECTOR_CONFIG", "emitted_at": emitted_at,
                                       "connectorConfig": {"config": config}})


def trace_error(text, stream=None, kind="system_error", internal="internal detail"):
    error = {"message": text, "internal_message": internal, "stack_trace": "at line 1", "failure_type": kind}
    if stream is not None:
        error["stream_descriptor"] = {"name": stream}
    return line("TRACE", "trace", {"type": "ERROR", "emitted_at": 1700000000000.5, "error": error})


def stream_status(stream, status):
    return line("TRACE", "trace", {"type": "STREAM_STATUS", "emitted_at": 1700000000000, "stream_status": {
        "stream_descriptor": {"name": stream}, "status": status}})


def log(text, level="INFO"):
    return line("LOG", "log", {"level": level, "message": text})


def catalog(*streams, generations=False):
    """A ConfiguredAirbyteCatalog; a stream is a name or (name, namespace)."""
    configured = []
    for entry in streams:
        name, namespace = entry if isinstance(entry, tuple) else (entry, None)
        stream = {"name": name, "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
        if namespace is not None:
            stream["namespace"] = namespace
        element = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
        if generations:
            element.update(generation_id=3, minimum_generation_id=0, sync_id=7)
        configured.append(element)
    return {"streams": configured}


SPEC = {  # of the protocol's example, with room for what tests add
    "type": "object",
    "required": ["api_key", "start_date"],
    "additionalProperties": True,
    "properties": {
        "api_key": {"type": ["integer", "string"], "airbyte_secret": True},
        "start_date": {"type": "string"},
    },
}
CONFIG_EXAMPLE = {"api_key": 123, "start_date": "01-01-2022"}


class Result:
    def __init__(self, arguments, code, out, err, report):
        self.arguments, self.code, self.out, self.err, self.report = arguments, code, out, err, report

    def __str__(self):
        text = "%s\nexit %s\n" % (" ".join(self.arguments), self.code)
        if self.out:
            text += "stdout: %r\n" % self.out[-2000:]
        text += "stderr:\n" + self.err[-6000:].decode("utf-8", "replace")
        if self.report is not None:
            text += "\nreport: " + json.dumps(self.report, indent=1)[:8000]
        return text


class Running:
    """A started program. Output goes to files, so that nothing ever blocks on us."""

    def __init__(self, arguments, environment, directory, report, stdin=None, stdout=None):
        self.arguments, self.report_path, self.last_result = arguments, report, None
        self.out_file = tempfile.TemporaryFile(dir=directory)
        self.err_file = tempfile.TemporaryFile(dir=directory)
        self.process = subprocess.Popen(
            arguments, env=environment, cwd=directory, stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or self.out_file, stderr=self.err_file)
        self.pid = self.process.pid

    def ended(self):
        return self.process.poll() is not None

    def signal(self, number):
        self.process.send_signal(number)

    def memory_high_bytes(self):
        """VmHWM of the running program."""
        with open("/proc/%d/status" % self.pid) as status:
            for row in status:
                if row.startswith("VmHWM:"):
                    return int(row.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def wait(self, deadline=DEADLINE):
        try:
            self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("did not end within %g s: %s" % (deadline, self.result()))
        return self.result()

    def result(self):
        """What is known by now; the last word once the program has ended."""
        if self.last_result is None:
            ended = self.ended()
            report = None
            if self.report_path and os.path.exists(self.report_path):
                report = read_json(self.report_path)
            texts = []
            for file in (self.out_file, self.err_file):
                file.seek(0)
                texts.append(file.read())
            result = Result(self.arguments, self.process.returncode, texts[0], texts[1], report)
            if not ended:
                return result
            self.last_result = result
            self.out_file.close()
            self.err_file.close()
        return self.last_result


class Workspace:
    """A directory of its own, a store, two scripted peers, and the program."""

    def __init__(self, name="w"):
        self.root = tempfile.mkdtemp(prefix="shunt-e2e-%s-" % name, dir=os.environ.get("TEST_TMPDIR"))
        # A tmpfs of our own, where the run directories must appear and vanish.
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else self.root
        self.runtime = tempfile.mkdtemp(prefix="shunt-e2e-run-", dir=base)
        self.store = "sqlite:" + self.path("store.db")
        self.runs = 0
        self.source_config, self.destination_config = {}, {}
        self.catalog = catalog("users")
        self.source, self.destination = {}, {}

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.runtime, ignore_errors=True)

    # What stands beside the program.

    def write(self, name, data):
        with open(self.path(name), "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        return self.path(name)

    def prepare(self):
        """Writes scripts, configs and the catalog; returns the flags that name them."""
        flags = []
        for side, script, config in (("source", self.source, self.source_config),
                                     ("destination", self.destination, self.destination_config)):
            os.makedirs(self.path(side), exist_ok=True)
            write_json(self.path(side + ".script.json"), dict({"notes": self.path(side)}, **script))
            if not os.path.exists(self.path(side + ".json")) or read_json(self.path(side + ".json")) != config:
                write_json(self.path(side + ".json"), config)
            flags += ["--" + side, self.peer(side), "--" + side + "-config", self.path(side + ".json")]
        write_json(self.path("catalog.json"), self.catalog)
        return flags + ["--catalog", self.path("catalog.json")]

    def peer(self, side):
        return shlex.join([PYTHON, "-I", "-S", PEER, self.path(side + ".script.json")])

    def given(self, side, verb, name):
        """What a peer was started with; None when it was not given."""
        path = self.path(side, "%s.%s.json" % (verb, name))
        return read_json(path) if os.path.exists(path) else None

    def started(self, side, verb):
        path = self.path(side, "verbs")
        return read_bytes(path).split().count(verb.encode()) if os.path.exists(path) else 0

    # The program.

    def environment(self, extra=None):
        keep = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
        environment = {key: os.environ[key] for key in keep if key in os.environ}
        environment.setdefault("HOME", self.root)
        environment.setdefault("PATH", "/usr/bin:/bin")
        environment.update(XDG_RUNTIME_DIR=self.runtime, XDG_STATE_HOME=self.path("xdg"), NO_COLOR="1")
        environment.update(extra or {})
        return environment

    def start(self, *arguments, environment=None, stdin=None, stdout=None, report=None):
        return Running([program(), *arguments], self.environment(environment), self.root, report, stdin, stdout)

    def command(self, *arguments, code=OK):
        """A command that reads the store; its stdout."""
        result = self.start(*arguments, "--store", self.store).wait()
        if code is not None and result.code != code:
            raise AssertionError("expected exit %s: %s" % (code, result))
        return result.out

    def start_sync(self, *flags, connection="default", environment=None, prepared=None):
        self.runs += 1
        report = self.path("report-%d.json" % self.runs)
        return self.start("sync", "--connection", connection, "--store", self.store, "--report", report,
                          *(self.prepare() if prepared is None else prepared), *flags,
                          environment=environment, report=report)

    def sync(self, *flags, **options):
        return self.start_sync(*flags, **options).wait()

    # What is stored.

    def exported_state(self, connection="default"):
        return json.loads(self.command("state", "export", connection))

    def stream_states(self, connection="default"):
        """{stream name: blob} of a checkpoint of STREAM states."""
        return {element["stream"]["stream_descriptor"]["name"]: element["stream"]["stream_state"]
                for element in self.exported_state(connection)}

    def config(self, config_id="default/source", reveal=True):
        return json.loads(self.command("config", "export", config_id, *(["--reveal"] if reveal else [])))

    def journal(self, config_id="default/source"):
        """The updates that connectors sent, oldest first. (What came from the config file is journaled too.)"""
        rows = json.loads(self.command("config", "history", config_id, "--json"))
        return [row for row in rows if row["writer"] != "file"]

    def verdicts(self, config_id="default/source"):
        return [row["verdict"] for row in self.journal(config_id)]

    # What must be gone.

    def leftovers(self):
        """Processes and run directories that outlived every program of this workspace."""
        files = []
        for directory, _, names in os.walk(self.runtime):
            files += [os.path.join(directory, name) for name in names]
        return [pid for pid in processes_with(self.root)], files


class SyncTest(unittest.TestCase):
    """A test with a workspace `w`; afterwards nothing may be left behind."""

    maxDiff = 4000

    def setUp(self):
        self.w = Workspace(type(self).__name__)
        self.addCleanup(self.w.close)

    def fresh(self):
        """A new workspace, for tests that repeat themselves with another setting."""
        self.assert_nothing_left()
        self.w.close()
        self.w = Workspace(type(self).__name__)
        self.addCleanup(self.w.close)

    def tearDown(self):
        self.assert_nothing_left()

    def assert_nothing_left(self):
        processes, files = self.w.leftovers()
        for pid in processes:  # ours: they carry the name of this test's own directory
            try:
                os.kill(pid, KILL)
            except ProcessLookupError:
                pass
        self.assertEqual(processes, [], "orphan processes")
        self.assertEqual(files, [], "files left in the run directory")

    def release_at_the_end(self, *paths):
        """Lets peers that await these files end, however the test ends."""
        for path in paths:
            self.addCleanup(lambda path=path: os.path.isdir(os.path.dirname(path)) and touch(path))

    def assert_exit(self, result, code):
        """Exit code, and that the report tells the same."""
        self.assertEqual(result.code, code, str(result))
        if result.report is not None:
            self.assertEqual(result.report["schema"], "shunt.report/1")
            self.assertEqual(result.report["exit_code"], code, str(result))
            if code < len(NAMES):
                self.assertEqual(result.report["status"], NAMES[code], str(result))

    def assert_secretless(self, result, *secrets):
        """None of the secrets in anything the program printed or reported."""
        texts = [result.out, result.err, json.dumps(result.report, ensure_ascii=False).encode()]
        for secret in secrets:
            for text in texts:
                self.assertNotIn(secret.encode(), text)


def seed():
    """The seed of this run, printed; SHUNT_SEED repeats one."""
    value = int(os.environ.get("SHUNT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    print("seed: %d (repeat with SHUNT_SEED=%d)" % (value, value), file=sys.stderr, flush=True)
    return value


KILL, TERM, INT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT


class TimedResult(unittest.TextTestResult):
    """Prints how long each test took."""

    def startTest(self, test):
        self.started_at = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        if time.monotonic() - self.started_at > 2:
            self.stream.writeln("    %.1f s" % (time.monotonic() - self.started_at))


def main():
    unittest.main(testRunner=unittest.TextTestRunner(verbosity=2, resultclass=TimedResult))
