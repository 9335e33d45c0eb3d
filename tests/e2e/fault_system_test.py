"""What the system does to the program: signals, descriptors, memory, processor, environment, being suspended.

The fault numbers are those of fault_matrix.py. Faults of disks and stores: store_trouble_test, tests/stores.
"""

import os
import resource
import stat
import subprocess
import threading
import time

from tests.e2e import harness as h
from tests.e2e.routing_case import BULK, USERS_1, RoutingCase

STATE = h.state("users", {"c": 1})
STOP, CONTINUE = h.signal.SIGSTOP, h.signal.SIGCONT
DOCUMENTED = set(range(11))


class SystemCase(RoutingCase):
    def start_after(self, setup, *flags, environment=None):
        """A sync whose process did `setup` (Python) before it became shunt."""
        w = self.w
        w.runs += 1
        report = w.path("report-%d.json" % w.runs)
        code = "import os, resource, signal, sys\n%s\nos.execv(sys.argv[1], sys.argv[1:])" % setup
        return h.Running([h.PYTHON, "-I", "-S", "-c", code, h.program(), "sync", "--store", w.store, "--report", report,
                          *w.prepare(), *flags], w.environment() if environment is None else environment, w.root, report)

    def sync_after(self, setup, *flags, code=h.OK, **options):
        result = self.start_after(setup, *flags, **options).wait()
        if code is not None:
            self.assert_exit(result, code)
        return result

    def two_lines(self):
        self.w.source["read"] = [{"write": USERS_1 + STATE}]
        self.w.destination["write"] = {"save": self.w.path("received")}

    def assert_two_lines(self):
        self.assertEqual(self.received().count(b"\n"), 2)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})


class Starts(SystemCase):
    """Whatever the one who started it left behind."""

    def test_with_ignored_and_blocked_signals(self):
        self.two_lines()
        self.sync_after("signal.signal(signal.SIGCHLD, signal.SIG_IGN); signal.signal(signal.SIGPIPE, signal.SIG_IGN)\n"
                        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())")
        self.assert_two_lines()

    def test_with_a_blocked_sigterm_and_sigterm_still_ends_it(self):
        w = self.w
        w.source["read"] = [{"write": USERS_1 + STATE}, {"touch": w.path("up")}, {"hang": True}]
        running = self.start_after("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())")
        h.wait_for_file(w.path("up"), running)
        running.signal(h.TERM)
        self.assert_exit_of_signal(running.wait(), 143)

    def assert_exit_of_signal(self, result, code):
        self.assertEqual(result.code, code, str(result))
        self.assertEqual((result.report["exit_code"], result.report["status"]), (code, "signal"))

    def test_without_standard_descriptors_no_log_line_ends_in_a_file(self):
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            with self.subTest(closed=closed):
                self.two_lines()
                self.w.source["read"] += [{"stderr": "STRAY words\n" * 100}]
                self.sync_after("".join("os.close(%d)\n" % fd for fd in closed), "--verbose")
                self.assert_two_lines()
                for at, _, names in os.walk(self.w.root):
                    for name in names:
                        if name != "source.script.json" and not name.startswith("tmp"):
                            self.assertNotIn(b"STRAY", h.read_bytes(os.path.join(at, name)), name)
                self.fresh()

    def test_with_a_mask_that_hides_nothing_files_are_private_all_the_same(self):
        self.two_lines()
        running = self.start_after("os.umask(0)")
        self.assert_exit(running.wait(), h.OK)
        for path in (self.w.path("store.db"), running.report_path):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
        self.assertEqual(self.w.given("source", "read", "config.stat")["mode"], 0o400)

    def test_in_a_directory_that_is_gone(self):
        self.two_lines()
        self.sync_after("os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')")
        self.assert_two_lines()

    def test_with_odd_environments(self):
        whole = self.w.environment()
        bare = {"PATH": whole["PATH"]}
        for environment in (dict(whole, LANG="tr_TR.UTF-8", LC_ALL="tr_TR.UTF-8"), dict(whole, LANG="C", LC_ALL="POSIX"),
                            dict(whole, TMPDIR="/nonexistent"), dict(whole, XDG_RUNTIME_DIR="/nonexistent"),
                            dict(whole, HOME="/nonexistent"), {key: whole[key] for key in whole if key != "HOME"}, bare):
            with self.subTest(environment=sorted(set(environment.items()) ^ set(whole.items()))):
                self.two_lines()
                self.sync_after("pass", environment=environment)
                self.assert_two_lines()
                self.fresh()

    def test_without_a_home_the_default_store_has_no_place_and_that_is_said(self):
        result = h.Running([h.program(), "sync", *self.w.prepare()], {"PATH": "/usr/bin:/bin"}, self.w.root, None).wait()
        self.assertIn(result.code, (h.USAGE, h.STORE), str(result))
        self.assertIn(b"HOME", result.err)
        self.assertEqual(self.w.started("source", "read"), 0)


