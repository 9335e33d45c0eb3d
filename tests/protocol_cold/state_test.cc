// STATE lines as the router reads them: which lane, which blob, when two are equal, and how a
// missing record count is written into the line.
#include "protocol/state.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {
namespace {

using ::shunt::testing::Below;
using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::Mutate;
using ::shunt::testing::OneIn;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Line(const std::string& payload) {
  return R"({"type":"STATE","state":)" + payload + "}";
}

StateMessage Parse(const std::string& line) {
  const absl::StatusOr<StateMessage> message = ParseState(line);
  EXPECT_TRUE(message.ok()) << line << ": " << message.status();
  return message.ok() ? *message : StateMessage{};
}

JsonDigest DigestOf(const std::string& payload) {
  const std::string line = Line(payload);
  return Parse(line).digest;
}

std::string Apply(const std::string& line, const CountSplice& splice, const std::string& count) {
  return line.substr(0, splice.begin) + splice.before + count + splice.after +
         line.substr(splice.end);
}

TEST(ParseStateTest, ReadsAStreamState) {
  const std::string line =
      Line(
          R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"},)"
          R"("stream_state": {"cursor" : "2024"} },"sourceStats":{"recordCount":7.0},)"
          R"("destinationStats":{"recordCount":6},"id":3})") +
      "\r\n";
  const StateMessage message = Parse(line);
  EXPECT_EQ(message.type, StateType::kStream);
  EXPECT_EQ(message.stream, (StreamDescriptor{"users", "public"}));
  EXPECT_EQ(message.blob, R"({"cursor" : "2024"})") << "the source's bytes";
  EXPECT_FALSE(message.blob_is_null);
  EXPECT_EQ(message.digest, CanonicalDigest(R"({"cursor":"2024"})"));
  EXPECT_EQ(message.source_record_count, 7.0);
  EXPECT_EQ(message.destination_record_count, 6.0);
}

TEST(ParseStateTest, ReadsAGlobalState) {
  const std::string line =
      Line(R"({"type":"GLOBAL","global":{"shared_state":{"lsn":5},"stream_states":[)"
           R"({"stream_descriptor":{"name":"b","namespace":""},"stream_state":null},)"
           R"({"stream_descriptor":{"name":"a"},"stream_state":{"x":1}}]}})");
  const StateMessage message = Parse(line);
  EXPECT_EQ(message.type, StateType::kGlobal);
  EXPECT_THAT(message.global_streams,
              ElementsAre(StreamDescriptor{"b", ""}, StreamDescriptor{"a", std::nullopt}));
  EXPECT_TRUE(message.blob.starts_with(R"({"shared_state")")) << message.blob;
  EXPECT_FALSE(message.blob_is_null) << "a GLOBAL is one unit, nulls inside included";
}

TEST(ParseStateTest, ReadsALegacyState) {
  const std::string line = R"({"state":{"data":{"a":1}},"type":"STATE"})";
  const StateMessage message = Parse(line);
  EXPECT_EQ(message.type, StateType::kLegacy);
  EXPECT_EQ(message.blob, R"({"a":1})");
  EXPECT_EQ(message.digest, CanonicalDigest(R"({"a":1})"));
}

TEST(ParseStateTest, ANullOrAbsentStreamStateRemovesTheLane) {
  for (const char* state : {R"(,"stream_state":null)", R"(,"stream_state" : null )", ""}) {
    const std::string line =
        Line(std::string(R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"a"})") + state +
             "}}");
    const StateMessage message = Parse(line);
    EXPECT_TRUE(message.blob_is_null);
    EXPECT_EQ(message.blob, "null");
    EXPECT_EQ(message.digest, CanonicalDigest("null"));
  }
}

