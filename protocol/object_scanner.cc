#include "protocol/object_scanner.h"

#include <immintrin.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "platform/check.h"
#include "protocol/json_lexemes.h"
#include "protocol/limits.h"

namespace shunt {
namespace {

// `p` points to a backslash inside of a string.
inline bool IsEscape(const char* p, const char* readable) {
  return readable - p >= 6 && EndOfEscape(p) != nullptr;
}

// `p` points to a byte that is no quote, bracket, comma, colon or blank.
inline bool IsScalar(const char* p, const char* readable) {
  if (readable - p < 32) return false;
  if (!IsDigit(*p) && *p != '-') return EndOfLiteral(p) != nullptr;
  const char* const last = readable - 18;  // a number's reader looks so far behind it
  const char* const end = EndOfNumber(p, last);
  return end != nullptr && end < last;
}

}  // namespace

namespace sse2 {
namespace {

// Every x86-64.
class Bytes64 {
 public:
  using Bits = __m128i;

  explicit Bytes64(const char* p) {
    for (int i = 0; i < 4; ++i) parts_[i] = _mm_loadu_si128(reinterpret_cast<const Bits*>(p) + i);
  }
  static Bits All(char c) { return _mm_set1_epi8(c); }
  uint64_t Equal(Bits all) const {
    return Mask([all](Bits part) { return _mm_cmpeq_epi8(part, all); });
  }
  uint64_t EqualFolded(Bits all, Bits bit) const {
    return Mask([all, bit](Bits part) { return _mm_cmpeq_epi8(_mm_or_si128(part, bit), all); });
  }
  uint64_t Bit5() const {
    return Mask([](Bits part) { return _mm_slli_epi16(part, 2); });
  }
  uint64_t HighBits() const {
    return Mask([](Bits part) { return part; });
  }
  uint64_t Controls() const {
    return Mask([](Bits part) { return IsControl(part); });
  }
  bool AnyControl() const {
    const Bits least =
        _mm_min_epu8(_mm_min_epu8(parts_[0], parts_[1]), _mm_min_epu8(parts_[2], parts_[3]));
    return _mm_movemask_epi8(IsControl(least)) != 0;
  }
  void AddHighBits(Bits* bits) const {
    *bits = _mm_or_si128(*bits, _mm_or_si128(_mm_or_si128(parts_[0], parts_[1]),
                                             _mm_or_si128(parts_[2], parts_[3])));
  }
  static bool Any(Bits bits) { return _mm_movemask_epi8(bits) != 0; }
  static uint64_t PrefixXor(uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
  }

 private:
  static Bits IsControl(Bits part) {
    return _mm_cmpeq_epi8(_mm_min_epu8(part, _mm_set1_epi8(0x1F)), part);
  }
  template <typename Function>
  uint64_t Mask(Function function) const {
    uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) {
      mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(function(parts_[i]))))
              << 16 * i;
    }
    return mask;
  }

  Bits parts_[4];
};

#include "protocol/object_scan_kernel.inc"

}  // namespace
}  // namespace sse2

// Only what stands between these lines is compiled for newer CPUs, and it is called only there.
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,pclmul,popcnt"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,pclmul,popcnt")
#endif

namespace avx2 {
namespace {

class Bytes64 {
 public:
  using Bits = __m256i;

  explicit Bytes64(const char* p)
      : low_(_mm256_loadu_si256(reinterpret_cast<const Bits*>(p))),
        high_(_mm256_loadu_si256(reinterpret_cast<const Bits*>(p + 32))) {}
  static Bits All(char c) { return _mm256_set1_epi8(c); }
  uint64_t Equal(Bits all) const {
    return Mask(_mm256_cmpeq_epi8(low_, all), _mm256_cmpeq_epi8(high_, all));
  }
  uint64_t EqualFolded(Bits all, Bits bit) const {
    return Mask(_mm256_cmpeq_epi8(_mm256_or_si256(low_, bit), all),
                _mm256_cmpeq_epi8(_mm256_or_si256(high_, bit), all));
  }
  uint64_t Bit5() const { return Mask(_mm256_slli_epi16(low_, 2), _mm256_slli_epi16(high_, 2)); }
  uint64_t HighBits() const { return Mask(low_, high_); }
  uint64_t Controls() const { return Mask(IsControl(low_), IsControl(high_)); }
  bool AnyControl() const {
    return _mm256_movemask_epi8(IsControl(_mm256_min_epu8(low_, high_))) != 0;
  }
  void AddHighBits(Bits* bits) const {
    *bits = _mm256_or_si256(*bits, _mm256_or_si256(low_, high_));
  }
  static bool Any(Bits bits) { return _mm256_movemask_epi8(bits) != 0; }
  static uint64_t PrefixXor(uint64_t bits) {
    const __m128i value = _mm_set_epi64x(0, static_cast<int64_t>(bits));
    return static_cast<uint64_t>(
        _mm_cvtsi128_si64(_mm_clmulepi64_si128(value, _mm_set1_epi8(-1), 0)));
  }

 private:
  static Bits IsControl(Bits part) {
    return _mm256_cmpeq_epi8(_mm256_min_epu8(part, _mm256_set1_epi8(0x1F)), part);
  }
  static uint64_t Mask(Bits low, Bits high) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(low))) |
           static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
  }

  Bits low_, high_;
};

