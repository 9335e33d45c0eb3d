"""The faults of the data and state lanes, of peers and of the system, and where each is tested.

A row is a fault's number, what it is, and the tests that make it happen and look at what becomes of it:
"file: name of a test", TEST(Suite, Name) as Suite.Name; or NOT_TESTED and why. tests/lint/fault_matrix_test checks
that the tests are there and counts. Where the contract says another outcome than one may expect, the row says so.
"""

NOT_TESTED = "not tested"

HOT = "tests/protocol_hot/"
E2E = "tests/e2e/"
ENVELOPE = HOT + "envelope_rules_test.cc: EnvelopeRules."
JSON = HOT + "json_conformance_test.cc: JsonConformance."
LIMITS = HOT + "limits_test.cc: Limits."
MIXED = E2E + "mixed_lines_test.py: test_"
LINES = E2E + "fault_lines_test.py: test_"
STATES = E2E + "states_test.py: test_"
ACKS = E2E + "fault_states_test.py: test_"
PEERS = E2E + "fault_peers_test.py: test_"
SYSTEM = E2E + "fault_system_test.py: test_"
ENDINGS = E2E + "endings_test.py: test_"
DEADLINES = E2E + "deadlines_test.py: test_"
POD = E2E + "pod_layout_test.py: test_"
LEFTOVERS = E2E + "leftovers_test.py: test_"
CONTROL = E2E + "control_test.py: test_"
PROCESS = "tests/platform/process_test.cc: "
SCENARIOS = E2E + "scenarios_test.py: test_every_one_ends_as_its_faults_say"
SIMULATION = "tests/sim/simulation_test.cc: Simulation.InvariantsHoldForEverySeed"

