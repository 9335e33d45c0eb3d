"""What a connector can see of the program that runs it: nothing that it was not given (G52, G58; reliability F137).

With a user of its own, a hostile connector can read neither the store, nor the other connector's config, nor our
memory, environment or descriptors, nor signal us; as the same user it still cannot look into our process. Runs
outside of a sandbox, as root or not: what only root can do is refused to others, which is a test, too.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import unittest

from tests.e2e import harness as h

ROOT = os.geteuid() == 0
SOURCE_USER, DESTINATION_USER = "nobody", "daemon"
SECRET = "ours-alone-0815-4711"

# A connector of hostile mind: tries to get at `targets` and says what it got.
SPY = r'''
import ctypes, json, os, sys
aim = json.load(open(sys.argv[1]))
def attempt(what):
    try:
        return what() or "nothing"
    except OSError as error:
        return "refused" if error.errno in (1, 13) else "errno %d" % error.errno
parent = os.getppid()
found = {path: attempt(lambda: open(path, "rb").read(64).hex()) for path in aim["files"]}
for name in ("environ", "mem", "maps", "auxv"):
    found[name] = attempt(lambda: open("/proc/%d/%s" % (parent, name), "rb").read(16).hex())
found["fd"] = attempt(lambda: str(os.listdir("/proc/%d/fd" % parent)))
found["trace"] = "refused" if ctypes.CDLL(None).ptrace(16, parent, 0, 0) else "attached"
if aim["kill"]:
    found["kill"] = attempt(lambda: os.kill(parent, 0))
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
found["me"] = {key: status[key].split() for key in ("Uid", "Gid", "Groups", "NoNewPrivs")}
found["home"] = [os.environ.get("HOME"), os.environ.get("USER"), os.environ.get("TMPDIR")]
found["list"] = attempt(lambda: str(os.listdir(os.path.dirname(os.path.dirname(sys.argv[4]))))) if len(sys.argv) > 4 else ""
if len(sys.argv) > 4:
    found["config"] = json.load(open(sys.argv[4]))
open("/dev/stdout", "a").write(json.dumps({"type": "LOG", "log": {"level": "INFO", "message": "SPY " + json.dumps(found)}}) + "\n")
sys.stdin.buffer.read()  # a destination ends after its input
'''


def ids(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


class UserCase(h.SyncTest):
    """The workspace is where other users reach it, with a copy of the program and of the peer."""

    def setUp(self):
        super().setUp()
        outer = tempfile.mkdtemp(prefix="shunt-users-", dir="/tmp")
        self.addCleanup(shutil.rmtree, outer, True)
        os.chmod(outer, 0o711)
        self.public = outer
        for source, name in ((h.program(), "shunt"), (h.PEER, "peer.py")):
            shutil.copy(source, os.path.join(outer, name))
            os.chmod(os.path.join(outer, name), 0o755)
        self.spy = os.path.join(outer, "spy.py")
        with open(self.spy, "w") as out:
            out.write(SPY)
        os.chmod(self.spy, 0o644)
        self.w.source_config = {"api_key": "source-secret-1"}
        self.w.destination_config = {"api_key": "destination-secret-1"}

    def prepared(self, spied="source", **aim):
        """Flags of a sync of which one connector is the spy."""
        w = self.w
        prepared = w.prepare()
        aims = h.write_json(os.path.join(self.public, "aim.json"), dict({"files": [], "kill": False}, **aim))
        os.chmod(aims, 0o644)
        script = h.write_json(os.path.join(self.public, "plain.json"), {"write": {}})
        os.chmod(script, 0o644)
        for side in ("source", "destination"):
            argv = [self.spy, aims] if side == spied else [os.path.join(self.public, "peer.py"), script]
            prepared[prepared.index("--" + side) + 1] = " ".join([h.PYTHON, "-I", "-S"] + argv)
        specs = h.write_json(w.path("spec.json"), {"type": "object", "properties": {
            "api_key": {"type": "string", "airbyte_secret": True}}})
        return prepared + ["--source-spec", specs, "--destination-spec", specs]

    def spied(self, result):
        """What the spy said. Its own config's secret is masked, that it has it is told by its key."""
        rows = [row for row in result.err.decode().splitlines() if "SPY {" in row]
        self.assertEqual(len(rows), 1, str(result))
        return h.json.loads(rows[0].split("SPY ", 1)[1])


