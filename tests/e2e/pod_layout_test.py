"""`shunt sidecar` in the place of the orchestrator of a pod: who opens first, who dies when, and what the exit code says.

Contract 1, sidecar; reliability F98, F99. What shunt writes into the directories is in pod_files_test.
"""

import itertools
import os
import time

from tests.e2e import harness as h
from tests.e2e.pod_case import LEAVE_CODE, LINES, PodCase, USERS


class InThePlatformsOrder(PodCase):
    def test_whoever_starts_first(self):
        for order in itertools.permutations(("shunt", "source", "dest")):
            with self.subTest(order=order):
                self.fresh()
                self.make_pod()
                starts = {"shunt": self.shunt, "source": lambda: self.wrapper("source"), "dest": lambda: self.wrapper("dest")}
                started = {who: starts[who]() for who in order}
                result = started.pop("shunt").wait()
                self.assert_exit(result, h.OK)
                self.assert_over(*started.values())
                self.assertEqual(self.received(), LINES.encode())
                self.assertEqual(self.states(), {"users": {"c": 1}})
                self.assertEqual(result.report["source"]["exit_code"], 0)
                self.assertEqual(result.report["destination"]["exit_code"], 0)

    def test_in_whatever_order_the_wrappers_open_their_streams(self):
        for source in itertools.permutations(("2> stderr", "> stdout")):
            for destination in itertools.permutations(("2> stderr", "> stdout", "< stdin")):
                with self.subTest(source=source, destination=destination):
                    self.fresh()
                    self.make_pod()
                    wrappers = [self.wrapper("source", " ".join(source)), self.wrapper("dest", " ".join(destination))]
                    self.assert_exit(self.shunt().wait(), h.OK)
                    self.assert_over(*wrappers)
                    self.assertEqual(self.received(), LINES.encode())

    def test_the_destination_starts_although_the_source_says_nothing_yet(self):
        # Its shell waits in `< stdin` until somebody opens the other end.
        self.w.source["read"] = [{"await": self.w.path("go")}, {"write": LINES}]
        self.w.destination["write"]["before"] = [{"touch": self.w.path("up")}]
        self.make_pod()
        self.release_at_the_end(self.w.path("go"))
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        running = self.shunt()
        h.wait_for_file(self.w.path("up"), running)
        h.touch(self.w.path("go"))
        self.assert_exit(running.wait(), h.OK)
        self.assert_over(*wrappers)

    def test_what_both_write_to_stderr_is_logged(self):
        self.w.source["read"] = [{"stderr": "words of the source\n"}, {"write": LINES}]
        self.w.destination["write"]["before"] = [{"stderr": "words of the destination\n"}]
        self.make_pod()
        result = self.run_pod()
        self.assertIn(b"words of the source", result.err)
        self.assertIn(b"words of the destination", result.err)

    def test_a_flood_on_stderr_blocks_nobody(self):
        self.w.source["read"] = [{"stderr": ("y" * 99 + "\n") * 20_000}, {"write": LINES}]
        self.w.destination["write"]["before"] = [{"stderr": ("z" * 99 + "\n") * 20_000}]
        self.make_pod()
        self.run_pod()
        self.assertEqual(self.received(), LINES.encode())

    def test_a_stderr_that_stays_open_keeps_nobody(self):
        running = self.shunt()
        holder = h.open_fifo_for_writing(self.file("source", "stderr"), running)
        self.addCleanup(os.close, holder)
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        self.assert_exit(running.wait(), h.OK)
        self.assert_over(*wrappers)

    def test_a_wrapper_without_stderr(self):
        wrappers = [self.wrapper("source", "> stdout"), self.wrapper("dest", "> stdout < stdin")]
        self.assert_exit(self.shunt().wait(), h.OK)
        self.assert_over(*wrappers)


