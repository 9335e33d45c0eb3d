// The text forms of stored state: what --state takes and what people have in files.
#include <array>
#include <unordered_map>
#include <utility>

#include "protocol/json_cursor.h"
#include "protocol/json_text.h"
#include "protocol/state.h"

namespace shunt {
namespace {

absl::Status Invalid(const char* reason) { return absl::InvalidArgumentError(reason); }

// Whether the object's member of that name is an object with a member of that name.
bool Has(JsonSlice object, std::string_view key, std::string_view inner) {
  const std::optional<JsonSlice> value = JsonFind(object, key);
  return value && value->is_object() && JsonFind(*value, inner);
}

// Whether an object without a type is a state message rather than some source's bare state, whose
// keys are the names of its streams: it has a payload, and no key that a state message would not
// have. With others around it, which are all messages, `data` is a payload; alone, it is a stream
// of that name.
bool LooksLikeStateMessage(JsonSlice object, bool alone) {
  constexpr std::array<std::string_view, 8> kKeys = {
      "type", "stream", "global", "data", "sourceStats", "id", "partition_id", "destinationStats"};
  const std::optional<std::vector<JsonMember>> members = JsonMembers(object);
  if (!members) return false;
  for (const JsonMember& member : *members) {
    bool known = false;
    for (const std::string_view key : kKeys) known = known || JsonKeyIs(member.raw_key, key);
    if (!known) return false;
  }
  if (Has(object, "stream", "stream_descriptor") || Has(object, "global", "stream_states") ||
      Has(object, "global", "shared_state")) {
    return true;
  }
  return !alone && JsonFind(object, "data");
}

// Collects states, the last of each lane winning.
class StateFileReader {
 public:
  // One value of the file. `alone`: it is the whole file, so it may be a bare state.
  absl::Status Add(JsonSlice value, bool alone) {
    if (!value.is_object()) return Invalid("the state file holds something that is no object");
    const std::optional<JsonSlice> type = JsonFind(value, "type");
    const std::optional<std::string> name = type ? JsonString(*type) : std::nullopt;
    if (name == "STATE") {
      const std::optional<JsonSlice> payload = JsonFind(value, "state");
      if (!payload) return Invalid("a STATE message has no state");
      return AddPayload(payload->text);
    }
    if (alone && JsonFind(value, "stateType")) return AddApiObject(value);
    if ((name && ParseStateTypeName(*name)) || LooksLikeStateMessage(value, alone)) {
      return AddPayload(value.text);
    }
    if (!alone) return Invalid("the state file holds an object that is no state message");
    const std::optional<std::vector<JsonMember>> members = JsonMembers(value);
    if (!members->empty()) states_.push_back({StateType::kLegacy, {}, std::string(value.text)});
    return absl::OkStatus();
  }

  // What the platform's API and UI show of a connection's state: {"stateType":"stream",
  // "connectionId":..,"streamState":[{"streamDescriptor":..,"streamState":..}]}.
  absl::Status AddApiObject(JsonSlice value) {
    std::optional<JsonSlice> type, streams, global, state;
    JsonCursor cursor(value.text);
    cursor.Next();
    if (!ReadMembers(cursor, {{"stateType", &type},
                              {"streamState", &streams},
                              {"globalState", &global},
                              {"state", &state}})) {
      return Invalid("the state object has a key twice");
    }
    const std::optional<std::string> name = JsonString(*type);
    if (name == "not_set") return absl::OkStatus();
    if (name == "legacy" && state && state->is_object()) {
      states_.push_back({StateType::kLegacy, {}, std::string(state->text)});
      return absl::OkStatus();
    }
    if (name == "stream" && streams && streams->is_array()) return AddApiStreams(*streams);
    if (name == "global" && global && global->is_object()) return AddApiGlobal(*global);
    return Invalid(
        "the state file has a stateType, and is not what the platform's API shows: stream with a "
        "list streamState, global with an object globalState, legacy with an object state, or "
        "not_set");
  }

  std::vector<StoredState> Take() {
    std::erase_if(states_, [](const StoredState& state) { return state.blob.empty(); });
    return std::move(states_);
  }

 private:
  absl::Status AddPayload(std::string_view payload) {
    absl::StatusOr<StateMessage> message = ParseStatePayload(payload);
    if (!message.ok()) return message.status();
    if (type_ && *type_ != message->type) return Invalid("the state file mixes types of states");
    type_ = message->type;
    const auto [place, is_new] = places_.try_emplace(message->stream, states_.size());
    if (is_new) states_.push_back({message->type, std::move(message->stream), {}});
    // An empty blob marks a lane that a null state has removed.
    states_[place->second].blob = message->blob_is_null ? "" : std::string(message->blob);
    return absl::OkStatus();
  }