TEST(ParseStateTest, AnAbsentTypeMeansLegacyUnlessThePayloadSaysOtherwise) {
  const std::string stream = R"("stream":{"stream_descriptor":{"name":"a"},"stream_state":{}})";
  const std::string global = R"("global":{"stream_states":[]})";
  const auto type_of = [](const std::string& payload) { return Parse(Line(payload)).type; };
  EXPECT_EQ(type_of(R"({"data":{}})"), StateType::kLegacy);
  EXPECT_EQ(type_of(R"({"type":null,"data":{}})"), StateType::kLegacy);
  EXPECT_EQ(type_of("{" + stream + R"(,"data":{}})"), StateType::kLegacy);
  EXPECT_EQ(type_of("{" + stream + "}"), StateType::kStream);
  EXPECT_EQ(type_of("{" + stream + R"(,"global":null,"data":null})"), StateType::kStream);
  EXPECT_EQ(type_of("{" + global + "}"), StateType::kGlobal);
  EXPECT_EQ(type_of(R"({"type":"STREAM",)" + stream + R"(,"data":{"old":1}})"), StateType::kStream)
      << "data for old platforms beside the stream";
  EXPECT_FALSE(ParseState(Line("{" + stream + "," + global + "}")).ok());
}

TEST(ParseStateTest, RefusesAStateWithoutAUsablePayload) {
  for (const char* payload : {
           "null",
           "[]",
           "5",
           "{}",
           R"({"type":"STREAM"})",
           R"({"type":"stream","stream":{}})",
           R"({"type":5,"data":{}})",
           R"({"type":"LEGACY"})",
           R"({"type":"GLOBAL","data":{}})",
           R"({"type":"STREAM","stream":{}})",
           R"({"type":"STREAM","stream":[]})",
           R"({"type":"STREAM","stream":{"stream_state":{}}})",
           R"({"type":"STREAM","stream":{"stream_descriptor":{}}})",
           R"({"type":"STREAM","stream":{"stream_descriptor":{"name":1}}})",
           R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"\ud800"}}})",
           R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"a","namespace":1}}})",
           R"({"type":"GLOBAL","global":{"stream_states":{}}})",
           R"({"type":"GLOBAL","global":{"stream_states":[null]}})",
           R"({"type":"GLOBAL","global":{"stream_states":[{"stream_state":{}}]}})",
       }) {
    const absl::StatusOr<StateMessage> message = ParseState(Line(payload));
    EXPECT_EQ(message.status().code(), absl::StatusCode::kInvalidArgument) << payload;
  }
  EXPECT_FALSE(ParseState(R"({"type":"STATE"})").ok());
  EXPECT_FALSE(ParseState("{").ok());
  EXPECT_FALSE(ParseState("").ok());
}

TEST(ParseStateTest, RefusesTwoReadings) {
  const std::string descriptor = R"("stream_descriptor":{"name":"a"})";
  for (const std::string& payload : {
           R"({"type":"STREAM","stream":{)" + descriptor +
               R"(,"stream_state":{},"stream_state":1}})",
           R"({"type":"STREAM","stream":{)" + descriptor + "," + descriptor + "}}",
           std::string(
               R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"a","name":"b"}}})"),
           R"({"type":"STREAM","stream":{)" + descriptor + R"(},"stream":{}})",
           std::string(R"({"type":"GLOBAL","global":{"stream_states":[],"stream_states":[]}})"),
           std::string(R"({"type":"GLOBAL","global":{"stream_states":[],"shared_state":1,)"
                       R"("shared_state":2}})"),
       }) {
    EXPECT_FALSE(ParseState(Line(payload)).ok()) << payload;
  }
}

TEST(ParseStateTest, NoErrorQuotesTheLine) {
  const std::string secret = "hunter2";
  for (const std::string& payload :
       {R"({"type":")" + secret + "\"}", R"({"type":"STREAM","stream":")" + secret + "\"}",
        R"({"type":"GLOBAL","global":{"stream_states":[")" + secret + "\"]}}", "\"" + secret}) {
    const absl::Status status = ParseState(Line(payload)).status();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(std::string(status.message()).find(secret), std::string::npos) << status;
  }
}

