#include "protocol/index_walker.h"

#include "protocol/json_lexemes.h"

namespace shunt {

// The bytes between the quotes of the string at the token. Only blanks stand between a closing
// quote and the next token.
std::string_view IndexWalker::StringAt(const uint32_t* token) const {
  const char* const begin = base_ + token[0] + 1;
  const char* last = base_ + token[1] - 1;
  while (*last != '"') --last;
  return {begin, static_cast<std::size_t>(last - begin)};
}

const uint32_t* IndexWalker::ReadObject(const uint32_t* token, Envelope* envelope) {
  *envelope = Envelope();
  holes_ = RecordHoles();
  top_keys_.Clear();
  ++token;
  if (token[0] < end_ && base_[token[0]] == '}') return token + 1;
  for (;;) {
    if (!IsKey(token)) return nullptr;
    const std::string_view key = StringAt(token);
    const TopKey known = NoteTopKey(key, envelope);
    if (known == TopKey::kUnknown) {
      envelope->odd_keys |= key.size() > kNameBytesMax || !top_keys_.Insert(key);
    }
    token = ReadTopValue(token + 2, known, envelope);
    if (token == nullptr) return nullptr;
    const uint32_t at = *token++;
    if (base_[at] == ',') continue;
    return base_[at] == '}' && at < end_ ? token : nullptr;
  }
}

const uint32_t* IndexWalker::ReadTopValue(const uint32_t* token, TopKey key, Envelope* envelope) {
  if (token[0] >= end_) return nullptr;
  const char first = base_[token[0]];
  switch (key) {
    case TopKey::kUnknown:
      return SkipValue(token, 1);
    case TopKey::kType:
      if (first == '"') {
        envelope->string_type = true;
        envelope->type_text = StringAt(token);
        envelope->long_name |= envelope->type_text.size() > kNameBytesMax;
      }
      return SkipValue(token, 1);
    case TopKey::kRecord:
      envelope->record = JsonKindOf(first);
      return first == '{' ? ReadRecord(token, envelope) : SkipValue(token, 1);
    case TopKey::kState:
      envelope->state = JsonKindOf(first);
      break;
    default:
      break;
  }
  return first == '{' ? ReadPayload(token, envelope) : SkipValue(token, 1);
}

const uint32_t* IndexWalker::ReadRecord(const uint32_t* token, Envelope* envelope) {
  payload_keys_.Clear();
  ++token;
  if (token[0] < end_ && base_[token[0]] == '}') return token + 1;
  for (;;) {
    if (!IsKey(token)) return nullptr;
    const std::string_view key = StringAt(token);
    token += 2;
    if (token[0] >= end_) return nullptr;
    const JsonKind kind = JsonKindOf(base_[token[0]]);
    switch (NoteRecordKey(key, envelope)) {
      case RecordKey::kStream:
        envelope->stream = kind;
        if (kind == JsonKind::kString) envelope->stream_text = StringAt(token);
        envelope->long_name |= envelope->stream_text.size() > kNameBytesMax;
        token = SkipValue(token, 2);
        break;
      case RecordKey::kNamespace:
        envelope->name_space = kind;
        if (kind == JsonKind::kString) envelope->namespace_text = StringAt(token);
        envelope->long_name |= envelope->namespace_text.size() > kNameBytesMax;
        token = SkipValue(token, 2);
        break;
      case RecordKey::kData:
        envelope->data = kind;
        holes_.data = token;
        token = kind == JsonKind::kObject ? SkipData(token) : SkipValue(token, 2);
        holes_.data_end = token;
        break;
      case RecordKey::kEmittedAt:
        holes_.emitted_at = token;
        token = SkipValue(token, 2);
        break;
      case RecordKey::kUnknown:
        envelope->odd_keys |= key.size() > kNameBytesMax || !payload_keys_.Insert(key);
        token = SkipValue(token, 2);
        break;
      default:
        token = SkipValue(token, 2);
        break;
    }
    if (token == nullptr) return nullptr;
    const uint32_t at = *token++;
    if (base_[at] == ',') continue;
    return base_[at] == '}' && at < end_ ? token : nullptr;
  }
}

const uint32_t* IndexWalker::ReadPayload(const uint32_t* token, Envelope* envelope) {
  payload_keys_.Clear();
  ++token;
  if (token[0] < end_ && base_[token[0]] == '}') return token + 1;
  for (;;) {
    if (!IsKey(token)) return nullptr;
    const std::string_view key = StringAt(token);
    envelope->odd_keys |= key.size() > kNameBytesMax || key.find('\\') != std::string_view::npos ||
                          !payload_keys_.Insert(key);
    token += 2;
    if (token[0] >= end_) return nullptr;
    token = SkipValue(token, 2);
    if (token == nullptr) return nullptr;
    const uint32_t at = *token++;
    if (base_[at] == ',') continue;
    return base_[at] == '}' && at < end_ ? token : nullptr;
  }
}

const uint32_t* IndexWalker::SkipValue(const uint32_t* token, int depth) const {
  const char first = base_[token[0]];
  if (first == '"') return token + 1;
  if (first == '{' || first == '[') return SkipContainer(token, depth);
  return CheckBareScalar(base_ + token[0], base_ + end_) ? token + 1 : nullptr;
}

// Walks to the end of the container at the token without recursion. The end of the line is tested
// once per member or element and at the end: in between, at most a few tokens of the next line are
// looked at.
const uint32_t* IndexWalker::SkipContainer(const uint32_t* token, int depth) const {
  const char* const base = base_;
  const char* const end = base + end_;
  const uint32_t line_end = end_;
  bool objects[kDepthMax + 1];
  const int outer = depth;
  bool object = base[*token] == '{';
  ++token;

open:
  if (depth == kDepthMax || token[0] >= line_end) return nullptr;
  objects[++depth] = object;
  if (base[token[0]] == (object ? '}' : ']')) {
    ++token;
    goto close;
  }
  if (!object) goto element;

member:
  if (base[token[0]] != '"' || base[token[1]] != ':' || token[2] >= line_end) return nullptr;
  {
    const char* const value = base + token[2];
    token += 3;
    if (*value != '"') {
      if (*value == '{' || *value == '[') {
        object = *value == '{';
        goto open;
      }
      if (!CheckBareScalar(value, end)) return nullptr;
    }
  }

behind_member: {
  const char c = base[*token++];
  if (c == ',') goto member;
  if (c != '}' || token[-1] >= line_end) return nullptr;
  goto close;
}

element:
  if (token[0] >= line_end) return nullptr;
  {
    const char* const value = base + *token++;
    if (*value != '"') {
      if (*value == '{' || *value == '[') {
        object = *value == '{';
        goto open;
      }
      if (!CheckBareScalar(value, end)) return nullptr;
    }
  }

behind_element: {
  const char c = base[*token++];
  if (c == ',') goto element;
  if (c != ']' || token[-1] >= line_end) return nullptr;
}

close:
  if (--depth == outer) return token;
  object = objects[depth];
  if (object) goto behind_member;
  goto behind_element;
}

const uint32_t* IndexWalker::SkipData(const uint32_t* token) const {
  const uint32_t* const behind = SkipContainer(token, 2);
  // What is sound passes the relaxed reading too, which is the slower one.
  return behind != nullptr || validation_ == Validation::kFull ? behind : SkipRelaxed(token, 2);
}

const uint32_t* IndexWalker::SkipRelaxed(const uint32_t* token, int depth) const {
  const char* const end = base_ + end_;
  bool objects[kDepthMax + 1];
  const int outer = depth;
  for (;;) {
    if (token[0] >= end_) return nullptr;
    const char* const p = base_ + *token++;
    switch (*p) {
      case '{':
      case '[':
        if (depth == kDepthMax) return nullptr;
        objects[++depth] = *p == '{';
        break;
      case '}':
      case ']':
        if (objects[depth] != (*p == '}')) return nullptr;
        if (--depth == outer) return token;
        break;
      case ',':
      case ':':
      case '"':
        break;
      default:
        if (!CheckBareWord(p, end)) return nullptr;
    }
  }
}

}  // namespace shunt
