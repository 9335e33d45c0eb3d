#include "connectors/memory_connector.h"

#include <algorithm>
#include <utility>

#include "platform/check.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

constexpr IoResult kEnded{IoState::kEnd, 0, 0};

EventFd MakeEvent() {
  absl::StatusOr<EventFd> event = EventFd::Create();
  // A test without a descriptor left has nothing to test.
  SHUNT_CHECK(event.ok());
  return *std::move(event);
}

std::size_t Limit(std::size_t bytes, std::size_t piece_bytes) {
  return piece_bytes == 0 ? bytes : std::min(bytes, piece_bytes);
}

// Moves the beginning of `left` into `buffer`.
IoResult Take(std::string_view& left, std::span<char> buffer, std::size_t piece_bytes) {
  SHUNT_CHECK(!buffer.empty());
  if (left.empty()) return kEnded;
  const std::size_t bytes = left.copy(buffer.data(), Limit(buffer.size(), piece_bytes));
  left.remove_prefix(bytes);
  return {IoState::kBytes, bytes, 0};
}

}  // namespace

MemorySource::MemorySource(MemorySourceOptions options)
    : options_(std::move(options)),
      exit_event_(MakeEvent()),
      output_left_(options_.output),
      log_left_(options_.log) {}

IoResult MemorySource::ReadOutput(std::span<char> buffer) {
  const IoResult result = Take(output_left_, buffer, options_.piece_bytes);
  if (result.state == IoState::kEnd) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    exit_event_.Signal();
  }
  return result;
}

IoResult MemorySource::ReadLog(std::span<char> buffer) { return Take(log_left_, buffer, 0); }

std::optional<ExitStatus> MemorySource::Exit() {
  const std::lock_guard lock(mutex_);
  if (!ended_) return std::nullopt;
  return options_.exit;
}

std::string EchoStates(std::string_view line) {
  const std::optional<JsonSlice> message = ParseJson(line);
  if (!message) return "";
  const std::optional<JsonSlice> type = JsonFind(*message, "type");
  if (!type || JsonString(*type) != "STATE") return "";
  return std::string(line) + "\n";
}

MemoryDestination::MemoryDestination(MemoryDestinationOptions options)
    : options_(std::move(options)),
      output_event_(MakeEvent()),
      exit_event_(MakeEvent()),
      log_left_(options_.log) {}

IoResult MemoryDestination::WriteInput(std::span<const iovec> parts) {
  std::size_t room = options_.piece_bytes == 0 ? std::string::npos : options_.piece_bytes;
  std::string taken;
  for (const iovec& part : parts) {
    const std::size_t bytes = std::min(part.iov_len, room);
    taken.append(static_cast<const char*>(part.iov_base), bytes);
    room -= bytes;
  }
  SHUNT_CHECK(!taken.empty());
  {
    const std::lock_guard lock(mutex_);
    if (input_closed_) return kEnded;
    received_ += taken;
  }
  Answer(taken);
  return {IoState::kBytes, taken.size(), 0};
}

void MemoryDestination::Answer(std::string_view bytes) {
  for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;) {
    line_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    const std::string answer = options_.ack ? options_.ack(line_) : "";
    line_.clear();
    if (answer.empty()) continue;
    const std::lock_guard lock(mutex_);
    output_ += answer;
    output_event_.Signal();
  }
  line_ += bytes;
}

void MemoryDestination::CloseInput() {
  const std::lock_guard lock(mutex_);
  input_closed_ = true;
  output_event_.Signal();
}

IoResult MemoryDestination::ReadOutput(std::span<char> buffer) {
  const std::lock_guard lock(mutex_);
  if (output_.empty() && !input_closed_) {
    output_event_.Drain();
    return {};
  }
  std::string_view left = std::string_view(output_).substr(output_read_);
  const IoResult result = Take(left, buffer, options_.piece_bytes);
  output_read_ += result.bytes;
  if (left.empty()) {
    output_.clear();
    output_read_ = 0;
  }
  if (result.state == IoState::kEnd && !std::exchange(ended_, true)) exit_event_.Signal();
  return result;
}

IoResult MemoryDestination::ReadLog(std::span<char> buffer) { return Take(log_left_, buffer, 0); }

std::optional<ExitStatus> MemoryDestination::Exit() {
  const std::lock_guard lock(mutex_);
  if (!ended_) return std::nullopt;
  return options_.exit;
}

std::string MemoryDestination::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

}  // namespace shunt
