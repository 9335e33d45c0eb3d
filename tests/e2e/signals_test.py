"""Whatever signal ends a run, and whatever it dies of: the documented code, a report, and no file with a config left.

Signals of the kernel's list that can be caught, one by one; crashes; want of memory in mid-run; kill -9 of a run whose
connector cleared its death signal; and SIGTERM at everything that shunt waits for outside of its stages.
"""

import array
import fcntl
import os
import resource
import signal
import sqlite3
import subprocess
import termios

from tests.e2e import harness as h
from tests.e2e.routing_case import USERS_1, USERS_2, RoutingCase

REAL_TIME = [signal.SIGRTMIN, signal.SIGRTMIN + 1, signal.SIGRTMAX]
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
          signal.SIGXCPU, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGSTKFLT] + REAL_TIME
CRASHING = [signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGSYS, signal.SIGTRAP]
HARMLESS = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT]
SECRET = "the-config-of-this-run-0815"


class SignalCase(RoutingCase):
    def start_run(self, *behind, flags=()):
        """A sync that has stored a state and goes on with `behind` when `go` is there."""
        w = self.w
        w.source_config = w.destination_config = {"api_key": SECRET}
        for name in ("up", "go", "read.pid", "source/read.pid", "destination/write.pid"):
            if os.path.exists(w.path(name)):
                os.unlink(w.path(name))
        w.source["read"] = [{"write": USERS_1 + h.state("users", {"c": 1}, 1)}, {"touch": w.path("up")},
                            {"await": w.path("go")}, *behind]
        w.destination.setdefault("write", {"save": w.path("received")})
        running = w.start_sync(*flags)
        h.wait_for_file(w.path("up"), running)
        for name in ("source/read.pid", "destination/write.pid"):
            h.wait_until(lambda name=name: os.path.exists(w.path(name)) and h.read_bytes(w.path(name)), name)
        h.wait_until(lambda: self.has_committed() or running.ended(), "the first commit")
        return running

    def has_committed(self):
        result = self.w.start("state", "export", "default", "--store", self.w.store).wait()
        return result.code == h.OK and b'"c"' in result.out

    def assert_clean(self, running):
        self.assert_nothing_left()
        for side, name in (("source", "read.pid"), ("destination", "write.pid")):
            pid = int(h.read_bytes(self.w.path(side, name)))
            h.wait_until(lambda: not h.alive(pid), "the end of the " + side)


class EverySignal(SignalCase):
    def test_that_asks_for_the_end_gets_a_clean_one(self):
        for number in ENDING:
            with self.subTest(signal=int(number)):
                running = self.start_run()
                running.signal(number)
                result = running.wait()
                self.assert_exit(result, 128 + number)
                self.assertEqual(result.report["failures"][0]["message"], "stopped by signal %d" % number)
                self.assert_clean(running)

    def test_that_asks_for_nothing_changes_nothing(self):
        running = self.start_run({"write": USERS_2 + h.state("users", {"c": 2}, 1)})
        for number in HARMLESS:
            running.signal(number)
        h.touch(self.w.path("go"))
        self.assert_exit(running.wait(), h.OK)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 2}})

    def test_that_says_it_crashed_leaves_nothing_but_a_report(self):
        for number in CRASHING:
            with self.subTest(signal=int(number)):
                running = self.start_run()
                running.signal(number)
                result = running.wait()
                self.assertEqual(result.code, -number, str(result))
                self.assertEqual(result.report["exit_code"], 128 + number)
                self.assertEqual(result.report["connection"], "default")
                self.assertIn("shunt crashed (signal %d)" % number, result.report["failures"][0]["message"])
                self.assert_clean(running)
        # What was durable still is.
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        self.w.source["read"] = [{"write": USERS_2 + h.state("users", {"c": 2}, 1)}]
        self.assert_exit(self.w.sync(), h.OK)
        self.assertEqual(self.w.given("source", "read", "state")[0]["stream"]["stream_state"], {"c": 1})

    def test_that_comes_before_there_is_a_run_ends_it_at_once(self):
        w = self.w
        os.mkfifo(w.path("catalog.fifo"))
        for number in ENDING:
            with self.subTest(signal=int(number)):
                flags = w.prepare()
                flags[flags.index("--catalog") + 1] = w.path("catalog.fifo")
                running = w.start_sync(prepared=flags)
                descriptor = h.open_fifo_for_writing(w.path("catalog.fifo"), running)
                running.signal(number)
                self.assertIn(running.wait().code, (128 + number, -number))  # the same to a shell
                os.close(descriptor)


