"""A second user of the machine attacks everything that the program opens: nothing of ours is read, written, followed
or waited for, and the program says so with exit 2 (5 in mid-run).

The stranger is a user number that nobody has; root becomes it. Attacked are root itself, to whom no directory is
closed, and an ordinary user, each with a program that starts in public places. Without root there is no second user;
then only the attacks that we can make on ourselves run, and the others say so.
"""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from tests.e2e import harness as h

ROOT = os.geteuid() == 0
STRANGER, ORDINARY = 54321, 54322
SECRET = "only-ours-" + "4711-0815"
PRECIOUS = b"precious, of another user"
SECONDS_MAX = 30  # for what takes a tenth of one


class AttackCase(unittest.TestCase):
    """A public place with the program, a home of the attacked user, and a count of attacks."""

    def setUp(self):
        self.attacks = 0
        self.outer = tempfile.mkdtemp(prefix="shunt-strangers-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.outer, True)
        os.chmod(self.outer, 0o755)
        self.shunt = shutil.copy(h.program(), os.path.join(self.outer, "shunt"))
        os.chmod(self.shunt, 0o755)
        self.users = [os.geteuid()] + ([ORDINARY] if ROOT else [])
        self.addCleanup(lambda: print("attacks of %s: %d" % (self.id().rpartition(".")[2], self.attacks)))

    def become(self, user):
        """The attacked one from now on, with a home and a public place of his own."""
        self.user = user
        self.place = os.path.join(self.outer, str(user))
        self.home = self.directory("home", 0o700, user)
        self.sticky = self.directory("sticky", 0o1777, 0)
        self.runtime = self.directory("home/runtime", 0o700, user)
        self.flags = ["--catalog", self.ours("catalog.json", h.catalog("customers"))]
        for side, config in (("source", {"records": 3, "streams": 1}), ("destination", {"mode": "discard"})):
            self.flags += ["--" + side, "%s connector %s" % (self.shunt, side), "--%s-config" % side,
                           self.ours(side + ".json", dict(config, **({"refresh_token": SECRET} if side == "source" else {"token": SECRET})))]

    def directory(self, name, mode, owner):
        path = os.path.join(self.place, name)
        while os.path.exists(path):
            path += "-"
        os.makedirs(path)
        os.chmod(path, mode)
        self.give(path, owner)
        return path

    def give(self, path, owner):
        if ROOT:
            os.chown(path, owner, owner, follow_symlinks=False)

    def ours(self, name, value):
        path = h.write_json(os.path.join(self.home, name), value)
        os.chmod(path, 0o600)
        self.give(path, self.user)
        return path

    def start(self, *arguments, **more):
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.home, "XDG_RUNTIME_DIR": self.runtime,
                       "XDG_STATE_HOME": self.home + "/state", "NO_COLOR": "1"}
        environment.update(more)
        as_him = {"user": self.user, "group": self.user, "extra_groups": []} if ROOT else {}
        return subprocess.Popen([self.shunt, *arguments], env=environment, cwd=self.home, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **as_him)

    def run_it(self, *arguments, **more):
        process = self.start(*arguments, **more)
        try:
            out, err = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError("it hangs: %s" % " ".join(arguments)) from None
        self.assertNotIn(SECRET.encode(), out + err)
        return process.returncode, err.decode("utf-8", "replace")

    def sync(self, *flags, **more):
        return self.run_it("sync", "--progress", "none", "--store", "memory:", *self.flags, *flags, **more)

    def assert_refused(self, answer, *why):
        code, err = answer
        self.attacks += 1
        self.assertEqual(code, h.USAGE, err)
        for word in why:
            self.assertIn(word, err)

    def seen_by_the_stranger(self):
        """The text of all that the stranger can read in the public place, read as the stranger."""
        script = ("import os, sys\nfor base, _, names in os.walk(sys.argv[1]):\n for name in names:\n"
                  "  path = os.path.join(base, name)\n  if name == 'shunt' or not os.path.isfile(path): continue\n"
                  "  try: sys.stdout.buffer.write(open(path, 'rb').read())\n  except OSError: pass\n")
        as_him = {"user": STRANGER, "group": STRANGER, "extra_groups": []}
        return subprocess.run([h.PYTHON, "-I", "-S", "-c", script, self.outer], stdout=subprocess.PIPE, check=True,
                              **as_him).stdout


# What a stranger puts under a name. Each gets the path, and a precious file that nothing may change.


