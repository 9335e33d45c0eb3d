"""shunt reset: what the destination sees of it, and what is left in the store, for each type of state. The
destination is the built-in one, a process of its own.
"""

import json
import os
import stat

from tests.cli.program import CATALOG, PROGRAM, ProgramTest, main


class ResetTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = ["--store", "sqlite:" + self.path("shunt.db"), "--connection", "shop"]
        # The built-in destination behind a tee: what it was started with and what it read.
        tee = self.write("destination.sh", "#!/bin/sh\n"
                         f'[ "$1" = write ] && cp "$5" {self.path("seen.json")} && '
                         f'tee {self.path("input")} | {PROGRAM} connector destination "$@" && exit\n'
                         f'exec {PROGRAM} connector destination "$@"\n')
        os.chmod(tee, stat.S_IRWXU)
        self.destination = ["--destination", tee]

    def run_ok(self, *arguments, code=0):
        result = self.shunt(*arguments)
        self.assertEqual(code, result.code, result.err)
        return result

    def fill(self, state_type, catalog=CATALOG):
        flags = self.sync_flags(source={"records": 100, "state_every": 50, "state_type": state_type})
        self.write("catalog.json", catalog)
        self.run_ok("sync", *flags, *self.destination, *self.store)
        self.assertTrue(self.states(), "there is nothing to reset")

    def reset(self, *more, code=0):
        return self.run_ok("reset", *self.destination, "--destination-config", self.path("destination.json"),
                           "--catalog", self.path("catalog.json"), "--report", self.path("r.json"),
                           *self.store, *more, code=code)

    def states(self):
        return self.run_ok("state", "export", "shop", *self.store[:2]).json()

    def received(self):
        """What the destination read: the payloads of states, and (stream, status)."""
        messages = [json.loads(line) for line in self.read("input").splitlines()]
        states = [m["state"] for m in messages if m["type"] == "STATE"]
        statuses = [(s["stream_descriptor"]["name"], s["status"])
                    for s in (m["trace"]["stream_status"] for m in messages if m["type"] == "TRACE")]
        return states, statuses

    def rows(self):
        return {name: os.path.getsize(self.path("out", name)) for name in os.listdir(self.path("out"))}

    # --- STREAM ---

    def test_all_streams(self):
        self.fill("STREAM")
        self.assertTrue(all(self.rows().values()))
        self.reset()
        states, _ = self.received()
        self.assertEqual([None, None], [s["stream"]["stream_state"] for s in states])
        self.assertEqual([], self.states())
        self.assertFalse(any(self.rows().values()), "the destination was told to overwrite")
        report = json.loads(self.read("r.json"))
        self.assertEqual(("ok", 2, 2), (report["status"], report["states"]["read"], report["states"]["committed"]))
        self.assertEqual("reset", report["source"]["command"])
        self.assertEqual(["complete"] * 2, [s["run_state"] for s in report["streams"]])

    def test_the_next_sync_begins_at_the_beginning(self):
        self.fill("STREAM")
        before = self.rows()
        self.reset()
        self.fill("STREAM")
        self.assertEqual(before, self.rows())

    def test_some_streams(self):
        self.fill("STREAM")
        before = self.rows()
        self.reset("--streams", "orders")
        self.assertEqual(["customers"], [s["stream"]["stream_descriptor"]["name"] for s in self.states()])
        seen = json.loads(self.read("seen.json"))["streams"]
        self.assertEqual([("orders", "full_refresh", "overwrite")],
                         [(s["stream"]["name"], s["sync_mode"], s["destination_sync_mode"]) for s in seen])
        after = self.rows()
        changed = [name for name in before if before[name] != after[name]]
        self.assertEqual(1, len(changed))
        self.assertIn("orders", changed[0])

    def test_it_says_which_streams_the_destination_is_asked_to_empty(self):
        self.fill("STREAM")
        result = self.reset("--streams", "orders")
        self.assertIn("the destination is asked to empty 1 stream: orders\n", result.err)
        result = self.reset()
        self.assertIn("the destination is asked to empty 2 streams: customers, orders\n", result.err)

    def test_a_dry_run_says_the_same_and_starts_nothing(self):
        self.fill("STREAM")
        os.remove(self.path("input"))
        before, rows, runs = self.states(), self.rows(), self.runs()
        result = self.reset("--streams", "orders", "--dry-run")
        self.assertIn("orders  stored\n", result.out)
        self.assertNotIn("customers", result.out)
        self.assertIn("Nothing was started", result.out)
        self.reset("--streams", "nothing", "--dry-run", code=2)
        self.assertEqual((before, rows, runs), (self.states(), self.rows(), self.runs()))
        self.assertFalse(os.path.exists(self.path("input")), "the destination was started")

    def test_a_dry_run_makes_no_store_and_refuses_what_a_reset_refuses(self):
        self.sync_flags()
        self.assertIn("customers  none\n", self.reset("--dry-run").out)
        self.assertFalse(os.path.exists(self.path("shunt.db")))
        self.fill("LEGACY")
        self.assertIn("LEGACY", self.reset("--streams", "orders", "--dry-run", code=2).err)

    def runs(self):
        return self.run_ok("runs", "--json", *self.store).json()

    def test_generations_and_final_statuses(self):
        catalog = json.loads(json.dumps(CATALOG))
        for number, stream in enumerate(catalog["streams"]):
            stream.update(generation_id=7 + number, minimum_generation_id=0, sync_id=3, cursor_field=["id"])
        self.fill("STREAM", catalog)
        result = self.reset("--streams", "customers")
        self.assertIn("must not have a lower one", result.err)
        (seen,) = json.loads(self.read("seen.json"))["streams"]
        self.assertEqual((8, 8, 3, ["id"]), (seen["generation_id"], seen["minimum_generation_id"], seen["sync_id"],
                                             seen["cursor_field"]))
        self.assertEqual([("customers", "COMPLETE")], self.received()[1])

    def test_nothing_is_stored_yet(self):
        self.sync_flags()
        self.reset()
        self.assertEqual(2, len(self.received()[0]))
        self.assertEqual([], self.states_or_none())

    def states_or_none(self):
        result = self.shunt("state", "export", "shop", *self.store[:2])
        return result.json() if result.code == 0 else []

    # --- GLOBAL ---

    def test_a_global_state_in_parts_and_as_a_whole(self):
        self.fill("GLOBAL")
        (before,) = self.states()
        self.reset("--streams", "orders")
        ((sent,), _) = self.received()
        cursors = {s["stream_descriptor"]["name"]: s.get("stream_state") for s in sent["global"]["stream_states"]}
        self.assertIsNone(cursors["orders"])
        self.assertIsNotNone(cursors["customers"])
        self.assertEqual(before["global"].get("shared_state"), sent["global"].get("shared_state"))
        self.assertEqual([{"type": "GLOBAL", "global": sent["global"]}], self.states())
        self.reset()
        ((sent,), _) = self.received()
        self.assertNotIn("shared_state", sent["global"])
        self.assertEqual({None}, {s["stream_state"] for s in sent["global"]["stream_states"]})

    # --- LEGACY ---

    def test_a_legacy_state_as_a_whole_only(self):
        self.fill("LEGACY")
        before, rows = self.states(), self.rows()
        self.reset("--streams", "orders", code=2)
        self.assertIn("LEGACY", json.loads(self.read("r.json"))["failures"][0]["message"])
        self.assertEqual((before, rows), (self.states(), self.rows()), "nothing was started")
        self.reset()
        self.assertEqual([{"type": "LEGACY", "data": None}], self.received()[0])
        self.assertEqual([], self.states())

    # --- mistakes and failures ---

    def test_mistakes(self):
        self.fill("STREAM")
        for names, words in (("order", "did you mean"), ("", "empty"), ("customers,nothing", "no stream 'nothing'")):
            result = self.reset("--streams", names, code=2)
            self.assertIn(words, result.err.lower())
        self.assertEqual(2, len(self.states()))
        self.assertIn("--destination", self.run_ok("reset", *self.store, code=2).err)

    def test_a_destination_that_fails_leaves_the_checkpoint(self):
        self.fill("STREAM")
        broken = self.write("broken.sh", '#!/bin/sh\n[ "$1" = write ] && exit 7\n'
                            f'exec {PROGRAM} connector destination "$@"\n')
        os.chmod(broken, stat.S_IRWXU)
        self.reset("--destination", broken, code=4)
        self.assertEqual(2, len(self.states()))


if __name__ == "__main__":
    main()
