// Random JSON values for property tests: a value as an abstract tree, many spellings of it, and
// small changes of its meaning.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shunt::testing {

using Rng = std::mt19937_64;

// A seed that is new in each run would make tests depend on luck; this one only names the sequence.
// Every property test says SCOPED_TRACE(seed), so a failure can be repeated alone.
inline constexpr uint64_t kFirstSeed = 1;

inline std::size_t Below(Rng& rng, std::size_t bound) { return rng() % bound; }
inline bool OneIn(Rng& rng, std::size_t n) { return Below(rng, n) == 0; }

struct Value {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  // kNumber: 0.digits x 10^point; no zero at either end; no digits is zero.
  bool negative = false;
  std::string digits;
  int point = 0;
  std::u32string text;       // kString: code points, lone surrogates included
  std::vector<Value> items;  // kArray
  std::vector<std::pair<std::u32string, Value>> members;  // kObject, distinct keys
};

Value RandomValue(Rng& rng, int depth);

// One of the many texts that mean `value`: random blanks, member order, escapes and number formats.
std::string Spell(Rng& rng, const Value& value);

// Changes the meaning in one place.
void Mutate(Rng& rng, Value* value);

// Random damage to a text: bytes flipped, inserted, removed, repeated.
std::string Damage(Rng& rng, std::string text);

}  // namespace shunt::testing
