// What people see of what connectors say: whole lines, masked, in order, and late enough for a
// secret that is told just after it was logged (reliability 5.4, "Time").
#include "stages/log_stage.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSecret[] = "a-token/that nobody+may=read";

// A connector that has said on stderr what `said` holds, and is silent until it says more.
class Talker final : public Connector {
 public:
  std::string said;
  bool ended = false;

  IoResult ReadLog(std::span<char> buffer) override {
    if (said.empty()) return {ended ? IoState::kEnd : IoState::kBlocked, 0, 0};
    const std::size_t bytes = std::min(said.size(), buffer.size());
    std::memcpy(buffer.data(), said.data(), bytes);
    said.erase(0, bytes);
    return {IoState::kBytes, bytes, 0};
  }
  IoResult ReadOutput(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  std::optional<ExitStatus> Exit() override { return std::nullopt; }
  void Terminate() override {}
  void Kill() override {}
};

struct Lines final : public EventSink {
  void Log(Origin origin, LogLevel, std::string_view text) override {
    lines.push_back(absl::StrCat(absl::string_view(OriginName(origin).data(), 1), ":",
                                 absl::string_view(text.data(), text.size())));
  }
  std::vector<std::string> lines;
};

struct Bench {
  Bench() : Bench(std::make_unique<Talker>()) { talker = static_cast<Talker*>(source.get()); }
  explicit Bench(std::unique_ptr<Connector> from) : source(std::move(from)) {
    destination.ended = true;
  }
  void Say(Origin origin, std::string text) {
    ASSERT_TRUE(sender.Send({origin, LogLevel::kInfo, std::move(text)}));
  }
  // Until nothing more happens at this moment.
  void Settle() {
    while (*stage.Run() == Step::kBusy) {
    }
  }
  void Pass(absl::Duration time) {
    clock.Advance(time);
    Settle();
  }

  ManualClock clock{absl::UnixEpoch()};
  std::unique_ptr<Connector> source;
  Talker* talker = nullptr;
  Talker destination;
  LogLane logs{4096, 1 << 20};
  LogLane::Sender sender{logs};
  Masker masker;
  Lines shown;
  RunState run;
  LogStage stage{*source, destination, logs, masker, shown, clock, run};
};

TEST(LogStage, ASecretThatIsToldJustAfterItWasLoggedIsMasked) {
  Bench bench;
  bench.talker->said = absl::StrCat("refreshed ", kSecret, "\n");
  bench.Say(Origin::kDestination, absl::StrCat("got ", kSecret));
  bench.Settle();
  bench.Pass(kLogHold - absl::Milliseconds(1));
  EXPECT_THAT(bench.shown.lines, IsEmpty());
  bench.masker.AddSecrets({kSecret});  // the config update has come
  bench.Pass(absl::Milliseconds(1));
  EXPECT_THAT(bench.shown.lines, ElementsAre("d:got **********", "s:refreshed **********"));
}

TEST(LogStage, OurOwnNoticesAreShownAtOnce) {
  Bench bench;
  bench.Say(Origin::kSource, "later");
  bench.Say(Origin::kShunt, "now");
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:now"));
  EXPECT_EQ(bench.stage.wait().at_most, kLogHold);
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:now", "s:later"));
  EXPECT_EQ(bench.stage.wait().at_most, absl::InfiniteDuration());
}

TEST(LogStage, NothingIsHeldAtTheEnd) {
  Bench bench;
  bench.talker->said = "the last words";
  bench.talker->ended = true;
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, IsEmpty()) << "a config update may still come";
  bench.sender.Close();
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:the last words"));
  EXPECT_EQ(*bench.stage.Run(), Step::kDone);
}

TEST(LogStage, WhatIsHeldIsBounded) {
  Bench bench;
  for (int i = 0; i < 10; ++i) {
    bench.talker->said = std::string(50'000, static_cast<char>('0' + i)) + "\n";
    bench.Settle();
  }
  ASSERT_THAT(bench.shown.lines, SizeIs(5)) << "the oldest, early";
  EXPECT_EQ(bench.shown.lines[0][2], '0');
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, SizeIs(10));

  Bench many;
  many.talker->said = std::string(2 * (kLogLinesPerSecond + 7), 'x');
  for (std::size_t i = 1; i < many.talker->said.size(); i += 2) many.talker->said[i] = '\n';
  many.Settle();
  many.Pass(kLogHold);
  ASSERT_THAT(many.shown.lines, SizeIs(1 + kLogLinesPerSecond));
  EXPECT_THAT(many.shown.lines[0], HasSubstr("7 log lines were not shown"));
}

TEST(LogStage, BytesASecondAreBounded) {
  Bench bench;
  for (int i = 0; i < 40; ++i) {
    bench.talker->said = std::string(50'000, '.') + "\n";
    bench.Settle();
  }
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, SizeIs(kLogBytesPerSecond / 50'000));
}

TEST(LogStage, ASecretOfSeveralShortLinesIsMaskedInOneMessage) {
  Bench bench;
  bench.masker.AddSecrets({"ab\ncd\nef"});
  bench.Say(Origin::kSource, "first\nsecret ab\ncd\nef\nlast");
  bench.Pass(kLogHold);
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:first", "s:secret **********", "s:last"));
}

TEST(LogStage, SaysOnceThatSomeValuesAreNotLookedFor) {
  Bench bench;
  bench.masker.AddSecrets({"ab", "true", kSecret});
  bench.Settle();
  bench.masker.AddSecrets({"abc"});
  bench.Say(Origin::kShunt, "config update");
  bench.Settle();
  ASSERT_THAT(bench.shown.lines, SizeIs(2));
  EXPECT_THAT(bench.shown.lines[0], HasSubstr("2 secret values are shorter than 6 bytes"));
}

// --- lines come in pieces ----------------------------------------------------------------------

std::vector<std::string> ShownOf(const std::string& stderr_text, std::size_t piece_bytes) {
  Bench bench(std::make_unique<MemorySource>(
      MemorySourceOptions{.log = stderr_text, .piece_bytes = piece_bytes}));
  bench.masker.AddSecrets(
      {kSecret, "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nAQEFAASCBKcwggSj\n"});
  bench.sender.Close();
  while (*bench.stage.Run() != Step::kDone) {
  }
  return std::move(bench.shown.lines);
}

TEST(LogStage, WhatIsShownDoesNotDependOnHowItWasCutIntoPieces) {
  const std::string text = absl::StrCat(
      "plain ", kSecret, " and ", kSecret, "\n\n",
      R"(json {"t":"a-token\/that \u006eobody+may=read"})", "\n",
      "url a-token%2Fthat+nobody%2Bmay%3Dread\nbase64 YS10b2tlbi90aGF0IG5vYm9keSttYXk9cmVhZA==\n",
      "MIIEvQIBADANBgkqhkiG\nAQEFAASCBKcwggSj\n", std::string(kMaskedLineBytesMax - 9, '.'),
      kSecret, std::string(9000, '.'), "\nlast ", kSecret);
  const std::vector<std::string> whole = ShownOf(text, 0);
  EXPECT_THAT(whole, ElementsAre("s:plain ********** and **********",
                                 R"(s:json {"t":"**********"})", "s:url **********",
                                 HasSubstr("s:base64 **********"), "s:**********", "s:**********",
                                 absl::StrCat("s:", std::string(kMaskedLineBytesMax - 9, '.'),
                                              "********** [cut]"),
                                 "s:last **********"));
  for (const std::size_t piece : {1, 2, 3, 7, 100, 4096}) EXPECT_EQ(ShownOf(text, piece), whole);
}

}  // namespace
}  // namespace shunt
