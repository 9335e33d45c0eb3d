#include "stages/control_sequencer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace shunt {
namespace {

// A plan in the making: a document as it will be, and a row for every update that got anywhere.
class Planner {
 public:
  Planner(Origin pipe, ConfigMode mode, const ConnectorSpec* spec, absl::Time wall,
          const ConfigDocument& stored, const std::vector<ControlArrivalPtr>& waiting)
      : pipe_(pipe), mode_(mode), spec_(spec), wall_(wall), document_(stored) {
    plan_.waiting = waiting;
  }

  void Take(const ControlArrivalPtr& arrival);
  void EndWaits(absl::Duration now);
  ControlPlan Finish();

 private:
  Judgement JudgeAll(const std::vector<ControlArrivalPtr>& arrivals) const;
  void Accept(const std::vector<ControlArrivalPtr>& arrivals, Judgement judgement);
  void Wait(const ControlArrivalPtr& arrival, const std::string& reason);
  void EndFirstWait();
  void Quarantine(const ControlArrival& arrival, const std::string& reason, bool rejected);
  void Settle(const ControlArrival& arrival, JournalRow row, bool rejected);
  bool WaitingIsFull() const;

  const Origin pipe_;
  const ConfigMode mode_;
  const ConnectorSpec* const spec_;
  const absl::Time wall_;
  ConfigDocument document_;
  bool document_changed_ = false;
  std::map<int64_t, JournalRow> rows_;  // by seq: a verdict replaces its own "pending"
  ControlPlan plan_;
};

Judgement Planner::JudgeAll(const std::vector<ControlArrivalPtr>& arrivals) const {
  std::vector<const ConfigUpdate*> updates;
  for (const ControlArrivalPtr& arrival : arrivals) updates.push_back(&arrival->update);
  return JudgeUpdates(document_, updates, mode_, spec_, wall_);
}

void Planner::Take(const ControlArrivalPtr& arrival) {
  if (arrival->hopeless) {
    Quarantine(*arrival, arrival->row.reason, arrival->rejected);
    return;
  }
  if (!plan_.waiting.empty()) {
    std::vector<ControlArrivalPtr> together = plan_.waiting;
    together.push_back(arrival);
    Judgement judgement = JudgeAll(together);
    if (!judgement.refused) {
      plan_.waiting.clear();
      Accept(together, std::move(judgement));
      return;
    }
  }
  Judgement alone = JudgeAll({arrival});
  if (alone.refused) {
    Wait(arrival, alone.reason);
  } else {
    Accept({arrival}, std::move(alone));
  }
}

void Planner::Accept(const std::vector<ControlArrivalPtr>& arrivals, Judgement judgement) {
  if (judgement.document) {
    document_ = *std::move(judgement.document);
    document_changed_ = true;
  }
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    JournalRow row = arrivals[i]->row;
    row.verdict = judgement.verdicts[i].verdict;
    row.alert = judgement.verdicts[i].alert;
    row.unvalidated = judgement.unvalidated;
    row.reason = judgement.reason;
    if (i + 1 < arrivals.size()) {
      row.reason = "refused alone; judged as one with a later update of the same burst";
    }
    plan_.accepted.push_back(row.order);
    Settle(*arrivals[i], std::move(row), /*rejected=*/false);
  }
}

void Planner::Wait(const ControlArrivalPtr& arrival, const std::string& reason) {
  JournalRow row = arrival->row;
  row.reason = reason;
  row.generation = document_.generation;
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
  Judgement judgement = JudgeAll({arrival});
  if (judgement.refused) {
    Quarantine(*arrival, judgement.reason, /*rejected=*/true);
  } else {
    Accept({arrival}, std::move(judgement));
  }
}

void Planner::EndWaits(absl::Duration now) {
  while (!plan_.waiting.empty() && plan_.waiting.front()->wait_ends <= now) EndFirstWait();
}

void Planner::Quarantine(const ControlArrival& arrival, const std::string& reason, bool rejected) {
  JournalRow row = arrival.row;
  row.verdict = Verdict::kQuarantined;
  row.reason = reason;
  Settle(arrival, std::move(row), rejected);
}

void Planner::Settle(const ControlArrival& arrival, JournalRow row, bool rejected) {
  row.generation = document_.generation;
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
  if (document_changed_) plan_.change.document = std::move(document_);
  return std::move(plan_);
}

}  // namespace

ControlPlan ControlSequencer::Plan(const ConfigDocument& stored,
                                   std::span<const ControlArrivalPtr> arrivals, absl::Duration now,
                                   absl::Time wall) const {
  Planner planner(pipe_, mode_, spec_.get(), wall, stored, waiting_);
  for (const ControlArrivalPtr& arrival : arrivals) planner.Take(arrival);
  // Only now: what is at hand may complete what waits, however late it was looked at.
  planner.EndWaits(now);
  return planner.Finish();
}

absl::Duration ControlSequencer::next_wait_ends() const {
  return waiting_.empty() ? absl::InfiniteDuration() : waiting_.front()->wait_ends;
}

}  // namespace shunt
