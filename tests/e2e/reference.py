"""A slow second reading of the contract's decisions 1-5 and edge rules 1-2, made to disagree with bugs.

It shares nothing with the program: Python's json does the grammar, hooks keep it strict, and everything
is done one line at a time on whole strings.
"""

import json
import re

PAYLOADS = {"RECORD": "record", "STATE": "state", "CONTROL": "control", "LOG": "log", "TRACE": "trace",
            "SPEC": "spec", "CATALOG": "catalog", "CONNECTION_STATUS": "connectionStatus"}
KINDS = {"RECORD": "record", "STATE": "state", "CONTROL": "control", "LOG": "log", "TRACE": "trace"}
BLANKS = " \t\r"
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
ESCAPED = "\ue000"  # stands for an escape in the second reading; the generator never uses it


class Pairs(list):
    """An object as its members in order, duplicates included."""

    def get(self, key, default=None):
        for name, value in self:
            if name == key:
                return value
        return default

    def has(self, key):
        return any(name == key for name, _ in self)


class Number(str):
    pass


def refuse(constant):
    raise ValueError(constant)


DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Number, parse_int=Number, parse_constant=refuse)


def decode(text, start=0):
    """(value, end) of the JSON value at `start`, or None."""
    try:
        return DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def skip_blanks(text, at):
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at


def is_name(value):
    return isinstance(value, str) and not isinstance(value, Number)


def has_surrogate(text):
    return any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def keys_are_plain(text):
    """No duplicate and no escaped key in the two levels of the envelope; `text` is one object."""
    marked = decode(ESCAPE.sub(ESCAPED, text), skip_blanks(text, 0))[0]
    levels = [marked] + [value for key, value in marked if key in PAYLOADS.values() and isinstance(value, Pairs)]
    for level in levels:
        names = [key for key, _ in level]
        if len(names) != len(set(names)) or any(ESCAPED in name for name in names):
            return False
    return True


class Piece:
    """A line, or a part of a glued line."""

    def __init__(self, kind, raw, message=None):
        self.kind, self.raw, self.message = kind, raw, message


def read_object(text):
    """What one well-formed object is: (kind, message)."""
    message = decode(text, skip_blanks(text, 0))[0]
    kind = message.get("type")
    if not is_name(kind):
        has_payload = any(message.has(payload) for payload in PAYLOADS.values())
        return ("malformed", None) if has_payload else ("text", None)
    if not keys_are_plain(text):
        return "malformed", None
    if kind == "RECORD":
        payload = message.get("record")
        if not isinstance(payload, Pairs) or not is_name(payload.get("stream")) or not isinstance(
                payload.get("data"), Pairs):
            return "malformed", None
        namespace = payload.get("namespace")
        if has_surrogate(payload.get("stream")) or (is_name(namespace) and has_surrogate(namespace)):
            return "malformed", None
    return KINDS.get(kind, "other"), message


def objects(text, start):
    """The objects that fill text[start:], each with the blanks behind it; None when anything else is there."""
    found, at = [], skip_blanks(text, start)
    begin = start
    while at < len(text):
        if text[at] != "{":
            return None
        decoded = decode(text, at)
        if decoded is None:
            return None
        at = skip_blanks(text, decoded[1])
        found.append(text[begin:at])
        begin = at
    return found


def looks_like_message(text, at):
    return re.match(r'\{[ \t\r]*"(type|record)"', text[at:]) is not None


def read_glued(text, start):
    """Pieces of several messages from `start` on, or None."""
    parts = objects(text, start)
    if not parts:
        return None
    pieces = []
    for part in parts:
        kind, message = read_object(part)
        if message is None:
            return None
        pieces.append(Piece(kind, part.encode(), message))
    return pieces


def read_leading_text(text, raw):
    """A line whose first non-blank is not `{`."""
    broken = False
    for at in range(len(text)):
        if text[at] != "{":
            continue
        pieces = read_glued(text, at)
        if pieces:
            return [Piece("text", text[:at].encode())] + pieces
        if looks_like_message(text, at) and decode(text, at) is None:
            broken = True
    return [Piece("malformed" if broken else "text", raw)]


def read_line(raw, ended=True):
    """Pieces of one line, given without its LF; `ended`: it has one."""
    stripped = raw.lstrip(BLANKS.encode())
    if not stripped:
        return [Piece("empty", raw)]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return [Piece("malformed" if re.match(rb'\{[ \t\r]*["}]', stripped) else "text", raw)]
    first = skip_blanks(text, 0)
    if text[first] != "{":
        return read_leading_text(text, raw)
    second = skip_blanks(text, first + 1)
    if text[second] not in '"}' if second < len(text) else ended:
        return [Piece("text", raw)]
    parts = objects(text, 0)
    if not parts:
        return [Piece("malformed", raw)]
    if len(parts) == 1:
        kind, message = read_object(text)
        return [Piece(kind, raw, message)]
    return read_glued(text, 0) or [Piece("malformed", raw)]


class StreamCount:
    def __init__(self):
        self.records = self.bytes = self.states = self.committed_records = self.committed_bytes = 0
        self.since_state = 0


