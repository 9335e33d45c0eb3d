"""`shunt demo`, and syncs between the built-in connectors as separate processes."""

import json
import os

from tests.e2e import harness as h


class Demo(h.SyncTest):
    def test_ends_with_0_and_shows_records_checkpoint_and_config_update(self):
        result = self.w.start("demo").wait()
        self.assertEqual(result.code, h.OK, str(result))
        text = (result.out + result.err).lower()
        for word in (b"record", b"checkpoint", b"config"):
            self.assertIn(word, text)

    def test_can_be_repeated(self):
        for _ in range(2):
            result = self.w.start("demo").wait()
            self.assertEqual(result.code, h.OK, str(result))


class BuiltIn(h.SyncTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.w.path("rows"))
        self.config = {"records": 5000, "streams": 2, "state_every": 500, "seed": 7, "rotate_token_every": 1000,
                       "refresh_token": "SEKRET-START"}

    def discover(self):
        result = self.w.start("connector", "source", "discover", "--config",
                              h.write_json(self.w.path("source.json"), self.config)).wait()
        streams = json.loads(result.out.splitlines()[-1])["catalog"]["streams"]
        self.w.catalog = {"streams": [{"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append"}
                                      for stream in streams]}
        return [stream["name"] for stream in streams]

    def sync(self, code=h.OK, **changes):
        w = self.w
        self.config.update(changes)
        w.source_config, w.destination_config = self.config, {"mode": "jsonl", "path": w.path("rows")}
        prepared = w.prepare()
        for side in ("source", "destination"):
            prepared[prepared.index("--" + side) + 1] = "%s connector %s" % (h.program(), side)
        result = w.sync(prepared=prepared)
        self.assert_exit(result, code)
        self.assert_secretless(result, "SEKRET-START")
        return result

    def rows(self):
        """{file: its lines}"""
        found = {}
        for name in os.listdir(self.w.path("rows")):
            found[name] = h.read_bytes(self.w.path("rows", name)).splitlines()
        return found

    def test_every_row_arrives_once_and_a_second_run_brings_only_news(self):
        names = self.discover()
        result = self.sync()
        self.assertEqual(result.report["totals"]["records_committed"], 5000 * len(names))
        self.assertEqual({len(set(lines)) for lines in self.rows().values()}, {5000})
        self.assertEqual(len(self.rows()), len(names))
        self.assertEqual(self.sync().report["totals"]["records_forwarded"], 0)
        self.assertEqual(self.sync(records=6000).report["totals"]["records_forwarded"], 1000 * len(names))
        self.assertEqual({len(set(lines)) for lines in self.rows().values()}, {6000})

    def test_the_rotated_token_is_stored_and_used_and_the_file_keeps_the_old_one(self):
        self.discover()
        result = self.sync()
        self.assertGreater(result.report["control"]["applied"], 0)
        stored = self.w.config()
        self.assertNotEqual(stored["refresh_token"], "SEKRET-START")
        self.assertEqual(h.read_json(self.w.path("source.json"))["refresh_token"], "SEKRET-START")
        second = self.sync()
        self.assertEqual(second.report["source"]["config_generation"], result.report["control"]["last_generation"]["source"])

    def test_after_a_failure_no_row_is_missing(self):
        self.discover()
        self.sync(code=h.SOURCE, fail_after=3210)
        self.sync(fail_after=0)
        # Rows after the last checkpoint come twice, none is missing.
        self.assertEqual({len(set(lines)) for lines in self.rows().values()}, {5000})

    def test_all_state_types_resume(self):
        for kind in ("STREAM", "GLOBAL", "LEGACY"):
            with self.subTest(kind=kind):
                self.w.command("state", "reset", "default", code=None)
                names = self.discover()
                self.sync(state_type=kind, records=2000)
                result = self.sync(records=2500)
                self.assertEqual(result.report["totals"]["records_forwarded"], 500 * len(names))


if __name__ == "__main__":
    h.main()