class WantOfMemory(SignalCase):
    def test_in_mid_run_leaves_a_report_and_no_configs(self):
        # A state is copied out of the stream, so that it needs memory that was not there before.
        path = self.w.write("long", h.state("users", {"c": "x"}).replace('"x"', '"%s"' % ("y" * (8 << 20))))
        running = self.start_run({"file": path}, {"hang": True})
        with open("/proc/%d/status" % running.pid) as status:
            size = next(int(row.split()[1]) * 1024 for row in status if row.startswith("VmSize:"))
        resource.prlimit(running.pid, resource.RLIMIT_AS, (size, size))
        h.touch(self.w.path("go"))
        result = running.wait()
        self.assert_exit(result, h.INTERNAL)
        self.assertIn("out of memory", result.report["failures"][0]["message"])
        self.assertIn(b"out of memory", result.err)
        self.assert_clean(running)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})


class KillMinusNine(RoutingCase):
    def test_what_cleared_its_death_signal_is_ended_by_the_next_start(self):
        w = self.w
        for side in ("source", "destination"):
            with self.subTest(side):
                pid = self.killed_run(side)
                self.assertTrue(h.alive(pid), "it has no death signal")
                w.source, w.destination = {"read": [{"write": USERS_1}]}, {"write": {"save": w.path("received")}}
                result = w.sync()
                self.assert_exit(result, h.OK)
                self.assertFalse(h.alive(pid))
                self.assertIn(b"of a run that was killed", result.err)

    def test_a_spec_that_is_asked_for_is_no_exception(self):
        w = self.w
        w.source = {"spec": {}, "before_spec": [{"immortal": True}, {"touch": w.path("up")}, {"hang": True}]}
        running = w.start_sync()
        h.wait_for_file(w.path("up"), running)
        pids = h.processes_with(w.path("source.script.json"))
        pids.remove(running.pid)
        running.signal(h.KILL)
        running.wait()
        self.assertEqual([h.alive(pid) for pid in pids], [True])
        w.source = {"read": [{"write": USERS_1}]}
        self.assert_exit(w.sync(), h.OK)
        self.assertEqual([h.alive(pid) for pid in pids], [False])

    def killed_run(self, side):
        w = self.w
        for name in ("up", "source/read.pid", "destination/write.pid"):
            if os.path.exists(w.path(name)):
                os.unlink(w.path(name))
        immortal = [{"immortal": True}, {"touch": w.path("up")}, {"hang": True}]
        w.source = {"read": immortal if side == "source" else [{"hang": True}]}
        w.destination = {"write": {"before": immortal} if side == "destination" else {}}
        running = w.start_sync()
        h.wait_for_file(w.path("up"), running)
        running.signal(h.KILL)
        running.wait()
        return int(h.read_bytes(w.path(side, "read.pid" if side == "source" else "write.pid")))


