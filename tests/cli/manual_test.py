"""Completion scripts and the manual page, given to the shells and formatters that this machine has."""

import os
import shutil
import subprocess

from tests.cli.program import PROGRAM, ProgramTest, main

# Completes a line as bash does when the tab key is pressed at its end.
COMPLETE = r"""
source "$1"
read -ra COMP_WORDS <<< "$2"
[[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_shunt
printf '%s\n' "${COMPREPLY[@]}"
"""


class ManualTest(ProgramTest):
    def script(self, shell):
        result = self.shunt("completion", shell)
        self.assertEqual(0, result.code, result.err)
        return self.write("completion." + shell, result.out)

    def run_tool(self, *words, **kwargs):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.dir, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir, env=env, timeout=60,
                              check=False, **kwargs)
        self.assertEqual(0, done.returncode, done.stderr.decode())
        return done

    def complete(self, line):
        script = self.script("bash")
        done = self.run_tool("bash", "-c", COMPLETE, "bash", script, line)
        self.assertEqual(b"", done.stderr)
        return [word for word in done.stdout.decode().splitlines() if word]

    # --- completion ---

    def test_bash_takes_its_script(self):
        self.run_tool("bash", "-n", self.script("bash"))

    def test_zsh_and_fish_take_theirs(self):
        for shell in ("zsh", "fish"):
            script = self.script(shell)
            if shutil.which(shell):
                self.run_tool(shell, "-n", script)

    def test_commands_are_completed(self):
        self.assertEqual(["sync"], self.complete("shunt sy"))
        self.assertEqual(["reset", "rollback"], self.complete("shunt state r"))
        self.assertIn("validate", self.complete("shunt "))

    def test_flags_are_those_of_the_command(self):
        self.assertEqual(["--take-over"], self.complete("shunt sync --tak"))
        self.assertEqual([], self.complete("shunt runs --tak"))
        self.assertEqual(["--help", "--version"], self.complete("shunt --"))
        self.assertIn("--to", self.complete("shunt state rollback github --"))

    def test_values_are_those_of_the_flag(self):
        self.assertEqual(["merge", "replace"], self.complete("shunt sync --config-update "))
        self.assertEqual(["replace"], self.complete("shunt sync --config-update r"))
        self.assertEqual(["replace"], self.complete("shunt sync --config-update = r"), "how bash splits --flag=r")
        self.assertEqual([], self.complete("shunt sync --connection "))
        self.assertEqual(["bash"], self.complete("shunt completion b"))

    def test_files_are_completed_where_files_stand(self):
        self.write("catalog.json", {})
        self.write("github.yaml", "")
        self.assertEqual(["catalog.json"], self.complete("shunt sync --catalog cat"))
        self.assertEqual(["github.yaml"], self.complete("shunt sync git"))
        self.assertEqual(["github.yaml"], self.complete("shunt validate git"))
        self.assertEqual([], self.complete("shunt state show git"), "a connection is no file")

    def test_a_shell_that_is_not_known_is_refused(self):
        result = self.shunt("completion", "tcsh")
        self.assertEqual(2, result.code)
        self.assertIn("bash, zsh, fish", result.err)
        self.assertEqual(2, self.shunt("completion").code)

    # --- the manual page ---

    def test_the_page_is_taken_without_a_warning(self):
        page = self.write("shunt.1", self.shunt("man").out)
        self.assertGreater(len(self.read("shunt.1")), 5000)
        formatted = 0
        if shutil.which("groff"):
            done = self.run_tool("groff", "-man", "-ww", "-Tutf8", "-P-c", page)
            self.assertEqual(b"", done.stderr)
            self.assertIn("--memory-budget", done.stdout.decode().replace("‐", "-"))
            formatted += 1
        if shutil.which("mandoc"):
            self.assertEqual(b"", self.run_tool("mandoc", "-Tlint", "-Wwarning", page).stdout)
            formatted += 1
        if shutil.which("man"):
            self.run_tool("man", "-l", page, stdin=subprocess.DEVNULL)
            formatted += 1
        print("formatters:", formatted)

    def test_help_is_a_page_of_its_own_for_each(self):
        for command in ("completion", "man"):
            self.assertIn("Example:", self.shunt(command, "--help").out)
        self.assertTrue(os.path.exists(PROGRAM))


if __name__ == "__main__":
    main()
