"""Looking into a store: state, config and runs, as tables for people and as JSON for scripts."""

import json
import os

from tests.cli.program import ProgramTest, main

SECRET = "SEKRET-FROM-THE-FILE"


class ListingTest(ProgramTest):
    """Every test looks at a store that a small sync with a token rotation has filled."""

    def setUp(self):
        super().setUp()
        self.store = ["--store", "sqlite:" + self.path("shunt.db")]
        self.flags = [*self.sync_flags({"records": 100, "state_every": 50, "rotate_token_every": 150,
                                        "refresh_token": SECRET}), *self.store, "--connection", "shop"]
        self.sync()

    def sync(self, code=0):
        result = self.shunt("sync", *self.flags)
        self.assertEqual(code, result.code, result.err)
        return result

    def ask(self, *args, code=0, **kwargs):
        result = self.shunt(*args, *self.store, **kwargs)
        self.assertEqual(code, result.code, result.err)
        return result

    # --- state ---

    def test_state_show(self):
        self.assertRegex(self.ask("state", "show").out, r"shop +STREAM +2 .* ok\n")
        table = self.ask("state", "show", "shop").lines()
        self.assertEqual(["TYPE", "STREAM", "NAMESPACE", "STATE"], table[0].split())
        self.assertEqual(["STREAM", "customers", "-", '{"cursor":100}'], table[1].split())
        lanes = self.ask("state", "show", "shop", "--json").json()["lanes"]
        self.assertEqual({"type": "STREAM", "stream": "orders", "namespace": None, "state": {"cursor": 100}}, lanes[1])
        self.assertEqual("shop", self.ask("state", "show", "--json").json()[0]["connection"])

    def test_exported_state_is_what_a_source_takes_and_import_takes_it_back(self):
        exported = self.ask("state", "export", "shop").out
        self.assertEqual({"cursor": 100}, json.loads(exported)[0]["stream"]["stream_state"])
        self.assertIn("removed 2 states", self.ask("state", "reset", "shop").err)
        self.assertEqual([], self.ask("state", "export", "shop").json())
        self.assertIn("starts from the beginning", self.ask("state", "show", "shop").out)
        self.ask("state", "import", "shop", self.write("state.json", exported))
        self.assertEqual(exported, self.ask("state", "export", "shop").out)
        self.ask("state", "import", "other", "-", stdin=exported.encode())
        self.assertEqual(exported, self.ask("state", "export", "other").out)

    def test_a_reset_makes_the_next_run_start_over(self):
        self.assertIn("resumes from 2 STREAM states", self.sync().err)
        self.ask("state", "reset", "shop")
        self.assertIn("starts from the beginning", self.sync().err)

    def test_state_import_refuses_what_is_no_state(self):
        self.assertIn("bad.json", self.ask("state", "import", "shop", self.write("bad.json", "[1]"), code=2).err)
        self.assertIn("none.json", self.ask("state", "import", "shop", "none.json", code=2).err)
        self.assertEqual(2, len(self.ask("state", "export", "shop").json()))

    # --- config ---

    def test_config_show_masks_secrets_unless_told_otherwise(self):
        self.assertRegex(self.ask("config", "show").out, r"shop/source +1 ")
        masked = self.ask("config", "show", "shop/source").out
        self.assertIn('"**********"', masked)
        self.assertNotIn("rt-0001", masked)
        keys = {key["key"]: key for key in self.ask("config", "show", "shop/source", "--json").json()["keys"]}
        self.assertEqual("**********", keys["refresh_token"]["value"])
        self.assertEqual(100, keys["records"]["value"])
        self.assertIn("rt-0001", self.ask("config", "show", "shop/source", "--reveal").out)

    def test_config_export_is_the_config_as_a_connector_takes_it(self):
        masked = self.ask("config", "export", "shop/source").json()
        self.assertEqual("**********", masked["refresh_token"])
        config = self.ask("config", "export", "shop/source", "--reveal").json()
        self.assertTrue(config["refresh_token"].startswith("rt-0001"))
        self.assertEqual(100, config["records"])
        self.assertEqual({"path": self.path("out")}, self.ask("config", "export", "shop/destination").json())

    def test_a_spec_says_exactly_what_is_secret(self):
        spec = self.write("spec.jsonl", self.shunt("connector", "source", "spec").out)
        config = self.ask("config", "export", "shop/source", "--spec", spec).json()
        self.assertEqual("**********", config["refresh_token"])
        self.assertEqual(150, config["rotate_token_every"])  # its name sounds secret, the spec knows better

    def test_config_history_tells_when_by_whom_which_keys_and_which_verdict(self):
        rows = self.ask("config", "history", "shop/source", "--json").json()
        self.assertEqual([("file", "applied", 0), ("source", "applied", 1)],
                         [(row["writer"], row["verdict"], row["generation"]) for row in rows])
        self.assertEqual("**********", rows[0]["config"]["refresh_token"])
        story = self.ask("config", "history", "shop/source").out
        self.assertNotIn(SECRET, story)
        self.assertRegex(story, "(?s)^shop/source: generation 1, updated 20"
                         ".*the config file, read by run [0-9a-f]{12} said .*refresh_token.*applied: generation 0"
                         ".*the source \\(run [0-9a-f]{12}, line [0-9]+\\) said .*applied: generation 1"
                         ".*changed refresh_token, rotations")

    # --- runs ---

    def test_runs_newest_first(self):
        self.sync()
        runs = self.ask("runs", "--json").json()
        self.assertEqual(["ok", "ok"], [run["status"] for run in runs])
        self.assertGreater(runs[0]["epoch"], runs[1]["epoch"])
        self.assertEqual(3, len(self.ask("runs").lines()))
        self.assertEqual(1, len(self.ask("runs", "--limit", "1", "--json").json()))
        self.assertEqual([], self.ask("runs", "--connection", "other", "--json").json())

    def test_runs_show_prints_the_report_also_by_the_first_characters_of_the_id(self):
        run_id = self.ask("runs", "--json").json()[0]["run_id"]
        report = self.ask("runs", "show", run_id[:10]).json()
        self.assertEqual("shunt.report/1", report["schema"])
        self.assertEqual(run_id, report["run_id"])
        self.assertEqual(200, report["totals"]["records_committed"])
        self.ask("runs", "show", "zzzz", code=2)

    # --- all of them ---

    def test_what_is_not_there_is_named_with_what_is(self):
        self.assertIn("there are: shop", self.ask("state", "show", "shpo", code=2).err)
        self.assertIn("there are: shop/destination, shop/source", self.ask("config", "show", "shop", code=2).err)

    def test_looking_at_a_store_that_is_not_there_creates_none(self):
        result = self.shunt("runs", "--store", "sqlite:" + self.path("none.db"))
        self.assertEqual(2, result.code)
        self.assertFalse(os.path.exists(self.path("none.db")))

    def test_the_store_is_found_by_variable_and_by_default(self):
        by_variable = self.shunt("runs", "--json", env={"SHUNT_STORE": self.store[1]})
        self.assertEqual(1, len(by_variable.json()))
        state_home = self.path("home")
        os.makedirs(os.path.join(state_home, "shunt"))
        os.rename(self.path("shunt.db"), os.path.join(state_home, "shunt", "shunt.db"))
        self.assertEqual(1, len(self.shunt("runs", "--json", env={"XDG_STATE_HOME": state_home}).json()))

    def test_a_store_that_is_no_database_is_a_store_failure(self):
        self.write("broken.db", "this is no database, although it is long enough to look like one" * 100)
        result = self.shunt("runs", "--store", "sqlite:" + self.path("broken.db"))
        self.assertEqual(5, result.code, result.err)


if __name__ == "__main__":
    main()
