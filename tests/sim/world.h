// The simulated world around the router: a source that plays a script, a destination that
// acknowledges by a policy, and a store that is watched.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "platform/clock.h"
#include "stores/forwarding_store.h"
#include "stores/memory_store.h"
#include "tests/sim/script.h"
#include "tests/sim/simulation.h"

namespace shunt::sim {

// How a pipe behaves: how much moves at a time, and how often nothing does.
struct Flow {
  int64_t bytes_max = 4096;
  double stall = 0.1;
};

class SimSource final : public Connector {
 public:
  struct Plan {
    Flow flow;
    std::optional<int> exit_code = 0;
    std::optional<int> exit_signal;
    bool hangs_at_end = false;  // prints nothing more and never exits by itself
    bool ignores_terminate = false;
    bool lingers = false;     // closes stdout, exits only when asked to
    bool pipe_stays = false;  // exits, and somebody of its group holds stdout until killed
  };
  SimSource(const Script& script, const Plan& plan, Random& random)
      : script_(script), plan_(plan), random_(random) {}

  IoResult ReadOutput(std::span<char> buffer) override;
  IoResult ReadLog(std::span<char>) override {
    return {.state = IoState::kEnd, .bytes = 0, .error = 0};
  }
  IoResult WriteInput(std::span<const iovec>) override {
    return {.state = IoState::kEnd, .bytes = 0, .error = 0};
  }
  void CloseInput() override {}
  std::optional<ExitStatus> Exit() override;
  void Terminate() override { terminated_ |= !plan_.ignores_terminate; }
  void Kill() override { terminated_ = killed_ = true; }

  std::size_t bytes_read() const { return at_; }
  bool killed() const { return killed_; }

 private:
  const Script& script_;
  const Plan plan_;
  Random& random_;
  std::size_t at_ = 0;
  bool ended_ = false;
  bool terminated_ = false;
  bool killed_ = false;
};

class SimDestination final : public Connector {
 public:
  enum class Acks : uint8_t { kEach, kLastAtEnd, kSome, kNever };
  struct Plan {
    Flow input, output;
    int64_t pipe_bytes = 4096;
    double consume = 0.5;  // chance per step to work off what it has read
    Acks acks = Acks::kEach;
    bool duplicates = false, lies = false, respells = false, chatters = false;
    std::optional<std::size_t> dies_after_states;  // exit 1 after having consumed so many states
    bool explains_death = false;                   // a TRACE ERROR first
    // Exits with 0 at the end of its input without having read the last of it.
    bool leaves_input = false;
    bool hangs = false;          // stops reading at some point
    bool lingers = false;        // closes stdout at the end, exits only when asked to
    bool pipe_stays = false;     // exits, and somebody of its group holds stdout until killed
    bool closes_output = false;  // says nothing from the beginning on, and takes everything
    int exit_code = 0;
    double controls = 0;
  };
  SimDestination(const Script& script, const Plan& plan, Random& random, Bug bug)
      : script_(script), plan_(plan), random_(random), bug_(bug) {}

  IoResult ReadOutput(std::span<char> buffer) override;
  IoResult ReadLog(std::span<char>) override {
    return {.state = IoState::kEnd, .bytes = 0, .error = 0};
  }
  IoResult WriteInput(std::span<const iovec> parts) override;
  void CloseInput() override { input_closed_ = true; }
  std::optional<ExitStatus> Exit() override;
  UnreadInput::Found Unread() override {
    const uint64_t bytes = received_.size() - consumed_;
    return {.any = bytes > 0, .bytes = bytes, .may_be_read = false};
  }
  void Terminate() override { terminated_ = true; }
  void Kill() override { terminated_ = true; }

  void Live();  // one step of its own life
  const std::string& received() const { return received_; }
  bool Acked(const std::string& lane, int64_t cursor) const {
    return acked_.contains({lane, cursor});
  }
  bool AckedFrom(const std::string& lane, int64_t cursor) const {
    const auto acked = acked_.lower_bound({lane, cursor});
    return acked != acked_.end() && acked->first == lane;
  }
  std::size_t acks() const { return acks_; }
  bool died() const { return died_; }

 private:
  void Consume(std::string_view line);
  void Ack(const ScriptState& state, const std::string& line);
  void End(int code);

  const Script& script_;
  const Plan plan_;
  Random& random_;
  const Bug bug_;
  bool bug_done_ = false;
  std::string held_;      // kSwapsWrites
  std::string received_;  // every byte ever accepted
  std::size_t consumed_ = 0;
  std::optional<std::size_t> partial_;  // start of a line longer than the pipe
  std::size_t states_ = 0;              // consumed
  std::size_t acks_ = 0;
  std::map<std::string, std::pair<ScriptState, std::string>> last_;  // by lane, for kLastAtEnd
  std::set<std::pair<std::string, int64_t>> acked_;
  std::string output_;  // not yet read by the router
  bool input_closed_ = false;
  bool terminated_ = false;
  bool died_ = false;
  bool ended_ = false;
  std::optional<int> exit_code_;
};

// A real memory store that is watched: what is committed must have been acknowledged, and nothing
// goes back.
class WatchedStore final : public ForwardingStore {
 public:
  WatchedStore(const Script& script, const SimDestination& destination, Bug bug);

  std::optional<uint64_t> fails_at_call;  // from this writing call on, everything is Unavailable
  std::string violation;
  uint64_t commits = 0;
  bool failed() const { return failed_; }

  absl::Status CommitCheckpoints(const RunHandle& run, absl::Time now,
                                 const std::vector<CheckpointWrite>& writes) override;
  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override;

 private:
  bool Fails();
  void CheckWrite(const CheckpointWrite& write);
  void CheckConfig(std::string_view config_id);

  const Script& script_;
  const SimDestination& destination_;
  const Bug bug_;
  bool bug_done_ = false;
  MemoryStore memory_;
  uint64_t calls_ = 0;
  bool failed_ = false;
  std::map<std::string, int64_t> durable_;       // cursor by lane
  std::map<std::string, int64_t> clean_newest_;  // the newest untainted cursor of each lane, or 0
  std::map<std::string, OrderKey> config_newest_;
};

// The lane and cursor of a stored blob.
std::string LaneOf(StateType type, const StreamDescriptor& stream);
int64_t CursorOf(std::string_view blob);

}  // namespace shunt::sim
