#include "platform/posix_words.h"

#include <cstddef>
#include <optional>

#include "absl/status/status.h"

namespace shunt {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  absl::StatusOr<std::vector<std::string>> Split() {
    if (line_.find('\0') != std::string_view::npos) {
      return absl::InvalidArgumentError("a command cannot hold a NUL byte");
    }
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      absl::Status status;
      if (c == '\'') {
        status = SingleQuoted();
      } else if (c == '"') {
        status = DoubleQuoted();
      } else if (c == '\\') {
        status = Escaped();
      } else if (IsBlank(c)) {
        EndWord();
      } else {
        Word() += c;
      }
      if (!status.ok()) return status;
    }
    EndWord();
    return std::move(words_);
  }

 private:
  // Quotes begin a word even when nothing is between them.
  std::string& Word() {
    if (!word_) word_.emplace();
    return *word_;
  }

  void EndWord() {
    if (word_) words_.push_back(*std::move(word_));
    word_.reset();
  }

  absl::Status SingleQuoted() {
    const std::size_t end = line_.find('\'', at_);
    if (end == std::string_view::npos) {
      return absl::InvalidArgumentError("a single quote in the command is not closed");
    }
    Word() += line_.substr(at_, end - at_);
    at_ = end + 1;
    return absl::OkStatus();
  }

  absl::Status DoubleQuoted() {
    Word();
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == '"') return absl::OkStatus();
      // A backslash is special before these five only, and stays a backslash before all others.
      constexpr std::string_view kEscapable = "$`\"\\\n";
      const bool escapes =
          c == '\\' && at_ < line_.size() && kEscapable.find(line_[at_]) != std::string_view::npos;
      if (!escapes) {
        Word() += c;
        continue;
      }
      const char escaped = line_[at_++];
      if (escaped != '\n') Word() += escaped;
    }
    return absl::InvalidArgumentError("a double quote in the command is not closed");
  }

  absl::Status Escaped() {
    if (at_ == line_.size()) {
      return absl::InvalidArgumentError("the command ends with a lone backslash");
    }
    const char c = line_[at_++];
    if (c != '\n') Word() += c;  // backslash and newline continue the line
    return absl::OkStatus();
  }

  const std::string_view line_;
  std::size_t at_ = 0;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
};

bool NeedsQuotes(std::string_view word) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
  return word.empty() || word.find_first_not_of(kPlain) != std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitShellWords(std::string_view line) {
  return Splitter(line).Split();
}

std::string JoinShellWords(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!NeedsQuotes(word)) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      if (c == '\'') {
        line += "'\\''";
      } else {
        line += c;
      }
    }
    line += '\'';
  }
  return line;
}

}  // namespace shunt
