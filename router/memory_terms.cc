#include "router/memory_terms.h"

#include <algorithm>

#include "protocol/row_reader.h"
#include "stages/announcement.h"
#include "stages/chunk.h"
#include "stages/commit.h"
#include "stages/control_fact.h"
#include "stages/log_stage.h"
#include "stages/outbox.h"

namespace shunt {
namespace {

// Measured: peak RSS of `shunt sidecar` that forwards nothing, all threads started, store open
// (tests/e2e/memory_test prints it), rounded up.
constexpr int64_t kBaseBytes = int64_t{19} << 19;
constexpr int64_t kLogBytes = int64_t{1}
                              << 19;  // waiting, held by the log stage, and the last of stderr
constexpr int64_t kStateBodyBytes = int64_t{1} << 19;
// Three batches, and one as the store gets it.
constexpr int64_t kCommitBytes = 4 * static_cast<int64_t>(kCommitBatchBytes);
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

// What a stream of the catalog takes in every table that has one entry for each, its checkpoint's
// lane and its part of the report included, beside its names; measured with
// tests/e2e/catalog_memory_test. And how often its names are there.
constexpr int64_t kStreamBytes = 1450;
// What its part of the report takes as text, when everything else of the run is gone.
constexpr int64_t kStreamReportBytes = 2500;
constexpr int64_t kStreamNameCopies = 6;
// A name that does not fit into its string is a piece of its own.
constexpr std::size_t kShortName = 15;
constexpr int64_t kPieceBytes = 32;
// Where streams have other names at the destination, two tables know both names of each.
constexpr int64_t kMappedNames = 2;
constexpr int64_t kMappedNameBytes = 256;
// What a stream takes while the catalog is read: its entry, as the list of them grows.
constexpr int64_t kStreamStartupBytes = 512;

int64_t CatalogBytes(const ConfiguredCatalog& catalog, bool renames) {
  int64_t names = 0;
  for (const ConfiguredStream& stream : catalog.streams) {
    for (const std::size_t bytes :
         {stream.stream.name.size(), stream.stream.name_space.value_or("").size()}) {
      if (bytes > kShortName) names += static_cast<int64_t>(bytes) + kPieceBytes;
    }
  }
  const int64_t copies = kStreamNameCopies + (renames ? 2 * kMappedNames : 0);
  const int64_t each = kStreamBytes + (renames ? kMappedNames * kMappedNameBytes : 0);
  return static_cast<int64_t>(catalog.streams.size()) * each + names * copies;
}

// What rewriting records takes: a long line copied together and its result, and what is prepared to
// be written: a gathered write and one chunk, grown.
int64_t RewritingBytes(const RouterOptions& options, int64_t memory_budget) {
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
  return 2 * options.LineBytesMax(memory_budget) + static_cast<int64_t>(Outbox::kGatherBytesMax) +
         grown + tables;
}

// What a run in which lines are short does not touch of the chunks.
int64_t IdleChunkBytes(uint32_t chunks) { return (chunks - kWorkingChunks) * int64_t{kChunkBytes}; }

// The index of unacknowledged states. It lives in the room of the chunks that short lines leave
// idle, because a source with so many states is not one with lines of half the budget; a run that
// is both can pass the bound by the shorter of the two. Where the chunks are too few, it is counted
// beside them, and may take half of what is left for messages by value.
int64_t IndexBytes(int64_t memory_budget, uint32_t chunks, int64_t value_least, int64_t left) {
  const int64_t wanted = memory_budget / static_cast<int64_t>(kBudgetPerOutstanding) *
                         static_cast<int64_t>(kBytesPerOutstanding);
  const int64_t beside = std::max<int64_t>(0, std::min(left / 2, left - value_least));
  return std::min(wanted, IdleChunkBytes(chunks) + beside);
}

}  // namespace

int64_t StreamsBytes(int64_t streams) { return streams * kStreamBytes; }

int64_t CatalogStartupBytes(int64_t text_bytes, int64_t streams, int copies) {
  return kStartupBaseBytes + (1 + copies) * text_bytes + streams * kStreamStartupBytes;
}

int64_t CatalogBytesMax(int64_t memory_budget, int copies) {
  return std::max<int64_t>(0, memory_budget - kStartupBaseBytes) / (1 + copies);
}

int64_t CatalogStreamsMax(int64_t memory_budget, int64_t text_bytes, int copies) {
  const int64_t left = memory_budget - CatalogStartupBytes(text_bytes, 0, copies);
  return std::max<int64_t>(0, left) / kStreamStartupBytes;
}

MemoryPlan PlanMemory(const RouterOptions& options, int classifiers, int64_t memory_budget) {
  MemoryPlan plan;
  const int64_t chunk = kChunkBytes;
  plan.chunks = static_cast<uint32_t>(
      (std::max(options.LineBytesMax(memory_budget), 2 * options.read_ahead_bytes) + chunk - 1) /
          chunk +
      kWorkingChunks);
  const int64_t lists = kListBytes + (classifiers + 2) * kListInWorkBytes;
  const int64_t scratch = classifiers * (kScratchPerByte * chunk + kRowsBytes);
  const int64_t rewriting = RewritingBytes(options, memory_budget);
  // A state with mapped names is a copy.
  const int64_t copies = options.names().identity() ? 1 : 2;
  const int64_t catalog = CatalogBytes(options.catalog, !options.names().identity());
  int64_t held = 0;
  for (const MemoryTerm& term : options.held) held += term.bytes;
  int64_t others = kBaseBytes + catalog + held + plan.chunks * chunk + scratch + lists + rewriting +
                   static_cast<int64_t>(kAnnouncementLaneBytes) + kStateBodyBytes + kCommitBytes +
                   kLogBytes;
  const int64_t value_least = kValueBytesMin * copies;
  const int64_t index = IndexBytes(memory_budget, plan.chunks, value_least, memory_budget - others);
  const int64_t index_beside_chunks = std::max<int64_t>(0, index - IdleChunkBytes(plan.chunks));
  others += index_beside_chunks;
  plan.outstanding_states_max = static_cast<uint64_t>(index) / kBytesPerOutstanding;
  // 16 MiB, or more when the budget is large: a long STATE is there several times on its way.
  const int64_t value_most = std::max(static_cast<int64_t>(kControlLaneBytes),
                                      memory_budget / static_cast<int64_t>(kBudgetPerValue));
  plan.value_bytes_max = static_cast<uint64_t>(
      std::clamp((memory_budget - others) / copies, kValueBytesMin, value_most));
  plan.state_body_bytes = kStateBodyBytes;
  plan.log_lane_bytes = kLogBytes - kHeldBytesMax - 4 * kTailKeptMax;
  plan.terms = {
      {"program, libraries, stacks and store (measured)", kBaseBytes},
      {"chunks: the longest line, or twice the read-ahead, or an index of states; those in work",
       plan.chunks * chunk},
      {"classifier scratch, and rows remembered", scratch},
      {"lists of what was found in chunks", lists},
      {"messages by value: waiting config updates, a long STATE or acknowledgement",
       static_cast<int64_t>(plan.value_bytes_max) * copies},
      {"states on their way to the destination", static_cast<int64_t>(kAnnouncementLaneBytes)},
      {"unacknowledged states (more spill to a file)", kStateBodyBytes},
      {"acknowledged states on their way to the store", kCommitBytes},
      {"log lines", kLogBytes},
  };
  if (index_beside_chunks > 0) {
    plan.terms.push_back(
        {"index of unacknowledged states, beside what chunks leave to it", index_beside_chunks});
  }
  plan.terms.push_back({"streams of the catalog, in every table", catalog});
  plan.terms.insert(plan.terms.end(), options.held.begin(), options.held.end());
  if (rewriting > 0) {
    plan.terms.push_back(
        {"records that are rewritten: two copies of the longest, and what is "
         "about to be written",
         rewriting});
  }
  int64_t sum = 0;
  for (const MemoryTerm& term : plan.terms) sum += term.bytes;
  const int64_t at_the_end =
      kBaseBytes + held + static_cast<int64_t>(options.catalog.streams.size()) * kStreamReportBytes;
  if (at_the_end > sum) {
    plan.terms.push_back(
        {"the report as text, after the run and beyond all this", at_the_end - sum});
    sum = at_the_end;
  }
  if (options.startup_bytes > sum) {
    plan.terms.push_back({"reading catalog and configs, before the run and beyond all this",
                          options.startup_bytes - sum});
  }
  return plan;
}

}  // namespace shunt
