#include "platform/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace shunt {
namespace {

char Fold(char c) { return c == '-' ? '_' : c; }

constexpr std::size_t kWordBytesMax = 64;

}  // namespace

std::size_t Edits(std::string_view a, std::string_view b) {
  const auto same = [&](std::size_t i, std::size_t j) { return Fold(a[i]) == Fold(b[j]); };
  std::vector<std::size_t> before, above, row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j] + (same(i, j) ? 0 : 1), row[j] + 1, above[j + 1] + 1});
      const bool swapped = i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j);
      if (swapped) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row[b.size()];
}

std::size_t EditsOfASlip(std::string_view word) {
  return std::max<std::size_t>(1, word.size() / 3);
}

std::string_view Nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > kWordBytesMax) return {};
  std::string_view nearest;
  std::size_t fewest = EditsOfASlip(word) + 1;
  for (std::string_view candidate : known) {
    const std::size_t edits = Edits(word, candidate);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view nearest = Nearest(word, known);
  if (nearest.empty()) return "";
  return " (did you mean '" + std::string(nearest) + "'?)";
}

}  // namespace shunt
