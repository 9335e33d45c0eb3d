// The small things everyone uses: checks, clocks, chance, the environment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "platform/check.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/environment.h"
#include "platform/files.h"
#include "platform/strings.h"
#include "platform/user.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(CheckDeathTest, SaysWhereAndWhatAndAborts) {
  SHUNT_CHECK(1 + 1 == 2);
  EXPECT_DEATH(SHUNT_CHECK(1 + 1 == 3), "bug: .*basics_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3");
}

TEST(ClockTest, MonotonicTimeNeverGoesBack) {
  const absl::Duration first = SystemClock().MonoNow();
  EXPECT_LE(first, SystemClock().MonoNow());
  EXPECT_GT(SystemClock().WallNow(), absl::FromUnixSeconds(1600000000));
}

TEST(ClockTest, ManualClockMovesByHand) {
  ManualClock clock(absl::FromUnixSeconds(100));
  clock.Advance(absl::Seconds(5));
  clock.StepWall(absl::Seconds(-50));
  EXPECT_EQ(absl::FromUnixSeconds(55), clock.WallNow());
  EXPECT_EQ(absl::Seconds(5), clock.MonoNow()) << "a wall step is none for deadlines";
}

class CountingEntropy final : public Entropy {
 public:
  void Fill(std::span<uint8_t> bytes) override {
    for (uint8_t& byte : bytes) byte = next_++;
  }

 private:
  uint8_t next_ = 0xf8;
};

TEST(EntropyTest, HexIdIsAFunctionOfTheBytes) {
  CountingEntropy entropy;
  EXPECT_EQ("f8f9fafbfcfdfeff0001020304050607", entropy.HexId());
}

TEST(EntropyTest, KernelGivesDifferentIds) {
  const std::string id = SystemEntropy().HexId();
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(32u, id.size());
  EXPECT_NE(id, SystemEntropy().HexId());
}

TEST(StringsTest, ViewsCrossTheBorderWithoutACopy) {
  const std::string_view text = "abc";
  EXPECT_EQ(text.data(), A(text).data());
  EXPECT_EQ(text, S(A(text)));
}

TEST(EnvironmentTest, UnsetDiffersFromEmpty) {
  ASSERT_EQ(0, ::setenv("SHUNT_TEST_EMPTY", "", 1));
  ASSERT_EQ(0, ::setenv("SHUNT_TEST_EQUALS", "a=b", 1));
  EXPECT_EQ("", GetEnv("SHUNT_TEST_EMPTY"));
  EXPECT_FALSE(GetEnv("SHUNT_TEST_UNSET").has_value());
  const std::map<std::string, std::string> all = AllEnv();
  EXPECT_EQ("", all.at("SHUNT_TEST_EMPTY"));
  EXPECT_EQ("a=b", all.at("SHUNT_TEST_EQUALS"));
}

TEST(FindExecutableTest, SearchesThePathInOrder) {
  const TempDir directory;
  ASSERT_TRUE(MakeDirs(directory / "first", 0700).ok());
  ASSERT_TRUE(MakeDirs(directory / "second/tool", 0700).ok()) << "a directory is no program";
  ASSERT_TRUE(MakeDirs(directory / "third", 0700).ok());
  ASSERT_TRUE(WriteNewFile(directory / "first/tool", "", 0600).ok());
  ASSERT_TRUE(WriteNewFile(directory / "third/tool", "", 0700).ok());
  const std::string path = directory / "first:" + (directory / "second:") + (directory / "third");
  EXPECT_EQ(directory / "third/tool", FindExecutable("tool", path).value());
  EXPECT_EQ(directory / "third/tool", FindExecutable(directory / "third/tool", "").value());

  const absl::Status denied = FindExecutable("tool", directory / "second").status();
  EXPECT_EQ(absl::StatusCode::kPermissionDenied, denied.code());
  const absl::Status missing = FindExecutable("no-such-tool", path).status();
  EXPECT_EQ(absl::StatusCode::kNotFound, missing.code());
  EXPECT_THAT(missing.ToString(), HasSubstr("no-such-tool"));
  EXPECT_FALSE(FindExecutable("", path).ok());
}

TEST(UserTest, IsFoundByNameAndByNumber) {
  for (const char* name : {"root", "0"}) {
    const absl::StatusOr<User> root = FindUser(name);
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_EQ(0u, root->uid);
    EXPECT_EQ("root", root->name);
    EXPECT_THAT(root->groups, ::testing::Contains(root->gid));
  }
  for (const char* name : {"no-such-user", "", "4000000000", "-1"}) {
    EXPECT_EQ(absl::StatusCode::kNotFound, FindUser(name).status().code()) << name;
  }
}

TEST(MemoryTest, PeakCoversWhatWasTouched) {
  constexpr std::size_t kBytes = 32 << 20;
  const int64_t before = MemoryBytes();
  EXPECT_GT(before, 0);
  {
    const std::vector<char> touched(kBytes, 1);
    EXPECT_EQ(1, touched[kBytes / 2]);
  }
  EXPECT_GE(PeakMemoryBytes(), before + static_cast<int64_t>(kBytes / 2));
}

}  // namespace
}  // namespace shunt
