#include "stages/control_sequencer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

void AddReason(std::string_view more, std::string* reason) {
  if (more.empty()) return;
  absl::StrAppend(reason, reason->empty() ? "" : "; ", A(more));
}

// A plan in the making: a document as it will be, and a row for every update that got anywhere.
class Planner {
 public:
  Planner(Origin pipe, ConfigMode mode, const ConnectorSpec* spec, absl::Time wall,
          const ConfigDocument& stored, const std::vector<ControlArrivalPtr>& waiting)
      : pipe_(pipe), has_spec_(spec != nullptr), register_(stored, mode, spec, wall) {
    plan_.waiting = waiting;
  }

  void TakeAll(std::span<const ControlArrivalPtr> arrivals);
  void EndWaits(absl::Duration now);
  ControlPlan Finish();

 private:
  using Arrivals = std::span<const ControlArrivalPtr>;

  // The plan has cost enough: what is left is for the next one.
  bool tired() const { return register_.work() > kPlanWorkMax; }
  std::size_t RunLength(Arrivals rest) const;
  void TakeSome(Arrivals run);
  bool TakeAsOne(Arrivals run);
  void Take(const ControlArrivalPtr& arrival);
  Judgement JudgeAll(Arrivals arrivals);
  void Accept(Arrivals arrivals, const Judgement& judgement);
  void AcceptOne(const ControlArrival& arrival, const Judgement& judgement, std::size_t index,
                 std::string_view reason);
  void Wait(const ControlArrivalPtr& arrival, const std::string& reason);
  void EndFirstWait();
  void Quarantine(const ControlArrival& arrival, const std::string& reason, bool rejected);
  void Settle(const ControlArrival& arrival, JournalRow row, bool rejected);
  bool WaitingIsFull() const;

  const Origin pipe_;
  const bool has_spec_;
  ConfigRegister register_;
  std::map<int64_t, JournalRow> rows_;  // by seq: a verdict replaces its own "pending"
  ControlPlan plan_;
};

std::vector<const ConfigUpdate*> UpdatesOf(std::span<const ControlArrivalPtr> arrivals) {
  std::vector<const ConfigUpdate*> updates;
  updates.reserve(arrivals.size());
  for (const ControlArrivalPtr& arrival : arrivals) updates.push_back(&arrival->update);
  return updates;
}

void Planner::TakeAll(Arrivals arrivals) {
  while (plan_.taken < arrivals.size() && (plan_.taken == 0 || !tired())) {
    const Arrivals rest = arrivals.subspan(plan_.taken);
    TakeSome(rest.first(RunLength(rest)));
  }
  plan_.took_all = plan_.taken == arrivals.size();
}

// How many may be judged as one. Alone they are validated one by one, which tells more of each.
std::size_t Planner::RunLength(Arrivals rest) const {
  std::size_t length = 0;
  while (length < rest.size() && !rest[length]->hopeless) ++length;
  const bool flood = length >= kFloodUpdates || register_.bytes() > kFloodBytes;
  return has_spec_ && flood ? std::max<std::size_t>(length, 1) : 1;
}

// As one, or the halves of it; what the plan is too tired for stays.
void Planner::TakeSome(Arrivals run) {
  if (tired() && plan_.taken > 0) return;
  if (run.size() == 1 || tired()) {
    Take(run.front());
    ++plan_.taken;
    return;
  }
  if (TakeAsOne(run)) {
    plan_.taken += run.size();
    return;
  }
  TakeSome(run.first(run.size() / 2));
  TakeSome(run.subspan(run.size() / 2));
}

bool Planner::TakeAsOne(Arrivals run) {
  const auto accept = [&](Arrivals arrivals) {
    const auto judgements = register_.JudgeInTurn(UpdatesOf(arrivals));
    if (!judgements) return false;
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      AcceptOne(*arrivals[i], (*judgements)[i], 0, (*judgements)[i].reason);
    }
    return true;
  };
  if (!plan_.waiting.empty()) {
    std::vector<ControlArrivalPtr> together = plan_.waiting;
    together.insert(together.end(), run.begin(), run.end());
    if (accept(together)) {
      plan_.waiting.clear();
      return true;
    }
  }
  return accept(run);
}

Judgement Planner::JudgeAll(Arrivals arrivals) { return register_.Judge(UpdatesOf(arrivals)); }

