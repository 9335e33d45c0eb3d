"""What `shunt sidecar` reads and writes in the directories of a pod: configs, states, and what is left of earlier runs.

Contract 1 (sidecar) and decision 11: a connector gets the newest durable config. The platform's wrapper starts its
connector only when its streams are open, so what is written before that is what the connector reads.
"""

import os

from tests.e2e import harness as h
from tests.e2e.pod_case import LINES, PodCase, USERS

ROTATED = h.config_update({"api_key": 456}, 1700000000000)


class Configs(PodCase):
    def rotate(self):
        self.w.source_config = dict(h.CONFIG_EXAMPLE)
        self.w.source["read"] = [{"write": ROTATED + LINES}]
        self.make_pod()
        self.run_pod()
        self.assertEqual(self.w.config("pod/source"), {"api_key": 456, "start_date": "01-01-2022"})

    def given(self):
        return self.w.given("source", "read", "config")

    def test_the_file_is_the_base_of_updates(self):
        self.rotate()
        self.assertEqual(self.given(), h.CONFIG_EXAMPLE)

    def test_a_newer_one_of_the_store_is_put_in_its_place_before_the_connector_starts(self):
        self.rotate()
        self.make_pod()  # the init container knows nothing of it
        os.chmod(self.file("source", "connectorConfig.json"), 0o640)
        result = self.run_pod()
        self.assertEqual(self.given(), {"api_key": 456, "start_date": "01-01-2022"})
        self.assertIn(b"the store's newer config is now in " + self.file("source", "connectorConfig.json").encode(), result.err)
        self.assertEqual(os.stat(self.file("source", "connectorConfig.json")).st_mode & 0o777, 0o640)

    def test_a_directory_that_is_used_again_brings_no_old_token_back(self):
        self.rotate()
        self.use_again()
        self.w.source["read"] = [{"write": h.config_update({"api_key": 789}, 1700000000001)}]
        self.w.prepare()
        self.run_pod()
        self.assertEqual(self.given()["api_key"], 456)
        # The file holds 456, which is ours and no edit of 123: the store's 789 is newer.
        self.use_again()
        self.run_pod()
        self.assertEqual(self.given()["api_key"], 789)
        self.assertEqual(self.w.config("pod/source")["api_key"], 789)

    def test_an_edit_of_a_file_that_we_wrote_is_an_edit(self):
        self.rotate()
        self.use_again()
        self.w.source["read"] = [{"write": LINES}]
        self.w.prepare()
        self.run_pod()
        h.write_json(self.file("source", "connectorConfig.json"), {"api_key": 111, "start_date": "01-01-2022"})
        self.use_again()
        self.run_pod()
        self.assertEqual(self.given()["api_key"], 111)

    def test_the_destinations_too(self):
        self.w.destination_config = {"token": "a"}
        self.w.destination["write"] = {"save": self.w.path("received"), "before": [
            {"write": h.config_update({"token": "b"}, 1700000000000)}]}
        self.make_pod()
        self.run_pod()
        self.make_pod()
        self.run_pod()
        self.assertEqual(self.w.given("destination", "write", "config"), {"token": "b"})

    def test_one_that_cannot_be_replaced_starts_nobody(self):
        self.rotate()
        os.unlink(self.w.path("source", "verbs"))
        self.make_pod()
        os.makedirs(self.file("source", "..shunt.json.shunt", "in the way"))
        wrappers = [self.wrapper("source"), self.wrapper("dest")]
        result = self.shunt().wait()
        self.assert_exit(result, h.SOURCE)
        self.assertIn("the store has a newer config", result.report["failures"][0]["message"])
        self.assert_over(*wrappers)
        self.assertEqual(self.w.started("source", "read"), 0)


class States(PodCase):
    def test_the_file_is_used_when_the_store_has_none(self):
        h.write_json(self.file("source", "inputState.json"),
                     [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": {"c": 0}}}])
        self.w.source["read"] = [{"write": USERS}, {"exit": 1}]
        self.w.prepare()
        self.run_pod(code=h.SOURCE)
        self.assertEqual(self.states(), {"users": {"c": 0}})
        self.assertEqual(self.given(), [{"c": 0}])

    def given(self):
        state = self.w.given("source", "read", "state")
        return None if state is None else [element["stream"]["stream_state"] for element in state]

    def test_the_stores_is_put_in_its_place(self):
        self.run_pod()
        self.assertIsNone(self.given())
        self.make_pod()
        result = self.run_pod()
        self.assertEqual(self.given(), [{"c": 1}])
        self.assertIn(b"the store's checkpoint is now in", result.err)

    def test_a_reset_is_one_in_a_directory_that_is_used_again(self):
        self.run_pod()
        self.use_again()
        self.run_pod()
        self.assertEqual(self.given(), [{"c": 1}])  # a file of ours is there
        self.w.command("state", "reset", "pod")
        self.use_again()
        self.run_pod()
        self.assertIsNone(self.given())


if __name__ == "__main__":
    h.main()
