"""How a run begins and what is shown of it: specs, the connection's lock, the initial state, late binding
of configs, signals, progress. What happens to the data in between is tested in tests/e2e/.
"""

import json
import os
import pty
import signal
import subprocess

from tests.cli.program import PROGRAM, SECONDS_MAX, ProgramTest, main

STATE = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": {"cursor": 60}}}
         for name in ("customers", "orders")]


class SessionTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.flags = [*self.sync_flags(), "--store", "sqlite:" + self.path("shunt.db"), "--report", self.path("r.json")]

    def sync(self, *more, code=0, **kwargs):
        result = self.shunt("sync", *self.flags, *more, **kwargs)
        self.assertEqual(code, result.code, result.err)
        return result

    def report(self):
        return json.loads(self.read("r.json"))

    def script(self, name, text):
        path = self.write(name, "#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def start(self, *more, **kwargs):
        """A sync that goes on until it is stopped."""
        self.write("source.json", {"records": 10**9, "state_every": 50, "rows_per_second": 500})
        process = subprocess.Popen([PROGRAM, "sync", *self.flags, *more], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, cwd=self.dir, env={"PATH": "/usr/bin:/bin"}, **kwargs)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    @staticmethod
    def wait_for(process, words):
        """Reads stderr until a line with `words` comes."""
        for line in process.stderr:
            if words.encode() in line:
                return
        raise AssertionError(f"{words!r} was never said")

    # --- specs ---

    def test_a_connector_without_a_spec_is_a_warning(self):
        connector = self.script("c.sh", f'[ "$1" = spec ] && echo nothing useful && exit 3\n'
                                        f'exec {PROGRAM} connector source "$@"\n')
        result = self.sync("--source", connector)
        self.assertIn("warning: no spec of the source", result.err)
        self.assertIn("exit code 3", result.err)
        self.assertEqual(200, self.report()["totals"]["records_committed"])

    def test_a_spec_among_other_lines_is_found(self):
        connector = self.script("c.sh", f'[ "$1" = spec ] && echo "log line" && echo more >&2\n'
                                        f'exec {PROGRAM} connector source "$@"\n')
        self.assertNotIn("no spec", self.sync("--source", connector).err)

    def test_given_specs_are_not_asked_for(self):
        connector = self.script("c.sh", f'[ "$1" = spec ] && touch {self.path("asked")}\n'
                                        f'exec {PROGRAM} connector source "$@"\n')
        self.write("spec.json", {"type": "object"})
        self.sync("--source", connector, "--source-spec", "spec.json")
        self.assertFalse(os.path.exists(self.path("asked")))

    def test_verbose_says_what_of_a_spec_is_not_checked(self):
        self.write("spec.json", {"properties": {"path": {"pattern": "(?=a)b"}}})
        note = "spec of the destination: /properties/path/pattern: is no pattern that RE2 can take, not checked"
        self.assertIn(note, self.sync("--destination-spec", "spec.json", "--verbose").err)
        self.assertNotIn(note, self.sync("--destination-spec", "spec.json").err)

    # --- the connection ---

    def test_a_second_run_of_a_live_connection_is_fenced_off(self):
        first = self.start()
        self.wait_for(first, "signed in")
        result = self.sync(code=10)
        self.assertIn("--take-over", result.err)
        self.assertEqual("fenced", self.report()["status"])
        self.assertEqual("running", self.shunt("runs", "--json", *self.flags[-4:-2]).json()[0]["status"])

    def test_taking_over_ends_the_first_run(self):
        first = self.start("--report", self.path("first.json"))
        self.wait_for(first, "signed in")
        self.write("source.json", {"records": 10**4, "state_every": 50, "rows_per_second": 5000})
        self.sync("--take-over")
        self.assertEqual(10, first.wait(SECONDS_MAX))

    # --- the initial state ---

    def test_the_initial_state_is_used_when_the_store_has_none(self):
        self.write("state.json", STATE)
        self.sync("--state", "state.json")
        self.assertEqual(80, self.report()["totals"]["records_read"])
        self.write("source.json", {"records": 110, "state_every": 50})
        self.assertIn("--state is not used", self.sync("--state", "state.json").err)
        self.assertEqual(20, self.report()["totals"]["records_read"])

    # --- late binding ---

    def test_the_rotated_config_wins_over_the_file_and_an_edit_of_the_file_enters(self):
        self.write("source.json", {"records": 100, "rotate_token_every": 150, "refresh_token": "first"})
        self.sync()
        self.assertEqual(0, self.report()["source"]["config_generation"])
        self.assertEqual(1, self.report()["control"]["last_generation"]["source"])
        self.sync()
        self.assertEqual(1, self.report()["source"]["config_generation"])
        self.write("source.json", {"records": 120, "rotate_token_every": 150, "refresh_token": "first"})
        self.sync()
        self.assertEqual(2, self.report()["source"]["config_generation"])
        config = self.shunt("config", "export", "default/source", "--reveal", *self.flags[-4:-2]).json()
        self.assertEqual(120, config["records"])
        self.assertTrue(config["refresh_token"].startswith("rt-0001"))

    def test_secrets_are_masked_in_logs_and_commands(self):
        self.write("source.json", {"records": 10, "refresh_token": "SEKRET-TOKEN"})
        chatty = self.script("c.sh", f'[ "$1" = read ] && echo "password is SEKRET-TOKEN" >&2\n'
                                     f'exec {PROGRAM} connector source "$@"\n')
        result = self.sync("--source", chatty)
        self.assertIn("password is **********", result.err)
        self.assertNotIn("SEKRET", result.err + self.read("r.json"))

    # --- signals ---

    def test_sigterm_and_sigint_end_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start("--connection", f"c{int(number)}")
            self.wait_for(process, "signed in")
            process.send_signal(number)
            process.communicate(timeout=SECONDS_MAX)
            self.assertEqual(128 + number, process.returncode)
            self.assertEqual("signal", self.report()["status"])

    def test_a_signal_before_anything_has_started_is_heard(self):
        hanging = self.script("c.sh", "echo hanging >&2\nexec sleep 60\n")
        process = self.start("--source", hanging)
        # Nothing tells from outside that the spec is being waited for, except the child itself.
        while True:
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
                if file.read().strip():
                    break
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS_MAX)
        self.assertEqual(143, process.returncode)
        self.assertEqual(0, self.report()["source"]["lines"])

    # --- what is shown ---

    def test_stdout_carries_only_the_report_that_was_asked_for(self):
        result = self.sync("--report", "-")
        self.assertEqual("ok", result.json()["status"])
        self.assertEqual("", self.sync().out)

    def test_verbose_shows_the_memory_bound_as_a_sum(self):
        self.assertRegex(self.sync("--verbose").err, r"MEMORY BOUND +AT MOST\n(.*MiB\n)+sum +\d+\.\d MiB\n")
        self.assertNotIn("MEMORY BOUND", self.sync().err)

    def test_a_terminal_gets_a_live_line_and_colours_only_when_wanted(self):
        self.write("source.json", {"records": 500, "rows_per_second": 1000})
        self.assertIn(b"\r\x1b[2K0:00  ", self.run_on_terminal({"TERM": "xterm"}))
        self.write("source.json", {"records": 1000, "rows_per_second": 1000})
        for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn(b"\x1b[", self.run_on_terminal(env))

    def run_on_terminal(self, env):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, "sync", *self.flags], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                                   cwd=self.dir, env={"PATH": "/usr/bin:/bin", **env})
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # how a terminal ends
            pass
        os.close(ours)
        self.assertEqual(0, process.wait(SECONDS_MAX), shown)
        return shown

    def test_a_stderr_that_nobody_reads_does_not_stop_the_sync(self):
        chatty = self.script("c.sh", f'[ "$1" = read ] && yes "a line of no interest" | head -c 2000000 >&2\n'
                                     f'exec {PROGRAM} connector source "$@"\n')
        ours, theirs = os.pipe()
        process = subprocess.Popen([PROGRAM, "sync", *self.flags, "--source", chatty], stderr=theirs, cwd=self.dir,
                                   env={"PATH": "/usr/bin:/bin"})
        os.close(theirs)
        try:
            self.assertEqual(0, process.wait(SECONDS_MAX))
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        self.assertEqual(200, self.report()["totals"]["records_committed"])

    def test_the_spill_directory_is_private_and_not_beside_the_store(self):
        result = self.sync("--spill-dir", self.path("spill"))
        self.assertIn("--spill-dir is on the store's filesystem", result.err)
        self.assertEqual(0o700, os.stat(self.path("spill")).st_mode & 0o777)

    def test_what_is_written_is_private(self):
        self.sync()
        for name in ("r.json", "shunt.db"):
            self.assertEqual(0o600, os.stat(self.path(name)).st_mode & 0o777, name)


if __name__ == "__main__":
    main()