TEST(StateDigestTest, AGlobalStateIsASetOfStreams) {
  const std::string a =
      R"({"stream_descriptor":{"name":"a","namespace":null},"stream_state":{"c":1}})";
  const std::string a_short = R"({"stream_state":{"c":1.0},"stream_descriptor":{"name":"a"}})";
  const std::string b = R"({"stream_descriptor":{"name":"b"},"stream_state":null})";
  const std::string b_short = R"({"stream_descriptor":{"name":"b"}})";
  const auto global = [](const std::string& shared, const std::string& streams) {
    return DigestOf(R"({"type":"GLOBAL","global":{)" + shared + R"("stream_states":[)" + streams +
                    "]}}");
  };
  const JsonDigest digest = global("", a + "," + b);
  EXPECT_EQ(global("", b + "," + a), digest) << "order";
  EXPECT_EQ(global(R"("shared_state":null,)", a + "," + b), digest) << "null shared_state";
  EXPECT_EQ(global("", a_short + "," + b_short), digest) << "null namespace and stream_state";
  EXPECT_NE(global(R"("shared_state":{},)", a + "," + b), digest);
  EXPECT_NE(global(R"("other":null,)", a + "," + b), digest) << "unknown members count as they are";
  EXPECT_NE(global("", a), digest);
  EXPECT_NE(global("", a + "," + b + "," + b), digest);
  EXPECT_NE(
      global("",
             R"({"stream_descriptor":{"name":"a","namespace":""},"stream_state":{"c":1}},)" + b),
      digest)
      << "an empty namespace is none of these";
  EXPECT_NE(global("", R"({"stream_descriptor":{"name":"a"},"stream_state":{"c":2}},)" + b),
            digest);
  EXPECT_NE(global("", R"({"stream_descriptor":{"name":"a"}},)"
                       R"({"stream_descriptor":{"name":"b"},"stream_state":{"c":1}})"),
            digest)
      << "states belong to their streams";
  EXPECT_NE(DigestOf(R"({"type":"GLOBAL","global":{"stream_states":[]}})"),
            DigestOf(R"({"type":"GLOBAL","global":{"stream_states":[],"shared_state":[]}})"));
}

TEST(StateDigestTest, AGlobalStateWithoutStreamsHasAnEmptyListOfThem) {
  const auto digest = [](const std::string& global) {
    return DigestOf(R"({"type":"GLOBAL","global":{)" + global + "}}");
  };
  const std::string shared = R"("shared_state":{"lsn":7})";
  EXPECT_EQ(digest(shared), digest(shared + R"(,"stream_states":[])"));
  EXPECT_EQ(digest(shared), digest(R"("stream_states":null,)" + shared));
  EXPECT_EQ(digest(""), digest(R"("stream_states":[])"));
  EXPECT_NE(digest(shared), digest(""));
  EXPECT_NE(digest(shared),
            digest(shared + R"(,"stream_states":[{"stream_descriptor":{"name":"a"}}])"));
}

TEST(StateDigestTest, OnlyTheBlobCounts) {
  const auto stream = [](const std::string& name, const std::string& rest) {
    return DigestOf(R"({"type":"STREAM","stream":{"stream_descriptor":{"name":")" + name +
                    R"("},"stream_state":{"a":1}})" + rest + "}");
  };
  EXPECT_EQ(stream("x", ""), stream("y", R"(,"id":9,"destinationStats":{"recordCount":1})"));
}

TEST(CountTest, NullCountsAsMissingAndNonsenseDoesNot) {
  const auto count = [](const std::string& stats) {
    return Parse(Line(R"({"data":{},"sourceStats":)" + stats + "}")).source_record_count;
  };
  EXPECT_EQ(count("null"), std::nullopt);
  EXPECT_EQ(count("{}"), std::nullopt);
  EXPECT_EQ(count(R"({"recordCount":null})"), std::nullopt);
  EXPECT_EQ(count(R"({"recordCount":-2.5})"), -2.5);
  for (const char* stats : {R"({"recordCount":"5"})", R"({"recordCount":1e400})", "[]", "3",
                            R"({"recordCount":1,"recordCount":null})"}) {
    const std::optional<double> value = count(stats);
    ASSERT_TRUE(value) << stats;
    EXPECT_TRUE(std::isnan(*value)) << stats << ": present, equal to nothing, not filled in";
  }
}

struct SpliceCase {
  const char* payload;
  const char* filled;
};

