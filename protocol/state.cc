#include "protocol/state.h"

#include <array>
#include <limits>
#include <utility>

#include "protocol/json_cursor.h"
#include "protocol/json_text.h"
#include "protocol/stream_descriptor.h"

namespace shunt {
namespace {

using Event = JsonCursor::Event;

constexpr std::array<std::string_view, 3> kTypeNames = {"STREAM", "GLOBAL", "LEGACY"};

absl::Status Invalid(const char* reason) { return absl::InvalidArgumentError(reason); }

bool Present(const std::optional<JsonSlice>& slice) { return slice && !slice->is_null(); }

// The members of the state object that we read.
struct Payload {
  std::optional<JsonSlice> type, stream, global, data, source_stats, destination_stats;
  const char* end = nullptr;  // behind the closing brace
};

absl::StatusOr<Payload> ReadPayload(JsonCursor& cursor) {
  Payload payload;
  const bool usable = ReadMembers(cursor, {{"type", &payload.type},
                                           {"stream", &payload.stream},
                                           {"global", &payload.global},
                                           {"data", &payload.data},
                                           {"sourceStats", &payload.source_stats},
                                           {"destinationStats", &payload.destination_stats}});
  if (!usable) return Invalid("the state is not well-formed, or has a key twice");
  payload.end = cursor.position();
  return payload;
}

absl::StatusOr<StateType> TypeOf(const Payload& payload) {
  if (Present(payload.type)) {
    const std::optional<std::string> name = JsonString(*payload.type);
    const std::optional<StateType> type = name ? ParseStateTypeName(*name) : std::nullopt;
    if (!type) return Invalid("the state's type is unknown");
    return *type;
  }
  const bool stream = Present(payload.stream);
  if (Present(payload.data) || stream == Present(payload.global)) return StateType::kLegacy;
  return stream ? StateType::kStream : StateType::kGlobal;
}

// One {"stream_descriptor":..,"stream_state":..}: the payload of STREAM, an element of GLOBAL.
struct StreamState {
  StreamDescriptor stream;
  std::string_view blob = "null";
  bool blob_is_null = true;
  JsonDigest blob_digest;
  JsonDigest digest;  // of the whole object; only if it was asked for
};

// What the cursor has read since `begin`, without the blanks in front.
std::string_view TextSince(const char* begin, const JsonCursor& cursor) {
  const std::string_view text(begin, static_cast<std::size_t>(cursor.position() - begin));
  return text.substr(text.find_first_not_of(" \t\r\n"));
}

// The digest of a descriptor does not tell a null namespace from an absent one.
absl::Status DigestDescriptor(std::string_view text, JsonDigest* digest) {
  ObjectDigest members;
  JsonCursor cursor(text);
  cursor.Next();
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    const std::optional<JsonSlice> value = cursor.Value();
    if (!value) break;
    if (value->is_null() && JsonKeyIs(key, "namespace")) continue;
    JsonCursor nested(value->text);
    members.Add(key, ReadCanonicalDigest(nested).value_or(JsonDigest{}));
  }
  if (!cursor.ok()) return Invalid("the stream descriptor is not well-formed");
  *digest = members.Finish();
  return absl::OkStatus();
}

// Reads the rest of an object whose kObject the cursor has just read. `with_digest` also digests
// the object itself, in which a null stream_state is like an absent one.
absl::Status ReadStreamState(JsonCursor& cursor, bool with_digest, StreamState* out) {
  ObjectDigest members;
  bool has_descriptor = false;
  bool has_state = false;
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    const char* const begin = cursor.position();
    if (JsonKeyIs(key, "stream_descriptor")) {
      if (std::exchange(has_descriptor, true)) return Invalid("a stream descriptor occurs twice");
      absl::Status status = ReadStreamDescriptor(cursor, &out->stream);
      if (!status.ok()) return status;
      JsonDigest digest;
      if (with_digest) {
        absl::Status digested = DigestDescriptor(TextSince(begin, cursor), &digest);
        if (!digested.ok()) return digested;
        members.Add(key, digest);
      }
    } else if (JsonKeyIs(key, "stream_state")) {
      if (std::exchange(has_state, true)) return Invalid("a stream state occurs twice");
      const std::optional<JsonDigest> digest = ReadCanonicalDigest(cursor);
      if (!digest) return Invalid("the stream state is not well-formed");
      out->blob = TextSince(begin, cursor);
      out->blob_is_null = out->blob == "null";
      out->blob_digest = *digest;
      if (!out->blob_is_null) members.Add(key, *digest);
    } else if (with_digest) {
      const std::optional<JsonDigest> digest = ReadCanonicalDigest(cursor);
      if (digest) members.Add(key, *digest);
    } else {
      cursor.Value();
    }
  }
  if (!cursor.ok()) return Invalid("the stream state is not well-formed");
  if (!has_descriptor) return Invalid("the state has no stream descriptor");
  if (!has_state) out->blob_digest = *CanonicalDigest("null");
  out->digest = members.Finish();
  return absl::OkStatus();
}

