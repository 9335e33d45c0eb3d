// A line that repeats the shape of an earlier one is read as ParseState reads it, and a line that
// only looks like one is left to ParseState.
#include "protocol/state_reader.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Below;
using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::OneIn;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;

std::string Shown(const absl::StatusOr<StateMessage>& read) {
  if (!read.ok()) return std::string(read.status().message());
  const auto count = [](const std::optional<double>& value) {
    return value ? absl::StrCat(*value) : "none";
  };
  const CountSplice& splice = read->count_splice;
  return absl::StrCat(
      static_cast<int>(read->type), " ", read->stream.name, "|",
      read->stream.name_space.value_or("(none)"), " ", std::string(read->blob), " ",
      read->blob_is_null, " ", absl::Hex(read->digest.high), absl::Hex(read->digest.low), " ",
      count(read->source_record_count), " ", count(read->destination_record_count), " ",
      count(read->destination_rejected_count), " ",
      read->source_record_count && std::isnan(*read->source_record_count)
          ? "-"
          : absl::StrCat(splice.begin, "-", splice.end, splice.before, "N", splice.after));
}

std::string Stream(const std::string& descriptor, const std::string& blob,
                   const std::string& more = "") {
  return R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":)" + descriptor +
         R"(,"stream_state":)" + blob + "}" + more + "}}";
}

constexpr char kUsers[] = R"({"name":"users","namespace":"public"})";

TEST(StateReaderTest, LinesOfAKnownShapeAreReadAsParseStateReadsThem) {
  StateReader reader;
  ASSERT_TRUE(
      reader.Read(Stream(kUsers, R"({"n":1})", R"(,"sourceStats":{"recordCount":1.0})")).ok());
  const std::vector<std::string> known = {
      Stream(kUsers, R"({"n":2})", R"(,"sourceStats":{"recordCount":20})"),
      Stream(R"({"name":"größe","namespace":""})", R"([1,{"a":null}])",
             R"(,"sourceStats":{"recordCount":-1.5e3})"),
      Stream(kUsers, "null", R"(,"sourceStats":{"recordCount":1e400})") + " \r\n",
      Stream(kUsers, R"("}},\"sourceStats\"")", R"(,"sourceStats":{"recordCount":1})"),
  };
  for (const std::string& line : known) {
    EXPECT_TRUE(reader.Knows(line)) << line;
    EXPECT_EQ(Shown(reader.Read(line)), Shown(ParseState(line)));
  }
}

TEST(StateReaderTest, WhatOnlyLooksLikeIsLeftToParseState) {
  const std::string count = R"(,"sourceStats":{"recordCount":1.0})";
  const std::string first = Stream(kUsers, R"({"n":1})", count);
  const std::string deep = std::string(1021, '['), shut = std::string(1021, ']');
  const std::vector<std::string> others = {
      Stream(R"({"name":"a\u0062","namespace":"public"})", "{}", count),
      Stream("{\"name\":\"a\tb\",\"namespace\":\"public\"}", "{}", count),
      Stream("{\"name\":\"a\xff\",\"namespace\":\"public\"}", "{}", count),
      Stream(kUsers, "\"\xff\"", count),
      Stream(R"({"name":null,"namespace":"public"})", "{}", count),
      Stream(R"({"name":"users","namespace":7})", "{}", count),
      Stream(R"({"name":"users","namespace":null})", "{}", count),
      Stream(kUsers, R"({"n":01})", count),
      Stream(kUsers, R"({"n":1)", count),
      Stream(kUsers, R"({}})", count),
      Stream(kUsers, R"({},"stream_state":{})", count),
      Stream(kUsers, "[" + deep + shut + "]", count),
      Stream(kUsers, "{}", R"(,"sourceStats":{"recordCount":"1"})"),
      Stream(kUsers, "{}", R"(,"sourceStats":{"recordCount":null})"),
      Stream(kUsers, "{}", R"(,"sourceStats":{"recordCount":1,"recordCount":2})"),
      Stream(kUsers, "{}", count + ","),
      Stream(kUsers, "{}", count) + "x",
      Stream(kUsers, "{}", count) + first,
      first.substr(0, first.size() - 1),
  };
  for (const std::string& line : others) {
    StateReader reader;
    ASSERT_TRUE(reader.Read(first).ok());
    EXPECT_FALSE(reader.Knows(line)) << line;
    EXPECT_EQ(Shown(reader.Read(line)), Shown(ParseState(line))) << line;
  }
  // As deep as may be is known.
  StateReader reader;
  ASSERT_TRUE(reader.Read(first).ok());
  EXPECT_TRUE(reader.Knows(Stream(kUsers, deep + shut, count)));
}

