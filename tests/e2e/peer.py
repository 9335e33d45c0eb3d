"""A connector that does what a script says: the other side of every end-to-end test.

    python3 peer.py SCRIPT.json (spec | check | discover | read | write) [--config F] [--catalog F] [--state F]

The script is one JSON object; every key is optional:

    notes    directory for evidence: VERB.config.json, VERB.catalog.json, VERB.state.json (absent when no
             --state was given), VERB.argv.json, VERB.env.json, VERB.pid, and `verbs`, one line a start
    spec     the connectionSpecification; without it `spec` fails; before_spec: steps in front of it
    check    steps, default: a CONNECTION_STATUS SUCCEEDED
    discover steps, default: an empty CATALOG
    read     steps of a source
    write    what a destination does, see Destination

A step is an object with one verb (and its parameters):

    {"write": TEXT}                      to stdout as UTF-8; "b64" instead of "write": any bytes
    {"file": PATH, "chunk": N}           its bytes, N per write call (default: all at once)
    {"file": PATH, "chunks": [1, 7, ...]}  sizes, repeated
    {"file": PATH, "lockstep": N}        the first N bytes one by one, each only when the reader took the
                                         one before, so that it really reads single bytes
    {"repeat": TEXT, "bytes": N}         TEXT again and again, at least N bytes
    {"lines": TEXT, "count": N}          TEXT N times, %d replaced by 0, 1, 2, ..., a write call each
    {"trickle": TEXT, "seconds": S}      TEXT again and again for ever, with a pause behind each
    {"stderr": TEXT, "chunk": N}         N bytes per write call (default: all at once)
    {"await": PATH}                      until the file exists: how a test orders events
    {"touch": PATH}                      says that this point was reached
    {"ignore": "SIGTERM"}
    {"take": N}                          N bytes of stdin, or all of them until its end ("take": -1)
    {"await_end": true}                  until nobody can write to stdin any more, without reading it
    {"close": "stdout" | "stdin"}
    {"mute": true}                       closes stdout, and what is said later is heard by nobody
    {"hang": true}                       until killed
    {"on": "SIGTERM", "do": [...]}       steps when the signal comes
    {"stubborn": TEXT}                   to stdout for ever, whether anybody reads or not
    {"spawn": {"pid": PATH, "keep": B, "setsid": B}}
                                         a grandchild that lives for ever and leaves its pid; it keeps stdout
                                         open or not, and the process group or not
    {"devour": N}                        takes N bytes of memory that there are not
    {"cursor": STREAM, "rounds": N, "records": R, "control_every": C}
                                         a source that resumes: from the cursor in --state on, R records and a
                                         STATE a round, every C rounds a CONTROL with a token that grows
    {"fork": N}                          N grandchildren of our group that ignore SIGTERM and hold our descriptors
    {"orphans": N}                       N short-lived grandchildren whose parents are gone
    {"block_signals": true}              every signal that can be blocked
    {"immortal": true}                   clears its death signal, and ignores what else would end it
    {"shrink": true}                     pipes of one page
    {"eat": BYTES}                       takes memory until a limit of so many more bytes refuses it, then fails
    {"fill": PATH}                       writes there until the disk is full
    {"sleep": SECONDS}                   slowness, where that is the fault
    {"exit": CODE}   {"signal": N}       end, or die by a signal (SIGSTOP: stand still)
"""

import array
import base64
import errno
import fcntl
import hashlib
import json
import os
import resource
import select
import signal
import struct
import sys
import termios
import time

POLL_SECONDS = 0.002
FULL_POLLS = 250  # for which a pipe stays full before nobody is taken to read it
OPTIONS = {}  # --config, --catalog, --state, without the dashes


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def await_file(path):
    while not os.path.exists(path):
        time.sleep(POLL_SECONDS)


