"""Config updates: merged in emitted_at order, validated, persisted, handed to the next start, never shown.

Contract decisions 7 to 12; "The protocol's example" is the one of the Airbyte protocol documentation.
"""

import itertools
import json
import time

from tests.e2e import harness as h

PAIR_SPEC = {  # access and refresh belong together
    "type": "object",
    "oneOf": [{"required": ["access", "refresh"],
               "properties": {"access": {"const": "A%d" % n, "airbyte_secret": True},
                              "refresh": {"const": "R%d" % n, "airbyte_secret": True}}} for n in (1, 2)],
}
MODES_SPEC = {
    "type": "object",
    "oneOf": [{"additionalProperties": False, "required": ["mode", mode + "_key"],
               "properties": {"mode": {"const": mode}, mode + "_key": {"type": "string"}}} for mode in ("a", "b")],
}


def now_ms():
    return time.time() * 1000


class ControlCase(h.SyncTest):
    def setUp(self):
        super().setUp()
        self.w.source_config = dict(h.CONFIG_EXAMPLE)
        self.w.source = {"spec": h.SPEC}

    def sync_updates(self, *updates, flags=(), code=h.OK):
        """A sync whose source emits (config, emitted_at) updates, lines each, in one write."""
        return self.sync_steps({"write": "".join(h.config_update(*update) for update in updates)}, flags=flags,
                               code=code)

    def sync_steps(self, *steps, flags=(), code=h.OK):
        self.w.source["read"] = list(steps)
        result = self.w.sync(*flags)
        self.assert_exit(result, code)
        return result


class ClocksThatDiffer(ControlCase):
    """A run that was started with a token from a machine whose clock is ahead."""

    def rotate_behind(self, *flags):
        self.sync_updates(({"api_key": "ahead"}, now_ms() + 3_600_000))
        self.sync_updates(({"api_key": "follows"}, now_ms()), flags=flags)
        return self.w.config()["api_key"]

    def test_by_the_letter_the_later_emitted_at_wins(self):
        self.assertEqual(self.rotate_behind(), "ahead")

    def test_the_loser_is_an_alert_that_can_be_promoted(self):
        self.sync_updates(({"api_key": "secret-ahead"}, now_ms() + 3_600_000))
        result = self.sync_updates(({"api_key": "secret-later"}, now_ms()))
        self.assertEqual(len(result.report["control"]["alerts"]), 1)
        self.assertRegex(result.err.decode(), r"WARN.*superseded")
        row = self.w.journal()[-1]
        self.assertEqual((row["verdict"], row["alert"]), ("superseded", True))
        self.assert_secretless(result, "secret-ahead", "secret-later")

    def test_with_a_causal_floor_what_follows_from_a_token_wins_over_it(self):
        self.assertEqual(self.rotate_behind("--causal-floor"), "follows")
        self.assertEqual(self.w.journal()[-1]["time_source"], "floored")


class OtherSpellings(ControlCase):
    """The config update of other versions, of the protocol's own examples, and of mistakes."""

    UPDATES = (
        '{"type":"CONTROL","control":{"type":"ORCHESTRATOR","emitted_at":%s,"connectorConfig":{"config":%s}}}',
        '{"type":"CONTROL","control":{"emitted_at":%s,"connectorConfig":{"config":%s}}}',
        '{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","connectorConfig":{"emitted_at":%s,"config":%s}}}',
        '{"type":"ORCHESTRATOR","connectorConfig":{"emitted_at":%s,"config":%s}}',
        '{"type":"CONNECTOR_CONFIG","emitted_at":%s,"connectorConfig":{"config":%s}}',
        '{"type":"CONFIG","control":{"type":"CONNECTOR_CONFIG","emitted_at":%s,"connectorConfig":{"config":%s}}}',
    )

    def test_each_is_stored_and_the_journal_says_how_it_was_spelled(self):
        for number, spelling in enumerate(self.UPDATES):
            with self.subTest(spelling=spelling):
                token = "rotated-%d" % number
                result = self.sync_steps({"write": spelling % (now_ms(), json.dumps({"api_key": token})) + "\n"})
                self.assertEqual(self.w.config()["api_key"], token)
                row = self.w.journal()[-1]
                self.assertEqual((row["verdict"], row["time_source"]), ("applied", "connector"))
                self.assertIn("not spelled as the protocol has it", row["reason"])
                self.assertEqual(result.report["control"]["applied"], 1)
                self.assert_secretless(result, token)

    def test_what_only_names_one_is_kept_with_an_alert(self):
        result = self.sync_steps({"write": '{"type":"PING","connector_config":{"api_key":"SEKRET-VALUE"}}\n'})
        row = self.w.journal()[-1]
        self.assertEqual((row["verdict"], row["alert"]), ("quarantined", True))
        self.assertEqual(len(result.report["control"]["alerts"]), 1)
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)
        self.assert_secretless(result, "SEKRET-VALUE")


