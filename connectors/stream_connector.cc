#include "connectors/stream_connector.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::string_view kDescriptorPrefix = "fd:";
constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kStandardInput = 0;
constexpr int kStandardOutput = 1;

absl::Status Named(const StreamEndpoint& endpoint, const absl::Status& status) {
  if (endpoint.kind == StreamEndpoint::Kind::kFifo) return status;  // it names the path
  return absl::Status(status.code(), absl::StrCat(endpoint.ToString(), ": ", status.message()));
}

absl::StatusOr<std::unique_ptr<ByteReader>> OpenReader(const StreamEndpoint& endpoint) {
  switch (endpoint.kind) {
    case StreamEndpoint::Kind::kStandard:
      return ShareReader(kStandardInput);
    case StreamEndpoint::Kind::kDescriptor:
      return ShareReader(endpoint.fd);
    case StreamEndpoint::Kind::kFifo:
      return OpenFifoReader(endpoint.path);
    case StreamEndpoint::Kind::kUnixSocket:
      break;
  }
  absl::StatusOr<ByteDuplex> duplex = ConnectUnix(endpoint.path);
  if (!duplex.ok()) return duplex.status();
  // The writer goes without closing its direction: some peers (socat) take that for a good-bye.
  return std::move(duplex->reader);
}

absl::StatusOr<std::unique_ptr<ByteWriter>> OpenWriter(const StreamEndpoint& endpoint) {
  switch (endpoint.kind) {
    case StreamEndpoint::Kind::kStandard:
      return ShareWriter(kStandardOutput);
    case StreamEndpoint::Kind::kDescriptor:
      return ShareWriter(endpoint.fd);
    case StreamEndpoint::Kind::kFifo:
      return OpenFifoWriter(endpoint.path);
    case StreamEndpoint::Kind::kUnixSocket:
      break;
  }
  absl::StatusOr<ByteDuplex> duplex = ConnectUnix(endpoint.path);
  if (!duplex.ok()) return duplex.status();
  return std::move(duplex->writer);
}

void GiveUp(const StreamEndpoint& endpoint, int standard_fd) {
  if (endpoint.kind == StreamEndpoint::Kind::kStandard) GiveUpDescriptor(standard_fd);
  if (endpoint.kind == StreamEndpoint::Kind::kDescriptor) GiveUpDescriptor(endpoint.fd);
}

std::string FifoPath(const std::optional<StreamEndpoint>& endpoint) {
  return endpoint && endpoint->kind == StreamEndpoint::Kind::kFifo ? endpoint->path : "";
}

// Of an end that the other side may not have opened yet.
std::string NameOfAwaited(const std::optional<StreamEndpoint>& endpoint) {
  const bool unix_socket = endpoint && endpoint->kind == StreamEndpoint::Kind::kUnixSocket;
  return unix_socket ? endpoint->ToString() : FifoPath(endpoint);
}

struct Streams {
  std::unique_ptr<ByteReader> output, log;
  std::unique_ptr<ByteWriter> input;
};

absl::Status OpenAll(const StreamEndpoints& endpoints, Streams& streams) {
  const bool one_connection = endpoints.input && endpoints.input == endpoints.output &&
                              endpoints.input->kind == StreamEndpoint::Kind::kUnixSocket;
  if (one_connection) {
    absl::StatusOr<ByteDuplex> duplex = ConnectUnix(endpoints.input->path);
    if (!duplex.ok()) return Named(*endpoints.input, duplex.status());
    streams.output = std::move(duplex->reader);
    streams.input = std::move(duplex->writer);
  }
  const auto open_reader = [](const std::optional<StreamEndpoint>& endpoint,
                              std::unique_ptr<ByteReader>& reader) {
    if (!endpoint || reader) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<ByteReader>> opened = OpenReader(*endpoint);
    if (!opened.ok()) return Named(*endpoint, opened.status());
    reader = *std::move(opened);
    return absl::OkStatus();
  };
  // The order in which wrappers of the platform open theirs (ecosystem 4.2); ours never blocks
  // anyway.
  if (absl::Status status = open_reader(endpoints.log, streams.log); !status.ok()) return status;
  if (absl::Status status = open_reader(endpoints.output, streams.output); !status.ok())
    return status;
  if (!endpoints.input || streams.input) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<ByteWriter>> opened = OpenWriter(*endpoints.input);
  if (!opened.ok()) return Named(*endpoints.input, opened.status());
  streams.input = *std::move(opened);
  return absl::OkStatus();
}

