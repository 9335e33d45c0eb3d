#include "stages/ack_stage.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::size_t kItemsListedMax = 4 * 1024;  // of a block; the rest is read afterwards
constexpr int kAnnouncementsPerStep = 1024;
constexpr uint64_t kMismatchesShown = 10;
constexpr double kCountMax = 9007199254740992;  // 2^53: beyond, a double is no exact count
constexpr uint64_t kSpillFillsShown = 3;
constexpr int kReadsPerStep = 8;  // and workings off: with a state per record, acks are half of all

ClassifierOptions DestinationLines() {
  return {.validation = Validation::kFull,
          .origin = Origin::kDestination,
          .block_bytes_max = kBlockBytes,
          .items_max = kItemsListedMax};
}

}  // namespace

AckStage::AckStage(Connector& destination, const Options& options, const SecretGate& secrets,
                   const Lanes& lanes, const Clock& clock, RunState& run)
    : destination_(destination),
      options_(options),
      announcements_(lanes.announcements),
      commits_(lanes.commits),
      asides_(Origin::kDestination, secrets, lanes.control, lanes.logs, lanes.faults,
              options_.answers, run, options_.log_level),
      clock_(clock),
      run_(run),
      classifier_(DestinationLines(), nullptr),
      buffer_(kBlockBytes + kLinePadding),
      output_ended_(!destination.has_output()),
      mapped_names_(options_.names),
      ledger_({.spill_dir = options.spill_dir,
               .bodies_memory_bytes_max = options.bodies_memory_bytes_max,
               .outstanding_max = options.outstanding_max}) {
  if (output_ended_) run_.destination_ended.Set(true);
}

Wait AckStage::wait() const {
  Wait wait;
  if (done_) return wait;
  if (!output_ended_ && lines_end_ == 0) {
    wait.read_fd = destination_.output_fd();
    if (wait.read_fd < 0) wait.at_most = destination_.retry_after();
  }
  return wait;  // a full lane (control, commits) wakes us when it has room
}

absl::StatusOr<Step> AckStage::Run() {
  if (done_) return Step::kDone;
  bool busy = TakeAnnouncements();
  for (int i = 0; i < kReadsPerStep && (lines_end_ > 0 ? WorkOff() : ReadSome()); ++i) busy = true;
  busy |= SendCommits();
  WatchSpill();
  calm_ = !busy;
  if (output_ended_ && lines_end_ == 0) run_.destination_output.answered.Set(kNoMoreOutput);
  if (!output_ended_ || lines_end_ > 0 || !announcements_.closed() || !pending_.lanes.empty()) {
    return busy ? Step::kBusy : Step::kIdle;
  }
  return Finish();
}

bool AckStage::TakeAnnouncements() {
  Announcement announcement;
  int taken = 0;
  while (taken < kAnnouncementsPerStep && announcements_.Receive(&announcement)) {
    ++taken;
    // Without an output nothing can ever acknowledge it.
    if (!destination_.has_output() || ledger_failed_) continue;
    if (!options_.names.identity() && announcement.lane.type == StateType::kStream) {
      // Options were validated: no two streams of the catalog share a name.
      static_cast<void>(mapped_names_.Add(announcement.lane.stream));
    }
    const absl::Status status =
        ledger_.Announce(announcement.lane, announcement.state, std::move(announcement.blob));
    if (!status.ok()) Fail(status);
  }
  return taken > 0;
}

bool AckStage::ReadSome() {
  if (output_ended_) return false;
  if (filled_ + kLinePadding == buffer_.size()) {  // a line longer than the buffer
    if (filled_ >= options_.line_bytes_max) {
      if (!std::exchange(skipping_, true)) OnOversize();
      filled_ = 0;
    } else {
      buffer_.resize(std::min<std::size_t>(filled_ * 2, options_.line_bytes_max) + kLinePadding);
    }
  }
  // Before the read; all lines of what was read are worked off.
  const uint64_t asked = run_.destination_output.asked.Get();
  run_.destination_output.looked.Set(account_.bytes - filled_);
  char* const fresh = buffer_.data() + filled_;
  const IoResult result = destination_.ReadOutput(
      {fresh, std::min(buffer_.size() - kLinePadding - filled_, kBlockBytes)});
  if (result.state == IoState::kBytes) {
    account_.bytes += result.bytes;
    run_.destination_bytes.Add(result.bytes);
    filled_ += result.bytes;
    const auto* newline = static_cast<const char*>(memrchr(fresh, '\n', result.bytes));
    if (newline == nullptr) return true;
    read_at_ = clock_.WallNow();
    asides_.SetTime(clock_.MonoNow());
    OnLines({buffer_.data(), static_cast<std::size_t>(newline + 1 - buffer_.data())});
    return true;
  }
  if (result.state == IoState::kBlocked && !run_.end_destination.Get()) {
    run_.destination_output.answered.Set(asked);
    return false;
  }
  if (result.state == IoState::kError) {
    asides_.Raise(MakeFault(
        ExitCode::kDestinationFailed, Fault::Effect::kAbort, Origin::kDestination,
        absl::StrCat("reading the destination's output failed: ", strerror(result.error))));
  }
  output_ended_ = true;
  run_.destination_ended.Set(true);
  if (skipping_) filled_ = 0;  // the rest of a line over the limit
  if (filled_ > 0) {
    read_at_ = clock_.WallNow();
    asides_.SetTime(clock_.MonoNow());
    OnLines({buffer_.data(), filled_});
  }
  return true;
}

