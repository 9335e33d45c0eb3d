// Row: the top-level members of one record's `data` object, as they came and as they will be
// written. Mappers change it; whatever they do not touch is written byte for byte.
//
// Ownership: members are views of the line, or of texts that the row itself keeps until the next
// Parse. Threads: one. Bounds: one entry per member; kept texts only for what was changed.
// Errors: Parse says no to what is not a well-formed object.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_cursor.h"

namespace shunt {

// An entry of record.meta.changes (AirbyteRecordMessageMeta).
struct FieldChange {
  std::string field;
  std::string_view change;  // "NULLED", "TRUNCATED"
  std::string_view reason;  // "PLATFORM_SERIALIZATION_ERROR", ...
};

class Row {
 public:
  struct Member {
    std::string_view raw_key;  // between the quotes, escapes untouched
    JsonSlice value;
    bool removed = false;
    bool changed = false;  // key or value are not the line's
    bool is_key = false;   // of the stream's primary key or cursor, under whatever name
    // Where the member lies in data, from its key's quote to its value's end.
    std::size_t begin = 0, end = 0;
  };

  // `data`: the exact text of the object. False when it is not well-formed.
  bool Parse(std::string_view data);

  std::vector<Member>& members() { return members_; }
  const std::vector<Member>& members() const { return members_; }

  void Remove(Member& member);
  // `key` is plain text and is quoted here; `json` is one well-formed value.
  void Rename(Member& member, std::string_view key);
  void SetValue(Member& member, std::string json);
  void NoteChange(FieldChange change);

  bool touched() const { return touched_; }
  const std::vector<FieldChange>& changes() const { return changes_; }

  // Appends the object as it is now: what was not touched keeps its bytes, separators included.
  void AppendTo(std::string* out) const;

 private:
  std::string_view Keep(std::string text);

  std::string_view data_;
  std::vector<Member> members_;
  std::deque<std::string> kept_;
  std::vector<FieldChange> changes_;
  bool touched_ = false;
};

}  // namespace shunt
