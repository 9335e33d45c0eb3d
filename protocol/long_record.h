// LongRecordReader: record lines that exceed a block, in parts, when their envelope has a known
// shape. Constant memory; the slow twin, which reads any line, is LongLineReader.
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/limits.h"
#include "protocol/object_scanner.h"
#include "protocol/record_shape.h"
#include "protocol/validation.h"

namespace shunt {

class LongRecordReader {
 public:
  using Parts = std::span<const std::string_view>;

  explicit LongRecordReader(Validation validation) : scanner_(validation) {}

  // Whether the line is a sound record of the shape, with its LF. The names are views of the line
  // and of this object, valid until the next call.
  bool Read(const RecordShape& shape, Parts line, RecordNames* names);

  // The line of a record with `{}` for its data, for a shape to be learned from; empty when there
  // is no telling. REQUIRES: the line is a sound record.
  std::optional<std::string> Outline(Parts line);

 private:
  static constexpr std::size_t kTailMax = 1024;

  // Reads the data, whose `{` is at that place of the first part, and copies what is behind it.
  bool ReadData(Parts line, std::size_t data);

  ObjectScanner scanner_;
  std::array<char, kTailMax + kLinePadding> tail_{};
  std::size_t tail_bytes_ = 0;
};

}  // namespace shunt
