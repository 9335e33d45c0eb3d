"""The key of an encrypted store: where it comes from, and that nothing starts without the right one
(G53, G57, F132-F134)."""

import base64
import os
import sqlite3
import subprocess

from tests.cli.program import PROGRAM, ProgramTest, main

SECRET = "SEKRET-FROM-THE-FILE"
KEY = bytes(range(32))
OTHER = bytes(reversed(range(32)))


class KeysTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.database = self.path("shunt.db")
        self.store = ["--store", "sqlite:" + self.database]
        self.flags = [*self.sync_flags({"records": 10, "refresh_token": SECRET}), *self.store, "--connection", "shop"]

    def key(self, name, content=KEY, mode=0o600):
        with open(self.path(name), "wb") as file:
            file.write(content)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def sync(self, *flags, code=0, env=None):
        result = self.shunt("sync", *self.flags, *flags, env=env)
        self.assertEqual(code, result.code, result.err)
        return result

    def stored(self):
        with open(self.database, "rb") as file:
            return file.read()

    def exported(self, *flags, code=0, env=None):
        result = self.shunt("config", "export", "shop/source", "--reveal", *self.store, *flags, env=env)
        self.assertEqual(code, result.code, result.err)
        return result

    # --- sources ---

    def test_every_source_and_every_form_of_one_key(self):
        self.sync("--key-file", self.key("raw"))
        self.assertNotIn(SECRET.encode(), self.stored())
        b64, hexadecimal = base64.b64encode(KEY), KEY.hex().encode()
        for flags in (["--key-file", self.key("base64", b64 + b"\n")], ["--key-file", self.key("hex", hexadecimal)],
                      ["--key-command", "/bin/echo " + hexadecimal.decode()]):
            self.assertEqual(SECRET, self.exported(*flags).json()["refresh_token"])
        self.assertEqual(SECRET, self.exported(env={"SHUNT_KEY_FILE": self.path("raw")}).json()["refresh_token"])

    def test_a_descriptor(self):
        self.sync("--key-file", self.key("raw"))
        read_end, write_end = os.pipe()
        os.write(write_end, KEY)
        os.close(write_end)
        done = subprocess.run([PROGRAM, "config", "export", "shop/source", "--reveal", *self.store,
                               "--key-fd", str(read_end)], pass_fds=[read_end], stdout=subprocess.PIPE, check=True)
        os.close(read_end)
        self.assertIn(SECRET.encode(), done.stdout)

    def test_it_is_no_variable_of_a_connector(self):
        source = self.write("source.sh", "#!/bin/sh\nenv > %s\n%s connector source \"$@\"\n" % (self.path("env"), PROGRAM))
        os.chmod(source, 0o755)
        self.sync("--source", source, env={"SHUNT_KEY_FILE": self.key("raw"), "SHUNT_STORE": "sqlite:/nowhere"})
        self.assertNotIn("SHUNT_", self.read("env"))

    # --- what is refused, before anything is started ---

    def refused(self, why, *flags):
        result = self.sync(*flags, code=2)
        self.assertRegex(result.err, why)
        self.assertIn(flags[0], result.err)
        self.assertFalse(os.path.exists(self.database), "nothing was started")

    def test_files_that_are_no_key(self):
        for content in (b"", b"\n", KEY[:31], KEY + b"x", b"not a key"):
            self.refused("key", "--key-file", self.key("bad", content))

    def test_files_that_are_not_ours_alone(self):
        for mode in (0o640, 0o604, 0o620, 0o666):
            self.refused("chmod 600", "--key-file", self.key("open", mode=mode))
        self.refused("cannot open", "--key-file", self.path("missing"))
        os.symlink(self.key("raw"), self.path("link"))
        self.refused("symbolic link", "--key-file", self.path("link"))
        os.mkfifo(self.path("fifo"), 0o600)
        self.refused("regular", "--key-file", self.path("fifo"))
        self.refused("regular", "--key-file", self.dir)

    def test_helpers_that_fail(self):
        script = lambda name, text: self.executable(name, "#!/bin/sh\n" + text)
        self.refused("exit code 1", "--key-command", script("one", "echo %s; exit 1" % KEY.hex()))
        self.refused("signal", "--key-command", script("signal", "kill -9 $$"))
        self.refused("is no key", "--key-command", script("garbage", "echo hello"))
        self.refused("too long", "--key-command", script("long", "yes"))
        self.refused("in time", "--key-command", script("hang", "exec sleep 1000"))
        self.refused("does not end", "--key-command", script("stays", "echo %s; exec >&-; exec sleep 1000" % KEY.hex()))
        self.refused("absolute", "--key-command", "cat key")
        self.refused("cannot run", "--key-command", self.path("missing"))

    def executable(self, name, text):
        self.write(name, text)
        os.chmod(self.path(name), 0o755)
        return self.path(name)

    def test_a_descriptor_that_never_ends(self):
        read_end, write_end = os.pipe()
        done = subprocess.run([PROGRAM, "config", "show", *self.store, "--key-fd", str(read_end)],
                              pass_fds=[read_end], stderr=subprocess.PIPE, timeout=60)
        os.close(read_end)
        os.close(write_end)
        self.assertEqual(2, done.returncode)
        self.assertIn(b"in time", done.stderr)

    def test_descriptors_that_are_none(self):
        for number in ("0", "2", "x", "-1", "987"):
            self.refused("--key-fd", "--key-fd", number)

    # --- the wrong key, and none ---

    def test_another_key_starts_nothing_and_changes_nothing(self):
        self.sync("--key-file", self.key("raw"))
        before = self.stored()
        result = self.sync("--key-file", self.key("other", OTHER), code=5)
        self.assertIn("not among those at hand", result.err)
        self.assertEqual(before, self.stored())

    def test_without_the_key_no_run_falls_back_to_plain_text(self):
        self.sync("--key-file", self.key("raw"))
        result = self.sync(code=5)
        self.assertIn("--key-file", result.err)
        self.assertNotIn(SECRET.encode(), self.stored())
        self.exported(code=5)
        state = self.shunt("state", "export", "shop", *self.store)
        self.assertEqual(0, state.code, "checkpoints are not encrypted: " + state.err)

    # --- a store's life ---

    def test_a_key_alone_encrypts_nothing_that_is_there(self):
        self.assertIn("not encrypted", self.sync().err)
        before = self.stored()
        key = ["--key-file", self.key("raw")]
        for args in (["sync", *self.flags], ["config", "show", *self.store], ["config", "export", "shop/source", *self.store],
                     ["config", "history", "shop/source", *self.store], ["config", "recover", *self.store],
                     ["config", "import", "shop/source", self.path("source.json"), *self.store],
                     ["check", "--source", self.flags[1], "--source-config", self.path("source.json"), *self.store],
                     ["validate", self.connection_file()]):
            with self.subTest(args=args[:2]):
                result = self.shunt(*args, *([] if args[0] == "validate" else key), env={"SHUNT_KEY_FILE": key[1]})
                self.assertEqual(2, result.code, result.err)
                self.assertRegex(result.err + result.out, "not encrypted.*config rekey.*--seal-store")
                self.assertEqual(before, self.stored(), "nothing was written")
        self.sync()  # and a run without the key goes on as before

    def connection_file(self):
        keys = ("source", "source_config", "destination", "destination_config", "catalog", "store", "connection")
        values = {name[2:].replace("-", "_"): value for name, value in zip(self.flags[::2], self.flags[1::2])}
        return self.write("shop.yaml", "".join("%s: '%s'\n" % (key, values[key]) for key in keys))

    def test_an_existing_store_is_encrypted_when_that_is_asked_for(self):
        for name, ask in (("flag", lambda key: self.sync("--key-file", key, "--seal-store")),
                          ("variable", lambda key: self.sync(env={"SHUNT_KEY_FILE": key, "SHUNT_SEAL_STORE": "true"})),
                          ("file", lambda key: self.sync_file("key_file: '%s'\nseal_store: true\n" % key)),
                          ("rekey", lambda key: self.rekey(key)),
                          ("config", lambda key: self.exported("--key-file", key, "--seal-store"))):
            with self.subTest(name=name):
                self.sync()
                self.assertIn(SECRET.encode(), self.stored())
                ask(self.key("raw"))
                self.assertNotIn(SECRET.encode(), self.stored())
                self.assertEqual(SECRET, self.exported("--key-file", self.path("raw")).json()["refresh_token"])
                self.sync(code=5)
                os.remove(self.database)

    def sync_file(self, more):
        path = self.connection_file()
        self.write("shop.yaml", self.read("shop.yaml") + more)
        result = self.shunt("sync", path)
        self.assertEqual(0, result.code, result.err)

    def rekey(self, key):
        result = self.shunt("config", "rekey", *self.store, "--key-file", key)
        self.assertEqual(0, result.code, result.err)
        self.assertIn("2 configs", result.err)

    def test_validate_looks_at_a_store_that_sync_would_encrypt(self):
        self.sync()
        before = self.stored()
        path = self.connection_file()
        self.write("shop.yaml", self.read("shop.yaml") + "key_file: '%s'\nseal_store: true\n" % self.key("raw"))
        result = self.shunt("validate", path)
        self.assertEqual(0, result.code, result.err + result.out)
        self.assertEqual(before, self.stored())

    def test_a_key_is_changed(self):
        self.sync("--key-file", self.key("raw"))
        both = self.key("both", OTHER.hex().encode() + b"\n" + KEY.hex().encode() + b"\n")
        done = self.shunt("config", "rekey", *self.store, "--key-file", both)
        self.assertEqual(0, done.code, done.err)
        self.assertIn("2 configs", done.err)
        self.exported("--key-file", self.path("raw"), code=5)
        self.assertEqual(SECRET, self.exported("--key-file", self.key("new", OTHER)).json()["refresh_token"])
        self.assertEqual(2, self.shunt("config", "rekey", *self.store).code, "without a key")

    # --- somebody writes into the database ---

    def edit(self, sql):
        database = sqlite3.connect(self.database)
        database.executescript(sql)
        database.close()

    def test_what_was_changed_in_the_database_is_noticed(self):
        key = ["--key-file", self.key("raw")]
        self.sync(*key)
        whole = self.stored()
        for words, sql in (
                ("not encrypted, although the store is", "UPDATE config_keys SET value = '\"planted\"' WHERE key = 'refresh_token'"),
                ("not encrypted, although the store is",
                 "INSERT INTO config_keys SELECT config_id, 99, 'host', effective_at, epoch, seq, '\"evil\"' FROM config_keys LIMIT 1"),
                ("was changed", "DELETE FROM config_keys WHERE key = 'refresh_token'"),
                ("was changed", "UPDATE config_keys SET value = NULL WHERE key = 'refresh_token'"),
                ("was changed", "UPDATE config_file_keys SET digest = x'00' WHERE key = 'refresh_token'"),
                ("was removed", "DELETE FROM configs"),
                ("no longer says so", "UPDATE store_identity SET seal = ''")):
            with self.subTest(sql=sql):
                self.edit(sql)
                edited = self.stored()
                for flags in (key, [*key, "--seal-store"]):
                    result = self.sync(*flags, code=5)
                    self.assertRegex(result.err, words + ".*--accept-changes")
                result = self.shunt("config", "rekey", *self.store, *key)
                self.assertEqual(5, result.code, result.err)
                self.assertEqual(edited.count(b"evil"), self.stored().count(b"evil"))
                with open(self.database, "wb") as file:
                    file.write(whole)
        self.sync(*key)

    def test_what_was_changed_is_the_truth_once_somebody_says_so(self):
        key = ["--key-file", self.key("raw")]
        self.sync(*key)
        self.edit("UPDATE config_keys SET value = '\"by hand\"' WHERE key = 'refresh_token'")
        result = self.shunt("config", "rekey", *self.store, *key, "--accept-changes")
        self.assertEqual(0, result.code, result.err)
        self.assertEqual("by hand", self.exported(*key).json()["refresh_token"])
        self.sync(*key)

    def test_a_store_that_was_put_back_is_refused_by_who_knows_better(self):
        key = ["--key-file", self.key("raw")]
        anchored = [*key, "--seal-anchor", self.path("anchor")]
        self.sync(*anchored)
        old = self.stored()
        imported = self.shunt("config", "import", "shop/source", self.write("new.json", {"records": 1, "refresh_token": "second"}),
                              *self.store, *anchored)
        self.assertEqual(0, imported.code, imported.err)
        new = self.stored()
        with open(self.database, "wb") as file:
            file.write(old)
        for result in (self.sync(*anchored, code=5), self.exported(*anchored, code=5)):
            self.assertRegex(result.err, "older than it was before.*--accept-changes")
        self.assertEqual(SECRET, self.exported(*key).json()["refresh_token"], "without the anchor nobody knows")
        os.remove(self.database)
        self.assertIn("another one in its place", self.sync(*anchored, code=5).err)
        with open(self.database, "wb") as file:
            file.write(new)
        self.assertEqual("second", self.exported(*anchored).json()["refresh_token"])
        with open(self.database, "wb") as file:
            file.write(old)
        done = self.shunt("config", "rekey", *self.store, *anchored, "--accept-changes")
        self.assertEqual(0, done.code, done.err)
        self.assertEqual(SECRET, self.exported(*anchored).json()["refresh_token"])
        self.sync(*anchored)
        with open(self.database, "wb") as file:
            file.write(new)
        self.sync(*anchored, code=5)

    def test_an_anchor_that_is_none_or_cannot_be_kept(self):
        key = ["--key-file", self.key("raw")]
        for name in (self.write("text", "hello"), self.key("open", mode=0o644)):
            result = self.sync(*key, "--seal-anchor", name, code=2)
            self.assertIn(name, result.err)
        result = self.sync(*key, "--seal-anchor", self.path("missing/anchor"), code=2)
        self.assertIn(self.path("missing") + ": No such file or directory (--seal-anchor)", result.err)


if __name__ == "__main__":
    main()