def a_file(mode):
    def make(path, _):
        with open(path, "wb") as out:
            out.write(PRECIOUS)
        os.chmod(path, mode)
    return make


def a_link(path, precious):
    os.symlink(precious, path)


def a_dangling_link(path, precious):
    os.symlink(precious + ".made", path)


def a_fifo(path, _):
    os.mkfifo(path, 0o666)
    os.chmod(path, 0o666)


def a_directory(path, _):
    os.mkdir(path)
    os.chmod(path, 0o777)


def a_socket(path, _):
    here = os.getcwd()
    os.chdir(os.path.dirname(path))  # its own path is short
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.basename(path))
    os.chdir(here)


THINGS = {"a file, 0600": a_file(0o600), "a file, 0666": a_file(0o666), "a link": a_link,
          "a dangling link": a_dangling_link, "a FIFO": a_fifo, "a directory": a_directory, "a socket": a_socket}


@unittest.skipUnless(ROOT, "only root can make a second user")
class Planted(AttackCase):
    """Things that lie there before the program comes."""

    def each(self, attack):
        for user in self.users:
            self.become(user)
            self.precious = os.path.join(self.place, "precious")
            for owner in (STRANGER, user):  # his own file is no better as a target
                with open(self.precious, "wb") as out:
                    out.write(PRECIOUS)
                os.chmod(self.precious, 0o600)
                self.give(self.precious, owner)
            attack()
            self.assertEqual(h.read_bytes(self.precious), PRECIOUS)
            self.assertFalse(os.path.exists(self.precious + ".made"), "made through a link")
            self.assertNotIn(SECRET.encode(), self.seen_by_the_stranger())

    def plant(self, thing, path):
        THINGS[thing](path, self.precious)
        self.give(path, STRANGER)
        return os.lstat(path)

    def lift(self, path, before):
        """Takes it away again; it is as it was."""
        after = os.lstat(path)
        for field in ("st_ino", "st_uid", "st_mode", "st_size", "st_mtime_ns"):
            self.assertEqual(getattr(after, field), getattr(before, field), field)
        if stat.S_ISDIR(after.st_mode):
            self.assertEqual(os.listdir(path), [])
            os.rmdir(path)
        else:
            os.unlink(path)

    def attack_name(self, path, answer, things=THINGS, **options):
        """Under this name, every thing in turn, made by the stranger."""
        for thing in things:
            with self.subTest(thing=thing, path=path, user=self.user):
                before = self.plant(thing, path)
                self.assert_refused(answer(), os.path.basename(path), **options)
                self.lift(path, before)

    def test_in_the_place_of_the_store_and_what_sqlite_has_beside_it(self):
        def attack():
            folder = self.directory("home/stored", 0o700, self.user)
            path = folder + "/store.db"
            runs = lambda: self.run_it("runs", "--store", "sqlite:" + path)
            sync = lambda: self.sync("--store", "sqlite:" + path)
            self.attack_name(path, sync)
            code, err = sync()
            self.assertEqual(code, h.OK, err)
            for suffix in ("-journal", "-wal", "-shm"):
                self.attack_name(path + suffix, sync)
                self.attack_name(path + suffix, runs)
            os.chmod(path, 0o666)
            self.assert_refused(sync(), "chmod 600")
            os.chmod(path, 0o600)
            code, err = runs()
            self.assertEqual(code, h.OK, err)
        self.each(attack)

    def test_the_directory_of_the_store(self):
        def attack():
            for mode, owner in ((0o777, 0), (0o777, self.user), (0o1777, 0), (0o755, STRANGER), (0o700, STRANGER),
                                (0o775, STRANGER)):
                name = "dir-%o-%d" % (mode, owner)
                folder = self.directory(name, mode, owner)
                for command in (("runs",), ("config", "show", "x"), ("state", "show", "x")):
                    answer = self.run_it(*command, "--store", "sqlite:%s/store.db" % folder)
                    if answer[0] == h.USAGE and "there is no store" in answer[1]:
                        continue  # a reader makes nothing
                    self.assert_refused(answer, folder)
                below = folder + "/mine"
                os.mkdir(below, 0o700)
                self.give(below, self.user)
                for path in [folder + "/store.db"] + ([] if mode == 0o1777 else [below + "/store.db"]):
                    answer = self.sync("--store", "sqlite:" + path)
                    if self.user and owner == STRANGER and mode == 0o700:
                        self.attacks += 1
                        self.assertIn(answer[0], (h.USAGE, h.STORE), answer[1])
                    else:
                        self.assert_refused(answer, folder)
                self.assertEqual((os.listdir(folder), os.listdir(below)), (["mine"], []))
        self.each(attack)

    def test_below_the_sticky_bit_what_is_ours_is_used_and_a_link_of_others_is_not(self):
        def attack():
            mine = self.directory("sticky/mine", 0o700, self.user)
            store = "sqlite:" + mine + "/store.db"
            code, err = self.sync("--store", store)
            self.assertEqual(code, h.OK, err)
            if os.path.lexists(self.sticky + "/link"):
                os.unlink(self.sticky + "/link")
            os.symlink(mine, self.sticky + "/link")
            self.give(self.sticky + "/link", STRANGER)
            self.assert_refused(self.sync("--store", "sqlite:%s/link/store.db" % self.sticky), "sticky/link")
            self.assert_refused(self.sync("--spill-dir", self.sticky + "/link"), "sticky/link")
            self.assert_refused(self.sync("--report", self.sticky + "/link/report.json"), "sticky/link")
        self.each(attack)

    def test_in_the_place_of_the_report(self):
        def attack():
            for folder in (self.sticky, self.home):
                self.attack_name(folder + "/report.json", lambda folder=folder: self.sync("--report", folder + "/report.json"))
            for mode, owner in ((0o777, 0), (0o755, STRANGER)):
                folder = self.directory("reports-%o-%d" % (mode, owner), mode, owner)
                self.assert_refused(self.sync("--report", folder + "/report.json"), folder)
            code, err = self.sync("--report", self.sticky + "/mine.json")
            self.assertEqual(code, h.OK, err)
            self.assertEqual(stat.S_IMODE(os.stat(self.sticky + "/mine.json").st_mode), 0o600)
        self.each(attack)

    def test_in_the_place_of_the_key(self):
        def attack():
            for folder in (self.sticky, self.home):
                key = folder + "/key"
                self.attack_name(key, lambda key=key: self.sync("--key-file", key))
            folder = self.directory("keys", 0o777, 0)
            with open(folder + "/key", "wb") as out:
                out.write(b"k" * 32)
            os.chmod(folder + "/key", 0o600)
            self.give(folder + "/key", self.user)
            self.assert_refused(self.sync("--key-file", folder + "/key"), folder)
        self.each(attack)

    def test_in_the_place_of_the_spill_directory(self):
        def attack():
            self.attack_name(self.sticky + "/spill", lambda: self.sync("--spill-dir", self.sticky + "/spill"),
                             things=["a directory", "a link"])
            for mode, owner in ((0o777, 0), (0o777, self.user), (0o1777, 0), (0o755, STRANGER)):
                folder = self.directory("spill-%o-%d" % (mode, owner), mode, owner)
                self.assert_refused(self.sync("--spill-dir", folder), folder)
        self.each(attack)

    def test_a_run_directory_of_others_is_not_used(self):
        def attack():
            own = "shunt-%d" % self.user
            for name, mode, owner in (("tmp-1", 0o777, 0), ("tmp-2", 0o755, STRANGER), ("tmp-3", 0o1777, 0)):
                folder = self.directory(name, mode, owner)
                # In the sticky one, the name of our base is taken.
                things = ["a directory", "a link", "a file, 0666"] if mode == 0o1777 else [None]
                for thing in things:
                    before = self.plant(thing, os.path.join(folder, own)) if thing else None
                    code, err = self.sync("--verbose", XDG_RUNTIME_DIR=folder, TMPDIR=folder)
                    self.attacks += 1
                    self.assertEqual(code, h.OK, err)  # /dev/shm is left
                    if thing:
                        self.lift(os.path.join(folder, own), before)
                    # Below the sticky bit there is one of ours, for large states.
                    left = [os.stat(os.path.join(folder, name)) for name in os.listdir(folder)]
                    self.assertEqual({(info.st_uid, stat.S_IMODE(info.st_mode)) for info in left},
                                     {(self.user, 0o700)} if mode == 0o1777 else set())
        self.each(attack)

    def test_a_fifo_instead_of_an_input_ends_with_a_signal(self):
        def attack():
            for flag in ("--source-config", "--destination-config", "--catalog", "--state", "--source-spec"):
                fifo = self.sticky + "/input"
                before = self.plant("a FIFO", fifo)
                process = self.start("sync", "--store", "memory:", *self.flags, flag, fifo)
                end = os.open(fifo, os.O_WRONLY)  # it is there, and reads
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=SECONDS_MAX)
                os.close(end)
                self.attacks += 1
                self.assertIn(process.returncode, (-signal.SIGTERM, 128 + signal.SIGTERM))
                os.utime(fifo, ns=(before.st_atime_ns, before.st_mtime_ns))
                self.lift(fifo, before)
        self.each(attack)


