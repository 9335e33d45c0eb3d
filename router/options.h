// RouterOptions: everything one run of the router can be told. Plain values with the contract's
// defaults; flags, environment and connection file fill the same struct.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "protocol/catalog.h"
#include "protocol/line_classifier.h"
#include "protocol/spec.h"
#include "stages/event_sink.h"
#include "stages/state_gate.h"
#include "stores/store.h"
#include "transforms/record_rewriter.h"
#include "transforms/schema_check.h"

namespace shunt {

enum class ConfigUpdateMode : uint8_t { kMerge, kReplace };
enum class OnInvalidConfig : uint8_t { kFail, kWarn };
enum class OnMalformed : uint8_t { kTaint, kDrop, kFail };
enum class OnUnknownStream : uint8_t { kDrop, kFail };
enum class FillStateCounts : uint8_t { kAuto, kNever };
enum class StreamStatuses : uint8_t { kAuto, kAlways, kNever };
enum class MissingStatesMode : uint8_t { kIgnore, kInject };
enum class ZeroCopy : uint8_t { kAuto, kNever };
enum class Threads : uint8_t { kAuto, kDedicated, kCompact, kInline };

inline constexpr int64_t kMemoryBudgetBytesDefault = int64_t{64} << 20;

struct ConnectorOptions {
  std::string config_id;                      // identity of the stored config: "NAME/source"
  std::shared_ptr<const ConnectorSpec> spec;  // null: updates are accepted and marked unvalidated
  std::string command;                        // for the report; never holds a secret
  int64_t config_generation = -1;             // that the connector was started with
  OrderKey config_newest;                     // of its newest update
  std::vector<std::string> secrets;           // values to mask from the start on
};

struct MemoryTerm {
  std::string name;
  int64_t bytes = 0;
};

struct RouterOptions {
  RunHandle run;  // from Store::BeginRun
  ConfiguredCatalog catalog;
  ConnectorOptions source;
  ConnectorOptions destination;
  // Lanes that are durable at the start (Store::ReadCheckpoint), for "explained" states.
  std::vector<StoredState> checkpoint;

  ConfigUpdateMode config_update = ConfigUpdateMode::kMerge;
  OnInvalidConfig on_invalid_config = OnInvalidConfig::kFail;
  // Whether an update counts at least as late as the config that its connector was started with,
  // whatever its emitted_at says: for machines whose clocks differ (contract decision 7, G24b).
  bool causal_floor = false;
  OnMalformed on_malformed = OnMalformed::kTaint;
  OnUnknownStream on_unknown_stream = OnUnknownStream::kDrop;
  FillStateCounts fill_state_counts = FillStateCounts::kAuto;
  StreamStatuses stream_statuses = StreamStatuses::kAuto;
  Validation validation = Validation::kFull;
  // What is done to records and names; null: nothing, every line is the source's.
  std::shared_ptr<const RecordRules> rules;
  // Whether records are held against the catalog's schemas (RouterDeps::schema_check); only
  // counted.
  SchemaValidation validate_schema = SchemaValidation::kOff;
  // The records that the source, we and the destination count, at every state.
  CheckCounts check_counts = CheckCounts::kWarn;
  // Whether a full refresh that ends without a state is given an empty one (F21).
  MissingStatesMode missing_states = MissingStatesMode::kIgnore;
  // kAuto: between two pipes, bytes are passed on without a copy (docs/adr/0007).
  ZeroCopy zero_copy = ZeroCopy::kAuto;
  Threads threads = Threads::kAuto;

  int64_t memory_budget_bytes = kMemoryBudgetBytesDefault;
  // Newline included; 0: half the memory budget, an eighth when records are rewritten.
  int64_t line_bytes_max = 0;
  int64_t read_ahead_bytes = int64_t{8} << 20;
  absl::Duration source_timeout = absl::Hours(3);       // zero: off
  absl::Duration destination_timeout = absl::Hours(3);  // zero: off
  absl::Duration abort_drain = absl::Seconds(10);
  // How long the other side of a FIFO may take to open it; zero: off.
  absl::Duration open_timeout = absl::Minutes(15);
  // How long a config update is tried at a store that does not take it; zero: once.
  absl::Duration persist_timeout = absl::Seconds(60);
  // Types of messages ("CATALOG") of which each connector's first is kept for the report: what a
  // connector that is not started to move data was started for.
  std::vector<std::string> answers;
  LogLevel log_level = LogLevel::kTrace;  // of what connectors log, nothing milder reaches the sink
  std::string spill_dir;  // for large outstanding states; "": the system's temporary directory
  // What they may take there, and never more than a quarter of what is free when the run begins.
  int64_t spill_bytes_max = int64_t{1} << 30;

  // What the embedder holds beside the router while it runs, and what it took at most before that,
  // when there was no router yet: for the memory bound.
  std::vector<MemoryTerm> held;
  int64_t startup_bytes = 0;

  bool rewrites_records() const {
    return (rules && !rules->idle()) || validate_schema != SchemaValidation::kOff;
  }
  NameMapping names() const { return rules ? rules->names : NameMapping{}; }
  int64_t LineBytesMax() const { return LineBytesMax(memory_budget_bytes); }
  int64_t LineBytesMax(int64_t memory_budget) const;  // were that the budget
  // The memory bound as a sum with names, the measured base first.
  std::vector<MemoryTerm> MemoryTerms() const { return MemoryTerms(memory_budget_bytes); }
  std::vector<MemoryTerm> MemoryTerms(int64_t memory_budget) const;
  int64_t MemoryBytesMax() const { return MemoryBytesMax(memory_budget_bytes); }
  int64_t MemoryBytesMax(int64_t memory_budget) const;
  // The least budget, or a little more, with which these options would be valid.
  int64_t MemoryBudgetThatWouldDo() const;
  // InvalidArgument when the sum is larger than the budget; Validate() asks as well.
  absl::Status CheckMemory() const;
  // InvalidArgument naming the option and what would be accepted.
  absl::Status Validate() const;
};

}  // namespace shunt
