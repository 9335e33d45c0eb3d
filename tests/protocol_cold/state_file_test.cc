// State as files hold it, and as a source takes it back.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "protocol/state.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {

// For messages of EXPECT_EQ.
void PrintTo(const StoredState& state, std::ostream* out) {
  *out << StateTypeName(state.type) << " " << state.stream.name << " " << state.blob;
}

namespace {

using ::shunt::testing::Below;
using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<StoredState> Parse(const std::string& text) {
  const absl::StatusOr<std::vector<StoredState>> states = ParseStateFile(text);
  EXPECT_TRUE(states.ok()) << text << ": " << states.status();
  return states.ok() ? *states : std::vector<StoredState>{};
}

StoredState Stream(const std::string& name, const std::string& blob) {
  return {StateType::kStream, {name, std::nullopt}, blob};
}

std::string StreamText(const std::string& name, const std::string& blob) {
  return R"({"type":"STREAM","stream":{"stream_descriptor":{"name":")" + name +
         R"("},"stream_state":)" + blob + "}}";
}

TEST(FormatStateArrayTest, WritesWhatASourceTakes) {
  EXPECT_EQ(FormatStateArray({}), "[]");
  EXPECT_EQ(FormatStateArray({{StateType::kStream, {"a\"", "n"}, R"({"x":1})"}, Stream("b", "[]")}),
            R"([{"type":"STREAM","stream":{"stream_descriptor":{"name":"a\"","namespace":"n"},)"
            R"("stream_state":{"x":1}}},)"
            R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"b"},"stream_state":[]}}])");
  EXPECT_EQ(FormatStateArray({{StateType::kGlobal, {}, R"({"stream_states":[]})"}}),
            R"([{"type":"GLOBAL","global":{"stream_states":[]}}])");
  EXPECT_EQ(FormatStateArray({{StateType::kLegacy, {}, "{}"}}), R"([{"type":"LEGACY","data":{}}])");
}

TEST(ParseStateFileTest, ReadsEveryFormThatPeopleHave) {
  const std::string message = StreamText("a", R"({"c": 1})");
  const std::string wrapped = R"({"type":"STATE","state":)" + message + "}";
  const StoredState expected = Stream("a", R"({"c": 1})");
  EXPECT_THAT(Parse("[" + message + "]"), ElementsAre(expected)) << "the array form";
  EXPECT_THAT(Parse("[\n" + wrapped + "\n]\n"), ElementsAre(expected));
  EXPECT_THAT(Parse(message), ElementsAre(expected)) << "one bare state message";
  EXPECT_THAT(Parse(wrapped), ElementsAre(expected)) << "one line of a connector's output";
  EXPECT_THAT(Parse(wrapped + "\r\n\n" + StreamText("b", "{}") + "\n"),
              ElementsAre(expected, Stream("b", "{}")))
      << "several lines";
  EXPECT_THAT(Parse(R"({"stream":{"stream_descriptor":{"name":"a"},"stream_state":{"c": 1}}})"),
              ElementsAre(expected))
      << "without a type";
  EXPECT_THAT(Parse("[]"), IsEmpty());
  EXPECT_THAT(Parse("{}"), IsEmpty()) << "the state of a first run";
}

