#include "cli/spec_probe.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "cli/spec_file.h"
#include "connectors/process_connector.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "stages/stderr_tail.h"

namespace shunt {
namespace {

using SpecPointer = std::shared_ptr<const ConnectorSpec>;

constexpr char kSpecLogPayload[] = "shunt/stderr";
constexpr std::size_t kBudgetPerOutput = 4;
constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

// One child that prints its spec.
class Probe {
 public:
  explicit Probe(const SpecQuestion& question) : output_bytes_max_(question.output_bytes_max) {
    std::vector<std::string> argv = question.argv;
    argv.push_back("spec");
    absl::StatusOr<std::unique_ptr<ProcessConnector>> child =
        ProcessConnector::Start({.argv = std::move(argv),
                                 .env = question.env,
                                 .user = question.user,
                                 .notes = question.notes});
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
  absl::StatusOr<SpecOutput> TakeAnswer() { return *std::move(answer_); }

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
      output_bytes_ += read.bytes;
      if (output_bytes_ <= output_bytes_max_) {
        read_.output.append(buffer.data(), read.bytes);
      } else {
        std::string().swap(read_.output);
      }
    }
    while (!log_ended_) {  // also what is not kept: a full pipe would stop the child
      const IoResult read = child_->ReadLog(buffer);
      if (read.state == IoState::kBlocked) break;
      log_ended_ = read.state != IoState::kBytes;
      read_.log.append(buffer.data(), read.bytes);
      if (read_.log.size() > 2 * kSpecLogBytesMax) {
        read_.log.erase(0, read_.log.size() - kSpecLogBytesMax);
      }
    }
    const std::optional<ExitStatus> exit = child_->Exit();
    if (!output_ended_ || !exit) return;
    if (output_bytes_ > output_bytes_max_) {
      return GiveUp(absl::ResourceExhaustedError(
          absl::StrCat("it printed ", output_bytes_,
                       " bytes, which do not fit the memory budget; "
                       "--memory-budget ",
                       (output_bytes_ * kBudgetPerOutput >> 20) + 1, "MiB would do")));
    }
    read_.exit = *exit;
    answer_ = std::move(read_);
    child_.reset();
  }

 private:
  std::unique_ptr<ProcessConnector> child_;
  const std::size_t output_bytes_max_;
  std::size_t output_bytes_ = 0;
  SpecOutput read_;
  bool output_ended_ = false;
  bool log_ended_ = false;
  std::optional<absl::StatusOr<SpecOutput>> answer_;
};

}  // namespace

std::string LastWordsOf(const absl::Status& status, const Masker& masker) {
  const auto log = status.GetPayload(kSpecLogPayload);
  if (!log) return "";
  const std::string tail =
      StderrTail::Of(std::string(*log), log->size() >= kSpecLogBytesMax, masker);
  return tail.empty() ? "" : absl::StrCat("\n", tail);
}

std::string LastLineOf(const absl::Status& status, const Masker& masker) {
  const std::string words = LastWordsOf(status, masker);
  if (words.empty()) return "";
  return absl::StrCat(" (on stderr: ", words.substr(words.rfind('\n') + 1), ")");
}

std::size_t SpecOutputBytesMax(int64_t memory_budget_bytes) {
  return std::max(kSpecOutputBytesMax,
                  static_cast<std::size_t>(memory_budget_bytes) / kBudgetPerOutput);
}

absl::Status EndedBadly(const ExitStatus& exit) {
  return absl::UnavailableError(
      exit.signal ? absl::StrCat("it was ended by signal ", *exit.signal)
                  : absl::StrCat("it ended with exit code ", exit.code.value_or(0)));
}

std::vector<absl::StatusOr<SpecOutput>> AskForSpecOutputs(
    const std::vector<SpecQuestion>& questions, const std::function<bool()>& stopped) {
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
  std::vector<absl::StatusOr<SpecOutput>> answers;
  answers.reserve(probes.size());
  for (Probe& probe : probes) answers.push_back(probe.TakeAnswer());
  return answers;
}

std::vector<absl::StatusOr<SpecPointer>> AskForSpecs(const std::vector<SpecQuestion>& questions,
                                                     const std::function<bool()>& stopped) {
  std::vector<absl::StatusOr<SpecPointer>> specs;
  specs.reserve(questions.size());
  for (const absl::StatusOr<SpecOutput>& answer : AskForSpecOutputs(questions, stopped)) {
    if (!answer.ok()) {
      specs.emplace_back(answer.status());
      continue;
    }
    absl::StatusOr<SpecPointer> spec =
        SpecFromOutput(answer->output, questions[specs.size()].options);
    // Whatever else is wrong with a connector that ended badly, that is why.
    if (!spec.ok() && !answer->exit.clean()) {
      absl::Status why = EndedBadly(answer->exit);
      if (!answer->log.empty()) why.SetPayload(kSpecLogPayload, absl::Cord(answer->log));
      spec = std::move(why);
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace shunt
