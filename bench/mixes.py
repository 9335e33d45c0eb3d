"""Files in which something stands among the records: states, log lines."""

import json

from bench import corpus


def cycle(lines):
    """A function that gives the next so many lines, joined, again and again from the start."""
    at = 0

    def take(count):
        nonlocal at
        parts = []
        while count:
            part = lines[at:at + count]
            parts += part
            count -= len(part)
            at = (at + len(part)) % len(lines)
        return b"".join(parts)
    return take


def state(number, records, padding=0):
    """A STREAM state with its count, so that it goes through as it is. All of them differ."""
    blob = {"cursor": "2024-03-%02dT12:00:00.%06dZ" % (number // 1_000_000 + 1, number % 1_000_000), "page": number}
    if padding:
        blob["seen"] = "0123456789abcdef" * (padding // 16)
    return (corpus.compact({"type": "STATE", "state": {"type": "STREAM", "stream": {
        "stream_descriptor": {"name": "users", "namespace": "public"}, "stream_state": blob},
        "sourceStats": {"recordCount": float(records)}}}) + "\n").encode()


def log_line(number):
    return ('{"type":"LOG","log":{"level":"INFO","message":"Read %d records from users, next page token %06x"}}\n'
            % (number * 1000, number * 7919 % 0xffffff)).encode()


def write(path, lines, total, every, insert, kept=None):
    """Records with `insert(number)` after every so many, `total` bytes or a little more. Returns (bytes, bytes of
    the records). With `kept`, a path, the records alone go there."""
    take, number, size, records = cycle(lines), 0, 0, 0
    with open(path, "wb") as out, open(kept or "/dev/null", "wb") as alone:
        while size < total:
            number += 1
            block = take(every)
            records += alone.write(block) if kept else len(block)
            size += out.write(block) + out.write(insert(number))
    return size, records


def padded_line(length):
    """One RECORD of about `length` bytes, most of it one string."""
    head = b'{"type":"RECORD","record":{"namespace":"public","stream":"users","data":{"id":1,"body":"'
    tail = b'"},"emitted_at":1700000000000}}\n'
    return head + json.dumps("x" * (length - len(head) - len(tail))).encode()[1:-1] + tail