class WhatIsNoLayout(PodCase):
    def refused(self, *words):
        result = self.shunt().wait()
        self.assertEqual(result.code, h.USAGE, str(result))
        for word in words:
            self.assertIn(word.encode(), result.err, str(result))
        self.assertFalse(os.path.exists(self.w.path("store.db")), "nothing was begun")
        self.assert_over()

    def test_a_stream_that_is_missing_or_no_fifo_is_named(self):
        def regular(path):
            h.touch(path)

        def link(path):
            os.mkfifo(path + ".real")
            os.symlink(path + ".real", path)

        for side, name in (("source", "stdout"), ("source", "stderr"), ("dest", "stdout"), ("dest", "stderr"), ("dest", "stdin")):
            for make, word in ((lambda path: None, "No such file"), (regular, "not a FIFO"), (link, "symbolic link")):
                with self.subTest(side=side, name=name, word=word):
                    self.make_pod()
                    os.unlink(self.file(side, name))
                    make(self.file(side, name))
                    self.refused(self.file(side, name), word)

    def test_a_directory_that_is_missing(self):
        result = self.w.start("sidecar", "--source-dir", self.file("nowhere"), "--destination-dir", self.file("dest")).wait()
        self.assertEqual(result.code, h.USAGE, str(result))
        self.assertIn(b"nowhere", result.err)

    def test_one_of_a_run_that_is_over(self):
        h.touch(self.file("source", "TERMINATED"))
        self.refused(self.file("source", "TERMINATED"))

    def test_without_config_or_catalog(self):
        for side, name in (("source", "connectorConfig.json"), ("source", "catalog.json"), ("dest", "connectorConfig.json")):
            with self.subTest(side=side, name=name):
                self.make_pod()
                os.unlink(self.file(side, name))
                self.refused(self.file(side, name))

    def test_flags_that_do_not_go_together(self):
        for flags in (["--source-dir", self.file("source")], ["--destination-dir", self.file("dest")],
                      ["--source-dir", self.file("source"), "--destination-dir", self.file("dest"), "--source-out", "x"]):
            result = self.w.start("sidecar", *flags).wait()
            self.assertEqual(result.code, h.USAGE, str(result))
            self.assertIn(b"--source-dir and --destination-dir", result.err)

    def test_one_that_another_run_works_in(self):
        self.w.source["read"] = [{"touch": self.w.path("reading")}, {"await": self.w.path("go")}, {"write": LINES}]
        self.make_pod()
        self.release_at_the_end(self.w.path("go"))
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        running = self.shunt()
        h.wait_for_file(self.w.path("reading"), running)
        second = self.shunt().wait()
        self.assertEqual(second.code, h.FENCED, str(second))
        self.assertFalse(os.path.exists(self.file("source", "TERMINATED")))  # the first is left alone
        h.touch(self.w.path("go"))
        self.assert_exit(running.wait(), h.OK)
        self.assert_over(*wrappers)


class NobodyComes(PodCase):
    FLAGS = "--open-timeout", "1s", "--abort-drain", "1s"

    def test_no_source(self):
        wrapper = self.wrapper("dest")
        result = self.shunt(*self.FLAGS).wait()
        self.assert_exit(result, h.TIMEOUT)
        self.assert_failure(result, "source", self.file("source", "stdout"), "--open-timeout")
        self.assert_over(wrapper)
        self.assertEqual(self.received(), b"")

    def test_no_destination(self):
        wrapper = self.wrapper("source")
        result = self.shunt(*self.FLAGS).wait()
        self.assert_exit(result, h.TIMEOUT)
        self.assert_failure(result, "destination", self.file("dest", "stdin"), self.file("dest", "stdout"), "--open-timeout")
        self.assert_over(wrapper)
        self.assertEqual(self.states() if os.path.exists(self.w.path("store.db")) else {}, {})

    def test_who_is_silent_has_come(self):
        self.w.source["read"] = [{"touch": self.w.path("up")}, {"await": self.w.path("go")}, {"write": LINES}]
        self.make_pod()
        self.release_at_the_end(self.w.path("go"))
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        running = self.shunt("--open-timeout", "3s")
        started = time.monotonic()
        h.wait_for_file(self.w.path("up"), running)
        h.wait_until(lambda: time.monotonic() - started > 4.5, "the deadline to pass")
        self.assertFalse(running.ended(), str(running.result()))
        h.touch(self.w.path("go"))
        self.assert_exit(running.wait(), h.OK)
        self.assert_over(*wrappers)

    def test_a_plain_fifo_has_the_same_deadline(self):
        w = self.w
        report = w.path("plain.json")
        result = w.start("sidecar", "--store", w.store, "--catalog", w.path("catalog.json"), "--report", report,
                         "--source-out", self.file("source", "stdout"),
                         *self.FLAGS, report=report).wait()
        self.assert_exit(result, h.TIMEOUT)
        self.assert_failure(result, "source", self.file("source", "stdout"))


