// StateReader: ParseState for lines that repeat themselves. A connector prints its STATE lines one
// like the other, but for the names of the stream, the blob and the counts. A line whose other
// bytes equal those of a line that was read needs no second reading of them: the same bytes, in the
// same place, mean the same. Lines that differ are read by ParseState, with the same result.
//
// Threads: one. Bounds: kShapes * StateShape::kBytesMax. Errors: those of ParseState.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/json_cursor.h"
#include "protocol/state.h"

namespace shunt {

// What STREAM and LEGACY lines have in common. (What a GLOBAL one lists is read anew each time.)
class StateShape {
 public:
  static constexpr std::size_t kBytesMax = 512;  // of what is the same in all lines

  // From a line that ParseState read as `message`. False: it has no shape that can be kept.
  bool Learn(std::string_view line, const StateMessage& message);
  bool learned() const { return !segments_.empty(); }
  // What ParseState would say, into a new message. False: that is for ParseState to say. With null
  // for `message`, whether it would be usable.
  bool Read(std::string_view line, StateMessage* message) const;

 private:
  // What differs between lines. Strings have no escapes; other values are read as they are.
  enum class Hole : uint8_t {
    kName,
    kNamespace,
    kBlob,
    kSourceCount,
    kDestinationCount,
    kRejectedCount,
    kEnd,
  };
  struct Segment {
    std::string before;  // the same in all lines
    Hole hole = Hole::kEnd;
  };
  struct Found {
    std::string_view text;
    Hole hole;
  };
  // What a line has in its holes; empty where it has none.
  struct Values {
    std::array<JsonSlice, static_cast<std::size_t>(Hole::kEnd)> of{};
    JsonDigest digest;  // of the blob, if it was asked for
    JsonSlice& operator[](Hole hole) { return of[static_cast<std::size_t>(hole)]; }
    const JsonSlice& operator[](Hole hole) const { return of[static_cast<std::size_t>(hole)]; }
  };
  std::vector<Found> FindHoles(std::string_view line) const;
  bool ReadHole(Hole hole, std::string_view* rest, bool with_digest, Values* values) const;
  void Fill(std::string_view line, const Values& values, StateMessage* message) const;

  StateType type_ = StateType::kLegacy;
  int blob_depth_ = 0;             // containers around the blob
  std::vector<Segment> segments_;  // the last one with kEnd
  // Where a missing count goes, in what follows the last hole, and how.
  CountSplice splice_;
  std::size_t splice_from_end_ = 0;  // bytes from there to behind the line's last brace
  std::size_t splice_bytes_ = 0;     // that it replaces
};

class StateReader {
 public:
  absl::StatusOr<StateMessage> Read(std::string_view line);
  // Whether it is a usable state like one before. False says nothing.
  bool Knows(std::string_view line);

 private:
  static constexpr std::size_t kShapes = 4;
  static constexpr uint32_t kLearningPauseMax = 1023;

  bool ReadKnown(std::string_view line, StateMessage* message);
  void Learn(std::string_view line, const StateMessage& message);

  std::array<StateShape, kShapes> shapes_;
  std::size_t newest_ = 0;
  // Lines that never repeat their shape are not studied each time: the pauses grow.
  uint32_t lines_to_learning_ = 0;
  uint32_t learning_pause_ = 0;
};

}  // namespace shunt