absl::Status ReadStream(const Payload& payload, StateMessage* message) {
  if (!Present(payload.stream)) return Invalid("a STREAM state has no stream");
  JsonCursor cursor(payload.stream->text);
  if (cursor.Next() != Event::kObject) return Invalid("the state's stream is not an object");
  StreamState state;
  absl::Status status = ReadStreamState(cursor, /*with_digest=*/false, &state);
  if (!status.ok()) return status;
  message->stream = std::move(state.stream);
  message->blob = state.blob;
  message->blob_is_null = state.blob_is_null;
  message->digest = state.blob_digest;
  return absl::OkStatus();
}

// The elements of stream_states, whose order does not matter.
absl::Status ReadStreamStates(JsonCursor& cursor, ObjectDigest* elements, StateMessage* message) {
  const Event first = cursor.Next();
  if (first == Event::kScalar && cursor.token() == "null") return absl::OkStatus();
  if (first != Event::kArray) return Invalid("the state's stream_states is not an array");
  while (cursor.Next() != Event::kArrayEnd) {
    if (cursor.last() != Event::kObject) return Invalid("a stream state is not an object");
    StreamState state;
    absl::Status status = ReadStreamState(cursor, /*with_digest=*/true, &state);
    if (!status.ok()) return status;
    elements->Add(state.digest);
    message->global_streams.push_back(std::move(state.stream));
  }
  return absl::OkStatus();
}

absl::Status ReadGlobal(const Payload& payload, StateMessage* message) {
  if (!Present(payload.global)) return Invalid("a GLOBAL state has no global");
  JsonCursor cursor(payload.global->text);
  if (cursor.Next() != Event::kObject) return Invalid("the state's global is not an object");
  ObjectDigest members;
  bool has_streams = false;
  bool has_shared = false;
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    if (JsonKeyIs(key, "stream_states")) {
      if (std::exchange(has_streams, true)) return Invalid("stream_states occurs twice");
      ObjectDigest elements;
      absl::Status status = ReadStreamStates(cursor, &elements, message);
      if (!status.ok()) return status;
      members.Add(key, elements.Finish());
      continue;
    }
    const bool shared = JsonKeyIs(key, "shared_state");
    if (shared && std::exchange(has_shared, true)) return Invalid("shared_state occurs twice");
    const char* const begin = cursor.position();
    const std::optional<JsonDigest> digest = ReadCanonicalDigest(cursor);
    if (!digest) break;
    if (!shared || TextSince(begin, cursor) != "null") members.Add(key, *digest);
  }
  if (!cursor.ok()) return Invalid("the state's global is not well-formed");
  // Without a list, or with null for one, it has an empty one.
  if (!has_streams) members.Add("stream_states", ObjectDigest().Finish());
  message->blob = payload.global->text;
  message->digest = members.Finish();
  return absl::OkStatus();
}

absl::Status ReadLegacy(const Payload& payload, StateMessage* message) {
  if (!payload.data) return Invalid("a LEGACY state has no data");
  JsonCursor cursor(payload.data->text);
  const std::optional<JsonDigest> digest = ReadCanonicalDigest(cursor);
  if (!digest) return Invalid("the state's data is not well-formed");
  message->blob = payload.data->text;
  message->blob_is_null = payload.data->is_null();
  message->digest = *digest;
  return absl::OkStatus();
}

struct Stats {
  std::optional<double> record_count, rejected_count;
  std::optional<JsonSlice> count;  // a recordCount that is null or a number
  bool empty = true;               // an object without members
};

