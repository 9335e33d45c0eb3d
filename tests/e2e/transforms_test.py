"""What a worker does to records and names, with real processes: mapping there and back, selection and mappers,
the bound on records, schema validation. Bytes that no rule touches are the source's.

The counts of filtered records, and endings in mid-run: transform_counts_test.py.
"""

import hashlib
import json

from tests.e2e import harness as h
from tests.e2e.routing_case import RoutingCase, configured, mapper

PREFIX = ["--stream-prefix", "p_", "--namespace-definition", "destination"]
AES_KEY = "00112233445566778899aabbccddeeff"
HASH = mapper("hashing", targetField="mail", method="SHA-256")
ENCRYPT = mapper("encryption", algorithm="AES", targetField="card", mode="CBC", padding="PKCS5Padding", key=AES_KEY)


def lanes(exported):
    """{(name, namespace or None): blob} of a checkpoint of STREAM states."""
    return {(element["stream"]["stream_descriptor"]["name"], element["stream"]["stream_descriptor"].get("namespace")):
            element["stream"]["stream_state"] for element in exported}


class Names(RoutingCase):
    def test_the_worked_example(self):
        self.w.catalog = h.catalog(("users", "public"), generations=True)
        record = '{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"id":1},"emitted_at":1700000000000}}\n'
        state = ('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"},'
                 '"stream_state":{"c":1}}}}\n')
        update = ('{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1700000000500.25,'
                  '"connectorConfig":{"config":{"token":"new"}}}}\n')
        result = self.run_sync({"write": record + state + update}, flags=PREFIX)
        lines = self.received().decode().splitlines(keepends=True)
        self.assertEqual(lines[0], '{"type":"RECORD","record":{"stream":"p_users","data":{"id":1},"emitted_at":1700000000000}}\n')
        self.assertEqual(lines[1], '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"p_users"},'
                                   '"stream_state":{"c":1}},"sourceStats":{"recordCount":1}}}\n')
        status = json.loads(lines[2])["trace"]["stream_status"]
        self.assertEqual(status, {"stream_descriptor": {"name": "p_users"}, "status": "COMPLETE"})
        self.assertEqual(len(lines), 3)
        self.assertEqual(lanes(self.w.exported_state()), {("users", "public"): {"c": 1}})
        stream = result.report["streams"][0]
        self.assertEqual((stream["name"], stream["namespace"]), ("users", "public"))
        self.assertEqual((stream["records_committed"], stream["states_committed"], stream["bytes_committed"]), (1, 1, len(record)))
        self.assertEqual(self.w.config()["token"], "new")
        self.assertEqual(result.report["states"]["unmatched_acks"], 0)

    def test_the_next_run_is_given_the_sources_names(self):
        self.w.catalog = h.catalog(("users", "public"))
        self.run_sync({"write": h.state("users", {"c": 1}, 0, "public")}, flags=PREFIX)
        self.run_sync(flags=PREFIX)
        self.assertEqual(lanes(self.w.given("source", "read", "state")), {("users", "public"): {"c": 1}})

    def test_global_states_there_and_back_and_explained_in_the_next_run(self):
        self.w.catalog = h.catalog(("users", "public"), "orders")
        state = ('{"state":{"global":{"stream_states":[{"stream_state":{"c":1.0},"stream_descriptor":{"namespace":"public","name":"users"}},'
                 '{"stream_descriptor":{"name":"orders"},"stream_state":null}],"shared_state":{"lsn": 7}},"type":"GLOBAL"},"type":"STATE"}\n')
        for spell in ("same", "respelled"):
            with self.subTest(spell=spell):
                self.fresh()
                self.w.catalog = h.catalog(("users", "public"), "orders")
                self.run_sync({"write": h.record("users", {}, "public") + state}, flags=PREFIX, spell=spell)
                sent = self.received_lines()[1]["state"]
                self.assertEqual([element["stream_descriptor"] for element in sent["global"]["stream_states"]],
                                 [{"name": "p_users"}, {"name": "p_orders"}])
                self.assertEqual(sent["sourceStats"], {"recordCount": 1})
                stored = self.w.exported_state()[0]["global"]
                self.assertEqual([element["stream_descriptor"] for element in stored["stream_states"]],
                                 [{"namespace": "public", "name": "users"}, {"name": "orders"}])
                # Nobody acknowledges it; it says nothing new.
                result = self.run_sync({"write": state}, flags=PREFIX, ack="never")
                self.assertEqual(result.report["states"]["explained"], 1)
                self.assertEqual(self.w.given("source", "read", "state")[0]["global"], stored)

    def test_a_legacy_state_has_no_names(self):
        line = '{"state":{"data":{"stream_descriptor":{"name":"users"}, "users":5}},"type":"STATE"}\n'
        result = self.run_sync({"write": line}, flags=PREFIX)
        self.assertEqual(self.received().decode(), line)
        self.assertEqual(result.report["states"]["committed"], 1)

    def test_null_is_not_empty(self):
        self.w.catalog = h.catalog("users", ("users", ""))
        head = '{"type":"RECORD","record":{"stream":"%s",%s"data":{},"emitted_at":1}}\n'
        spaces = ('"namespace":null,', '"namespace": "",', "")
        text = "".join(head % ("users", space) for space in spaces)
        states = h.state("users", {"c": "none"}, 2) + h.state("users", {"c": "empty"}, 1, "")
        result = self.run_sync({"write": text + states}, flags=["--stream-prefix", "p_"])
        self.assertTrue(self.received().decode().startswith("".join(head % ("p_users", space) for space in spaces)))
        self.assertEqual(lanes(self.w.exported_state()), {("users", None): {"c": "none"}, ("users", ""): {"c": "empty"}})
        self.assertEqual([stream["records_committed"] for stream in result.report["streams"]], [2, 1])

    def test_a_format_of_ones_own(self):
        self.w.catalog = h.catalog("users", ("orders", "shop"))
        text = h.record("users", {}) + h.record("orders", {}, "shop") + h.state("orders", {"c": 1}, 1, "shop")
        self.run_sync({"write": text}, flags=["--namespace-definition", "custom", "--namespace-format", "raw_${SOURCE_NAMESPACE}"])
        lines = self.received_lines()
        self.assertEqual([line["record"].get("namespace") for line in lines[:2]], ["raw_", "raw_shop"])
        self.assertEqual(lines[2]["state"]["stream"]["stream_descriptor"], {"name": "orders", "namespace": "raw_shop"})
        self.assertEqual(lanes(self.w.exported_state()), {("orders", "shop"): {"c": 1}})

    def test_two_streams_under_one_name_are_refused(self):
        self.w.catalog = h.catalog(("users", "a"), ("users", "b"))
        result = self.run_sync(flags=["--namespace-definition", "destination"], code=h.USAGE)
        self.assertIn(b"a.users", result.err)
        self.assertIn(b"b.users", result.err)
        self.assert_nothing_started()

    def test_a_state_that_would_take_anothers_name_is_not_forwarded(self):
        self.w.catalog = h.catalog(("users", "a"))
        text = h.state("users", {"c": "b's"}, 0, "b") + h.state("users", {"c": "a's"}, 0, "a")
        self.run_sync({"write": text}, flags=["--namespace-definition", "destination"])
        self.assertEqual(self.received().count(b"STATE"), 1)
        self.assertEqual(lanes(self.w.exported_state()), {("users", "a"): {"c": "a's"}})

    def test_the_destination_gets_the_mapped_catalog_the_source_its_own(self):
        original = configured("users", "public", ("id", "mail", "card"), [HASH, ENCRYPT], x=[1.0])
        self.w.catalog = {"streams": [original], "y": None}
        self.run_sync(flags=PREFIX)
        bare = dict(original)
        del bare["mappers"]
        self.assertEqual(self.w.given("source", "read", "catalog"), {"streams": [bare], "y": None})
        given = self.w.given("destination", "write", "catalog")
        self.assertEqual(given["y"], None)
        stream = given["streams"][0]
        self.assertEqual((stream["stream"]["name"], stream["stream"].get("namespace"), stream["x"]), ("p_users", None, [1.0]))
        self.assertEqual(sorted(stream["stream"]["json_schema"]["properties"]), ["card", "id", "mail_hashed"])
        self.assertNotIn("mappers", stream)


