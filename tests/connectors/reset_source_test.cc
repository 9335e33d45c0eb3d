// What a reset says to a destination, for each type of stored state (airbyte-semantics 2.19).
#include "connectors/reset_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const StreamDescriptor kUsers{"users", std::nullopt};
const StreamDescriptor kOrders{"orders \"1\"", "shop"};

ResetSourceOptions Of(std::vector<StreamDescriptor> streams, bool all,
                      std::vector<StoredState> states) {
  return {std::move(streams), all, std::move(states), absl::FromUnixMillis(7)};
}

// Everything that it says, read in pieces of so many bytes, one short text a line.
std::vector<std::string> Said(ResetSourceOptions options, std::size_t piece_bytes = 4096) {
  auto source = ResetSource::Create(std::move(options));
  EXPECT_TRUE(source.ok()) << source.status();
  if (!source.ok()) return {};
  std::string all;
  std::vector<char> buffer(piece_bytes);
  for (;;) {
    EXPECT_FALSE((*source)->Exit());
    const IoResult read = (*source)->ReadOutput(buffer);
    if (read.state == IoState::kEnd) break;
    all.append(buffer.data(), read.bytes);
  }
  EXPECT_TRUE((*source)->Exit()->clean());
  EXPECT_EQ((*source)->ReadOutput(buffer).state, IoState::kEnd);
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(all, '\n', absl::SkipEmpty())) {
    const std::string text(line);
    const auto message = ParseJson(text);
    EXPECT_TRUE(message) << text;
    const auto state = JsonFind(*message, "state");
    if (state) {
      EXPECT_TRUE(ParseState(text).ok()) << text;
      lines.emplace_back(state->text);
    } else {
      const auto status = *JsonFind(*JsonFind(*message, "trace"), "stream_status");
      const auto descriptor = *JsonFind(status, "stream_descriptor");
      lines.push_back(absl::StrCat(*JsonString(*JsonFind(descriptor, "name")), " ",
                                   *JsonString(*JsonFind(status, "status"))));
    }
  }
  return lines;
}

TEST(ResetSource, EachStreamHasItsOwnNullState) {
  const StoredState users{StateType::kStream, kUsers, R"({"id":7})"};
  for (const auto& stored : {std::vector<StoredState>{users}, std::vector<StoredState>{}}) {
    EXPECT_THAT(
        Said(Of({kUsers, kOrders}, true, stored)),
        ElementsAre(
            "users STARTED",
            R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":null}})",
            "users COMPLETE", "orders \"1\" STARTED",
            R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"orders \"1\"","namespace":"shop"},"stream_state":null}})",
            "orders \"1\" COMPLETE"));
  }
}

TEST(ResetSource, ReadInWhateverPieces) {
  const ResetSourceOptions options = Of({kUsers, kOrders}, true, {});
  const std::vector<std::string> whole = Said(options);
  for (const std::size_t piece : {1, 2, 7, 100}) EXPECT_EQ(Said(options, piece), whole);
}

constexpr char kGlobal[] =
    R"({"shared_state":{"lsn":1.0},"stream_states":[{"stream_descriptor":{"name":"users"},"stream_state":{"id":7}},{"stream_descriptor":{"name":"orders \"1\"","namespace":"shop"},"stream_state":{"id": 1e2}}]})";

TEST(ResetSource, OfAGlobalStateThePartsThatStayAreUntouched) {
  EXPECT_THAT(
      Said(Of({kUsers}, false, {{StateType::kGlobal, {}, kGlobal}})),
      ElementsAre(
          "users STARTED",
          R"({"type":"GLOBAL","global":{"shared_state":{"lsn":1.0},"stream_states":[{"stream_descriptor":{"name":"users"},"stream_state":null},{"stream_descriptor":{"name":"orders \"1\"","namespace":"shop"},"stream_state":{"id": 1e2}}]}})",
          "users COMPLETE"));
}

TEST(ResetSource, TheSharedStateGoesWithTheLastStream) {
  const StreamDescriptor more{"more", std::nullopt};
  const auto said = Said(Of({kUsers, kOrders, more}, false, {{StateType::kGlobal, {}, kGlobal}}));
  ASSERT_EQ(said.size(), 7u);
  EXPECT_EQ(
      said[3],
      R"({"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"users"},"stream_state":null},{"stream_descriptor":{"name":"orders \"1\"","namespace":"shop"},"stream_state":null},{"stream_descriptor":{"name":"more"},"stream_state":null}]}})");
  // All streams of the connection: also those that only the state knows.
  EXPECT_EQ(
      Said(Of({kUsers}, true, {{StateType::kGlobal, {}, kGlobal}}))[1],
      R"({"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"users"},"stream_state":null},{"stream_descriptor":{"name":"orders \"1\"","namespace":"shop"},"stream_state":null}]}})");
}

TEST(ResetSource, ALegacyStateGoesAsAWholeOrNotAtAll) {
  EXPECT_THAT(Said(Of({kUsers}, true, {{StateType::kLegacy, {}, R"({"a":1})"}})),
              ElementsAre("users STARTED", R"({"type":"LEGACY","data":null})", "users COMPLETE"));
  const auto part = ResetSource::Create(Of({kUsers}, false, {{StateType::kLegacy, {}, "{}"}}));
  ASSERT_EQ(part.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(part.status().message()), HasSubstr("no parts"));
}

TEST(ResetSource, AStateThatCannotBeReadIsSaid) {
  for (const char* global : {"{}", R"({"stream_states":[{}]})", R"({"stream_states":{}})"}) {
    EXPECT_FALSE(ResetSource::Create(Of({kUsers}, true, {{StateType::kGlobal, {}, global}})).ok());
  }
}

TEST(ResetSource, EndsWhenItIsTold) {
  auto source = ResetSource::Create(Of({kUsers, kOrders}, true, {}));
  ASSERT_TRUE(source.ok());
  std::vector<char> buffer(10);
  ASSERT_EQ((*source)->ReadOutput(buffer).state, IoState::kBytes);
  (*source)->Terminate();
  EXPECT_EQ((*source)->ReadOutput(buffer).state, IoState::kEnd);
  ASSERT_TRUE((*source)->Exit());
  EXPECT_FALSE((*source)->Exit()->clean());
  EXPECT_TRUE((*source)->Exit()->killed_by_us);
}

}  // namespace
}  // namespace shunt
