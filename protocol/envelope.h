// The envelope: what the two outer levels of one well-formed object say, and what that makes of it.
//
// Contract decision 4, read word by word. A line is split at LF only. Its first byte that is no
// blank (space, tab, CR) decides how it is read:
//
//   1. no such byte                                     -> empty
//   2. it is not `{`                                    -> text, read for glued messages (9)
//   3. it is `{`, and the next non-blank is neither `"` nor `}`
//                                                       -> text, read for glued messages (9)
//   4. it is `{`, and nothing but blanks follows        -> text when an LF ends it (a log printed
//                                                          over several lines), else malformed (a
//                                                          line cut after one byte)
//   5. otherwise the line must be a sequence of well-formed objects with blanks between; anything
//      else (broken, truncated, followed by other text) -> malformed, as one line, whole
//
// An object of such a sequence is a piece. A piece is judged by JudgeEnvelope:
//
//   6. no key that reads `type` has a string as value:
//        a key that reads record, state, control, trace, log, catalog, spec or connectionStatus
//                                                       -> malformed
//        none                                           -> text ({} and a library's log object)
//   7. a string `type`: a message. It is malformed when
//        a key of the two envelope levels is written with an escape or stands twice
//        (the levels: the top, and inside every object under one of the keys of 6),
//        `type` holds a lone surrogate escape,
//        it is a RECORD without an object `record`, a string `stream` or an object `data`,
//        with a `namespace` that is neither string nor null, or with a lone surrogate in a name,
//        a name or key of these levels exceeds kNameBytesMax, or a level has more than
//        kEnvelopeKeysMax unknown keys
//   8. else `type`, unescaped and compared exactly, names the kind; an unknown one is "other"
//
// "A key that reads" means: with its escapes resolved. So {"\u0074ype":"RECORD"} is malformed,
// while
// {"\u0061":1} is text: no reading of it is a message.
//
// Glued (edge rule 1):
//   9. In text, the objects that end the line (blanks between and behind) are pieces; what stands
//      before them is leading text, a piece too. With no string `type` in any of them, all is one
//      text. An object followed by other text is a quotation, and text. An object that never ends
//      is text, but not what is whole inside it. Behind text, validation is always full.
//  10. Text with `{`, blanks, `"type"` or `"record"` that never becomes a well-formed object is
//      malformed, whole.
//  11. A line with one malformed piece is malformed as one line.
//  12. Neighbouring text pieces of a line are one piece. Blanks belong to the piece before them,
//      at the start of the line to the first.
//
// Over several lines (what the lines of a stream mean together, which is the intake's to say):
//  13. A text line of nothing but opening brackets and blanks, ended by an LF, opens. Until a line
//      that is no text, a text line whose first key is `type` with RECORD or STATE is malformed: it
//      is of a message that was printed over several lines.
//
// Threads: plain values. Views live as long as the bytes they were read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/limits.h"
#include "protocol/message.h"

namespace shunt {

enum class JsonKind : uint8_t { kAbsent, kNull, kString, kObject, kArray, kNumber, kBool };

// From a value's first byte; kAbsent when no value begins so.
JsonKind JsonKindOf(char first);

// Keys of the top level. Payload keys follow kType.
enum class TopKey : uint8_t {
  kType,
  kRecord,
  kState,
  kControl,
  kTrace,
  kLog,
  kCatalog,
  kSpec,
  kConnectionStatus,
  kUnknown,
};

// Keys that we or every source know inside `record`.
enum class RecordKey : uint8_t { kStream, kNamespace, kData, kEmittedAt, kMeta, kUnknown };

TopKey FindTopKey(std::string_view key);
RecordKey FindRecordKey(std::string_view key);

// What was read. Strings are the bytes between the quotes, escapes untouched.
struct Envelope {
  uint16_t top_seen = 0;     // bit per TopKey, escaped spellings included
  uint8_t record_seen = 0;   // bit per RecordKey
  bool string_type = false;  // some key that reads `type` has a string
  bool odd_keys = false;     // an escaped, duplicate or overlong key, or too many of them
  bool long_name = false;    // a value we need exceeds kNameBytesMax
  JsonKind record = JsonKind::kAbsent;
  JsonKind state = JsonKind::kAbsent;
  JsonKind stream = JsonKind::kAbsent;
  JsonKind name_space = JsonKind::kAbsent;
  JsonKind data = JsonKind::kAbsent;
  std::string_view type_text;
  std::string_view stream_text;
  std::string_view namespace_text;

  bool Saw(TopKey key) const { return (top_seen >> static_cast<int>(key) & 1) != 0; }
  bool has_payload_key() const { return (top_seen & 0x1FE) != 0; }
};

// Notes one top-level key, or one key inside `record`: its bit, and whether it is odd. Returns what
// the key reads as. Unknown keys without escapes are the caller's to check for duplicates.
TopKey NoteTopKey(std::string_view key, Envelope* envelope);
RecordKey NoteRecordKey(std::string_view key, Envelope* envelope);

// Rules 6 to 8. A usable payload of a STATE is not looked for here.
LineKind JudgeEnvelope(const Envelope& envelope);

// `raw` (between the quotes, well-formed) unescaped. False for a lone surrogate escape.
bool UnescapeName(std::string_view raw, std::string* name);

// The unknown keys of one level, to find duplicates in linear time. Remembers hashes only: a chance
// of 2^-64 per pair to call a line malformed is cheaper than the keys.
class KeySet {
 public:
  KeySet();
  void Clear();
  // False when the key is there already, or when there are too many.
  bool Insert(std::string_view key);

 private:
  static constexpr std::size_t kFew = 16;
  bool InsertMany(uint64_t hash);
  void Grow();

  uint64_t few_[kFew];
  std::size_t size_ = 0;
  std::vector<uint64_t> table_;  // open addressing, zero is free; empty while size_ <= kFew
};

}  // namespace shunt
