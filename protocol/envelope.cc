#include "protocol/envelope.h"

#include "absl/hash/hash.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// The longest key we know is connectionStatus; each of its characters may be written as \uXXXX.
constexpr std::size_t kKnownKeyRawMax = std::size_t{16} * 6;

bool HasEscape(std::string_view raw) {
  return !raw.empty() && __builtin_memchr(raw.data(), '\\', raw.size()) != nullptr;
}

uint32_t Hex4(const char* p) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return value;
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

char SimpleEscape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

// The \uXXXX at raw[*at] (the backslash), with its low half; moves behind it.
bool UnescapeUnicode(std::string_view raw, std::size_t* at, std::string* name) {
  uint32_t code = Hex4(raw.data() + *at + 2);
  *at += 6;
  if (code >= 0xDC00 && code <= 0xDFFF) return false;
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (*at + 6 > raw.size() || raw[*at] != '\\' || raw[*at + 1] != 'u') return false;
    const uint32_t low = Hex4(raw.data() + *at + 2);
    if (low < 0xDC00 || low > 0xDFFF) return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    *at += 6;
  }
  AppendUtf8(code, name);
  return true;
}

// What an escaped key reads as, when it may be one that we know; else empty.
std::string ReadEscapedKey(std::string_view key) {
  std::string name;
  if (key.size() > kKnownKeyRawMax || !UnescapeName(key, &name)) name.clear();
  return name;
}

LineKind KindOfType(std::string_view type) {
  if (type == "RECORD") return LineKind::kRecord;
  if (type == "STATE") return LineKind::kState;
  if (type == "LOG") return LineKind::kLog;
  if (type == "TRACE") return LineKind::kTrace;
  if (type == "CONTROL") return LineKind::kControl;
  return LineKind::kOther;
}

bool IsSoundName(std::string_view raw) {
  if (!HasEscape(raw)) return true;
  std::string name;
  return UnescapeName(raw, &name);
}

bool IsUsableRecord(const Envelope& envelope) {
  if (envelope.record != JsonKind::kObject || envelope.data != JsonKind::kObject ||
      envelope.stream != JsonKind::kString) {
    return false;
  }
  if (!IsSoundName(envelope.stream_text)) return false;
  switch (envelope.name_space) {
    case JsonKind::kAbsent:
    case JsonKind::kNull:
      return true;
    case JsonKind::kString:
      return IsSoundName(envelope.namespace_text);
    default:
      return false;
  }
}

}  // namespace

JsonKind JsonKindOf(char first) {
  switch (first) {
    case '"':
      return JsonKind::kString;
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case 'n':
      return JsonKind::kNull;
    case 't':
    case 'f':
      return JsonKind::kBool;
    default:
      return first == '-' || (first >= '0' && first <= '9') ? JsonKind::kNumber : JsonKind::kAbsent;
  }
}

TopKey FindTopKey(std::string_view key) {
  switch (key.size()) {
    case 3:
      return key == "log" ? TopKey::kLog : TopKey::kUnknown;
    case 4:
      return key == "type" ? TopKey::kType : key == "spec" ? TopKey::kSpec : TopKey::kUnknown;
    case 5:
      return key == "state" ? TopKey::kState : key == "trace" ? TopKey::kTrace : TopKey::kUnknown;
    case 6:
      return key == "record" ? TopKey::kRecord : TopKey::kUnknown;
    case 7:
      return key == "control"   ? TopKey::kControl
             : key == "catalog" ? TopKey::kCatalog
                                : TopKey::kUnknown;
    case 16:
      return key == "connectionStatus" ? TopKey::kConnectionStatus : TopKey::kUnknown;
    default:
      return TopKey::kUnknown;
  }
}

