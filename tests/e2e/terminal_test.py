"""A connector and the terminal of whoever started shunt: with a real terminal, a real shell on it, and its job control.

Whatever a connector does, nothing of it is typed into the shell, drawn past the masker, or taken from the foreground;
Ctrl-Z stops the connectors with shunt and fg continues them, and the time in between is nobody's fault. When this test
is root the connectors run as a user that it makes for itself (or as nobody, when no user can be made), else as we do.
"""

import ctypes
import os
import pty
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import termios
import threading
import unittest

from tests.e2e import harness as h
from tests.e2e.users_test import UserCase

ROOT = os.geteuid() == 0
SHELL = shutil.which("bash")

# What a connector may try. Says what came of it, and only then goes on.
ATTACKER = r'''
import ctypes, errno, fcntl, json, os, signal, struct, sys, termios
aim = json.load(open(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what):
    try:
        result = what()
        return "done" if result is None else result
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
def type_into(fd):
    for byte in aim["keys"].encode():
        fcntl.ioctl(fd, termios.TIOCSTI, struct.pack("b", byte))
def tries(name, open_it):
    fd = attempt(open_it)
    if not isinstance(fd, int):
        found[name] = fd
        return
    found[name + " type"] = attempt(lambda: type_into(fd))
    found[name + " foreground"] = attempt(lambda: os.tcsetpgrp(fd, os.getpgrp()))
    found[name + " take"] = attempt(lambda: fcntl.ioctl(fd, termios.TIOCSCTTY, 0))
    found[name + " steal"] = attempt(lambda: fcntl.ioctl(fd, termios.TIOCSCTTY, 1))
    found[name + " size"] = attempt(lambda: fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 1, 1, 0, 0)))
    if aim["draw"] and not name.startswith("fd"):  # what it prints there is shown line by line, masked
        found[name + " draw"] = attempt(lambda: os.write(fd, b"DRAWN-PAST-THE-MASKER\x03"))
found = {"leads": os.getsid(0) == os.getpid() == os.getpgrp()}
for fd in (0, 1, 2):
    tries("fd %d" % fd, lambda: fd)
tries("/dev/tty", lambda: os.open("/dev/tty", os.O_RDWR))
tries("by name", lambda: os.open(aim["terminal"], os.O_RDWR))
tries("by name, no control", lambda: os.open(aim["terminal"], os.O_RDWR | os.O_NOCTTY))
tries("descriptor of shunt", lambda: os.open("/proc/%d/fd/2" % os.getppid(), os.O_RDWR | os.O_NOCTTY))
if aim["signals"]:
    for victim, pid in (("shunt", os.getppid()), ("shell", aim["shell"])):
        for number in (0, signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGTSTP, signal.SIGCONT, signal.SIGKILL, signal.SIGUSR1):
            found["%s %d" % (victim, number)] = attempt(lambda: os.kill(pid, number))
        found["%s group" % victim] = attempt(lambda: os.killpg(pid, signal.SIGKILL))
        found["%s trace" % victim] = "done" if libc.ptrace(16, pid, 0, 0) == 0 else errno.errorcode[ctypes.get_errno()]
        for name in ("mem", "environ", "maps", "auxv", "fd/0", "cwd/secret"):
            found["%s %s" % (victim, name)] = attempt(lambda: os.open("/proc/%d/%s" % (pid, name), os.O_RDONLY))
        found["%s priority" % victim] = attempt(lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
        found["%s affinity" % victim] = attempt(lambda: os.sched_setaffinity(pid, {0}))
    found["everybody"] = attempt(lambda: os.kill(-1, signal.SIGCONT))
SYS_keyctl, KEYCTL_SEARCH, SESSION = 250, 10, -3
found["key"] = libc.syscall(SYS_keyctl, KEYCTL_SEARCH, SESSION, b"user", aim["key"].encode(), 0) > 0
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
found["capabilities"] = [status[key].strip() for key in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
found["no new privileges"] = status["NoNewPrivs"].strip()
with open(aim["found"], "w") as out:
    json.dump(found, out)
os.rename(aim["found"], aim["found"] + ".json")
sys.stdin.buffer.read()
'''


class Terminal:
    """A pseudo terminal with an interactive shell that does job control."""

    def __init__(self, environment, directory):
        ours, theirs = pty.openpty()
        self.name = os.ttyname(theirs)
        self.fd = ours
        self.text = b""
        self.lock = threading.Lock()

        def lead():
            os.setsid()
            import fcntl
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        environment = dict(environment, PS1="READY> ", TERM="dumb")
        self.shell = subprocess.Popen([SHELL, "--norc", "--noprofile", "-i"], stdin=theirs, stdout=theirs, stderr=theirs,
                                      env=environment, cwd=directory, preexec_fn=lead)
        os.close(theirs)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait_for(r"READY> ")

    def read(self):
        while True:
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                return
            if not data:
                return
            with self.lock:
                self.text += data

    def shown(self):
        with self.lock:
            return self.text.decode("utf-8", "replace")

    def type(self, text):
        os.write(self.fd, text.encode())

    def run(self, line):
        self.type(line + "\n")

    def wait_for(self, pattern):
        try:
            return h.wait_until(lambda: re.search(pattern, self.shown()), pattern, 60)
        except AssertionError:
            raise AssertionError("waited in vain for %s in %s" % (pattern, self.shown()))

    def close(self):
        self.shell.kill()
        self.shell.wait()
        os.close(self.fd)