void AckStage::OnOversize() {
  ++account_.lines[LineKind::kMalformed];
  if (options_.answers.empty()) return;
  // What the connector was started for, most likely.
  asides_.Raise(MakeFault(
      ExitCode::kDestinationFailed, Fault::Effect::kVerdict, Origin::kDestination,
      absl::StrCat("the destination printed a line of more than ", options_.line_bytes_max,
                   " bytes, which does not fit the memory budget; a larger --memory-budget "
                   "would do")));
}

void AckStage::OnLines(std::string_view lines) {
  lines_end_ = lines.size();
  next_item_ = 0;
  if (std::exchange(skipping_, false)) {
    // The rest of a line over the limit, counted when it was given up.
    const std::size_t end = lines.find('\n') + 1;
    filled_ -= end;
    memmove(buffer_.data(), buffer_.data() + end, filled_);
    lines = {buffer_.data(), lines.size() - end};
    lines_end_ = lines.size();
    ++lines_before_;
  }
  if (lines.size() <= kBlockBytes) {
    lines_end_ = classifier_.Classify(lines, &block_);
    return;
  }
  // A long line, maybe with short ones behind it: it goes first and alone.
  const std::string_view line =
      lines.substr(0, lines.find('\n') + 1 ? lines.find('\n') + 1 : lines.size());
  lines_end_ = line.size();
  if (line.size() > kBlockBytes) {
    const std::string_view parts[] = {line};
    classifier_.ClassifyLong(parts, &block_);
  } else {
    classifier_.Classify(line, &block_);
  }
}

// The lines that were read last, until a control update does not fit.
bool AckStage::WorkOff() {
  for (; next_item_ < block_.items.size(); ++next_item_) {
    if (!Dispatch(block_.items[next_item_])) return false;
  }
  account_.lines.Add(block_.counts);
  lines_before_ += block_.counts.physical_lines;
  filled_ -= lines_end_;
  memmove(buffer_.data(), buffer_.data() + lines_end_, filled_);
  lines_end_ = 0;
  if (filled_ > 0) {
    const auto* newline = static_cast<const char*>(memrchr(buffer_.data(), '\n', filled_));
    if (newline != nullptr) {
      OnLines({buffer_.data(), static_cast<std::size_t>(newline + 1 - buffer_.data())});
    } else if (output_ended_) {
      OnLines({buffer_.data(), filled_});
    }
  }
  return true;
}

bool AckStage::Dispatch(const LineItem& item) {
  const std::string_view line(buffer_.data() + item.begin, item.end - item.begin);
  const uint64_t number = lines_before_ + item.first_line + 1;
  switch (item.kind) {
    case LineItem::Kind::kState:
      if (pending_.full() && !SendCommits()) return false;
      OnAck(line, number);
      return true;
    case LineItem::Kind::kControl:
      return asides_.OnControl(line, number, read_at_, false);
    case LineItem::Kind::kText:
    case LineItem::Kind::kMalformed:
      if (item.mentions_config) return asides_.OnControl(line, number, read_at_, true);
      if (item.kind == LineItem::Kind::kText) {
        asides_.OnText(line.substr(0, kMaskedInputBytesMax), item.lines);
      }
      return true;
    case LineItem::Kind::kLog:
      if (Asides::IsForControl(line, /*frequent=*/true))
        return asides_.OnControl(line, number, read_at_, false);
      asides_.OnLog(line);
      return true;
    case LineItem::Kind::kTrace:
      if (Asides::IsForControl(line, /*frequent=*/true))
        return asides_.OnControl(line, number, read_at_, false);
      asides_.OnTrace(line, number);
      return true;
    case LineItem::Kind::kOther:
      if (Asides::IsForControl(line, /*frequent=*/false))
        return asides_.OnControl(line, number, read_at_, false);
      asides_.OnOther(line, number);
      return true;
    case LineItem::Kind::kUnusableState:
      if (Asides::IsForControl(line, /*frequent=*/true))
        return asides_.OnControl(line, number, read_at_, false);
      return true;  // counted
    case LineItem::Kind::kRun:
    case LineItem::Kind::kUnknownStream:
      return true;  // counted
  }
  return true;
}

