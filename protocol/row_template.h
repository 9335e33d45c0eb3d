// RowTemplate: the keys, brackets and commas of a row as its stream prints it, record after record.
// Where a row's bytes equal those of a row that is known to be sound, only its values need reading:
// strings, numbers and literals. That is several times faster than any parsing.
//
// A template is a list of joints, the bytes between two values, each with the containers that are
// open in front of it. A joint may follow any value in front of which the same containers are open,
// so rows may leave out fields, and arrays may have any length. Where no joint fits, the rest of
// the row is for ObjectScanner, which goes on from the state reached.
//
// Threads: const after Learn. Bounds: kJointsMax and kMoreMax, 48 KiB together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/object_scanner.h"

namespace shunt {

class RowTemplate {
 public:
  static constexpr std::size_t kJointsMax = 1024;
  static constexpr std::size_t kMoreMax = 8192;  // bytes of joints beyond their first 16

  // Learns from a sound object, behind which kLinePadding bytes are readable. False, and nothing is
  // known: it has too much structure.
  bool Learn(std::string_view object);
  bool learned() const { return !joints_.empty(); }
  bool operator==(const RowTemplate& other) const;

  // How far a row is like this one.
  struct Match {
    const char* at = nullptr;  // behind the row when it ended, else behind a value, or its `{`
    bool ended = false;
    bool non_ascii = false;  // maybe: UTF-8 is not checked
    // The containers that are open at `at` (ObjectScanState), when the row has not ended.
    uint32_t depth = 0;
    uint64_t stack = 0;
  };
  // Reads from the `{` at p. `at` is at most `limit`, behind which kLinePadding bytes are readable.
  Match Read(const char* p, const char* limit) const;

 private:
  // The bytes between two values. The first 16 stand here, because few joints have more.
  struct Joint {
    std::array<char, 16> bytes{};
    uint32_t used = 0;   // one bit for each of those that is in use
    uint16_t size = 0;   // of the whole joint
    uint16_t more = 0;   // where the others begin in more_
    uint32_t depth = 0;  // of the open containers in front of it
    uint64_t stack = 0;  // and which
  };
  static constexpr std::ptrdiff_t kSearch = 8;  // how many joints are tried forwards and backwards

  bool AddJoint(std::string_view bytes, uint64_t stack, uint64_t depth);
  bool Fits(const Joint& joint, const char* p, const char* limit) const;
  const Joint* FindJoint(const Joint* expected, const char* p, const char* limit) const;

  std::vector<Joint> joints_;
  std::vector<char> more_;  // 16 bytes longer than what is in use: comparing reads whole vectors
};

}  // namespace shunt
