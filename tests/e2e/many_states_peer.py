"""Both sides of many_states_test: a source of records and states, a destination that acknowledges when it likes.

    many_states_peer.py source STREAMS RECORDS EVERY KIND BYTES read ...
    many_states_peer.py destination WHEN write ...

A source writes RECORDS records, the streams in turn, and behind each EVERY of them a state: KIND `stream`, of the
record's stream, or `global`, of all of them; BYTES is what the blob has beside its cursor. WHEN is `each`, `last` (of
each stream, at the end), `end` (all of them), `idle` (all that came, whenever no more comes), `never`, or `garbage` (states that nobody sent, as many as came, before
the last of each stream).
"""

import os
import select
import sys


def write_all(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def descriptor(stream):
    return b'{"stream_descriptor":{"name":"s%d"},"stream_state":' % stream


def source(streams, records, every, kind, size):
    padding = b"x" * size
    others = b",".join(descriptor(stream) + b'{"n":0}}' for stream in range(streams)) if kind == "global" else b""
    lines = []
    waiting = 0
    for number in range(records):
        stream = number % streams
        lines.append(b'{"type":"RECORD","record":{"stream":"s%d","data":{"n":%d},"emitted_at":1}}\n' % (stream, number))
        if (number + 1) % every == 0:
            if kind == "global":
                state = b'{"type":"GLOBAL","global":{"shared_state":{"n":%d},"stream_states":[%s]}}' % (number, others)
            else:
                state = b'{"type":"STREAM","stream":%s{"n":%d,"p":"%s"}}}' % (descriptor(stream), number, padding)
            lines.append(b'{"type":"STATE","state":%s}\n' % state)
            waiting += len(state)
        if len(lines) > 2000 or waiting > 1 << 20:
            write_all(b"".join(lines))
            lines.clear()
            waiting = 0
    write_all(b"".join(lines))


def acknowledge_when_idle(begin):
    rest, kept = b"", []
    while True:
        if kept and not select.select([0], [], [], 0.1)[0]:
            write_all(b"".join(kept))
            kept.clear()
        data = os.read(0, 1 << 16)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        kept.extend(line + b"\n" for line in lines if line.startswith(begin))
    write_all(b"".join(kept))


def destination(when):
    begin = b'{"type":"STATE"'
    kept, last, count = [], {}, 0
    if when == "idle":
        return acknowledge_when_idle(begin)
    for line in sys.stdin.buffer:
        if not line.startswith(begin):
            continue
        count += 1
        if when == "each":
            write_all(line)
        elif when == "end":
            kept.append(line)
        elif when != "never":
            last[line[:line.index(b'"stream_state')]] = line
    if when == "garbage":
        for number in range(count):
            kept.append(b'{"type":"STATE","state":{"type":"STREAM","stream":%s{"g":%d}}}}\n' % (descriptor(0), number))
    for at in range(0, len(kept), 1000):
        write_all(b"".join(kept[at:at + 1000]))
    for line in last.values():
        write_all(line)


if __name__ == "__main__":
    if sys.argv[1] == "source" and "read" in sys.argv:
        source(*(int(value) for value in sys.argv[2:5]), sys.argv[5], int(sys.argv[6]))
    elif sys.argv[1] == "destination" and "write" in sys.argv:
        destination(sys.argv[2])
    else:
        sys.exit(1)
