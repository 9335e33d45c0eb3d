#include "stages/unknown_types.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::array<std::string_view, 9> kKnown = {"RECORD",
                                                    "STATE",
                                                    "CONTROL",
                                                    "LOG",
                                                    "TRACE",
                                                    "SPEC",
                                                    "CATALOG",
                                                    "CONNECTION_STATUS",
                                                    "DESTINATION_CATALOG"};

std::string_view KnownType(std::string_view type) {
  const auto* const found = std::find(kKnown.begin(), kKnown.end(), type);
  return found == kKnown.end() ? std::string_view() : *found;
}

std::string_view MeantBy(std::string_view type) {
  return KnownType(absl::AsciiStrToUpper(A(type)));
}

}  // namespace

std::string UnknownTypes::Add(std::string_view type) {
  if (!KnownType(type).empty()) return "";
  ++total_;
  const std::string shown(type.substr(0, kTypeBytesMax));
  if (types_.size() >= kTypesMax && !types_.contains(shown)) {
    return ++others_ > 1 ? "" : "messages of further types are not known either";
  }
  if (++types_[shown] > 1) return "";
  const std::string_view meant = MeantBy(type);
  return absl::StrCat("messages of the type '", shown, "' are not known",
                      meant.empty() ? "" : absl::StrCat(" (did you mean '", A(meant), "'?)"),
                      " and are not forwarded");
}

std::string UnknownTypes::Summary() const {
  std::string text;
  for (const auto& [type, count] : types_) {
    const std::string_view meant = MeantBy(type);
    absl::StrAppend(&text, text.empty() ? "" : ", ", "'", type, "' (", count,
                    meant.empty() ? "" : absl::StrCat(", did you mean '", A(meant), "'?"), ")");
  }
  if (others_ > 0) absl::StrAppend(&text, ", others (", others_, ")");
  return text;
}

}  // namespace shunt