absl::Status CheckEndpoints(const StreamEndpoints& endpoints) {
  if (!endpoints.output && !endpoints.input) {
    return absl::InvalidArgumentError("a connector needs at least one stream");
  }
  const bool same_fifo = endpoints.input && endpoints.input == endpoints.output &&
                         endpoints.input->kind == StreamEndpoint::Kind::kFifo;
  const bool same_output = endpoints.log && endpoints.log == endpoints.output;
  if (same_fifo || same_output) {
    return absl::InvalidArgumentError(
        absl::StrCat(endpoints.output->ToString(), " cannot be two streams of one connector"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StreamEndpoint> StreamEndpoint::Parse(std::string_view text) {
  StreamEndpoint endpoint;
  if (text == "-") return endpoint;
  if (text.starts_with(kDescriptorPrefix)) {
    endpoint.kind = Kind::kDescriptor;
    const std::string_view number = text.substr(kDescriptorPrefix.size());
    if (absl::SimpleAtoi(A(number), &endpoint.fd) && endpoint.fd >= 0) return endpoint;
    return absl::InvalidArgumentError(
        absl::StrCat("\"", A(text), "\": fd: wants the number of an open descriptor, as in fd:3"));
  }
  if (text.starts_with(kUnixPrefix)) {
    endpoint.kind = Kind::kUnixSocket;
    text.remove_prefix(kUnixPrefix.size());
  } else {
    endpoint.kind = Kind::kFifo;
  }
  if (text.empty() || text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "a stream is the path of a FIFO, unix:PATH, fd:N, or - for stdin and stdout");
  }
  endpoint.path = text;
  return endpoint;
}

std::string StreamEndpoint::ToString() const {
  switch (kind) {
    case Kind::kStandard:
      break;
    case Kind::kDescriptor:
      return absl::StrCat(A(kDescriptorPrefix), fd);
    case Kind::kUnixSocket:
      return absl::StrCat(A(kUnixPrefix), path);
    case Kind::kFifo:
      return path;
  }
  return "-";
}

absl::StatusOr<std::unique_ptr<StreamConnector>> StreamConnector::Open(
    const StreamEndpoints& endpoints) {
  if (absl::Status status = CheckEndpoints(endpoints); !status.ok()) return status;
  Streams streams;
  if (absl::Status status = OpenAll(endpoints, streams); !status.ok()) return status;
  absl::StatusOr<EventFd> exit_event = EventFd::Create();
  if (!exit_event.ok()) return exit_event.status();
  // Only now: a socket may stand for both directions.
  if (endpoints.log) GiveUp(*endpoints.log, kStandardInput);
  if (endpoints.output) GiveUp(*endpoints.output, kStandardInput);
  const bool given_up = endpoints.input == endpoints.output &&
                        endpoints.input->kind == StreamEndpoint::Kind::kDescriptor;
  if (endpoints.input && !given_up) GiveUp(*endpoints.input, kStandardOutput);
  return std::unique_ptr<StreamConnector>(
      new StreamConnector(endpoints, *std::move(exit_event), std::move(streams.output),
                          std::move(streams.log), std::move(streams.input)));
}

StreamConnector::StreamConnector(const StreamEndpoints& endpoints, EventFd exit_event,
                                 std::unique_ptr<ByteReader> output,
                                 std::unique_ptr<ByteReader> log, std::unique_ptr<ByteWriter> input)
    : output_name_(NameOfAwaited(endpoints.output)),
      input_name_(NameOfAwaited(endpoints.input)),
      input_path_(FifoPath(endpoints.input)),
      output_(std::move(output)),
      log_(std::move(log)),
      input_(std::move(input)),
      ends_(std::make_shared<Ends>(std::move(exit_event), output_ != nullptr, input_ != nullptr)) {}

IoResult StreamConnector::ReadOutput(std::span<char> buffer) {
  if (!output_) return {IoState::kEnd, 0, 0};
  const IoResult result = output_->Read(buffer);
  if (result.state == IoState::kEnd || result.state == IoState::kError) ends_->OutputEnded();
  return result;
}

IoResult StreamConnector::ReadLog(std::span<char> buffer) {
  return log_ ? log_->Read(buffer) : IoResult{IoState::kEnd, 0, 0};
}

IoResult StreamConnector::WriteInput(std::span<const iovec> parts) {
  if (!input_) return IoResult{IoState::kEnd, 0, 0};
  const IoResult result = input_->Write(parts);
  if (!input_opened_ && result.state == IoState::kBytes) NoteInputOpened();
  return result;
}

bool StreamConnector::OpenInput() {
  if (!input_ || input_opened_) return true;
  if (!input_->TryOpen()) return false;
  NoteInputOpened();
  return true;
}

void StreamConnector::NoteInputOpened() {
  input_opened_ = true;
  ends_->InputOpened();
}

void StreamConnector::CloseInput() {
  if (!input_) return;
  if (output_) unread_.Watch(input_->fd());
  input_->Close([ends = ends_] { ends->InputEnded(); });
}

std::string StreamConnector::Unopened() {
  std::string paths;
  if (output_ && !output_->Opened()) paths = output_name_;
  const bool awaited = !input_name_.empty() && !ends_->input_opened() && !ends_->input_ended();
  if (awaited && input_name_ != paths) {
    absl::StrAppend(&paths, paths.empty() ? "" : ", ", input_name_);
  }
  return paths;
}

bool StreamConnector::Abandoned() {
  if (!output_ || !ends_->output_ended()) return false;
  if (!input_ || ends_->input_ended()) return true;
  return !input_path_.empty() && ends_->input_opened() && !FifoHasReader(input_path_);
}

std::optional<ExitStatus> StreamConnector::Exit() {
  if (ends_->both()) return ExitStatus{};
  return std::nullopt;
}

bool StreamConnector::Ends::both() {
  const std::lock_guard lock(mutex_);
  return output_ && input_;
}

void StreamConnector::Ends::InputOpened() {
  const std::lock_guard lock(mutex_);
  input_opened_ = true;
}

bool StreamConnector::Ends::output_ended() {
  const std::lock_guard lock(mutex_);
  return output_;
}

bool StreamConnector::Ends::input_opened() {
  const std::lock_guard lock(mutex_);
  return input_opened_;
}

bool StreamConnector::Ends::input_ended() {
  const std::lock_guard lock(mutex_);
  return input_;
}

void StreamConnector::Ends::Ended(bool& end) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(end, true)) return;
  if (output_ && input_) event_.Signal();
}

}  // namespace shunt