#include "protocol/object_scan_kernel.inc"

}  // namespace
}  // namespace avx2

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace {

bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("popcnt");
}

ObjectScanner::StepFunction FindStep(ObjectScanner::Kernel kernel, bool full) {
  if (kernel == ObjectScanner::Kernel::kAvx2) return full ? avx2::Step<true> : avx2::Step<false>;
  return full ? sse2::Step<true> : sse2::Step<false>;
}

}  // namespace

ObjectScanner::Kernel ObjectScanner::BestKernel() { return Kernels().back(); }

std::span<const ObjectScanner::Kernel> ObjectScanner::Kernels() {
  static constexpr Kernel kAll[] = {Kernel::kSse2, Kernel::kAvx2};
  static const std::size_t count = HasAvx2() ? 2 : 1;
  return std::span(kAll).first(count);
}

std::string_view ObjectScanner::KernelName(Kernel kernel) {
  return kernel == Kernel::kAvx2 ? "avx2" : "sse2";
}

ObjectScanner::ObjectScanner(Validation validation, Kernel kernel)
    : step_(FindStep(kernel, validation == Validation::kFull)) {}

const char* ObjectScanner::ScanRest(const char* begin, const char* p, const char* limit,
                                    ObjectScanState state) const {
  // What is looked at behind the limit does not matter: an object that reaches it is refused.
  const Stop stop = step_(&state, p, limit, limit + kLinePadding);
  if (stop.unsure || stop.end == nullptr || stop.end > limit) return nullptr;
  if (state.non_ascii &&
      !simdjson::validate_utf8(begin, static_cast<std::size_t>(stop.end - begin))) {
    return nullptr;
  }
  return stop.end;
}

void ObjectScanner::Begin() {
  state_ = ObjectScanState::AtValue();
  seam_bytes_ = 0;
}

ObjectScanner::Progress ObjectScanner::Feed(std::string_view part, bool last, std::size_t* taken) {
  const std::size_t before = seam_bytes_;  // less than a step and what it looks ahead at
  std::size_t at = 0;                      // what of the part is done
  const char* end = nullptr;
  if (before > 0) {
    // As much of this part as the steps need that the bytes left over begin.
    const std::size_t steps_needed = (before + kStep - 1) / kStep;
    const std::size_t added = std::min(part.size(), steps_needed * kStep + kLookahead - before);
    std::memcpy(seam_.data() + before, part.data(), added);
    seam_bytes_ = before + added;
    const std::size_t steps = seam_bytes_ < kLookahead ? 0 : (seam_bytes_ - kLookahead) / kStep;
    Progress progress = Run(seam_.data(), steps, seam_.data() + seam_bytes_, &end);
    std::size_t moved = 0;  // how much of the seam was cut off before `end` was found
    if (progress == Progress::kMore && steps < steps_needed) {
      seam_bytes_ -= steps * kStep;
      std::memmove(seam_.data(), seam_.data() + steps * kStep, seam_bytes_);
      if (!last) return Progress::kMore;
      progress = FinishSeam(&end);
      moved = steps * kStep;
    }
    if (progress == Progress::kEnd) {
      const std::size_t size = moved + static_cast<std::size_t>(end - seam_.data());
      if (size < before) return Progress::kUnsure;
      *taken = size - before;
    }
    if (progress != Progress::kMore) return progress;
    at = steps * kStep - before;
  }
  const std::size_t rest = part.size() - at;
  const std::size_t steps = rest < kLookahead ? 0 : (rest - kLookahead) / kStep;
  Progress progress = Run(part.data() + at, steps, part.data() + part.size(), &end);
  if (progress == Progress::kEnd) *taken = static_cast<std::size_t>(end - part.data());
  if (progress != Progress::kMore) return progress;
  at += steps * kStep;
  seam_bytes_ = part.size() - at;
  std::memcpy(seam_.data(), part.data() + at, seam_bytes_);
  if (!last) return Progress::kMore;
  progress = FinishSeam(&end);
  if (progress == Progress::kEnd) *taken = at + static_cast<std::size_t>(end - seam_.data());
  return progress;
}

ObjectScanner::Progress ObjectScanner::Run(const char* p, std::size_t steps, const char* readable,
                                           const char** end) {
  const Stop stop = step_(&state_, p, p + steps * kStep, readable);
  *end = stop.end;
  if (stop.unsure) return Progress::kUnsure;
  return stop.end == nullptr ? Progress::kMore : Progress::kEnd;
}

// Nothing follows the seam: the object ends in it or not at all.
ObjectScanner::Progress ObjectScanner::FinishSeam(const char** end) {
  char* const seam_end = seam_.data() + std::exchange(seam_bytes_, 0);
  std::memset(seam_end, 0, kLinePadding);
  const std::size_t size = static_cast<std::size_t>(seam_end - seam_.data());
  const Progress progress =
      Run(seam_.data(), (size + kStep - 1) / kStep, seam_end + kLinePadding, end);
  return progress == Progress::kEnd && *end <= seam_end ? progress : Progress::kUnsure;
}

}  // namespace shunt