class Descriptors(SystemCase):
    def test_with_any_number_of_them_it_works_or_says_what_is_missing(self):
        codes = {}
        for limit in [*range(4, 40, 2), 64]:
            self.two_lines()
            result = self.sync_after("resource.setrlimit(resource.RLIMIT_NOFILE, (%d, %d))" % (limit, limit), code=None)
            codes[limit] = result.code
            if result.code not in DOCUMENTED and limit <= 6 and b"shared object" in result.err + result.out:
                continue  # it could not even be loaded
            # Ours to tell, and never a connector's fault or a bug.
            self.assertIn(result.code, (h.OK, h.USAGE, h.STORE), str(result))
            if result.code != h.OK:
                self.assertIn(b"Too many open files", result.err, "%d: %s" % (limit, result))
            self.fresh()
        print("descriptors: %s" % codes)
        self.assertEqual(codes[64], h.OK)
        self.assertGreaterEqual(sum(code != h.OK for code in codes.values()), 4)  # the limit was really met

    def test_that_others_made_non_blocking_stay_so_and_lose_nothing(self):
        self.w.prepare()
        data = USERS_1.encode() * 50_000
        read_end, write_end = os.pipe()
        out_read, out_write = os.pipe()
        for descriptor in (read_end, out_write):
            os.set_blocking(descriptor, False)
        running = self.w.start("sidecar", "--catalog", self.w.path("catalog.json"), "--store", "memory:", stdin=read_end,
                               stdout=out_write)
        feeder = threading.Thread(target=lambda: (feed(write_end, data), os.close(write_end)))
        feeder.start()
        os.close(out_write)
        received = bytearray()
        while True:
            part = os.read(out_read, 1 << 16)
            if not part:
                break
            received += part
        feeder.join()
        self.assertFalse(os.get_blocking(read_end))
        for descriptor in (read_end, out_read):
            os.close(descriptor)
        self.assert_exit(running.wait(), h.OK)
        self.assertEqual(bytes(received), data)


