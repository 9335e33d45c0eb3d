// Two readers of JSON live in protocol/: the classifier reads every line, JsonCursor the rare ones.
// A message that one of them takes and the other refuses would be lost or half understood, so they
// must agree (contract decision 3: one reading only).
#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "protocol/line_classifier.h"
#include "protocol/state.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::OneIn;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;

LineItem::Kind KindOf(LineClassifier& classifier, std::string line) {
  const std::size_t size = line.size();
  line.append(kLinePadding, '\0');
  ClassifiedBlock block;
  classifier.Classify(std::string_view(line).substr(0, size), &block);
  EXPECT_EQ(block.items.size(), 1u) << line;
  return block.items.size() == 1 ? block.items[0].kind : LineItem::Kind::kText;
}

std::string RandomText(Rng& rng) {
  std::string text = Spell(rng, RandomValue(rng, 3));
  if (!OneIn(rng, 3)) text = Damage(rng, text);
  std::replace(text.begin(), text.end(), '\n', ' ');  // a line is one line
  return text;
}

TEST(OneReadingTest, TheClassifierAndTheCursorTakeTheSameMessages) {
  LineClassifier classifier({.origin = Origin::kDestination}, nullptr);
  int good = 0;
  int bad = 0;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 10'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string value = RandomText(rng);
    const std::string line = R"({"type":"NEW","new":{"value":)" + value + "}}";
    const LineItem::Kind kind = KindOf(classifier, line + "\n");
    if (ParseJson(value)) {
      ASSERT_EQ(kind, LineItem::Kind::kOther) << line;
      ++good;
    } else {
      // Damage that closes brackets can still be a message, but then for both.
      ASSERT_TRUE(kind != LineItem::Kind::kOther || ParseJson(line)) << line;
      ++bad;
    }
  }
  EXPECT_GT(good, 1000);
  EXPECT_GT(bad, 1000);
}

TEST(OneReadingTest, AStateThatIsForwardedCanBeRead) {
  LineClassifier classifier({.origin = Origin::kDestination}, nullptr);
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 5000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string line =
        R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"s"},)"
        R"("stream_state":)" +
        RandomText(rng) + "}}}";
    const LineItem::Kind kind = KindOf(classifier, line + "\n");
    ASSERT_EQ(kind == LineItem::Kind::kState, ParseState(line).ok()) << line;
  }
}

}  // namespace
}  // namespace shunt
