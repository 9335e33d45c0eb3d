#include "transforms/config_reader.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {

ConfigReader::ConfigReader(JsonSlice object, std::string place) : place_(std::move(place)) {
  std::optional<std::vector<JsonMember>> members =
      object.is_object() ? JsonMembers(object) : std::nullopt;
  if (!members) {
    Fail("", "expected an object");
    return;
  }
  members_ = *std::move(members);
  asked_for_.assign(members_.size(), false);
}

std::optional<JsonSlice> ConfigReader::Find(std::string_view key) {
  std::optional<JsonSlice> found;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!JsonKeyIs(members_[i].raw_key, key)) continue;
    if (found) Fail(key, "occurs twice");
    found = members_[i].value;
    asked_for_[i] = true;
  }
  if (found && found->is_null()) return std::nullopt;
  return found;
}

std::optional<JsonSlice> ConfigReader::FindEither(std::string_view key, std::string_view other) {
  const std::optional<JsonSlice> first = Find(key);
  const std::optional<JsonSlice> second = Find(other);
  if (first && second) Fail(other, absl::StrCat("is the same as ", A(key), ": give one of them"));
  return first ? first : second;
}

std::optional<JsonSlice> ConfigReader::Required(std::string_view key) {
  std::optional<JsonSlice> value = Find(key);
  if (!value) Fail(key, "is missing");
  return value;
}

std::optional<std::string> ConfigReader::Text(std::string_view key) {
  const std::optional<JsonSlice> value = Find(key);
  if (!value) return std::nullopt;
  std::optional<std::string> text = JsonString(*value);
  if (!text) Fail(key, "expected a string");
  return text;
}

std::string ConfigReader::RequiredText(std::string_view key) {
  const std::optional<JsonSlice> value = Required(key);
  if (!value) return {};
  std::optional<std::string> text = JsonString(*value);
  if (!text) Fail(key, "expected a string");
  return text.value_or("");
}

void ConfigReader::Fail(std::string_view key, std::string_view what) {
  if (!status_.ok()) return;
  std::string where = place_;
  if (!key.empty()) absl::StrAppend(&where, place_.empty() ? "" : ".", A(key));
  status_ = absl::InvalidArgumentError(absl::StrCat(where, where.empty() ? "" : ": ", A(what)));
}

absl::Status ConfigReader::Finish() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (asked_for_[i]) continue;
    // As it stands in the text, escapes and all: that is what one has to look for.
    Fail(members_[i].raw_key.substr(0, 64), "unknown key");
  }
  return status_;
}

}  // namespace shunt
