#include "protocol/malformed_reason.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "protocol/json_grammar.h"

namespace shunt {
namespace {

constexpr std::string_view kBlanks = " \t\r";

struct Deaf {
  void OnOpen(bool) {}
  void OnClose(bool) {}
  bool WantsString(bool) { return false; }
  void OnString(bool, std::string_view, bool) {}
  void OnScalar(JsonKind) {}
};

using Grammar = JsonGrammar<Deaf>;

}  // namespace

std::string MalformedReason(std::string_view lines) {
  const std::string_view line = lines.substr(0, lines.find('\n'));
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || line[begin] != '{') return {};
  Deaf deaf;
  Grammar grammar(&deaf);
  const std::size_t at = begin + grammar.Feed(line.substr(begin));
  const std::string_view rest = line.substr(at);
  switch (grammar.status()) {
    case Grammar::Status::kMore:
      return "it ends inside its JSON";
    case Grammar::Status::kError:
      // What Python's json.dumps and JavaScript's numbers leave behind, the most usual of all.
      if (rest.starts_with("Infinity") || rest.starts_with("NaN")) {
        return absl::StrCat("JSON has neither Infinity nor NaN, byte ", at + 1);
      }
      return absl::StrCat("the JSON breaks at byte ", at + 1);
    case Grammar::Status::kDone:
      break;
  }
  if (rest.find_first_not_of(kBlanks) != std::string_view::npos) return {};
  return "the JSON is sound, but a key of the envelope is repeated or escaped, or a RECORD lacks "
         "its stream or its data";
}

}  // namespace shunt