# Bytes and lines.
LINES_ROWS = {
    "F1": ("a last line without its newline", MIXED + "a_last_line_without_newline_is_a_line",
           CONTROL + "an_update_as_the_last_bytes_before_a_crash_without_newline_is_stored",
           LINES + "without_a_last_newline_with_crlf_and_behind_text"),
    "F2": ("a last line that is cut", LINES + "a_last_line_that_is_cut_is_a_loss_and_nothing_of_it_goes_out",
           ENVELOPE + "ALineCutAtEveryByteIsMalformed",
           CONTROL + "an_update_in_a_malformed_line_is_quarantined_and_taints"),
    "F3": ("CRLF", LINES + "crlf_passes_and_stays", LINES + "without_a_last_newline_with_crlf_and_behind_text"),
    "F4": ("a byte order mark at the start: leading text",
           LINES + "a_byte_order_mark_is_leading_text_wherever_it_stands"),
    "F5": ("a byte order mark on a later line: leading text",
           LINES + "a_byte_order_mark_is_leading_text_wherever_it_stands"),
    "F6": ("UTF-16 and UTF-32: text, as nothing in it begins like a message",
           LINES + "utf_16_and_utf_32_are_text_and_no_flood_of_messages"),
    "F7": ("a raw NUL", ENVELOPE + "BrokenObjects", JSON + "Literals",
           LINES + "control_characters_and_nul_neither_reach_the_terminal_nor_cut_a_log_line"),
    "F8": ("an escaped NUL in a string", JSON + "StringsThatAreValid"),
    "F9": ("invalid UTF-8", JSON + "Utf8ThatIsNot"),
    "F10": ("escaped lone surrogates", ENVELOPE + "LoneSurrogates"),
    "F11": ("raw control characters in a string", JSON + "StringsThatAreNot"),
    "F12": ("duplicate keys in data", ENVELOPE + "EscapedAndDuplicateKeys"),
    "F13": ("duplicate keys in the envelope", ENVELOPE + "EscapedAndDuplicateKeys",
            "tests/protocol_cold/one_reading_test.cc: *"),
    "F14": ("escaped keys in the envelope", ENVELOPE + "EscapedAndDuplicateKeys"),
    "F15": ("keys and types in another case", ENVELOPE + "KindsOfMessages", ENVELOPE + "RecordsNeedAStreamAndData"),
    "F16": ("deep nesting", LIMITS + "DepthIs1024", LIMITS + "TenMillionBracketsAreMalformedAndHarmless",
            LINES + "depth_needs_no_stack"),
    "F17": ("a line of a gigabyte: malformed", LINES + "a_line_of_a_gigabyte_is_a_loss_within_the_memory_budget"),
    "F18": ("lines at the limit", ENDINGS + "a_line_over_the_limit_is_malformed_and_one_at_the_limit_is_not"),
    "F19": ("a line without end", LINES + "a_line_without_end_ends_the_run_at_its_limit_when_told_to_fail"),
    "F20": ("a line without end, byte by byte", LINES + "a_line_that_never_ends_is_no_life"),
    "F21": ("numbers that no double holds", JSON + "NumbersThatAreValid",
            STATES + "the_sources_bytes_are_stored_not_the_echo"),
    "F22": ("two messages on one line", ENVELOPE + "GluedMessages", MIXED + "dedicated_threads"),
    "F23": ("a message before or behind garbage", ENVELOPE + "BrokenObjects", ENVELOPE + "BrokenMessagesBehindText",
            CONTROL + "an_update_in_a_malformed_line_is_quarantined_and_taints"),
    "F24": ("writers that interleave", LINES + "a_log_in_the_middle_of_a_record_costs_that_record_and_no_other"),
    "F25": ("plain text, colours, progress bars", ENVELOPE + "TextThatDoesNotBeginLikeAnObject",
            LINES + "control_characters_and_nul_neither_reach_the_terminal_nor_cut_a_log_line"),
    "F26": ("a million empty lines", HOT + "blocks_test.cc: Blocks.AMillionEmptyLinesCostNoItems",
            ENVELOPE + "EmptyLines"),
    "F27": ("JSON that is no object", ENVELOPE + "TextThatDoesNotBeginLikeAnObject"),
    "F28": ("objects without a type", ENVELOPE + "ObjectsWithoutAStringType"),
    "F29": ("unknown types", ENVELOPE + "KindsOfMessages", MIXED + "inline"),
    "F30": ("records without what they need", ENVELOPE + "RecordsNeedAStreamAndData"),
    "F31": ("a record of an unknown stream: dropped, or told to fail",
            ENDINGS + "unknown_streams_are_dropped_or_fail"),
    "F32": ("an odd emitted_at", ENVELOPE + "RecordsNeedAStreamAndData"),
    "F33": ("single bytes", MIXED + "single_byte_reads", LINES + "byte_by_byte_and_in_odd_pieces"),
    "F34": ("lines split anywhere", MIXED + "odd_write_sizes_and_respelled_acks", LINES + "byte_by_byte_and_in_odd_pieces",
            HOT + "block_borders_test.cc: BlockBorders.EveryCutIntoTwoBlocks"),
    "F35": ("JSONTestSuite", HOT + "json_test_suite_test.cc: JsonTestSuite.EveryFileHasItsVerdict"),
    "F36": ("random bytes, flipped bits", "tests/fuzz/replay.cc: Corpus.HoldsWhatItShould",
            HOT + "differential_test.cc: Differential.FullValidation",
            HOT + "differential_test.cc: Differential.LongLinesFullValidation"),
}

# States and acknowledgements.
STATES_ROWS = {
    "F37": ("states of streams never seen", ACKS + "a_state_for_each_of_20_000_streams_has_a_lane_of_its_own"),
    "F38": ("a state without a usable payload", STATES + "a_state_without_a_usable_payload_is_no_taint"),
    "F39": ("an acknowledgement of what was never sent",
            STATES + "of_a_state_that_was_never_sent_stores_nothing"),
    "F40": ("the same acknowledgement a thousand times", ACKS + "a_thousand_times_the_same_is_one"),
    "F41": ("acknowledgements out of order", ACKS + "3_1_2_ends_at_3", STATES + "out_of_order_never_goes_back"),
    "F42": ("an acknowledgement with a changed byte", ACKS + "one_changed_byte_is_another_state"),
    "F43": ("a torn acknowledgement", LINES + "an_acknowledgement_that_is_torn_is_none_and_no_loss_of_data",
            LINES + "byte_by_byte_and_in_odd_pieces"),
    "F44": ("no acknowledgement", STATES + "none_at_all_is_incomplete_and_nothing_is_stored"),
    "F45": ("all of them at the end", STATES + "out_of_order_never_goes_back", STATES + "only_the_last_covers_the_earlier_ones"),
    "F46": ("an acknowledgement, then a crash", ENDINGS + "it_crashes_right_after_an_acknowledgement"),
    "F47": ("an acknowledgement before its state", ACKS + "before_the_state_was_sent_is_of_nothing"),
    "F48": ("many outstanding states", ACKS + "ten_thousand_unacknowledged_states_of_10_kb_spill"),
    "F49": ("a state of 50 MB", ACKS + "a_global_state_of_50_mb_needs_a_larger_budget_and_says_so"),
    "F50": ("types of state mixed", ENDINGS + "mixed_state_types_are_a_protocol_violation", SIMULATION),
    "F51": ("equal states in a row", STATES + "equal_blobs_in_a_row_are_explained_after_a_clean_exit",
            "tests/stages/checkpoint_ledger_test.cc: CheckpointLedger.Decision6_TheOldestEqualStateIsMatched"),
    "F52": ("odd record counts", ACKS + "odd_record_counts_pass_untouched",
            "tests/protocol_cold/state_test.cc: CountTest.NullCountsAsMissingAndNonsenseDoesNot"),
    "F53": ("an acknowledgement long after the source died", ACKS + "long_after_the_source_died_is_still_in_time"),
}