TEST(ParseStateFileTest, ABareObjectIsALegacyState) {
  const auto legacy = [](const std::string& blob) {
    return std::vector<StoredState>{{StateType::kLegacy, {}, blob}};
  };
  EXPECT_EQ(Parse(R"( {"users": {"cursor":1}} )"), legacy(R"({"users": {"cursor":1}})"));
  EXPECT_EQ(Parse(R"([{"type":"LEGACY","data":{"cursor":1}}])"), legacy(R"({"cursor":1})"));
  EXPECT_EQ(Parse(R"({"data":{"cursor":1},"users":2})"),
            legacy(R"({"data":{"cursor":1},"users":2})"));
  EXPECT_EQ(Parse(R"({"type":"daily","x":1})"), legacy(R"({"type":"daily","x":1})"));
  // Streams may be called like members of a message.
  for (const char* name : {"data", "state", "stream", "global", "type", "streams"}) {
    const std::string bare = std::string(R"({")") + name + R"(":{"cursor":1}})";
    EXPECT_EQ(Parse(bare), legacy(bare));
  }
}

TEST(ParseStateFileTest, ReadsWhatThePlatformShows) {
  EXPECT_THAT(Parse(R"({"stateType":"stream","connectionId":"c-1","streamState":[)"
                    R"({"streamDescriptor":{"name":"orders","namespace":"shop"},)"
                    R"("streamState":{"seq": 9}},{"streamDescriptor":{"name":"b"}}]})"),
              ElementsAre(StoredState{StateType::kStream, {"orders", "shop"}, R"({"seq": 9})"}));
  const std::string global = R"({"stateType":"global","globalState":{"sharedState":{"lsn":3},)"
                             R"("streamStates":[{"streamDescriptor":{"name":"orders"},)"
                             R"("streamState":{"seq":9}}]}})";
  EXPECT_THAT(Parse(global),
              ElementsAre(StoredState{StateType::kGlobal,
                                      {},
                                      R"({"shared_state":{"lsn":3},"stream_states":[)"
                                      R"({"stream_descriptor":{"name":"orders"},)"
                                      R"("stream_state":{"seq":9}}]})"}));
  EXPECT_THAT(Parse(R"({"stateType":"global","globalState":{}})"),
              ElementsAre(StoredState{StateType::kGlobal, {}, R"({"stream_states":[]})"}));
  EXPECT_THAT(Parse(R"({"stateType":"legacy","connectionId":"c-1","state":{"orders":{"seq":9}}})"),
              ElementsAre(StoredState{StateType::kLegacy, {}, R"({"orders":{"seq":9}})"}));
  EXPECT_THAT(Parse(R"({"stateType":"not_set","connectionId":"c-1"})"), IsEmpty());
}

TEST(ParseStateFileTest, TheLastStateOfALaneCounts) {
  EXPECT_THAT(
      Parse(StreamText("a", "1") + "\n" + StreamText("b", "2") + "\n" + StreamText("a", "3")),
      ElementsAre(Stream("a", "3"), Stream("b", "2")));
  EXPECT_THAT(Parse("[" + StreamText("a", "1") + "," + StreamText("a", "null") + "]"), IsEmpty())
      << "a null state removes its lane";
  EXPECT_THAT(Parse(R"([{"type":"GLOBAL","global":{"stream_states":[]}},)"
                    R"({"type":"GLOBAL","global":{"stream_states":[],"x":1}}])"),
              ElementsAre(StoredState{StateType::kGlobal, {}, R"({"stream_states":[],"x":1})"}));
}

TEST(ParseStateFileTest, RefusesWhatIsNoState) {
  for (const std::string& text : {
           std::string(),
           std::string(" \n"),
           std::string("null"),
           std::string("5"),
           std::string("{"),
           std::string("[1]"),
           std::string(R"([{"cursor":1}])"),
           std::string(R"({"type":"STATE"})"),
           std::string(R"({"type":"STREAM"})"),
           std::string("{}\n{}"),
           std::string(R"({"stateType":"stream"})"),
           std::string(R"({"stateType":"stream","streamState":{}})"),
           std::string(R"({"stateType":"stream","streamState":[{"streamState":{}}]})"),
           std::string(R"({"stateType":"stream","streamState":[{"streamDescriptor":{}}]})"),
           std::string(R"({"stateType":"global","state":{}})"),
           std::string(R"({"stateType":"global","globalState":{"streamStates":{}}})"),
           std::string(R"({"stateType":"legacy","state":null})"),
           std::string(R"({"stateType":"other","state":{}})"),
           std::string(R"({"stateType":7})"),
           std::string(R"({"stateType":"not_set","stateType":"legacy","state":{}})"),
           "[" + StreamText("a", "{}") + R"(,{"type":"LEGACY","data":{}}])",
           StreamText("a", "{}") + "\n" + R"({"type":"RECORD","record":{}})",
           "[" + StreamText("a", "{}"),
           std::string("\xEF\xBB\xBF[]"),
       }) {
    EXPECT_EQ(ParseStateFile(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(ParseStateFilePropertyTest, FormatAndParseAreInverse) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const auto blob = [&](bool object) {
      testing::Value value = RandomValue(rng, 3);
      while (value.kind == testing::Value::Kind::kNull ||
             (object && value.kind != testing::Value::Kind::kObject)) {
        value = RandomValue(rng, 3);
      }
      return std::string(ParseJson(Spell(rng, value))->text);
    };
    std::vector<StoredState> states;
    const auto type = static_cast<StateType>(Below(rng, 3));
    if (type == StateType::kStream) {
      for (std::size_t n = Below(rng, 4); n > 0; --n) {
        states.push_back(Stream("s\n" + std::to_string(n), blob(false)));
        if (n % 2 == 1) states.back().stream.name_space = n == 1 ? "" : "\"\xC3\xA9";
      }
    } else if (type == StateType::kGlobal) {
      states.push_back({type, {}, R"({"stream_states":[],"shared_state":)" + blob(false) + "}"});
    } else {
      states.push_back({type, {}, blob(true)});
    }
    const std::string text = FormatStateArray(states);
    ASSERT_EQ(Parse(text), states) << text;
    ASSERT_EQ(FormatStateArray(Parse(text)), text);
    ParseStateFile(Damage(rng, text)).IgnoreError();
  }
}

}  // namespace
}  // namespace shunt
