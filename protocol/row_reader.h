// RowReader: reads the `data` of records, and remembers what the rows of each stream look like.
//
// Threads: one at a time. Bounds: kTemplatesMax templates and one in the making (row_template.h), 4
// bytes per stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/object_scanner.h"
#include "protocol/row_template.h"

namespace shunt {

class RowReader {
 public:
  static constexpr std::size_t kTemplatesMax = 8;
  // The stream of rows whose stream is not known yet when they are read.
  static constexpr uint32_t kAnyStream = 0xFFFFFFFF;

  RowReader(Validation validation, std::size_t streams)
      : scanner_(validation), slots_(streams + 1) {}

  // The row whose `{` is at p; `stream` is its number in the catalog or kAnyStream. Returns what is
  // behind the row, at most `limit`; null when it is not known to be sound (object_scanner.h).
  const char* Read(uint32_t stream, const char* p, const char* limit);

 private:
  // What is known of a stream's rows. Rows that differ are studied ever more rarely.
  struct Slot {
    uint8_t known = 0;  // templates_[known - 1]; zero: none
    uint8_t pause = 0;  // how many different rows to let pass next time: 2^pause - 1
    uint16_t rows_to_learning = 0;
  };
  static constexpr uint8_t kPauseMax = 10;

  const char* ReadRest(const char* row, const RowTemplate::Match& match, const char* limit) const;
  void Learn(Slot* slot, std::string_view row);

  ObjectScanner scanner_;
  std::vector<Slot> slots_;
  std::array<std::unique_ptr<RowTemplate>, kTemplatesMax> templates_;
  uint8_t last_known_ = 0;  // of the row that fitted last; see Slot::known
  std::size_t templates_used_ = 0;
  std::size_t next_to_replace_ = 0;
  std::unique_ptr<RowTemplate> candidate_;
};

}  // namespace shunt
