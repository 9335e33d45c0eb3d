#include "secrets/secret_values.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "protocol/json_cursor.h"
#include "secrets/decoded_view.h"

namespace shunt {
namespace {

// What an OAuth flow writes into a config (RFC 6749 5.1), whether the spec marks it or not.
constexpr std::string_view kOAuthNames[] = {"access_token", "refresh_token", "id_token",
                                            "client_secret"};

void AddOAuthValues(const JsonSlice& value, std::vector<std::string>* values) {
  if (value.is_array()) {
    for (const JsonSlice& element : JsonElements(value).value_or(std::vector<JsonSlice>())) {
      AddOAuthValues(element, values);
    }
  }
  if (!value.is_object()) return;
  for (const JsonMember& member : JsonMembers(value).value_or(std::vector<JsonMember>())) {
    AddOAuthValues(member.value, values);
    if (!member.value.is_string()) continue;
    const std::optional<std::string> key = JsonUnescape(member.raw_key);
    if (std::find(std::begin(kOAuthNames), std::end(kOAuthNames), key) == std::end(kOAuthNames)) {
      continue;
    }
    if (std::optional<std::string> text = JsonString(member.value)) {
      values->push_back(*std::move(text));
    }
  }
}

bool IsNameChar(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
         c == '-' || c == '.';
}
bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Reads a text from the left, whatever it is.
class Fragment {
 public:
  explicit Fragment(std::string_view text) : text_(text) {}

  // Goes on behind the next run of name characters. Empty at the end.
  std::string_view NextName() {
    while (at_ < text_.size() && !IsNameChar(text_[at_])) ++at_;
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // What stands behind a name and its sign. "": no sign, or no single value.
  std::string_view Value() {
    std::size_t at = SkipQuote(at_);
    while (at < text_.size() && IsBlank(text_[at])) ++at;
    if (at >= text_.size() || (text_[at] != ':' && text_[at] != '=')) return {};
    ++at;
    while (at < text_.size() && (IsBlank(text_[at]) || text_[at] == '>')) ++at;
    const std::size_t begin = SkipQuote(at);
    const std::string_view opening = text_.substr(at, begin - at);  // with its backslashes
    constexpr std::string_view kEnds = ",;&}])\"'";
    std::size_t end = begin;
    while (end < text_.size() && !(opening.empty() ? IsBlank(text_[end]) || Has(kEnds, text_[end])
                                                   : ClosesAt(end, opening))) {
      ++end;
    }
    at_ = end;
    // The mark's backslashes.
    if (end < text_.size() && opening.size() > 1) end -= std::min(opening.size() - 1, end - begin);
    if (opening.empty() && begin < text_.size() && Has("{[", text_[begin])) at_ = begin;
    return at_ == begin ? std::string_view() : text_.substr(begin, end - begin);
  }

 private:
  static bool Has(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

  std::size_t SkipQuote(std::size_t at) const {
    const std::size_t begin = at;
    while (at < text_.size() && text_[at] == '\\') ++at;
    return at < text_.size() && Has("\"'", text_[at]) ? at + 1 : begin;
  }

  // Whether the quotation mark at `at` closes what `opening` began: as many backslashes before it.
  bool ClosesAt(std::size_t at, std::string_view opening) const {
    if (text_[at] != opening.back()) return false;
    std::size_t backslashes = 0;
    while (backslashes < at && text_[at - 1 - backslashes] == '\\') ++backslashes;
    // More of them belong to the value, in pairs.
    return opening.size() == 1 ? backslashes % 2 == 0 : backslashes == opening.size() - 1;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> SecretsOfFragment(std::string_view text, const ConnectorSpec* spec) {
  std::vector<std::string> values;
  Fragment fragment(text.substr(0, kFragmentBytesMax));
  for (std::string_view name = fragment.NextName(); !name.empty(); name = fragment.NextName()) {
    if (!SoundsSecret(name) && (spec == nullptr || !spec->MarksSecret(name))) continue;
    const std::string_view value = fragment.Value();
    if (value.empty()) continue;
    values.emplace_back(value);
    // As it was meant.
    DecodedView view(value);
    for (int i = 0; i < 2 && view.HasEscape(); ++i) {
      view = DecodedView(view.JsonUnescaped().text());
      values.emplace_back(view.text());
    }
    if (values.size() >= kFragmentValuesMax) break;
  }
  return values;
}

std::vector<std::string> SecretValuesOf(std::string_view config, const ConnectorSpec* spec) {
  if (spec == nullptr) return SecretValuesByName(config);
  std::vector<std::string> values = spec->SecretValues(config);
  if (const std::optional<JsonSlice> json = ParseJson(config)) AddOAuthValues(*json, &values);
  return values;
}

std::string MaskConfig(std::string_view config, const ConnectorSpec* spec) {
  return spec != nullptr ? spec->Mask(config) : MaskByName(config);
}

std::vector<std::string> SecretsOfVariables(const std::map<std::string, std::string>& variables) {
  std::string json = "{";
  for (const auto& [name, value] : variables) {
    if (json.size() > 1) json += ',';
    json += JsonQuote(name) + ":" + JsonQuote(value);
  }
  return SecretValuesByName(json + "}");
}

std::vector<std::string> SecretsOfUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view authority = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  const std::size_t end = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (end == std::string_view::npos || colon == std::string_view::npos || colon > end) return {};
  const DecodedView password(authority.substr(colon + 1, end - colon - 1));
  return {std::string(password.PercentDecoded(DecodedView::Plus::kPlus).text())};
}

}  // namespace shunt