class TheExitCode(PodCase):
    def test_of_a_source_that_failed(self):
        self.w.source["read"] = [{"write": LINES}, {"exit": 3}]
        self.make_pod()
        result = self.run_pod(code=h.SOURCE)
        self.assertEqual(result.report["source"]["exit_code"], 3)
        self.assertEqual(self.states(), {"users": {"c": 1}})  # drained, not dropped

    def test_of_a_destination_that_failed_at_its_end(self):
        self.w.destination["write"]["at_end"] = [{"exit": 9}]
        self.make_pod()
        result = self.run_pod(code=h.DESTINATION)
        self.assertEqual(result.report["destination"]["exit_code"], 9)
        self.assertEqual(self.states(), {"users": {"c": 1}})

    def test_of_a_destination_that_failed_half_way_while_the_source_is_silent(self):
        self.w.source["read"] = [{"write": LINES}, {"hang": True}]
        self.w.destination["write"]["hold"] = [{"line": 10, "do": [{"write": h.trace_error("no room")}, {"exit": 9}]}]
        self.make_pod()
        result = self.run_pod("--abort-drain", "1s", code=h.DESTINATION)
        self.assert_failure(result, "destination", "no room")

    def test_of_a_connector_that_died_by_a_signal(self):
        self.w.source["read"] = [{"write": USERS}, {"signal": 9}]
        self.make_pod()
        result = self.run_pod(code=h.SOURCE)
        self.assertEqual(result.report["source"]["exit_code"], 137)

    def test_of_one_that_never_opened_its_streams(self):
        for code in (1, 0):
            with self.subTest(code=code):
                self.fresh()
                self.make_pod()
                running = self.shunt("--abort-drain", "1s")
                wrapper = self.wrapper("dest")
                h.wait_for_file(self.w.path("destination", "write.pid"), running)  # shunt is up
                h.write_json(self.file("source", "exitCode.txt"), code)
                result = running.wait()
                self.assert_exit(result, h.SOURCE)
                self.assert_failure(result, "source", "never opened " + self.file("source", "stdout"))
                self.assert_over(wrapper)

    def test_of_an_earlier_run_counts_for_nothing(self):
        for side, code in (("source", h.SOURCE), ("dest", h.DESTINATION)):
            with self.subTest(side=side):
                self.fresh()
                self.make_pod()
                h.write_json(self.file(side, "exitCode.txt"), 0)
                wrapper = self.wrapper("dest" if side == "source" else "source")
                result = self.shunt().wait()
                self.assert_exit(result, code)
                self.assertIn(self.file(side, "exitCode.txt") + " is there already", result.report["failures"][0]["message"])
                self.assert_over(wrapper)

    def test_that_comes_late_or_in_pieces(self):
        # The connector is gone, and our end of its output too, before the wrapper says anything.
        self.w.source["read"] = [{"write": LINES}]
        self.make_pod()
        for leave in ("while [ ! -f go ]; do sleep 0.01; done; " + LEAVE_CODE,
                      ": > exitCode.txt; while [ ! -f go ]; do sleep 0.01; done; printf $CODE > exitCode.txt"):
            with self.subTest(leave=leave):
                self.make_pod()
                wrappers = [self.wrapper("source", leave=leave), self.wrapper("dest")]
                running = self.shunt()
                self.await_end_of_output(LINES)
                h.touch(self.file("source", "go"))
                self.assert_exit(running.wait(), h.OK)
                self.assert_over(*wrappers)

    def test_that_is_absent_or_none_is_a_failure_within_a_bounded_wait(self):
        cases = []
        for side, code in (("source", h.SOURCE), ("dest", h.DESTINATION)):
            for leave, words in ((":", "left no "), ("echo soon > exitCode.txt", "holds no exit code"),
                                 ("echo 256 > exitCode.txt", "holds no exit code"),
                                 ("echo 0 > other; ln -s other exitCode.txt", "holds no exit code"),
                                 ("mkfifo exitCode.txt", "holds no exit code")):
                cases.append((side, code, leave, words))
        running = []
        for side, code, leave, words in cases:  # at once: each waits for its 10 s
            self.w = h.Workspace("pod")
            self.addCleanup(self.w.close)
            self.w.source["read"] = [{"write": LINES}]
            self.make_pod()
            wrappers = [self.wrapper(who, leave=leave if who == side else LEAVE_CODE) for who in ("source", "dest")]
            running.append((self.w, self.shunt(), wrappers))
        for (side, code, leave, words), (self.w, shunt, wrappers) in zip(cases, running):
            with self.subTest(side=side, leave=leave):
                result = shunt.wait()
                self.assert_exit(result, code)
                self.assert_failure(result, "source" if side == "source" else "destination", words, self.file(side, "exitCode.txt"))
                self.assert_over(*wrappers)
                self.assertEqual(self.received(), LINES.encode())
                self.assert_nothing_left()

    def test_of_a_container_that_was_killed_whole(self):
        # No wrapper is left to write anything; the source is silent meanwhile.
        self.w.source["read"] = [{"write": LINES}, {"hang": True}]
        self.w.destination["write"]["hold"] = [{"line": 10, "do": [{"touch": self.w.path("there")}]}]
        self.make_pod()
        source, destination = self.wrapper("source"), self.wrapper("dest")
        running = self.shunt("--abort-drain", "1s")
        h.wait_for_file(self.w.path("there"), running)
        destination.kill()
        os.kill(int(h.read_bytes(self.w.path("destination", "write.pid"))), h.KILL)
        result = running.wait()
        self.assert_exit(result, h.DESTINATION)
        self.assert_failure(result, "destination", "left no " + self.file("dest", "exitCode.txt"))
        self.assert_over(source)


