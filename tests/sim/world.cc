#include "tests/sim/world.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt::sim {

std::string LaneOf(StateType type, const StreamDescriptor& stream) {
  return type == StateType::kStream ? stream.name : std::string(StateTypeName(type));
}

int64_t CursorOf(std::string_view blob) {
  const std::size_t at = blob.find("\"cursor\":");
  return at == std::string_view::npos
             ? -1
             : strtoll(std::string(blob.substr(at + 9)).c_str(), nullptr, 10);
}

// --- source --------------------------------------------------------------------------------------

IoResult SimSource::ReadOutput(std::span<char> buffer) {
  if (ended_) return {.state = IoState::kEnd, .bytes = 0, .error = 0};
  const std::size_t left = script_.bytes.size() - at_;
  const bool over = left == 0 && !plan_.hangs_at_end && !plan_.pipe_stays;
  // Asked to stop, it stops where it is; what is in the pipe can still be read for a while.
  if (over || killed_ || (terminated_ && Chance(random_, 0.3))) {
    ended_ = true;
    return {.state = IoState::kEnd, .bytes = 0, .error = 0};
  }
  if (left == 0 || Chance(random_, plan_.flow.stall)) return {};
  const std::size_t n = std::min(
      {buffer.size(), left, static_cast<std::size_t>(Between(random_, 1, plan_.flow.bytes_max))});
  memcpy(buffer.data(), script_.bytes.data() + at_, n);
  at_ += n;
  return {.state = IoState::kBytes, .bytes = n, .error = 0};
}

std::optional<ExitStatus> SimSource::Exit() {
  if (killed_) return ExitStatus{.code = {}, .signal = 9, .killed_by_us = true};
  if (terminated_ && (ended_ || plan_.lingers)) {
    return ExitStatus{.code = {}, .signal = 15, .killed_by_us = true};
  }
  const bool left = ended_ || (plan_.pipe_stays && at_ == script_.bytes.size());
  if (!left || plan_.lingers) return std::nullopt;
  return ExitStatus{.code = plan_.exit_signal ? std::nullopt : plan_.exit_code,
                    .signal = plan_.exit_signal};
}

// --- destination ---------------------------------------------------------------------------------

IoResult SimDestination::WriteInput(std::span<const iovec> parts) {
  if (died_ || terminated_) return {.state = IoState::kEnd, .bytes = 0, .error = 0};
  const int64_t room = plan_.pipe_bytes - static_cast<int64_t>(received_.size() - consumed_);
  if (room <= 0 || Chance(random_, plan_.input.stall)) return {};
  const auto limit =
      static_cast<std::size_t>(std::min(room, Between(random_, 1, plan_.input.bytes_max)));
  std::string bytes;
  for (const iovec& part : parts) {
    const std::size_t n = std::min(part.iov_len, limit - bytes.size());
    bytes.append(static_cast<const char*>(part.iov_base), n);
  }
  const std::size_t accepted = bytes.size();
  const bool plant = !bug_done_ && received_.size() > script_.expected.size() / 3;
  if (plant && bug_ == Bug::kFlipsByte) {
    bytes[bytes.size() / 2] ^= 1;
    bug_done_ = true;
  } else if (plant && bug_ == Bug::kDropsBytes) {
    bytes.clear();
    bug_done_ = true;
  } else if (plant && bug_ == Bug::kWritesTwice) {
    bytes += bytes;
    bug_done_ = true;
  } else if (plant && bug_ == Bug::kSwapsWrites) {
    if (held_.empty()) {
      held_.swap(bytes);
    } else {
      bytes += held_;
      bug_done_ = true;
    }
  }
  received_ += bytes;
  return {.state = IoState::kBytes, .bytes = accepted, .error = 0};
}

IoResult SimDestination::ReadOutput(std::span<char> buffer) {
  const bool closed = plan_.pipe_stays ? terminated_ : ended_;
  if (output_.empty())
    return closed || plan_.closes_output ? IoResult{.state = IoState::kEnd, .bytes = 0, .error = 0}
                                         : IoResult{};
  if (Chance(random_, plan_.output.stall)) return {};
  const std::size_t n =
      std::min({buffer.size(), output_.size(),
                static_cast<std::size_t>(Between(random_, 1, plan_.output.bytes_max))});
  memcpy(buffer.data(), output_.data(), n);
  output_.erase(0, n);
  return {.state = IoState::kBytes, .bytes = n, .error = 0};
}

