// Nearest: "did you mean ...?". Pure functions, thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

// The known word with the fewest edits from `word`, when they are few enough to be a slip; else "".
// `-` and `_` are the same.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> known);

// " (did you mean 'x'?)", or "" when nothing is near.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

}  // namespace shunt