def make_user(test):
    """A user of this test's own; "nobody" where none can be made."""
    name = "shunt-t%d" % os.getpid()
    command = ["/usr/sbin/useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    try:
        made = subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except OSError:
        made = False
    if not made:
        print("no user can be made here; nobody does it", file=sys.stderr)
        return "nobody"
    test.addCleanup(subprocess.run, ["/usr/sbin/userdel", name], capture_output=True)
    return name


def put_key(name):
    """Into a session keyring of this test's own, as a login puts them; whether the machine lets us."""
    syscall, sys_add_key, sys_keyctl, join, session = ctypes.CDLL(None).syscall, 248, 250, 1, -3
    return (syscall(sys_keyctl, join, None) > 0 and
            syscall(sys_add_key, b"user", name.encode(), b"secret", 6, session) > 0)


def state_of(pid):
    with open("/proc/%d/stat" % pid) as stat:
        return stat.read().rpartition(")")[2].split()[0]


@unittest.skipUnless(SHELL, "bash is not installed")
class TerminalCase(UserCase):
    def setUp(self):
        super().setUp()
        # Another test looks for the run directories of its own secret.
        self.w.source_config = self.w.destination_config = {"api_key": "terminal-secret-1"}
        self.user = make_user(self) if ROOT else None
        if not ROOT:
            print("not root: connectors run as the same user", file=sys.stderr)
        self.key = "shunt-test-%d" % os.getpid()
        if not put_key(self.key):
            print("no kernel keys here", file=sys.stderr)
        self.terminal = Terminal(self.w.environment(), self.w.root)
        self.addCleanup(self.terminal.close)
        self.open_folder = os.path.join(self.public, "open")
        os.mkdir(self.open_folder)
        os.chmod(self.open_folder, 0o777)

    def users(self):
        return ["--source-user", self.user, "--destination-user", self.user] if ROOT else []

    def command(self, *arguments):
        return shlex.join([h.program(), "sync", "--store", self.w.store, "--progress", "none", *arguments])


class Attacks(TerminalCase):
    def attack(self, side):
        """What a connector that tries everything found."""
        w = self.w
        prepared = self.prepared()
        attacker = os.path.join(self.public, "attacker.py")
        with open(attacker, "w") as out:
            out.write(ATTACKER)
        found = os.path.join(self.open_folder, side)
        aim = h.write_json(os.path.join(self.public, "attack.json"), {
            "keys": "touch %s\n" % w.path("typed"), "terminal": self.terminal.name, "shell": self.terminal.shell.pid,
            "found": found, "signals": ROOT, "draw": ROOT, "key": self.key})
        for path in (aim, attacker):
            os.chmod(path, 0o644)
        prepared[prepared.index("--" + side) + 1] = shlex.join([h.PYTHON, "-I", "-S", attacker, aim])
        self.terminal.run(self.command(*prepared, *self.users()) + "; echo %s-$((40+2))-$?" % side)
        self.terminal.wait_for(side + r"-42-0\r")
        self.terminal.run("echo still-%s-$((40+2))" % side)
        self.terminal.wait_for(r"still-%s-42\r" % side)
        return h.read_json(found + ".json")

    def test_nothing_is_typed_drawn_taken_or_signalled(self):
        refused = {"EPERM", "EACCES", "ENOTTY", "ENXIO", "EIO", "EINVAL", "ENODEV", "ENOENT", "ESRCH"}
        for side in ("source", "destination"):
            with self.subTest(side):
                found = self.attack(side)
                self.assertTrue(found.pop("leads"))
                capabilities, no_new = found.pop("capabilities"), found.pop("no new privileges")
                key = found.pop("key")
                if ROOT:
                    self.assertFalse(key)
                    self.assertEqual(capabilities, ["0" * 16] * 4)
                    self.assertEqual(no_new, "1")
                # Everybody here is its own processes: kill(-1) spares its caller on Linux.
                self.assertIn(found.pop("everybody", "ESRCH"), ("ESRCH", "EPERM", "done"))
                if not ROOT:  # the terminal belongs to the same user, so its device can be opened, sized and no more
                    found = {name: result for name, result in found.items() if not name.endswith(" size")}
                got_through = {name: result for name, result in found.items() if result not in refused}
                self.assertEqual(got_through, {})
        self.assertFalse(os.path.exists(self.w.path("typed")), self.terminal.shown())
        self.assertNotIn("DRAWN", self.terminal.shown())


class JobControl(TerminalCase):
    def start(self, *flags):
        """A sync in the foreground whose peers wait for a file; the pids of shunt and of its children."""
        w = self.w
        go = os.path.join(self.open_folder, "go")
        scripts = {"source": {"notes": self.open_folder, "read": [
            {"write": h.record("users", {"id": 1}) + h.state("users", {"c": 1})}, {"await": go}]},
                   "destination": {"notes": self.open_folder, "write": {}}}
        prepared = self.prepared()
        for side, script in scripts.items():
            path = h.write_json(os.path.join(self.public, side + ".script.json"), script)
            os.chmod(path, 0o644)
            prepared[prepared.index("--" + side) + 1] = shlex.join(
                [h.PYTHON, "-I", "-S", os.path.join(self.public, "peer.py"), path])
        self.release_at_the_end(go)
        self.report = w.path("report.json")
        self.terminal.run(self.command(*prepared, *self.users(), "--report", self.report, *flags) +
                          "; echo ended-$((40+2))-$?")
        pids = []
        for name in ("read.pid", "write.pid"):
            path = os.path.join(self.open_folder, name)
            h.wait_for_file(path)
            pids.append(int(h.wait_until(lambda path=path: h.read_bytes(path), path)))
        with open("/proc/%d/stat" % pids[0]) as stat:
            shunt = int(stat.read().rpartition(")")[2].split()[1])
        return go, shunt, pids

    def wait_for_states(self, pids, states):
        h.wait_until(lambda: all(state_of(pid) in states for pid in pids), "states " + states, 60)

    def test_a_stop_stops_the_connectors_and_fg_continues_them(self):
        go, shunt, pids = self.start()
        for round_number in range(3):
            self.terminal.type("\x1a")
            self.wait_for_states(pids + [shunt], "T")
            h.wait_until(lambda: self.terminal.shown().count("Stopped") == round_number + 1, "the shell's word", 60)
            self.terminal.run("fg")
            self.wait_for_states(pids + [shunt], "SRD")
        h.touch(go)
        self.terminal.wait_for(r"ended-42-0\r|ended-42-148\r")  # bash gives up a list of commands at a stop
        h.wait_until(lambda: not h.alive(shunt), "the end", 60)
        self.assertEqual(h.read_json(self.report)["exit_code"], 0)

    def test_bg_continues_them_and_the_time_between_is_nobodys_fault(self):
        go, shunt, pids = self.start("--source-timeout", "2s", "--destination-timeout", "2s", "--abort-drain", "1s")
        # Within its two seconds, and then stopped for longer than they are.
        self.terminal.type("\x1a")
        self.wait_for_states(pids + [shunt], "T")
        before = h.time.monotonic()
        h.wait_until(lambda: h.time.monotonic() - before > 3, "more time than the deadlines")
        h.touch(go)
        self.terminal.run("bg")
        h.wait_until(lambda: not h.alive(shunt), "the end", 60)
        self.assertEqual(h.read_json(self.report)["failures"], [])
        self.assertEqual(h.read_json(self.report)["exit_code"], 0)

    def test_ctrl_c_ends_it_and_a_signal_that_came_while_it_was_stopped_too(self):
        for number, keys in ((2, "\x03"), (15, None)):
            with self.subTest(number):
                for name in ("read.pid", "write.pid"):
                    if os.path.exists(os.path.join(self.open_folder, name)):
                        os.unlink(os.path.join(self.open_folder, name))
                _, shunt, pids = self.start()
                if keys:
                    self.terminal.type(keys)
                else:
                    self.terminal.type("\x1a")
                    self.wait_for_states(pids + [shunt], "T")
                    os.kill(shunt, number)
                    self.terminal.run("fg")
                h.wait_until(lambda: not h.alive(shunt) and not any(map(h.alive, pids)), "the end of all", 60)
                h.wait_until(lambda: os.path.exists(self.report), "the report", 60)
                self.assertEqual(h.read_json(self.report)["exit_code"], 128 + number)
                os.unlink(self.report)


class Root(UserCase):
    """Whoever is to run a connector is not root, however that is said."""

    @unittest.skipUnless(ROOT, "only root may change the user at all")
    def test_is_refused_by_name_and_by_number(self):
        names = ["root", "0", "00"] + [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == 0]
        for side in ("source", "destination"):
            for name in names:
                with self.subTest(side=side, name=name):
                    result = self.w.sync("--%s-user" % side, name, prepared=self.prepared())
                    self.assert_exit(result, h.USAGE)
                    self.assertIn(("--%s-user %s: that is root" % (side, name)).encode(), result.err)
                    self.assertEqual(self.w.started(side, "read") + self.w.started(side, "write"), 0)


if __name__ == "__main__":
    h.main()
