// PatternSet against the obvious search.
#include "secrets/pattern_set.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Found = std::vector<std::pair<std::size_t, std::size_t>>;

Found Search(const std::vector<std::string>& patterns, std::string_view text) {
  Found found;
  PatternSet({patterns.begin(), patterns.end()})
      .Search(text, [&](std::size_t begin, std::size_t end) { found.emplace_back(begin, end); });
  return found;
}

// The longest pattern that ends at each position.
Found SearchSlowly(const std::vector<std::string>& patterns, std::string_view text) {
  Found found;
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& pattern : patterns) {
      if (text.substr(0, end).ends_with(pattern)) longest = std::max(longest, pattern.size());
    }
    if (longest > 0) found.emplace_back(end - longest, end);
  }
  return found;
}

TEST(PatternSet, FindsEveryEndWithTheLongestPattern) {
  EXPECT_THAT(Search({"he", "she", "hers"}, "ushers"), ElementsAre(Pair(1, 4), Pair(2, 6)));
}

TEST(PatternSet, NothingToLookForFindsNothing) {
  EXPECT_THAT(Search({}, "text"), IsEmpty());
  EXPECT_THAT(Search({""}, "text"), IsEmpty());
  EXPECT_THAT(Search({"text"}, ""), IsEmpty());
}

TEST(PatternSet, BytesOfAllValues) {
  EXPECT_THAT(Search({std::string("\0\xff", 2)}, std::string_view("a\0\xff", 3)),
              ElementsAre(Pair(1, 3)));
}

std::size_t Begun(const std::vector<std::string>& patterns, std::string_view text) {
  return PatternSet({patterns.begin(), patterns.end()}).Search(text, [](std::size_t, std::size_t) {
  });
}

std::size_t BegunSlowly(const std::vector<std::string>& patterns, std::string_view text) {
  std::size_t longest = 0;
  for (std::string_view pattern : patterns) {
    for (std::size_t length = 1; length <= pattern.size(); ++length) {
      if (text.ends_with(pattern.substr(0, length))) longest = std::max(longest, length);
    }
  }
  return longest;
}

TEST(PatternSet, TellsWhatMayBecomeAnOccurrence) {
  EXPECT_EQ(Begun({"secret"}, "my secr"), 4u);
  EXPECT_EQ(Begun({"secret"}, "my secrit"), 0u);
  EXPECT_EQ(Begun({"secret", "et cetera"}, "secret"), 6u);
}

TEST(PatternSet, AgreesWithTheObviousSearch) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto word = [&](uint64_t length) {
      std::string text;
      for (uint64_t i = 0; i < length; ++i) text.push_back(static_cast<char>('a' + random() % 2));
      return text;
    };
    std::vector<std::string> patterns;
    for (uint64_t i = 0; i < 1 + random() % 6; ++i) patterns.push_back(word(1 + random() % 5));
    const std::string text = word(60);
    EXPECT_EQ(Search(patterns, text), SearchSlowly(patterns, text));
    EXPECT_EQ(Begun(patterns, text), BegunSlowly(patterns, text));
  }
}

}  // namespace
}  // namespace shunt
