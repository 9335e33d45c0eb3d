#include "cli/idle_ends.h"

#include <utility>

#include "connectors/memory_connector.h"

namespace shunt {
namespace {

constexpr IoResult kEnded{IoState::kEnd, 0, 0};

}  // namespace

std::unique_ptr<Connector> IdleSource() {
  return std::make_unique<MemorySource>(MemorySourceOptions{.exit = {}});
}

absl::StatusOr<std::unique_ptr<Connector>> IdleDestination::Wrap(
    std::unique_ptr<Connector> connector) {
  absl::StatusOr<EventFd> event = EventFd::Create();
  if (!event.ok()) return event.status();
  return std::unique_ptr<Connector>(new IdleDestination(std::move(connector), *std::move(event)));
}

IoResult IdleDestination::ReadOutput(std::span<char> buffer) {
  return connector_ ? connector_->ReadOutput(buffer) : kEnded;
}

IoResult IdleDestination::ReadLog(std::span<char> buffer) {
  return connector_ ? connector_->ReadLog(buffer) : kEnded;
}

IoResult IdleDestination::WriteInput(std::span<const iovec> parts) {
  std::size_t bytes = 0;
  for (const iovec& part : parts) bytes += part.iov_len;
  return {IoState::kBytes, bytes, 0};
}

void IdleDestination::CloseInput() {
  const std::lock_guard lock(mutex_);
  input_ended_ = true;
  input_ended_event_.Signal();
}

bool IdleDestination::input_ended() const {
  const std::lock_guard lock(mutex_);
  return input_ended_;
}

std::optional<ExitStatus> IdleDestination::Exit() {
  if (!input_ended()) return std::nullopt;
  return connector_ ? connector_->Exit() : ExitStatus{};
}

int IdleDestination::exit_fd() const {
  return connector_ && input_ended() ? connector_->exit_fd() : input_ended_event_.get();
}

void IdleDestination::Terminate() {
  if (connector_) connector_->Terminate();
}

void IdleDestination::Kill() {
  if (connector_) connector_->Kill();
}

}  // namespace shunt
