// Ends of the pipe that move no data: where nobody is, and a connector that was started for
// something else than to read its input. With them a connector that is checked runs through the
// same router as one that moves data, so that what it says about its config is kept the same way.
//
// Threads: as Connector says.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "connectors/connector.h"
#include "platform/io.h"

namespace shunt {

// A source that has nothing to say.
std::unique_ptr<Connector> IdleSource();

// In the place of a destination: takes its input and drops it. Everything else is `connector`'s, or
// nobody's when that is null. It may exit before its input ends, which is no news to the router:
// Exit() tells it only then.
class IdleDestination final : public Connector {
 public:
  // Fails when there is no descriptor left.
  static absl::StatusOr<std::unique_ptr<Connector>> Wrap(std::unique_ptr<Connector> connector);

  IoResult ReadOutput(std::span<char> buffer) override;
  int output_fd() const override { return connector_ ? connector_->output_fd() : -1; }
  bool has_output() const override { return connector_ != nullptr; }
  IoResult ReadLog(std::span<char> buffer) override;
  int log_fd() const override { return connector_ ? connector_->log_fd() : -1; }
  IoResult WriteInput(std::span<const iovec> parts) override;
  void CloseInput() override;
  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override;
  void Terminate() override;
  void Kill() override;

 private:
  IdleDestination(std::unique_ptr<Connector> connector, EventFd input_ended)
      : connector_(std::move(connector)), input_ended_event_(std::move(input_ended)) {}
  bool input_ended() const;

  const std::unique_ptr<Connector> connector_;
  const EventFd input_ended_event_;
  mutable std::mutex mutex_;
  bool input_ended_ = false;  // guarded by mutex_
};

}  // namespace shunt
