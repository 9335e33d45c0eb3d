"""What connectors leave behind, and what the kernel does to them: grandchildren that hold pipes or hide, deaths by
signals and for want of memory, programs that cannot be started.

Reliability F85, F87, F90, F93. More of peers: fault_peers_test.
"""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

from tests.e2e import harness as h
from tests.e2e.routing_case import BULK, USERS_1, USERS_2, RoutingCase


class Grandchildren(RoutingCase):
    def test_one_that_keeps_the_sources_output_open_after_its_end(self):
        result = self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)},
                               {"spawn": {"keep": True, "pid": self.w.path("pid")}}, code=h.OK)
        self.assert_gone("pid")
        self.assertEqual(self.received(), (USERS_1 + h.state("users", {"c": 1}, 1)).encode(), str(result))

    def test_one_that_keeps_the_destinations_output_open_after_its_end(self):
        self.run_sync({"write": USERS_1 + h.state("users", {"c": 1}, 1)},
                      at_end=[{"spawn": {"keep": True, "pid": self.w.path("pid")}}], code=h.OK)
        self.assert_gone("pid")
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})

    def test_one_that_left_the_group_as_a_daemon_does(self):
        result = self.run_sync({"spawn": {"setsid": True, "pid": self.w.path("pid")}}, {"write": USERS_1}, code=h.OK)
        self.assert_gone("pid")
        self.assertIn(b"ended 1 process that the connectors had left behind", result.err)

    def test_one_that_left_the_group_and_keeps_the_output_open(self):
        self.run_sync({"write": USERS_1}, {"spawn": {"setsid": True, "keep": True, "pid": self.w.path("pid")}}, code=h.OK)
        self.assert_gone("pid")
        self.assertEqual(self.received(), USERS_1.encode())

    def test_those_of_a_connector_that_is_stopped(self):
        w = self.w
        w.source["read"] = [{"spawn": {"setsid": True, "pid": w.path("pid")}}, {"touch": w.path("up")}, {"hang": True}]
        running = w.start_sync()
        h.wait_for_file(w.path("up"), running)
        running.signal(h.TERM)
        self.assertEqual(running.wait(deadline=25).code, 143)
        self.assert_gone("pid")

    def test_those_of_a_verb(self):
        self.w.source["check"] = [{"spawn": {"setsid": True, "pid": self.w.path("pid")}},
                                  {"write": h.line("CONNECTION_STATUS", "connectionStatus", {"status": "SUCCEEDED"})}]
        self.w.prepare()
        result = self.w.start("check", "--source", self.w.peer("source"), "--source-config", self.w.path("source.json"),
                              "--store", self.w.store).wait()
        self.assertEqual(result.code, h.OK, str(result))
        self.assert_gone("pid")

    def test_an_agent_of_the_program_that_prints_the_key_is_none(self):
        w = self.w
        script = ("import os, sys\nif os.fork() == 0:\n os.setsid()\n child = os.fork()\n"
                  " if child == 0:\n  [os.close(n) for n in (0, 1, 2)]\n  import signal\n  signal.pause()\n"
                  " open(%r, 'w').write(str(child))\n os._exit(0)\nos.wait()\nprint('11' * 32)\n" % w.path("agent"))
        os.chmod(w.write("key", "#!%s -IS\n%s" % (h.PYTHON, script)), 0o755)
        self.run_sync({"write": USERS_1}, flags=["--key-command", w.path("key")])
        agent = int(h.read_bytes(w.path("agent")))
        self.assertTrue(h.alive(agent))
        os.kill(agent, h.KILL)
        h.wait_until(lambda: not h.alive(agent), "the end of the agent")

    def assert_gone(self, name):
        pid = int(h.read_bytes(self.w.path(name)))  # it was there
        self.assertFalse(h.alive(pid), "the grandchild lives")


class Deaths(RoutingCase):
    def test_by_a_signal_is_named_and_is_no_want_of_memory(self):
        for number in (signal.SIGSEGV, signal.SIGKILL):
            result = self.run_sync({"write": USERS_1}, {"signal": int(number)}, code=h.SOURCE)
            self.assertEqual(result.report["failures"][0]["message"], "the source was ended by signal %d" % number)

    def test_a_source_that_takes_the_destinations_death_badly_is_not_the_cause(self):
        # The destination fails; the source dies of its broken pipe, or of being stopped, and says so first.
        last_words = [{"write": h.trace_error("BrokenPipeError")}, {"exit": 1}]
        result = self.run_sync(BULK, {"on": "SIGTERM", "do": last_words}, BULK, BULK, {"hang": True},
                               hold=[{"line": 3, "do": [{"write": h.trace_error("No space left.")}, {"exit": 9}]}],
                               code=h.DESTINATION)
        messages = [failure["message"] for failure in result.report["failures"]]
        self.assertEqual(messages[0], "No space left.", str(result))
        origins = [failure["origin"] for failure in result.report["failures"] if failure["internal_message"] != "Broken pipe"]
        self.assertEqual(origins, sorted(origins), "the destination's, then the source's: %s" % result)

    def test_a_source_that_ignores_the_closed_pipe_and_our_wish(self):
        self.run_sync({"ignore": "SIGTERM"}, {"ignore": "SIGPIPE"}, {"touch": self.w.path("on")}, {"stubborn": USERS_1},
                      hold=[{"line": 3, "do": [{"exit": 9}]}], flags=["--abort-drain", "1s"], code=h.DESTINATION)
        self.assertTrue(os.path.exists(self.w.path("on")))


