// AckStage: reads the destination's stdout. A STATE there acknowledges one that is outstanding; a
// CONTROL goes to the control lane; the rest is kept, logged or counted. Owns the ledger. The
// destination knows streams by their mapped names; from here on they have the source's.
//
// It never waits for the writing side or the log: acknowledged states coalesce per lane until the
// checkpoint stage takes them. Only a full control lane, or a batch of states that is full while
// the store still works on the one before it, makes it wait. Bounds: its own buffer, grown to the
// longest line it has seen, at most `line_bytes_max`; a longer line is counted as malformed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "platform/clock.h"
#include "protocol/line_classifier.h"
#include "protocol/state_reader.h"
#include "stages/announcement.h"
#include "stages/asides.h"
#include "stages/checkpoint_ledger.h"
#include "stages/commit.h"
#include "stages/run_state.h"
#include "stages/stage.h"
#include "stages/state_gate.h"
#include "transforms/name_mapping.h"

namespace shunt {

class AckStage final : public Stage {
 public:
  struct Options {
    std::string spill_dir;
    uint64_t bodies_memory_bytes_max = 0;
    uint64_t outstanding_max = 0;      // states
    uint64_t memory_budget_bytes = 0;  // that `outstanding_max` follows from; for the message
    uint64_t spill_bytes_max = 0;      // of the files of unacknowledged states
    uint64_t line_bytes_max = 0;
    AnswerTypes answers = {};
    LogLevel log_level = LogLevel::kTrace;
    NameMapping names = {};
    CheckCounts check_counts = CheckCounts::kWarn;
  };
  struct Lanes {
    AnnouncementLane& announcements;
    CommitLane& commits;
    ControlLane& control;
    LogLane& logs;
    FaultLane& faults;
  };
  struct Account {
    LineCounts lines;
    uint64_t bytes = 0;
    uint64_t acked = 0;  // states covered by an ack
    uint64_t unmatched_acks = 0;
    std::optional<LaneKey> first_unmatched = {};
    uint64_t count_mismatches = 0;  // acks whose count of records differs from ours
  };
  AckStage(Connector& destination, const Options& options, const SecretGate& secrets,
           const Lanes& lanes, const Clock& clock, RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;
  bool calm() const override { return calm_; }

  // Once the run is over.
  const Account& account() const { return account_; }
  CheckpointLedger& ledger() { return ledger_; }
  const std::string& answer() const { return asides_.answer(); }
  const TraceLog& traces() const { return asides_.traces(); }
  const UnknownTypes& unknown_types() const { return asides_.unknown_types(); }

 private:
  bool TakeAnnouncements();
  bool ReadSome();
  void OnLines(std::string_view lines);
  void OnOversize();
  bool WorkOff();
  bool Dispatch(const LineItem& item);
  void OnAck(std::string_view line, uint64_t number);
  bool CountIsRight(const StateMessage& state, const CheckpointLedger::Ack& ack, uint64_t number);
  void OnWrongCount(const std::string& text);
  bool SendCommits();
  void WatchSpill();
  void Fail(const absl::Status& status);
  Step Finish();

  Connector& destination_;
  const Options options_;
  AnnouncementLane::Receiver announcements_;
  CommitLane::Sender commits_;
  Asides asides_;
  const Clock& clock_;
  RunState& run_;

  LineClassifier classifier_;
  std::vector<char> buffer_;   // kLinePadding bytes longer than its capacity for lines
  std::size_t filled_ = 0;     // bytes in buffer_
  std::size_t lines_end_ = 0;  // of the lines in block_; 0: none are being worked off
  std::size_t next_item_ = 0;
  ClassifiedBlock block_;
  bool skipping_ = false;  // inside a line over the limit
  bool output_ended_ = false;
  bool done_ = false;
  bool calm_ = false;        // nothing happened in the last step
  bool distrusted_ = false;  // the destination counted wrongly, and that fails the run
  uint64_t lines_before_ = 0;
  absl::Time read_at_;

  StateReader states_;
  MappedNames mapped_names_;
  CheckpointLedger ledger_;
  bool ledger_failed_ = false;
  uint64_t spill_fills_ = 0;
  CommitBatch pending_;
  Account account_;
};

}  // namespace shunt
