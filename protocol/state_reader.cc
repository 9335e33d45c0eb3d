#include "protocol/state_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "protocol/json_cursor.h"
#include "protocol/json_text.h"

namespace shunt {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool SameCount(const std::optional<double>& a, const std::optional<double>& b) {
  return a == b || (a && b && std::isnan(*a) && std::isnan(*b));
}

bool Same(const StateMessage& a, const StateMessage& b) {
  return a.type == b.type && a.stream == b.stream && a.blob == b.blob &&
         a.blob_is_null == b.blob_is_null && a.digest == b.digest &&
         SameCount(a.source_record_count, b.source_record_count) &&
         SameCount(a.destination_record_count, b.destination_record_count) &&
         SameCount(a.destination_rejected_count, b.destination_rejected_count) &&
         a.count_splice == b.count_splice;
}

std::optional<JsonSlice> Find(const std::optional<JsonSlice>& object, std::string_view key) {
  return object ? JsonFind(*object, key) : std::nullopt;
}

// As ParseState has it: a number that is no double is NaN.
double CountOf(const JsonSlice& number) {
  return JsonDouble(number).value_or(std::numeric_limits<double>::quiet_NaN());
}

std::string_view WithoutBlanksBehind(std::string_view line) {
  return line.substr(0, line.find_last_not_of(kBlanks) + 1);
}

// The string that the text begins with, quotes included; empty when it has none without escapes.
std::string_view PlainString(std::string_view text) {
  if (!text.starts_with('"')) return {};
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') {
    if (text[at] == '\\' || static_cast<unsigned char>(text[at]) < 0x20) return {};
    ++at;
  }
  return text.substr(0, at < text.size() ? at + 1 : 0);
}

}  // namespace

// In the order of the line.
std::vector<StateShape::Found> StateShape::FindHoles(std::string_view line) const {
  std::vector<Found> found;
  const auto add = [&](const std::optional<JsonSlice>& value, JsonType type, Hole hole) {
    if (value && value->type == type) found.push_back({value->text, hole});
  };
  const std::optional<JsonSlice> state = JsonFind({JsonType::kObject, line}, "state");
  std::optional<JsonSlice> blob;
  if (type_ == StateType::kStream) {
    const std::optional<JsonSlice> stream = Find(state, "stream");
    const std::optional<JsonSlice> descriptor = Find(stream, "stream_descriptor");
    add(Find(descriptor, "name"), JsonType::kString, Hole::kName);
    add(Find(descriptor, "namespace"), JsonType::kString, Hole::kNamespace);
    blob = Find(stream, "stream_state");
  } else {
    blob = Find(state, "data");
  }
  if (!blob) return {};
  found.push_back({blob->text, Hole::kBlob});
  const std::optional<JsonSlice> source = Find(state, "sourceStats");
  const std::optional<JsonSlice> destination = Find(state, "destinationStats");
  add(Find(source, "recordCount"), JsonType::kNumber, Hole::kSourceCount);
  add(Find(destination, "recordCount"), JsonType::kNumber, Hole::kDestinationCount);
  add(Find(destination, "rejectedRecordCount"), JsonType::kNumber, Hole::kRejectedCount);
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.text.data() < b.text.data(); });
  return found;
}

bool StateShape::Learn(std::string_view line, const StateMessage& message) {
  *this = {};
  if (message.type == StateType::kGlobal) return false;
  line = WithoutBlanksBehind(line);
  type_ = message.type;
  blob_depth_ = type_ == StateType::kStream ? 3 : 2;
  std::size_t bytes = line.size(), at = 0;
  std::vector<Segment> segments;
  for (const Found& hole : FindHoles(line)) {
    const auto begin = static_cast<std::size_t>(hole.text.data() - line.data());
    segments.push_back({std::string(line.substr(at, begin - at)), hole.hole});
    at = begin + hole.text.size();
    bytes -= hole.text.size();
  }
  if (segments.empty() || bytes > kBytesMax) return false;
  segments.push_back({std::string(line.substr(at)), Hole::kEnd});
  if (!message.source_record_count) {
    if (message.count_splice.begin < at) return false;
    splice_ = message.count_splice;
    splice_bytes_ = splice_.end - splice_.begin;
    splice_from_end_ = line.size() - splice_.begin;
  }
  segments_ = std::move(segments);
  // Whatever it was that made it be read otherwise: it is not to be had this way.
  StateMessage again;
  if (Read(line, &again) && Same(again, message)) return true;
  segments_.clear();
  return false;
}

