#include "connectors/pod_connector.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/byte_stream.h"

namespace shunt {
namespace {

constexpr std::size_t kExitCodeBytesMax = 64;
constexpr int kExitCodeMax = 255;
// News wakes us, but not from every file system, so the file is looked for all the same.
constexpr absl::Duration kLookEvery = absl::Milliseconds(100);

StreamEndpoint Fifo(const SharedDirectory& directory, const char* name) {
  return {.kind = StreamEndpoint::Kind::kFifo, .path = directory.PathOf(name)};
}

}  // namespace

absl::Status PodConnector::Check(const SharedDirectory& directory, bool has_input) {
  for (const char* name : {kPodStderr, kPodStdout, kPodStdin}) {
    if (name == kPodStdin && !has_input) continue;
    absl::Status status = CheckFifo(directory.PathOf(name));
    if (!status.ok()) return status;
  }
  if (directory.Has(kPodTerminated)) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory.PathOf(kPodTerminated),
                     " is there already: the directory is one of a run that is over"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PodConnector>> PodConnector::Open(const SharedDirectory& directory,
                                                                 bool has_input,
                                                                 const Clock& clock) {
  if (absl::Status status = Check(directory, has_input); !status.ok()) return status;
  // Before our streams are open no connector can have run its course, so this code says nothing
  // about the run to come.
  if (directory.Has(kPodExitCode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory.PathOf(kPodExitCode),
        " is there already: the connector ended before its streams were opened, or the directory "
        "is one of an earlier run"));
  }
  StreamEndpoints endpoints{.output = Fifo(directory, kPodStdout),
                            .log = Fifo(directory, kPodStderr)};
  if (has_input) endpoints.input = Fifo(directory, kPodStdin);
  absl::StatusOr<std::unique_ptr<StreamConnector>> streams = StreamConnector::Open(endpoints);
  if (!streams.ok()) return streams.status();
  return std::unique_ptr<PodConnector>(new PodConnector(directory, *std::move(streams), clock));
}

IoResult PodConnector::ReadOutput(std::span<char> buffer) {
  const IoResult result = streams_->ReadOutput(buffer);
  if (result.state != IoState::kBlocked) return result;
  const std::lock_guard lock(mutex_);
  return no_output_ ? IoResult{IoState::kEnd, 0, 0} : result;
}

std::optional<ExitStatus> PodConnector::Exit() {
  if (exit_) return exit_;
  const absl::Duration now = clock_.MonoNow();
  const bool news = directory_.DrainWatch();
  if (!news && looked_at_ && now - *looked_at_ < kLookEvery) return std::nullopt;
  looked_at_ = now;
  if (!ended_at_ && streams_->Abandoned()) ended_at_ = now;
  if (const std::optional<int> code = ReadExitCode()) {
    exit_ = Exited(*code);
  } else if (ended_at_ && now - *ended_at_ >= kExitCodeWait) {
    exit_ = Lost();
  }
  return exit_;
}

// Empty while there is none that can be read: a wrapper that does not rename it into place may have
// written half of it.
std::optional<int> PodConnector::ReadExitCode() {
  const absl::StatusOr<std::string> text = directory_.Read(kPodExitCode, kExitCodeBytesMax);
  if (!text.ok()) return std::nullopt;
  int code = 0;
  if (!absl::SimpleAtoi(*text, &code) || code < 0 || code > kExitCodeMax) return std::nullopt;
  return code;
}

ExitStatus PodConnector::Exited(int code) {
  constexpr int kShellOffset = 128;
  constexpr int kTerminate = 15;
  constexpr int kKill = 9;
  ExitStatus status{.code = code};
  const int number = code - kShellOffset;
  status.killed_by_us = terminated_ && (number == kTerminate || number == kKill);
  // The code is written after the streams were closed, so who has not opened them never will.
  const std::string unopened = streams_->Unopened();
  if (unopened.empty()) return status;
  status.detail = absl::StrCat("exited with code ", code, " and never opened ", unopened);
  status.lost = code == 0;
  const std::lock_guard lock(mutex_);
  no_output_ = true;
  return status;
}

ExitStatus PodConnector::Lost() const {
  const std::string path = directory_.PathOf(kPodExitCode);
  const bool unreadable = directory_.Has(kPodExitCode);
  return {.lost = true,
          .detail = absl::StrCat("ended its output, but ",
                                 unreadable ? absl::StrCat(path, " holds no exit code")
                                            : absl::StrCat("left no ", path),
                                 " within ", absl::FormatDuration(kExitCodeWait),
                                 unreadable ? "" : ": it was killed, or its wrapper was")};
}

void PodConnector::Terminate() {
  if (std::exchange(terminated_, true)) return;
  // Who has not come by now will find the mark, and us gone.
  if (!exit_ && !streams_->Unopened().empty()) {
    exit_ = ExitStatus{.killed_by_us = true, .lost = true, .detail = "was never there"};
    const std::lock_guard lock(mutex_);
    no_output_ = true;
  }
  // Failing is no news to act on: whoever ends the run says it.
  static_cast<void>(directory_.Touch(kPodTerminated));
}

}  // namespace shunt