class TheProtocolsExample(ControlCase):
    def test_ends_as_the_text_says(self):
        result = self.sync_updates(({"api_key": 456}, now_ms()))
        self.assertEqual(self.w.config(), {"api_key": 456, "start_date": "01-01-2022"})
        control = result.report["control"]
        self.assertEqual((control["received"], control["applied"], control["quarantined"]), (1, 1, 0))
        self.assertEqual(control["last_generation"]["source"], 1)
        self.assertEqual(result.report["source"]["config_generation"], 0)

    def test_the_next_run_starts_with_the_rotated_config_though_the_file_is_old(self):
        self.sync_updates(({"api_key": 456}, now_ms()))
        self.assertEqual(self.w.given("source", "read", "config"), h.CONFIG_EXAMPLE)
        result = self.sync_steps()
        self.assertEqual(h.read_json(self.w.path("source.json")), h.CONFIG_EXAMPLE)
        self.assertEqual(self.w.given("source", "read", "config"), {"api_key": 456, "start_date": "01-01-2022"})
        self.assertEqual(result.report["source"]["config_generation"], 1)

    def test_is_stored_even_when_the_sync_fails(self):
        self.sync_steps({"write": h.config_update({"api_key": 456}, now_ms())}, {"exit": 1}, code=h.SOURCE)
        self.assertEqual(self.w.config()["api_key"], 456)

    def test_an_update_as_the_last_bytes_before_a_crash_without_newline_is_stored(self):
        self.sync_steps({"write": h.config_update({"api_key": 456}, now_ms()).rstrip()}, {"signal": 11},
                        code=h.SOURCE)
        self.assertEqual(self.w.config()["api_key"], 456)

    def test_config_export_works_from_the_first_run_on(self):
        self.sync_steps()
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)
        self.assertEqual(self.w.config(reveal=False), {"api_key": "**********", "start_date": "01-01-2022"})


