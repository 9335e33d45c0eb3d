"""Real connectors: every record arrives byte for byte, the last state is checkpointed, a second run resumes.

Called by tests/interop/run, which installs the connectors. Copies of what the source printed and of what the
destination read are taken outside of the program, by tee.
"""

import json
import os
import shlex

from tests.e2e import harness as h
from tests.interop import interop_case as c

JS = os.environ.get("SHUNT_INTEROP_JS", "")
STREAM = "interop__github__faros_labels"
TOKEN = "interop-SEKRET-4711"
FAROS_CONFIG = {
    "edition_configs": {"edition": "community", "hasura_url": "http://127.0.0.1:1", "check_connection": False},
    "dry_run": True, "origin": "interop",
}


class Interop(c.InteropCase):
    def setUp(self):
        super().setUp()
        self.assertTrue(JS, "run tests/interop/run")
        self.w.catalog = {"streams": [{
            "stream": {"name": STREAM, "json_schema": {"type": "object"}, "source_defined_primary_key": [["id"]],
                       "supported_sync_modes": ["full_refresh", "incremental"], "default_cursor_field": ["id"]},
            "sync_mode": "incremental", "destination_sync_mode": "append", "cursor_field": ["id"]}]}

    def sync_rows(self, until, destination, config):
        w = self.w
        w.source_config, w.destination_config = {"until": until, "token": TOKEN}, config
        commands = [["node", os.path.join(JS, script)] for script in ("source.js", destination)]
        result = self.start_tee(*commands).wait()
        self.assert_exit(result, h.OK)
        self.assert_secretless(result, TOKEN)
        self.assertEqual(c.complaints(result.err), [])
        return result

    def assert_rows(self, result, first, last):
        """The destination read exactly the source's RECORD and STATE lines; the records are first..last."""
        wanted = self.assert_byte_exact()
        ids = [json.loads(line)["record"]["data"]["id"] for line in wanted if json.loads(line)["type"] == "RECORD"]
        self.assertEqual(ids, list(range(first, last + 1)))
        self.assertEqual(result.report["totals"]["records_forwarded"], len(ids))
        self.assertEqual(result.report["totals"]["records_committed"], len(ids))
        last_state = [json.loads(line) for line in wanted if json.loads(line)["type"] == "STATE"][-1]
        exported = self.w.exported_state()
        self.assertEqual([element["data"] for element in exported], [last_state["state"]["data"]])
        # The source's keys, last `type` included, stand where they stood.
        self.assertTrue(any(line.startswith(b'{"record":{') for line in wanted))

    def test_faros_cdk_source_to_faros_cdk_destination(self):
        config = {"path": self.w.path("rows")}
        self.assert_rows(self.sync_rows(1000, "destination.js", config), 1, 1000)
        self.assert_rows(self.sync_rows(1500, "destination.js", config), 1001, 1500)
        rows = [json.loads(row)["id"] for row in h.read_bytes(self.w.path("rows")).splitlines()]
        self.assertEqual(rows, list(range(1, 1501)))

    def test_faros_cdk_source_to_the_production_destination_in_dry_run(self):
        self.assert_rows(self.sync_rows(1000, "faros_destination.js", FAROS_CONFIG), 1, 1000)
        result = self.sync_rows(1500, "faros_destination.js", FAROS_CONFIG)
        self.assert_rows(result, 1001, 1500)
        # It acknowledges the last state only, and the source repeats it for its logs.
        self.assertGreater(result.report["states"]["explained"], 0)

    def test_a_run_without_news_ends_well_too(self):
        for destination, config in (("destination.js", {"path": self.w.path("rows")}), ("faros_destination.js", FAROS_CONFIG)):
            with self.subTest(destination=destination):
                self.sync_rows(100, destination, config)
                result = self.sync_rows(100, destination, config)
                self.assertEqual(result.report["totals"]["records_forwarded"], 0)

    def test_the_verbs_of_a_faros_cdk_source(self):
        config = h.write_json(self.w.path("config.json"), {"until": 3, "token": TOKEN})
        source = ["--source", shlex.join(["node", os.path.join(JS, "source.js")])]
        more = [*source, "--source-config", config, "--store", self.w.store]
        spec = self.w.start("spec", *source).wait()
        self.assertIn("token", json.loads(spec.out)["spec"]["connectionSpecification"]["properties"])
        check = self.w.start("check", *more).wait()
        self.assert_exit(check, h.OK)
        self.assertEqual(json.loads(check.out)["connectionStatus"]["status"], "SUCCEEDED")
        catalog = self.w.write("configured.json", self.w.start("discover", *more, "--configured").wait().out)
        read = self.w.start("read", *more, "--catalog", catalog).wait()
        self.assert_exit(read, h.OK)
        kinds = [json.loads(line)["type"] for line in read.out.splitlines()]
        self.assertEqual(kinds.count("RECORD"), 3)
        for result in (check, read):
            self.assert_secretless(result, TOKEN)


if __name__ == "__main__":
    h.main()
