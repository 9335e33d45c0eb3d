"""`shunt validate`, and that every mistake in a file is told with its place: line, column, path, and what was
perhaps meant.
"""

import copy
import json
import os

from tests.cli.program import CATALOG, PROGRAM, ProgramTest, main

SPEC = {"connectionSpecification": {
    "type": "object", "required": ["start_date"],
    "properties": {"start_date": {"type": "string"}, "api_key": {"type": "string", "airbyte_secret": True}}}}

GOOD_STREAM = {"stream": {"name": "users", "json_schema": {"type": "object", "properties": {"id": {}, "at": {}}},
                          "supported_sync_modes": ["full_refresh", "incremental"]},
               "sync_mode": "incremental", "destination_sync_mode": "append_dedup",
               "cursor_field": ["at"], "primary_key": [["id"]]}


class ValidateTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("source.json", {"records": 10})
        self.write("destination.json", {"path": self.path("out")})
        self.catalog(GOOD_STREAM)
        self.connection()

    def connection(self, **keys):
        values = {"source": f"{PROGRAM} connector source", "source_config": "source.json",
                  "destination": f"{PROGRAM} connector destination", "destination_config": "destination.json",
                  "catalog": "catalog.json", "store": "sqlite:shunt.db"}
        values.update(keys)
        self.write("job.yaml", "".join(f"{key}: {value}\n" for key, value in values.items() if value is not None))

    def catalog(self, *streams):
        self.write("catalog.json", {"streams": list(streams)})

    def stream(self, **changes):
        """The good stream with some keys changed; None removes one, stream_X is a key of the stream itself."""
        stream = copy.deepcopy(GOOD_STREAM)
        for key, value in changes.items():
            where, name = (stream["stream"], key[7:]) if key.startswith("stream_") else (stream, key)
            if value is None:
                del where[name]
            else:
                where[name] = value
        return stream

    def validate(self, *args, code, env=None):
        result = self.shunt("validate", *(args or ("job.yaml",)), env=env)
        self.assertEqual(code, result.code, result.out + result.err)
        return result.out

    def findings(self, *args):
        result = self.shunt("validate", "job.yaml", "--json", *args).json()
        return [(f["level"], f["path"]) for f in result["findings"]]

    # --- as a whole ---

    def test_a_good_connection_is_ok_and_nothing_is_written(self):
        self.assertEqual("job.yaml: ok\n", self.validate(code=0))
        self.assertEqual({"ok": True, "errors": 0, "warnings": 0, "findings": []},
                         json.loads(self.validate("job.yaml", "--json", code=0)))
        self.assertFalse(os.path.exists(self.path("shunt.db")))
        self.assertFalse(os.path.exists(self.path("out")))

    def test_all_mistakes_are_told_at_once_in_json_too(self):
        self.connection(memory_budget="lots", catalog="missing.json", destination="no-such-program")
        self.write("source.json", "{")
        out = self.validate(code=2)
        for words in ("job.yaml:7:1: error: memory_budget: 'lots' is not a number of bytes", "missing.json",
                      "no-such-program", "source.json:1:2: error: not well-formed JSON"):
            self.assertIn(words, out)
        self.assertIn("job.yaml: 4 errors, 0 warnings", out)
        report = json.loads(self.validate("job.yaml", "--json", code=2))
        self.assertEqual((False, 4), (report["ok"], report["errors"]))
        self.assertIn(("job.yaml", 7, 1), [(f["file"], f["line"], f["column"]) for f in report["findings"]])

    def test_several_files_and_flags(self):
        self.write("bad.yaml", "sorce: x\n")
        out = self.validate("job.yaml", "bad.yaml", code=2)
        self.assertIn("job.yaml: ok", out)
        self.assertIn("bad.yaml:1:1: error: unknown key 'sorce' (did you mean 'source'?)", out)
        self.validate("--source", f"{PROGRAM} connector source", "--source-config", "source.json",
                      "--destination", f"{PROGRAM} connector destination", "--destination-config", "destination.json",
                      "--catalog", "catalog.json", code=0)

    def test_what_only_warns_counts_with_strict(self):
        self.catalog(self.stream(cursor_field=None))
        self.assertIn("warning: /streams/0/cursor_field", self.validate(code=0))
        self.validate("job.yaml", "--strict", code=2)

    def test_a_file_of_a_sidecar_needs_no_programs(self):
        self.write("job.yaml", "catalog: catalog.json\ndestination_out: acks\n")
        self.validate(code=0)

    # --- configs ---

    def test_a_config_is_judged_by_the_spec_of_its_connector(self):
        self.write("source.json", {"records": "many"})
        out = self.validate(code=2)
        self.assertIn("source.json: error: /records: the source's spec: type", out)
        self.assertNotIn("many", out)

    def test_a_given_spec_is_used_and_offline_starts_no_connector(self):
        asked = self.path("asked")
        self.write("c.sh", f"#!/bin/sh\ntouch {asked}\nexec {PROGRAM} connector source \"$@\"\n")
        os.chmod(self.path("c.sh"), 0o755)
        self.connection(source=self.path("c.sh"), source_spec="spec.json")
        self.write("spec.json", SPEC)
        self.assertIn("missing key start_date", self.validate(code=2))
        self.connection(source=self.path("c.sh"))
        self.validate("job.yaml", "--offline", code=0)
        self.assertFalse(os.path.exists(asked))
        self.validate(code=0)
        self.assertTrue(os.path.exists(asked))

    def test_a_connector_without_a_spec_is_a_warning(self):
        self.write("c.sh", "#!/bin/sh\nexit 3\n")
        os.chmod(self.path("c.sh"), 0o755)
        self.connection(source=self.path("c.sh"))
        self.assertIn("warning: no spec of the source, so its config is not judged", self.validate(code=0))

    def test_what_counts_is_the_stored_config_with_the_edits_of_the_file(self):
        self.assertEqual(0, self.shunt("sync", "job.yaml").code)
        store = ["--store", "sqlite:" + self.path("shunt.db")]
        self.write("new.json", {"records": "a hundred"})
        self.assertEqual(0, self.shunt("config", "import", "job/source", "new.json", *store).code)
        out = self.validate(code=2)
        self.assertIn("/records", out)
        self.assertIn("in the stored config job/source", out)
        self.write("source.json", {"records": 20})  # an edit: it wins
        self.validate(code=0)
        self.write("source.json", {"records": 10})
        self.validate(code=2)  # validating has stored nothing

    def test_a_config_that_its_spec_refuses_is_refused_before_anything_is_started(self):
        self.write("destination.json", {"path": 7})
        self.validate(code=2)
        for command in ("sync", "reset"):
            with self.subTest(command):
                result = self.shunt(command, "job.yaml", "--report", self.path("r.json"))
                self.assertEqual(2, result.code, result.err)
                self.assertIn("the config of the destination (job/destination) is not what its spec asks for: /path: type",
                              result.err)
                report = json.loads(self.read("r.json"))
                self.assertEqual((None, None), (report["source"]["exit_code"], report["destination"]["exit_code"]))
                self.assertEqual("config_error", report["failures"][0]["type"])
        flags = ["--on-invalid-config", "warn", "--report", self.path("r.json")]
        self.shunt("sync", "job.yaml", *flags)
        self.assertIsNotNone(json.loads(self.read("r.json"))["destination"]["exit_code"], "it was started")

    def test_what_a_sync_refuses_is_an_error(self):
        for more in ({"report": "no/such/folder/r.json"}, {"namespace_definition": "custom"},
                     {"memory_budget": "1KiB"}, {"key_file": "missing.key"}):
            with self.subTest(more):
                self.connection(**more)
                self.validate("job.yaml", "--offline", code=2)
                self.assertEqual(2, self.shunt("sync", "job.yaml").code)

    # --- the catalog ---

    def test_modes_and_types_of_a_stream(self):
        for change, path, level in (
                ({"sync_mode": None}, "/streams/0/sync_mode", "warning"),
                ({"destination_sync_mode": None}, "/streams/0/destination_sync_mode", "warning"),
                ({"destination_sync_mode": 7}, "/streams/0/destination_sync_mode", "error"),
                ({"sync_mode": "incremetal"}, "/streams/0/sync_mode", "error"),
                ({"destination_sync_mode": "apend"}, "/streams/0/destination_sync_mode", "error"),
                ({"stream_supported_sync_modes": ["full_refresh"]}, "/streams/0/sync_mode", "warning"),
                ({"primary_key": None}, "/streams/0/primary_key", "warning"),
                ({"primary_key": ["id"]}, "/streams/0/primary_key", "error"),
                ({"cursor_field": "at"}, "/streams/0/cursor_field", "error"),
                ({"cursor_field": None}, "/streams/0/cursor_field", "warning"),
                ({"cursor_field": ["att"]}, "/streams/0/cursor_field", "warning"),
                ({"primary_key": [["idd"]]}, "/streams/0/primary_key", "warning"),
                ({"stream_json_schema": None}, "/streams/0/stream/json_schema", "warning"),
                ({"stream_json_schema": []}, "/streams/0/stream/json_schema", "error"),
                ({"stream_name": 7}, "/streams/0/stream/name", "error"),
                ({"stream_namespace": 7}, "/streams/0/stream/namespace", "error"),
                ({"stream_namespace": ""}, "/streams/0/stream/namespace", "warning"),
                ({"generation_id": "1"}, "/streams/0/generation_id", "error"),
                ({"generation_id": 1}, "/streams/0", "warning"),
                ({"generation_id": 3, "minimum_generation_id": 2, "sync_id": 1},
                 "/streams/0/minimum_generation_id", "warning"),
                ({"destinaton_sync_mode": "append"}, "/streams/0", "warning")):
            with self.subTest(change):
                self.catalog(self.stream(**change))
                self.assertEqual([(level, path)], self.findings("--offline"))
                self.assertEqual(level == "error", self.shunt("sync", "job.yaml").code == 2, "a sync's verdict")

    def test_a_source_defined_cursor_is_enough(self):
        self.catalog(self.stream(cursor_field=None, stream_source_defined_cursor=True))
        self.assertEqual([], self.findings("--offline"))

    def test_equal_streams_and_almost_equal_ones(self):
        self.catalog(self.stream(), self.stream())
        self.assertEqual([("error", "/streams/1/stream")], self.findings("--offline"))
        self.catalog(self.stream(), self.stream(stream_namespace=""))
        self.assertIn("these are two streams", self.validate("job.yaml", "--offline", code=0))
        self.catalog(self.stream(stream_namespace="a"), self.stream(stream_namespace="b"), self.stream())
        self.assertEqual([], self.findings("--offline"))

    def test_a_state_file_for_other_streams_is_a_warning(self):
        self.connection(state="state.json")
        self.write("state.json", [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "other"},
                                                                "stream_state": {}}}])
        self.assertIn("a state of other, which the catalog lacks", self.validate("job.yaml", "--offline", code=0))

    # --- places, in sync too ---

    def test_json_that_is_none_is_told_with_line_and_column(self):
        for text, words in (
                ('{"a": 1,\n "b" 2}', ":2:6: not well-formed JSON: a colon is missing"),
                ('{"a": 1\n "b": 2}', ":2:2: not well-formed JSON: a comma is missing"),
                ('{"a": 1,}', ":1:9: not well-formed JSON: nothing stands behind the last comma"),
                ("{'a': 1}", ":1:2: not well-formed JSON: strings stand in double quotes"),
                ('{"a": True}', ":1:7: not well-formed JSON: true, false and null"),
                ('{"a": NaN}', ":1:7: not well-formed JSON: this is no number"),
                ('{\n// x\n}', ":2:1: not well-formed JSON: JSON has no comments"),
                ('{"a": [1}', ":1:9: not well-formed JSON: the wrong closing bracket"),
                ('{"a": "x', ":1:7: not well-formed JSON: this string is not closed"),
                ('{"a": ', ":1:7: not well-formed JSON: it ends too early"),
                ('{} {}', ":1:4: not well-formed JSON: there is more behind"),
                ("[]", ":1:1: expected one JSON object")):
            with self.subTest(text):
                self.write("source.json", text)
                result = self.shunt("sync", "job.yaml")
                self.assertEqual(2, result.code)
                self.assertIn("--source-config: " + "source.json" + words, result.err)

    def test_a_wrong_catalog_is_told_with_its_path(self):
        self.write("catalog.json", '{"streams": [\n  {"stream": {"name": 7}}\n]}')
        result = self.shunt("sync", "job.yaml")
        self.assertEqual(2, result.code)
        self.assertIn("--catalog: catalog.json:2:23: /streams/0/stream/name: expected a string", result.err)

    def test_a_connection_file_in_json_is_told_with_its_place(self):
        self.write("job.json", '{\n  "source": "x",\n  "memory_budget" "1"\n}')
        result = self.shunt("sync", "job.json")
        self.assertEqual(2, result.code)
        self.assertIn("job.json:3:19: not well-formed JSON: a colon is missing", result.err)

    def test_no_value_of_a_config_is_ever_shown(self):
        self.write("source.json", '{"api_key": "SEKRET" "x": SEKRET}')
        self.assertNotIn("SEKRET", self.validate(code=2))

    def test_the_catalog_of_the_other_tests_is_good_enough(self):
        self.write("catalog.json", CATALOG)
        self.validate("job.yaml", "--offline", code=0)


if __name__ == "__main__":
    main()
