"""Draws a scenario from a seed: what both peers and the machine do to a sync, and what may come of it.

A scenario knows its faults as (codes, certain): the exit codes by which each fault may decide the run
(contract section 2; the first that is met decides, and which one that is may be a matter of timing), and whether
it is sure to be met when no other one comes first. With a certain fault the run can never end with 0.
"""

import json
import random

from tests.e2e import harness as h

SPEC = {"type": "object", "properties": {"token": {"type": "string"}}}
HANG = [{"ignore": "SIGTERM"}, {"hang": True}]


class Fault:
    def __init__(self, name, codes, certain=True):
        self.name, self.codes, self.certain = name, set(codes), certain


class Line:
    """A line of the source: its bytes, and what it is to the oracle."""

    def __init__(self, text, kind, stream=None, cursor=None):
        self.bytes, self.kind, self.stream, self.cursor = text.encode(), kind, stream, cursor

    @property
    def forwarded(self):
        return self.kind in ("record", "state")


class Scenario:
    def __init__(self, seed, path):
        """`path(name)`: files of the workspace."""
        self.seed, self.path, self.rng = seed, path, random.Random(seed)
        rng = self.rng
        self.faults, self.flags, self.notes = [], [], []
        self.streams = ["s%d" % index for index in range(rng.choice([1, 1, 2, 3]))]
        self.generations = rng.random() < 0.3
        self.lines = self.draw_lines()
        self.updates = []  # (token, file that appears once the source has written it)
        self.taint = None  # index of the first malformed line
        self.source_ok = True
        self.source_steps = self.draw_source()
        self.destination = self.draw_destination()
        self.threads = rng.choice(["auto", "auto", "dedicated", "compact", "inline"])
        self.flags += ["--threads", self.threads]
        self.world = self.draw_world()
        self.acked_all = self.will_ack_all()
        if not self.acked_all:
            self.notes.append("acks missing")

    # The source.

    def draw_lines(self):
        rng, lines, since = self.rng, [], {}
        size = rng.choice([10, 10, 200, 3000, 20000])
        count = rng.choice([0, 5, 60, 60, 200])
        ids = {stream: 0 for stream in self.streams}
        for _ in range(count):
            stream = rng.choice(self.streams)
            dice = rng.random()
            if dice < 0.12 and ids[stream]:
                lines.append(Line(h.state(stream, {"c": ids[stream]}, since.pop(stream, 0)), "state", stream, ids[stream]))
            elif dice < 0.17:
                lines.append(Line(h.log("words"), "log"))
            elif dice < 0.20:
                lines.append(Line("plain words\n", "text"))
            else:
                ids[stream] += 1
                since[stream] = since.get(stream, 0) + 1
                text = "x" * rng.randrange(size)
                lines.append(Line(h.record(stream, {"id": ids[stream], "t": text}), "record", stream))
        return self.without_repeated_states(lines)

    @staticmethod
    def without_repeated_states(lines):
        """Equal states in a row are another test's matter (explained states)."""
        seen, kept = set(), []
        for line in lines:
            if line.kind != "state" or (line.stream, line.cursor) not in seen:
                kept.append(line)
            seen.add((line.stream, line.cursor))
        return kept

    def fault(self, name, codes, certain=True):
        self.faults.append(Fault(name, codes, certain))

    def draw_source(self):
        """Steps. Cuts self.lines to what the source will write."""
        rng = self.rng
        at = rng.randrange(len(self.lines) + 1)
        steps = [{"fork": rng.choice([1, 3])}] if rng.random() < 0.12 else []
        self.source_forks = bool(steps)
        if rng.random() < 0.2:
            steps.append({"ignore": "SIGTERM"})
        end = self.draw_source_fault(at)
        self.draw_bad_lines()
        steps += self.writing(rng.choice([1 << 20, 1 << 20, 4096, 100]))
        return steps + end

    def draw_source_fault(self, at):
        name = self.rng.choices(
            ["none", "exit", "signal", "hang", "stop", "oom", "trace", "closes", "cut", "closes and goes", "incomplete",
             "failed status", "mixed states", "bad config", "unknown stream"],
            [45, 7, 5, 4, 3, 3, 4, 2, 5, 2, 2, 2, 2, 3, 4])[0]
        if name not in ("none", "unknown stream", "closes and goes", "bad config"):
            self.source_ok = False
        if name in ("exit", "signal", "hang", "stop", "oom", "closes", "cut"):
            self.lines = self.lines[:at]
        if name == "exit":
            self.fault("source exits 1", {3})
            return self.rng.choice([[], [{"write": h.trace_error("no")}]]) + [{"exit": self.rng.choice([1, 2, 77])}]
        if name == "signal":
            number = self.rng.choice([h.KILL, 11, 6])
            self.fault("source dies of %d" % number, {3})
            return [{"signal": int(number)}]
        if name == "oom":
            self.fault("source has no memory", {3})
            return [{"eat": 16 << 20}]
        if name in ("hang", "stop"):
            self.fault("source %ss" % name, {7})
            return HANG if name == "hang" else [{"signal": 19}]
        if name == "trace":
            self.fault("source says error", {3})
            return [{"write": h.trace_error("half done")}]
        if name == "closes":
            self.fault("source closes its output and stays", {7})
            return [{"close": "stdout"}] + HANG
        if name == "closes and goes":
            return [{"close": "stdout"}, {"sleep": 0.2}, {"exit": 0}]
        if name == "cut" and self.lines:
            last = self.lines[-1]
            if last.kind in ("record", "state"):
                last.bytes, last.kind = last.bytes[:self.rng.randrange(2, len(last.bytes) - 2)], "malformed"
                self.fault("last line cut", {8})
            else:
                self.source_ok = True
            return []
        return self.draw_message_fault(name)

    def draw_message_fault(self, name):
        """A whole line that is a fault in itself, at the end."""
        bad = {
            "incomplete": (h.stream_status(self.streams[0], "INCOMPLETE"), "trace", {3}),
            "failed status": (h.line("CONNECTION_STATUS", "connectionStatus", {"status": "FAILED"}), "other", {3}),
            "mixed states": (h.global_state({"g": 1}, {}), "mixed", {3}),
            "bad config": (h.config_update({"token": 5}, 1700000000000), "control", {6}),
        }.get(name)
        if bad is None:
            if name == "cut":
                self.source_ok = True
            if name == "unknown stream":
                self.lines.insert(len(self.lines) // 2, Line(h.record("ghost", {"id": 1}), "ghost"))
                if self.rng.random() < 0.3:
                    self.flags += ["--on-unknown-stream", "fail"]
                    self.fault("unknown stream", {3})
                    self.source_ok = False
            return []
        text, kind, codes = bad
        self.fault(name, codes)
        if kind == "mixed":  # there is a state of the other type in front of it
            self.lines.append(Line(h.state("s0", {"c": 10 ** 6}, self.records_since_state("s0")), "state", "s0", 10 ** 6))
        if kind == "control":  # its journal row must be there as well
            self.updates.append((None, self.path("bad-config")))
            return [{"write": text}, {"touch": self.path("bad-config")}]
        return [{"write": text}]

    def records_since_state(self, stream):
        count = 0
        for line in self.lines:
            if line.stream == stream:
                count = count + 1 if line.kind == "record" else 0
        return count

    def draw_bad_lines(self):
        rng = self.rng
        if rng.random() < 0.12 and self.lines and all(line.kind != "malformed" for line in self.lines):
            at = rng.randrange(len(self.lines))
            text = rng.choice(['{"type":"RECORD","record":{"stream":"s0","data":{"a":01}}}\n',
                               '{"type":"RECORD","record":{"stream":"s0"\n', h.record("s0", {})[:-2] + "\n",
                               '{"type":"RECORD","type":"RECORD","record":{"stream":"s0","data":{}}}\n'])
            policy = rng.choice(["taint", "taint", "drop", "fail"])
            self.lines.insert(at, Line(text, "malformed" if policy != "drop" else "dropped"))
            self.flags += ["--on-malformed", policy]
            if policy != "drop":
                self.fault("malformed line, " + policy, {8})
                self.source_ok = False
        self.taint = next((index for index, line in enumerate(self.lines) if line.kind == "malformed"), None)

    def writing(self, chunk):
        """Steps that write self.lines, with config updates in between."""
        rng, steps, begin = self.rng, [], 0
        cuts = sorted(rng.randrange(len(self.lines) + 1) for _ in range(rng.choice([0, 0, 1, 3])))
        if self.lines and not self.lines[-1].bytes.endswith(b"\n"):
            cuts = [cut for cut in cuts if cut < len(self.lines)]
        for number, cut in enumerate(cuts):
            steps += self.segment(begin, cut, chunk)
            token, mark = "token-%d" % number, self.path("update-%d" % number)
            self.updates.append((token, mark))
            steps += [{"write": h.config_update({"token": token}, 1600000000000 + number)}, {"touch": mark}]
            begin = cut
        return steps + self.segment(begin, len(self.lines), chunk)

    def segment(self, begin, end, chunk):
        data = b"".join(line.bytes for line in self.lines[begin:end])
        if not data:
            return []
        path = self.path("segment-%d" % begin)
        with open(path, "wb") as out:
            out.write(data)
        return [{"file": path, "chunk": max(chunk, len(data) // 2000)}]

    # The destination.

    def draw_destination(self):
        rng = self.rng
        total = sum(line.forwarded for line in self.lines)
        plan = {"save": self.path("received"), "ack_log": self.path("acks"), "before": [], "at_end": [], "hold": []}
        self.ack = plan["ack"] = rng.choices(["each", "last", "never", {"every": 3}, "reverse"], [75, 6, 4, 5, 6])[0]
        self.spell = plan["spell"] = rng.choices(["same", "respelled", "twice", "wrong", "bare"], [60, 15, 10, 3, 12])[0]
        self.destination_forks = rng.random() < 0.12
        if self.destination_forks:
            plan["before"].append({"fork": rng.choice([1, 3])})
        if rng.random() < 0.2:
            plan["before"].append({"ignore": "SIGTERM"})
        if rng.random() < 0.15:
            plan["before"].append({"write": h.record("s0", {"id": 1}) + "words\n" + '{"type":"REC\n' + h.log("chat")})
        if rng.random() < 0.1:
            plan["pace"] = 0.001
        if rng.random() < 0.1:
            plan["before"].append({"sleep": 0.3})
        self.draw_destination_fault(plan, rng.randrange(total) + 1 if total else 0)
        return plan

    def draw_destination_fault(self, plan, at):
        rng = self.rng
        name = rng.choices(["none", "exit", "goes", "signal", "hang", "stop", "oom", "error", "closes stdin",
                            "closes stdout", "fails at end", "hangs at end", "error at end", "reads nothing"],
                           [60, 5, 3, 4, 4, 3, 3, 3, 3, 3, 4, 3, 3, 2])[0]
        self.closes_stdout_at = None  # the forwarded line behind which nothing that it says is heard
        steps = {
            "exit": [{"exit": 3}], "signal": [{"signal": rng.choice([9, 11])}], "oom": [{"eat": 16 << 20}],
            "hang": HANG, "stop": [{"signal": 19}], "error": [{"write": h.trace_error("disk full")}, {"exit": 1}],
            "goes": [{"exit": 0}], "closes stdin": [{"close": "stdin"}, {"sleep": 0.1}, {"exit": 4}],
            "closes stdout": [{"mute": True}],
        }.get(name)
        if steps and at:
            plan["hold"].append({"line": at, "do": steps})
            if name == "closes stdout":
                self.closes_stdout_at = at
            elif name == "goes":
                # When it goes as its input ends, that is no fault that anybody could see.
                self.fault("destination goes at line %d" % at, {4, 9}, certain=False)
                self.goes = True
            else:
                self.fault("destination %s at line %d" % (name, at), {7} if name in ("hang", "stop") else {4})
        elif name == "fails at end":
            plan["at_end"] = [{"exit": rng.choice([1, 3])}]
            self.fault(name, {4})
        elif name == "hangs at end":
            plan["at_end"] = HANG
            self.fault(name, {7})
        elif name == "error at end":
            plan["at_end"] = [{"write": h.trace_error("not all rows")}]
            self.fault(name, {4})
        elif name == "reads nothing":
            plan["before"] += HANG
            self.fault(name, {7})

    def will_ack_all(self):
        """Whether the destination, left alone, covers every state that can be made durable."""
        states = [line for line in self.lines if line.kind == "state"]
        if not states:
            return True
        if self.spell == "wrong" or self.ack == "never":
            return False
        if self.closes_stdout_at:
            forwarded = [line for line in self.lines if line.forwarded]
            if self.ack != "each" or any(line.kind == "state" for line in forwarded[self.closes_stdout_at:]):
                return False
        acked = {"each": states, "reverse": states, "last": states[-1:]}.get(
            self.ack if isinstance(self.ack, str) else "", states[2::3])
        newest = {line.stream: line.cursor for line in states}
        return set(newest.items()) <= {(line.stream, line.cursor) for line in acked}

    # The machine.

    def draw_world(self):
        rng = self.rng
        kind = rng.choices(["calm", "signal", "two signals", "pauses", "full disk", "take-over"], [62, 12, 4, 8, 8, 4])[0]
        if kind in ("signal", "two signals"):
            self.signal = rng.choice([h.TERM, h.TERM, h.INT, h.signal.SIGHUP])
            # Of two, the second one may have met another moment, but the first one names the end.
            self.fault("signal %d" % self.signal, {128 + self.signal}, certain=False)
            self.when = rng.random() * rng.choice([0.1, 0.4, 1.5])
        elif kind == "full disk":
            self.source_steps.insert(rng.randrange(len(self.source_steps) + 1), {"fill": self.path("disk", "filler")})
            self.fault("full disk", {5}, certain=False)
        elif kind == "take-over":
            self.source_steps[:0] = [{"touch": self.path("first")}, {"await": self.path("go")}]
            self.fault("take-over", {10}, certain=False)
        return kind

    # What may come of it.

    def codes(self):
        allowed = set().union(*(fault.codes for fault in self.faults)) if self.faults else set()
        if not any(fault.certain for fault in self.faults):
            allowed |= {0} if self.acked_all else {9}
            if hasattr(self, "goes"):
                allowed |= {0, 9}
        return allowed

    def expected(self):
        """All that may go out: nothing that stands behind a line that ends the run."""
        out = b""
        for line in self.lines:
            if (line.kind, True) in (("malformed", "malformed line, fail" in self.fault_names()),
                                     ("ghost", "unknown stream" in self.fault_names()), ("mixed", True)):
                break
            out += line.bytes if line.forwarded else b""
        return out

    def fault_names(self):
        return {fault.name for fault in self.faults}

    def newest(self):
        """The last state of each stream in front of the first malformed line."""
        lines = self.lines if self.taint is None else self.lines[:self.taint]
        return {line.stream: line.cursor for line in lines if line.kind == "state"}

    def timeouts(self):
        """Short ones where somebody hangs; else so long that a busy machine is no fault."""
        short = any(7 in fault.codes for fault in self.faults)
        return ["--source-timeout", "1s" if short else "60s", "--destination-timeout", "1s" if short else "60s",
                "--abort-drain", "1s", "--persist-timeout", "1s"]

    def __str__(self):
        return "seed %d: %d lines, %d streams, %s; acks %s %s; %s; %s%s; exit %s" % (
            self.seed, len(self.lines), len(self.streams), self.threads, self.ack, self.spell,
            ", ".join(fault.name for fault in self.faults) or "no fault", self.world,
            "".join(", " + note for note in self.notes), sorted(self.codes()))

    def describe(self):
        return json.dumps({"source": self.source_steps, "destination": self.destination}, indent=1)[:3000]
