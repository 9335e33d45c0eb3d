// Proves that a finding is seen. The automaton against a reader with a planted bug: it takes a zero
// in front of an integer. `make fuzz` wants this target to fail within its time; its corpus, which
// is replayed, holds nothing that comes near the bug.

#include <string>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_automaton.h"

namespace shunt::fuzz {
namespace {

bool BuggyIsJson(std::string_view text) {
  if (text.size() == 3 && text.starts_with("-0") && text[2] >= '0' && text[2] <= '9') return true;
  return IsJson(text);
}

}  // namespace

std::vector<std::string_view> Outcomes() { return {"sound", "broken"}; }

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  Saw(IsJson(text) ? "sound" : "broken");
  FUZZ_CHECK(BuggyIsJson(text) == IsJson(text), "the planted bug");
  return 0;
}

}  // namespace shunt::fuzz
