#include "transforms/row.h"

#include <utility>

namespace shunt {

bool Row::Parse(std::string_view data) {
  data_ = data;
  members_.clear();
  kept_.clear();
  changes_.clear();
  touched_ = false;
  JsonCursor cursor(data);
  if (cursor.Next() != JsonCursor::Event::kObject) return false;
  while (cursor.NextKey()) {
    const std::string_view key = cursor.token();
    const std::optional<JsonSlice> value = cursor.Value();
    if (!value) return false;
    const char* const quote = key.data() - 1;
    members_.push_back(
        {.raw_key = key,
         .value = *value,
         .begin = static_cast<std::size_t>(quote - data.data()),
         .end = static_cast<std::size_t>(value->text.data() - data.data()) + value->text.size()});
  }
  return cursor.Finish();
}

std::string_view Row::Keep(std::string text) { return kept_.emplace_back(std::move(text)); }

void Row::Remove(Member& member) {
  member.removed = true;
  touched_ = true;
}

void Row::Rename(Member& member, std::string_view key) {
  const std::string_view quoted = Keep(JsonQuote(key));
  member.raw_key = quoted.substr(1, quoted.size() - 2);
  member.changed = true;
  touched_ = true;
}

void Row::SetValue(Member& member, std::string json) {
  member.value.text = Keep(std::move(json));
  member.value.type = ParseJson(member.value.text).value_or(JsonSlice{}).type;
  member.changed = true;
  touched_ = true;
}

void Row::NoteChange(FieldChange change) { changes_.push_back(std::move(change)); }

// Between two members that stay neighbours lies what the line has there: a comma and blanks. The
// first member that stays stands where the first one stood.
void Row::AppendTo(std::string* out) const {
  if (!touched_ || members_.empty()) {
    out->append(data_);
    return;
  }
  out->append(data_.substr(0, members_.front().begin));
  bool first = true;
  std::size_t before = members_.front().begin;  // where the separator in front of a member begins
  for (const Member& member : members_) {
    if (!member.removed) {
      if (!first) out->append(data_.substr(before, member.begin - before));
      first = false;
      if (member.changed) {
        out->append("\"").append(member.raw_key).append("\":").append(member.value.text);
      } else {
        out->append(data_.substr(member.begin, member.end - member.begin));
      }
    }
    before = member.end;
  }
  out->append(data_.substr(members_.back().end));
}

}  // namespace shunt