class Order(ControlCase):
    def test_3_1_2_end_at_3_in_every_order(self):
        for order in itertools.permutations((3, 1, 2)):
            with self.subTest(order=order):
                self.fresh()
                self.w.source_config = dict(h.CONFIG_EXAMPLE)
                self.w.source = {"spec": h.SPEC}
                result = self.sync_updates(*[({"api_key": at}, at) for at in order])
                self.assertEqual(self.w.config()["api_key"], 3)
                self.assertEqual(result.report["control"]["received"], 3)
                newest, expected = 0, []
                for at in order:
                    expected.append("applied" if at > newest else "superseded")
                    newest = max(newest, at)
                self.assertEqual(self.w.verdicts()[-3:], expected)

    def test_3_1_2_end_at_3_in_every_order_from_two_processes(self):
        for order in itertools.permutations((3, 1, 2)):
            with self.subTest(order=order):
                self.two_processes(order)

    def two_processes(self, order):
        """The first and third update come from one sync, the second from another, each seen durable before
        the next is emitted."""
        sides = [h.Workspace("left"), h.Workspace("right")]
        for side in sides:
            self.addCleanup(side.close)
            side.store = sides[0].store
            side.source_config = dict(h.CONFIG_EXAMPLE)
            side.source = {"spec": h.SPEC, "read": [{"touch": side.path("started")}]}
        for index, at in enumerate(order):
            side = sides[index % 2]
            side.source["read"] += [{"await": side.path("go-%d" % index)},
                                    {"write": h.config_update({"api_key": at}, at)}]
        for side in sides:
            side.source["read"].append({"await": side.path("end")})
            self.release_at_the_end(side.path("end"), *[side.path("go-%d" % index) for index in range(3)])
        running = [side.start_sync("--source-id", "shared", connection=name)
                   for side, name in zip(sides, ("left", "right"))]
        for side, process in zip(sides, running):
            h.wait_for_file(side.path("started"), process)
        before = len(sides[0].journal("shared"))
        for index in range(len(order)):
            h.touch(sides[index % 2].path("go-%d" % index))
            h.wait_until(lambda: len([row for row in sides[0].journal("shared") if row["verdict"] != "pending"])
                         == before + index + 1, "update %d in the journal" % index)
        for side in sides:
            h.touch(side.path("end"))
        for process in running:
            self.assert_exit(process.wait(), h.OK)
        self.assertEqual(sides[0].config("shared")["api_key"], 3)

    def test_fractions_of_a_millisecond_decide(self):
        base = 1700000000000
        self.sync_updates(({"api_key": 2}, base + 0.75), ({"api_key": 1}, base + 0.5))
        self.assertEqual(self.w.config()["api_key"], 2)

    def test_an_exact_tie_goes_to_the_later_line(self):
        self.sync_updates(({"api_key": 1}, 1700000000000), ({"api_key": 2}, 1700000000000))
        self.assertEqual(self.w.config()["api_key"], 2)

    def test_an_older_update_of_a_later_run_never_overwrites(self):
        self.sync_updates(({"api_key": 3}, 1700000000003))
        self.sync_updates(({"api_key": 2}, 1700000000002))
        self.assertEqual(self.w.config()["api_key"], 3)
        self.assertEqual(self.w.verdicts()[-2:], ["applied", "superseded"])

    def test_keys_are_ordered_one_by_one(self):
        self.sync_updates(({"api_key": 9}, 1700000000009), ({"api_key": 5, "start_date": "05-05-2025"}, 1700000000005))
        self.assertEqual(self.w.config(), {"api_key": 9, "start_date": "05-05-2025"})

    def test_an_unusable_emitted_at_is_replaced_by_the_time_of_receipt(self):
        for odd in ("null", '"123"', "true", "-1", "1e400", "99999999999999"):
            with self.subTest(emitted_at=odd):
                self.w.source_config = dict(h.CONFIG_EXAMPLE)
                text = h.config_update({"api_key": odd.strip('"')}, 77).replace(": 77", ": " + odd)
                self.assertIn(odd, text)
                self.sync_steps({"write": text})
                self.assertEqual(self.w.config()["api_key"], odd.strip('"'))
                self.assertIn("router", json.dumps(self.w.journal()[-1]))

    def test_the_same_update_again_is_a_duplicate_and_no_new_generation(self):
        at = now_ms()
        result = self.sync_updates(({"api_key": 456}, at), ({"api_key": 456}, at + 1))
        self.assertEqual(self.w.verdicts()[-2:], ["applied", "duplicate"])
        self.assertEqual(result.report["control"]["last_generation"]["source"], 1)

    def test_a_loser_that_arrived_later_with_another_secret_is_an_alert(self):
        result = self.sync_updates(({"api_key": "newest-secret"}, 1700000000009),
                                   ({"api_key": "later-line-secret"}, 1700000000005))
        self.assertEqual(len(result.report["control"]["alerts"]), 1)
        self.assert_secretless(result, "newest-secret", "later-line-secret")


