// IndexWalker: validates one object and reads its envelope by walking a StructuralIndex, for lines
// that are like none before. It looks at each token once and at no other byte, besides numbers,
// literals and envelope names. EnvelopeReader gives the same answers for any split of the bytes.
//
// The index vouches for UTF-8 and for strings as wholes; the caller checks escapes (CheckEscapes).
//
// Threads: one at a time. Bounds: kDepthMax bytes; time linear in the object's tokens.
#pragma once

#include <cstdint>

#include "protocol/envelope.h"
#include "protocol/token_walk.h"
#include "protocol/validation.h"

namespace shunt {

// Where the values stand that differ from record to record, besides the names; null: not there.
struct RecordHoles {
  const uint32_t* emitted_at = nullptr;
  const uint32_t* data = nullptr;
  const uint32_t* data_end = nullptr;  // the entry behind it
};

class IndexWalker {
 public:
  explicit IndexWalker(Validation validation) : validation_(validation) {}

  // The line that tokens are walked in: `base` is what the index's offsets count from, `end` the
  // offset behind the line's last byte, `last` the entry behind its last token.
  void SetLine(const char* base, uint32_t end, const uint32_t* last) {
    base_ = base;
    end_ = end;
    last_ = last;
  }

  // `token` points to the index entry of a `{`. Returns the entry behind the matching `}` and fills
  // `envelope`; null when there is no well-formed object that ends on the line.
  const uint32_t* ReadObject(const uint32_t* token, Envelope* envelope);
  // Of the object read last, when it had one `record`.
  const RecordHoles& holes() const { return holes_; }

 private:
  const uint32_t* ReadTopValue(const uint32_t* token, TopKey key, Envelope* envelope);
  const uint32_t* ReadRecord(const uint32_t* token, Envelope* envelope);
  const uint32_t* ReadPayload(const uint32_t* token, Envelope* envelope);
  const uint32_t* SkipData(const uint32_t* token);
  // `depth` counts the containers around the value.
  const uint32_t* SkipValue(const uint32_t* token, int depth);
  const uint32_t* SkipContainer(const uint32_t* token, int depth);
  int Open(const uint32_t* token, int depth);
  bool IsKey(const uint32_t* token) const {
    return token[0] < end_ && base_[token[0]] == '"' && base_[token[1]] == ':';
  }
  std::string_view StringAt(const uint32_t* token) const;

  const Validation validation_;
  const char* base_ = nullptr;
  uint32_t end_ = 0;
  const uint32_t* last_ = nullptr;
  TokenWalk walk_;  // kept, because making one clears its levels
  RecordHoles holes_;
  KeySet top_keys_;
  KeySet payload_keys_;
};

}  // namespace shunt
