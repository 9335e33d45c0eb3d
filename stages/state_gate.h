// StateGate: what becomes of the source's STATE lines on their way to the destination. It knows
// what each state covers, says whether its count is right, gives it its number and its names.
//
// A state is forwarded as the source's bytes, except that
//   - a missing sourceStats.recordCount is filled in, and one that is there is lowered by the
//   records
//     that were left out since (a row filter) (F20);
//   - the names in it are those that the destination knows (F48).
// A STREAM state of a stream that the catalog lacks is dropped, as its records are
// (unknown_streams.h). A count that differs from ours is warned about, or fails the run (F45):
// STREAM against that stream's records since its last state, GLOBAL against all since the last. It
// is not compared where ours cannot be right: after a malformed line or a state that was refused,
// and of a GLOBAL after records of streams that the catalog lacks.
//
// Threads: one. Errors: a state that cannot go on is refused and becomes a fault. Bounds:
// value_bytes_max for a state, once more when its names are mapped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/state_reader.h"
#include "protocol/stream_index.h"
#include "stages/accounting.h"
#include "stages/announcement.h"
#include "stages/chunk.h"
#include "stages/event_sink.h"
#include "stages/fault.h"
#include "stages/run_state.h"
#include "stages/unknown_streams.h"
#include "transforms/name_mapping.h"

namespace shunt {

enum class CheckCounts : uint8_t { kOff, kWarn, kFail };

class StateGate {
 public:
  struct Options {
    bool fill_state_counts = true;
    CheckCounts check_counts = CheckCounts::kWarn;
    uint64_t value_bytes_max = 0;
    bool fail_on_unknown_stream = false;
    NameMapping names;
  };
  // A state that goes on.
  struct Passage {
    Announcement announcement;
    std::optional<uint32_t> stream;  // index of a STREAM state's
    // What is written in the place of the line: `text`, when it is not empty; else the line, in
    // which bytes [count_begin, count_end) become `count`, when that is not empty.
    std::string text;
    std::string count;
    uint32_t count_begin = 0, count_end = 0;
  };

  // `unknown` outlives this.
  StateGate(const ConfiguredCatalog& catalog, const Options& options, UnknownStreams& unknown,
            FaultLane& faults, LogLane& logs, RunState& run);

  // Records in front of the next state, and those of them that were not forwarded.
  void Cover(const StreamDelta& delta) { cover_.Add(delta); }
  void LeaveOut(const StreamDelta& delta) { cover_.LeaveOut(delta); }

  // The state that `item` is; empty: refused or dropped, nothing is written in its place.
  // `tainted`: a line before it was lost.
  std::optional<Passage> Pass(const Chunk& chunk, const LineItem& item, bool tainted);

  std::optional<StateType> state_type() const { return state_type_; }
  uint64_t count_mismatches() const { return count_mismatches_; }
  bool distrusted() const { return distrusted_; }
  bool stopped() const { return stopped_; }  // a state ended the run
  void Close();

 private:
  std::string_view Read(const Chunk& chunk, const LineItem& item);
  absl::Status MayPass(const StateMessage& state);
  CoverCounter::Since Since(const StateMessage& state, std::optional<uint32_t> stream) const;
  bool CountIsRight(const StateMessage& state, std::optional<uint32_t> stream);
  void OnWrongCount(const StateMessage& state, uint64_t read);
  std::string NewCount(const StateMessage& state, const CoverCounter::Since& since) const;
  void MapNames(std::string_view line, const CoverCounter::Since& since, Passage* passage);
  void Drop(const StreamDescriptor& stream, uint64_t line);
  void Warn(std::string text);
  void Refuse(Fault::Effect effect, std::string why);

  const Options options_;
  const StreamIndex index_;
  UnknownStreams& unknown_;
  FaultLane::Sender faults_;
  LogLane::Sender logs_;
  RunState& run_;

  CoverCounter cover_;
  StateReader states_;
  std::optional<StateType> state_type_;
  uint64_t next_number_ = 1;
  uint64_t count_mismatches_ = 0;
  bool distrusted_ = false;  // a count was wrong and that fails the run
  bool refused_any_ = false;
  bool stopped_ = false;
  std::string scratch_;
};

}  // namespace shunt
