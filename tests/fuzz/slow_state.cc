#include "tests/fuzz/slow_state.h"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace shunt::fuzz {
namespace {

bool Present(const SlowValue* value) { return value != nullptr && !value->is('n'); }

// Without the members under `key` that are null.
void DropNull(SlowValue* object, std::string_view key) {
  std::erase_if(object->members, [key](const SlowMember& member) {
    return SlowString(member.raw_key) == key && member.value.is('n');
  });
}

// {"stream_descriptor":..,"stream_state":..}
bool SoundElement(const SlowValue& element, StreamDescriptor* stream) {
  if (!element.is('{')) return false;
  bool twice = false;
  const SlowValue* descriptor = Only(element, "stream_descriptor", &twice);
  Only(element, "stream_state", &twice);
  const auto read = descriptor == nullptr ? std::nullopt : SlowDescriptor(*descriptor);
  if (twice || !read) return false;
  *stream = *read;
  return true;
}

bool ReadStream(const SlowValue* stream, SlowState* state) {
  if (!Present(stream) || !SoundElement(*stream, &state->stream)) return false;
  const SlowValue* blob = stream->First("stream_state");
  state->meaning = blob == nullptr ? SlowValue{} : *blob;
  state->blob = blob == nullptr ? "null" : blob->text;
  state->blob_is_null = state->meaning.is('n');
  return true;
}

bool ReadGlobal(const SlowValue* global, SlowState* state) {
  if (!Present(global) || !global->is('{')) return false;
  bool twice = false;
  const SlowValue* streams = Only(*global, "stream_states", &twice);
  Only(*global, "shared_state", &twice);
  if (twice || (Present(streams) && !streams->is('['))) return false;
  state->blob = global->text;
  state->meaning = *global;
  DropNull(&state->meaning, "shared_state");
  // Without a list it has an empty one.
  if (streams == nullptr) state->meaning.members.push_back({"stream_states", {}});
  for (SlowMember& member : state->meaning.members) {
    if (SlowString(member.raw_key) != "stream_states") continue;
    // Members of an object are equal in any order, so elements become members without a name.
    member.value.kind = '{';
    for (SlowValue& element : member.value.elements) {
      if (!SoundElement(element, &state->global_streams.emplace_back())) return false;
      DropNull(&element, "stream_state");
      for (SlowMember& inner : element.members) {
        if (SlowString(inner.raw_key) == "stream_descriptor") DropNull(&inner.value, "namespace");
      }
      member.value.members.push_back({"", element});
    }
  }
  return true;
}

bool ReadLegacy(const SlowValue* data, SlowState* state) {
  if (data == nullptr) return false;
  state->blob = data->text;
  state->blob_is_null = data->is('n');
  state->meaning = *data;
  return true;
}

std::optional<double> CountOf(const SlowValue* stats) {
  constexpr double kUnusable = std::numeric_limits<double>::quiet_NaN();
  if (!Present(stats)) return std::nullopt;
  bool twice = false;
  const SlowValue* count = stats->is('{') ? Only(*stats, "recordCount", &twice) : nullptr;
  if (!stats->is('{') || twice) return kUnusable;
  if (!Present(count)) return std::nullopt;
  const double number =
      count->is('0') ? std::strtod(std::string(count->text).c_str(), nullptr) : kUnusable;
  return std::isfinite(number) ? number : kUnusable;
}

std::optional<StateType> TypeOf(const SlowValue* type, bool stream, bool global, bool data) {
  if (!Present(type)) {
    if (data || stream == global) return StateType::kLegacy;
    return stream ? StateType::kStream : StateType::kGlobal;
  }
  const auto name = type->is('"') ? SlowString(type->raw_string()) : std::nullopt;
  if (name == "STREAM") return StateType::kStream;
  if (name == "GLOBAL") return StateType::kGlobal;
  if (name == "LEGACY") return StateType::kLegacy;
  return std::nullopt;
}

}  // namespace

const SlowValue* Only(const SlowValue& object, std::string_view key, bool* twice) {
  const auto all = object.All(key);
  if (all.size() > 1) *twice = true;
  return all.empty() ? nullptr : all.front();
}

std::optional<StreamDescriptor> SlowDescriptor(const SlowValue& value) {
  if (!value.is('{')) return std::nullopt;
  bool twice = false;
  const SlowValue* name = Only(value, "name", &twice);
  const SlowValue* name_space = Only(value, "namespace", &twice);
  if (twice || name == nullptr || !name->is('"')) return std::nullopt;
  const auto text = SlowString(name->raw_string());
  if (!text) return std::nullopt;
  if (!Present(name_space)) return StreamDescriptor{*text, std::nullopt};
  if (!name_space->is('"')) return std::nullopt;
  const auto space = SlowString(name_space->raw_string());
  if (!space) return std::nullopt;
  return StreamDescriptor{*text, *space};
}

std::optional<SlowState> ReadSlowState(std::string_view line) {
  const auto message = ReadSlow(line);
  if (!message || !message->is('{')) return std::nullopt;
  bool twice = false;
  const SlowValue* payload = Only(*message, "state", &twice);
  if (twice || payload == nullptr || !payload->is('{')) return std::nullopt;
  const SlowValue* type = Only(*payload, "type", &twice);
  const SlowValue* stream = Only(*payload, "stream", &twice);
  const SlowValue* global = Only(*payload, "global", &twice);
  const SlowValue* data = Only(*payload, "data", &twice);
  const SlowValue* source_stats = Only(*payload, "sourceStats", &twice);
  const SlowValue* destination_stats = Only(*payload, "destinationStats", &twice);
  const auto state_type = TypeOf(type, Present(stream), Present(global), Present(data));
  if (twice || !state_type) return std::nullopt;
  SlowState state;
  state.type = *state_type;
  const bool usable = *state_type == StateType::kStream   ? ReadStream(stream, &state)
                      : *state_type == StateType::kGlobal ? ReadGlobal(global, &state)
                                                          : ReadLegacy(data, &state);
  if (!usable) return std::nullopt;
  state.source_count = CountOf(source_stats);
  state.destination_count = CountOf(destination_stats);
  return state;
}

}  // namespace shunt::fuzz
