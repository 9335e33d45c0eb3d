// Nearest: "did you mean ...?". Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

// How many characters must be inserted, removed, replaced or swapped with their neighbour (optimal
// string alignment). Time and space grow with the product of the sizes: words are short.
std::size_t Edits(std::string_view a, std::string_view b);
// As many edits as still look like a slip of who wrote `word`.
std::size_t EditsOfASlip(std::string_view word);

// The known word with the fewest edits from `word`, when they are few enough to be a slip; else "".
// `-` and `_` are the same.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> known);

// " (did you mean 'x'?)", or "" when nothing is near.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

}  // namespace shunt