# Peers and processes.
PEERS_ROWS = {
    "F78": ("a destination that takes a byte now and then",
            "tests/router/read_ahead_test.cc: ReadAheadTest.IsLongBeforeADestinationThatTrickles",
            E2E + "control_behind_data_test.py: test_compact_threads"),
    "F79": ("a destination that is stopped for a while",
            PEERS + "a_destination_that_is_stopped_and_goes_on_misses_nothing"),
    "F80": ("a destination that is stopped for ever",
            PEERS + "a_destination_that_is_stopped_for_ever_is_killed_at_its_deadline", SCENARIOS),
    "F81": ("a destination that closes its input", ENDINGS + "it_closes_its_input_and_stays",
            ACKS + "after_the_input_was_closed_are_still_read"),
    "F82": ("a destination that closes its output", ACKS + "cannot_come_from_a_destination_that_closed_its_output"),
    "F83": ("a destination that exits 0 too early", ENDINGS + "it_exits_0_before_its_input_ends"),
    "F84": ("a source that closes its output and stays",
            DEADLINES + "a_source_that_closes_its_output_and_stays_is_ended_and_no_success"),
    "F85": ("a grandchild that holds the pipe", LEFTOVERS + "one_that_keeps_the_sources_output_open_after_its_end",
            LEFTOVERS + "one_that_keeps_the_destinations_output_open_after_its_end",
            "tests/connectors/process_connector_test.cc: ProcessConnectorTest.KillAfterItsEndReachesWhatItLeftBehind",
            SCENARIOS),
    "F86": ("peers that no signal ends", DEADLINES + "sigterm_with_peers_that_ignore_it",
            PEERS + "one_that_blocks_every_signal_is_killed"),
    "F87": ("a peer that leaves its session", LEFTOVERS + "one_that_left_the_group_as_a_daemon_does",
            LEFTOVERS + "one_that_left_the_group_and_keeps_the_output_open",
            "tests/platform/orphans_test.cc: OrphansTest.WhatTheyLeaveBehindInTurnIsEndedToo"),
    "F88": ("thousands of grandchildren", PEERS + "thousands_of_short_lived_grandchildren_leave_no_zombie_of_ours"),
    "F89": ("a pid that is used again", PROCESS + "KillTest.TheNumberStaysTakenUntilTheEnd",
            PROCESS + "KillTest.HurtsNobodyWhenTheChildWasReapedBySomebodyElse"),
    "F90": ("programs that cannot be run", PROCESS + "SpawnErrorTest.NamesTheProgramAndTheReason",
            "tests/cli/usage_test.py: test_a_command_that_is_not_there_is_named_before_anything_starts"),
    "F91": ("fork refused", PEERS + "each_refused_start_of_a_process_or_a_thread_is_a_clean_end"),
    "F92": ("a crash with a core file", E2E + "users_test.py: test_neither_we_nor_our_children_leave_one",
            SCENARIOS),
    "F93": ("a peer killed for memory", LEFTOVERS + "is_named_as_the_cause",
            PEERS + "a_peer_without_memory_fails_as_itself", SCENARIOS),
    "F94": ("a flood on stderr", PEERS + "of_stderr_are_cut_and_counted_and_stop_nothing"),
    "F95": ("a stderr that nobody reads", "tests/cli/session_test.py: test_a_stderr_that_nobody_reads_does_not_stop_the_sync"),
    "F96": ("pipes of a page and a destination that talks",
            PEERS + "pipes_of_a_page_and_a_destination_that_talks_before_it_reads_are_no_deadlock"),
    "F97": ("acknowledgements only after more input",
            PEERS + "a_destination_that_acknowledges_only_after_megabytes_more_is_no_deadlock"),
    "F98": ("a FIFO that is missing, never opened, or none",
            POD + "a_stream_that_is_missing_or_no_fifo_is_named", POD + "a_plain_fifo_has_the_same_deadline",
            POD + "no_source", POD + "no_destination", "tests/platform/byte_stream_test.cc: FifoTest.OnlyFifosAreOpened",
            E2E + "sidecar_test.py: test_every_open_order"),
    "F99": ("a FIFO that is opened again", POD + "one_run_is_one_open",
            "tests/platform/byte_stream_test.cc: FifoTest.AfterTheEndASecondWriterIsRefused"),
    "F100": ("signals ignored and blocked at the start", SYSTEM + "with_ignored_and_blocked_signals",
             SYSTEM + "with_a_blocked_sigterm_and_sigterm_still_ends_it",
             PROCESS + "ProcessTest.ChildStartsWithCleanSignalsLimitsAndFlags"),
}