TEST(StateReaderTest, WithoutATypeItDependsOnTheDataWhatAStateIs) {
  const auto line = [](const std::string& data) {
    return R"({"type":"STATE","state":{"data":)" + data +
           R"(,"stream":{"stream_descriptor":{"name":"s"},"stream_state":{"n":1}}}})";
  };
  ASSERT_NE(ParseState(line("1"))->type, ParseState(line("null"))->type);
  StateReader reader;
  ASSERT_TRUE(reader.Read(line("1")).ok());
  ASSERT_TRUE(reader.Knows(line("2")));
  EXPECT_EQ(Shown(reader.Read(line("2"))), Shown(ParseState(line("2"))));
  EXPECT_EQ(Shown(reader.Read(line("null"))), Shown(ParseState(line("null"))));
}

TEST(StateReaderTest, AMissingCountGoesWhereParseStateWouldWriteIt) {
  for (const char* stats : {"", R"(,"sourceStats":null)", R"(,"sourceStats":{})",
                            R"(,"sourceStats":{"recordCount":null})", R"(,"id":7)",
                            R"(,"sourceStats":{"x":1},"destinationStats":{"recordCount":5})"}) {
    StateReader reader;
    ASSERT_TRUE(reader.Read(Stream(kUsers, R"({"n":1})", stats)).ok());
    const std::string line =
        Stream(R"({"name":"longer_name","namespace":"p"})", R"([1,2,3])", stats);
    EXPECT_EQ(Shown(reader.Read(line)), Shown(ParseState(line)));
  }
}

// Lines of random shapes with random things in them, each shape several times, some of them
// damaged.
TEST(StateReaderPropertyTest, ReadsWhateverComesAsParseStateDoes) {
  uint64_t known = 0, read = 0;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    StateReader reader;
    const bool legacy = OneIn(rng, 4), turned = OneIn(rng, 3), with_namespace = OneIn(rng, 2);
    const uint64_t stats = Below(rng, 4);
    for (int i = 0; i < 8; ++i) {
      const std::string blob = Spell(rng, RandomValue(rng, 3));
      std::string descriptor = absl::StrCat(R"("stream_descriptor":{"name":"s)", Below(rng, 20));
      absl::StrAppend(&descriptor, with_namespace ? R"(","namespace":"n"})" : "\"}");
      const std::string state = R"("stream_state":)" + blob;
      std::string payload =
          legacy ? R"("data":)" + blob
                 : R"("type":"STREAM","stream":{)" +
                       (turned ? state + "," + descriptor : descriptor + "," + state) + "}";
      const std::string count = absl::StrCat(R"("recordCount":)", Below(rng, 1000), ".0");
      if (stats == 1) payload += R"(,"sourceStats":{)" + count + "}";
      if (stats == 2) payload = R"("sourceStats":{)" + count + "}," + payload;
      if (stats == 3) payload += R"(,"destinationStats":{"rejectedRecordCount":1,)" + count + "}";
      std::string line = R"({"type":"STATE","state":{)" + payload + "}}";
      if (OneIn(rng, 4)) line = Damage(rng, line);
      ++read;
      known += reader.Knows(line) ? 1 : 0;
      ASSERT_EQ(Shown(reader.Read(line)), Shown(ParseState(line))) << line;
    }
  }
  EXPECT_GT(known * 4, read) << "hardly a line was known";
}

}  // namespace
}  // namespace shunt
