// Intake: takes the source's chunks in order, sends everything that is not forwarded where it
// belongs, and leaves in the chunk what is: runs of records and STATE lines.
//
// It runs ahead of the writing (see ForwardStage), so a config update behind stalled records still
// gets out (G29), and it is the one place where facts that depend on order are applied: line
// numbers, taint, read counts (architecture section 4). Threads: one. Bounds: one chunk at a time;
// a full control lane stops it in front of the update.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "stages/accounting.h"
#include "stages/asides.h"
#include "stages/chunk.h"
#include "stages/run_state.h"
#include "stages/stream_progress.h"
#include "stages/unknown_streams.h"

namespace shunt {

enum class MalformedPolicy : uint8_t { kTaint, kDrop, kFail };

struct IntakePolicy {
  MalformedPolicy on_malformed = MalformedPolicy::kTaint;
  bool fail_on_unknown_stream = false;
  uint64_t value_bytes_max = 0;  // the longest message that is copied out of the stream
  ClassifierOptions classifier;  // as the classifiers'
  AnswerTypes answers = {};
  LogLevel log_level = LogLevel::kTrace;  // of what is milder nothing is shown
};

// What the intake has seen, in the order of the stream. Read by others only when the run is over.
struct SourceAccount {
  LineCounts lines;
  std::vector<StreamAccount> streams;  // what was read; Outbox counts what was forwarded
  uint64_t states_read = 0;
  std::optional<absl::Duration> first_record_at;  // on the monotonic clock
};

class Intake {
 public:
  // `unknown` outlives this.
  Intake(const ConfiguredCatalog& catalog, const IntakePolicy& policy, UnknownStreams& unknown,
         const SecretGate& secrets, ControlLane& control, LogLane& logs, FaultLane& faults,
         RunState& run);

  // REQUIRES: ready() (no chunk is being worked on).
  void Begin(ChunkPtr chunk);
  bool ready() const { return chunk_ == nullptr; }
  // Works on the chunk; false when the control lane is full. When it returns true, Take gives the
  // chunk back with only kRun and kState items left, and Chunk::tainted_from set. Behind a line
  // that ends the run nothing is left, in its chunk and in all later ones.
  bool Step();
  ChunkPtr Take() { return std::move(chunk_); }
  void AllTaken();                   // the source has ended, and no more chunks will come
  void Close() { asides_.Close(); }  // after the run's outcome is decided

  const SourceAccount& account() const { return account_; }
  const TraceLog& traces() const { return asides_.traces(); }
  const UnknownTypes& unknown_types() const { return asides_.unknown_types(); }
  const StreamProgress& progress() const { return progress_; }
  const std::string& answer() const { return asides_.answer(); }
  bool tainted() const { return tainted_; }

 private:
  bool Dispatch(LineItem& item);
  bool ListMore();
  void GiveDeltasBack(const LineItem& item);
  void CloseDeltas();
  std::string_view Value(const LineItem& item);
  // Whether Value gives its beginning only.
  bool IsCut(const LineItem& item) const { return item.end - item.begin > policy_.value_bytes_max; }
  bool OnControl(const LineItem& item, bool quarantine_only);
  bool OnTextLines(const LineItem& item);
  std::string NotAMessage(const LineItem& item) const;
  void OnMalformed(uint64_t line, uint64_t lines, std::string_view what);
  void OnUnknownStream(const LineItem& item);
  StreamDescriptor StreamOf(const LineItem& item) const;
  void OnText(const LineItem& item);
  void OnUnusableState(const LineItem& item);
  bool OnOther(const LineItem& item);
  void RaiseLongAnswer(std::string_view what, uint64_t bytes);
  void OnOversize();
  void Keep(const LineItem& item);
  void CountRecords(std::size_t deltas_end);
  void ShowProgress();
  void Stop(Fault fault);
  void CountKeptAnew();
  void Finish();
  uint64_t LineNumber(const LineItem& item) const { return lines_before_ + item.first_line + 1; }

  const ConfiguredCatalog& catalog_;
  const IntakePolicy policy_;
  UnknownStreams& unknown_;
  Asides asides_;
  RunState& run_;

  ChunkPtr chunk_{nullptr, ChunkPool::Return{}};
  std::size_t next_item_ = 0;
  std::size_t kept_items_ = 0;
  std::size_t counted_deltas_ = 0;
  uint64_t lines_before_ = 0;  // lines of the source before chunk_
  uint64_t malformed_warned_ = 0;
  bool answer_dropped_ = false;  // it was longer than any line may be
  bool tainted_ = false;
  bool stopped_ = false;       // a line ended the run: nothing behind it is forwarded,
  bool stopped_here_ = false;  // and it is in this chunk
  // Of the text lines since the last line that was none: what opened may be a message over several
  // lines, and is one when its type was seen. Then no more of it is shown.
  bool opened_ = false;
  bool in_broken_message_ = false;
  SourceAccount account_;
  StreamProgress progress_;
  std::string scratch_;
  std::unique_ptr<LineClassifier> rest_;  // for chunks that were left off; hostile ones
  ClassifiedBlock rest_block_;
};

}  // namespace shunt