RecordKey FindRecordKey(std::string_view key) {
  switch (key.size()) {
    case 4:
      return key == "data"   ? RecordKey::kData
             : key == "meta" ? RecordKey::kMeta
                             : RecordKey::kUnknown;
    case 6:
      return key == "stream" ? RecordKey::kStream : RecordKey::kUnknown;
    case 9:
      return key == "namespace" ? RecordKey::kNamespace : RecordKey::kUnknown;
    case 10:
      return key == "emitted_at" ? RecordKey::kEmittedAt : RecordKey::kUnknown;
    default:
      return RecordKey::kUnknown;
  }
}

TopKey NoteTopKey(std::string_view key, Envelope* envelope) {
  TopKey found = FindTopKey(key);
  if (found == TopKey::kUnknown) {
    if (!HasEscape(key)) return found;
    envelope->odd_keys = true;
    found = FindTopKey(ReadEscapedKey(key));
    if (found == TopKey::kUnknown) return found;
  }
  const uint16_t bit = static_cast<uint16_t>(1u << static_cast<int>(found));
  envelope->odd_keys |= (envelope->top_seen & bit) != 0;
  envelope->top_seen |= bit;
  return found;
}

RecordKey NoteRecordKey(std::string_view key, Envelope* envelope) {
  const RecordKey found = FindRecordKey(key);
  if (found == RecordKey::kUnknown) {
    envelope->odd_keys |= HasEscape(key);
    return found;
  }
  const uint8_t bit = static_cast<uint8_t>(1u << static_cast<int>(found));
  envelope->odd_keys |= (envelope->record_seen & bit) != 0;
  envelope->record_seen |= bit;
  return found;
}

LineKind JudgeEnvelope(const Envelope& envelope) {
  if (!envelope.string_type) {
    return envelope.has_payload_key() ? LineKind::kMalformed : LineKind::kText;
  }
  if (envelope.odd_keys || envelope.long_name) return LineKind::kMalformed;
  LineKind kind;
  if (__builtin_expect(HasEscape(envelope.type_text), 0)) {
    std::string type;
    if (!UnescapeName(envelope.type_text, &type)) return LineKind::kMalformed;
    kind = KindOfType(type);
  } else {
    kind = KindOfType(envelope.type_text);
  }
  if (kind == LineKind::kRecord && !IsUsableRecord(envelope)) return LineKind::kMalformed;
  return kind;
}

bool UnescapeName(std::string_view raw, std::string* name) {
  name->clear();
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\') {
      name->push_back(raw[at++]);
    } else if (raw[at + 1] == 'u') {
      if (!UnescapeUnicode(raw, &at, name)) return false;
    } else {
      name->push_back(SimpleEscape(raw[at + 1]));
      at += 2;
    }
  }
  return true;
}

KeySet::KeySet() = default;

void KeySet::Clear() {
  size_ = 0;
  if (!table_.empty()) std::vector<uint64_t>().swap(table_);
}

bool KeySet::Insert(std::string_view key) {
  const uint64_t hash = absl::Hash<absl::string_view>{}(A(key)) | 1;  // never zero
  if (size_ >= kFew) return InsertMany(hash);
  for (std::size_t i = 0; i < size_; ++i) {
    if (few_[i] == hash) return false;
  }
  few_[size_++] = hash;
  return true;
}

bool KeySet::InsertMany(uint64_t hash) {
  if (size_ >= kEnvelopeKeysMax) return false;
  if (size_ * 2 >= table_.size()) Grow();
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = (hash >> 1) & mask;; at = (at + 1) & mask) {
    if (table_[at] == hash) return false;
    if (table_[at] == 0) {
      table_[at] = hash;
      ++size_;
      return true;
    }
  }
}

void KeySet::Grow() {
  std::vector<uint64_t> old(few_, few_ + kFew);
  if (!table_.empty()) old.swap(table_);
  table_.assign(size_ * 4, 0);  // size_ is a power of two whenever this is called
  const std::size_t mask = table_.size() - 1;
  for (const uint64_t hash : old) {
    if (hash == 0) continue;
    std::size_t at = (hash >> 1) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = hash;
  }
}

}  // namespace shunt
