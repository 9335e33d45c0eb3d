// Report: what happened in a run, as `--report` prints it (contract section 3). Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "protocol/line_classifier.h"
#include "protocol/message.h"
#include "stages/exit_code.h"
#include "stages/fault.h"
#include "transforms/schema_check.h"

namespace shunt {

// "ok", "internal_error", ...; "signal" for 128 + n.
std::string_view ExitCodeName(int exit_code);

struct ConnectorReport {
  std::string command;
  std::optional<int> exit_code;
  std::optional<int> signal;
  int64_t config_generation = -1;  // -1 prints as null
  uint64_t lines = 0;
  uint64_t bytes = 0;
  std::string answer;  // RouterOptions::answers, masked; not in the JSON
};

struct EstimateReport {
  std::optional<uint64_t> records, bytes;
};

struct StreamReport {
  StreamDescriptor stream;
  std::string status = "not_started";  // complete, incomplete, not_started
  uint64_t records_read = 0, bytes_read = 0, records_forwarded = 0;
  uint64_t records_filtered = 0;  // by a row filter
  uint64_t records_lost = 0;      // could not be mapped, or longer than the bound
  uint64_t records_committed = 0, bytes_committed = 0, states_forwarded = 0, states_committed = 0;
  uint64_t records_rejected = 0;  // by the destination, of states that are committed
  // What the source said of it.
  std::string run_state =
      {};  // started, running, rate_limited, complete, incomplete; "" prints as null
  std::optional<EstimateReport> estimate = {};
  uint64_t rate_limits = 0;  // how often one began
  absl::Duration rate_limited_for = absl::ZeroDuration();
  std::optional<int64_t> quota_reset_ms = {};                     // of the last one
  std::shared_ptr<const SchemaCheck::Findings> schema = nullptr;  // null without --validate-schema
};

// How often a connector sent an analytics event.
struct AnalyticsReport {
  Origin origin = Origin::kSource;
  std::string type;
  uint64_t count = 0;
};

struct UnknownStreamReport {
  StreamDescriptor stream;
  uint64_t records = 0, states = 0;
};

// How often a connector sent messages of a type that the protocol does not know.
struct UnknownTypeReport {
  Origin origin = Origin::kSource;
  std::string type;  // "": all further ones
  uint64_t count = 0;
};

struct StateCounts {
  uint64_t read = 0, forwarded = 0, acked = 0, committed = 0, explained = 0, unmatched_acks = 0;
  uint64_t injected = 0;  // of our own making, for streams that ended without one
  uint64_t source_count_mismatches = 0, destination_count_mismatches = 0;
};

struct ControlCounts {
  uint64_t received = 0, applied = 0, superseded = 0, duplicate = 0, quarantined = 0;
  int64_t source_generation = -1, destination_generation = -1;
  std::vector<std::string> alerts;
};

struct TimingReport {
  std::optional<int64_t> first_record_ms, source_done_ms, destination_done_ms;
  int64_t blocked_on_source_ms = 0, blocked_on_destination_ms = 0;
};

// A run that was one of several attempts at a sync.
struct AttemptReport {
  std::string run_id;
  int exit_code = 0;
  uint64_t records_committed = 0;
  absl::Time started_at, finished_at;
};

struct Report {
  std::string verb;  // what a connector was started for, when that was no sync; else ""
  std::string connection;
  std::string run_id;  // "": the run never began; prints as null
  int exit_code = 0;
  absl::Time started_at, finished_at;
  absl::Duration duration;
  ConnectorReport source, destination;
  std::vector<StreamReport> streams;
  std::vector<UnknownStreamReport> unknown_streams;
  std::optional<UnknownStreamReport> further_unknown_streams;  // counted together; no name
  uint64_t records_dropped = 0;
  // By the destination, of states of several streams: in the totals, and in no stream's counts.
  uint64_t records_rejected_of_many = 0;
  uint64_t records_nulled = 0;  // forwarded with fields nulled, to fit
  std::string estimates;        // stream, sync, or mixed (then none is used); "" prints as null
  EstimateReport estimate;
  std::vector<AnalyticsReport> analytics;
  std::vector<UnknownTypeReport> unknown_types;
  StateCounts states;
  bool checkpoint_moved = false;  // the next run starts elsewhere than this one; not in the JSON
  ControlCounts control;
  LineCounts lines;  // the source's
  std::vector<Failure> failures;
  TimingReport timings;
  int64_t peak_memory_bytes = 0;
  // Oldest first, the last one is this run; empty when there could be one only.
  std::vector<AttemptReport> attempts;

  StreamReport Totals() const;
  std::string ToJson() const;  // one object, "schema":"shunt.report/1", pretty-printed
  // For a store, which has many of them: the same in few bytes, without streams of which there is
  // nothing to tell; "streams_left_out" says how many.
  std::string ToStoredJson() const;

 private:
  std::string Json(bool to_store) const;
};

}  // namespace shunt
