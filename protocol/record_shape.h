// RecordShape: the envelope of record lines as a connector prints it, line after line the same but
// for the stream's name, its namespace, `emitted_at` and `data`. A line whose other bytes equal
// those of a line that was read and judged a record needs no second reading of its envelope: the
// same bytes, in the same place, mean the same.
//
// Threads: const after Learn. Bounds: kBytesMax per shape.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/index_walker.h"

namespace shunt {

// As on the line, between the quotes, without escapes.
struct RecordNames {
  std::string_view stream;
  std::string_view name_space;  // when RecordShape::has_namespace()
  bool ascii = true;            // else their UTF-8 is not checked
};

class RecordShape {
 public:
  static constexpr std::size_t kBytesMax = 512;  // of what is the same in all lines

  // Learns from a line (without LF) that is one object, judged a record. `token` is its first index
  // entry, `holes` what the walker noted. False: it has no shape that can be kept.
  bool Learn(std::string_view line, const char* base, const uint32_t* token,
             const RecordHoles& holes, const Envelope& envelope);
  bool operator==(const RecordShape& other) const;
  bool learned() const { return segments_used_ > 0; }
  bool has_namespace() const { return has_namespace_; }
  // Whether ReadToData notes all names.
  bool names_before_data() const { return names_before_data_; }

  // A line in three parts: up to the `{` of data, data, and the rest up to the last bracket. Both
  // return where the part ends, and note the names in it; null when the line differs.
  // kLinePadding bytes behind `limit` are readable.
  const char* ReadToData(const char* p, const char* limit, RecordNames* names) const {
    return Read(0, p, limit, names);
  }
  const char* ReadBehindData(const char* p, const char* limit, RecordNames* names) const {
    return Read(behind_data_, p, limit, names);
  }

 private:
  enum class Hole : uint8_t { kStream, kNamespace, kEmittedAt, kData, kEnd };
  struct Segment {
    uint32_t begin = 0;  // in bytes_
    uint32_t size = 0;
    Hole hole = Hole::kEnd;  // what follows it
    bool operator==(const Segment&) const = default;
  };
  bool AddSegment(const char* begin, const char* end, Hole hole);
  const char* Read(std::size_t segment, const char* p, const char* limit, RecordNames* names) const;

  std::array<Segment, 5> segments_{};
  std::size_t segments_used_ = 0;
  std::size_t behind_data_ = 0;  // the segment
  std::size_t bytes_used_ = 0;
  bool has_namespace_ = false;
  bool names_before_data_ = false;
  // Padded, because comparing reads whole vectors.
  std::array<char, kBytesMax + 16> bytes_{};
};

}  // namespace shunt
