// ResetSource: a source without a process that moves no data: it says for each chosen stream that
// its state is gone, so that the destination acknowledges that and the checkpoint follows
// (airbyte-semantics 2.19).
//
//   STREAM, and when nothing is stored: for each stream STARTED, its null state, COMPLETE;
//   GLOBAL: STARTED of each; one state in which the chosen streams are null, and without the shared
//           state when all are; COMPLETE of each;
//   LEGACY: the same around one null state. It has no parts, so all streams must be chosen.
//
// Threads: as Connector says. Bounds: it makes its lines as they are read, one stream at a time;
// a GLOBAL state is held as a whole.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "connectors/connector.h"
#include "platform/io.h"
#include "protocol/message.h"
#include "protocol/state.h"

namespace shunt {

struct ResetSourceOptions {
  std::vector<StreamDescriptor> streams;  // that are reset
  bool all = true;                        // they are all that the connection has
  std::vector<StoredState> states;        // what is stored now (Store::ReadCheckpoint)
  absl::Time now;                         // emitted_at of its statuses
};

class ResetSource final : public Connector {
 public:
  // InvalidArgument: a part of a LEGACY state, or a GLOBAL state that cannot be read.
  static absl::StatusOr<std::unique_ptr<ResetSource>> Create(ResetSourceOptions options);

  IoResult ReadOutput(std::span<char> buffer) override;
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  // Set once the output was read to its end, or was cut off.
  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override { return exit_event_.get(); }
  void Terminate() override;
  void Kill() override { Terminate(); }

 private:
  ResetSource(ResetSourceOptions options, std::optional<std::string> state, EventFd exit_event);
  // The next lines; "" when there are none left.
  std::string NextLines();
  std::string StatusLine(const StreamDescriptor& stream, const char* status) const;

  const ResetSourceOptions options_;
  const std::optional<std::string> state_;  // the one state of all; empty: each stream has its own
  const EventFd exit_event_;                // signalled at the end of the output
  std::size_t next_ = 0;                    // output part: what NextLines makes next
  std::string lines_;                       // output part: made and not read yet
  std::size_t lines_read_ = 0;              // output part
  std::mutex mutex_;
  bool ended_ = false;       // guarded by mutex_
  bool terminated_ = false;  // guarded by mutex_
};

}  // namespace shunt
