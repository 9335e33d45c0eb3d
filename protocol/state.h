// What a STATE line says (AirbyteStateMessage), for both directions, and the text forms in which
// state is handed back to a source. The blob is opaque: its bytes are kept, never rewritten.
// Pure functions; views live as long as the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/canonical_json.h"
#include "protocol/message.h"

namespace shunt {

enum class StateType : uint8_t { kStream, kGlobal, kLegacy };
std::string_view StateTypeName(StateType type);  // "STREAM", "GLOBAL", "LEGACY"
std::optional<StateType> ParseStateTypeName(std::string_view name);

// Where and how to write sourceStats.recordCount into the line, in the place of one that is there:
// line[0, begin) + before + N + after + line[end, ..). begin <= end.
struct CountSplice {
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string before;
  std::string after;
  bool operator==(const CountSplice&) const = default;
};

struct StateMessage {
  StateType type = StateType::kLegacy;
  StreamDescriptor stream;                       // kStream only
  std::vector<StreamDescriptor> global_streams;  // kGlobal: the streams it lists, in order
  std::string_view blob;      // kStream: stream_state ("null" when absent); kGlobal: the `global`
                              // object; kLegacy: `data`
  bool blob_is_null = false;  // kStream: null or absent state, kLegacy: null data: the lane is
                              // removed
  JsonDigest digest;          // of the blob's meaning: kGlobal ignores the order of stream_states
                              // and treats absent and null shared_state, namespace and
                              // stream_state alike; likewise absent, null and empty stream_states
  // Empty when missing or null. A count that is there but is no finite number is NaN: it equals no
  // count of ours and is not filled in.
  std::optional<double> source_record_count;
  std::optional<double> destination_record_count;
  std::optional<double> destination_rejected_count;
  CountSplice count_splice;  // meaningless when source_record_count is NaN
};

// `line`: one well-formed STATE message (a trailing LF/CR/blank is fine). InvalidArgument without a
// usable payload: no `state` object, unknown state type, STREAM without descriptor name, GLOBAL
// with stream_states that are no array or have an element that lacks a descriptor name, LEGACY
// without `data`; also when a member that is read here occurs twice (one reading only). Type:
// `state.type`; absent or null means LEGACY, except that a payload with only `stream` or only
// `global` and no `data` is taken at its word.
absl::StatusOr<StateMessage> ParseState(std::string_view line);

// The same from the `state` object alone; count_splice refers to `payload`.
absl::StatusOr<StateMessage> ParseStatePayload(std::string_view payload);

// One lane of a checkpoint as it is stored.
struct StoredState {
  StateType type = StateType::kLegacy;
  StreamDescriptor stream;  // kStream only
  std::string blob;         // as StateMessage::blob
  bool operator==(const StoredState&) const = default;
};

// The JSON array that a source takes with --state: STREAM one element each, GLOBAL and LEGACY one.
std::string FormatStateArray(const std::vector<StoredState>& states);

// Reads what people have: the array form, one bare state message, {"type":"STATE","state":..} lines
// (several, one a line, as cut from a connector's output), the object that the platform's API and
// UI show ({"stateType":..}; one that names another stateType is refused), or a bare legacy object
// {..}: anything else that is an object becomes LEGACY data, a stream called `data` included; {} is
// no state. Of several states of one
// lane the last counts, as in a run. Mixed types: InvalidArgument. Null states are left out.
absl::StatusOr<std::vector<StoredState>> ParseStateFile(std::string_view json);

}  // namespace shunt