# What the stranger does without a pause, as itself.
SWAPPER = r'''
import os, sys
kind, name, one, two = sys.argv[1:5]
print("up", flush=True)
while True:
    for target in (one, two):
        try:
            if kind == "link":
                os.symlink(target, name + ".new")
                os.rename(name + ".new", name)
            elif kind == "fifo":
                if os.path.lexists(name):
                    os.unlink(name)
                else:
                    os.mkfifo(name, 0o666)
            else:
                os.rename(name, name + ".away")
                os.rename(target, name)
                os.rename(name, target)
                os.rename(name + ".away", name)
        except OSError:
            pass
'''


@unittest.skipUnless(ROOT, "only root can make a second user")
class Races(AttackCase):
    """The stranger changes things while the program looks at them."""

    ROUNDS = 8

    def race(self, kind, name, one, two, attempt):
        as_him = {"user": STRANGER, "group": STRANGER, "extra_groups": []}
        swapper = subprocess.Popen([h.PYTHON, "-I", "-S", "-c", SWAPPER, kind, name, one, two], stdout=subprocess.PIPE,
                                   **as_him)
        try:
            self.assertEqual(swapper.stdout.readline(), b"up\n")
            for _ in range(self.ROUNDS):
                code, err = attempt()
                self.attacks += 1
                self.assertIn(code, (h.OK, h.USAGE, h.STORE), err)
        finally:
            h.stop(swapper)
            swapper.stdout.close()

    def for_each_user(self):
        for user in self.users:
            self.become(user)
            yield user
            self.assertNotIn(SECRET.encode(), self.seen_by_the_stranger())

    def test_links_between_a_directory_of_ours_and_one_of_theirs(self):
        for user in self.for_each_user():
            mine, theirs = self.directory("sticky/mine", 0o700, user), self.directory("sticky/theirs", 0o777, STRANGER)
            name = self.sticky + "/link"
            for attempt in (lambda: self.sync("--store", "sqlite:%s/store.db" % name),
                            lambda: self.sync("--report", name + "/report.json"),
                            lambda: self.sync("--spill-dir", name),
                            lambda: self.sync(XDG_RUNTIME_DIR=name, TMPDIR=name)):
                self.race("link", name, mine, theirs, attempt)
            self.assertEqual((os.listdir(mine), os.listdir(theirs)), ([], []), "a link of theirs leads nowhere")

    def test_directories_that_are_renamed_in_a_public_place_without_the_sticky_bit(self):
        for user in self.for_each_user():
            public = self.directory("public", 0o777, 0)
            mine, theirs = self.directory("public/mine", 0o700, user), self.directory("public/theirs", 0o777, STRANGER)
            for attempt in (lambda: self.sync("--store", "sqlite:%s/store.db" % mine),
                            lambda: self.sync("--report", mine + "/report.json"),
                            lambda: self.sync("--spill-dir", mine),
                            lambda: self.sync(XDG_RUNTIME_DIR=mine, TMPDIR=mine)):
                self.race("rename", mine, theirs, theirs, attempt)
            for at, _, names in os.walk(public):
                self.assertEqual(names, [], at)

    def test_a_fifo_that_comes_and_goes_where_the_report_is_to_be(self):
        for _ in self.for_each_user():
            path = self.sticky + "/report.json"
            self.race("fifo", path, "", "", lambda: self.sync("--report", path))