bool StateShape::Read(std::string_view line, StateMessage* message) const {
  const std::string_view text = WithoutBlanksBehind(line);
  // Its end first: what is wrong there needs no reading of a long blob.
  if (!learned() || !text.ends_with(segments_.back().before)) return false;
  if (line.size() > std::numeric_limits<uint32_t>::max()) return false;
  Values values;
  std::string_view rest = text;
  for (const Segment& segment : segments_) {
    if (!rest.starts_with(segment.before)) return false;
    rest.remove_prefix(segment.before.size());
    if (segment.hole != Hole::kEnd && !ReadHole(segment.hole, &rest, message != nullptr, &values)) {
      return false;
    }
  }
  // Whether there is `data` may decide what type a state is of.
  if (type_ == StateType::kLegacy && values[Hole::kBlob].text == "null") return false;
  if (!rest.empty() || !IsUtf8(text)) return false;
  if (message != nullptr) Fill(text, values, message);
  return true;
}

bool StateShape::ReadHole(Hole hole, std::string_view* rest, bool with_digest,
                          Values* values) const {
  JsonSlice& value = (*values)[hole];
  if (hole == Hole::kName || hole == Hole::kNamespace) {
    value = {JsonType::kString, PlainString(*rest)};
  } else if (rest->empty() || kBlanks.find(rest->front()) != std::string_view::npos) {
    return false;
  } else if (hole == Hole::kBlob && with_digest) {
    JsonCursor cursor(*rest, blob_depth_);
    const std::optional<JsonDigest> digest = ReadCanonicalDigest(cursor);
    if (!digest) return false;
    values->digest = *digest;
    value.text = rest->substr(0, static_cast<std::size_t>(cursor.position() - rest->data()));
  } else {
    JsonCursor cursor(*rest, hole == Hole::kBlob ? blob_depth_ : 0);
    const std::optional<JsonSlice> read = cursor.Value();
    if (!read || (hole != Hole::kBlob && !read->is_number())) return false;
    value = *read;
  }
  rest->remove_prefix(value.text.size());
  return !value.text.empty();
}

void StateShape::Fill(std::string_view line, const Values& values, StateMessage* message) const {
  const auto name = [&](Hole hole) {
    const std::string_view text = values[hole].text;
    return std::string(text.substr(1, text.size() - 2));
  };
  const auto count = [&](Hole hole) -> std::optional<double> {
    if (values[hole].text.empty()) return std::nullopt;
    return CountOf(values[hole]);
  };
  message->type = type_;
  if (type_ == StateType::kStream) message->stream.name = name(Hole::kName);
  if (!values[Hole::kNamespace].text.empty()) message->stream.name_space = name(Hole::kNamespace);
  message->blob = values[Hole::kBlob].text;
  message->blob_is_null = message->blob == "null";
  message->digest = values.digest;
  message->source_record_count = count(Hole::kSourceCount);
  message->destination_record_count = count(Hole::kDestinationCount);
  message->destination_rejected_count = count(Hole::kRejectedCount);
  message->count_splice = splice_;
  const std::string_view counted = values[Hole::kSourceCount].text;
  const std::size_t begin = counted.empty()
                                ? line.size() - splice_from_end_
                                : static_cast<std::size_t>(counted.data() - line.data());
  message->count_splice.begin = static_cast<uint32_t>(begin);
  message->count_splice.end =
      static_cast<uint32_t>(begin + (counted.empty() ? splice_bytes_ : counted.size()));
}

absl::StatusOr<StateMessage> StateReader::Read(std::string_view line) {
  absl::StatusOr<StateMessage> message(absl::in_place);
  if (ReadKnown(line, &*message)) return message;
  message = ParseState(line);
  if (message.ok()) Learn(line, *message);
  return message;
}

bool StateReader::Knows(std::string_view line) { return ReadKnown(line, nullptr); }

bool StateReader::ReadKnown(std::string_view line, StateMessage* message) {
  for (std::size_t tried = 0; tried < kShapes; ++tried) {
    const StateShape& shape = shapes_[(newest_ + tried) % kShapes];
    if (!shape.learned() || !shape.Read(line, message)) continue;
    newest_ = (newest_ + tried) % kShapes;
    learning_pause_ = 0;
    return true;
  }
  return false;
}

void StateReader::Learn(std::string_view line, const StateMessage& message) {
  if (lines_to_learning_ > 0) {
    --lines_to_learning_;
    return;
  }
  lines_to_learning_ = learning_pause_;
  learning_pause_ = std::min(learning_pause_ * 2 + 1, kLearningPauseMax);
  StateShape shape;
  if (!shape.Learn(line, message)) return;
  newest_ = (newest_ + kShapes - 1) % kShapes;
  shapes_[newest_] = std::move(shape);
}

}  // namespace shunt
