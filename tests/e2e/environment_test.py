"""What the machine does not give: a place for temporary files, room in it, locks. The program names the path, the cause
in words and what to set, ends with 2 before anything was started, and blames nobody else.

The machine is made so in a mount namespace of the test, which only root can have; others are told so.
"""

import os
import resource
import shlex
import shutil
import subprocess
import tempfile
import unittest

from tests.e2e import harness as h

CAN_MOUNT = os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


@unittest.skipUnless(CAN_MOUNT, "only root can mount")
class APoorMachine(unittest.TestCase):
    READ_ONLY = ("/tmp", "/var/tmp", "/dev/shm")

    def setUp(self):
        # Not below what becomes read-only.
        self.folder = tempfile.mkdtemp(prefix="shunt-poor-", dir=os.environ.get("TEST_TMPDIR", os.getcwd()))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.room = os.path.join(self.folder, "room")
        os.mkdir(self.room)
        self.catalog = h.catalog("customers")

    def sync_after(self, *mounts, **environment):
        """A sync with a store in memory, on a machine where only what `mounts` (shell) says can be written to."""
        flags = ["--catalog", h.write_json(os.path.join(self.folder, "catalog.json"), self.catalog)]
        for side, config in (("source", {"records": 3, "streams": 1}), ("destination", {"mode": "discard"})):
            flags += ["--" + side, shlex.join([h.program(), "connector", side]), "--%s-config" % side,
                      h.write_json(os.path.join(self.folder, side + ".json"), config)]
        script = ["mount --make-rprivate /"] + ["mount -t tmpfs -o ro none " + path for path in self.READ_ONLY]
        script += ["mount -o remount,bind,ro /", *mounts]
        script.append("exec " + shlex.join([h.program(), "sync", "--store", "memory:", "--progress", "none", *flags]))
        variables = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "XDG_STATE_HOME": self.folder}
        return h.Running(["unshare", "-m", "sh", "-ec", "\n".join(script)], dict(variables, **environment), self.folder,
                         None).wait()

    def assert_named(self, result, *words):
        self.assertEqual(result.code, h.USAGE, str(result))
        for word in words:
            self.assertIn(word, result.err)
        self.assertNotIn(b"internal", result.err)

    def test_without_any_temporary_directory_the_variables_are_named(self):
        for environment in ({}, {"XDG_RUNTIME_DIR": "/nonexistent"}, {"TMPDIR": "/nonexistent"},
                            {"XDG_RUNTIME_DIR": "/proc", "TMPDIR": "/sys"}):
            with self.subTest(**environment):
                self.assert_named(self.sync_after(**environment), b"set XDG_RUNTIME_DIR or TMPDIR", b"/dev/shm",
                                  b"Read-only file system")

    def test_one_that_has_been_set_is_used(self):
        for variable in ("XDG_RUNTIME_DIR", "TMPDIR"):
            with self.subTest(variable):
                result = self.sync_after("mount -t tmpfs -o mode=0700 none " + self.room, **{variable: self.room})
                self.assertEqual(result.code, h.OK, str(result))

    def test_one_without_room_is_named_with_the_remedy(self):
        self.catalog = h.catalog(*["stream-%d-%s" % (i, "x" * 80) for i in range(400)])
        result = self.sync_after("mount -t tmpfs -o mode=0700,size=16k none " + self.room, XDG_RUNTIME_DIR=self.room)
        self.assert_named(result, self.room.encode(), b"No space left on device", b"set XDG_RUNTIME_DIR or TMPDIR")


class ASpillDirectoryThatFails(h.SyncTest):
    """States that nobody acknowledges wait there. Nobody else is blamed for a disk that takes no more."""

    def test_in_mid_run_it_is_named_with_the_cause_and_the_flag(self):
        w = self.w
        spill = w.path("spill")
        w.source["read"] = [{"touch": w.path("up")}, {"await": w.path("go")}] + [
            {"write": h.state("users", {"n": number, "pad": "x" * 400_000})} for number in range(8)] + [{"hang": True}]
        w.destination["write"] = {"ack": "never"}
        self.release_at_the_end(w.path("go"))
        run = w.start_sync("--spill-dir", spill)
        h.wait_for_file(w.path("up"), run)
        resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        h.touch(w.path("go"))
        result = run.wait()
        self.assert_exit(result, h.STORE)
        failure = result.report["failures"][0]
        self.assertEqual(failure["origin"], "shunt", str(result))
        for word in (spill, "File too large", "--spill-dir"):
            self.assertIn(word, failure["message"])
        self.assertNotIn("--memory-budget", failure["message"])


if __name__ == "__main__":
    h.main()