Stats ReadStats(const std::optional<JsonSlice>& slice) {
  constexpr double kUnusable = std::numeric_limits<double>::quiet_NaN();
  Stats stats;
  if (!Present(slice)) return stats;
  std::optional<JsonSlice> rejected;
  JsonCursor cursor(slice->text);
  if (cursor.Next() != Event::kObject ||
      !ReadMembers(cursor, {{"recordCount", &stats.count}, {"rejectedRecordCount", &rejected}})) {
    stats.record_count = kUnusable;
    return stats;
  }
  stats.empty = slice->text.find('"') == std::string_view::npos;
  if (Present(stats.count)) stats.record_count = JsonDouble(*stats.count).value_or(kUnusable);
  if (Present(rejected)) stats.rejected_count = JsonDouble(*rejected).value_or(kUnusable);
  return stats;
}

CountSplice MakeSplice(std::string_view line, const Payload& payload, const Stats& stats) {
  const auto splice = [&](const char* begin, const char* end, std::string before,
                          std::string after) {
    return CountSplice{static_cast<uint32_t>(begin - line.data()),
                       static_cast<uint32_t>(end - line.data()), std::move(before),
                       std::move(after)};
  };
  const auto replace = [&](std::string_view text, std::string before, std::string after) {
    const char* const begin = text.data();
    return splice(begin, begin + text.size(), std::move(before), std::move(after));
  };
  if (!payload.source_stats) {
    const char* const brace = payload.end - 1;
    return splice(brace, brace, R"(,"sourceStats":{"recordCount":)", "}");
  }
  const std::string_view text = payload.source_stats->text;
  if (payload.source_stats->is_null()) return replace(text, R"({"recordCount":)", "}");
  if (stats.count) return replace(stats.count->text, "", "");
  const char* const brace = &text.back();
  return splice(brace, brace, stats.empty ? R"("recordCount":)" : R"(,"recordCount":)", "");
}

absl::StatusOr<StateMessage> ToMessage(std::string_view line, const Payload& payload) {
  const absl::StatusOr<StateType> type = TypeOf(payload);
  if (!type.ok()) return type.status();
  StateMessage message;
  message.type = *type;
  absl::Status status = *type == StateType::kStream   ? ReadStream(payload, &message)
                        : *type == StateType::kGlobal ? ReadGlobal(payload, &message)
                                                      : ReadLegacy(payload, &message);
  if (!status.ok()) return status;
  const Stats stats = ReadStats(payload.source_stats);
  message.source_record_count = stats.record_count;
  const Stats destination = ReadStats(payload.destination_stats);
  message.destination_record_count = destination.record_count;
  message.destination_rejected_count = destination.rejected_count;
  message.count_splice = MakeSplice(line, payload, stats);
  return message;
}

}  // namespace

std::string_view StateTypeName(StateType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<StateType> ParseStateTypeName(std::string_view name) {
  for (const StateType type : {StateType::kStream, StateType::kGlobal, StateType::kLegacy}) {
    if (StateTypeName(type) == name) return type;
  }
  return std::nullopt;
}

absl::StatusOr<StateMessage> ParseState(std::string_view line) {
  if (line.size() > std::numeric_limits<uint32_t>::max()) return Invalid("the state is too long");
  if (!IsUtf8(line)) return Invalid("the state is not UTF-8");
  JsonCursor cursor(line);
  if (cursor.Next() != Event::kObject) return Invalid("the message is not an object");
  std::optional<absl::StatusOr<Payload>> payload;
  bool has_state = false;
  while (cursor.NextKey()) {
    if (!cursor.KeyIs("state")) {
      cursor.Value();
    } else if (std::exchange(has_state, true)) {
      return Invalid("the message has two states");
    } else if (cursor.Next() == Event::kObject) {
      payload = ReadPayload(cursor);
      if (!payload->ok()) return payload->status();
    } else {
      cursor.Rest();
    }
  }
  if (!cursor.Finish()) return Invalid("the message is not well-formed");
  if (!payload) return Invalid("the message has no state object");
  return ToMessage(line, **payload);
}

absl::StatusOr<StateMessage> ParseStatePayload(std::string_view payload) {
  if (payload.size() > std::numeric_limits<uint32_t>::max())
    return Invalid("the state is too long");
  if (!IsUtf8(payload)) return Invalid("the state is not UTF-8");
  JsonCursor cursor(payload);
  if (cursor.Next() != Event::kObject) return Invalid("the state is not an object");
  const absl::StatusOr<Payload> members = ReadPayload(cursor);
  if (!members.ok()) return members.status();
  if (!cursor.Finish()) return Invalid("the state is not well-formed");
  return ToMessage(payload, *members);
}

}  // namespace shunt
