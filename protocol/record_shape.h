// RecordShape: the envelope of record lines as a connector prints it, line after line the same but
// for the stream's name, `emitted_at` and `data`. A line whose other bytes equal those of a line
// that was read and judged a record needs no second reading of its envelope: the same bytes, in the
// same place, have the same tokens and the same meaning.
//
// Threads: one at a time. Bounds: kBytesMax per shape.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/index_walker.h"

namespace shunt {

class RecordShape {
 public:
  static constexpr std::size_t kBytesMax = 512;  // of what is the same in all lines

  // Learns from a line (without LF) that is one object, judged a record, without a backslash.
  // `token` is its first index entry, `holes` what the walker noted. False: too long to be kept.
  bool Learn(std::string_view line, const char* base, const uint32_t* token,
             const RecordHoles& holes, const Envelope& envelope);

  // Reads a line from its first token on; `walker` has the line set. Returns the entry behind the
  // object, and the stream's name as written; null when the line differs, or has a broken value.
  const uint32_t* Read(const IndexWalker& walker, const char* base, uint32_t line_end,
                       const uint32_t* token, std::string_view* stream) const;

  bool learned() const { return segments_ > 0; }
  std::optional<std::string_view> name_space() const;

 private:
  enum class Hole : uint8_t { kStream, kEmittedAt, kData, kEnd };
  struct Segment {
    uint32_t begin = 0;  // in bytes_
    uint32_t size = 0;
    uint32_t tokens = 0;     // how many index entries it has
    Hole hole = Hole::kEnd;  // what follows it
  };
  static bool Equal(const char* a, const char* b, std::size_t size);
  void AddSegment(const char* begin, const char* end, std::ptrdiff_t tokens, Hole hole);

  std::array<Segment, 4> segments_list_{};
  int segments_ = 0;
  std::size_t bytes_used_ = 0;
  bool has_namespace_ = false;
  std::string name_space_;
  // Padded, because comparing reads whole vectors.
  std::array<char, kBytesMax + 16> bytes_{};
};

}  // namespace shunt