void Planner::Take(const ControlArrivalPtr& arrival) {
  if (arrival->hopeless) {
    Quarantine(*arrival, "", arrival->rejected);
    return;
  }
  if (!plan_.waiting.empty()) {
    std::vector<ControlArrivalPtr> together = plan_.waiting;
    together.push_back(arrival);
    const Judgement judgement = JudgeAll(together);
    if (!judgement.refused) {
      plan_.waiting.clear();
      Accept(together, judgement);
      return;
    }
  }
  const Judgement alone = JudgeAll({&arrival, 1});
  if (alone.refused) {
    Wait(arrival, alone.reason);
  } else {
    Accept({&arrival, 1}, alone);
  }
}

void Planner::Accept(Arrivals arrivals, const Judgement& judgement) {
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    AcceptOne(*arrivals[i], judgement, i,
              i + 1 < arrivals.size()
                  ? "refused alone; judged as one with a later update of the same burst"
                  : judgement.reason);
  }
}

void Planner::AcceptOne(const ControlArrival& arrival, const Judgement& judgement,
                        std::size_t index, std::string_view reason) {
  JournalRow row = arrival.row;
  row.verdict = judgement.verdicts[index].verdict;
  row.alert = judgement.verdicts[index].alert;
  row.unvalidated = judgement.unvalidated;
  AddReason(reason, &row.reason);
  plan_.accepted.push_back(row.order);
  Settle(arrival, std::move(row), /*rejected=*/false);
  rows_[arrival.row.order.seq].generation = judgement.generation;
  plan_.verdicts.back().generation = judgement.generation;
}

void Planner::Wait(const ControlArrivalPtr& arrival, const std::string& reason) {
  JournalRow row = arrival->row;
  AddReason(reason, &row.reason);
  row.generation = register_.document().generation;
  rows_[row.order.seq] = std::move(row);
  plan_.waiting.push_back(arrival);
  while (WaitingIsFull()) EndFirstWait();
}

bool Planner::WaitingIsFull() const {
  std::size_t bytes = 0;
  for (const ControlArrivalPtr& arrival : plan_.waiting) bytes += arrival->row.payload.size();
  return plan_.waiting.size() > kWaitingMax || bytes > kWaitingBytesMax;
}

void Planner::EndFirstWait() {
  const ControlArrivalPtr arrival = plan_.waiting.front();
  plan_.waiting.erase(plan_.waiting.begin());
  // The stored config may have changed since: another worker, or an update that was accepted alone.
  const Judgement judgement = JudgeAll({&arrival, 1});
  if (judgement.refused) {
    Quarantine(*arrival, judgement.reason, /*rejected=*/true);
  } else {
    Accept({&arrival, 1}, judgement);
  }
}

// One at least: then there is always progress.
void Planner::EndWaits(absl::Duration now) {
  // What is at hand may complete what waits.
  if (!plan_.took_all) return;
  while (!plan_.waiting.empty() && plan_.waiting.front()->wait_ends <= now) {
    EndFirstWait();
    if (tired()) return;
  }
}

void Planner::Quarantine(const ControlArrival& arrival, const std::string& reason, bool rejected) {
  JournalRow row = arrival.row;
  row.verdict = Verdict::kQuarantined;
  AddReason(reason, &row.reason);
  Settle(arrival, std::move(row), rejected);
}

void Planner::Settle(const ControlArrival& arrival, JournalRow row, bool rejected) {
  row.generation = register_.document().generation;
  ControlVerdict verdict;
  verdict.origin = pipe_;
  verdict.seq = row.order.seq;
  verdict.verdict = row.verdict;
  verdict.generation = row.generation;
  verdict.keys = row.keys;
  verdict.reason = row.reason;
  verdict.time_source = row.time_source;
  verdict.alert = row.alert;
  verdict.unvalidated = row.unvalidated;
  verdict.rejected = rejected;
  plan_.verdicts.push_back(std::move(verdict));
  rows_[arrival.row.order.seq] = std::move(row);
}

ControlPlan Planner::Finish() {
  for (auto& [seq, row] : rows_) plan_.change.rows.push_back(std::move(row));
  plan_.work = register_.work();
  if (register_.dirty()) plan_.change.document = register_.Take();
  return std::move(plan_);
}

}  // namespace

ControlPlan ControlSequencer::Plan(const ConfigDocument& stored,
                                   std::span<const ControlArrivalPtr> arrivals, absl::Duration now,
                                   absl::Time wall) const {
  Planner planner(pipe_, mode_, spec_.get(), wall, stored, waiting_);
  planner.TakeAll(arrivals);
  // Only now: what is at hand may complete what waits, however late it was looked at.
  planner.EndWaits(now);
  return planner.Finish();
}

absl::Duration ControlSequencer::next_wait_ends() const {
  return waiting_.empty() ? absl::InfiniteDuration() : waiting_.front()->wait_ends;
}

}  // namespace shunt
