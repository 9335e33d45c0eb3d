"""Rules for records between connectors that somebody else starts: names, mappers and row filters on the way there,
acknowledgements and states on the way back. What the rules do to a line is in transforms_test.py.
"""

import json
import os
import subprocess

from tests.e2e import harness as h
from tests.e2e.pod_case import PodCase
from tests.e2e.routing_case import configured, mapper
from tests.e2e.sidecar_test import SidecarCase

FLAGS = ["--namespace-definition", "destination", "--stream-prefix", "p_", "--select-fields", "--missing-states", "inject"]
KEEP = mapper("row-filtering", conditions={"type": "NOT", "conditions": [{"type": "EQUAL", "fieldName": "id", "comparisonValue": "2"}]})
RENAME = mapper("field-renaming", originalFieldName="mail", newFieldName="address")
CATALOG = {"streams": [configured("users", "public", ("id", "mail"), [KEEP, RENAME]), configured("orders"), configured("empty", "public")]}
SOURCE = (
    '{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"id":1, "mail":"\\u0061", "other":1e400}, "emitted_at":1.50}}\n'
    '{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"id":2, "mail":"b"},"emitted_at":1}}\n'
    '{ "record":{"data":{"id" : 12345678901234567890.10},"stream" : "orders","emitted_at":1},"type":"RECORD"}\r\n'
    + h.state("users", {"c": 1}, 2, "public") + h.state("orders", {"c": 1.0}))
RECORDS = (
    '{"type":"RECORD","record":{"stream":"p_users","data":{"id":1, "address":"\\u0061"}, "emitted_at":1.50}}\n'
    '{ "record":{"data":{"id" : 12345678901234567890.10},"stream" : "p_orders","emitted_at":1},"type":"RECORD"}\r\n')
STATES = h.state("p_users", {"c": 1}, 1) + h.state("p_orders", {"c": 1.0}, 1)
STORED = {("users", "public"): {"c": 1}, ("orders", None): {"c": 1.0}, ("empty", "public"): {}}


def lanes(elements):
    return {(element["stream"]["stream_descriptor"]["name"], element["stream"]["stream_descriptor"].get("namespace")):
            element["stream"]["stream_state"] for element in elements}


class Checks:
    def assert_mapped(self, result, received, connection, stored):
        lines = received.decode().splitlines(keepends=True)
        self.assertEqual("".join(lines[:2]), RECORDS)
        self.assertEqual([json.loads(line) for line in lines[2:4]], [json.loads(line) for line in STATES.splitlines()])
        self.assertEqual(len(lines), 5, received)
        self.assertIn('"name":"p_empty"', lines[4])  # the injected one has the destination's name too
        self.assertEqual(lanes(self.w.exported_state(connection)), stored)
        totals = result.report["totals"]
        self.assertEqual([totals["records_" + key] for key in ("read", "filtered", "forwarded")], [3, 1, 2])
        self.assertEqual([(stream["name"], stream["namespace"]) for stream in result.report["streams"]],
                         [("users", "public"), ("orders", None), ("empty", "public")])


class InASidecar(SidecarCase, Checks):
    def run_sidecar(self, *flags, ack="each"):
        w = self.w
        w.catalog, w.source = CATALOG, {"read": [{"write": SOURCE}]}
        w.destination = {"write": {"save": w.path("out"), "ack": ack}}
        w.prepare()
        acks = w.path("acks")
        if not os.path.exists(acks):
            self.fifo("acks")
        source = self.connector("source", "read", stdout=subprocess.PIPE)
        running = self.start("--destination-out", acks, *FLAGS, *flags, stdin=source.stdout, stdout=subprocess.PIPE)
        ack_end = h.open_fifo_for_writing(acks, running)
        destination = self.connector("destination", "write", stdin=running.process.stdout, stdout=ack_end)
        os.close(ack_end)
        source.stdout.close()
        running.process.stdout.close()
        result = running.wait()
        destination.wait()
        return result

    def test_there_and_back(self):
        for ack in ("each", "reverse"):
            with self.subTest(ack=ack):
                result = self.run_sidecar(ack=ack)
                self.assert_exit(result, h.OK)
                self.assert_mapped(result, h.read_bytes(self.w.path("out")), "side", STORED)
                self.assertEqual(result.report["totals"]["records_committed"], 2)
                self.assertEqual((result.report["states"]["committed"], result.report["states"]["unmatched_acks"]), (3, 0))
                self.w.command("state", "reset", "side")

    def test_nothing_is_stored_that_the_destination_did_not_acknowledge(self):
        result = self.run_sidecar(ack={"only": [1]})
        self.assert_exit(result, h.INCOMPLETE)
        self.assert_mapped(result, h.read_bytes(self.w.path("out")), "side", {("orders", None): {"c": 1.0}})


class InAPod(PodCase, Checks):
    def setUp(self):
        h.SyncTest.setUp(self)
        self.w.catalog = CATALOG
        self.w.source["read"] = [{"write": SOURCE}]
        self.make_pod()

    def test_there_and_back_and_again(self):
        result = self.run_pod(*FLAGS)
        self.assert_mapped(result, self.received(), "pod", STORED)
        self.assertEqual(result.report["totals"]["records_committed"], 2)
        self.assertEqual(result.report["states"]["unmatched_acks"], 0)
        # The next source is told where it stands in its own words, and mapped states resume likewise.
        self.make_pod()
        result = self.run_pod(*FLAGS)
        self.assertEqual(lanes(self.w.given("source", "read", "state")), STORED)
        self.assert_mapped(result, self.received(), "pod", STORED)
        # What the init container gave the connectors is theirs.
        for side, verb in (("source", "read"), ("destination", "write")):
            self.assertEqual(self.w.given(side, verb, "catalog"), CATALOG, side)

    def test_final_statuses_have_the_destinations_names(self):
        self.run_pod(*FLAGS, "--stream-statuses", "always")
        statuses = [json.loads(line)["trace"]["stream_status"] for line in self.received().splitlines() if b'"TRACE"' in line]
        self.assertEqual(sorted((status["stream_descriptor"]["name"], status["status"]) for status in statuses),
                         [("p_empty", "COMPLETE"), ("p_orders", "COMPLETE"), ("p_users", "COMPLETE")])


if __name__ == "__main__":
    h.main()
