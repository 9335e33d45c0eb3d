#include "protocol/text_part.h"

#include <array>

#include "protocol/line_scanner.h"

namespace shunt {
namespace {

constexpr std::array<std::string_view, 2> kTypes = {R"("type":"RECORD")", R"("type":"STATE")"};
constexpr std::size_t kTypeBytesMax = kTypes[0].size();

// Reads a line byte by byte, as long as it may be one of the two.
class Reader {
 public:
  // False: what follows does not matter.
  bool Feed(char c) {
    if (c == '\n') {
      ended_ = true;
      return false;
    }
    if (IsBlank(c) && !in_string_) return true;
    brackets_ = brackets_ && (c == '{' || c == '[');
    if (brackets_) {
      any_ = true;
      return true;
    }
    if (any_ || size_ == kTypeBytesMax) return false;
    if (c == '"') in_string_ = !in_string_;
    head_[size_++] = c;
    return size_ > 1 || c == '"';
  }

  TextPart part() const {
    if (brackets_) return any_ && ended_ ? TextPart::kOpens : TextPart::kNone;
    const std::string_view head(head_.data(), size_);
    for (const std::string_view type : kTypes) {
      if (!any_ && head.starts_with(type)) return TextPart::kNamesType;
    }
    return TextPart::kNone;
  }

 private:
  std::array<char, kTypeBytesMax> head_{};  // without the blanks between tokens
  std::size_t size_ = 0;
  bool in_string_ = false;
  bool brackets_ = true;  // nothing else so far
  bool any_ = false;
  bool ended_ = false;
};

}  // namespace

TextPart TextPartOf(std::span<const std::string_view> parts) {
  Reader reader;
  for (const std::string_view part : parts) {
    for (const char c : part) {
      if (!reader.Feed(c)) return reader.part();
    }
  }
  return reader.part();
}

}  // namespace shunt
