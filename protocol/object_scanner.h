// ObjectScanner: says where a JSON object ends and that it is sound, 64 bytes at a step, without
// looking at its tokens one by one.
//
// Each step turns 64 bytes into bitmaps (one bit per byte: quotes, commas, digits, ...) and states
// the grammar of RFC 8259 as rules between bitmaps: what follows a comma is the first bit behind
// it, the end of a string is where an addition carries to. Only brackets, literals, exponents and
// escapes are visited one at a time, so the time hardly depends on how many tokens there are. The
// rules are derived in docs/ARCHITECTURE.md ("Reading records"); strings as prefix sums follow
// Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28 (2019), section 3.1.
//
// It knows only one answer: "sound, and ends here". Everything else (broken, control characters,
// kStackDepthMax containers open or nearly so) is left to the thorough readers, EnvelopeReader and
// IndexWalker.
//
// Threads: one at a time. Bounds: constant memory; time linear in the bytes looked at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/limits.h"
#include "protocol/validation.h"

namespace shunt {

// What one step leaves for the next one. The bits are zero or one and stand for the first byte of
// the next step.
struct ObjectScanState {
  uint64_t inside = 0;  // all ones inside a string
  uint64_t stack = 0;   // the open containers, innermost in bit 0; one: an object
  uint64_t depth = 0;
  bool non_ascii = false;
  uint64_t escaped = 0;
  uint64_t key = 0;  // inside a string that stands where a key may stand
  uint64_t after_key = 0;
  uint64_t after_curly = 0;
  uint64_t after_square = 0;
  uint64_t after_comma = 0;
  uint64_t after_colon = 0;
  uint64_t scalar = 0;  // inside a number or literal, which was looked at as a whole

  // Where a value must come.
  static ObjectScanState AtValue() {
    ObjectScanState state;
    state.after_colon = 1;
    return state;
  }
};

class ObjectScanner {
 public:
  static constexpr int kStackDepthMax = 60;

  enum class Kernel : uint8_t { kSse2, kAvx2 };
  static Kernel BestKernel();
  // The kernels of this machine, slowest first.
  static std::span<const Kernel> Kernels();
  static std::string_view KernelName(Kernel kernel);

  explicit ObjectScanner(Validation validation, Kernel kernel = BestKernel());

  // `p` points to a `{`. Returns what is behind the matching `}`, at most `limit`; null when the
  // object is not known to be sound. REQUIRES: kLinePadding readable bytes behind `limit`.
  const char* Scan(const char* p, const char* limit) const {
    return ScanRest(p, p, limit, ObjectScanState::AtValue());
  }
  // The same for an object of which [begin, p) is done.
  const char* ScanRest(const char* begin, const char* p, const char* limit,
                       ObjectScanState state) const;

  // An object in parts, the first of which begins with its `{`. UTF-8 is left to the caller when
  // non_ascii() says so.
  void Begin();
  enum class Progress : uint8_t { kMore, kEnd, kUnsure };
  // `last`: there are no more parts. With kEnd, *taken is how much of the part belongs to the
  // object; one that ends within the last few bytes of a part is only found when that is the last.
  Progress Feed(std::string_view part, bool last, std::size_t* taken);
  bool non_ascii() const { return state_.non_ascii; }

  // Steps from `p` until an object ends or `limit` is reached, whichever is first. `readable`: how
  // far the object's own bytes are there to be looked ahead at.
  struct Stop {
    const char* end = nullptr;  // behind the object; null: not ended
    bool unsure = false;
  };
  using StepFunction = Stop (*)(ObjectScanState*, const char* p, const char* limit,
                                const char* readable);

 private:
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kLookahead = 32;  // the most that is looked at behind a step

  Progress Run(const char* p, std::size_t steps, const char* readable, const char** end);
  Progress FinishSeam(const char** end);

  StepFunction step_;
  ObjectScanState state_;
  // The end of the parts so far that makes no whole step with what it looks ahead at.
  std::array<char, 4 * kStep + kLinePadding> seam_{};
  std::size_t seam_bytes_ = 0;
};

}  // namespace shunt
