// JsonPattern: a `pattern` of JSON Schema (ECMA 262) as a regular expression of RE2, which matches
// in linear time whatever the pattern is. What RE2 has not (look-around, back-references) or finds
// too large is no pattern for us.
//
// Immutable, so thread-safe. Bounds: patterns of up to kPatternBytesMax bytes; a compiled one takes
// about twice kPatternMemoryMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace shunt {

inline constexpr std::size_t kPatternBytesMax = 4096;
inline constexpr int64_t kPatternMemoryMax = 512 << 10;

class JsonPattern {
 public:
  // Null when RE2 cannot take it.
  static std::unique_ptr<const JsonPattern> Compile(std::string_view pattern);
  ~JsonPattern();

  // Whether it matches anywhere in `text`.
  bool Matches(std::string_view text) const;

  // Instructions of the compiled program: a match may take that many steps for each byte.
  std::size_t size() const { return size_; }

 private:
  explicit JsonPattern(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
  std::size_t size_ = 0;
};

// Whether `pattern` is certainly none: an open bracket, a repetition of nothing. Patterns that ECMA
// 262 knows and RE2 does not are not broken.
bool IsBrokenPattern(std::string_view pattern);

}  // namespace shunt