def touch(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def unread(fd):
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


def write_lockstep(data):
    for index in range(len(data)):
        os.write(1, data[index:index + 1])
        while unread(1):
            os.sched_yield()


def write_chunks(data, sizes, fd=1):
    view, turn = memoryview(data), 0
    while view:
        size = sizes[turn % len(sizes)]
        turn += 1
        write_all(fd, view[:size])
        view = view[size:]


def write_file(step):
    with open(step["file"], "rb") as source:
        data = source.read()
    lockstep = step.get("lockstep", 0)
    write_lockstep(data[:lockstep])
    write_chunks(data[lockstep:], step.get("chunks") or [step.get("chunk", 1 << 20)])


def repeat(step):
    unit = step["repeat"].encode()
    block = unit * max(1, (1 << 16) // len(unit))
    for _ in range(-(-step["bytes"] // len(block))):
        write_all(1, block)


def write_lines(step):
    for number in range(step["count"]):
        write_all(1, step["lines"].replace("%d", str(number)).encode())


def cursor(step):
    stream, number = step["cursor"], 0
    if "state" in OPTIONS:
        with open(OPTIONS["state"], encoding="utf-8") as given:
            for element in json.load(given):
                if element["stream"]["stream_descriptor"]["name"] == stream:
                    number = element["stream"]["stream_state"]["cursor"]
    for turn in range(step["rounds"]):
        lines = []
        for _ in range(step.get("records", 10)):
            number += 1
            lines.append('{"type":"RECORD","record":{"stream":"%s","data":{"id":%d},"emitted_at":1}}' % (stream, number))
        lines.append('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"%s"},'
                     '"stream_state":{"cursor":%d}}}}' % (stream, number))
        if step.get("control_every") and turn % step["control_every"] == 0:
            lines.append('{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":%d.5,'
                         '"connectorConfig":{"config":{"api_key":%d}}}}' % (1700000000000 + number, number))
        write_all(1, ("\n".join(lines) + "\n").encode())


def end(code):
    os._exit(code)  # no buffers of Python's own stand behind our writes


def die(number):
    signal.signal(number, signal.SIG_DFL) if number not in (signal.SIGKILL, signal.SIGSTOP) else None
    os.kill(os.getpid(), number)
    signal.pause()


def trickle(step):
    while True:
        write_all(1, step["trickle"].encode())
        time.sleep(step["seconds"])


def mute():
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def fork(count):
    for _ in range(count):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            hang()


def orphans(count):
    for _ in range(count):
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                end(0)
            end(0)
        os.waitpid(child, 0)


def shrink():
    for fd in (0, 1):
        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4096)
        except OSError:
            pass  # no pipe, or there is more in it by now


def eat(limit):
    """What an allocator that may not grow does to a program: it dies of an error it did not expect."""
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + limit, used + limit))
    eaten = []
    while True:
        eaten.append(bytearray(1 << 16))


def fill(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while True:
                    os.write(descriptor, b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    finally:
        os.close(descriptor)


def fill_output(row):
    """Rows on stdout until its pipe stays half full: nobody reads it now, and there is room for what comes next."""
    capacity = fcntl.fcntl(1, fcntl.F_GETPIPE_SZ)

    def waiting():
        return struct.unpack("i", fcntl.ioctl(1, termios.FIONREAD, b"\0\0\0\0"))[0]
    stayed = 0
    while stayed < FULL_POLLS:
        if waiting() < capacity // 2:
            stayed = 0
            write_all(1, row.encode())
        else:
            stayed += 1
            time.sleep(POLL_SECONDS)


def hang():
    while True:
        signal.pause()


def on_signal(step):
    signal.signal(getattr(signal, step["on"]), lambda *_: (perform(step["do"]), end(0)))


def stubborn(text):
    while True:
        try:
            write_all(1, text.encode())
        except OSError:
            time.sleep(POLL_SECONDS)


def immortal():
    import ctypes  # slow to load, and of use to nobody else
    set_death_signal = 1
    if ctypes.CDLL(None).prctl(set_death_signal, 0, 0, 0, 0) != 0:
        raise OSError("prctl")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def spawn(options):
    if os.fork() == 0:
        # As daemons do: the child of a child that ends.
        if options.get("setsid"):
            os.setsid()
        child = os.fork()
        if child:
            with open(options["pid"] + ".part", "w") as out:
                out.write(str(child))
            os.rename(options["pid"] + ".part", options["pid"])
            end(0)
        for descriptor in (0, 2) if options.get("keep") else (0, 1, 2):
            os.close(descriptor)
        hang()
    os.wait()


def devour(size):
    block = bytearray(size)
    for index in range(0, size, 4096):
        block[index] = 1


def take(size):
    while size:
        data = os.read(0, min(size, 1 << 16) if size > 0 else 1 << 16)
        if not data:
            return
        size -= len(data) if size > 0 else 0


def await_end():
    poll = select.poll()
    poll.register(0, 0)  # a hang-up is told unasked
    while not any(event & select.POLLHUP for _, event in poll.poll()):
        pass


ACTIONS = {
    "take": lambda step: take(step["take"]),
    "await_end": lambda step: await_end(),
    "write": lambda step: write_all(1, step["write"].encode("utf-8", "surrogatepass")),
    "b64": lambda step: write_all(1, base64.b64decode(step["b64"])),
    "file": write_file,
    "repeat": repeat,
    "lines": write_lines,
    "stderr": lambda step: write_chunks(step["stderr"].encode(), [step.get("chunk", 1 << 20)], fd=2),
    "await": lambda step: await_file(step["await"]),
    "touch": lambda step: touch(step["touch"]),
    "ignore": lambda step: signal.signal(getattr(signal, step["ignore"]), signal.SIG_IGN),
    "close": lambda step: os.close({"stdin": 0, "stdout": 1}[step["close"]]),
    "trickle": trickle,
    "mute": lambda step: mute(),
    "hang": lambda step: hang(),
    "on": on_signal,
    "stubborn": lambda step: stubborn(step["stubborn"]),
    "spawn": lambda step: spawn(step["spawn"]),
    "devour": lambda step: devour(step["devour"]),
    "cursor": cursor,
    "fork": lambda step: fork(step["fork"]),
    "orphans": lambda step: orphans(step["orphans"]),
    "block_signals": lambda step: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()),
    "immortal": lambda step: immortal(),
    "shrink": lambda step: shrink(),
    "eat": lambda step: eat(step["eat"]),
    "fill_output": lambda step: fill_output(step["fill_output"]),
    "fill": lambda step: fill(step["fill"]),
    "sleep": lambda step: time.sleep(step["sleep"]),
    "exit": lambda step: end(step["exit"]),
    "signal": lambda step: die(step["signal"]),
}


def perform(steps):
    for step in steps:
        for verb, action in ACTIONS.items():
            if verb in step:
                action(step)
                break
        else:
            raise ValueError("unknown step %r" % (step,))


class Destination:
    """Reads stdin and acknowledges STATE lines, as the script's `write` says:

        before   steps before the first byte is read
        save     file that gets every byte read, at once ({pid} in its name is ours); "digest" instead of a copy: file that gets the
                 SHA-256 and the number of the bytes at the end
        hold     [{"line": N, "do": steps}]: steps after N lines were read (and before the next is looked at)
        pace     seconds that it takes for each line
        ack      each (default), last (at the end of input), never, {"every": N}, {"only": [0, 2]}
                 (ordinals of states), "reverse" (all at the end, newest first)
        spell    how an ack is written: same (default), respelled (key order, blanks, escapes, number forms
                 differ, the value does not), wrong (another blob), twice, bare (only type and state)
        stats    counts the records of each acknowledgement in destinationStats: {"since": "ack" | "state" (that it
                 counts from), "wrong": [ordinals of acks that count one too few], "at_once": N acks in one write call,
                 "rejected": N of each, apart};
                 by stream unless GLOBAL
        ack_chunks  sizes of its write calls, repeated (default: a line each)
        ack_log  file ({pid} as above): an ack is appended to it before it is printed
        at_end   steps at the end of input, default exit 0
    """

    def __init__(self, script):
        self.script = script
        self.save = open(script["save"].replace("{pid}", str(os.getpid())), "wb", buffering=0) if "save" in script else None
        self.ack_log = open(script["ack_log"].replace("{pid}", str(os.getpid())), "ab", buffering=0) if "ack_log" in script else None
        self.digest, self.bytes = hashlib.sha256(), 0
        self.holds = {hold["line"]: hold["do"] for hold in script.get("hold", [])}
        self.lines = self.states = self.acks = 0
        self.waiting = []
        self.kept = b""  # acknowledgements to be written with the next
        self.records = {}  # by stream, since the last state or acknowledgement

    def run(self):
        perform(self.script.get("before", []))
        looks = self.script.get("ack") != "never" or self.holds or "pace" in self.script  # else bytes are only kept: fast
        tail = []  # of the line begun; joined once, for there are long ones
        while True:
            data = os.read(0, 1 << 16)
            if not data:
                break
            self.keep(data)
            if not looks:
                continue
            first, *more = data.split(b"\n")
            tail.append(first)
            for part in more:
                self.take(b"".join(tail))
                tail = [part]
        if any(tail):
            self.take(b"".join(tail))
        self.finish()

    def keep(self, data):
        if self.save:
            write_all(self.save.fileno(), data)
        if "digest" in self.script:
            self.digest.update(data)
            self.bytes += len(data)

    def take(self, line):
        self.lines += 1
        if "stats" in self.script and b"RECORD" in line:
            record = json.loads(line)["record"]
            stream = (record["stream"], record.get("namespace"))
            self.records[stream] = self.records.get(stream, 0) + 1
        if b"STATE" in line:
            message = json.loads(line)
            if message.get("type") == "STATE":
                self.state(line, message)
        perform(self.holds.pop(self.lines, []))
        if "pace" in self.script:
            time.sleep(self.script["pace"])

    def state(self, line, message):
        ordinal = self.states
        self.states += 1
        if "stats" in self.script:
            line = self.with_stats(line, message)
        ack = self.script.get("ack", "each")
        if ack == "each" or (isinstance(ack, dict) and ack.get("every")
                             and (ordinal + 1) % ack["every"] == 0) or (
                                 isinstance(ack, dict) and ordinal in ack.get("only", [])):
            self.acknowledge(line, message)
        elif ack == "last":
            self.waiting = [(line, message)]
        elif ack == "reverse":
            self.waiting.insert(0, (line, message))

    def with_stats(self, line, message):
        """The acknowledgement with a count of our own; ack: each, last or {"every": N}."""
        stats, payload = self.script["stats"], message["state"]
        descriptor = payload.get("stream", {}).get("stream_descriptor")
        stream = (descriptor["name"], descriptor.get("namespace")) if descriptor else None
        count = self.records.get(stream, 0) if stream else sum(self.records.values())
        every = self.script["ack"]["every"] if isinstance(self.script.get("ack"), dict) else 1
        acknowledged = self.script.get("ack") != "last" and self.states % every == 0
        if stats.get("since", "state") == "state" or acknowledged:
            self.records.pop(stream, None) if stream else self.records.clear()
        if acknowledged:
            count -= self.acks in stats.get("wrong", [])
            self.acks += 1
        payload["destinationStats"] = {"recordCount": count}
        if "rejected" in stats:
            payload["destinationStats"] = {"recordCount": count - stats["rejected"], "rejectedRecordCount": stats["rejected"]}
        return json.dumps(message).encode()

    def acknowledge(self, line, message):
        if self.ack_log:
            write_all(self.ack_log.fileno(), line + b"\n")
        spell = self.script.get("spell", "same")
        if spell == "respelled":
            line = respell(parse(line)).encode()
        elif spell == "wrong":
            line = json.dumps(wrong(message)).encode()
        elif spell == "bare":
            line = json.dumps({"type": "STATE", "state": message["state"]}).encode()
        line = (line + b"\n") * (2 if spell == "twice" else 1)
        at_once = self.script.get("stats", {}).get("at_once", 0)
        if self.acks < at_once:
            self.kept += line
            return
        line, self.kept = self.kept + line, b""
        write_chunks(line, self.script.get("ack_chunks") or [len(line)])

    def finish(self):
        for line, message in self.waiting:
            self.acknowledge(line, message)
        if "digest" in self.script:
            with open(self.script["digest"] + ".part", "w") as out:
                json.dump({"sha256": self.digest.hexdigest(), "bytes": self.bytes}, out)
            os.rename(self.script["digest"] + ".part", self.script["digest"])
        perform(self.script.get("at_end", []))
        end(0)


class Number(str):
    """A number's text, every digit of it."""


class Pairs(list):
    """An object's members in order, duplicates included."""


def parse(line):
    return json.loads(line, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number)


def respell(value):
    """The same JSON value in other bytes. Keys and types keep theirs: they belong to the envelope."""
    if isinstance(value, Pairs):
        members = ["%s : %s" % (json.dumps(key), json.dumps(member) if key == "type" else respell(member))
                   for key, member in value]
        if len({key for key, _ in value}) == len(value):  # else their order means something
            members.reverse()
        return "{ " + " , ".join(members) + " }"
    if isinstance(value, list):
        return "[ " + " , ".join(respell(member) for member in value) + " ]"
    if isinstance(value, Number):
        return value if not value.lstrip("-").isdigit() else value + (".0" if value in ("0", "-0") else "0e-1")
    if isinstance(value, str):
        return '"' + "".join("\\u%04x" % unit for unit in utf16(value)) + '"'
    return json.dumps(value)


def utf16(text):
    raw = text.encode("utf-16-be", "surrogatepass")
    return [raw[index] << 8 | raw[index + 1] for index in range(0, len(raw), 2)]


def wrong(message):
    state = message["state"]
    if "stream" in state:
        state["stream"]["stream_state"] = {"never": "sent"}
    elif "global" in state:
        state["global"]["shared_state"] = {"never": "sent"}
    else:
        state["data"] = {"never": "sent"}
    return message


def note(directory, verb, options):
    """Leaves evidence of what this start was given."""
    def put(name, data):
        part = os.path.join(directory, name + ".part")
        with open(part, "wb") as out:
            out.write(data)
        os.rename(part, os.path.join(directory, name))

    for name in ("config", "catalog", "state"):
        target = "%s.%s.json" % (verb, name)
        if name in options:
            with open(options[name], "rb") as given:
                put(target, given.read())
            put("%s.%s.stat.json" % (verb, name), json.dumps({
                "path": options[name],
                "mode": os.stat(options[name]).st_mode & 0o7777,
                "directory_mode": os.stat(os.path.dirname(options[name])).st_mode & 0o7777,
            }).encode())
        elif os.path.exists(os.path.join(directory, target)):
            os.unlink(os.path.join(directory, target))
    put(verb + ".argv.json", json.dumps(sys.argv).encode())
    put(verb + ".env.json", json.dumps(dict(os.environ)).encode())
    put(verb + ".pid", b"%d" % os.getpid())
    with open(os.path.join(directory, "verbs"), "ab", buffering=0) as verbs:
        verbs.write(verb.encode() + b"\n")


def message(kind, key, payload):
    return {"write": json.dumps({"type": kind, key: payload}) + "\n"}


def main(argv):
    with open(argv[1], encoding="utf-8") as source:
        script = json.load(source)
    verb = argv[2]
    OPTIONS.update((argv[index][2:], argv[index + 1]) for index in range(3, len(argv) - 1, 2))
    if "notes" in script:
        note(script["notes"], verb, OPTIONS)
    if verb == "spec":
        perform(script.get("before_spec", []))
        if "spec" not in script:
            end(1)
        perform([message("SPEC", "spec", {"connectionSpecification": script["spec"]})])
    elif verb == "check":
        perform(script.get("check", [message("CONNECTION_STATUS", "connectionStatus", {"status": "SUCCEEDED"})]))
    elif verb == "discover":
        perform(script.get("discover", [message("CATALOG", "catalog", {"streams": []})]))
    elif verb == "read":
        perform(script.get("read", []))
    elif verb == "write":
        Destination(script.get("write", {})).run()
    end(0)


if __name__ == "__main__":
    try:
        main(sys.argv)
    except BrokenPipeError:
        end(141)