class Validation(ControlCase):
    def test_a_non_conforming_update_ends_the_sync_with_6_and_changes_nothing(self):
        # The source would never end by itself.
        result = self.sync_steps({"write": h.config_update({"api_key": {"nested": "SEKRET-VALUE"}}, now_ms())},
                                 {"hang": True}, code=h.CONFIG)
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)
        self.assertEqual(self.w.verdicts()[-1], "quarantined")
        self.assertEqual(result.report["control"]["quarantined"], 1)
        self.assertIn("/api_key", json.dumps(result.report["failures"]) + json.dumps(self.w.journal()))
        self.assert_secretless(result, "SEKRET-VALUE")
        result = self.sync_steps()
        self.assertEqual(self.w.given("source", "read", "config"), h.CONFIG_EXAMPLE)

    def test_with_warn_the_sync_goes_on(self):
        result = self.sync_steps({"write": h.config_update({"start_date": 5}, now_ms()) + h.record("users", {"id": 1})},
                                 flags=["--on-invalid-config", "warn"])
        self.assertEqual(result.report["totals"]["records_forwarded"], 1)
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)
        self.assertEqual(self.w.verdicts()[-1], "quarantined")

    def test_violations_that_the_stored_config_already_had_are_no_reason_to_refuse(self):
        self.w.source_config = {"api_key": 1}  # no start_date
        # Such a config starts nothing, unless it is told to.
        self.sync_updates(({"api_key": 2}, now_ms()), flags=("--on-invalid-config", "warn"))
        self.assertEqual(self.w.config(), {"api_key": 2})

    def test_an_update_that_conforms_alone_replaces_what_it_does_not_fit(self):
        self.w.source_config = {"mode": "a", "a_key": "x"}
        self.w.source["spec"] = MODES_SPEC
        self.sync_updates(({"mode": "b", "b_key": "y"}, now_ms()))
        self.assertEqual(self.w.config(), {"mode": "b", "b_key": "y"})
        self.assertEqual(self.w.verdicts()[-1], "applied")

    def test_the_half_updated_config_of_a_burst_is_superseded(self):
        self.w.source_config = {"access": "A1", "refresh": "R1"}
        self.w.source["spec"] = PAIR_SPEC
        at = now_ms()
        self.sync_updates(({"access": "A2", "refresh": "R1"}, at), ({"access": "A2", "refresh": "R2"}, at + 0.25))
        self.assertEqual(self.w.config(), {"access": "A2", "refresh": "R2"})
        self.assertEqual(self.w.verdicts()[-2:], ["superseded", "applied"])

    def test_without_a_spec_an_update_is_accepted_as_unvalidated(self):
        del self.w.source["spec"]
        self.sync_updates(({"api_key": {"any": "thing"}}, now_ms()))
        self.assertEqual(self.w.config()["api_key"], {"any": "thing"})
        self.assertIn("unvalidated", json.dumps(self.w.journal()[-1]))

    def test_a_spec_file_is_used_instead_of_asking(self):
        del self.w.source["spec"]
        spec = h.write_json(self.w.path("spec.json"), h.SPEC)
        self.sync_updates(({"start_date": 5}, now_ms()), flags=["--source-spec", spec], code=h.CONFIG)
        self.assertEqual(self.w.started("source", "spec"), 0)

    def test_a_config_that_is_no_object_is_quarantined(self):
        self.sync_steps({"write": h.config_update([1], now_ms())}, code=h.CONFIG)
        self.assertEqual(self.w.verdicts()[-1], "quarantined")

    def test_an_update_in_a_malformed_line_is_quarantined_and_taints(self):
        result = self.sync_steps({"write": h.config_update({"api_key": "SEKRET-VALUE"}, now_ms())[:-3] + "\n"},
                                 code=h.DATA_LOSS)
        self.assertEqual(self.w.verdicts()[-1], "quarantined")
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)
        self.assert_secretless(result, "SEKRET-VALUE")

    def test_other_control_types_are_counted_and_ignored(self):
        result = self.sync_steps({"write": h.line("CONTROL", "control", {"type": "FUTURE", "emitted_at": 1})})
        self.assertEqual(result.report["lines"]["control"], 1)
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)


class Replace(ControlCase):
    def test_the_whole_document_is_taken(self):
        self.w.source_config["extra"] = 1
        self.sync_updates(({"api_key": 456, "start_date": "x"}, now_ms()), flags=["--config-update", "replace"])
        self.assertEqual(self.w.config(), {"api_key": 456, "start_date": "x"})

    def test_a_partial_document_does_not_conform(self):
        self.sync_updates(({"api_key": 456}, now_ms()), flags=["--config-update", "replace"], code=h.CONFIG)
        self.assertEqual(self.w.config(), h.CONFIG_EXAMPLE)

    def test_an_older_merge_cannot_cross_a_replace(self):
        self.sync_updates(({"api_key": 456, "start_date": "x"}, 1700000000009), flags=["--config-update", "replace"])
        self.sync_updates(({"later_key": 1}, 1700000000005))
        self.assertEqual(self.w.config(), {"api_key": 456, "start_date": "x"})
        self.assertEqual(self.w.verdicts()[-1], "superseded")