@unittest.skipUnless(ROOT, "only root can make a second user")
class Processes(AttackCase):
    """While a run lives, the stranger looks into it and signals it."""

    @staticmethod
    def moves(pid):
        try:
            words = h.read_bytes("/proc/%d/cmdline" % pid).split(b"\0")
        except OSError:
            return False
        return b"read" in words or b"write" in words

    def test_nothing_is_read_and_nothing_is_signalled(self):
        spy = ("import json, os, sys\nfound = []\nfor pid in sys.argv[1:]:\n"
               " for name in ('environ', 'mem', 'maps', 'auxv', 'stack', 'syscall', 'io', 'fd', 'cwd', 'root', 'exe', 'map_files'):\n"
               "  path = '/proc/%s/%s' % (pid, name)\n"
               "  try:\n"
               "   got = os.listdir(path) if name in ('fd', 'map_files') else os.readlink(path) if name in ('cwd', 'root', 'exe') else open(path, 'rb').read(16)\n"
               "   if got: found.append([path, str(got)])\n"
               "  except OSError: pass\n"
               " for number in (0, 1, 2, 9, 10, 15, 19):\n"
               "  try: os.kill(int(pid), number); found.append([pid, number])\n"
               "  except OSError: pass\n"
               " found += [[pid, 'secret']] if open('/proc/%s/cmdline' % pid).read().find('only-ours') >= 0 else []\n"
               "print(json.dumps(found))")
        for user in self.users:
            self.become(user)
            slow = self.ours("slow.json", {"records": 1000000, "rows_per_second": 1, "streams": 1, "refresh_token": SECRET})
            flags = list(self.flags)
            flags[flags.index("--source-config") + 1] = slow
            process = self.start("sync", "--store", "memory:", "--progress", "none", "--spill-dir", self.home + "/spill", *flags)
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            children = lambda: [pid for pid in h.processes_with(self.shunt + "\0connector") if self.moves(pid)]
            h.wait_until(lambda: len(children()) == 2, "both connectors")
            pids = [process.pid] + children()
            as_him = {"user": STRANGER, "group": STRANGER, "extra_groups": []}
            found = subprocess.run([h.PYTHON, "-I", "-S", "-c", spy, *map(str, pids)], stdout=subprocess.PIPE, check=True,
                                   **as_him).stdout
            self.attacks += 20 * len(pids)
            self.assertEqual(json.loads(found), [])
            self.assertNotIn(SECRET.encode(), self.seen_by_the_stranger())
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(SECONDS_MAX), 128 + signal.SIGTERM)


