#include "protocol/control_message.h"

#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kEmittedAtTextBytesMax = 64;
constexpr std::string_view kNeedle = "connectorconfig";

bool Contains(std::string_view text, std::string_view part) {
  return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The character at text[*at], an escape \u00XX read as what it means; moves behind it.
char NextCharacter(std::string_view text, std::size_t* at) {
  if (text[*at] == '\\' && text.substr(*at + 1).starts_with("u00") && text.size() - *at >= 6) {
    const int high = HexDigit(text[*at + 4]), low = HexDigit(text[*at + 5]);
    if (high >= 0 && low >= 0) {
      *at += 6;
      return static_cast<char>(high * 16 + low);
    }
  }
  return text[(*at)++];
}

// However it is written: see the header.
bool NamesConfig(std::string_view text) {
  // Of "connectorconfig": how much still fits when the letter behind so many does not.
  constexpr std::array<uint8_t, 15> kElse = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 0, 0};
  std::size_t matched = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = absl::ascii_tolower(static_cast<unsigned char>(NextCharacter(text, &at)));
    if (matched > 0 && (c == '_' || c == '-')) continue;
    while (matched > 0 && c != kNeedle[matched]) matched = kElse[matched];
    if (c == kNeedle[matched]) ++matched;
    if (matched == kNeedle.size()) return true;
  }
  return false;
}

enum class Type : uint8_t { kControl, kConnectorConfig, kOrchestrator, kData, kUnknown };

Type TypeNamed(std::string_view name) {
  if (name == "CONTROL") return Type::kControl;
  if (name == "CONNECTOR_CONFIG") return Type::kConnectorConfig;
  if (name == "ORCHESTRATOR") return Type::kOrchestrator;
  for (const std::string_view data : {"RECORD", "STATE", "LOG", "TRACE", "CATALOG", "SPEC",
                                      "CONNECTION_STATUS", "DESTINATION_CATALOG"}) {
    if (name == data) return Type::kData;
  }
  return Type::kUnknown;
}

bool IsOwnPayload(std::string_view raw_key) {
  for (const std::string_view key : {"record", "state", "log", "trace", "catalog", "spec",
                                     "connectionStatus", "destination_catalog"}) {
    if (JsonKeyIs(raw_key, key)) return true;
  }
  return false;
}

std::string JournalText(const JsonSlice& slice) {
  switch (slice.type) {
    case JsonType::kString:
      return "string";
    case JsonType::kArray:
      return "array";
    case JsonType::kObject:
      return "object";
    default:
      return std::string(slice.text.substr(0, kEmittedAtTextBytesMax));
  }
}

template <typename Work>
void ForEachMember(const JsonSlice& object, const Work& work) {
  JsonCursor cursor(object.text);
  cursor.Next();
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    const std::optional<JsonSlice> value = cursor.Value();
    if (value) work(key, *value);
  }
}

// Reads the two outer levels of one message.
class Reader {
 public:
  explicit Reader(std::string_view line) : line_(line) {}
  ControlMessage Read();
  bool MayBeUpdate();  // of a message that was cut

 private:
  // An object that may hold `connectorConfig`: the message, or one on its first level. Of a member
  // that stands twice the first counts, as on the levels of the envelope, where that is malformed.
  struct Place {
    Place() = default;
    Place(bool top, bool control) : is_top(top), is_control(control) {}
    bool is_top = false, is_control = false;
    std::optional<JsonSlice> type, emitted_at;
  };

  ControlMessage::Kind KindOfCut();
  void ReadTop(const JsonSlice& message);
  void LookInto(const JsonSlice& object, Place place);
  bool ReadUpdate(ControlMessage* message) const;
  void ReadTime(const std::optional<JsonSlice>& within, ControlMessage* message) const;
  std::string Spelling() const;
  bool SaysConnectorConfig() const;
  bool Names(const JsonSlice& message) const;

