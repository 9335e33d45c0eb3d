#include "protocol/envelope_reader.h"

namespace shunt {

EnvelopeReader::EnvelopeReader(Validation validation, bool inner)
    : validation_(validation), inner_(inner), grammar_(this) {
  Reset();
}

void EnvelopeReader::Reset() {
  grammar_.Reset();
  envelope_ = Envelope();
  top_key_ = level_ = TopKey::kUnknown;
  record_key_ = RecordKey::kUnknown;
  top_keys_.Clear();
  payload_keys_.Clear();
  open_suspects_ = 0;
  inner_is_message_ = false;
}

const Envelope& EnvelopeReader::envelope() {
  envelope_.type_text = type_text_;
  envelope_.stream_text = stream_text_;
  envelope_.namespace_text = namespace_text_;
  return envelope_;
}

void EnvelopeReader::OnOpen(bool object) {
  const std::size_t at = depth();
  if (inner_) {
    begins_[at] = grammar_.position();
    first_key_seen_[at] = !object;
    suspects_[at] = at_type_[at] = string_types_[at] = false;
  }
  if (at == 2) {
    level_ = TopKey::kUnknown;
    if (object && top_key_ != TopKey::kType) {
      level_ = top_key_;
      payload_keys_.Clear();
    }
  }
  if (at == 2 || at == 3) OnValue(object ? JsonKind::kObject : JsonKind::kArray);
}

void EnvelopeReader::OnClose(bool object) {
  const std::size_t closed = depth() + 1;
  if (closed == 2) level_ = TopKey::kUnknown;
  if (inner_ && object) {
    inner_begin_ = begins_[closed];
    inner_is_message_ = string_types_[closed];
    if (suspects_[closed]) --open_suspects_;
  }
}

bool EnvelopeReader::WantsString(bool key) {
  switch (depth()) {
    case 1:
      return key || top_key_ == TopKey::kType;
    case 2:
      if (key) return true;
      return in_record() &&
             (record_key_ == RecordKey::kStream || record_key_ == RecordKey::kNamespace);
    default:
      return key && inner_;
  }
}

void EnvelopeReader::OnString(bool key, std::string_view raw, bool too_long) {
  if (key) return OnKey(raw, too_long);
  envelope_.long_name |= too_long;
  if (depth() == 1) {
    type_text_ = raw;
  } else if (record_key_ == RecordKey::kStream) {
    stream_text_ = raw;
  } else {
    namespace_text_ = raw;
  }
}

void EnvelopeReader::OnKey(std::string_view key, bool too_long) {
  const std::size_t at = depth();
  if (inner_) {
    if (!first_key_seen_[at] && (key == "type" || key == "record")) {
      suspects_[at] = true;
      ++open_suspects_;
    }
    first_key_seen_[at] = true;
    Envelope ignored;
    at_type_[at] = NoteTopKey(key, &ignored) == TopKey::kType;
  }
  if (at == 1) {
    envelope_.odd_keys |= too_long;
    top_key_ = NoteTopKey(key, &envelope_);
    if (top_key_ == TopKey::kUnknown && !too_long) {
      envelope_.odd_keys |= !top_keys_.Insert(key);
    }
  } else if (at == 2 && in_payload()) {
    envelope_.odd_keys |= too_long;
    record_key_ = in_record() ? NoteRecordKey(key, &envelope_) : RecordKey::kUnknown;
    if (record_key_ == RecordKey::kUnknown && !too_long) {
      envelope_.odd_keys |= key.find('\\') != std::string_view::npos || !payload_keys_.Insert(key);
    }
  }
}

void EnvelopeReader::OnScalar(JsonKind kind) {
  if (inner_ && kind == JsonKind::kString && at_type_[depth()]) string_types_[depth()] = true;
  OnValue(kind);
}

// A value at depth() for a scalar; for a container, depth() counts it already.
void EnvelopeReader::OnValue(JsonKind kind) {
  const bool container = kind == JsonKind::kObject || kind == JsonKind::kArray;
  const int at = grammar_.depth() - (container ? 1 : 0);
  if (at == 1) {
    if (top_key_ == TopKey::kType) envelope_.string_type |= kind == JsonKind::kString;
    if (top_key_ == TopKey::kRecord) envelope_.record = kind;
    if (top_key_ == TopKey::kState) envelope_.state = kind;
  } else if (at == 2 && in_record()) {
    if (record_key_ == RecordKey::kStream) envelope_.stream = kind;
    if (record_key_ == RecordKey::kNamespace) envelope_.name_space = kind;
    if (record_key_ != RecordKey::kData) return;
    envelope_.data = kind;
    if (kind == JsonKind::kObject && validation_ == Validation::kEnvelope) grammar_.Relax();
  }
}

}  // namespace shunt