class Fields(RoutingCase):
    # Everything here that is not selected away or mapped must come out as it stands.
    LINE = ('{ "type" : "RECORD", "record":{"stream":"users", "data":{"id" : 1e400, "mail":"a\\u0040b.c","drop":[{"mail":1}],'
            '"big":12345678901234567890.10, "old":{ "x":"\\ud800" },"not_selected":"\\"}","mail2":"s" }, "emitted_at":1.50},"z":1}\r\n')
    FIELDS = ("id", "mail", "drop", "big", "old", "mail2")

    def mapped(self, line, mappers, flags=(), fields=FIELDS):
        self.w.catalog = {"streams": [configured("users", None, fields, mappers)]}
        self.run_sync({"write": line}, flags=flags)
        return self.received().decode()

    def test_selection_cuts_and_leaves_the_rest(self):
        self.assertEqual(self.mapped(self.LINE, None, ["--select-fields"]), self.LINE.replace(',"not_selected":"\\"}"', ""))

    def test_off_is_byte_exact(self):
        self.assertEqual(self.mapped(self.LINE, None), self.LINE)

    def test_hashing(self):
        digest = hashlib.sha256(b"a@b.c").hexdigest()
        self.assertEqual(self.mapped(self.LINE, [HASH]), self.LINE.replace('"mail":"a\\u0040b.c"', '"mail_hashed":"%s"' % digest))

    def test_renaming_and_dropping_and_selection_at_once(self):
        mappers = [mapper("field-renaming", originalFieldName="old", newFieldName="new"), mapper("field-filtering", targetField="drop")]
        expected = self.LINE.replace(',"drop":[{"mail":1}]', "").replace('"old":', '"new":')
        self.assertEqual(self.mapped(self.LINE, mappers), expected)
        self.assertEqual(self.mapped(self.LINE, mappers, ["--select-fields"]), expected.replace(',"not_selected":"\\"}"', ""))

    def test_encryption_hides_the_value_and_keeps_the_rest(self):
        out = self.mapped(h.record("users", {"id": 7, "card": "4111"}), [ENCRYPT], fields=("id", "card"))
        data = json.loads(out)["record"]["data"]
        self.assertEqual((data["id"], len(bytes.fromhex(data["card"]))), (7, 32))  # the IV and one block
        self.assertNotIn("4111", out)

    def test_mapped_and_renamed_streams_at_once(self):
        digest = hashlib.sha256(b"a@b.c").hexdigest()
        self.assertEqual(self.mapped(self.LINE, [HASH], PREFIX),
                         self.LINE.replace('"users"', '"p_users"').replace('"mail":"a\\u0040b.c"', '"mail_hashed":"%s"' % digest))

    def test_keys_of_mappers_are_in_no_output(self):
        self.w.catalog = {"streams": [configured("users", None, ("id", "card"), [ENCRYPT])]}
        for flags in ((), ("--verbose",)):
            result = self.run_sync({"write": h.log("the key is " + AES_KEY)}, {"stderr": AES_KEY + "\n"}, flags=flags,
                                   at_end=[{"stderr": "said " + AES_KEY + "\n"}])
            self.assertIn(b"the key is", result.err)  # it was said, and shown without it
            self.assert_secretless(result, AES_KEY)
        self.assertNotIn(AES_KEY.encode(), h.read_bytes(self.w.path("store.db")))
        self.assertNotIn(AES_KEY, json.dumps([self.w.given("source", "read", "catalog"), self.w.given("destination", "write", "catalog")]))

    def test_a_wrong_mapper_stops_the_start(self):
        wrong = {"no such name": mapper("hash", targetField="id"),
                 "no such field": mapper("hashing", targetField="nobody", method="MD5"),
                 "no such method": mapper("hashing", targetField="id", method="MD6"),
                 "a bad key": mapper("encryption", algorithm="AES", targetField="id", mode="CBC", padding="NoPadding", key=AES_KEY + "zz"),
                 "no conditions": mapper("row-filtering", conditions={"type": "AND", "conditions": []})}
        for what, element in wrong.items():
            with self.subTest(what):
                self.w.catalog = {"streams": [configured("users", None, ("id",), [element])]}
                result = self.run_sync(code=h.USAGE)
                self.assertIn(b"mappers[0]", result.err)
                self.assertNotIn(AES_KEY.encode(), result.err)
                self.assert_nothing_started()


