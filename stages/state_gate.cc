#include "stages/state_gate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "stages/item_bytes.h"
#include "transforms/state_names.h"

namespace shunt {
namespace {

constexpr uint64_t kMismatchesShown = 10;
constexpr double kCountMax = 9007199254740992;  // 2^53: beyond, a double is no exact count

// A state is in memory twice at most: where it lies, and as the blob on its way to the ledger. So a
// long one, which was copied together to be read, is cut down to its blob and handed on.
std::string TakeBlob(std::string_view line, std::string_view blob, std::string* copy) {
  const bool in_copy = line.data() == copy->data() && blob.data() >= line.data() &&
                       blob.data() < line.data() + line.size();
  if (!in_copy) return std::string(blob);  // it lies in the chunk, or nowhere ("null")
  const auto begin = static_cast<std::size_t>(blob.data() - line.data());
  const std::size_t size = blob.size();
  std::string taken = std::move(*copy);
  taken.erase(begin + size);
  taken.erase(0, begin);
  return taken;
}

}  // namespace

StateGate::StateGate(const ConfiguredCatalog& catalog, const Options& options,
                     UnknownStreams& unknown, FaultLane& faults, LogLane& logs, RunState& run)
    : options_(options),
      index_(catalog),
      unknown_(unknown),
      faults_(faults),
      logs_(logs),
      run_(run),
      cover_(catalog.streams.size()) {}

void StateGate::Close() {
  faults_.Close();
  logs_.Close();
}

std::optional<StateGate::Passage> StateGate::Pass(const Chunk& chunk, const LineItem& item,
                                                  bool tainted) {
  const std::string_view line = Read(chunk, item);
  if (line.empty()) return std::nullopt;
  auto state = states_.Read(line);
  if (!state.ok()) {
    Refuse(Fault::Effect::kListed, std::string(S(state.status().message())));
    return std::nullopt;
  }
  if (absl::Status status = MayPass(*state); !status.ok()) {
    Refuse(Fault::Effect::kAbort, std::string(S(status.message())));
    return std::nullopt;
  }
  Passage passage;
  const bool is_stream = state->type == StateType::kStream;
  if (is_stream) {
    passage.stream = index_.Find(state->stream);
    if (!passage.stream) {
      Drop(state->stream, chunk.lines_before + item.first_line + 1);
      if (chunk.long_line) std::string().swap(scratch_);
      return std::nullopt;
    }
  }
  const CoverCounter::Since since = Since(*state, passage.stream);
  if (!tainted && !CountIsRight(*state, passage.stream)) {
    distrusted_ |= options_.check_counts == CheckCounts::kFail;
  }
  tainted |= distrusted_;
  passage.count = NewCount(*state, since);
  passage.count_begin = state->count_splice.begin;
  passage.count_end = state->count_splice.end;
  Announcement& announcement = passage.announcement;
  announcement.state = {
      .number = next_number_++,
      .digest = state->digest,
      .tainted = tainted,
      .removes_lane = state->blob_is_null,
      .covered = is_stream ? cover_.TakeStream(*passage.stream) : cover_.TakeAll()};
  if (!options_.names.identity()) MapNames(line, since, &passage);
  announcement.lane = {state->type, std::move(state->stream)};
  if (!tainted) announcement.blob = TakeBlob(line, state->blob, &scratch_);
  if (chunk.long_line) std::string().swap(scratch_);
  return passage;
}

// Empty: it was refused.
std::string_view StateGate::Read(const Chunk& chunk, const LineItem& item) {
  const std::string_view line = ItemBytes(chunk, item, options_.value_bytes_max + 1, &scratch_);
  if (line.size() <= options_.value_bytes_max) return line;
  const std::size_t size = item.end - item.begin;
  Refuse(Fault::Effect::kListed,
         absl::StrCat("a STATE of ", size, " bytes was not forwarded: at most ",
                      options_.value_bytes_max, " fit the budget; --memory-budget ",
                      (kBudgetPerValue * size >> 20) + 1, "MiB would do"));
  return {};
}

// An error ends the run.
absl::Status StateGate::MayPass(const StateMessage& state) {
  if (state_type_ && *state_type_ != state.type) {
    return absl::InvalidArgumentError(
        absl::StrCat("the source mixes ", A(StateTypeName(*state_type_)), " and ",
                     A(StateTypeName(state.type)), " states in one run"));
  }
  state_type_ = state.type;
  return absl::OkStatus();
}

CoverCounter::Since StateGate::Since(const StateMessage& state,
                                     std::optional<uint32_t> stream) const {
  if (state.type != StateType::kStream) return cover_.OfAll();
  return stream ? cover_.Of(*stream) : CoverCounter::Since{};
}

bool StateGate::CountIsRight(const StateMessage& state, std::optional<uint32_t> stream) {
  if (options_.check_counts == CheckCounts::kOff || !state.source_record_count) return true;
  const bool comparable = state.type == StateType::kStream ||
                          (state.type == StateType::kGlobal && unknown_.total().records == 0);
  if (!comparable || refused_any_ || run_.malformed_lines.value() > 0 ||
      run_.unusable_states.value() > 0) {
    return true;
  }
  const CoverCounter::Since since = Since(state, stream);
  const uint64_t read = since.forwarded + since.left_out;
  if (*state.source_record_count == static_cast<double>(read)) return true;
  OnWrongCount(state, read);
  return false;
}

void StateGate::OnWrongCount(const StateMessage& state, uint64_t read) {
  const bool fails = options_.check_counts == CheckCounts::kFail;
  if (++count_mismatches_ > (fails ? 1 : kMismatchesShown)) return;
  const std::string of_stream =
      state.type == StateType::kStream ? absl::StrCat(" of ", ShownStream(state.stream)) : "";
  std::string text =
      absl::StrCat("the source counts ", *state.source_record_count, " records in a ",
                   A(StateTypeName(state.type)), " state", of_stream, ", but ", read,
                   " came in front of it (--check-counts)");
  if (fails) {
    faults_.Send(MakeFault(ExitCode::kSourceFailed, Fault::Effect::kVerdict, Origin::kSource,
                           absl::StrCat(text, ": no later state becomes durable")));
    return;
  }
  Warn(std::move(text));
}

// What to write as the count; empty: what is there stays.
std::string StateGate::NewCount(const StateMessage& state, const CoverCounter::Since& since) const {
  if (state.type == StateType::kLegacy) return {};
  const CountSplice& splice = state.count_splice;
  if (!state.source_record_count) {
    if (!options_.fill_state_counts) return {};
    return absl::StrCat(splice.before, since.forwarded, splice.after);
  }
  const double given = *state.source_record_count;
  const bool is_count = given >= 0 && given <= kCountMax && std::floor(given) == given;
  if (since.left_out == 0 || !is_count) return {};
  const double rest = given - static_cast<double>(since.left_out);
  return absl::StrCat(static_cast<uint64_t>(std::max(rest, 0.0)));
}

// The destination acknowledges what it got: of a GLOBAL state that is another value than the
// source's.
void StateGate::MapNames(std::string_view line, const CoverCounter::Since& since,
                         Passage* passage) {
  std::string mapped;
  AppendWithMappedNames(line, options_.names, &mapped);
  const auto state = ParseState(mapped);
  SHUNT_CHECK(state.ok());  // the same state, but for the names
  passage->announcement.state.digest = state->digest;
  const std::string count = NewCount(*state, since);
  if (!count.empty()) {
    mapped.replace(state->count_splice.begin, state->count_splice.end - state->count_splice.begin,
                   count);
  }
  passage->text = std::move(mapped);
}

// Nothing else may be said of it: its records are not counted, and nobody has them.
void StateGate::Drop(const StreamDescriptor& stream, uint64_t line) {
  const std::string news = unknown_.AddState(stream);
  // Also when the intake, which is ahead, has already met a record of the stream behind this state.
  stopped_ |= options_.fail_on_unknown_stream;
  if (news.empty()) return;
  std::string text = absl::StrCat("source: line ", line, ": ", news);
  Warn(text);
  if (!options_.fail_on_unknown_stream) return;
  faults_.Send(
      MakeFault(ExitCode::kSourceFailed, Fault::Effect::kAbort, Origin::kSource, std::move(text)));
}

void StateGate::Warn(std::string text) {
  const std::size_t bytes = text.size();
  if (!logs_.Send(LogFact{Origin::kShunt, LogLevel::kWarn, std::move(text)}, bytes)) {
    run_.log_lines_lost.Add(1);
  }
}

void StateGate::Refuse(Fault::Effect effect, std::string why) {
  refused_any_ = true;
  stopped_ |= effect == Fault::Effect::kAbort;
  faults_.Send(MakeFault(ExitCode::kSourceFailed, effect, Origin::kSource, std::move(why)));
}

}  // namespace shunt