std::optional<ExitStatus> SimDestination::Exit() {
  if (terminated_ && !exit_code_) {
    ended_ = true;
    return ExitStatus{.code = {}, .signal = 15, .killed_by_us = true};
  }
  if (plan_.lingers && terminated_) {
    return ExitStatus{.code = {}, .signal = 15, .killed_by_us = true};
  }
  if (!exit_code_ || plan_.lingers) return std::nullopt;
  return ExitStatus{.code = exit_code_, .signal = {}};
}

void SimDestination::End(int code) {
  exit_code_ = code;
  ended_ = true;
}

void SimDestination::Live() {
  if (ended_ || terminated_ || !Chance(random_, plan_.consume)) return;
  if (plan_.hangs && received_.size() > script_.expected.size() / 2) return;
  if (plan_.leaves_input && input_closed_ && consumed_ < received_.size()) return End(0);
  while (!died_) {
    const std::size_t newline = received_.find('\n', consumed_);
    if (newline == std::string::npos) break;
    Consume(std::string_view(received_).substr(consumed_, newline - consumed_));
    consumed_ = newline + 1;
    if (Chance(random_, 0.2)) break;
  }
  // A line longer than the pipe is taken in piece by piece.
  if (static_cast<int64_t>(received_.size() - consumed_) >= plan_.pipe_bytes && !died_) {
    const std::size_t newline = received_.find('\n', consumed_);
    if (newline == std::string::npos) {
      const std::size_t start = received_.rfind('\n') + 1;
      partial_ = start;
      consumed_ = received_.size();
    }
  }
  if (input_closed_ && !died_ && received_.find('\n', consumed_) == std::string::npos) {
    for (const auto& [lane, last] : last_) {
      if (plan_.acks == Acks::kLastAtEnd) Ack(last.first, last.second);
    }
    End(plan_.exit_code);
  }
}

void SimDestination::Consume(std::string_view line) {
  if (partial_) {
    line =
        std::string_view(received_).substr(*partial_, received_.find('\n', consumed_) - *partial_);
    partial_.reset();
  }
  if (plan_.chatters && Chance(random_, 0.1)) {
    output_ += R"({"type":"LOG","log":{"level":"INFO","message":"got one"}})"
               "\n"
               "plain text\n";
  }
  if (Chance(random_, plan_.controls)) {
    output_ += absl::StrCat(
        R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":)",
        Between(random_, 1, 40), R"(,"connectorConfig":{"config":{"token":"dst"}}}})", "\n");
  }
  const auto state =
      std::find_if(script_.lines.begin(), script_.lines.end(), [&](const ScriptLine& candidate) {
        return candidate.state && candidate.forwarded.size() == line.size() + 1 &&
               std::string_view(candidate.forwarded).substr(0, line.size()) == line;
      });
  if (state == script_.lines.end()) return;
  ++states_;
  if (plan_.dies_after_states && states_ > *plan_.dies_after_states) {
    died_ = true;
    if (plan_.explains_death) {
      output_ +=
          R"({"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"disk full"}}})"
          "\n";
    }
    End(1);
    return;
  }
  last_[LaneName(*state->state)] = {*state->state, std::string(line)};
  if (plan_.acks == Acks::kEach || (plan_.acks == Acks::kSome && Chance(random_, 0.5))) {
    Ack(*state->state, std::string(line));
  }
  if (plan_.lies && Chance(random_, 0.2)) {
    std::string other(line);
    const std::size_t at = other.find("\"cursor\":") + 9;
    other.insert(at, "9");  // a state that was never sent
    output_ += other + "\n";
  }
}

void SimDestination::Ack(const ScriptState& state, const std::string& line) {
  acked_.insert({LaneName(state), state.cursor});
  ++acks_;
  std::string ack = line;
  if (plan_.respells) {
    const std::size_t at = ack.find("\"cursor\":");
    ack.insert(at, " \"\\u0063ursor\"  : ");
    ack.erase(at + 18, 9);
    ack.insert(at + 18 + absl::StrCat(state.cursor).size(), ".0");
  }
  output_ += ack + "\n";
  if (plan_.duplicates && Chance(random_, 0.5)) output_ += ack + "\n";
}

// --- store ---------------------------------------------------------------------------------------