class Waits(RoutingCase):
    """SIGTERM while shunt waits for somebody, before there are stages that could hear of it."""

    def assert_ends(self, running, *codes):
        running.signal(h.TERM)
        result = running.wait(deadline=25)
        self.assertIn(result.code, codes or (143, -h.TERM), str(result))
        return result

    def flags_with(self, flag, value):
        flags = self.w.prepare()
        if flag in flags:
            flags[flags.index(flag) + 1] = value
        else:
            flags += [flag, value]
        return flags

    def test_for_the_writer_of_a_file_that_is_a_fifo(self):
        w = self.w
        for flag in ("--catalog", "--source-config", "--destination-config", "--state", "--source-spec"):
            for opened in (False, True):
                with self.subTest(flag=flag, opened=opened):
                    path = w.path("fifo")
                    os.mkfifo(path)
                    running = w.start_sync(prepared=self.flags_with(flag, path))
                    descriptor = h.open_fifo_for_writing(path, running) if opened else None
                    self.assert_ends(running)
                    if descriptor is not None:
                        os.close(descriptor)
                    os.unlink(path)

    def test_for_a_connection_file_that_is_a_fifo(self):
        path = self.w.path("connection.yaml")
        os.mkfifo(path)
        running = self.w.start("sync", path)
        descriptor = h.open_fifo_for_writing(path, running)
        self.assert_ends(running)
        os.close(descriptor)

    def test_for_a_program_that_prints_the_key(self):
        w = self.w
        os.chmod(w.write("helper", "#!/bin/sh\ntouch %s\nexec sleep 1000\n" % w.path("asked")), 0o755)
        running = w.start_sync(prepared=self.flags_with("--key-command", w.path("helper")))
        h.wait_for_file(w.path("asked"), running)
        result = self.assert_ends(running, 143)
        self.assertEqual(result.report["exit_code"], 143)
        self.assert_nothing_started()

    def test_for_a_descriptor_with_the_key(self):
        w = self.w
        read_end, write_end = os.pipe()
        os.set_inheritable(read_end, True)
        process = subprocess.Popen([h.program(), "sync", "--store", w.store, *w.prepare(), "--key-fd", str(read_end)],
                                   env=w.environment(), cwd=w.root, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   pass_fds=[read_end])
        self.addCleanup(h.stop, process)
        h.wait_until(lambda: h.read_bytes("/proc/%d/comm" % process.pid) == b"shunt\n", "the program")
        process.send_signal(h.TERM)
        _, err = process.communicate(timeout=25)
        self.assertIn(process.returncode, (143, -h.TERM), err)
        for end in (read_end, write_end):
            os.close(end)

    def test_for_a_connectors_spec(self):
        w = self.w
        w.source = {"spec": {}, "before_spec": [{"ignore": "SIGTERM"}, {"touch": w.path("up")}, {"hang": True}]}
        for verb in ("sync", "spec"):
            with self.subTest(verb):
                if os.path.exists(w.path("up")):
                    os.unlink(w.path("up"))
                flags = w.prepare()
                running = (w.start_sync(prepared=flags) if verb == "sync" else w.start(verb, *flags[:2]))
                h.wait_for_file(w.path("up"), running)
                self.assert_ends(running, 143)

    def test_for_a_store_that_somebody_else_holds(self):
        w = self.w
        w.source["read"] = [{"write": USERS_1}]
        self.assert_exit(w.sync(), h.OK)
        holder = sqlite3.connect(w.path("store.db"), isolation_level=None)
        self.addCleanup(holder.close)
        holder.execute("BEGIN EXCLUSIVE")
        running = w.start_sync()
        # It has the database open before it waits.
        h.wait_until(lambda: running.ended() or self.has_open(running.pid, "store.db"), "the opened store")
        self.assert_ends(running, 143)

    def test_for_whoever_reads_stdout(self):
        w = self.w
        big = h.line("CATALOG", "catalog", {"streams": [
            {"name": "s%d" % number, "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
            for number in range(500)]})
        w.source["discover"] = [{"write": big}]
        flags = w.prepare()
        read_end, write_end = os.pipe()
        room = fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        running = w.start("discover", *flags[:4], "--store", w.store, stdout=write_end)
        os.close(write_end)
        h.wait_until(lambda: running.ended() or self.unread(read_end) == room, "a full pipe")
        self.assert_ends(running)
        os.close(read_end)

    def has_open(self, pid, name):
        folder = "/proc/%d/fd" % pid
        try:
            return any(os.readlink(os.path.join(folder, fd)).endswith(name) for fd in os.listdir(folder))
        except OSError:
            return False

    def unread(self, fd):
        count = array.array("i", [0])
        fcntl.ioctl(fd, termios.FIONREAD, count)
        return count[0]


if __name__ == "__main__":
    h.main()
