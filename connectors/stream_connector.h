// StreamConnector: a connector that somebody else started; we have only the ends of its streams.
// There is no process to wait for and none to signal: end of file is the only evidence of success.
//
// Threads: as Connector says.
// Errors: opening names the endpoint. Nothing here waits for the other side: a FIFO that nobody has
// opened yet and a socket where nobody listens are blocked, and when that stays so the router's
// deadline speaks.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "connectors/connector.h"
#include "platform/byte_stream.h"

namespace shunt {

// Where a stream is found, as the command line says it: "-" (stdin to read, stdout to write),
// "fd:N", "unix:PATH" (we connect), anything else is the path of a FIFO.
struct StreamEndpoint {
  enum class Kind { kStandard, kDescriptor, kUnixSocket, kFifo };
  Kind kind = Kind::kStandard;
  std::string path = {};  // kFifo, kUnixSocket
  int fd = -1;            // kDescriptor

  static absl::StatusOr<StreamEndpoint> Parse(std::string_view text);  // InvalidArgument
  std::string ToString() const;
  bool operator==(const StreamEndpoint&) const = default;
};

struct StreamEndpoints {
  std::optional<StreamEndpoint> output = {};  // what the connector writes; a source must have it
  std::optional<StreamEndpoint> log = {};
  std::optional<StreamEndpoint> input = {};  // what a destination reads
};

class StreamConnector final : public Connector {
 public:
  // Descriptors ("-", "fd:N") become ours, so that their other sides see an end when we are done:
  // fd:N is closed, stdin and stdout become /dev/null. A socket that is given as input and output
  // is one connection. InvalidArgument when neither input nor output is given.
  static absl::StatusOr<std::unique_ptr<StreamConnector>> Open(const StreamEndpoints& endpoints);

  IoResult ReadOutput(std::span<char> buffer) override;
  int output_fd() const override { return output_ ? output_->fd() : -1; }
  int output_pipe() const override { return output_ ? output_->pipe() : -1; }
  bool has_output() const override { return output_ != nullptr; }

  IoResult ReadLog(std::span<char> buffer) override;
  int log_fd() const override { return log_ ? log_->fd() : -1; }

  IoResult WriteInput(std::span<const iovec> parts) override;
  void CloseInput() override;
  bool OpenInput() override;
  int input_fd() const override { return input_ ? input_->fd() : -1; }
  int input_pipe() const override { return input_ ? input_->pipe() : -1; }

  absl::Duration retry_after() const override { return kFifoRetry; }

  // Set, without code and signal, once the output has ended and the other side can see the end of
  // its input.
  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override { return ends_->fd(); }
  // Without an output nobody knows when it is done with its input, so nothing counts as unread.
  UnreadInput::Found Unread() override { return unread_.Look(); }
  std::string Unopened() override;
  void Terminate() override {}
  void Kill() override {}

  // Life part. Nobody writes the output any more, and nobody reads the input, though it was opened.
  bool Abandoned();

 private:
  // What was opened and has ended. Shared with the thread that may still wait for a reader of the
  // input.
  class Ends {
   public:
    Ends(EventFd event, bool has_output, bool has_input)
        : event_(std::move(event)), output_(!has_output), input_(!has_input) {}
    void InputOpened();
    bool output_ended();
    bool input_opened();
    bool input_ended();
    void OutputEnded() { Ended(output_); }
    void InputEnded() { Ended(input_); }
    bool both();
    int fd() const { return event_.get(); }

   private:
    void Ended(bool& end);

    const EventFd event_;  // signalled once both are true, never drained
    std::mutex mutex_;
    bool output_;                // guarded by mutex_
    bool input_;                 // guarded by mutex_
    bool input_opened_ = false;  // guarded by mutex_
  };

  StreamConnector(const StreamEndpoints& endpoints, EventFd exit_event,
                  std::unique_ptr<ByteReader> output, std::unique_ptr<ByteReader> log,
                  std::unique_ptr<ByteWriter> input);

  void NoteInputOpened();

  // Of FIFOs and unix sockets, else "".
  const std::string output_name_, input_name_;
  const std::string input_path_;  // of a FIFO, else ""

  // One part each; the pointers are constant after construction.
  const std::unique_ptr<ByteReader> output_;
  const std::unique_ptr<ByteReader> log_;
  const std::unique_ptr<ByteWriter> input_;
  bool input_opened_ = false;  // input part
  UnreadInput unread_;         // input part and life part

  const std::shared_ptr<Ends> ends_;
};

}  // namespace shunt
