"""A canary in the coal mine: a token that rotates 50 times and is shown in every way that connectors have.

No form of any of its values may be in anything that the program prints or leaves behind, nor in the arguments or
the environment of any process (contract decision 12; G50-G53, G58). What is looked through is decoded by a second,
slow reading of its own. The same script against a program that does not mask (//tests/secrets:shunt_unmasked)
proves that the looking finds: there each channel must show the canaries.
"""

import base64
import json
import os
import random
import re
import string
import urllib.parse

from tests.e2e import harness as h

UNMASKED = os.environ.get("SHUNT_UNMASKED", "tests/secrets/shunt_unmasked")
ROTATIONS = 50
DESTINATION_ROTATIONS = 10
PROBED_AT = ROTATIONS // 2
LEVELS = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
OTHERS_SECRET = "of-our-own-environment-4711"  # what shunt may know and its children may not
SPEC = {"type": "object", "required": ["api_key"], "additionalProperties": True, "properties": {
    "api_key": {"type": "string", "airbyte_secret": True}, "credentials": {"type": "object", "properties": {
        "pin": {"type": "string", "airbyte_secret": True}}}}}


# --- spelling a canary, and reading what was spelled -------------------------------------------------------------

def new_canary(rng, name):
    """Awkward for every encoding."""
    noise = "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(16))
    return 'cnry-%s/%s+"q"\\~\u00e9=%s' % (name, noise[:8], noise[8:])


def json_text(text, ascii_only=True):
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def escape_all(text):
    return "".join("\\u%04x" % unit for unit in (
        int.from_bytes(text.encode("utf-16-be")[i:i + 2], "big") for i in range(0, len(text.encode("utf-16-be")), 2)))


def base64_text(text, before="", url=False):
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    return encode((before + text + "!").encode()).decode()


FORMS = {
    "raw": lambda c: c,
    "json": json_text,
    "json of UTF-8": lambda c: json_text(c, False),
    "json twice": lambda c: json_text(json_text(c)),
    "json, all escaped": escape_all,
    "json twice, all escaped": lambda c: escape_all(escape_all(c)),
    "base64": base64_text,
    "base64, shifted": lambda c: base64_text(c, "u:"),
    "base64, shifted more": lambda c: base64_text(c, "u", True),
    "base64 of json": lambda c: base64_text('{"t":"%s"}' % json_text(c)),
    "url": lambda c: urllib.parse.quote(c, safe=""),
    "form": urllib.parse.quote_plus,
    "url twice": lambda c: urllib.parse.quote(urllib.parse.quote(c, safe=""), safe=""),
    "url of base64": lambda c: urllib.parse.quote(base64_text(c), safe=""),
    "basic": lambda c: base64_text("id:" + urllib.parse.quote(c, safe="")),
    "python": lambda c: ascii(c)[1:-1],
    "braces": lambda c: "".join(k if k.isalnum() else "\\u{%x}" % ord(k) for k in c),
    "wide": lambda c: "".join(k if k.isalnum() else "\\U%08x" % ord(k) for k in c),
    "base64 twice": lambda c: base64_text(base64_text(c, "u:"), "x"),
    "base64 of json twice": lambda c: base64_text(json_text('{"t":"%s"}' % json_text(c))),
}

# What a secret may be, for what is shown is mostly a part of it. The last is the canary itself.
SHAPES = [
    lambda c: "  %s\r\n" % c,
    lambda c: json.dumps({"type": "service_account", "private_key": c}),
    lambda c: json.dumps({"accounts": [{"scope": "read", "with": c}]}, ensure_ascii=False),
    lambda c: "user:" + c,
    lambda c: "amqps://user:%s@broker.example/vhost" % urllib.parse.quote(c, safe=""),
    lambda c: "Server=db;Uid=me;Password=%s;Port=1" % urllib.parse.quote(c, safe=""),
    lambda c: "first-token-1," + c + "; last-token-2",
    lambda c: base64.b64encode(json.dumps({"key": c}).encode()).decode(),
    lambda c: json_text(json.dumps({"key": c})),
    lambda c: c,
]


def shaped(canary, number):
    return canary if number == ROTATIONS else SHAPES[number % len(SHAPES)](canary)


