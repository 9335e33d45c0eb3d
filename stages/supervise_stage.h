// SuperviseStage: watches the whole run and decides how it ends: takes faults in the order in which
// they come, watches the connectors' exits and every deadline, and steers the others through
// RunState.
//
// One shutdown path: the source ends, the close travels downstream, the destination ends, the last
// commits are made. An abort is the same path with `discard` set and the source asked to stop.
// Deadlines (contract decisions 14, 15; G36, G37) are on the monotonic clock and named below.
#pragma once

#include <optional>
#include <vector>

#include "connectors/connector.h"
#include "platform/clock.h"
#include "stages/event_sink.h"
#include "stages/fault.h"
#include "stages/forward_stage.h"
#include "stages/run_state.h"
#include "stages/stage.h"

namespace shunt {

inline constexpr absl::Duration kExitGrace = absl::Seconds(20);    // stdout closed, still running
inline constexpr absl::Duration kOutputGrace = absl::Seconds(10);  // exited, stdout still open
inline constexpr absl::Duration kReadGrace = absl::Seconds(10);    // gone, somebody may still read
inline constexpr absl::Duration kStopGrace = absl::Seconds(10);    // destination, after an abort
inline constexpr absl::Duration kKillGrace = absl::Seconds(2);     // between SIGTERM and SIGKILL
inline constexpr absl::Duration kSecondStopGrace = absl::Seconds(2);

inline constexpr std::size_t kFaultsKept = 1000;

class SuperviseStage final : public Stage {
 public:
  struct Options {
    absl::Duration source_timeout, destination_timeout, abort_drain;  // zero: off
    absl::Duration open_timeout = absl::ZeroDuration();               // likewise
  };
  struct Account {
    std::vector<Fault> faults;  // in order; kFaultsKept of them and what decides
    std::optional<ExitStatus> source_exit, destination_exit;
    std::optional<absl::Duration> source_done_at, destination_done_at;  // on the monotonic clock
    absl::Duration blocked_on_source, blocked_on_destination;
  };
  SuperviseStage(Connector& source, Connector& destination, const Options& options,
                 ForwardStage& forward, FaultLane& faults, LogLane& logs, const Clock& clock,
                 RunState& run);

  absl::StatusOr<Step> Run() override;
  Wait wait() const override;
  bool calm() const override { return true; }

  // Once the run is over. Faults of the very end may be added.
  Account& account() { return account_; }

 private:
  // Time since something last happened; `Touch` says that it did.
  class Deadline {
   public:
    void Touch(absl::Duration now) { since_ = now; }
    void Start(absl::Duration now) {
      if (!since_) since_ = now;
    }
    void Clear() { since_.reset(); }
    bool Passed(absl::Duration now, absl::Duration limit) const {
      return since_ && now - *since_ >= limit;
    }

   private:
    std::optional<absl::Duration> since_;
  };

  bool TakeFaults();
  void Add(Fault fault);
  void AddWithStderr(Fault fault);  // of how a connector ended, or hangs
  void Keep(Fault fault);
  void Abort();
  void OnStop();
  void WatchSource();
  void WatchDestination();
  void WatchSilence();
  void WatchOpening();
  void ReportSourceExit();
  void ReportDestinationExit();
  bool LeftInputUnread();
  void SayTimeout(const Fault& fault);
  absl::Duration DestinationGrace() const;
  void DecideTrailer();
  void EndDestination(absl::Duration grace);
  void MeasureBlocking();
  absl::Duration SourceGrace() const;
  void OnSourceLingers();
  void OnDestinationLingers();
  absl::Duration DrainTime() const;
  bool Over();

  Connector& source_;
  Connector& destination_;
  const Options options_;
  const absl::Duration tick_;
  ForwardStage& forward_;
  FaultLane::Receiver faults_;
  LogLane::Sender logs_;
  const Clock& clock_;
  RunState& run_;
  absl::Duration now_;
  const absl::Duration started_at_;
  absl::Duration measured_at_;

  bool decided_ = false;  // a fault that is not only listed came
  bool faults_left_out_ = false;
  bool aborting_ = false;
  std::optional<Origin> abort_origin_;
  int stops_seen_ = 0;
  bool source_exit_reported_ = false;
  bool source_linger_reported_ = false;
  bool destination_linger_reported_ = false;
  bool destination_exit_reported_ = false;
  bool destination_stuck_reported_ = false;
  bool trailer_decided_ = false;
  bool opening_checked_ = false;
  bool done_ = false;
  uint64_t source_line_ends_seen_ = 0;
  uint64_t destination_progress_seen_ = 0;
  uint64_t source_bytes_left_seen_ = 0, destination_bytes_left_seen_ = 0;
  uint64_t unread_bytes_seen_ = 0;
  Deadline aborted_, second_stop_, source_silent_, destination_stuck_;
  Deadline source_lingers_, source_open_, source_terminated_;
  Deadline destination_lingers_, destination_open_, destination_terminated_, unread_;
  Account account_;
};

}  // namespace shunt
