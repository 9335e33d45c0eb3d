// RowGenerator: seeded, realistic rows as RECORD lines. Row n of a stream is a function of (seed,
// stream, n) alone, so a source that resumes from a state continues exactly where it would have
// been.
//
// Threads: const after construction, so thread-safe. Errors: none. Speed: about a GB/s of lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

struct RowOptions {
  uint64_t seed = 0;
  int record_bytes =
      450;  // of the line, newline included; below about 140 lines are as short as they get
};

class RowGenerator {
 public:
  RowGenerator(const RowOptions& options, std::string_view stream);

  // Appends the RECORD line of row `row` (0 is the first), newline included.
  void AppendLine(uint64_t row, std::string* out) const;

 private:
  void AppendRich(uint64_t row, std::string* out) const;
  void AppendCompact(uint64_t row, std::string* out) const;

  uint64_t seed_;
  std::size_t record_bytes_;
  std::string prefix_;  // {"type":"RECORD","record":{"stream":"...","data":{"id":
};

// The first names of a fixed list ("customers", "orders", ...), then "stream_9", "stream_10", ...
std::vector<std::string> StreamNames(int count);

// The json_schema of the rows, as JSON.
std::string_view RowSchemaJson();

}  // namespace shunt