  // One of the API's stream states as the protocol writes it: {"stream_descriptor":..,
  // "stream_state":..}.
  static absl::StatusOr<std::string> StreamStateOfApi(JsonSlice element) {
    std::optional<JsonSlice> descriptor, blob;
    JsonCursor cursor(element.text);
    if (cursor.Next() != JsonCursor::Event::kObject ||
        !ReadMembers(cursor, {{"streamDescriptor", &descriptor}, {"streamState", &blob}}) ||
        !descriptor) {
      return Invalid("a stream's state in the state file has no streamDescriptor");
    }
    std::string text = R"({"stream_descriptor":)" + std::string(descriptor->text);
    text += R"(,"stream_state":)";
    text += blob ? blob->text : "null";
    return text + "}";
  }

  absl::Status AddApiStreams(JsonSlice streams) {
    const std::optional<std::vector<JsonSlice>> elements = JsonElements(streams);
    for (const JsonSlice& element : *elements) {
      absl::StatusOr<std::string> stream = StreamStateOfApi(element);
      if (!stream.ok()) return stream.status();
      absl::Status status = AddPayload(R"({"type":"STREAM","stream":)" + *stream + "}");
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddApiGlobal(JsonSlice global) {
    std::optional<JsonSlice> shared, streams;
    JsonCursor cursor(global.text);
    cursor.Next();
    if (!ReadMembers(cursor, {{"sharedState", &shared}, {"streamStates", &streams}})) {
      return Invalid("the globalState of the state file has a key twice");
    }
    std::string text = R"({"type":"GLOBAL","global":{)";
    if (shared) text += R"("shared_state":)" + std::string(shared->text) + ",";
    text += R"("stream_states":[)";
    if (streams && !streams->is_null()) {
      const std::optional<std::vector<JsonSlice>> elements =
          streams->is_array() ? JsonElements(*streams) : std::nullopt;
      if (!elements) return Invalid("the streamStates of the state file are no list");
      for (std::size_t i = 0; i < elements->size(); ++i) {
        absl::StatusOr<std::string> stream = StreamStateOfApi((*elements)[i]);
        if (!stream.ok()) return stream.status();
        text += (i > 0 ? "," : "") + *stream;
      }
    }
    return AddPayload(text + "]}}");
  }

  std::optional<StateType> type_;
  std::vector<StoredState> states_;
  std::unordered_map<StreamDescriptor, std::size_t, StreamDescriptorHash> places_;
};

absl::Status AddLines(std::string_view text, StateFileReader* reader) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::optional<JsonSlice> value = ParseJson(line);
    if (!value) return Invalid("the state file is not JSON");
    const absl::Status status = reader->Add(*value, /*alone=*/false);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatStateArray(const std::vector<StoredState>& states) {
  // In one piece: states may take most of the memory that there is.
  constexpr std::size_t kAround = 128;  // a state's names, twice escaped or not, come on top
  std::size_t bytes = kAround;
  for (const StoredState& state : states) bytes += kAround + state.blob.size();
  std::string text;
  text.reserve(bytes);
  text += '[';
  for (const StoredState& state : states) {
    if (text.size() > 1) text += ',';
    text += R"({"type":")";
    text += StateTypeName(state.type);
    switch (state.type) {
      case StateType::kStream:
        text += R"(","stream":{"stream_descriptor":{"name":)" + JsonQuote(state.stream.name);
        if (state.stream.name_space) {
          text += R"(,"namespace":)" + JsonQuote(*state.stream.name_space);
        }
        text += R"(},"stream_state":)";
        text += state.blob;
        text += '}';
        break;
      case StateType::kGlobal:
        text += R"(","global":)";
        text += state.blob;
        break;
      case StateType::kLegacy:
        text += R"(","data":)";
        text += state.blob;
        break;
    }
    text += '}';
  }
  text += ']';
  return text;
}

absl::StatusOr<std::vector<StoredState>> ParseStateFile(std::string_view json) {
  StateFileReader reader;
  absl::Status status;
  const std::optional<JsonSlice> value = ParseJson(json);
  if (!value) {
    if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      return Invalid("the state file is empty");
    }
    status = AddLines(json, &reader);
  } else if (value->is_array()) {
    const std::optional<std::vector<JsonSlice>> elements = JsonElements(*value);
    for (std::size_t i = 0; i < elements->size() && status.ok(); ++i) {
      status = reader.Add((*elements)[i], /*alone=*/false);
    }
  } else {
    status = reader.Add(*value, /*alone=*/true);
  }
  if (!status.ok()) return status;
  return reader.Take();
}

}  // namespace shunt
