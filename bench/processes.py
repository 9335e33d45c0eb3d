"""Chains of processes, timed and metered. Whatever happens, none of them is left behind.

The process that is measured runs under bench/peers/metered, a small program that forks it and tells what it
used. See there why Python cannot do that itself.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import select
import subprocess
import time

DEADLINE = 300  # seconds; a chain that takes longer hangs


class Failed(Exception):
    """A process did not do what it was there for."""


class NotThere(Failed):
    """A program is not built."""


@dataclasses.dataclass
class Use:
    """What a process used."""
    seconds: float
    exit_code: int = 0
    user_seconds: float = 0
    system_seconds: float = 0
    peak_kib: int = 0
    waits: int = 0
    preemptions: int = 0

    @property
    def cpu_seconds(self):
        return self.user_seconds + self.system_seconds

    @property
    def peak_mib(self):
        return self.peak_kib / 1024


class Chain:
    """Processes that are killed when the block ends, however it ends."""

    def __init__(self, metered):
        self.metered, self.processes = metered, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()

    def start(self, arguments, **options):
        options.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(arguments, **options)
        self.processes.append(process)
        return process

    def start_metered(self, arguments, **options):
        """The process, and a function that tells its Use once it has ended."""
        ours, theirs = os.pipe()
        try:
            process = self.start([self.metered, str(theirs)] + arguments, pass_fds=(theirs,), **options)
        finally:
            os.close(theirs)
        begin = time.perf_counter()

        def use():
            with open(ours, encoding="ascii") as told:
                text = told.read()
            process.wait()
            if not text:
                raise Failed("%s: killed" % arguments[0])
            return Use(seconds=time.perf_counter() - begin, **json.loads(text))
        return process, use


def wait(process, name, expected=0):
    # Not process.wait(DEADLINE): that looks every 50 ms, and so rounds what is measured.
    ended = os.pidfd_open(process.pid)
    try:
        if not select.select([ended], [], [], DEADLINE)[0]:
            raise Failed("%s: not done after %d s" % (name, DEADLINE))
    finally:
        os.close(ended)
    code = process.wait()
    if code != expected:
        raise Failed("%s: exit code %d" % (name, code))


def widen(stream, pipe_bytes):
    if pipe_bytes:
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, pipe_bytes)


def through(metered, source, middle, sink, pipe_bytes=None, exit_code=0, **options):
    """source | middle | sink, as lists of arguments: what the middle used, and the time of everything.

    The clock runs from before the first process is started until the last has ended. `pipe_bytes` sizes the
    two pipes; without it they are what the system makes them (64 KiB), and the processes may change them.
    """
    with Chain(metered) as chain:
        begin = time.perf_counter()
        first = chain.start(source, stdout=subprocess.PIPE)
        widen(first.stdout, pipe_bytes)
        process, use = chain.start_metered(middle, stdin=first.stdout, stdout=subprocess.PIPE, **options)
        first.stdout.close()
        widen(process.stdout, pipe_bytes)
        last = chain.start(sink, stdin=process.stdout, stdout=subprocess.DEVNULL)
        process.stdout.close()
        wait(process, middle[0], exit_code)
        wait(last, sink[0])
        wait(first, source[0])
        seconds = time.perf_counter() - begin
        used = use()
        used.seconds = seconds
        return used


def same_bytes(arguments, path, expected, **options):
    """Fails unless the program, fed the file, gives out exactly the bytes of `expected`."""
    with contextlib.ExitStack() as stack:
        chain = stack.enter_context(Chain(None))
        source = stack.enter_context(open(path, "rb"))
        middle = chain.start(arguments, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        compare = chain.start(["cmp", "-", expected], stdin=middle.stdout)
        middle.stdout.close()
        error = middle.stderr.read().decode("utf-8", "replace")
        codes = middle.wait(), compare.wait()
        if any(codes):
            raise Failed("%s: exit code %d, cmp %d\n%s" % ((arguments[0],) + codes + (error[-2000:],)))


def told(arguments, **options):
    """What a helper prints: one line of JSON."""
    with Chain(None) as chain:
        process = chain.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        text, error = process.communicate(timeout=DEADLINE)
        if process.returncode:
            raise Failed("%s: exit code %d\n%s" % (" ".join(arguments[:8]), process.returncode,
                                                 error.decode("utf-8", "replace")[-2000:]))
        return json.loads(text)
