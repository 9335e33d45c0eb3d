#include "router/router.h"

#include <algorithm>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

#include "platform/environment.h"
#include "router/outcome.h"
#include "router/pipeline.h"

namespace shunt {
namespace {

class PipelineRouter final : public Router {
 public:
  PipelineRouter(RouterOptions options, const RouterDeps& deps, const MemoryPlan& memory,
                 Threads threads, int classifiers, std::vector<std::unique_ptr<Agent>> agents)
      : clock_(deps.clock),
        started_at_(deps.clock.WallNow()),
        started_(deps.clock.MonoNow()),
        agents_(std::move(agents)),
        pipeline_(std::move(options), deps, memory, threads, classifiers) {
    const auto& plan = ThreadPlan(threads);
    std::size_t agent = 0;
    for (const std::vector<StageId>& ids : plan) {
      for (const StageId id : ids) {
        // Classifiers after the first have agents of their own, at the end of agents_.
        const std::vector<Stage*> stages = pipeline_.Find(id);
        for (std::size_t i = 0; i < stages.size(); ++i) {
          Agent& owner = *agents_[i == 0 ? agent : plan.size() + i - 1];
          owner.Add(stages[i]);
          pipeline_.SetWaker(id, owner.waker());
        }
        if (id == StageId::kSupervise) stop_waker_ = agents_[agent]->waker();
      }
      ++agent;
    }
  }

  // Nothing is read before all threads are there: with one missing the run would stand still.
  absl::StatusOr<Report> Run() override {
    std::promise<bool> all_there;
    const std::shared_future<bool> begin(all_there.get_future());
    std::vector<std::thread> threads;
    bool started = true;
    for (std::size_t i = 1; i < agents_.size() && started; ++i) {
      try {
        threads.emplace_back([begin, agent = agents_[i].get()] {
          if (begin.get()) agent->Loop();
        });
      } catch (const std::system_error&) {
        started = false;
      }
    }
    all_there.set_value(started);
    if (started) agents_.front()->Loop();
    for (std::thread& thread : threads) thread.join();
    if (started) return TakeReport();
    return absl::UnavailableError(absl::StrCat("thread ", threads.size() + 2, " of ",
                                               agents_.size(),
                                               " could not be started: Resource temporarily "
                                               "unavailable; --threads inline needs only one"));
  }

  absl::StatusOr<Step> RunOnce() override {
    if (agents_.size() != 1) {
      return absl::FailedPreconditionError("RunOnce needs Threads::kInline");
    }
    const SigpipeGuard guard;
    return agents_.front()->RunOnce();
  }

  Report TakeReport() override {
    return MakeReport(pipeline_, started_at_, clock_.WallNow(), started_, clock_.MonoNow());
  }

  void Stop(int signal_number) override {
    RunState& run = pipeline_.run;
    run.stop_signal.SetOnce(signal_number);
    run.stop_count.Add(1);
    stop_waker_->Wake();
  }

  RouterStats stats() const override {
    const RunState& run = pipeline_.run;
    return {
        .records_read = run.records_read.value(),
        .bytes_read = run.source_bytes.value(),
        .records_forwarded = run.records_forwarded.value() -
                             std::min(run.records_left_out.value(), run.records_forwarded.value()),
        .states_forwarded = run.states_forwarded.value(),
        .states_committed = run.states_committed.value(),
        .config_updates_applied = run.config_updates_applied.value(),
        .malformed_lines = run.malformed_lines.value(),
        .records_expected = run.expected_records.Get(),
        .catalog_records_read = run.catalog_records_read.value(),
        .rate_limited_streams = run.rate_limited_streams.Get(),
        .bytes_moved = run.moved_bytes.value(),
        .items_listed_max = run.listed_items_max.value(),
        .chunks = pipeline_.ring.taken(),
        .hand_overs = pipeline_.HandOvers(),
        .blocked_on_source_ms = static_cast<int64_t>(run.blocked_on_source_ms.value()),
        .blocked_on_destination_ms = static_cast<int64_t>(run.blocked_on_destination_ms.value())};
  }

 private:
  const Clock& clock_;
  const absl::Time started_at_;
  const absl::Duration started_;
  std::vector<std::unique_ptr<Agent>> agents_;
  Pipeline pipeline_;
  Waker* stop_waker_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Router>> Router::Create(RouterOptions options,
                                                       const RouterDeps& deps) {
  if (absl::Status status = options.Validate(); !status.ok()) return status;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const Threads threads = ResolveThreads(options.threads, cores);
  const int classifiers = ClassifierCount(threads, cores);
  std::vector<std::unique_ptr<Agent>> agents;
  const std::size_t count = ThreadPlan(threads).size() + static_cast<std::size_t>(classifiers) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    absl::StatusOr<EventFd> event = EventFd::Create();
    if (!event.ok()) return event.status();
    agents.push_back(std::make_unique<Agent>(*std::move(event)));
  }
  const MemoryPlan memory = PlanMemory(options, classifiers, options.memory_budget_bytes);
  return std::make_unique<PipelineRouter>(std::move(options), deps, memory, threads, classifiers,
                                          std::move(agents));
}

std::vector<MemoryTerm> RouterOptions::MemoryTerms(int64_t memory_budget) const {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return PlanMemory(*this, ClassifierCount(ResolveThreads(threads, cores), cores), memory_budget)
      .terms;
}

int64_t RouterOptions::MemoryBytesMax(int64_t memory_budget) const {
  int64_t sum = 0;
  for (const MemoryTerm& term : MemoryTerms(memory_budget)) sum += term.bytes;
  return sum;
}

}  // namespace shunt