class Expected:
    """What the destination must get and what the report must say, when every state is acknowledged."""

    def __init__(self, streams):
        self.streams = {key: StreamCount() for key in streams}  # key: (name, namespace or None)
        self.lines = dict.fromkeys(
            ("record", "state", "control", "log", "trace", "other", "text", "malformed", "empty"), 0)
        self.unknown = {}        # stream key -> its records
        self.unknown_states = {}  # stream key -> its states
        self.opened = False      # a line of opening brackets, with nothing but text since
        self.forwarded = []      # (raw line without LF, recordCount to find in it or None)
        self.blobs = {}          # stream key -> blob (Pairs) of its newest state
        self.states_forwarded = 0
        self.clean_blobs = None  # the blobs before the first malformed line
        self.controls = []       # (emitted_at text, {key: value text}) in order
        self.since_state = 0

    def feed(self, data):
        lines = data.split(b"\n")
        last = lines.pop()
        for raw in lines:
            self.take_line(raw, True)
        if last:
            self.take_line(last, False)
        return self

    def take_line(self, raw, ended):
        pieces = read_line(raw, ended)
        for piece in pieces:
            if piece.kind not in ("text", "empty"):
                self.opened = False
        if [piece.kind for piece in pieces] == ["text"]:
            if self.opened and re.match(rb'[ \t\r]*"type"[ \t\r]*:[ \t\r]*"(RECORD|STATE)"', raw):
                pieces[0].kind = "malformed"
            elif ended and not raw.strip(b"{[ \t\r"):
                self.opened = True
        for piece in pieces:
            self.take(piece)

    def take(self, piece):
        self.lines[piece.kind] += 1
        if piece.kind == "malformed" and self.clean_blobs is None:
            self.clean_blobs = dict(self.blobs)
        elif piece.kind == "record":
            self.take_record(piece)
        elif piece.kind == "state":
            self.take_state(piece)
        elif piece.kind == "control":
            control = piece.message.get("control")
            config = control.get("connectorConfig").get("config")
            self.controls.append((control.get("emitted_at"), dict(config)))

    def take_record(self, piece):
        payload = piece.message.get("record")
        key = (payload.get("stream"), payload.get("namespace"))
        if key not in self.streams:
            self.unknown[key] = self.unknown.get(key, 0) + 1
            return
        stream = self.streams[key]
        stream.records += 1
        stream.since_state += 1
        stream.bytes += len(piece.raw) + 1
        self.since_state += 1
        self.forwarded.append((piece.raw, None))

    def take_state(self, piece):
        payload = piece.message.get("state")
        if not isinstance(payload, Pairs):
            return
        body = payload.get("stream")
        if payload.get("type") == "STREAM" and not isinstance(body, Pairs):
            return
        stats = payload.get("sourceStats")
        given = isinstance(stats, Pairs) and isinstance(stats.get("recordCount"), Number)
        descriptor = body.get("stream_descriptor")
        key = (descriptor.get("name"), descriptor.get("namespace"))
        if key not in self.streams:
            self.unknown_states[key] = self.unknown_states.get(key, 0) + 1
            return
        stream = self.streams[key]
        self.forwarded.append((piece.raw, None if given else stream.since_state))
        self.states_forwarded += 1
        self.blobs[key] = body.get("stream_state")
        stream.states += 1
        stream.since_state = 0
        stream.committed_records, stream.committed_bytes = stream.records, stream.bytes


def filled_correctly(original, actual, count):
    """`actual` is `original` with nothing but a recordCount of `count` put in (or in place of a null)."""
    before, after = decode(original.decode(), skip_blanks(original.decode(), 0))[0], None
    try:
        after = decode(actual.decode(), skip_blanks(actual.decode(), 0))[0]
    except UnicodeDecodeError:
        return False
    stats = after.get("state").get("sourceStats")
    if not isinstance(stats, Pairs) or float(stats.get("recordCount")) != count or not keys_are_plain(
            actual.decode()):
        return False
    old = before.get("state").get("sourceStats")
    if isinstance(old, Pairs) and [m for m in old if m[0] != "recordCount"] != [
            m for m in stats if m[0] != "recordCount"]:
        return False
    prefix = 0
    while prefix < len(original) and prefix < len(actual) and original[prefix] == actual[prefix]:
        prefix += 1
    suffix = 0
    while suffix < len(original) - prefix and original[-1 - suffix] == actual[-1 - suffix]:
        suffix += 1
    taken_out = original[prefix:len(original) - suffix]
    # Nothing was taken out, or a null (its letters may meet those of what came in).
    return taken_out in (b"",) or taken_out in b"null"


def control_verdicts(controls, start):
    """Decision 8 in its simplest words: (verdicts, config) of valid updates in pipe order."""
    registers = {key: (float("-inf"), -1, value) for key, value in start.items()}
    verdicts = []
    for sequence, (emitted_at, config) in enumerate(controls):
        won = changed = False
        for key, value in config.items():
            old = registers.get(key)
            if old is None or (float(emitted_at), sequence) > old[:2]:
                won = True
                changed = changed or old is None or old[2] != value
                registers[key] = (float(emitted_at), sequence, value)
        verdicts.append("applied" if changed else "duplicate" if won else "superseded")
    return verdicts, {key: register[2] for key, register in registers.items()}