  const std::string_view line_;
  Type type_ = Type::kUnknown;
  Place top_;
  std::optional<std::string> control_type_;
  int found_ = 0;     // so many connectorConfig
  JsonSlice config_;  // the last of them
  Place place_;       // and where it stands; without one, where it would
};

ControlMessage Reader::Read() {
  using Kind = ControlMessage::Kind;
  ControlMessage message;
  const std::optional<JsonSlice> object = ParseJson(line_);
  if (!object || !object->is_object()) {
    message.kind = KindOfCut();
    return message;
  }
  ReadTop(*object);
  if (type_ != Type::kData && ReadUpdate(&message)) {
    message.kind = Kind::kUpdate;
    return message;
  }
  ReadTime(std::nullopt, &message);
  if (SaysConnectorConfig()) {
    message.kind = Kind::kBroken;
  } else if (found_ > 0 || Names(*object)) {
    message.kind = Kind::kNamed;
  } else if (type_ == Type::kControl) {
    message.kind = Kind::kUnknown;
  }
  return message;
}

bool Reader::MayBeUpdate() {
  if (!line_.empty()) ReadTop({.type = JsonType::kObject, .text = line_});
  return type_ != Type::kData;
}

// A message that was cut, because it is too long, is told by its beginning.
ControlMessage::Kind Reader::KindOfCut() {
  if (line_.empty()) return ControlMessage::Kind::kOther;
  ReadTop({.type = JsonType::kObject, .text = line_});
  if (type_ == Type::kData || !NamesConfig(line_)) return ControlMessage::Kind::kOther;
  return type_ == Type::kControl || SaysConnectorConfig() ? ControlMessage::Kind::kBroken
                                                          : ControlMessage::Kind::kNamed;
}

void Reader::ReadTop(const JsonSlice& message) {
  LookInto(message, Place(/*top=*/true, /*control=*/false));
  const std::optional<std::string> type = top_.type ? JsonString(*top_.type) : std::nullopt;
  type_ = TypeNamed(type.value_or(""));
  ForEachMember(message, [&](std::string_view key, const JsonSlice& value) {
    if (!value.is_object() || JsonKeyIs(key, "connectorConfig")) return;
    if (type_ == Type::kData && IsOwnPayload(key)) return;
    LookInto(value, Place(/*top=*/false, JsonKeyIs(key, "control")));
  });
}

void Reader::LookInto(const JsonSlice& object, Place place) {
  const int before = found_;
  ForEachMember(object, [&](std::string_view key, const JsonSlice& value) {
    if (JsonKeyIs(key, "type")) {
      if (!place.type) place.type = value;
    } else if (JsonKeyIs(key, "emitted_at")) {
      if (!place.emitted_at) place.emitted_at = value;
    } else if (JsonKeyIs(key, "connectorConfig")) {
      ++found_;
      config_ = value;
    }
  });
  if (found_ > before || (found_ == 0 && (place.is_top || place.is_control))) place_ = place;
  if (place.is_top) top_ = place;
  if (place.is_control && !control_type_ && place.type) control_type_ = JsonString(*place.type);
}

bool Reader::ReadUpdate(ControlMessage* message) const {
  if (found_ != 1 || !config_.is_object()) return false;
  std::optional<JsonSlice> config, emitted_at;
  int configs = 0;
  ForEachMember(config_, [&](std::string_view key, const JsonSlice& value) {
    if (JsonKeyIs(key, "config")) {
      ++configs;
      config = value;
    } else if (JsonKeyIs(key, "emitted_at") && !emitted_at) {
      emitted_at = value;
    }
  });
  if (configs != 1 || !config->is_object()) return false;
  message->config = config;
  message->spelling = Spelling();
  ReadTime(emitted_at, message);
  return true;
}

