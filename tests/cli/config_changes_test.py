"""What a person does to stored configs: import, promote; recover is in tests/e2e/store_trouble_test.py."""

import json

from tests.cli.program import ProgramTest, main

SECRET = "SEKRET-FROM-THE-FILE"
SPEC = {"type": "object", "required": ["records"], "properties": {
    "records": {"type": "integer"}, "refresh_token": {"type": "string", "airbyte_secret": True}}}


class ConfigChangesTest(ProgramTest):
    """A store with one applied config and a quarantined update."""

    def setUp(self):
        super().setUp()
        self.store = ["--store", "sqlite:" + self.path("shunt.db")]
        bad = {"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "emitted_at": 1700000000000,
               "connectorConfig": {"config": {"records": "many", "refresh_token": "new-token-of-the-connector"}}}}
        self.write("lines", json.dumps(bad) + "\n")
        self.write("source.sh", "[ \"$1\" = read ] && exec cat lines\necho '%s'\n" % json.dumps(
            {"type": "SPEC", "spec": {"connectionSpecification": SPEC}}))
        self.write("spec.json", SPEC)
        flags = self.sync_flags({"records": 10, "refresh_token": SECRET})
        flags[1] = "/bin/sh source.sh"
        result = self.shunt("sync", *flags, *self.store, "--connection", "shop")
        self.assertEqual(6, result.code, result.err)

    def ask(self, *args, code=0, **kwargs):
        result = self.shunt(*args, *self.store, **kwargs)
        self.assertEqual(code, result.code, result.err)
        return result

    def config(self):
        return self.ask("config", "export", "shop/source", "--reveal").json()

    def journal(self):
        return self.ask("config", "history", "shop/source", "--json").json()

    # --- promote ---

    def quarantined(self):
        return [row for row in self.journal() if row["verdict"] == "quarantined"][0]

    def test_a_quarantined_update_is_promoted_whatever_the_spec_says(self):
        reference = self.quarantined()["ref"]
        self.assertIn(reference, self.ask("config", "history", "shop/source").out)
        done = self.ask("config", "promote", "shop/source", reference)
        self.assertIn("generation 1, not validated", done.err)
        self.assertEqual({"records": "many", "refresh_token": "new-token-of-the-connector"}, self.config())
        self.assertEqual(["file/applied", "source/quarantined", "promote/applied"],
                         ["%s/%s" % (row["writer"], row["verdict"]) for row in self.journal()])
        self.assertIn("promoted %s, which was quarantined" % reference, self.journal()[-1]["reason"])

    def test_with_a_spec_it_is_held_against_it(self):
        done = self.ask("config", "promote", "shop/source", self.quarantined()["ref"], "--spec", self.path("spec.json"),
                        code=2)
        self.assertIn("/records: type", done.err)
        self.assertEqual(SECRET, self.config()["refresh_token"])

    def test_a_reference_to_nothing_says_so(self):
        for reference in ("", "1", "/1", "ffffffffffff/1", self.quarantined()["ref"] + "9"):
            self.ask("config", "promote", "shop/source", reference, code=2)

    # --- import ---

    def test_an_exported_config_is_imported_and_its_masks_keep_what_is_stored(self):
        exported = self.ask("config", "export", "shop/source").json()
        self.assertEqual("**********", exported["refresh_token"])
        exported["records"] = 20
        self.ask("config", "import", "shop/source", self.write("edited.json", exported))
        self.assertEqual({"records": 20, "refresh_token": SECRET}, self.config())

    def test_an_import_is_the_whole_config(self):
        self.ask("config", "import", "shop/source", "-", stdin=b'{"records": 5}')
        self.assertEqual({"records": 5}, self.config())
        self.assertEqual("import", self.journal()[-1]["writer"])

    def test_what_cannot_be_imported_changes_nothing(self):
        for text, flags in (("[]", []), ("{", []), ('{"other": "**********"}', []),
                            ('{"records": "x"}', ["--spec", self.path("spec.json")])):
            self.ask("config", "import", "shop/source", "-", *flags, code=2, stdin=text.encode())
        self.ask("config", "import", "shop/source", self.path("missing.json"), code=2)
        self.assertEqual({"records": 10, "refresh_token": SECRET}, self.config())

    def test_a_new_config_can_be_imported(self):
        self.ask("config", "import", "other/source", "-", stdin=b'{"a": 1}')
        self.assertEqual({"a": 1}, self.ask("config", "export", "other/source").json())

    # --- recover ---

    def test_there_may_be_nothing_to_recover(self):
        self.assertIn("nothing to recover", self.ask("config", "recover").err)
        self.ask("config", "recover", self.write("no.json", "{}"), code=5)


if __name__ == "__main__":
    main()