class Sizes(RoutingCase):
    STATE_1, STATE_2 = h.state("users", {"c": 1}, 1), h.state("users", {"c": 2}, 2)
    SMALL, LARGE = h.record("users", {"id": 1}), h.record("users", {"id": 2, "a": "x" * 600, "b": "y" * 900, "c": "z" * 10})
    LINES = SMALL + STATE_1 + SMALL + LARGE + STATE_2

    def bounded(self, policy, code):
        return self.run_sync({"write": self.LINES}, flags=["--record-bytes-max", "1000", "--on-oversize-record", policy], code=code)

    def test_a_longer_record_taints(self):
        result = self.bounded("taint", h.DATA_LOSS)
        self.assertNotIn(b"zzzz", self.received())
        self.assertEqual(self.w.stream_states(), {"users": {"c": 1}})
        totals = result.report["totals"]
        self.assertEqual([totals[key] for key in ("records_read", "records_forwarded", "records_lost", "records_committed")], [3, 2, 1, 1])
        self.assertIn("line 4 ", result.report["failures"][0]["message"])

    def test_or_stops_the_run(self):
        result = self.bounded("fail", h.DATA_LOSS)
        self.assertIn(self.w.stream_states(), ({}, {"users": {"c": 1}}))
        self.assertEqual(result.report["totals"]["records_lost"], 1)

    def test_or_loses_its_largest_fields(self):
        result = self.bounded("null", h.OK)
        lines = self.received().decode().splitlines(keepends=True)
        expected = self.LARGE.replace('"b": "%s"' % ("y" * 900), '"b":null').replace(
            ', "emitted_at"', ',"meta":{"changes":[{"field":"b","change":"NULLED","reason":"PLATFORM_RECORD_SIZE_LIMITATION"}]}, "emitted_at"')
        self.assertEqual(lines[3], expected)
        self.assertEqual(lines[4], self.STATE_2)
        self.assertEqual(result.report["totals"]["records_nulled"], 1)
        self.assertEqual(self.w.stream_states(), {"users": {"c": 2}})

    def test_what_no_null_makes_small_taints(self):
        text = h.record("users", {"k%d" % n: n for n in range(300)}) + self.STATE_1
        self.run_sync({"write": text}, flags=["--record-bytes-max", "1000", "--on-oversize-record", "null"], code=h.DATA_LOSS)
        self.assertEqual(self.w.stream_states(), {})

    def test_long_lines_go_through_a_mapper(self):
        self.w.catalog = {"streams": [configured("users", None, ("mail", "text"), [HASH])]}
        digest = '"mail_hashed": "%s"' % hashlib.sha256(b"m").hexdigest()
        text = expected = ""
        for size in (300_000, 10, 262_144, 5_000_000, 20, 1_000_000):
            before, behind = h.record("users", {"mail": "m", "text": "x" * size}), h.record("users", {"text": "x" * size, "mail": "m"})
            text += before + behind
            expected += (before + behind).replace('"mail": "m"', digest.replace(": ", ":")).replace('"users"', '"p_users"')
        result = self.run_sync({"file": self.w.write("long", text)}, flags=["--stream-prefix", "p_"])
        self.assertTrue(self.received() == expected.encode(), "%d bytes of %d" % (len(self.received()), len(expected)))
        self.assertEqual(result.report["totals"]["records_forwarded"], 12)

    def test_a_long_value_is_hashed_whole(self):
        self.w.catalog = {"streams": [configured("users", None, ("mail",), [HASH])]}
        self.run_sync({"file": self.w.write("long", h.record("users", {"mail": "m" * 3_000_000}) + self.STATE_1)})
        self.assertEqual(self.received_lines()[0]["record"]["data"], {"mail_hashed": hashlib.sha256(b"m" * 3_000_000).hexdigest()})

    def test_read_byte_by_byte(self):
        self.w.catalog = {"streams": [configured("users", "n", ("id", "mail"), [HASH])]}
        text = "".join(h.record("users", {"id": n, "mail": "m%d" % n}, "n") + h.state("users", {"c": n}, 1, "n") for n in range(5))
        self.run_sync({"file": self.w.write("bytes", text), "lockstep": len(text)}, flags=PREFIX)
        lines = self.received_lines()
        self.assertEqual([line["record"] for line in lines[::2]], [
            {"stream": "p_users", "data": {"id": n, "mail_hashed": hashlib.sha256(b"m%d" % n).hexdigest()}, "emitted_at": 1700000000000}
            for n in range(5)])
        self.assertEqual(lanes(self.w.exported_state()), {("users", "n"): {"c": 4}})


