// Durations, sizes and counts as people type and read them; "did you mean".
#include "cli/units.h"

#include <gtest/gtest.h>

#include <array>

#include "platform/nearest.h"

namespace shunt {
namespace {

TEST(UnitsTest, DurationsAreReadWithUnits) {
  EXPECT_EQ(*ParseDuration("3h"), absl::Hours(3));
  EXPECT_EQ(*ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(*ParseDuration("10s"), absl::Seconds(10));
  EXPECT_EQ(*ParseDuration("500ms"), absl::Milliseconds(500));
  EXPECT_EQ(*ParseDuration("0"), absl::ZeroDuration());
  for (const char* bad : {"", "10", "-1s", "inf", "soon", "3 h"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(UnitsTest, BytesAreReadWithDecimalAndBinaryUnits) {
  EXPECT_EQ(*ParseBytes("0"), 0);
  EXPECT_EQ(*ParseBytes("67108864"), 67'108'864);
  EXPECT_EQ(*ParseBytes("64MiB"), 67'108'864);
  EXPECT_EQ(*ParseBytes("64 mib"), 67'108'864);
  EXPECT_EQ(*ParseBytes("8MB"), 8'000'000);
  EXPECT_EQ(*ParseBytes("1.5kB"), 1'500);
  EXPECT_EQ(*ParseBytes("2GiB"), int64_t{2} << 30);
  for (const char* bad :
       {"", "MiB", "-1", "8M", "1.5", "1e3", "64MiBs", "99999999GiB", "nan", "inf"}) {
    EXPECT_FALSE(ParseBytes(bad).ok()) << bad;
  }
}

TEST(UnitsTest, NumbersAreShownForReading) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1'234'567), "1,234,567");
  EXPECT_EQ(FormatBytes(812), "812 B");
  EXPECT_EQ(FormatBytes(21.44e6), "21.4 MB");
  EXPECT_EQ(FormatMiB(int64_t{64} << 20), "64.0 MiB");
  EXPECT_EQ(FormatElapsed(absl::Milliseconds(412)), "0.41 s");
  EXPECT_EQ(FormatElapsed(absl::Seconds(247)), "4:07");
  EXPECT_EQ(FormatElapsed(absl::Seconds(8049)), "2:14:09");
}

TEST(NearestTest, ASlipIsRecognisedAndAStrangerIsNot) {
  constexpr std::array<std::string_view, 3> known = {"memory_budget", "source", "state"};
  EXPECT_EQ(Nearest("memory-budget", known), "memory_budget");
  EXPECT_EQ(Nearest("sorce", known), "source");
  EXPECT_EQ(Nearest("soruce", known), "source");
  EXPECT_EQ(Nearest("stat", known), "state");
  EXPECT_EQ(Nearest("x", known), "");
  EXPECT_EQ(Nearest("destination", known), "");
  EXPECT_EQ(DidYouMean("sorce", known), " (did you mean 'source'?)");
  EXPECT_EQ(DidYouMean("zzz", known), "");
}

}  // namespace
}  // namespace shunt