void AckStage::OnAck(std::string_view line, uint64_t number) {
  auto state = states_.Read(line);
  if (!state.ok())
    return;  // classified as usable, so this is a line we cannot use after all: counted
  while (TakeAnnouncements()) {
  }
  if (!options_.names.identity()) state->stream = mapped_names_.Original(state->stream);
  const LaneKey lane{state->type, state->stream};
  if (ledger_failed_) return;
  // With counts that must be right, what it covered may not count in the end.
  const double rejected = state->destination_rejected_count.value_or(0);
  const bool apart = options_.check_counts == CheckCounts::kFail || rejected > 0;
  CoveredSum records;
  absl::StatusOr<CheckpointLedger::Ack> ack = ledger_.Acknowledge(
      lane, state->digest, apart ? &records : &pending_.covered, run_.states_out.Get());
  if (!ack.ok()) return Fail(ack.status());
  if (ack->covered == 0) {
    if (account_.unmatched_acks++ == 0) account_.first_unmatched = lane;
    return;
  }
  account_.acked += ack->covered;
  run_.states_acked.Add(ack->covered);
  if (!CountIsRight(*state, *ack, number)) {
    distrusted_ |= options_.check_counts == CheckCounts::kFail;
  }
  // It may not have all of them, nor does what it says later cover what it lacks.
  if (distrusted_ || ack->durable == 0) return;
  // Later acks of a lane replace earlier ones that the store has not taken yet.
  const auto [entry, is_new] = pending_.lanes.try_emplace(lane);
  LaneCommit& commit = entry->second;
  if (is_new) {
    pending_.bytes += kCommitLaneBytes + 2 * lane.stream.name.size() +
                      2 * lane.stream.name_space.value_or("").size();
  }
  pending_.bytes += ack->blob.value_or("").size();
  pending_.bytes -= commit.blob.value_or("").size();
  commit.states += ack->committed;
  commit.digest = ack->digest;
  commit.blob = std::move(ack->blob);
  if (!apart) return;
  if (rejected > 0) records.Reject(static_cast<uint64_t>(std::min(rejected, kCountMax)));
  pending_.covered.Add(records);
}

// A destination that counts may count the records of the state that it acknowledges, or of all that
// it acknowledges with it; rejected ones it may count apart. Those are missing at the destination,
// so that they are a difference as well.
bool AckStage::CountIsRight(const StateMessage& state, const CheckpointLedger::Ack& ack,
                            uint64_t number) {
  if (options_.check_counts == CheckCounts::kOff) return true;
  const double rejected = state.destination_rejected_count.value_or(0);
  std::string what;
  if (rejected > 0) {
    what = absl::StrCat("of whose records it rejected ", rejected);
  } else if (!state.destination_record_count || state.type == StateType::kLegacy ||
             *state.destination_record_count == static_cast<double>(ack.records_of_last) ||
             *state.destination_record_count == static_cast<double>(ack.records_of_all)) {
    return true;
  } else {
    what = absl::StrCat("with ", *state.destination_record_count, " records; it got ",
                        ack.records_of_last, " in front of it");
  }
  OnWrongCount(absl::StrCat("line ", number, " of the destination acknowledges a ",
                            A(StateTypeName(state.type)), " state ", what, " (--check-counts)"));
  return false;
}

void AckStage::OnWrongCount(const std::string& text) {
  if (options_.check_counts == CheckCounts::kFail) {
    asides_.Raise(
        MakeFault(ExitCode::kDestinationFailed, Fault::Effect::kAbort, Origin::kDestination, text));
  } else if (account_.count_mismatches < kMismatchesShown) {
    asides_.Warn(text);
  }
  ++account_.count_mismatches;
}

bool AckStage::SendCommits() {
  if (pending_.lanes.empty()) return false;
  if (!commits_.Send(std::move(pending_))) return false;
  pending_ = CommitBatch{};
  return true;
}

// Nothing can be told of states any more: what is forwarded from here on is sent again by the next
// run.
void AckStage::Fail(const absl::Status& status) {
  ledger_failed_ = true;
  if (absl::IsOutOfRange(status)) {
    asides_.Raise(
        MakeFault(ExitCode::kIncompleteAcks, Fault::Effect::kAbort, Origin::kDestination,
                  absl::StrCat("the destination leaves too many states unacknowledged: at most ",
                               options_.outstanding_max, " fit the budget; --memory-budget ",
                               (2 * options_.memory_budget_bytes + (1 << 20) - 1) >> 20,
                               "MiB holds twice as many")));
    return;
  }
  asides_.Raise(MakeFault(
      ExitCode::kStoreFailed, Fault::Effect::kAbort, Origin::kShunt,
      absl::StrCat("states that wait for the destination could not be kept: ", status.message())));
}

// What was announced is kept whatever it takes, so that its acknowledgement finds it; what comes
// behind it waits in front of the destination. It goes on with a tenth of the room free.
void AckStage::WatchSpill() {
  const bool full = run_.spill_full.Get();
  const auto bytes = static_cast<uint64_t>(ledger_.spilled_bytes());
  const uint64_t max = options_.spill_bytes_max;
  if (!full && (bytes < max || bytes == 0)) return;
  if (full && bytes > max - max / 10) return;
  run_.spill_full.Set(!full);
  if (full || ++spill_fills_ > kSpillFillsShown) return;
  asides_.Warn(absl::StrCat(
      "unacknowledged states take ", bytes, " bytes in ", options_.spill_dir, ", of ", max,
      " (--spill-max, or a quarter of what is free there): the source waits until the destination "
      "acknowledges some"));
}

Step AckStage::Finish() {
  commits_.Close();
  asides_.Close();
  done_ = true;
  return Step::kDone;
}

}  // namespace shunt
