// LongLineReader: judges one line that exceeds a block, handed over in parts, in constant memory.
// The rules are those of envelope.h, with one limit: a glued long line is malformed.
//
// Bytes go through EnvelopeReader; inside of data, stretches of up to kSkimBytes go through the
// block index instead, which is several times faster.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "protocol/envelope_reader.h"
#include "protocol/structural_index.h"
#include "protocol/text_scanner.h"
#include "protocol/validation.h"

namespace shunt {

class LongLineReader {
 public:
  // `index` is borrowed while reading; it takes blocks of up to `index_bytes_max`.
  LongLineReader(Validation validation, StructuralIndex* index, std::size_t index_bytes_max)
      : object_(validation), index_(*index), skim_bytes_(std::min(kSkimBytes, index_bytes_max)) {}

  // The whole line; the LF at the end of the last part is optional.
  LineKind Read(std::span<const std::string_view> parts);
  // Of the message, after Read() returned one. Valid until the next call.
  const Envelope& envelope() { return object_.envelope(); }

 private:
  enum class Mode : uint8_t { kBlank, kBrace, kObject, kBehindObject, kText, kMalformed };
  static constexpr std::size_t kSkimBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kSkimBytesMin = 512;  // less is not worth it

  void Feed(std::string_view part);
  // Take some bytes of the object, at least one; return how many.
  std::size_t FeedObject(std::string_view bytes);
  std::size_t Skim(std::string_view slice);
  bool BuildIndex(std::string_view* slice);
  LineKind Finish();

  EnvelopeReader object_;
  StructuralIndex& index_;
  const std::size_t skim_bytes_;
  TextScanner text_;
  Mode mode_ = Mode::kBlank;
  bool ended_ = false;         // by an LF
  bool text_objects_ = false;  // the object being read has others before it, none of them a message
};

// Whether the line in parts holds `needle` (a few bytes), also across parts.
bool PartsContain(std::span<const std::string_view> parts, std::string_view needle);

}  // namespace shunt
