// SpecProbe: asks connectors for their specs (`CMD spec`), all at once, before anything else is
// started.
//
// Threads: main (children die with the thread that started them). Bounds: kSpecDeadline for all
// together; output_bytes_max of output each. Errors: a Status that names what went wrong; a
// missing spec is no reason not to sync.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "connectors/connector.h"
#include "platform/child_notes.h"
#include "platform/user.h"
#include "protocol/spec.h"
#include "secrets/masker.h"

namespace shunt {

inline constexpr absl::Duration kSpecDeadline = absl::Seconds(60);
// How much of a connector's output is read for its spec: a quarter of the memory budget, and no
// less than this.
inline constexpr std::size_t kSpecOutputBytesMax = std::size_t{16} << 20;
std::size_t SpecOutputBytesMax(int64_t memory_budget_bytes);

struct SpecQuestion {
  std::vector<std::string> argv;  // of the connector, without the verb
  std::map<std::string, std::string> env = {};
  SpecOptions options = {};
  std::optional<User> user = std::nullopt;  // whom it runs as
  const ChildNotes* notes = nullptr;        // where it is noted; may be null
  std::size_t output_bytes_max = kSpecOutputBytesMax;
};

// What one of them printed.
struct SpecOutput {
  std::string output;
  std::string log;  // of stderr the last kSpecLogBytesMax, up to twice as many at times
  ExitStatus exit;
};
inline constexpr std::size_t kSpecLogBytesMax = std::size_t{64} << 10;

// Answers in the order of the questions, also of a connector that ended badly; an error when it did
// not end, or printed too much. `stopped` is asked often: true ends it with Cancelled.
std::vector<absl::StatusOr<SpecOutput>> AskForSpecOutputs(
    const std::vector<SpecQuestion>& questions, const std::function<bool()>& stopped);

absl::Status EndedBadly(const ExitStatus& exit);

// What a connector that ended badly wrote on stderr, as lines below a message; "": nothing.
// `status` is an answer of AskForSpecs.
std::string LastWordsOf(const absl::Status& status, const Masker& masker);
// Only the last of them, where there is room for a line; " (on stderr: ...)".
std::string LastLineOf(const absl::Status& status, const Masker& masker);

// Answers in the order of the questions. `stopped` is asked often: true ends it with Cancelled.
std::vector<absl::StatusOr<std::shared_ptr<const ConnectorSpec>>> AskForSpecs(
    const std::vector<SpecQuestion>& questions, const std::function<bool()>& stopped);

}  // namespace shunt
