// DecodedView: a text as it reads after some decodings, each byte with the raw bytes it came from.
// A secret has endless spellings ("/" or "\/", "a" or "\u0061"), so the input is decoded and
// searched rather than the spellings listed (reliability 5.4).
//
// A view is open when its text was cut: then an escape that the cut may have broken is left off, so
// that the view is a true beginning of what the whole text would have given.
//
// Pure; time and memory are linear in the text (8 bytes for each of its bytes), which has less than
// 4 GiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shunt {

class DecodedView {
 public:
  // The text itself.
  explicit DecodedView(std::string_view raw, bool open = false) : text_(raw), open_(open) {}
  // What somebody else decoded: byte i of `text` comes from the raw bytes [begins[i], ends[i]).
  DecodedView(std::string text, std::vector<uint32_t> begins, std::vector<uint32_t> ends, bool open)
      : text_(std::move(text)), begins_(std::move(begins)), ends_(std::move(ends)), open_(open) {}

  // After one JSON string unescape; also \', \xNN, \UNNNNNNNN, \u{N} and \x{N}, as Python,
  // JavaScript, Rust and our own logs write. Malformed escapes stay as they are.
  DecodedView JsonUnescaped() const;
  // After percent-decoding; in a form a blank is written as a plus.
  enum class Plus { kPlus, kBlank };
  DecodedView PercentDecoded(Plus plus) const;

  // Whether there is anything to decode.
  bool HasEscape() const;
  bool HasPercent() const;

  std::string_view text() const { return text_; }
  // Whether byte i is as it was in the text that this one was decoded from.
  bool untouched(std::size_t i) const { return touched_.empty() || !touched_[i]; }
  // It was not decoded from one in which runs of base64 could be looked for.
  bool all_untouched() const { return touched_.empty(); }
  bool open() const { return open_; }
  // Of the bytes [begin, end) of text(): where they begin and end in the raw text. Not empty.
  std::size_t raw_begin(std::size_t begin) const {
    return begins_.empty() ? begin : begins_[begin];
  }
  std::size_t raw_end(std::size_t end) const { return begins_.empty() ? end : ends_[end - 1]; }

 private:
  // An empty view with room for as much.
  DecodedView Begin() const;
  void Append(const DecodedView& from, std::string_view bytes, std::size_t begin, std::size_t end);

  std::string text_;
  std::vector<uint32_t> begins_, ends_;  // by byte; empty: the identity
  std::vector<bool> touched_;            // by byte; empty: none is
  bool open_ = false;
};

}  // namespace shunt
