// Replays a corpus: every file of the directory SHUNT_FUZZ_CORPUS through FuzzOne. A finding ends
// the process; the file named last is the one. SHUNT_FUZZ_FILE replays a single file instead.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/fuzz/fuzz.h"

namespace shunt::fuzz {
namespace {

void Replay(const std::filesystem::path& path) {
  std::cout << path.filename().string() << std::endl;  // now, before anything can happen
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  // In a buffer of its own size, for AddressSanitizer to see what is read behind it.
  const std::vector<char> input((std::istreambuf_iterator<char>(file)), {});
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  EXPECT_EQ(FuzzOne(bytes.data(), bytes.size()), 0);
}

TEST(Corpus, HoldsWhatItShould) {
  if (const char* one = std::getenv("SHUNT_FUZZ_FILE"); one != nullptr) return Replay(one);
  const char* folder = std::getenv("SHUNT_FUZZ_CORPUS");
  ASSERT_NE(folder, nullptr) << "SHUNT_FUZZ_CORPUS names no directory";
  std::set<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.insert(entry);
  }
  ASSERT_FALSE(files.empty()) << folder << " is empty";
  for (const auto& file : files) Replay(file);
  std::cout << "replayed " << files.size() << " inputs of " << folder << ":";
  for (const auto& [outcome, times] : SeenOutcomes()) {
    std::cout << ' ' << outcome << '=' << times;
  }
  std::cout << std::endl;
  for (const std::string_view outcome : Outcomes()) {
    EXPECT_TRUE(SeenOutcomes().contains(outcome)) << "no input comes to: " << outcome;
  }
}

TEST(Corpus, HasOnlyOutcomesThatAreListed) {
  const std::vector<std::string_view> outcomes = Outcomes();
  const std::set<std::string_view> listed(outcomes.begin(), outcomes.end());
  for (const auto& [outcome, times] : SeenOutcomes()) EXPECT_TRUE(listed.contains(outcome));
}

}  // namespace
}  // namespace shunt::fuzz
