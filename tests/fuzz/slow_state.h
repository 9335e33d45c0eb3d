// STATE messages and stream descriptors by the words of protocol/state.h, read from a tree. The
// slow twin of ParseState.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/state.h"
#include "tests/fuzz/slow_json.h"

namespace shunt::fuzz {

// The only value under `key`; null when there is none. `*twice` is set when there are several.
const SlowValue* Only(const SlowValue& object, std::string_view key, bool* twice);

std::optional<StreamDescriptor> SlowDescriptor(const SlowValue& value);

struct SlowState {
  StateType type = StateType::kLegacy;
  StreamDescriptor stream;
  std::vector<StreamDescriptor> global_streams;
  std::string_view blob;
  bool blob_is_null = false;
  SlowValue meaning;  // two states of one type are equal when these are
  // NaN: there, but no finite number.
  std::optional<double> source_count, destination_count;
};

// Nothing when the message has no usable payload.
std::optional<SlowState> ReadSlowState(std::string_view line);

}  // namespace shunt::fuzz