TEST(CountSpliceTest, WritesTheCountWhereItIsMissing) {
  for (const auto& [payload, filled] : std::vector<SpliceCase>{
           {R"({"data":{}})", R"({"data":{},"sourceStats":{"recordCount":5}})"},
           {R"({"data":{} })", R"({"data":{} ,"sourceStats":{"recordCount":5}})"},
           {R"({"data":{},"sourceStats":null})", R"({"data":{},"sourceStats":{"recordCount":5}})"},
           {R"({"sourceStats": {} ,"data":{}})",
            R"({"sourceStats": {"recordCount":5} ,"data":{}})"},
           {R"({"sourceStats":{ },"data":{}})", R"({"sourceStats":{ "recordCount":5},"data":{}})"},
           {R"({"sourceStats":{"recordCount": null},"data":{}})",
            R"({"sourceStats":{"recordCount": 5},"data":{}})"},
           {R"({"sourceStats":{"rejectedRecordCount":1.0},"data":{}})",
            R"({"sourceStats":{"rejectedRecordCount":1.0,"recordCount":5},"data":{}})"},
       }) {
    const std::string line = Line(payload) + "\n";
    const StateMessage message = Parse(line);
    ASSERT_FALSE(message.source_record_count) << payload;
    EXPECT_EQ(Apply(line, message.count_splice, "5"), Line(filled) + "\n");
  }
}

// A STATE line of any type around random blobs, with a random way of lacking a count.
std::string RandomStateLine(Rng& rng) {
  const auto blob = [&] { return Spell(rng, RandomValue(rng, 3)); };
  std::string payload;
  switch (Below(rng, 3)) {
    case 0:
      payload = R"("type":"STREAM","stream":{"stream_descriptor":{"name":"s"},"stream_state":)" +
                blob() + "}";
      break;
    case 1:
      payload = R"("type":"GLOBAL","global":{"shared_state":)" + blob() +
                R"(,"stream_states":[{"stream_descriptor":{"name":"s"},"stream_state":)" + blob() +
                "}]}";
      break;
    default:
      payload = R"("type":"LEGACY","data":)" + blob();
  }
  const std::vector<std::string> stats = {"",
                                          R"("sourceStats" : null)",
                                          R"("sourceStats": { })",
                                          R"("sourceStats":{"recordCount":null })",
                                          R"("sourceStats":{"x":{"recordCount":3}} )",
                                          R"("destinationStats":{"recordCount":1})"};
  const std::string extra = stats[Below(rng, stats.size())];
  if (!extra.empty()) payload = OneIn(rng, 2) ? payload + "," + extra : extra + "," + payload;
  return R"( {"type":"STATE", "state" : {)" + payload + "} } \r\n";
}

TEST(CountSplicePropertyTest, FillingInChangesNothingElse) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string line = RandomStateLine(rng);
    const StateMessage before = Parse(line);
    ASSERT_FALSE(before.source_record_count) << line;
    const CountSplice& splice = before.count_splice;
    ASSERT_LE(splice.begin, splice.end);
    ASSERT_LE(splice.end, line.size());
    const std::string replaced = line.substr(splice.begin, splice.end - splice.begin);
    ASSERT_TRUE(replaced.empty() || replaced == "null") << replaced;
    const std::string filled = Apply(line, splice, "42");
    const StateMessage after = Parse(filled);
    EXPECT_EQ(after.source_record_count, 42.0) << filled;
    EXPECT_EQ(after.digest, before.digest) << filled;
    EXPECT_EQ(after.blob, before.blob) << filled;
    EXPECT_EQ(after.destination_record_count, before.destination_record_count) << filled;
  }
}

TEST(StateDigestPropertyTest, FollowsTheMeaningOfTheBlob) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    testing::Value value = RandomValue(rng, 3);
    const auto global = [&] {
      return DigestOf(R"({"type":"GLOBAL","global":{"stream_states":[{"stream_state":)" +
                      Spell(rng, value) + R"(,"stream_descriptor":{"name":"s"}}]}})");
    };
    const JsonDigest digest = global();
    ASSERT_EQ(global(), digest);
    Mutate(rng, &value);
    ASSERT_NE(global(), digest);
  }
}

TEST(ParseStatePropertyTest, DamagedLinesAreHarmless) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 5000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const std::string line = Damage(rng, RandomStateLine(rng));
    const absl::StatusOr<StateMessage> message = ParseState(line);
    if (!message.ok()) continue;
    EXPECT_TRUE(ParseJson(line)) << line;
    EXPECT_TRUE(ParseJson(message->blob)) << message->blob;
    if (message->source_record_count) continue;
    EXPECT_TRUE(ParseJson(Apply(line, message->count_splice, "1"))) << line;
  }
}

}  // namespace
}  // namespace shunt
