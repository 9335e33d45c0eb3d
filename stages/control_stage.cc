#include "stages/control_stage.h"

#include <algorithm>
#include <utility>

#include "platform/check.h"
#include "secrets/secret_values.h"

namespace shunt {
namespace {

constexpr absl::Duration kBackoffMin = absl::Milliseconds(100);
constexpr absl::Duration kBackoffMax = absl::Seconds(5);
// Once the run is being ended: so many plans may end early, before what waits is no longer judged.
constexpr int kEarlyPlansAborting = 8;

}  // namespace

// One connector's updates on their way into the store.
struct ControlStage::Pipe {
  Pipe(Origin from, const ControlConnector& connector_in, const ControlOptions& options)
      : origin(from),
        connector(connector_in),
        reader(from, connector_in.config_id, options.run.run_id, options.run.epoch,
               connector_in.causal_floor_ms),
        sequencer(from, options.mode, connector_in.spec) {}

  const Origin origin;
  const ControlConnector connector;
  ControlReader reader;
  ControlSequencer sequencer;
  std::vector<ControlArrivalPtr> queue;  // not yet durable, in pipe order
  std::size_t queue_bytes = 0;

  // While the store fails: what is being tried, the same until it succeeds.
  std::size_t tried = 0;  // how many of `queue`; the plan's `now` and `wall`:
  absl::Duration tried_now;
  absl::Time tried_wall;
  std::optional<ControlPlan> last_plan;  // of a try whose outcome is unknown
  std::optional<absl::Duration> failing_since;
  absl::Duration retry_at = -absl::InfiniteDuration();
  absl::Duration backoff = kBackoffMin;
  bool gave_up = false;  // once: then each batch gets one try
  int early_plans = 0;   // since the run is being ended

