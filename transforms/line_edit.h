// LineEdit: a list of replacements in one line, and the line with them. What no replacement covers
// is the line's own bytes. Below it: where the members of an object lie, for those who replace
// them.
//
// Threads: one. Spans are offsets into the line that the cursor reads; values are views of it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/json_cursor.h"
#include "protocol/message.h"

namespace shunt {

class LineEdit {
 public:
  void Clear() { replacements_.clear(); }
  // Bytes [begin, end) become `text`. Replacements may come in any order and do not overlap; of two
  // at one place the first comes first.
  void Replace(std::size_t begin, std::size_t end, std::string text) {
    replacements_.push_back({begin, end, std::move(text)});
  }
  void Insert(std::size_t at, std::string text) { Replace(at, at, std::move(text)); }
  // Appends `line`, or a beginning of it that no replacement reaches across.
  void AppendTo(std::string_view line, std::string* out);

 private:
  struct Replacement {
    std::size_t begin, end;
    std::string text;
  };
  std::vector<Replacement> replacements_;
};

// A member of an object: [begin, end) is from its key's quote to its value's end. To cut it, cut
// [cut_begin, cut_end), which takes one comma along.
struct MemberSpan {
  JsonSlice value;
  std::size_t begin = 0, end = 0;
  std::size_t cut_begin = 0, cut_end = 0;
  std::size_t value_begin() const { return end - value.text.size(); }
};

struct WantedSpan {
  std::string_view key;
  std::optional<MemberSpan>* span;
};

// Reads the members of an object of `line` whose kObject the cursor has just read, to its end.
// False when it is not well-formed or has a wanted key twice.
bool ReadSpans(std::string_view line, JsonCursor& cursor, std::initializer_list<WantedSpan> wanted);

// Makes `from`'s name and namespace those of `to`, wherever they stand.
void EditStream(const StreamDescriptor& from, const StreamDescriptor& to, const MemberSpan& name,
                const std::optional<MemberSpan>& name_space, LineEdit* edit);

}  // namespace shunt