class OnOurselves(AttackCase):
    """What needs no second user."""

    def test_links_fifos_and_open_places_are_refused_and_streams_are_not(self):
        self.become(os.geteuid())
        public = self.directory("public", 0o777, os.geteuid())
        os.symlink(self.home, self.home + "/link")
        os.mkfifo(self.home + "/fifo")
        os.symlink("nowhere", self.home + "/dangling")
        for flags in (["--report", self.home + "/fifo"], ["--report", self.home + "/dangling"], ["--report", public + "/r"],
                      ["--store", "sqlite:%s/store.db" % public], ["--store", "sqlite:%s/fifo" % self.home],
                      ["--store", "sqlite:%s/dangling" % self.home], ["--spill-dir", public],
                      ["--key-file", self.home + "/fifo"], ["--key-file", self.home + "/dangling"]):
            self.assert_refused(self.sync(*flags))
        self.assertEqual(os.listdir(public), [])
        for flags in (["--report", "/dev/null"], ["--report", "/dev/stdout"], ["--report", "/proc/self/fd/1"],
                      ["--report", self.home + "/link/report.json"], ["--store", "sqlite:%s/link/store.db" % self.home]):
            code, err = self.sync(*flags)
            self.assertEqual(code, h.OK, err)

    def test_a_config_from_a_process_substitution(self):
        self.become(os.geteuid())
        config = self.flags[self.flags.index("--source-config") + 1]
        flags = " ".join("'%s'" % flag for flag in self.flags).replace("'%s'" % config, "<(sleep 0.2; cat '%s')" % config)
        done = subprocess.run(["bash", "-c", "'%s' sync --progress none --store memory: %s" % (self.shunt, flags)],
                              env={"PATH": "/usr/bin:/bin", "HOME": self.home}, capture_output=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, h.OK, done.stderr)


class TheReport(h.SyncTest):
    def test_whose_place_is_taken_in_mid_run_is_not_written_and_the_run_says_so(self):
        w = self.w
        w.source["read"] = [{"touch": w.path("up")}, {"await": w.path("go")}]
        self.release_at_the_end(w.path("go"))
        report = w.path("taken.json")
        run = w.start("sync", "--store", w.store, "--report", report, *w.prepare())
        h.wait_for_file(w.path("up"), run)
        os.mkfifo(report)
        h.touch(w.path("go"))
        result = run.wait()
        self.assertEqual(result.code, h.STORE, str(result))
        self.assertIn(b"taken.json is a FIFO", result.err)
        self.assertEqual([row["status"] for row in json.loads(w.command("runs", "--json"))], ["store_failed"])


if __name__ == "__main__":
    h.main()