class TheFile(ControlCase):
    def test_an_edit_of_one_key_enters_and_leaves_the_rotated_key_alone(self):
        self.sync_updates(({"api_key": 456}, now_ms()))
        self.w.source_config["start_date"] = "02-02-2022"
        self.sync_steps()
        self.assertEqual(self.w.given("source", "read", "config"), {"api_key": 456, "start_date": "02-02-2022"})

    def test_an_edit_of_the_rotated_key_wins_over_the_older_update(self):
        self.sync_updates(({"api_key": 456}, now_ms() - 60_000))
        self.w.source_config["api_key"] = 789
        self.sync_steps()
        self.assertEqual(self.w.given("source", "read", "config")["api_key"], 789)

    def test_a_key_removed_from_the_file_is_removed(self):
        self.w.source_config["extra"] = 1
        self.sync_updates(({"extra": 2}, now_ms() - 60_000))
        del self.w.source_config["extra"]
        self.sync_steps()
        self.assertEqual(self.w.given("source", "read", "config"), h.CONFIG_EXAMPLE)

    def test_connectors_get_a_readonly_file_on_a_private_directory_and_nothing_in_argv_or_environment(self):
        self.w.source_config["api_key"] = "SEKRET-VALUE"
        self.w.destination_config = {"password": "HUSH-VALUE"}
        self.sync_steps()
        for side, verb in (("source", "read"), ("destination", "write")):
            for name in ("config", "catalog"):
                stat = h.read_json(self.w.path(side, "%s.%s.stat.json" % (verb, name)))
                self.assertEqual((stat["mode"], stat["directory_mode"]), (0o400, 0o700))
                self.assertTrue(stat["path"].endswith(".json"))
                self.assertTrue(stat["path"].startswith(self.w.runtime), stat["path"])
            given = json.dumps(self.w.given(side, verb, "argv")) + json.dumps(self.w.given(side, verb, "env"))
            self.assertNotIn("SEKRET-VALUE", given)
            self.assertNotIn("HUSH-VALUE", given)
        environment = self.w.given("source", "read", "env")
        self.assertEqual((environment["PYTHONUNBUFFERED"], environment["DATA_CHANNEL_MEDIUM"]), ("1", "STDIO"))
        self.assertFalse([name for name in environment if name.startswith("SHUNT_") or name == "WORKER_JOB_ID"])


class TheDestination(ControlCase):
    def test_an_update_of_the_destination_changes_the_destinations_config_only(self):
        self.w.destination_config = {"api_key": 1, "start_date": "d"}
        self.w.destination = {"spec": h.SPEC, "write": {"before": [{"write": h.config_update({"api_key": 2}, now_ms())}],
                                                        "save": self.w.path("received")}}
        result = self.sync_steps({"write": h.record("users", {"id": 1})})
        self.assertEqual(self.w.config("default/destination"), {"api_key": 2, "start_date": "d"})
        self.assertEqual(self.w.config("default/source"), h.CONFIG_EXAMPLE)
        self.assertEqual(result.report["control"]["last_generation"]["destination"], 1)
        self.assertEqual(h.read_bytes(self.w.path("received")), h.record("users", {"id": 1}).encode())

    def test_updates_never_reach_the_destination(self):
        self.w.destination = {"write": {"save": self.w.path("received")}}
        self.sync_updates(({"api_key": 2}, now_ms()))
        self.assertEqual(h.read_bytes(self.w.path("received")), b"")


class Secrets(ControlCase):
    def test_old_and_rotated_secrets_are_masked_in_every_output(self):
        old, new = "OLD-SEKRET-4711", "NEW-SEKRET-0815"
        self.w.source_config["api_key"] = old
        talk = [{"write": h.log("got %s" % old) + "text with %s\n" % old},
                {"write": h.config_update({"api_key": new}, now_ms())},
                {"write": h.log("now %s" % new) + h.log(json.dumps({"inner": new})) + "text with %s\n" % new},
                {"write": h.line("LOG", "log", {"level": "INFO", "message": "x", "stack_trace": new})},
                {"stderr": "stderr with %s\n" % old},
                {"write": h.trace_error("failed with %s" % new, internal="because of %s" % old)}, {"exit": 1}]
        for flags in ((), ("--verbose",), ("--progress", "plain"), ("--progress", "json")):
            with self.subTest(flags=flags):
                result = self.sync_steps(*talk, flags=flags, code=h.SOURCE)
                self.assert_secretless(result, old, new)
                self.assertIn(b"**********", result.err)
        for command in (("config", "show", "default/source"), ("config", "show", "default/source", "--json"),
                        ("config", "history", "default/source"), ("config", "history", "default/source", "--json"),
                        ("config", "export", "default/source"), ("runs",), ("runs", "--json")):
            with self.subTest(command=command):
                text = self.w.command(*command)
                self.assertNotIn(old.encode(), text)
                self.assertNotIn(new.encode(), text)

    def test_a_masked_value_that_comes_back_is_filled_from_the_stored_config(self):
        self.sync_updates(({"api_key": "**********", "start_date": "new"}, now_ms()))
        self.assertEqual(self.w.config(), {"api_key": 123, "start_date": "new"})

    def test_the_store_file_is_private(self):
        import os
        self.sync_steps()
        self.assertEqual(os.stat(self.w.path("store.db")).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    h.main()