def feed(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


class Memory(SystemCase):
    def test_however_little_there_is_nothing_announced_is_lost_and_nobody_is_left(self):
        # Between "cannot even be loaded" and "enough"; a connector that gets too little fails as itself.
        codes, announced = {}, 0
        for megabytes in (12, 20, 28, 36, 44, 52, 60, 70, 80, 100, 120, 150, 200, 400):
            self.two_lines()
            limit = megabytes << 20
            # Room for Python to become shunt; the limit itself counts from then on.
            running = self.start_after("resource.setrlimit(resource.RLIMIT_AS, (%d, resource.RLIM_INFINITY))" % limit,
                                       "--threads", "dedicated")
            result = running.wait()
            codes[megabytes] = result.code
            self.assertIn(result.code, DOCUMENTED | {127}, str(result))  # 127: it could not even be loaded
            h.wait_until(lambda: not h.processes_with(self.w.root), "the death of its children")
            if result.code == h.OK:
                self.assert_two_lines()
            if result.report is not None:
                announced += 1
                self.assertEqual(result.report["states"]["committed"], len(self.w.exported_state()))
            self.two_lines()
            self.assert_exit(self.w.sync(), h.OK)  # with memory, everything is there and swept
            self.fresh()
        print("address space: %s" % codes)
        self.assertEqual(codes[400], h.OK)
        self.assertNotEqual(codes[12], h.OK)
        self.assertGreater(announced, 2)


def file_of(pid, file):
    """What the kernel says of the process; empty when it is no more."""
    try:
        return h.read_bytes("/proc/%d/%s" % (pid, file)).decode()
    except OSError:
        return ""


def standing_still(pid):
    return file_of(pid, "stat").rpartition(")")[2].split()[:1] == ["T"]


def switches(pid):
    """How often it began and ended to run."""
    return [row for row in file_of(pid, "status").splitlines() if "ctxt_switches" in row]


class Time(SystemCase):
    def test_a_storm_of_stops_and_continues_changes_nothing(self):
        w = self.w
        w.source["read"] = [BULK, {"write": h.state("users", {"c": 1}, 0)}] * 24
        w.destination["write"] = {"digest": w.path("digest")}
        running = w.start_sync("--fill-state-counts", "never")
        storms = 0
        while storms < 300 and not running.ended():
            running.signal(STOP)
            h.wait_until(lambda: standing_still(running.pid) or running.ended(), "that it stands still")
            ran = switches(running.pid)
            running.signal(CONTINUE)
            h.wait_until(lambda: switches(running.pid) != ran or running.ended(), "that it goes on")
            storms += 1
        result = running.wait()
        self.assert_exit(result, h.OK)
        self.assertGreater(storms, 50)
        self.assertEqual(h.read_json(w.path("digest"))["bytes"], result.report["source"]["bytes"])
        self.assertEqual(result.report["states"]["committed"], 24)

    def test_a_program_that_gets_one_slice_in_ten_sees_no_false_silence(self):
        # The source speaks ten times as often as its deadline asks; what is starved is us. Time is the fault here, so
        # there is nothing to wait for instead; how long it takes is not looked at.
        w = self.w
        w.source["read"] = [{"write": USERS_1}, {"sleep": 0.1}] * 25 + [{"write": STATE}]
        running = w.start_sync("--source-timeout", "1s", "--destination-timeout", "1s")
        h.wait_for_file(w.path("source", "read.pid"), running)
        rounds = 0
        while not running.ended():
            running.signal(STOP)
            time.sleep(0.09)
            running.signal(CONTINUE)
            time.sleep(0.01)
            rounds += 1
        self.assert_exit(running.wait(), h.OK)
        self.assertGreater(rounds, 10)
        self.assertEqual(w.stream_states(), {"users": {"c": 1}})

    def test_one_that_was_suspended_while_another_took_over_is_fenced(self):
        w = self.w
        w.source["read"] = [{"touch": w.path("up")}, {"await": w.path("go")}, {"write": USERS_1 + STATE}]
        running = w.start_sync()
        self.release_at_the_end(w.path("go"))
        h.wait_for_file(w.path("up"), running)
        running.signal(STOP)
        other = h.Workspace("other")
        self.addCleanup(other.close)
        other.store = w.store
        other.source["read"] = [{"write": USERS_1 + h.state("users", {"c": 2})}]
        self.assert_exit(other.sync("--take-over"), h.OK)
        h.touch(w.path("go"))
        running.signal(CONTINUE)
        self.assert_exit(running.wait(), h.FENCED)
        self.assertEqual(w.stream_states(), {"users": {"c": 2}})


class Signals(SystemCase):
    def stop(self, number):
        w = self.w
        w.source["read"] = [{"write": USERS_1 + STATE}, {"await": w.path("acked")}, {"touch": w.path("up")}, {"hang": True}]
        w.destination["write"] = {"hold": [{"line": 2, "do": [{"touch": w.path("acked")}]}]}
        running = w.start_sync()
        h.wait_for_file(w.path("up"), running)
        running.signal(number)
        result = running.wait()
        self.assertEqual(result.code, 128 + number, str(result))
        self.assertEqual((result.report["exit_code"], result.report["status"]), (128 + number, "signal"))
        self.assertEqual(w.stream_states(), {"users": {"c": 1}})

    def test_a_hang_up_and_a_quit_are_clean_ends(self):
        for number in (h.signal.SIGHUP, h.signal.SIGQUIT):
            with self.subTest(number=number):
                self.stop(number)
                self.fresh()

    def test_a_hang_up_that_was_to_be_ignored_is(self):
        w = self.w
        w.source["read"] = [{"touch": w.path("up")}, {"await": w.path("go")}, {"write": USERS_1 + STATE}]
        running = self.start_after("signal.signal(signal.SIGHUP, signal.SIG_IGN)")
        self.release_at_the_end(w.path("go"))
        h.wait_for_file(w.path("up"), running)
        running.signal(h.signal.SIGHUP)
        h.touch(w.path("go"))
        self.assert_exit(running.wait(), h.OK)
        self.assertEqual(w.stream_states(), {"users": {"c": 1}})

    def test_before_anything_has_begun_and_during_every_phase(self):
        for phase in ("spec", "read", "write"):
            with self.subTest(phase=phase):
                w = self.w
                up = w.path("up")
                hang = [{"touch": up}, {"hang": True}]
                if phase == "spec":
                    w.source = {"before_spec": hang, "spec": {}}
                elif phase == "read":
                    w.source = {"read": hang}
                else:
                    w.source = {"read": [BULK, {"hang": True}]}
                    w.destination = {"write": {"before": hang}}
                running = w.start_sync("--abort-drain", "1s")
                h.wait_for_file(up, running)
                running.signal(h.TERM)
                self.assertEqual(running.wait(25).code, 143)
                self.fresh()


class FirstProcess(SystemCase):
    """As process 1 of a pid namespace, as in a container."""

    def start_as_first(self):
        w = self.w
        if subprocess.run(["unshare", "-p", "-f", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("no pid namespace for us")
        w.runs += 1
        report = w.path("report-%d.json" % w.runs)
        return h.Running(["unshare", "-p", "-f", "--kill-child", h.program(), "sync", "--store", w.store, "--report", report,
                          *w.prepare()], w.environment(), w.root, report)

    def test_it_works_and_a_sigterm_ends_it(self):
        self.two_lines()
        self.assert_exit(self.start_as_first().wait(), h.OK)
        self.assert_two_lines()
        self.assertLess(int(h.read_bytes(self.w.path("source", "read.pid"))), 50)  # it was in such a namespace
        self.fresh()
        w = self.w
        w.source["read"] = [{"write": USERS_1 + STATE}, {"touch": w.path("up")}, {"hang": True}]
        running = self.start_as_first()
        h.wait_for_file(w.path("up"), running)
        with open("/proc/%d/task/%d/children" % (running.pid, running.pid)) as children:
            os.kill(int(children.read().split()[0]), h.TERM)
        result = running.wait(25)
        self.assertEqual((result.report["exit_code"], result.report["status"]), (143, "signal"))


class Sinks(SystemCase):
    def test_a_log_that_is_full_closed_or_at_its_limit_stops_nothing(self):
        full = "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)"
        broken = "r, w = os.pipe(); os.close(r); os.dup2(w, 2)"
        small = "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, resource.RLIM_INFINITY))"
        for setup in (full, broken, small):
            with self.subTest(setup=setup):
                self.two_lines()
                self.w.source["read"] += [{"stderr": "words " * 30 + "\n"}] * 3000
                running = self.start_after(setup)
                self.assert_exit(running.wait(), h.OK)
                self.assert_two_lines()
                self.fresh()


if __name__ == "__main__":
    h.main()
