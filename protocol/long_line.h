// LongLineReader: judges one line that exceeds a block, handed over in parts, in constant memory.
// The rules are those of envelope.h, with one limit: a glued long line is malformed.
//
// Threads: one at a time.
#pragma once

#include <span>
#include <string_view>

#include "protocol/envelope_reader.h"
#include "protocol/text_scanner.h"
#include "protocol/validation.h"

namespace shunt {

class LongLineReader {
 public:
  explicit LongLineReader(Validation validation) : object_(validation) {}

  // The whole line; the LF at the end of the last part is optional.
  LineKind Read(std::span<const std::string_view> parts);
  // Of the message, after Read() returned one. Valid until the next call.
  const Envelope& envelope() { return object_.envelope(); }

 private:
  enum class Mode : uint8_t { kBlank, kBrace, kObject, kBehindObject, kText, kMalformed };
  void Feed(std::string_view part);
  LineKind Finish();

  EnvelopeReader object_;
  TextScanner text_;
  Mode mode_ = Mode::kBlank;
  bool text_objects_ = false;  // the object being read has others before it, none of them a message
};

// Whether the line in parts holds `needle` (a few bytes), also across parts.
bool PartsContain(std::span<const std::string_view> parts, std::string_view needle);

}  // namespace shunt
