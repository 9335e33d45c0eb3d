// DecodedView: a text as it reads after one decoding, each byte with the raw bytes it came from. A
// secret has endless spellings ("/" or "\/", "a" or "\u0061"), so the input is decoded and searched
// rather than the spellings listed (reliability 5.4).
//
// Pure; time and memory are linear in the text (16 bytes for each of its bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

class DecodedView {
 public:
  // The text itself.
  explicit DecodedView(std::string_view raw);

  // After one JSON string unescape; malformed escapes stay as they are.
  DecodedView JsonUnescaped() const;
  // After percent-decoding.
  DecodedView PercentDecoded() const;

  std::string_view text() const { return text_; }
  // Of the bytes [begin, end) of text(): where they begin and end in the raw text. Not empty.
  std::size_t raw_begin(std::size_t begin) const {
    return begins_.empty() ? begin : begins_[begin];
  }
  std::size_t raw_end(std::size_t end) const { return begins_.empty() ? end : ends_[end - 1]; }

 private:
  DecodedView() = default;
  void Append(const DecodedView& from, std::string_view bytes, std::size_t begin, std::size_t end);

  std::string text_;
  std::vector<std::size_t> begins_, ends_;  // by byte; empty: the identity
};

}  // namespace shunt
