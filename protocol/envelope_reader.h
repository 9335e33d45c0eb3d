// EnvelopeReader: validates one object over any split of its bytes and reads its envelope. The slow
// and resumable twin of IndexWalker, for lines longer than a block and for objects behind text.
//
// Threads: one at a time. Bounds: constant memory besides names (limits.h).
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.h"
#include "protocol/json_grammar.h"
#include "protocol/validation.h"

namespace shunt {

class EnvelopeReader {
 public:
  using Grammar = JsonGrammar<EnvelopeReader>;

  // With `inner`, it is also noted which inner objects look like messages; reading is slower then.
  explicit EnvelopeReader(Validation validation, bool inner = false);
  EnvelopeReader(const EnvelopeReader&) = delete;
  EnvelopeReader& operator=(const EnvelopeReader&) = delete;

  // Begins an object; its `{` is the first byte to be fed.
  void Reset();
  std::size_t Feed(std::string_view bytes) { return grammar_.Feed(bytes); }
  const Grammar& grammar() const { return grammar_; }
  // REQUIRES: no `inner`.
  Grammar* mutable_grammar() { return &grammar_; }

  // Valid until the next call; complete once the grammar is done.
  const Envelope& envelope();

  // Whether the byte fed last opened the object of a record's `data`.
  bool opened_data() const {
    return depth() == 3 && in_record() && record_key_ == RecordKey::kData;
  }

  // With `inner`: whether an object that is still open has `type` or `record`, unescaped, as its
  // first key.
  bool broken_message() const { return open_suspects_ > 0; }
  // With `inner`: the inner object closed last, counted from the `{` of the outer one, and whether
  // a key of it that reads `type` has a string. Meaningful when grammar() says that an object is
  // what was read last.
  uint64_t inner_begin() const { return inner_begin_; }
  bool inner_is_message() const { return inner_is_message_; }

  // For the grammar.
  void OnOpen(bool object);
  void OnClose(bool object);
  bool WantsString(bool key);
  void OnString(bool key, std::string_view raw, bool too_long);
  void OnScalar(JsonKind kind);

 private:
  void OnValue(JsonKind kind);
  void OnKey(std::string_view key, bool too_long);
  bool in_record() const { return level_ == TopKey::kRecord; }
  bool in_payload() const { return level_ != TopKey::kUnknown; }
  std::size_t depth() const { return static_cast<std::size_t>(grammar_.depth()); }

  const Validation validation_;
  const bool inner_;
  Grammar grammar_;
  Envelope envelope_;
  TopKey top_key_ = TopKey::kUnknown;           // of the value being read
  TopKey level_ = TopKey::kUnknown;             // the payload object we are inside; kUnknown: none
  RecordKey record_key_ = RecordKey::kUnknown;  // inside `record`
  KeySet top_keys_;
  KeySet payload_keys_;
  std::string type_text_;
  std::string stream_text_;
  std::string namespace_text_;
  // With `inner`, of the open objects by depth.
  std::bitset<kDepthMax + 1> first_key_seen_;
  std::bitset<kDepthMax + 1> suspects_;      // first key is `type` or `record`
  std::bitset<kDepthMax + 1> at_type_;       // the last key reads `type`
  std::bitset<kDepthMax + 1> string_types_;  // a key that reads `type` has a string
  std::array<uint64_t, kDepthMax + 1> begins_{};
  int open_suspects_ = 0;
  uint64_t inner_begin_ = 0;
  bool inner_is_message_ = false;
};

}  // namespace shunt
