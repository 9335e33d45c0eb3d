#include "cli/spec_probe.h"

#include <array>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/spec_file.h"
#include "connectors/process_connector.h"
#include "platform/clock.h"
#include "platform/io.h"

namespace shunt {
namespace {

using SpecPointer = std::shared_ptr<const ConnectorSpec>;

constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

// One child that prints its spec.
class Probe {
 public:
  explicit Probe(const SpecQuestion& question) : options_(question.options) {
    std::vector<std::string> argv = question.argv;
    argv.push_back("spec");
    absl::StatusOr<std::unique_ptr<ProcessConnector>> child =
        ProcessConnector::Start({.argv = std::move(argv), .env = question.env});
    if (child.ok()) {
      child_ = *std::move(child);
    } else {
      answer_ = child.status();
    }
  }

  bool done() const { return answer_.has_value(); }
  void GiveUp(absl::Status why) {
    if (!answer_) answer_ = std::move(why);
    child_.reset();
  }
  absl::StatusOr<SpecPointer> TakeAnswer() { return *std::move(answer_); }

  void AppendRequests(std::vector<PollRequest>* requests) const {
    if (done()) return;
    if (!output_ended_) requests->push_back({.fd = child_->output_fd(), .want_read = true});
    if (!log_ended_) requests->push_back({.fd = child_->log_fd(), .want_read = true});
    requests->push_back({.fd = child_->exit_fd(), .want_read = true});
  }

  // Reads what is there.
  void Advance() {
    if (done()) return;
    std::array<char, 16384> buffer;
    while (!output_ended_) {
      const IoResult read = child_->ReadOutput(buffer);
      if (read.state == IoState::kBlocked) break;
      output_ended_ = read.state != IoState::kBytes;
      output_.append(buffer.data(), read.bytes);
      if (output_.size() > kSpecOutputBytesMax) {
        return GiveUp(absl::ResourceExhaustedError("it printed too much"));
      }
    }
    while (!log_ended_) {  // of no interest, but a full pipe would stop the child
      const IoResult read = child_->ReadLog(buffer);
      if (read.state == IoState::kBlocked) break;
      log_ended_ = read.state != IoState::kBytes;
    }
    const std::optional<ExitStatus> exit = child_->Exit();
    if (output_ended_ && exit) Judge(*exit);
  }

 private:
  void Judge(const ExitStatus& exit) {
    answer_ = SpecFromOutput(output_, options_);
    if (!answer_->ok() && !exit.clean()) {
      answer_ = absl::UnavailableError(
          exit.signal ? absl::StrCat("it was ended by signal ", *exit.signal)
                      : absl::StrCat("it ended with exit code ", exit.code.value_or(0)));
    }
    child_.reset();
  }

  const SpecOptions options_;
  std::unique_ptr<ProcessConnector> child_;
  std::string output_;
  bool output_ended_ = false;
  bool log_ended_ = false;
  std::optional<absl::StatusOr<SpecPointer>> answer_;
};

}  // namespace

std::vector<absl::StatusOr<SpecPointer>> AskForSpecs(const std::vector<SpecQuestion>& questions,
                                                     const std::function<bool()>& stopped) {
  std::vector<Probe> probes;
  probes.reserve(questions.size());
  for (const SpecQuestion& question : questions) probes.emplace_back(question);
  const absl::Duration deadline = SystemClock().MonoNow() + kSpecDeadline;
  while (true) {
    std::vector<PollRequest> requests;
    for (Probe& probe : probes) {
      probe.Advance();
      if (stopped()) probe.GiveUp(absl::CancelledError("stopped"));
      if (SystemClock().MonoNow() >= deadline) {
        probe.GiveUp(absl::DeadlineExceededError(
            absl::StrCat("no answer within ", absl::FormatDuration(kSpecDeadline))));
      }
      probe.AppendRequests(&requests);
    }
    if (requests.empty()) break;
    // A signal between the look and the wait must not be slept over.
    Poll(requests, kLookAgain);
  }
  std::vector<absl::StatusOr<SpecPointer>> answers;
  answers.reserve(probes.size());
  for (Probe& probe : probes) answers.push_back(probe.TakeAnswer());
  return answers;
}

}  // namespace shunt
