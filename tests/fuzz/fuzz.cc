#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace shunt::fuzz {
namespace {

std::map<std::string_view, uint64_t>& MutableOutcomes() {
  static auto& outcomes = *new std::map<std::string_view, uint64_t>;
  return outcomes;
}

}  // namespace

void Saw(std::string_view outcome) { ++MutableOutcomes()[outcome]; }

const std::map<std::string_view, uint64_t>& SeenOutcomes() { return MutableOutcomes(); }

void Finding(const char* file, int line, const char* condition, std::string_view detail) {
  std::fprintf(stderr, "FINDING %s:%d: %s\n%.*s\n", file, line, condition,
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

Settings::Settings(std::string_view* input) {
  letters_ = input->substr(0, input->find('\n'));
  input->remove_prefix(std::min(letters_.size() + 1, input->size()));
}

int Settings::Next(int limit) {
  if (letters_.empty()) return 0;
  const int value = static_cast<uint8_t>(letters_.front()) - 'a';
  letters_.remove_prefix(1);
  return (value % limit + limit) % limit;
}

std::vector<std::string_view> CutAnyhow(std::string_view text) {
  std::vector<std::string_view> pieces;
  uint64_t state = 14695981039346656037u;            // FNV-1a of the text, then a generator
  const std::size_t scale = 1 + text.size() / 4000;  // so that long texts do not take for ever
  for (const char c : text) state = (state ^ static_cast<uint8_t>(c)) * 1099511628211u;
  while (!text.empty()) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const uint64_t draw = state >> 40;
    const std::size_t size = (1 + draw % (draw % 4 == 0 ? 100 : 5)) * scale;
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace shunt::fuzz
