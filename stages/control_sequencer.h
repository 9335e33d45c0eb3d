// ControlSequencer: what becomes of the updates of one pipe, bursts included (contract decision 9,
// edge rule 5; F62, F63).
//
// One refresh of a token arrives as several updates within a millisecond, the first ones half done.
// So an update that is refused waits kBurstWait; each new one is judged together with the waiting
// ones, as one, and then alone. Accepted ones are stored at once. What is still refused when its
// wait ends is quarantined. Every update is in the journal, verdict pending, before it waits.
//
// Pure: it plans on a given document at a given time, and Commit makes a plan, once it is durable,
// the state to go on from. A plan that could not be stored leaves no trace. Not thread-safe.
// Bounds: at most kWaitingMax updates of kWaitingBytesMax wait; the oldest one's wait ends early
// then. A plan costs what its arrivals are long, and kPlanWorkMax and one validation more; it holds
// three copies of the config: as it was, as it will be, and as it is written.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "protocol/spec.h"
#include "stages/config_register.h"
#include "stages/control_reader.h"
#include "stores/store.h"

namespace shunt {

inline constexpr absl::Duration kBurstWait = absl::Milliseconds(50);
inline constexpr std::size_t kWaitingMax = 64;
inline constexpr std::size_t kWaitingBytesMax = std::size_t{4} << 20;

// With so many updates at hand, or a stored config of so many bytes, neighbours are validated as
// one, and apart only where that is refused: validating costs what the whole config is long.
inline constexpr std::size_t kFloodUpdates = 32;
inline constexpr std::size_t kFloodBytes = std::size_t{64} << 10;
// A plan is made while the store is held. It ends early, with what it has, once it has looked at so
// many bytes of configs.
inline constexpr std::size_t kPlanWorkMax = std::size_t{16} << 20;

// What became of one update. Never holds a value of a config.
struct ControlVerdict {
  Origin origin = Origin::kSource;
  int64_t seq = 0;
  Verdict verdict = Verdict::kPending;
  int64_t generation = -1;  // of the stored config afterwards
  std::vector<std::string> keys;
  std::string reason;
  std::string time_source;
  bool alert = false;
  bool unvalidated = false;
  bool rejected = false;  // quarantined, and the sync ends with config_rejected for it
};

struct ControlPlan {
  ConfigChange change;                     // for Store::UpdateConfig
  std::vector<ControlVerdict> verdicts;    // to be announced once `change` is durable
  std::vector<OrderKey> accepted;          // that the document of `change` may hold
  std::vector<ControlArrivalPtr> waiting;  // refused so far
  std::size_t taken = 0;                   // so many of the arrivals, from the first; at least one
  bool took_all = true;
  std::size_t work = 0;  // bytes of configs that were looked at
};

class ControlSequencer {
 public:
  // `spec` may be null.
  ControlSequencer(Origin pipe, ConfigMode mode, std::shared_ptr<const ConnectorSpec> spec)
      : pipe_(pipe), mode_(mode), spec_(std::move(spec)) {}

  // `arrivals` in pipe order; `now` (monotonic) ends the waits that are over, infinite future all
  // of them; `wall` stamps the document.
  ControlPlan Plan(const ConfigDocument& stored, std::span<const ControlArrivalPtr> arrivals,
                   absl::Duration now, absl::Time wall) const;
  void Commit(const ControlPlan& plan) { waiting_ = plan.waiting; }

  const std::vector<ControlArrivalPtr>& waiting() const { return waiting_; }
  // When the first wait ends; infinite when nothing waits.
  absl::Duration next_wait_ends() const;

 private:
  const Origin pipe_;
  const ConfigMode mode_;
  const std::shared_ptr<const ConnectorSpec> spec_;
  std::vector<ControlArrivalPtr> waiting_;
};

}  // namespace shunt
