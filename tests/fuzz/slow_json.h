// JSON as a tree, made from the automaton's tokens, and what its values mean: strings as code
// points, numbers as exact decimals, equality of values. Slow and plain on purpose.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shunt::fuzz {

struct SlowMember;

struct SlowValue {
  char kind = 'n';        // { [ " 0 (a number), t f n
  std::string_view text;  // exact, without blanks around it
  std::vector<SlowMember> members;
  std::vector<SlowValue> elements;

  bool is(char k) const { return kind == k; }
  // The values under a key that reads `key`, in order.
  std::vector<const SlowValue*> All(std::string_view key) const;
  const SlowValue* First(std::string_view key) const;
  std::string_view raw_string() const { return text.substr(1, text.size() - 2); }
};

struct SlowMember {
  std::string_view raw_key;
  SlowValue value;
};

std::optional<SlowValue> ReadSlow(std::string_view text);

// `raw`, the text between two quotes of a well-formed string, as code points. A lone surrogate
// stays one.
std::u32string SlowUnescape(std::string_view raw);
// The same as UTF-8; nothing for a lone surrogate.
std::optional<std::string> SlowString(std::string_view raw);

// The exact decimal that a number spells, in one form only.
std::string SlowNumber(std::string_view number);

// Equality as the contract means it (decision 6): members in any order, repeated ones counted.
bool SlowEquals(const SlowValue& a, const SlowValue& b);

// Whether `a` and `b` hold the same things in any order. Compares no two of them twice, so that
// sets in sets do not take for ever; `same` is an equivalence.
template <typename T, typename Same>
bool SameMultiset(const std::vector<T>& a, const std::vector<T>& b, Same same) {
  if (a.size() != b.size()) return false;
  std::vector<bool> taken(b.size());
  for (const T& one : a) {
    std::size_t i = 0;
    while (i < b.size() && (taken[i] || !same(one, b[i]))) ++i;
    if (i == b.size()) return false;
    taken[i] = true;
  }
  return true;
}

}  // namespace shunt::fuzz