class Restarts(PodCase):
    def test_one_run_is_one_open(self):
        # The container is started again after its end was seen: what it would send belongs to no run.
        self.w.source["read"] = [{"write": USERS}]
        self.make_pod()
        first, destination = self.wrapper("source", leave=":"), self.wrapper("dest")
        running = self.shunt()
        first.wait(h.DEADLINE)
        self.await_end_of_output(USERS)
        second = self.wrapper("source")
        result = running.wait()
        self.assert_exit(result, h.SOURCE)
        self.assert_failure(result, "source", "left no ")
        self.assertEqual(self.received(), USERS.encode())
        self.assert_over(second, destination)


class Stops(PodCase):
    def test_sigterm_ends_both_by_the_marker_within_its_time(self):
        self.w.source["read"] = [{"write": LINES}, {"touch": self.w.path("written")}, {"hang": True}]
        self.w.destination["write"]["hold"] = [{"line": 1001, "do": [{"touch": self.w.path("acked")}]}]
        self.make_pod()
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        running = self.shunt()
        h.wait_for_file(self.w.path("acked"), running)
        running.signal(h.TERM)
        result = running.wait(deadline=25)
        self.assertEqual(result.code, 143, str(result))
        self.assertEqual(self.states(), {"users": {"c": 1}})
        self.assert_over(*wrappers)

    def test_sigterm_before_anybody_came(self):
        running = self.shunt()
        h.wait_until(lambda: self.has_reader("source", "stderr"), "shunt at the FIFO")
        running.signal(h.TERM)
        self.assertEqual(running.wait(deadline=25).code, 143)
        self.assert_over()

    def test_connectors_that_somebody_else_ends_are_failures(self):
        self.w.source["read"] = [{"write": LINES}, {"touch": self.w.path("written")}, {"hang": True}]
        self.make_pod()
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        running = self.shunt()
        h.wait_for_file(self.w.path("written"), running)
        h.touch(self.file("source", "TERMINATED"))
        result = running.wait()
        self.assert_exit(result, h.SOURCE)
        self.assertEqual(result.report["source"]["exit_code"], 143)
        self.assert_over(*wrappers)


if __name__ == "__main__":
    h.main()
