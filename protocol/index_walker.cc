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

const uint32_t* IndexWalker::SkipValue(const uint32_t* token, int depth) {
  const char first = base_[token[0]];
  if (first == '"') return token + 1;
  if (first == '{' || first == '[') return SkipContainer(token, depth);
  return CheckBareScalar(base_ + token[0], base_ + end_) ? token + 1 : nullptr;
}

const uint32_t* IndexWalker::SkipContainer(const uint32_t* token, int depth) {
  const uint32_t* const close =
      WalkTokens(base_, base_ + end_, token + 1, last_, Open(token, depth), &walk_);
  return close == nullptr || close == last_ ? nullptr : close + 1;
}

const uint32_t* IndexWalker::SkipData(const uint32_t* token) {
  const uint32_t* const behind = SkipContainer(token, 2);
  if (behind != nullptr || validation_ == Validation::kFull) return behind;
  const uint32_t* const close =
      WalkTokensRelaxed(base_, base_ + end_, token + 1, last_, Open(token, 2), &walk_);
  return close == nullptr || close == last_ ? nullptr : close + 1;
}

// Begins a walk behind the bracket at the token; returns its depth.
int IndexWalker::Open(const uint32_t* token, int depth) {
  const bool object = base_[*token] == '{';
  walk_.depth = depth + 1;
  walk_.objects[static_cast<std::size_t>(walk_.depth)] = object;
  walk_.expect = object ? ExpectToken::kKeyOrEnd : ExpectToken::kValueOrEnd;
  return walk_.depth;
}

}  // namespace shunt
