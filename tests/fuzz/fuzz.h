// What a fuzz target is made of. A target is one file, <name>_fuzz.cc, that defines FuzzOne and
// Outcomes; fuzz.bzl makes two programs of it: a test that replays corpus/<name>/, and a libFuzzer
// program for `make fuzz`.
//
// FuzzOne compares a reading of ours with its twin, a slow one that shares no code with it. What
// must hold is a FUZZ_CHECK; it stays on in every build and ends the process, which is how both
// programs see a finding. An input means the same whatever was run before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shunt::fuzz {

// Defined by the target. Returns 0.
int FuzzOne(const uint8_t* data, std::size_t size);

// Defined by the target: what inputs can come to. The replay fails when the corpus leaves one out,
// so that a corpus which is refused at the door does not count as one that passes.
std::vector<std::string_view> Outcomes();

// FuzzOne says what an input came to; `outcome` lives for ever.
void Saw(std::string_view outcome);
const std::map<std::string_view, uint64_t>& SeenOutcomes();

// Prints both and ends the process.
[[noreturn]] void Finding(const char* file, int line, const char* condition,
                          std::string_view detail);

// The first line of an input, when it has settings: a letter each, 'a' is 0. Text, so that inputs
// can be written by hand.
class Settings {
 public:
  // Takes the line, and its LF, from the front of `input`.
  explicit Settings(std::string_view* input);
  // The next one, in [0, limit); 0 when there are no more.
  int Next(int limit);

 private:
  std::string_view letters_;
};

// `text` cut into pieces, many of them short, in a way that only the text decides.
std::vector<std::string_view> CutAnyhow(std::string_view text);

inline std::string_view AsText(const uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace shunt::fuzz

#define FUZZ_CHECK(condition, detail) \
  (static_cast<bool>(condition)       \
       ? static_cast<void>(0)         \
       : ::shunt::fuzz::Finding(__FILE__, __LINE__, #condition, (detail)))
