"""Help texts, usage errors and where settings come from (contract sections 1 and 2).

A usage error is one line on stderr that names the mistake; the exit code is 2 and nothing was started.
"""

import json

from tests.cli.program import PROGRAM, ProgramTest, main

COMMANDS = ["sync", "sidecar", "spec", "check", "discover", "read", "reset", "demo", "state", "state show", "state export", "state import", "state reset", "config",
            "config show", "config history", "config export", "runs", "runs show", "connector", "connector source",
            "connector destination"]


class HelpTest(ProgramTest):
    def test_every_command_has_help_with_an_example_on_stdout(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                result = self.shunt(*command.split(), "--help")
                self.assertEqual(0, result.code)
                self.assertIn("Usage: shunt " + command, result.out)
                self.assertIn("Example:", result.out)
                self.assertEqual("", result.err)

    def test_the_program_lists_its_commands_and_exit_codes(self):
        result = self.shunt("--help")
        self.assertEqual(0, result.code)
        for word in [*{command.split()[0] for command in COMMANDS}, "incomplete_acks", "128+n"]:
            self.assertIn(word, result.out)

    def test_version_is_one_line(self):
        result = self.shunt("--version")
        self.assertEqual(0, result.code)
        self.assertRegex(result.out, r"^shunt \d+\.\d+\.\d+ \(.*\)\n$")

    def test_the_help_of_sync_names_every_flag_and_the_ones_of_sidecar_are_its_own(self):
        sync, sidecar = self.shunt("sync", "--help").out, self.shunt("sidecar", "--help").out
        for flag in ("--source CMD", "--memory-budget", "--on-malformed", "--report", "--take-over"):
            self.assertIn(flag, sync)
        self.assertNotIn("--destination-out", sync)
        self.assertIn("--destination-out", sidecar)
        self.assertNotIn("--source CMD", sidecar)


    def test_a_verb_has_the_flags_that_mean_something_to_it(self):
        for verb, has, has_not in (
                ("spec", ["--source CMD", "--destination CMD"], ["--store", "--source-config", "--report"]),
                ("check", ["--destination-config", "--config-update", "--strict-formats"], ["--catalog", "--state "]),
                ("discover", ["--configured", "--source-id"], ["--on-malformed", "--progress"]),
                ("read", ["--catalog FILE", "--state FILE", "--on-malformed"], ["--destination CMD", "--stream-statuses"])):
            text = self.shunt(verb, "--help").out
            for flag in has:
                self.assertIn(flag, text, verb)
            for flag in has_not:
                self.assertNotIn(flag, text, verb)


class UsageErrorTest(ProgramTest):
    def assert_usage(self, args, *words, **kwargs):
        result = self.shunt(*args, **kwargs)
        self.assertEqual(2, result.code, result.err)
        self.assertEqual("", result.out)
        self.assertEqual(1, len(result.err.splitlines()), result.err)
        self.assertTrue(result.err.startswith("shunt"), result.err)
        for word in words:
            self.assertIn(word, result.err)

    def test_verbs_say_what_they_need(self):
        config = self.write("s.json", "{}")
        self.assert_usage(["spec"], "--source is required")
        self.assert_usage(["check"], "--source or --destination is required")
        self.assert_usage(["check", "--source", "true"], "--source-config is required")
        self.assert_usage(["check", "--destination", "true"], "--destination-config is required")
        self.assert_usage(["discover", "--source", "no-such-program-here", "--source-config", config], "--source")
        self.assert_usage(["read", "--source", "true", "--source-config", config], "--catalog is required")
        self.assert_usage(["check", "--source", "true", "--source-config", config, "--report", "-"], "--report -")
        self.assert_usage(["check", "--source", "true", "--source-config", config + "x"], "--source-config")

    def test_misspelt_commands_and_flags_name_the_nearest(self):
        self.assert_usage(["snyc"], "unknown command 'snyc'", "did you mean 'sync'")
        self.assert_usage(["state", "exprot", "x"], "'exprot'", "did you mean 'export'")
        self.assert_usage(["sync", "--memory-buget", "1"], "unknown option --memory-buget",
                          "did you mean '--memory-budget'")
        self.assert_usage(["--stroe", "x"], "unknown option --stroe")

    def test_an_unknown_flag_is_reported_before_a_missing_one(self):
        self.assert_usage(["sync", "--sorce", "x"], "--sorce")
        self.assert_usage(["state", "export", "--jsn"], "--jsn")

    def test_what_is_required_is_said(self):
        self.assert_usage(["sync"], "--source is required")
        self.assert_usage(["sidecar"], "--catalog is required")
        self.assert_usage(["state", "export"], "NAME is required")
        self.assert_usage(["sync", "--state"], "--state: FILE is missing")
        self.assert_usage(["connector", "source", "read"], "--config is required")
        self.assert_usage(["connector", "source", "raed"], "spec, check, discover, read")

    def test_a_command_without_its_subcommand_shows_the_help(self):
        for args in ([], ["state"], ["config"], ["connector"]):
            result = self.shunt(*args)
            self.assertEqual(2, result.code)
            self.assertIn("Commands:", result.err)

    def test_bad_values_say_what_is_accepted(self):
        flags = self.sync_flags()
        self.assert_usage(["sync", *flags, "--validate", "most"], "--validate", "full, envelope")
        self.assert_usage(["sync", *flags, "--memory-budget", "1MB"], "--memory-budget", "between")
        self.assert_usage(["sync", *flags, "--source-timeout", "10"], "--source-timeout", "3h")
        self.assert_usage(["sync", *flags], "SHUNT_THREADS", "dedicated", env={"SHUNT_THREADS": "many"})
        self.assert_usage(["sync", *flags, "--store", "mysql:x"], "--store", "sqlite:PATH")
        self.assert_usage(["sync", *flags, "--source-id", "a", "--destination-id", "a"], "must differ")
        self.assert_usage(["runs", "--limit", "many"], "--limit")

    def test_a_password_in_a_store_url_is_refused_and_not_repeated(self):
        flags = [*self.sync_flags(), "--store", "postgresql://ada:SEKRET@db/shunt"]
        self.assert_usage(["sync", *flags], "password")
        self.assertNotIn("SEKRET", self.shunt("sync", *flags).err)
        plain = self.sync_flags()
        for url in ("postgresql://ada%3ASEKRET@db/shunt", "postgresql://db/shunt?%70assword=SEKRET",
                    "host=db user=ada password=SEKRET"):
            for result in (self.shunt("sync", *plain, env={"SHUNT_STORE": url}),
                           self.shunt("sync", self.write("shop.yaml", "store: '%s'\n" % url), *plain),
                           self.shunt("runs", "--store", url), self.shunt("config", "show", env={"SHUNT_STORE": url})):
                self.assertEqual(2, result.code, result.err)
                self.assertRegex(result.err, "pgpass.*PGPASSWORD.*PGSERVICE")
                self.assertNotIn("SEKRET", result.err + result.out)

    def test_unreadable_and_invalid_files_are_named(self):
        flags = self.sync_flags()
        for name, content in (("source.json", "[1]"), ("source.json", "{"), ("catalog.json", "{}"),
                              ("catalog.json", "x")):
            with self.subTest(name=name, content=content):
                self.sync_flags()
                self.write(name, content)
                self.assert_usage(["sync", *flags], name)
        self.sync_flags()
        self.assert_usage(["sync", *flags, "--state", "missing.json"], "--state", "missing.json")
        self.assert_usage(["sync", *flags, "--source-spec", "missing.json"], "--source-spec")
        self.assert_usage(["sync", *flags, "--report", "no/such/folder/r.json"], "--report", "no/such/folder")

    def test_a_command_that_is_not_there_is_named_before_anything_starts(self):
        flags = self.sync_flags()
        self.assert_usage(["sync", *flags[2:], "--source", "no-such-program read"], "--source", "no-such-program")
        self.assert_usage(["sync", *flags[2:], "--source", "'unclosed"], "--source")

    def test_a_report_cannot_share_stdout_with_the_data(self):
        catalog = self.sync_flags()[-1]
        self.assert_usage(["sidecar", "--catalog", catalog, "--report", "-"], "--report -")
        self.assert_usage(["sidecar", "--catalog", catalog, "--destination-out", "-"], "same stream")
        self.assert_usage(["sidecar", "--catalog", catalog, "--source-out", "fd:x"], "--source-out")

    def test_mistakes_in_the_connection_file_have_line_and_column(self):
        self.write("c.yaml", "source: x\ndestinaton: y\n")
        self.assert_usage(["sync", "c.yaml"], "c.yaml:2:1", "'destinaton'", "did you mean 'destination'")
        self.write("c.json", '{"source": "x",\n "threads": "lots"}')
        self.assert_usage(["sync", "c.json"], "c.json:2:2", "threads")
        self.assert_usage(["sync", "missing.yaml"], "missing.yaml")


class PrecedenceTest(ProgramTest):
    """Seen from outside: a sidecar without input reports the name it was given."""

    def connection(self, *args, **kwargs):
        result = self.shunt("sidecar", *args, "--report", "r.json", "--store", "memory:", **kwargs)
        self.assertEqual(0, result.code, result.err)
        return json.loads(self.read("r.json"))["connection"]

    def test_flags_win_over_environment_over_file(self):
        self.sync_flags()
        self.write("named.yaml", "catalog: catalog.json\nconnection: from-file\n")
        env = {"SHUNT_CONNECTION": "from-environment"}
        self.assertEqual("from-flag", self.connection("named.yaml", "--connection", "from-flag", env=env))
        self.assertEqual("from-environment", self.connection("named.yaml", env=env))
        self.assertEqual("from-file", self.connection("named.yaml", env={"SHUNT_CONNECTION": ""}))

    def test_the_file_names_the_connection_when_nothing_else_does(self):
        self.sync_flags()
        self.write("github.yaml", "catalog: catalog.json\n")
        self.assertEqual("github", self.connection("github.yaml"))
        self.assertEqual("default", self.connection("--catalog", "catalog.json"))

    def test_a_whole_sync_from_one_file(self):
        self.sync_flags()
        self.write("job.yaml", f"source: {PROGRAM} connector source\nsource_config: source.json\n"
                               f"destination: {PROGRAM} connector destination\n"
                               "destination_config: destination.json\ncatalog: catalog.json\n"
                               "store: sqlite:job.db\nreport: job-report.json\nsource_env: {LOG_LEVEL: debug}\n")
        result = self.shunt("sync", self.path("job.yaml"))
        self.assertEqual(0, result.code, result.err)
        report = json.loads(self.read("job-report.json"))
        self.assertEqual("job", report["connection"])
        self.assertEqual(200, report["totals"]["records_committed"])


if __name__ == "__main__":
    main()