  // While it fails: what of it is in files.
  struct Spilled {
    std::vector<std::string> files;
    std::size_t queued = 0;  // so many of `queue`, from the front
    bool waiting = false;    // in the store they are without a verdict
    absl::Status status;     // of the last try to write one
  };
  Spilled spilled;
};

ControlStage::ControlStage(const ControlOptions& options, const ControlDeps& deps)
    : options_(options), deps_(deps) {
  pipes_.push_back(std::make_unique<Pipe>(Origin::kSource, options_.source, options_));
  pipes_.push_back(std::make_unique<Pipe>(Origin::kDestination, options_.destination, options_));
}

ControlStage::~ControlStage() = default;

std::size_t ControlStage::held() const { return pipes_[0]->queue.size() + pipes_[1]->queue.size(); }

std::size_t ControlStage::held_bytes() const {
  return pipes_[0]->queue_bytes + pipes_[1]->queue_bytes;
}

absl::StatusOr<Step> ControlStage::Run() {
  watch_.Observe(deps_.clock.WallNow(), deps_.clock.MonoNow());
  bool busy = TakeFacts();
  for (const std::unique_ptr<Pipe>& pipe : pipes_) busy = Persist(pipe.get()) || busy;
  if (busy) return Step::kBusy;
  const bool empty = std::all_of(pipes_.begin(), pipes_.end(), [](const auto& pipe) {
    return pipe->queue.empty() && pipe->sequencer.waiting().empty();
  });
  return deps_.inbox.closed() && empty ? Step::kDone : Step::kIdle;
}

Wait ControlStage::wait() const {
  absl::Duration until = absl::InfiniteDuration();
  for (const std::unique_ptr<Pipe>& pipe : pipes_) {
    until =
        std::min(until, pipe->failing_since ? pipe->retry_at : pipe->sequencer.next_wait_ends());
  }
  Wait wait;
  wait.at_most = std::max(until - deps_.clock.MonoNow(), absl::ZeroDuration());
  return wait;
}

bool ControlStage::TakeFacts() {
  bool took = false;
  ControlFact fact;
  while (held() < kControlBatchMax && held_bytes() < kControlBatchBytesMax &&
         deps_.inbox.Next(&fact)) {
    Take(fact);
    took = true;
  }
  return took;
}

void ControlStage::Take(const ControlFact& fact) {
  SHUNT_CHECK(fact.origin != Origin::kShunt);
  Pipe* const pipe = pipes_[fact.origin == Origin::kSource ? 0 : 1].get();
  auto arrival = std::make_shared<ControlArrival>();
  if (fact.quarantine_only) {
    *arrival = pipe->reader.Quarantine(fact.line, fact.seq, fact.received_at);
  } else {
    std::optional<ControlArrival> read =
        pipe->reader.Read(fact.line, fact.seq, fact.received_at, watch_);
    if (!read) {
      deps_.events.OnIgnored(fact.origin);
      return;
    }
    *arrival = *std::move(read);
    const std::vector<std::string> secrets =
        SecretValuesOf(arrival->row.payload, pipe->connector.spec.get());
    if (!secrets.empty()) deps_.events.OnSecrets(fact.origin, secrets);
  }
  arrival->wait_ends = deps_.clock.MonoNow() + kBurstWait;
  pipe->queue_bytes += arrival->row.payload.size();
  pipe->queue.push_back(std::move(arrival));
}

// One transaction, when there is something for it. True when the state of the pipe has moved.
bool ControlStage::Persist(Pipe* pipe) {
  const absl::Duration now = deps_.clock.MonoNow();
  if (pipe->failing_since) {
    Spill(pipe);  // what came meanwhile
    if (now < pipe->retry_at) return false;
  } else {
    const absl::Duration ends = bursts_end() ? absl::InfiniteDuration() : now;
    const bool wait_is_over =
        !pipe->sequencer.waiting().empty() && pipe->sequencer.next_wait_ends() <= ends;
    if (pipe->queue.empty() && !wait_is_over) return false;
    if (pipe->early_plans > kEarlyPlansAborting) LeaveUnjudged(pipe);
    pipe->tried = pipe->queue.size();
    pipe->tried_now = ends;
    pipe->tried_wall = deps_.clock.WallNow();
  }

  const std::span<const ControlArrivalPtr> batch(pipe->queue.data(), pipe->tried);
  const absl::Status status = deps_.store.UpdateConfig(
      pipe->connector.config_id, [&](const ConfigDocument& stored) -> absl::StatusOr<ConfigChange> {
        // A commit of unknown outcome did happen when the document holds what it wrote (G26).
        const bool happened = pipe->last_plan && HoldsAnyOrder(stored, pipe->last_plan->accepted);
        if (!happened) {
          pipe->last_plan = pipe->sequencer.Plan(stored, batch, pipe->tried_now, pipe->tried_wall);
          return pipe->last_plan->change;
        }
        ConfigChange rows_again;
        rows_again.rows = pipe->last_plan->change.rows;
        return rows_again;
      });
  if (!status.ok()) return HandleFailure(pipe, status);
  SHUNT_CHECK(pipe->last_plan.has_value());
  const ControlPlan plan = *std::exchange(pipe->last_plan, std::nullopt);
  pipe->sequencer.Commit(plan);
  if (deps_.inbox.aborting() && !plan.took_all) ++pipe->early_plans;
  for (const ControlArrivalPtr& arrival : batch.first(plan.taken)) {
    pipe->queue_bytes -= arrival->row.payload.size();
  }
  pipe->queue.erase(pipe->queue.begin(),
                    pipe->queue.begin() + static_cast<std::ptrdiff_t>(plan.taken));
  pipe->spilled.queued -= std::min(pipe->spilled.queued, plan.taken);
  pipe->spilled.waiting = false;
  pipe->failing_since.reset();
  pipe->backoff = kBackoffMin;
  if (pipe->queue.empty()) ForgetSpill(pipe);
  if (plan.change.document) {
    deps_.events.OnLive(pipe->origin,
                        SecretValuesOf(plan.change.document->ToJson(), pipe->connector.spec.get()));
  }
  Announce(plan);
  return true;
}

// Journaled they are all the same, for `config promote`.
void ControlStage::LeaveUnjudged(Pipe* pipe) {
  for (ControlArrivalPtr& arrival : pipe->queue) {
    if (arrival->hopeless) continue;
    auto unjudged = std::make_shared<ControlArrival>(*arrival);
    unjudged->hopeless = true;
    unjudged->row.alert = true;
    unjudged->row.reason =
        "not judged: the run was being ended, and judging all that waited took too long";
    arrival = std::move(unjudged);
  }
}

void ControlStage::Announce(const ControlPlan& plan) {
  for (const ControlVerdict& verdict : plan.verdicts) {
    deps_.events.OnVerdict(verdict);
    if (verdict.rejected) deps_.events.OnRejected(verdict.origin, verdict.reason);
  }
}

bool ControlStage::HandleFailure(Pipe* pipe, const absl::Status& status) {
  const absl::Duration now = deps_.clock.MonoNow();
  const bool first = !pipe->failing_since;
  if (first) pipe->failing_since = now;
  Spill(pipe);
  const absl::Duration patience =
      deps_.inbox.aborting() ? std::min(options_.persist_deadline, kPersistDeadlineAborting)
                             : options_.persist_deadline;
  if (!absl::IsUnavailable(status) || pipe->gave_up || now - *pipe->failing_since >= patience) {
    GiveUp(pipe, status);
    return true;
  }
  if (first) deps_.events.OnStoreTrouble(status, pipe->spilled.status);
  // The last try falls on the deadline.
  pipe->retry_at = std::min(now + pipe->backoff, *pipe->failing_since + patience);
  pipe->backoff = std::min(pipe->backoff * 2, kBackoffMax);
  return false;
}

void ControlStage::GiveUp(Pipe* pipe, const absl::Status& status) {
  Pipe::Spilled spilled = std::exchange(pipe->spilled, {});
  const ControlEvents::StoreFailure failure = {
      .status = status,
      .updates = pipe->sequencer.waiting().size() + pipe->queue.size(),
      .files = std::move(spilled.files),
      .spilled = spilled.status};
  pipe->sequencer.Commit({});
  pipe->queue.clear();
  pipe->queue_bytes = 0;
  pipe->last_plan.reset();
  pipe->failing_since.reset();
  pipe->backoff = kBackoffMin;
  pipe->gave_up = true;
  deps_.events.OnStoreFailed(failure);
}

// One file for what is in none yet.
void ControlStage::Spill(Pipe* pipe) {
  SpilledUpdates updates;
  updates.config_id = pipe->connector.config_id;
  updates.replace = options_.mode == ConfigMode::kReplace;
  const auto add = [&](const ControlArrivalPtr& arrival) {
    updates.rows.push_back(arrival->row);
    if (arrival->hopeless) updates.rows.back().verdict = Verdict::kQuarantined;
  };
  Pipe::Spilled& spilled = pipe->spilled;
  if (!spilled.waiting) {
    for (const ControlArrivalPtr& arrival : pipe->sequencer.waiting()) add(arrival);
  }
  for (std::size_t i = spilled.queued; i < pipe->queue.size(); ++i) add(pipe->queue[i]);
  if (updates.rows.empty()) return;
  if (pipe->connector.spec) updates.spec_json = pipe->connector.spec->json();
  absl::StatusOr<std::string> file = absl::UnavailableError("there is no directory for it");
  if (deps_.spill != nullptr) file = deps_.spill->Write(updates);
  spilled.status = file.status();
  if (!file.ok()) return;
  spilled.files.push_back(*std::move(file));
  spilled.queued = pipe->queue.size();
  spilled.waiting = true;
}

// The store has them all. A file that cannot be removed does no harm: bringing it back has no
// second effect.
void ControlStage::ForgetSpill(Pipe* pipe) {
  const Pipe::Spilled spilled = std::exchange(pipe->spilled, {});
  if (spilled.files.empty()) return;
  static_cast<void>(
      deps_.spill->Remove({.config_id = {}, .run_id = {}, .writer = {}, .paths = spilled.files}));
}

}  // namespace shunt