@unittest.skipUnless(ROOT, "only root can; that others cannot is AsTheSameUser")
class WithAUserOfItsOwn(UserCase):
    FLAGS = ["--source-user", SOURCE_USER, "--destination-user", DESTINATION_USER]

    def test_it_runs_as_that_user_and_cannot_become_another(self):
        for side, name in (("source", SOURCE_USER), ("destination", DESTINATION_USER)):
            with self.subTest(side):
                result = self.w.sync(*self.FLAGS, prepared=self.prepared(spied=side))
                self.assert_exit(result, h.OK)
                found, (uid, gid) = self.spied(result), ids(name)
                self.assertEqual(found["me"]["Uid"], [str(uid)] * 4)
                self.assertEqual(found["me"]["Gid"], [str(gid)] * 4)
                self.assertNotIn("0", found["me"]["Groups"])
                self.assertEqual(found["me"]["NoNewPrivs"], ["1"])
                self.assertEqual(found["home"], [pwd.getpwnam(name).pw_dir, name, None])
                self.assertEqual(found["config"], {"api_key": "**********"})

    def test_it_gets_at_nothing_of_ours(self):
        w = self.w
        self.assert_exit(w.sync(*self.FLAGS, prepared=self.prepared()), h.OK)  # now there is a store
        os.chmod(w.root, 0o711)
        key = w.write("key", b"k" * 32)
        os.chmod(key, 0o600)
        os.chmod(w.path("destination.json"), 0o600)  # the user's own file
        files = [w.path("store.db"), key, w.path("destination.json"), w.path("report-1.json")]
        result = w.sync(*self.FLAGS, prepared=self.prepared(files=files, kill=True),
                        environment={"SHUNT_KEY_FILE": key, "SHUNT_SEAL_STORE": "true", "OF_OURS": SECRET})
        self.assert_exit(result, h.OK)
        found = self.spied(result)
        for name in files + ["environ", "mem", "maps", "auxv", "fd", "trace", "kill", "list"]:
            self.assertEqual(found[name], "refused", name)

    def test_it_cannot_read_what_the_other_connector_was_given(self):
        w, go = self.w, os.path.join(self.public, "go")
        w.destination = {"write": {"before": []}}
        prepared = self.prepared(spied="neither")
        script = h.write_json(os.path.join(self.public, "slow.json"), {
            "notes": self.notes("source", SOURCE_USER), "read": [{"await": go}]})
        os.chmod(script, 0o644)
        os.chmod(w.root, 0o711)
        prepared[prepared.index("--source") + 1] = " ".join(
            [h.PYTHON, "-I", "-S", os.path.join(self.public, "peer.py"), script])
        self.release_at_the_end(go)
        running = w.start_sync(*self.FLAGS, prepared=prepared)
        h.wait_for_file(os.path.join(self.public, "source", "read.pid"), running)
        given = h.read_json(os.path.join(self.public, "source", "read.config.stat.json"))
        self.assertEqual((given["mode"], given["directory_mode"]), (0o400, 0o711))
        directory = os.path.dirname(given["path"])
        owners = {name: os.stat(os.path.join(directory, name)) for name in os.listdir(directory)}
        for name, user in (("source_config.json", SOURCE_USER), ("source_catalog.json", SOURCE_USER),
                           ("destination_config.json", DESTINATION_USER), ("destination_catalog.json", DESTINATION_USER)):
            self.assertEqual((owners[name].st_uid, stat.S_IMODE(owners[name].st_mode)), (ids(user)[0], 0o400), name)
        self.assertEqual((owners["lock"].st_uid, stat.S_IMODE(owners["lock"].st_mode) & 0o077), (0, 0))
        h.touch(go)
        self.assert_exit(running.wait(), h.OK)
        self.assertFalse(os.path.exists(directory), "gone with the run")

    def notes(self, side, user):
        directory = os.path.join(self.public, side)
        os.mkdir(directory)
        os.chown(directory, *ids(user))
        return directory

    def test_it_dies_with_shunt_all_the_same(self):
        w = self.w
        prepared = self.prepared(spied="neither")
        script = h.write_json(os.path.join(self.public, "hang.json"), {
            "notes": self.notes("source", SOURCE_USER), "read": [{"hang": True}]})
        os.chmod(script, 0o644)
        prepared[prepared.index("--source") + 1] = " ".join(
            [h.PYTHON, "-I", "-S", os.path.join(self.public, "peer.py"), script])
        for number in (h.KILL, h.TERM):
            with self.subTest(number):
                running = w.start_sync(*self.FLAGS, prepared=prepared)
                path = os.path.join(self.public, "source", "read.pid")
                h.wait_for_file(path, running)
                pid = int(h.read_bytes(path))
                os.unlink(path)
                running.signal(number)
                running.wait()
                h.wait_until(lambda: not h.alive(pid), "the end of the source")
        w.sync("--source-user", SOURCE_USER, prepared=self.prepared())  # sweeps what the killed run left
        left = "/dev/shm/shunt-0-shared"
        self.assertEqual([name for name in os.listdir(left) if self.is_mine(os.path.join(left, name))], [])

    def is_mine(self, directory):
        path = os.path.join(directory, "source_config.json")
        return os.path.exists(path) and b"source-secret-1" in h.read_bytes(path)

    def test_an_unknown_user_is_a_usage_error(self):
        result = self.w.sync("--source-user", "no-such-user", prepared=self.prepared())
        self.assert_exit(result, h.USAGE)
        self.assertIn(b"--source-user: there is no user 'no-such-user'", result.err)
        self.assertEqual(self.w.started("source", "read"), 0)


