#include "stages/control_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "protocol/control_message.h"
#include "secrets/secret_values.h"

namespace shunt {
namespace {

constexpr bool kRejected = true;

}  // namespace

ControlReader::ControlReader(Origin pipe, std::string config_id, std::string run_id, int64_t epoch,
                             double causal_floor_ms)
    : pipe_(pipe),
      config_id_(std::move(config_id)),
      run_id_(std::move(run_id)),
      epoch_(epoch),
      stamper_(causal_floor_ms) {}

// (run, pipe, seq) is a row's identity in the journal, so two lines never share one, whatever the
// caller counts.
ControlArrival ControlReader::Begin(uint64_t seq, absl::Time received_at) {
  last_seq_ = std::max(last_seq_ + 1, static_cast<int64_t>(seq));
  ControlArrival arrival;
  arrival.row.config_id = config_id_;
  arrival.row.run_id = run_id_;
  arrival.row.writer = std::string(OriginName(pipe_));
  arrival.row.order = {ToUnixMillisDouble(received_at), epoch_, last_seq_};
  arrival.row.time_source = std::string(TimeSourceName(TimeSource::kRouter));
  arrival.row.received_at = received_at;
  return arrival;
}

// What is kept for people to look at is an alert: it may be the only copy of a token.
ControlArrival ControlReader::Hopeless(ControlArrival arrival, std::string_view payload,
                                       std::string reason, bool rejected) const {
  if (payload.size() > kJournalPayloadBytesMax) {
    payload = payload.substr(0, kJournalPayloadBytesMax);
    reason += "; only its beginning is kept";
  }
  arrival.row.payload = std::string(payload);
  arrival.row.reason = std::move(reason);
  arrival.hopeless = true;
  arrival.rejected = rejected;
  arrival.row.alert = true;
  return arrival;
}

std::optional<ControlArrival> ControlReader::Read(std::string_view line, uint64_t seq,
                                                  absl::Time received_at, const WallWatch& watch) {
  using Kind = ControlMessage::Kind;
  const ControlMessage message = ReadControlMessage(line);
  if (message.kind == Kind::kOther || message.kind == Kind::kUnknown) return std::nullopt;

  ControlArrival arrival = Begin(seq, received_at);
  const StampedTime time = stamper_.Stamp(message.emitted_at_ms, received_at, watch);
  arrival.row.order.effective_at_ms = time.effective_at_ms;
  arrival.row.time_source = std::string(TimeSourceName(time.source));
  arrival.row.emitted_at_text = message.emitted_at_text;
  if (message.kind == Kind::kBroken) {
    return Hopeless(std::move(arrival), line, "connectorConfig.config is not one object",
                    kRejected);
  }
  if (message.kind == Kind::kNamed) {
    return Hopeless(std::move(arrival), line,
                    "a message that names a connector config, but is no update of one", !kRejected);
  }
  if (!message.spelling.empty()) {
    arrival.row.reason = absl::StrCat("not spelled as the protocol has it: ", message.spelling);
  }
  const std::string_view config = message.config->text;
  if (config.size() > kConfigBytesMax) {
    return Hopeless(std::move(arrival), config, "the config is larger than 1 MiB", kRejected);
  }
  absl::StatusOr<std::vector<ConfigMember>> members = ReadConfigMembers(config);
  if (!members.ok()) {
    return Hopeless(std::move(arrival), config, std::string(members.status().message()), kRejected);
  }
  for (const ConfigMember& member : *members) arrival.row.keys.push_back(member.key);
  arrival.row.payload = std::string(config);
  arrival.update = {arrival.row.order, *std::move(members)};
  return arrival;
}

ControlArrival ControlReader::Quarantine(std::string_view line, uint64_t seq,
                                         absl::Time received_at) {
  return Hopeless(Begin(seq, received_at), line,
                  "a line that is no message, or too long to be read as one, may hold a config",
                  !kRejected);
}

std::vector<std::string> SecretsOfControl(std::string_view line, const ConnectorSpec* spec) {
  const ControlMessage message = ReadControlMessage(line);
  if (!message.config) return SecretsOfFragment(line, spec);
  return SecretValuesOf(message.config->text, spec);
}

}  // namespace shunt
