// PodConnector: a connector in a container of its own, behind the files of a directory that it
// shares with us, as Airbyte's platform lays them out (reference: ecosystem 4.2).
//
//   stdout, stderr, stdin   FIFOs, the last one a destination's only. Somebody else made them.
//   exitCode.txt            the connector's wrapper writes the exit code, by rename, after its end
//   TERMINATED              we make it; the wrapper looks for it and ends the connector
//
// The end of the output alone is no success: a container that was killed ends its output too, but
// leaves no exit code. So the code is waited for, kExitCodeWait at most, and without it the exit is
// `lost`. One run is one open: whoever opens a FIFO again after its end waits in that open until
// TERMINATED is there.
//
// Threads: as Connector says. Ownership: the directory is the caller's and outlives this.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "connectors/connector.h"
#include "connectors/stream_connector.h"
#include "platform/clock.h"
#include "platform/shared_directory.h"

namespace shunt {

inline constexpr char kPodStdin[] = "stdin";
inline constexpr char kPodStdout[] = "stdout";
inline constexpr char kPodStderr[] = "stderr";
inline constexpr char kPodExitCode[] = "exitCode.txt";
inline constexpr char kPodTerminated[] = "TERMINATED";

// The platform sleeps as long, once, before it takes a missing code for a failure.
inline constexpr absl::Duration kExitCodeWait = absl::Seconds(10);

class PodConnector final : public Connector {
 public:
  // FailedPrecondition, naming the path, when a stream is missing or no FIFO, or when there is an
  // exit code already: then the connector is over, or the directory is one of an earlier run.
  static absl::StatusOr<std::unique_ptr<PodConnector>> Open(const SharedDirectory& directory,
                                                            bool has_input, const Clock& clock);

  // Why the streams of `directory` cannot be those of a connector that is about to run.
  static absl::Status Check(const SharedDirectory& directory, bool has_input);

  IoResult ReadOutput(std::span<char> buffer) override;
  int output_fd() const override { return streams_->output_fd(); }
  int output_pipe() const override { return streams_->output_pipe(); }
  IoResult ReadLog(std::span<char> buffer) override { return streams_->ReadLog(buffer); }
  int log_fd() const override { return streams_->log_fd(); }
  IoResult WriteInput(std::span<const iovec> parts) override { return streams_->WriteInput(parts); }
  void CloseInput() override { streams_->CloseInput(); }
  bool OpenInput() override { return streams_->OpenInput(); }
  int input_fd() const override { return streams_->input_fd(); }
  int input_pipe() const override { return streams_->input_pipe(); }
  absl::Duration retry_after() const override { return streams_->retry_after(); }

  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override { return directory_.watch_fd(); }
  UnreadInput::Found Unread() override { return streams_->Unread(); }
  std::string Unopened() override { return exit_ ? "" : streams_->Unopened(); }
  // Both make TERMINATED: there is no process of ours to signal.
  void Terminate() override;
  void Kill() override { Terminate(); }

 private:
  PodConnector(const SharedDirectory& directory, std::unique_ptr<StreamConnector> streams,
               const Clock& clock)
      : directory_(directory), streams_(std::move(streams)), clock_(clock) {}
  std::optional<int> ReadExitCode();
  ExitStatus Exited(int code);
  ExitStatus Lost() const;

  const SharedDirectory& directory_;
  const std::unique_ptr<StreamConnector> streams_;
  const Clock& clock_;
  // Life part.
  std::optional<ExitStatus> exit_;
  std::optional<absl::Duration> looked_at_, ended_at_;
  bool terminated_ = false;
  // The output was never opened, and never will be.
  std::mutex mutex_;
  bool no_output_ = false;  // guarded by mutex_
};

}  // namespace shunt