def unescape_once(text):
    """One JSON unescape, tolerant; surrogate pairs become one character."""
    def plain(match):
        escape = match.group(0)
        if escape[1] == "u":
            return chr(int(escape[2:].strip("{}"), 16))
        if escape[1] == "U":
            return chr(int(escape[2:], 16))
        if escape[1] == "x":
            return bytes([int(escape[2:], 16)]).decode("latin-1")
        return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(escape[1], escape[1])
    text = re.sub(r"\\(u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,5}\}|U000[0-9a-fA-F]{5}|x[0-9a-fA-F]{2}|[\"'\\/bfnrt])", plain, text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def percent_decoded(text):
    return urllib.parse.unquote(text, errors="replace")


def base64_views(text):
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        run = run.replace("-", "+").replace("_", "/")
        for first in range(4):
            part = run[first:]
            yield base64.b64decode(part[:len(part) // 4 * 4] + "").decode("utf-8", "replace")


def views(data):
    """Everything that `data` may be read as."""
    texts = {data.decode("utf-8", "replace")}
    for _ in range(3):
        texts |= {unescape_once(text) for text in texts} | {percent_decoded(text) for text in texts}
    for _ in range(2):
        decoded = set()
        for text in texts:
            decoded |= set(base64_views(text))
        for _ in range(2):
            decoded |= {unescape_once(text) for text in decoded if "\\" in text} | {
                percent_decoded(text) for text in decoded if "%" in text}
        texts |= decoded
    return texts


# What is unmistakable in every canary, and is left of it when its awkward characters get lost.
def cores(canary):
    return [canary, re.search(r"/(\w{8})", canary).group(1), canary[-8:]]


def found(data, canaries):
    """The canaries that can be read in `data`, each as often as it is there."""
    parts = {core: canary for canary in canaries for core in cores(canary)[1:]}
    pattern = re.compile("|".join(map(re.escape, parts)))
    return {parts[core] for view in views(data) for core in pattern.findall(view)}


# --- the connectors ----------------------------------------------------------------------------------------------

def lines_of(canary, number, channel_of_form):
    """What one rotation shows, as steps: in each channel one line for each form."""
    steps = []
    for index, (form, spell) in enumerate(FORMS.items()):
        text = "%s <%s>" % (channel_of_form(form), spell(canary))
        level = LEVELS[(number + index) % len(LEVELS)]
        steps += [
            {"write": h.log("log " + text, level) + "text " + text + "\n"},
            # Cut anywhere, with a pause until the reader has taken what was there.
            {"stderr": "stderr " + text + "\n", "chunk": 1 + (number * 7 + index) % 40},
        ]
    return steps


def odd_lines(canary):
    """Once a run, whatever decides how it ends."""
    return "".join([
        h.trace_error("trace-message %s" % canary, internal="trace-internal %s" % json_text(canary)).replace(
            "at line 1", "trace-stack " + base64_text(canary)),
        h.trace_error("another", stream="trace-stream " + canary),
        h.line("CONNECTION_STATUS", "connectionStatus", {"status": "FAILED", "message": "status " + canary}),
        h.record("unknown-stream " + canary, {"id": 1}),
        h.line("LOG", "log", {"level": "ERROR", "message": "first", "stack_trace": "at\nlog-stack " + canary + "\nend"}),
        '{"type":"RECORD","record":{"stream":"users","data":{"t":"malformed %s"\n' % json_text(canary),
        'quarantined {"connectorConfig":{"config":{"api_key":"%s"\n' % json_text(canary),
    ])


# What an unmasked program shows for each of the lines above. Malformed and quarantined content goes nowhere.
SHOWN_UNMASKED = ["log ", "text ", "stderr ", "trace-message", "trace-internal", "trace-stack", "trace-stream",
                  "status ", "unknown-stream", "log-stack"]
NEVER_SHOWN = [b"malformed <", b"malformed cnry", b"quarantined <", b'quarantined {']


class Canaries(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.rng = random.Random(h.seed())
        w = self.w
        self.canaries = [new_canary(self.rng, "%03d" % number) for number in range(ROTATIONS + 1)]
        self.destination_canaries = [new_canary(self.rng, "d%02d" % number) for number in range(DESTINATION_ROTATIONS + 1)]
        self.all = self.canaries + self.destination_canaries
        self.probe, self.go_on = w.path("probe"), w.path("go-on")
        w.source_config = {"api_key": self.canaries[0], "credentials": {"pin": "12"}}
        w.destination_config = {"api_key": self.destination_canaries[0]}
        w.source = {"spec": SPEC, "read": self.source_steps()}
        w.destination = {"spec": SPEC, "write": {"before": self.destination_steps()}}
        for name in ("tmp", "spill"):
            os.mkdir(w.path(name), 0o700)

    def source_steps(self):
        steps = []
        for number, canary in enumerate(self.canaries):
            if number > 0:
                # The next line may already show it; what stderr shows comes from another pipe.
                steps += [{"write": h.config_update({"api_key": shaped(canary, number)}, 1700000000000 + number)
                           + h.log("at once <%s>" % canary)},
                          {"await": self.w.path("applied-%d" % number)}]
            # Each form in each of them, and all forms every few rotations: a second has 1,000 lines.
            steps += lines_of(canary, number, lambda form: form) if number % 10 == 0 else \
                lines_of(canary, number, lambda form: form)[:4]
            if number == PROBED_AT:
                steps += [{"touch": self.probe}, {"await": self.go_on}]
        steps.append({"write": h.record("users", {"id": 1}) + h.state("users", {"cursor": 1}) + odd_lines(self.canaries[-1])})
        return steps

    def destination_steps(self):
        steps = []
        for number, canary in enumerate(self.destination_canaries):
            if number > 0:
                steps.append({"write": h.config_update({"api_key": canary}, 1700000000000 + number)
                              + h.log("at once <%s>" % canary)})
            steps += [{"write": "destination text %s\n" % FORMS["json twice"](canary)}]
        return steps

    # One run, watched.

    def run_watched(self, *flags, encrypted=True):
        w = self.w
        environment = {"TMPDIR": w.path("tmp"), "PGPASSWORD": OTHERS_SECRET, "SHUNT_SPILL_DIR": w.path("spill"),
                       "AWS_SECRET_ACCESS_KEY": OTHERS_SECRET}
        if encrypted:
            environment["SHUNT_KEY_FILE"] = self.key_file()
        self.environment = environment
        running = w.start_sync(*flags, environment=environment)
        self.release_at_the_end(self.go_on, *[w.path("applied-%d" % number) for number in range(ROTATIONS + 1)])
        for number in range(1, ROTATIONS + 1):
            if number == PROBED_AT + 1:
                h.wait_for_file(self.probe, running)
                self.look_at_processes(running)
                h.touch(self.go_on)
            self.wait_for_applied(running, number)
            h.touch(w.path("applied-%d" % number))
        return running.wait()

    def key_file(self):
        path = self.w.path("key")
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as key:
                key.write(self.rng.randbytes(32))
        return path

    def wait_for_applied(self, running, number):
        announced = re.compile(rb"config update of the source \(line \d+\): applied")

        def there():
            text = os.pread(running.err_file.fileno(), 1 << 24, 0)
            if len(announced.findall(text)) >= number:
                return True
            if running.ended():
                raise AssertionError("the program ended before update %d: %s" % (number, running.result()))
            return False
        h.wait_until(there, "update %d" % number)

    def look_at_processes(self, running):
        """Arguments, environments and descriptors of the program and its children, as they are now."""
        children = [pid for pid in h.processes_with(self.w.root) if pid != running.pid]
        self.assertEqual(len(children), 2, "a source and a destination")
        for pid in [running.pid] + children:
            for name in ("cmdline", "environ"):
                self.assertEqual(found(h.read_bytes("/proc/%d/%s" % (pid, name)), self.all), set(), name)
        for pid in children:
            environment = h.read_bytes("/proc/%d/environ" % pid)
            self.assertNotIn(OTHERS_SECRET.encode(), environment)
            names = [entry.split(b"=")[0] for entry in environment.split(b"\0") if entry]
            self.assertEqual([name for name in names if name.startswith((b"SHUNT", b"PG", b"AWS_S"))], [])
            self.assertEqual(sorted(os.listdir("/proc/%d/fd" % pid)), ["0", "1", "2"])

    # What is left.

    def outputs(self, result):
        """Everything that people and machines read, by name."""
        w = self.w
        texts = {"stdout": result.out, "stderr": result.err,
                 "report": h.read_bytes(w.path("report-%d.json" % w.runs))}
        run = result.report["run_id"]
        for command in (["runs"], ["runs", "--json"], ["runs", "show", run], ["config", "show", "default/source"],
                        ["config", "show", "default/source", "--json"], ["config", "history", "default/source"],
                        ["config", "history", "default/source", "--json"], ["config", "export", "default/source"],
                        ["config", "export", "default/destination"], ["config", "history", "default/destination", "--json"],
                        ["state", "show", "default"], ["state", "export", "default"]):
            shown = w.start(*command, "--store", w.store, environment=self.environment).wait()
            self.assertEqual(shown.code, h.OK, str(shown))
            texts[" ".join(command)] = shown.out + shown.err
        return texts

    def files_left(self):
        """Every file that outlives the run, the store included; not what the test itself wrote."""
        w = self.w
        paths = [w.path(name) for name in os.listdir(w.root) if name.startswith("store.db")]
        paths = [path for path in paths if os.path.isfile(path)]
        for directory in (w.path("store.db.locks"), w.path("xdg"), w.path("tmp"), w.path("spill"), w.runtime):
            for base, _, names in os.walk(directory):
                paths += [os.path.join(base, name) for name in names]
        return paths

    def assert_clean(self, result, encrypted=True):
        for name, text in self.outputs(result).items():
            self.assertEqual(found(text, self.all), set(), "%s: %s" % (name, text[-3000:]))
            self.assertNotIn(OTHERS_SECRET.encode(), text)
            for never in NEVER_SHOWN:
                self.assertNotIn(never, text)
        if encrypted:
            self.assertIn(self.w.path("store.db"), self.files_left())
            for path in self.files_left():
                self.assertEqual(found(h.read_bytes(path), self.all), set(), path)
                self.assertNotIn(h.read_bytes(self.key_file()), h.read_bytes(path))

    def assert_rotated(self, result):
        self.assertIn(result.code, (h.SOURCE, h.DATA_LOSS), str(result))
        control = result.report["control"]
        self.assertEqual(control["applied"], ROTATIONS + DESTINATION_ROTATIONS)
        self.assertGreaterEqual(control["quarantined"], 1)

    def stored_key(self):
        shown = self.w.start("config", "export", "default/source", "--reveal", "--store", self.w.store,
                             environment=self.environment).wait()
        return json.loads(shown.out)["api_key"]


class NowhereToBeFound(Canaries):
    def rotate(self, *flags):
        result = self.run_watched(*flags)
        self.assert_rotated(result)
        self.assertEqual(self.stored_key(), self.canaries[-1])
        self.assert_clean(result)

    def test_in_a_plain_run(self):
        self.rotate()

    def test_with_verbose_and_plain_progress(self):
        self.rotate("--verbose", "--progress", "plain")

    def test_with_json_progress_on_one_thread(self):
        self.rotate("--verbose", "--progress", "json", "--threads", "inline")

    def test_with_every_stage_on_a_thread_of_its_own(self):
        self.rotate("--verbose", "--progress", "none", "--threads", "dedicated")


class TheTestFinds(Canaries):
    """The same with a program whose masker lets everything through, and without a key."""

    def setUp(self):
        super().setUp()
        self.masking = os.environ.get("SHUNT")
        os.environ["SHUNT"] = UNMASKED
        self.addCleanup(self.restore)

    def restore(self):
        os.environ.pop("SHUNT")
        if self.masking is not None:
            os.environ["SHUNT"] = self.masking

    def test_what_is_not_masked(self):
        result = self.run_watched("--verbose", encrypted=False)
        self.assert_rotated(result)
        shown = result.err + json.dumps(result.report).encode()
        self.assertEqual(found(shown, self.all), set(self.all), "every value of either connector")
        lines = [line for line in shown.replace(b'", "', b"\n").splitlines() if found(line, self.all)]
        for channel in SHOWN_UNMASKED:
            self.assertTrue(any(channel.encode() in line for line in lines), channel)
        for form in FORMS:
            for channel in ("log", "text", "stderr"):
                self.assertTrue(any(("%s %s <" % (channel, form)).encode() in line for line in lines), (channel, form))
        # By place they are hidden all the same.
        self.assertNotIn(b"cnry", self.w.start("config", "export", "default/source", "--store", self.w.store).wait().out)

    def test_what_is_not_encrypted(self):
        self.run_watched(encrypted=False)
        left = set()
        for path in self.files_left():
            left |= found(h.read_bytes(path), self.all)
        self.assertEqual(left, set(self.all))


if __name__ == "__main__":
    h.main()