WatchedStore::WatchedStore(const Script& script, const SimDestination& destination, Bug bug)
    : ForwardingStore(memory_), script_(script), destination_(destination), bug_(bug) {
  for (const ScriptLine& line : script_.lines) {
    if (line.state && !line.state->tainted)
      clean_newest_[LaneName(*line.state)] = line.state->cursor;
  }
}

bool WatchedStore::Fails() {
  failed_ |= fails_at_call && ++calls_ >= *fails_at_call;
  return failed_;
}

absl::Status WatchedStore::CommitCheckpoints(const RunHandle& run, absl::Time now,
                                             const std::vector<CheckpointWrite>& writes) {
  if (writes.empty()) return inner_.CommitCheckpoints(run, now, writes);  // asks only
  if (Fails()) return absl::UnavailableError("simulated: the store is gone");
  std::vector<CheckpointWrite> planted = writes;
  ++commits;
  if (!bug_done_ && !planted.empty() && planted.front().blob) {
    const int64_t cursor = CursorOf(*planted.front().blob);
    const auto set_cursor = [&](int64_t to) {
      planted.front().blob = absl::StrCat(R"({"cursor":)", to, "}");
      bug_done_ = true;
    };
    if (bug_ == Bug::kCommitsUnacked) set_cursor(cursor + 1);
    if (bug_ == Bug::kCommitsBackwards &&
        durable_[LaneOf(planted.front().type, planted.front().stream)] > 1) {
      set_cursor(1);
    }
    if (bug_ == Bug::kForgetsCommit) {
      bug_done_ = true;
      return absl::OkStatus();
    }
  }
  for (const CheckpointWrite& write : planted) CheckWrite(write);
  return inner_.CommitCheckpoints(run, now, planted);
}

void WatchedStore::CheckWrite(const CheckpointWrite& write) {
  if (!violation.empty() || !write.blob) return;
  const std::string lane = LaneOf(write.type, write.stream);
  const int64_t cursor = CursorOf(*write.blob);
  // The newest clean state is also made durable by an ack of a tainted one behind it (edge rule 3).
  const bool covered = cursor == clean_newest_[lane] && destination_.AckedFrom(lane, cursor);
  if (!destination_.Acked(lane, cursor) && !covered) {
    violation = absl::StrCat("G11: lane ", lane, " cursor ", cursor, " committed before its ack");
  } else if (cursor < durable_[lane]) {
    violation =
        absl::StrCat("G13: lane ", lane, " went back from ", durable_[lane], " to ", cursor);
  } else if (cursor > clean_newest_[lane]) {
    violation = absl::StrCat("G6: lane ", lane, " cursor ", cursor, " is past a loss");
  }
  durable_[lane] = cursor;
}

absl::Status WatchedStore::UpdateConfig(std::string_view config_id, const Decide& decide) {
  if (Fails()) return absl::UnavailableError("simulated: the store is gone");
  if (!bug_done_ && bug_ == Bug::kForgetsUpdate) {
    bug_done_ = true;
    return decide(*inner_.ReadConfig(config_id)).status();
  }
  const absl::Status status = inner_.UpdateConfig(config_id, decide);
  const auto document = inner_.ReadConfig(config_id);
  if (!bug_done_ && bug_ == Bug::kStoresOlderConfig && document.ok() && document->generation >= 2) {
    bug_done_ = true;
    const absl::Status planted = inner_.UpdateConfig(
        config_id, [](const ConfigDocument& stored) -> absl::StatusOr<ConfigChange> {
          ConfigChange change;
          change.document = stored;
          for (ConfigKey& key : change.document->keys) key.order.effective_at_ms -= 0.125;
          change.document->newest.effective_at_ms -= 0.125;
          return change;
        });
    if (!planted.ok()) return planted;
  }
  CheckConfig(config_id);
  return status;
}

void WatchedStore::CheckConfig(std::string_view config_id) {
  const auto document = inner_.ReadConfig(config_id);
  if (!document.ok()) return;
  for (const ConfigKey& key : document->keys) {
    OrderKey& newest = config_newest_[absl::StrCat(A(config_id), "/", key.key)];
    if (violation.empty() && key.order < newest) {
      violation = absl::StrCat("G25: key ", key.key, " went back");
    }
    newest = key.order;
  }
}

}  // namespace shunt::sim