class Schemas(RoutingCase):
    def checked(self, mode, count):
        self.w.catalog = {"streams": [configured("users", None, ("id",))]}
        self.w.catalog["streams"][0]["stream"]["json_schema"]["properties"]["id"] = {"type": "integer"}
        text = "".join(h.record("users", {"id": "secretive" if n == 5 else n}) for n in range(count))
        result = self.run_sync({"write": text + h.state("users", {"c": 1}, count)}, flags=["--validate-schema", mode])
        self.assertTrue(self.received().startswith(text.encode()))  # it only looks
        self.assertNotIn("secretive", json.dumps(result.report) + result.err.decode())
        return result.report["streams"][0]["schema"]

    def test_all(self):
        found = self.checked("all", 2100)
        self.assertEqual((found["checked"], found["bad"], found["stopped"]), (2100, 1, False))
        self.assertEqual([(v["path"], v["keyword"], v["records"]) for v in found["violations"]], [("/id", "type", 1)])

    def test_sampled(self):
        found = self.checked("sampled", 2100)
        self.assertEqual((found["checked"], found["bad"]), (12, 1))  # the first ten, and two in 1024 each

    def test_off(self):
        self.run_sync({"write": h.record("users", {"id": 1})})
        result = self.run_sync({"write": h.record("users", {"id": 1})})
        self.assertNotIn("schema", result.report["streams"][0])


if __name__ == "__main__":
    h.main()
