"""A store that does not take a config update: nothing that was read is lost (G33, G45, G46, F113, F117-F122).

The source waits until the trouble is there, then says a new token. What must hold, whatever the trouble: the
run ends with 5 in time, says in which file the update is, and that file brings it back, by hand or by the next
run. The update is in the file from the first failed try on: a kill during the retries loses nothing either.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

from tests.e2e import harness as h
from tests.e2e import postgres

OLD, NEW = "token-as-of-old", "token-that-must-not-be-lost"


class TroubleCase(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.w.source_config = {"api_key": OLD, "start_date": "2022"}
        self.ready, self.go = self.w.path("ready"), self.w.path("go")
        self.w.source = {"spec": h.SPEC, "read": [
            {"touch": self.ready}, {"await": self.go},
            {"write": h.config_update({"api_key": NEW}, time.time() * 1000)}]}
        self.release_at_the_end(self.go)
        self.database = self.w.path("store.db")

    def start(self, *flags):
        """A run that stands before its update."""
        run = self.w.start_sync("--persist-timeout", "1s", *flags)
        h.wait_for_file(self.ready, run)
        return run

    def spilled(self):
        folder = os.path.join(self.w.runtime, "shunt", "updates")
        return [os.path.join(folder, name) for name in os.listdir(folder)] if os.path.isdir(folder) else []

    def assert_spilled(self, result):
        """Exit 5, a report that names the file, and the file. Its path."""
        self.assert_exit(result, h.STORE)
        self.assertEqual(len(self.spilled()), 1, str(result))
        failure = result.report["failures"][0]
        self.assertIn(self.spilled()[0], failure["message"])
        self.assert_secretless(result, OLD, NEW)
        return self.spilled()[0]

    def assert_brought_back_by_hand(self):
        self.w.command("config", "recover")
        self.assertEqual(self.w.config()["api_key"], NEW)
        self.assertEqual(self.w.verdicts(), ["applied"])
        self.assertEqual(self.spilled(), [])

    def assert_brought_back_by_the_next_run(self):
        self.w.source["read"] = []
        result = self.w.sync()
        self.assert_exit(result, h.OK)
        self.assertIn(b"brought back", result.err)
        self.assertEqual(self.w.given("source", "read", "config")["api_key"], NEW, "it is started with it")
        self.assertEqual(self.spilled(), [])


class Strace:
    """System calls of a running process fail from now on, those on given paths only."""

    def __init__(self, test, run, calls, error, paths):
        arguments = ["strace", "-f", "-qq", "-o", os.devnull, "-p", str(run.pid)]
        for path in paths:
            arguments += ["-P", path]
        arguments += ["-e", "trace=" + calls, "-e", "inject=%s:error=%s" % (calls, error)]
        self.process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
        test.addCleanup(h.stop, self.process)
        h.wait_until(lambda: self.attached(run.pid), "strace to be there")

    def attached(self, pid):
        if self.process.poll() is not None:
            raise AssertionError("strace ended with %s" % self.process.returncode)
        threads = os.listdir("/proc/%d/task" % pid)
        return all(self.tracer("/proc/%d/task/%s/status" % (pid, thread)) for thread in threads)

    @staticmethod
    def tracer(path):
        with open(path) as status:
            return next(int(row.split()[1]) for row in status if row.startswith("TracerPid:"))


class ADiskThatFails(TroubleCase):
    def fail(self, calls, error):
        run = self.start()
        tracer = Strace(self, run, calls, error, [self.database, self.database + "-journal"])
        h.touch(self.go)
        result = run.wait()
        h.stop(tracer.process)
        self.assert_spilled(result)
        self.assert_brought_back_by_hand()

    def test_full(self):
        self.fail("write,pwrite64", "ENOSPC")

    def test_that_cannot_sync(self):
        self.fail("fsync,fdatasync", "EIO")

    def test_that_cannot_write(self):
        self.fail("write,pwrite64", "EIO")

    def test_without_locks_nobody_else_is_blamed(self):
        run = self.start()
        tracer = Strace(self, run, "fcntl", "ENOLCK", [self.database])
        h.touch(self.go)
        result = run.wait()
        h.stop(tracer.process)
        self.assert_spilled(result)
        self.assertIn("No locks available", result.report["failures"][0]["message"])
        self.assertNotIn("another process", result.report["failures"][0]["message"])
        self.assert_brought_back_by_hand()

    def test_that_became_read_only(self):
        self.fail("openat,open", "EROFS")

    def test_files_may_not_grow(self):
        run = self.start()
        resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))  # above the report, below the store
        h.touch(self.go)
        self.assert_spilled(run.wait())
        self.assert_brought_back_by_the_next_run()


class AFileThatIsNotWhatItWas(TroubleCase):
    def spoil(self, change):
        run = self.start()
        shutil.copy(self.database, self.w.path("backup"))
        change()
        h.touch(self.go)
        path = self.assert_spilled(run.wait())
        shutil.copy(self.w.path("backup"), self.database)
        return path

    def test_corrupt(self):
        def corrupt():
            # From the change counter on: otherwise SQLite has no reason to read its pages again.
            with open(self.database, "r+b") as file:
                file.seek(24)
                file.write(b"\xff" * (os.path.getsize(self.database) - 24))
        self.spoil(corrupt)
        self.assert_brought_back_by_hand()

    def test_removed(self):
        self.spoil(lambda: os.remove(self.database))
        self.assert_brought_back_by_hand()

    def test_replaced_by_another_store(self):
        def replace():
            os.rename(self.database, self.database + ".away")
            shutil.copy(self.w.path("backup"), self.database)
        self.spoil(replace)
        self.assert_brought_back_by_hand()


class AStoreThatIsWrittenOver(h.SyncTest):
    """While states are committed: the first commit that meets it ends the run, and nobody else is blamed."""

    def spoil(self, change, *words, code=h.STORE):
        w = self.w
        acks = w.path("acks")
        steps = []
        for number in range(30):
            steps += [{"await": w.path("go-%d" % number)},
                      {"write": h.record("users", {"id": number}) + h.state("users", {"n": number, "pad": "x" * 9000})}]
        w.source["read"] = steps
        w.destination["write"] = {"ack_log": acks}
        self.release_at_the_end(*(w.path("go-%d" % number) for number in range(30)))
        run = w.start_sync()
        database = w.path("store.db")
        h.touch(w.path("go-0"))
        h.wait_until(lambda: self.committed(database) or run.ended(), "the first commit")
        h.touch(w.path("go-1"))
        h.wait_until(lambda: b'"n":1,' in self.committed(database).replace(b" ", b"") or run.ended(), "the second commit")
        change(database)
        for number in range(2, 30):
            h.touch(w.path("go-%d" % number))
        result = run.wait()
        self.assertEqual(result.code, code, str(result))
        failure = result.report["failures"][0]
        self.assertEqual(failure["origin"], "shunt")
        for word in (database, *words):
            self.assertIn(word, failure["message"])
        self.assertNotIn("another process", failure["message"])
        self.assertNotIn("took over", failure["message"])

    @staticmethod
    def committed(database):
        try:
            with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % database, uri=True)) as store:
                row = store.execute("SELECT state FROM checkpoints").fetchone()
            return row[0].encode() if row else b""
        except sqlite3.Error:
            return b""

    def test_with_rubbish_behind_its_header(self):
        def change(path):  # SQLite looks at its change counter only
            size = os.path.getsize(path)
            with open(path, "r+b") as file:
                file.seek(4096)
                file.write(b"\x5a" * (size - 4096))
        self.spoil(change)

    def test_with_rubbish_from_the_first_byte(self):
        def change(path):
            size = os.path.getsize(path)
            with open(path, "r+b") as file:
                file.write(os.urandom(size))
        self.spoil(change)

    def test_with_nothing(self):
        self.spoil(lambda path: os.truncate(path, 0))

    def test_with_an_older_copy_of_itself_from_before_the_run(self):
        self.w.source["read"] = [{"write": h.state("users", {"n": -1})}]
        self.assert_exit(self.w.sync(), h.OK)
        before = h.read_bytes(self.w.path("store.db"))

        def change(path):
            with open(path, "r+b") as file:
                file.write(before)
                file.truncate()
        self.spoil(change, "older copy")

    def test_with_another_store(self):
        other = h.Workspace("other")
        self.addCleanup(other.close)
        self.assert_exit(other.sync(), h.OK)

        def change(path):
            with open(path, "r+b") as file:
                file.write(h.read_bytes(other.path("store.db")))
                file.truncate()
        self.spoil(change, "another store")

    def test_removed(self):
        self.spoil(os.remove, "removed or replaced")

    def test_replaced(self):
        def change(path):
            shutil.copy(path, path + ".new")
            os.rename(path + ".new", path)
        self.spoil(change, "removed or replaced")


class ALockedStore(TroubleCase):
    def lock(self):
        other = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        return other

    def test_for_too_long(self):
        run = self.start()
        other = self.lock()
        h.touch(self.go)
        h.wait_until(lambda: b"are not in the store" in run.result().err, "the end of its patience")
        other.rollback()
        self.assert_spilled(run.wait())
        self.assert_brought_back_by_the_next_run()

    def test_killed_while_it_tries(self):
        run = self.w.start_sync()
        h.wait_for_file(self.ready, run)
        other = self.lock()
        h.touch(self.go)
        h.wait_until(self.spilled, "the spill file")
        run.signal(h.KILL)
        run.wait()
        other.rollback()
        self.assertEqual(self.w.config()["api_key"], OLD)
        self.assert_brought_back_by_the_next_run()

    def test_for_a_while_costs_nothing_but_time(self):
        run = self.w.start_sync()
        h.wait_for_file(self.ready, run)
        other = self.lock()
        h.touch(self.go)
        h.wait_until(self.spilled, "the spill file")
        other.rollback()
        self.assert_exit(run.wait(), h.OK)
        self.assertEqual(self.w.config()["api_key"], NEW)
        self.assertEqual(self.spilled(), [], "the store has it")


class ALockedStoreAndACheckpoint(TroubleCase):
    """A checkpoint waits for half a minute for the other process. Nothing else may."""

    def setUp(self):
        super().setUp()
        self.acks, self.said = self.w.path("acks"), self.w.path("said")
        self.w.destination["write"] = {"ack_log": self.acks}
        self.w.source["read"] = [
            {"touch": self.ready}, {"await": self.go}, {"write": h.state("users", {"n": 1})}, {"await": self.said},
            {"write": h.config_update({"api_key": NEW}, time.time() * 1000)}, {"hang": True}]
        self.release_at_the_end(self.said)

    def start_and_lock(self):
        run = self.w.start_sync()
        h.wait_for_file(self.ready, run)
        other = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        h.touch(self.go)
        h.wait_until(lambda: os.path.exists(self.acks) and h.read_bytes(self.acks), "the acknowledgement")
        return run, other

    def test_an_update_is_soon_in_a_file(self):
        run, other = self.start_and_lock()
        h.touch(self.said)
        h.wait_until(self.spilled, "the spill file", deadline=20)
        other.rollback()
        run.signal(h.TERM)
        self.assert_exit(run.wait(), 128 + h.TERM)
        self.assertEqual(self.w.config()["api_key"], NEW)

    def test_sigterm_ends_the_run_in_time(self):
        run, _ = self.start_and_lock()
        asked = time.monotonic()
        run.signal(h.TERM)
        run.wait()
        self.assertLess(time.monotonic() - asked, 25, "G37")


class APostgresServer(TroubleCase):
    def setUp(self):
        super().setUp()
        self.server = postgres.Server()
        self.addCleanup(self.server.close)
        self.w.store = self.server.url()

    def test_that_is_gone(self):
        run = self.start()
        self.server.stop()
        h.touch(self.go)
        h.wait_until(lambda: b"are not in the store" in run.result().err, "the end of its patience")
        self.server.start()
        self.assert_spilled(run.wait())
        self.assert_brought_back_by_the_next_run()

    def test_that_comes_back_in_time_costs_nothing_but_that(self):
        run = self.w.start_sync()
        h.wait_for_file(self.ready, run)
        self.server.stop()
        h.touch(self.go)
        h.wait_until(self.spilled, "the spill file")
        self.server.start()
        self.assert_exit(run.wait(), h.OK)
        self.assertEqual(self.w.config()["api_key"], NEW)
        self.assertEqual(self.spilled(), [], "the store has it")

    def test_that_stands_still(self):
        run = self.start()
        self.signal_server(signal.SIGSTOP)
        h.touch(self.go)
        h.wait_until(lambda: b"are not in the store" in run.result().err, "the end of its patience")
        self.signal_server(signal.SIGCONT)
        self.assert_spilled(run.wait())
        self.assert_brought_back_by_the_next_run()

    def signal_server(self, number):
        """To the postmaster and all its backends; by the processes that hold its directory as their own."""
        for pid in h.processes_with("postgres"):
            try:
                if os.readlink("/proc/%d/cwd" % pid) == self.server.data:
                    os.kill(pid, number)
            except OSError:
                pass


class WhatIsSpilled(TroubleCase):
    def spill(self, *flags):
        run = self.start(*flags)
        os.rename(self.database, self.database + ".away")
        h.touch(self.go)
        path = self.assert_spilled(run.wait())
        os.rename(self.database + ".away", self.database)
        return path

    def key(self, name, letter):
        path = self.w.write(name, letter * 32)
        os.chmod(path, 0o600)
        return path

    def test_is_private_and_says_that_it_is_not_encrypted(self):
        path = self.spill()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
        self.assertIn("NOT encrypted", json.dumps(h.read_json(self.w.path("report-1.json"))))
        self.assert_brought_back_by_the_next_run()

    def test_is_ciphertext_with_a_key_and_needs_it(self):
        key = self.key("key", "k")
        path = self.spill("--key-file", key)
        self.assertNotIn(NEW.encode(), h.read_bytes(path))
        self.w.source["read"] = []
        result = self.w.sync("--key-file", self.key("other", "o"))
        self.assertEqual(result.code, h.STORE, str(result))
        result = self.w.sync("--key-file", key)
        self.assert_exit(result, h.OK)
        self.assertEqual(self.w.given("source", "read", "config")["api_key"], NEW)

    def test_with_the_old_key_is_brought_back_before_that_is_thrown_away(self):
        old = self.key("key", "k")
        self.spill("--key-file", old)
        new = self.key("new", "n")
        both = self.w.write("both", "\n".join((letter * 32).encode().hex() for letter in "nk"))
        os.chmod(both, 0o600)
        self.w.command("config", "rekey", "--key-file", both)
        self.assertEqual(self.spilled(), [])
        self.w.source["read"] = []
        self.assert_exit(self.w.sync("--key-file", new), h.OK)
        self.assertEqual(self.w.given("source", "read", "config")["api_key"], NEW)

    def test_of_a_damaged_file_stops_the_next_run(self):
        path = self.spill()
        whole = h.read_bytes(path)
        with open(path, "wb") as out:
            out.write(whole.replace(b'"updates": "', b'"updates": "AAAA'))
        self.w.source["read"] = []
        result = self.w.sync()
        self.assertEqual(result.code, h.STORE, str(result))
        self.assertIn(path.encode(), result.err)
        self.assertEqual(self.w.started("source", "read"), 1, "not started with a token that may be used up")
        with open(path, "wb") as out:
            out.write(whole)
        self.assert_brought_back_by_hand()


if __name__ == "__main__":
    h.main()