class CannotBeStarted(RoutingCase):
    def test_each_reason_is_named_before_any_data_moves(self):
        w = self.w
        script = {"plain": "echo", "lost": "#!/nonexistent/interpreter\n", "empty": ""}
        for name, text in script.items():
            os.chmod(w.write(name, text), 0o755)
        os.chmod(w.write("forbidden", "#!/bin/sh\n"), 0o644)
        for name, code, words in (("missing", (h.USAGE,), "missing"), ("forbidden", (h.USAGE,), "forbidden"),
                                  ("lost", None, "interpreter"), ("empty", None, "neither a program nor a script"),
                                  ("plain", None, "neither a program nor a script")):
            for side, failed in (("source", h.SOURCE), ("destination", h.DESTINATION)):
                with self.subTest(name=name, side=side):
                    flags = w.prepare()
                    flags[flags.index("--" + side) + 1] = w.path(name)
                    result = w.sync(prepared=flags)
                    self.assertIn(result.code, code or (failed,), str(result))
                    self.assertIn(words.encode(), result.err, str(result))
                    self.assertFalse(os.path.exists(w.path("received")) and self.received())

    def test_an_argument_that_is_too_long(self):
        flags = self.w.prepare()
        flags[flags.index("--source") + 1] += " " + "x" * 131072 * 2
        try:
            result = self.w.sync(prepared=flags)
        except OSError:  # then shunt could not be given it either: by the file it can
            path = self.w.write("connection.json", '{"source": "/bin/true %s"}' % ("x" * 131072 * 2))
            del flags[flags.index("--source"):flags.index("--source") + 2]
            result = self.w.sync(prepared=[path] + flags)
        self.assert_exit(result, h.SOURCE)
        self.assertIn("too long", result.report["failures"][0]["message"])


GROUP_BYTES = 200 << 20


class ControlGroup:
    """One of our own, v1 or v2, with a limit."""

    def __init__(self, limits):
        self.path = None
        for root, names in limits:
            if not os.path.exists(os.path.join(root, "cgroup.procs")):
                continue
            try:
                path = tempfile.mkdtemp(prefix="shunt-e2e-", dir=root)
                for name, value in names:
                    with open(os.path.join(path, name), "w") as out:
                        out.write(str(value))
                self.path = path
                return
            except OSError as error:
                print("no control group in %s: %s" % (root, error), file=sys.stderr, flush=True)
                if "path" in locals():
                    os.rmdir(path)
        raise unittest.SkipTest("SKIPPED: memory control groups cannot be written here")

    def enter(self):
        with open(os.path.join(self.path, "cgroup.procs"), "w") as out:
            out.write(str(os.getpid()))

    def count(self):
        """How many the kernel has killed in it for want of memory."""
        for name in ("memory.oom_control", "memory.events"):
            if os.path.exists(os.path.join(self.path, name)):
                with open(os.path.join(self.path, name)) as rows:
                    return sum(int(row.split()[1]) for row in rows if row.startswith("oom_kill "))
        return 0

    def close(self):
        h.wait_until(lambda: not h.read_bytes(os.path.join(self.path, "cgroup.procs")), "an empty control group")
        os.rmdir(self.path)


class WantOfMemory(RoutingCase):
    def test_is_named_as_the_cause(self):
        group = ControlGroup([
            ("/sys/fs/cgroup/memory", [("memory.limit_in_bytes", GROUP_BYTES)]),
            ("/sys/fs/cgroup", [("memory.max", GROUP_BYTES), ("memory.swap.max", 0)])])
        self.addCleanup(group.close)
        w = self.w
        eat = {"devour": 4 * GROUP_BYTES}
        for side, code in (("source", h.SOURCE), ("destination", h.DESTINATION)):
            with self.subTest(side=side):
                w.source["read"] = [{"write": USERS_1}] + ([eat] if side == "source" else [BULK, {"write": USERS_2}])
                w.destination["write"] = {"save": w.path("received"),
                                          "hold": [{"line": 2, "do": [eat]}] if side == "destination" else []}
                before = group.count()
                report = w.path("report-%s.json" % side)
                process = subprocess.Popen([h.program(), "sync", "--store", w.store, "--report", report, *w.prepare()],
                                           cwd=w.root, env=w.environment(), preexec_fn=group.enter,
                                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
                _, err = process.communicate(timeout=h.DEADLINE)
                self.assertGreater(group.count(), before, "the kernel has killed somebody")
                self.assertEqual(process.returncode, code, err)
                failure = h.read_json(report)["failures"][0]
                self.assertEqual(failure["origin"], side)
                # The kernel's log says so, where it can be read; its counter leaves room for others who send signals. What
                # follows is said when the end of a destination is seen before its broken pipe.
                self.assertRegex(failure["message"], r"(was killed by the kernel for want of memory \(signal 9\)|was killed "
                                 r"\(signal 9\); the kernel's out-of-memory killer was active meanwhile)"
                                 r"( before its input ended)?$")


if __name__ == "__main__":
    h.main()