# Operating system.
SYSTEM_ROWS = {
    "F101": ("kill -9 at any moment", E2E + "kill_test.py: test_minus_9_at_a_random_moment",
             "tests/stores/kill_at_every_call_test.cc: *"),
    "F102": ("power cut", "tests/stores/sqlite_faults_test.cc: *"),
    "F103": ("interrupted calls", SYSTEM + "a_storm_of_stops_and_continues_changes_nothing", SCENARIOS),
    "F104": ("short reads and writes", SIMULATION, "tests/connectors/conformance_test.cc: ConformanceTest.OneByteAtATimeIsTheSame"),
    "F105": ("descriptors that others made non-blocking",
             SYSTEM + "that_others_made_non_blocking_stay_so_and_lose_nothing",
             E2E + "sidecar_test.py: test_the_flags_of_inherited_descriptors_are_not_changed"),
    "F106": ("no descriptors left, none at the start",
             SYSTEM + "with_any_number_of_them_it_works_or_says_what_is_missing",
             SYSTEM + "without_standard_descriptors_no_log_line_ends_in_a_file"),
    "F107": ("no memory left", SYSTEM + "however_little_there_is_nothing_announced_is_lost_and_nobody_is_left"),
    "F108": ("a memory limit just above the bound", NOT_TESTED,
             "the tests have no control group of their own; the peak itself is measured: tests/e2e/memory_test.py"),
    "F109": ("killed for memory", E2E + "kill_test.py: test_minus_9_at_a_random_moment"),
    "F110": ("threads refused", PEERS + "each_refused_start_of_a_process_or_a_thread_is_a_clean_end"),
    "F111": ("starved of processor time", SYSTEM + "a_program_that_gets_one_slice_in_ten_sees_no_false_silence"),
    "F112": ("signals in every phase, and as process 1", SYSTEM + "before_anything_has_begun_and_during_every_phase",
             SYSTEM + "a_hang_up_and_a_quit_are_clean_ends", SYSTEM + "it_works_and_a_sigterm_ends_it",
             DEADLINES + "sigterm_is_clean_and_143", SCENARIOS),
    "F113": ("files that may not grow", E2E + "store_trouble_test.py: test_files_may_not_grow",
             SYSTEM + "a_log_that_is_full_closed_or_at_its_limit_stops_nothing"),
    "F114": ("a log that is full or closed", SYSTEM + "a_log_that_is_full_closed_or_at_its_limit_stops_nothing",
             "tests/cli/session_test.py: test_a_stderr_that_nobody_reads_does_not_stop_the_sync"),
    "F115": ("odd environments", SYSTEM + "with_odd_environments", SYSTEM + "in_a_directory_that_is_gone",
             SYSTEM + "with_a_mask_that_hides_nothing_files_are_private_all_the_same",
             SYSTEM + "without_a_home_the_default_store_has_no_place_and_that_is_said"),
    "F116": ("suspended for long", SYSTEM + "one_that_was_suspended_while_another_took_over_is_fenced"),
}

ROWS = {**LINES_ROWS, **STATES_ROWS, **PEERS_ROWS, **SYSTEM_ROWS}