class AsTheSameUser(UserCase):
    """As an ordinary user: root may look at everything, so that nothing could be shown with it."""

    def as_nobody(self, *flags, **aim):
        """Runs the program as nobody, who owns the workspace and what the program needs of it."""
        w = self.w
        prepared = self.prepared(**aim)
        home = os.path.join(self.public, "home")
        os.mkdir(home, 0o700)
        shutil.copytree(w.root, os.path.join(home, "w"))
        runtime = os.path.join(home, "runtime")
        os.mkdir(runtime, 0o700)
        if ROOT:
            for base, _, names in os.walk(home):
                for path in [base] + [os.path.join(base, name) for name in names]:
                    os.chown(path, *ids(SOURCE_USER))
        prepared = [flag.replace(w.root, os.path.join(home, "w")) for flag in prepared]
        environment = w.environment({"XDG_RUNTIME_DIR": runtime, "HOME": home, "OF_OURS": SECRET, "TMPDIR": home})
        uid, gid = ids(SOURCE_USER) if ROOT else (None, None)
        done = subprocess.run(
            [os.path.join(self.public, "shunt"), "sync", "--store", "sqlite:" + os.path.join(home, "store.db"), *prepared,
             *flags], env=environment, cwd=home, user=uid, group=gid, extra_groups=[] if ROOT else None,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=h.DEADLINE)
        return h.Result(["sync"], done.returncode, done.stdout, done.stderr, None)

    def test_a_connector_cannot_look_into_our_process(self):
        result = self.as_nobody()
        self.assert_exit(result, h.OK)
        found = self.spied(result)
        for name in ("environ", "mem", "maps", "auxv", "fd", "trace"):
            self.assertEqual(found[name], "refused", name)

    def test_only_root_may_change_the_user(self):
        result = self.as_nobody("--destination-user", DESTINATION_USER)
        self.assert_exit(result, h.USAGE)
        self.assertIn(b"--destination-user daemon: only root may run a connector as another user", result.err)


class CoreFiles(UserCase):
    def test_neither_we_nor_our_children_leave_one(self):
        w = self.w
        w.source = {"read": [{"touch": w.path("there")}, {"await": w.path("go")}]}
        self.release_at_the_end(w.path("go"))
        running = w.start_sync()
        h.wait_for_file(w.path("there"), running)
        source = int(h.read_bytes(w.path("source", "read.pid")))
        for pid in (running.pid, source):
            limits = h.read_bytes("/proc/%d/limits" % pid).decode()
            row = next(row for row in limits.splitlines() if row.startswith("Max core file size"))
            self.assertEqual(row.split()[4:6], ["0", "0"])
        h.touch(w.path("go"))
        self.assert_exit(running.wait(), h.OK)


if __name__ == "__main__":
    h.main()
