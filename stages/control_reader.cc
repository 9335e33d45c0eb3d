#include "stages/control_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/payloads.h"
#include "secrets/secret_values.h"

namespace shunt {
namespace {

bool MentionsConfig(std::string_view line) {
  return line.find("connectorConfig") != std::string_view::npos ||
         line.find("CONNECTOR_CONFIG") != std::string_view::npos;
}

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
  return arrival;
}

std::optional<ControlArrival> ControlReader::Read(std::string_view line, uint64_t seq,
                                                  absl::Time received_at, const WallWatch& watch) {
  const absl::StatusOr<ControlMessage> message = ParseControl(line);
  if (!message.ok()) {
    if (!MentionsConfig(line)) return std::nullopt;
    return Hopeless(Begin(seq, received_at), line, "not a usable control message", true);
  }
  if (!message->is_connector_config) return std::nullopt;

  ControlArrival arrival = Begin(seq, received_at);
  const StampedTime time = stamper_.Stamp(message->emitted_at_ms, received_at, watch);
  arrival.row.order.effective_at_ms = time.effective_at_ms;
  arrival.row.time_source = std::string(TimeSourceName(time.source));
  arrival.row.emitted_at_text = message->emitted_at_text;
  if (!message->config) {
    return Hopeless(std::move(arrival), line, "connectorConfig.config is not an object", true);
  }
  const std::string_view config = message->config->text;
  if (config.size() > kConfigBytesMax) {
    return Hopeless(std::move(arrival), config, "the config is larger than 1 MiB", true);
  }
  absl::StatusOr<std::vector<ConfigMember>> members = ReadConfigMembers(config);
  if (!members.ok()) {
    return Hopeless(std::move(arrival), config, std::string(members.status().message()), true);
  }
  for (const ConfigMember& member : *members) arrival.row.keys.push_back(member.key);
  arrival.row.payload = std::string(config);
  arrival.update = {arrival.row.order, *std::move(members)};
  return arrival;
}

ControlArrival ControlReader::Quarantine(std::string_view line, uint64_t seq,
                                         absl::Time received_at) {
  return Hopeless(Begin(seq, received_at), line, "a line that is no message mentions a config",
                  false);
}

std::vector<std::string> SecretsOfControl(std::string_view line, const ConnectorSpec* spec) {
  const absl::StatusOr<ControlMessage> message = ParseControl(line);
  if (!message.ok() || !message->is_connector_config || !message->config) {
    return SecretsOfFragment(line, spec);
  }
  return SecretValuesOf(message->config->text, spec);
}

}  // namespace shunt