void Reader::ReadTime(const std::optional<JsonSlice>& within, ControlMessage* message) const {
  const auto given = [](const std::optional<JsonSlice>& time) { return time && !time->is_null(); };
  std::optional<JsonSlice> time = place_.emitted_at;
  std::string_view where;
  if (!given(time) && given(within)) {
    time = within;
    where = "emitted_at inside connectorConfig";
  } else if (!given(time) && given(top_.emitted_at)) {
    time = top_.emitted_at;
    where = "emitted_at at the top";
  }
  if (!time) return;
  message->emitted_at_text = JournalText(*time);
  message->emitted_at_ms = JsonDouble(*time);
  if (message->emitted_at_ms == 0.0) message->emitted_at_ms = 0.0;  // not -0
  if (where.empty()) return;
  absl::StrAppend(&message->spelling, message->spelling.empty() ? "" : ", ", A(where));
}

// In words of ours alone: whatever stands in the line may be a secret.
std::string Reader::Spelling() const {
  std::vector<std::string_view> ways;
  if (type_ == Type::kOrchestrator) ways.push_back("type ORCHESTRATOR");
  if (type_ == Type::kConnectorConfig) ways.push_back("type CONNECTOR_CONFIG");
  if (type_ == Type::kUnknown) ways.push_back("a type that is not known");
  if (place_.is_top) {
    ways.push_back("connectorConfig at the top");
  } else if (!place_.is_control) {
    ways.push_back("connectorConfig outside of control");
  } else if (!control_type_) {
    ways.push_back("control without a type");
  } else if (*control_type_ != "CONNECTOR_CONFIG") {
    ways.push_back("a type of control that is not known");
  }
  std::string text;
  for (const std::string_view way : ways) absl::StrAppend(&text, text.empty() ? "" : ", ", A(way));
  return text;
}

bool Reader::SaysConnectorConfig() const {
  return type_ == Type::kConnectorConfig || control_type_ == "CONNECTOR_CONFIG";
}

bool Reader::Names(const JsonSlice& message) const {
  if (type_ != Type::kData) return NamesConfig(line_);
  bool names = false;
  ForEachMember(message, [&](std::string_view key, const JsonSlice& value) {
    names |= NamesConfig(key) || (!IsOwnPayload(key) && NamesConfig(value.text)) ||
             // A LOG that quotes a whole update would show its secrets.
             (JsonKeyIs(key, "log") && Contains(value.text, R"(\"connectorConfig\")"));
  });
  return names;
}

}  // namespace

ControlMessage ReadControlMessage(std::string_view line) { return Reader(line).Read(); }

bool SpeaksOfConfig(std::string_view line) {
  if (!NamesConfig(line)) return false;
  return ReadControlMessage(line).kind != ControlMessage::Kind::kOther;
}

bool CutMayBeUpdate(std::string_view head) { return Reader(head).MayBeUpdate(); }

bool MaySpeakOfConfig(std::string_view line) {
  return Contains(line, "onnector") || Contains(line, "ONNECTOR");
}

const std::vector<std::string>& ConfigMentions() {
  static const auto& mentions = *[] {
    auto* all = new std::vector<std::string>{"CONNECTOR_CONFIG", "connectorConfig"};
    for (const char* word : {"connector", "Connector", "CONNECTOR"}) {
      for (const char* between : {"", "_", "-"}) {
        for (const char* config : {"config", "Config", "CONFIG"}) {
          all->push_back(absl::StrCat("\"", word, between, config, "\""));
        }
      }
    }
    return all;
  }();
  return mentions;
}

namespace {
bool Mentions(std::string_view text) {
  if (!MaySpeakOfConfig(text)) return false;
  for (const std::string_view mention : ConfigMentions()) {
    if (Contains(text, mention)) return true;
  }
  return false;
}
}  // namespace

bool MentionsConfig(std::string_view text) {
  if (Contains(text, "\\u00")) {
    std::string plain;
    for (std::size_t at = 0; at < text.size();) plain += NextCharacter(text, &at);
    return Mentions(plain);
  }
  return Mentions(text);
}

}  // namespace shunt
