#include "transforms/line_edit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace shunt {

void LineEdit::AppendTo(std::string_view line, std::string* out) {
  std::stable_sort(replacements_.begin(), replacements_.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::size_t done = 0;
  for (const Replacement& replacement : replacements_) {
    if (replacement.begin > line.size()) break;
    out->append(line.substr(done, replacement.begin - done)).append(replacement.text);
    done = replacement.end;
  }
  out->append(line.substr(done));
}

bool ReadSpans(std::string_view line, JsonCursor& cursor,
               std::initializer_list<WantedSpan> wanted) {
  const auto offset = [&line](const char* p) { return static_cast<std::size_t>(p - line.data()); };
  MemberSpan* first = nullptr;
  std::size_t before = 0;  // the end of the member before
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    const auto slot = std::find_if(wanted.begin(), wanted.end(), [key](const WantedSpan& want) {
      return JsonKeyIs(key, want.key);
    });
    const std::size_t begin = offset(key.data()) - 1;
    // The first member goes with the comma behind it, the others with the one in front.
    if (first != nullptr) std::exchange(first, nullptr)->cut_end = begin;
    const std::optional<JsonSlice> value = cursor.Value();
    if (!value) return false;
    const std::size_t end = offset(value->text.data()) + value->text.size();
    if (slot != wanted.end()) {
      std::optional<MemberSpan>& span = *slot->span;
      if (span) return false;
      span = MemberSpan{*value, begin, end, before == 0 ? begin : before, end};
      if (before == 0) first = &*span;
    }
    before = end;
  }
  return cursor.ok();
}

void EditStream(const StreamDescriptor& from, const StreamDescriptor& to, const MemberSpan& name,
                const std::optional<MemberSpan>& name_space, LineEdit* edit) {
  if (to.name != from.name) edit->Replace(name.value_begin(), name.end, JsonQuote(to.name));
  if (to.name_space == from.name_space) return;
  if (!to.name_space) {
    edit->Replace(name_space->cut_begin, name_space->cut_end, "");
  } else if (name_space) {
    edit->Replace(name_space->value_begin(), name_space->end, JsonQuote(*to.name_space));
  } else {
    edit->Insert(name.end, absl::StrCat(R"(,"namespace":)", JsonQuote(*to.name_space)));
  }
}

}  // namespace shunt
