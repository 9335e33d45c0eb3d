#include "router/memory_terms.h"

#include <algorithm>

#include "protocol/row_reader.h"
#include "stages/announcement.h"
#include "stages/chunk.h"
#include "stages/control_fact.h"
#include "stages/log_stage.h"
#include "stages/outbox.h"

namespace shunt {
namespace {

// Measured: peak RSS of `shunt sidecar` that forwards nothing, all threads started, store open
// (tests/e2e/memory_test prints it), rounded up.
constexpr int64_t kBaseBytes = int64_t{19} << 19;
constexpr int64_t kLogBytes = int64_t{1} << 19;  // waiting, and held by the log stage
constexpr int64_t kStateBodyBytes = int64_t{1} << 19;
// Chunks beyond one longest line: the one being filled, its spare, and those on their way.
constexpr int64_t kWorkingChunks = 4;
constexpr int64_t kValueBytesMin = int64_t{1} << 20;
// Lists of what was found in chunks: those that wait for the intake, and one being made by each
// classifier, by the intake and by the ack stage, at its largest while it grows.
constexpr int64_t kItemBytes = static_cast<int64_t>(sizeof(LineItem));
constexpr int64_t kListBytes = int64_t{kUnreadItemsMax} * kItemBytes;
constexpr int64_t kListInWorkBytes = 3 * int64_t{kItemsMax} * kItemBytes;
// The classifier's structural index and grammar stack, per byte of a chunk.
constexpr int64_t kScratchPerByte = 5;
// What it remembers of rows: the bounds of row_template.h, with half again for how vectors grow.
constexpr int64_t kRowsBytes = (RowReader::kTemplatesMax + 1) * (int64_t{48} << 10) * 3 / 2;

// The shortest RECORD line that there can be.
constexpr int64_t kRecordBytesMin = sizeof(R"({"type":"RECORD","record":{"stream":"","data":{}}})");

// What rewriting records takes: a long line copied together and its result, and what is prepared to
// be written: a gathered write and one chunk, grown.
int64_t RewritingBytes(const RouterOptions& options) {
  if (!options.rewrites_records()) return 0;
  int64_t grown = kChunkBytes;
  int64_t tables = 0;
  if (options.validate_schema != SchemaValidation::kOff) {
    tables +=
        static_cast<int64_t>(SchemaCheck::MemoryBytesMax({.validation = options.validate_schema}));
  }
  if (options.rules != nullptr) {
    for (const StreamMappers& stream : options.rules->mappers) {
      tables += static_cast<int64_t>(stream.memory_bytes());
    }
    const RecordGrowth growth = options.rules->GrowthMax(options.catalog);
    grown = kChunkBytes * static_cast<int64_t>(growth.factor) +
            kChunkBytes / kRecordBytesMin * static_cast<int64_t>(growth.bytes);
  }
  return 2 * options.LineBytesMax() + static_cast<int64_t>(Outbox::kGatherBytesMax) + grown +
         tables;
}

}  // namespace

MemoryPlan PlanMemory(const RouterOptions& options, int classifiers) {
  MemoryPlan plan;
  const int64_t chunk = kChunkBytes;
  plan.chunks = static_cast<uint32_t>(
      (std::max(options.LineBytesMax(), 2 * options.read_ahead_bytes) + chunk - 1) / chunk +
      kWorkingChunks);
  const int64_t lists = kListBytes + (classifiers + 2) * kListInWorkBytes;
  const int64_t scratch = classifiers * (kScratchPerByte * chunk + kRowsBytes);
  const int64_t rewriting = RewritingBytes(options);
  // A state with mapped names is a copy.
  const int64_t copies = options.names().identity() ? 1 : 2;
  const int64_t others = kBaseBytes + plan.chunks * chunk + scratch + lists + rewriting +
                         static_cast<int64_t>(kAnnouncementLaneBytes) + kStateBodyBytes + kLogBytes;
  // 16 MiB, or more when the budget is large: a long STATE is there several times on its way.
  const int64_t value_most =
      std::max(static_cast<int64_t>(kControlLaneBytes),
               options.memory_budget_bytes / static_cast<int64_t>(kBudgetPerValue));
  plan.value_bytes_max = static_cast<uint64_t>(
      std::clamp((options.memory_budget_bytes - others) / copies, kValueBytesMin, value_most));
  plan.state_body_bytes = kStateBodyBytes;
  plan.outstanding_states_max =
      static_cast<uint64_t>(options.memory_budget_bytes) / kBudgetPerOutstanding;
  plan.log_lane_bytes = kLogBytes - kHeldBytesMax;
  plan.terms = {
      {"program, libraries, stacks and store (measured)", kBaseBytes},
      {"chunks: the longest line, or twice the read-ahead, and those in work", plan.chunks * chunk},
      {"classifier scratch, and rows remembered", scratch},
      {"lists of what was found in chunks", lists},
      {"messages by value: waiting config updates, a long STATE or acknowledgement",
       static_cast<int64_t>(plan.value_bytes_max) * copies},
      {"states on their way to the destination", static_cast<int64_t>(kAnnouncementLaneBytes)},
      {"unacknowledged states (more spill to a file)", kStateBodyBytes},
      {"log lines", kLogBytes},
  };
  if (rewriting > 0) {
    plan.terms.push_back(
        {"records that are rewritten: two copies of the longest, and what is "
         "about to be written",
         rewriting});
  }
  return plan;
}

}  // namespace shunt
