// Splitting a command line: the shell's quoting, and nothing else of the shell.
#include "platform/posix_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Split(std::string_view line) {
  absl::StatusOr<std::vector<std::string>> words = SplitShellWords(line);
  EXPECT_TRUE(words.ok()) << line << ": " << words.status();
  return words.value_or(std::vector<std::string>{});
}

TEST(SplitShellWordsTest, BlanksSeparate) {
  EXPECT_THAT(Split("  node\tmain.js \n --x "), ElementsAre("node", "main.js", "--x"));
  EXPECT_THAT(Split(""), IsEmpty());
  EXPECT_THAT(Split(" \t\n"), IsEmpty());
}

TEST(SplitShellWordsTest, SingleQuotesKeepEverything) {
  EXPECT_THAT(Split(R"(cmd 'a b' 'c\' 'd"e' '')"), ElementsAre("cmd", "a b", R"(c\)", "d\"e", ""));
}

TEST(SplitShellWordsTest, DoubleQuotesKnowFiveEscapes) {
  EXPECT_THAT(Split(R"("a b" "c\"" "\\ \$ \`" "\n\'")"),
              ElementsAre("a b", "c\"", "\\ $ `", R"(\n\')"));
  EXPECT_THAT(Split("\"a\\\nb\""), ElementsAre("ab")) << "a continued line";
}

TEST(SplitShellWordsTest, BackslashKeepsTheNextCharacter) {
  EXPECT_THAT(Split(R"(a\ b \'c \\ \n)"), ElementsAre("a b", "'c", "\\", "n"));
  EXPECT_THAT(Split("a\\\nb"), ElementsAre("ab"));
  EXPECT_THAT(Split("\\\n"), IsEmpty());
}

TEST(SplitShellWordsTest, PartsThatTouchAreOneWord) {
  EXPECT_THAT(Split(R"(--x='a b'"c"d'')"), ElementsAre("--x=a bcd"));
}

TEST(SplitShellWordsTest, NothingIsExpanded) {
  EXPECT_THAT(Split("echo $HOME *.c ~ | a;b #c >d"),
              ElementsAre("echo", "$HOME", "*.c", "~", "|", "a;b", "#c", ">d"));
}

TEST(SplitShellWordsTest, UnfinishedLinesAreErrors) {
  for (const std::string_view line : {"'a", "\"a", "\"a\\", "a\\", "\"a\\\""}) {
    EXPECT_EQ(absl::StatusCode::kInvalidArgument, SplitShellWords(line).status().code()) << line;
  }
  EXPECT_FALSE(SplitShellWords(std::string_view("a\0b", 3)).ok());
}

TEST(JoinShellWordsTest, PlainWordsStayReadable) {
  EXPECT_EQ("python3 -m pkg.mod --a=b 'c d' '' 'it'\\''s'",
            JoinShellWords({"python3", "-m", "pkg.mod", "--a=b", "c d", "", "it's"}));
}

// Property: whatever the words are, joined and split they are the same words.
TEST(JoinShellWordsTest, SplitIsItsInverse) {
  const unsigned seed = 20240607;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view kNasty = "ab '\"\\\n\t$`#|=\xc3\xa9";
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> words(1 + random() % 4);
    for (std::string& word : words) {
      for (std::size_t size = random() % 8; size > 0; --size) {
        word += kNasty[random() % kNasty.size()];
      }
    }
    const std::string line = JoinShellWords(words);
    EXPECT_EQ(words, Split(line)) << line;
  }
}

}  // namespace
}  // namespace shunt
