// The last words of a connector, as a report has them.
#include "stages/stderr_tail.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Tail(const std::string& text, const std::vector<std::string>& secrets = {}) {
  Masker masker;
  masker.AddSecrets(secrets);
  return StderrTail::Of(text, false, masker);
}

std::string Numbered(absl::string_view text, int lines) {
  std::string all;
  for (int i = 0; i < lines; ++i) absl::StrAppend(&all, text, i, "\n");
  return all;
}

TEST(StderrTail, IsTheLastLines) {
  EXPECT_EQ(Tail("one\n\ntwo\r\n   \nthree"), "one\ntwo\nthree");
  EXPECT_EQ(Tail(""), "");
  const std::string tail = Tail(Numbered("line ", 1000));
  EXPECT_THAT(tail, StartsWith(absl::StrCat("line ", 1000 - kTailLinesMax, "\n")));
  EXPECT_THAT(tail, EndsWith("line 999"));
  EXPECT_LE(Tail(Numbered(std::string(900, 'x'), 20)).size(), kTailBytesMax);
}

TEST(StderrTail, ATracebackIsWhole) {
  const std::string frames = Numbered("  File \"source.py\", line 7, in read_", 60);
  const std::string text = absl::StrCat(
      Numbered("INFO ", 100), "Traceback (most recent call last):\n", frames, "KeyError: 'id'\n\n",
      "During handling of the above exception, another exception occurred:\n\n",
      "Traceback (most recent call last):\n", frames, "RuntimeError: no id\n");
  const std::string tail = Tail(text);
  EXPECT_THAT(tail, StartsWith("Traceback (most recent call last):\n  File"));
  EXPECT_THAT(tail, HasSubstr("KeyError: 'id'\nDuring handling"));
  EXPECT_THAT(tail, HasSubstr("in read_59\nRuntimeError: no id"));
}

TEST(StderrTail, HasNoSecretNorRecordNorControlCharacter) {
  const std::string tail = Tail(
      "key ab-cd\nef-gh-ij\nwith \x1b[31m\xc2\x9b\n"
      "bad {\"type\":\"RECORD\",\"record\":{\"data\":\"Ada\"}}\nBearer abc-12345-def",
      {"ab-cd\nef-gh-ij"});
  EXPECT_EQ(tail,
            "key **********\nwith \\x1b[31m\\u009b\n[45 bytes that quote a record are not shown]\n"
            "Bearer **********");
}

TEST(StderrTail, NothingBeginsInTheMiddleOfASecret) {
  const std::string secret = "a-secret-that-is-long-enough-to-be-cut";
  Masker masker;
  masker.AddSecrets({secret});
  for (std::size_t shift = 0; shift < 2 * secret.size(); ++shift) {
    StderrTail::Keeper keeper;
    std::string line;
    while (line.size() < 500) line += secret + " ";
    std::string all(shift, '.');
    while (all.size() < 5 * kTailKeptMax) all += line + "\n";
    for (std::size_t at = 0; at < all.size(); at += 777) keeper.Add(all.substr(at, 777));
    EXPECT_THAT(keeper.Show(masker), Not(HasSubstr("cut"))) << shift;
  }
  StderrTail::Keeper keeper;
  keeper.Add(std::string(100'000, 'x') + secret.substr(10));
  EXPECT_EQ(keeper.Show(masker), "") << "one line without its beginning";
}

}  // namespace
}  // namespace shunt
