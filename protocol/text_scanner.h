// TextScanner: reads a line that does not begin like a message, and finds the objects that end it
// and messages broken behind text (rules 9 and 10 of envelope.h). Linear in the line.
//
// At every `{` an object is tried. When it breaks, reading goes on at the byte in error: whatever
// was still open inside breaks there too, and of what was closed inside only the last can end the
// line. A message may follow an open quote, as in `{"a": "x {"type":...`: when an object breaks
// right behind a string that ends in `{` and blanks, it is tried again from that `{`.
//
// Behind text everything is validated in full: only then is it sure what broke where.
//
// Threads: one at a time. Bounds: 4 bytes per object that ends the line; constant when read in
// parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/envelope_reader.h"
#include "protocol/validation.h"

namespace shunt {

class TextScanner {
 public:
  TextScanner() : reader_(Validation::kFull, /*inner=*/true) {}

  // A whole line, without its LF. begins(): where the objects that end it begin.
  void Scan(std::string_view line);
  const std::vector<uint32_t>& begins() const { return begins_; }

  // The same in parts: Begin, Feed.., Finish. Then it is only known whether one of the objects that
  // end the line has a string `type`.
  void Begin();
  void Feed(std::string_view part);
  void Finish();
  bool ends_in_message() const { return ends_in_message_; }

  // Rule 10.
  bool broken_message() const { return broken_; }

 private:
  // What the bytes so far end in.
  struct Tail {
    enum class Kind : uint8_t { kOther, kBrace, kBraceQuote };  // `{` and blanks; these and a quote
    Kind kind = Kind::kOther;
    uint64_t brace = 0;
  };
  Tail TailBefore(std::string_view part, std::size_t at) const;

  std::size_t FindBrace(std::string_view part, std::size_t at);
  void Found();
  void Broke(std::string_view part, std::size_t at);
  void TakeInner();
  void ForgetObjects();

  EnvelopeReader reader_;
  bool trying_ = false;
  bool broken_ = false;
  bool in_parts_ = false;
  bool ends_in_message_ = false;
  uint64_t offset_ = 0;  // of the current part
  uint64_t begin_ = 0;   // of the object being tried
  uint64_t shift_ = 0;   // offset on the line of what reader_ counts as its byte 0; may wrap
  Tail tail_;            // before the current part
  std::vector<uint32_t> begins_;
};

}  // namespace shunt
