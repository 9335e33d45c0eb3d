#include "secrets/command_secrets.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "platform/posix_words.h"
#include "platform/strings.h"
#include "protocol/spec.h"
#include "secrets/credential_shapes.h"
#include "secrets/secret_parts.h"

namespace shunt {
namespace {

// Stands for the mask until the words are joined: it needs no quotes.
constexpr std::string_view kHole = "zzSECRETzz";

constexpr int kNestedMax = 2;  // sh -c 'env TOKEN=x program'

class Command {
 public:
  explicit Command(int nested) : nested_(nested) {}

  // The words with their secrets masked.
  std::vector<std::string> Read(const std::vector<std::string>& words) {
    std::vector<std::string> shown;
    for (const std::string& word : words) {
      const std::string before = shown.empty() ? "" : words[shown.size() - 1];
      shown.push_back(FollowsSecretFlag(before, word) ? Hide(word)
                      : FollowsUserFlag(before, word) ? HideBehind(word, word.find(':') + 1)
                                                      : ReadWord(word));
    }
    return shown;
  }

  std::vector<std::string> TakeValues() { return std::move(values_); }

 private:
  static bool IsNumber(std::string_view word) {
    return !word.empty() &&
           std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  static std::string_view FlagName(std::string_view word) {
    if (!word.starts_with('-')) return {};
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    return word;
  }

  // -p is a port, a path or a pair of ports as often as a password.
  static bool FollowsSecretFlag(std::string_view before, std::string_view word) {
    if (word.empty() || word.starts_with('-')) return false;
    if (before == "-p")
      return word.find_first_of("/.:") == std::string_view::npos && !IsNumber(word);
    const std::string_view name = FlagName(before);
    return name.find('=') == std::string_view::npos && IsSecretFlag(name);
  }

  static bool FollowsUserFlag(std::string_view before, std::string_view word) {
    constexpr std::string_view kFlags[] = {"-u", "-U", "--user", "--proxy-user", "--userpwd"};
    return std::find(std::begin(kFlags), std::end(kFlags), before) != std::end(kFlags) &&
           word.find(':') != std::string_view::npos;
  }

  std::string Hide(std::string_view value) { return HideBehind(value, 0); }

  std::string HideBehind(std::string_view word, std::size_t begin) {
    if (begin < word.size()) values_.emplace_back(word.substr(begin));
    return std::string(word.substr(0, begin)).append(kHole);
  }

  std::string ReadWord(const std::string& word) {
    const std::string_view text = word;
    // --name=value, NAME=value, "Name: value"; the value of a harmless name may be of this kind
    // too.
    const std::size_t sign = text.find_first_of("=:");
    if (sign != std::string_view::npos && !text.substr(sign).starts_with("://")) {
      const std::string_view name =
          text.starts_with('-') ? FlagName(text.substr(0, sign)) : text.substr(0, sign);
      std::size_t value = sign + 1;
      while (value < text.size() && text[value] == ' ') ++value;
      if (value < text.size() && name.find_first_of(" {[\"'/") == std::string_view::npos) {
        if (IsSecretFlag(name)) return HideBehind(text, value);
        return word.substr(0, value) + ReadWord(word.substr(value));
      }
    }
    if (text.find("://") != std::string_view::npos) {
      // A command in a word may have more to hide than what stands in its URLs.
      const bool command = nested_ > 0 && text.find(' ') != std::string_view::npos;
      std::string shown = command ? ReadCommand(word) : word;
      return shown != word ? shown : Replace(word, PartsOfSecret(text));
    }
    if (text.starts_with('{')) {
      const std::vector<std::string> secrets = SecretValuesByName(text);
      if (!secrets.empty()) {
        values_.insert(values_.end(), secrets.begin(), secrets.end());
        return MaskByName(text);
      }
    }
    return nested_ > 0 && text.find(' ') != std::string_view::npos ? ReadCommand(word) : word;
  }

  std::string Replace(const std::string& word, const std::vector<std::string>& secrets) {
    std::string shown = word;
    for (const std::string& secret : secrets) {
      absl::StrReplaceAll({{secret, A(kHole)}}, &shown);
      values_.push_back(secret);
    }
    return shown;
  }

  std::string ReadCommand(const std::string& text) {
    const absl::StatusOr<std::vector<std::string>> words = SplitShellWords(text);
    if (!words.ok()) return text;
    Command inner(nested_ - 1);
    const std::vector<std::string> shown = inner.Read(*words);
    const std::vector<std::string> values = inner.TakeValues();
    if (values.empty()) return text;
    values_.insert(values_.end(), values.begin(), values.end());
    return JoinShellWords(shown);
  }

  const int nested_;
  std::vector<std::string> values_;
};

}  // namespace

std::vector<std::string> SecretsOfCommand(std::string_view command) {
  const absl::StatusOr<std::vector<std::string>> words = SplitShellWords(command);
  if (!words.ok()) return {};
  Command reader(kNestedMax);
  reader.Read(*words);
  return reader.TakeValues();
}

std::string MaskCommand(std::string_view command) {
  const absl::StatusOr<std::vector<std::string>> words = SplitShellWords(command);
  if (!words.ok()) return MaskCredentialShapes(command);
  Command reader(kNestedMax);
  const std::vector<std::string> shown = reader.Read(*words);
  if (reader.TakeValues().empty()) return std::string(command);
  return absl::StrReplaceAll(JoinShellWords(shown), {{A(kHole), A(kSecretMask)}});
}

}  // namespace shunt
