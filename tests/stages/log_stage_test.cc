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
  void Log(Origin origin, LogLevel level, std::string_view text) override {
    levels.push_back(level);
    lines.push_back(absl::StrCat(absl::string_view(OriginName(origin).data(), 1), ":",
                                 absl::string_view(text.data(), text.size())));
  }
  std::vector<std::string> lines;
  std::vector<LogLevel> levels;
};

struct Bench {
  explicit Bench(LogLevel level = LogLevel::kTrace) : Bench(std::make_unique<Talker>(), level) {
    talker = static_cast<Talker*>(source.get());
  }
  explicit Bench(std::unique_ptr<Connector> from, LogLevel level = LogLevel::kTrace)
      : source(std::move(from)),
        stage(*source, destination, logs, masker, shown, clock, run, level) {
    destination.ended = true;
  }
  void Say(Origin origin, std::string text) {
    ASSERT_TRUE(sender.Send({origin, LogLevel::kInfo, std::move(text)}));
  }
  // Until nothing more happens at this moment.
  void Settle() {
    Step step;
    do {
      if (drained) {
        for (OutputMark* mark : {&run.source_output, &run.destination_output}) {
          mark->answered.Set(mark->asked.Get());
        }
      }
      step = *stage.Run();
    } while (step == Step::kBusy);
  }
  void Pass(absl::Duration time) {
    clock.Advance(time);
    Settle();
  }

  bool drained = true;  // whoever reads the outputs has looked at all there is
  ManualClock clock{absl::UnixEpoch()};
  std::unique_ptr<Connector> source;
  Talker* talker = nullptr;
  Talker destination;
  LogLane logs{4096, 1 << 20};
  LogLane::Sender sender{logs};
  Masker masker;
  Lines shown;
  RunState run;
  LogStage stage;
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
}

std::string Numbered(absl::string_view text, uint64_t lines) {
  std::string all;
  for (uint64_t i = 0; i < lines; ++i) absl::StrAppend(&all, text, i, "\n");
  return all;
}

// --- nothing is overtaken ----------------------------------------------------------------------

TEST(LogStage, ALineOfStderrWaitsForTheOutputThatWasThereBeforeIt) {
  Bench bench;
  bench.drained = false;
  bench.talker->said = absl::StrCat("refreshed ", kSecret, "\n");
  bench.Say(Origin::kSource, "on the output itself");
  bench.Settle();
  EXPECT_EQ(bench.run.source_output.asked.Get(), 0u);
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:on the output itself"));
  ASSERT_EQ(bench.run.source_output.asked.Get(), 1u) << "about what is there after the hold";
  bench.Pass(absl::Hours(1));
  EXPECT_THAT(bench.shown.lines, SizeIs(1));
  EXPECT_LE(bench.stage.wait().at_most, absl::Seconds(1));
  bench.run.source_output.drained.Set(100);
  bench.run.source_output.answered.Set(1);
  bench.run.source_output.looked.Set(99);
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, SizeIs(1)) << "the update is read, and not yet looked at";
  bench.masker.AddRotated(Origin::kSource, {kSecret});
  bench.run.source_output.looked.Set(100);
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, ElementsAre(testing::_, "s:refreshed **********"));
}

TEST(LogStage, AnOutputThatIsNeverDrainedAnswersByItsBytes) {
  Bench bench;
  bench.drained = false;
  bench.run.source_bytes.Add(1000);
  bench.talker->said = "WARN slow\n";
  bench.Settle();
  bench.Pass(kLogHold);
  bench.run.source_output.looked.Set(1000 + kOutputInPipeMax - 1);
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, IsEmpty());
  bench.run.source_output.looked.Set(1000 + kOutputInPipeMax);
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:WARN slow"));
}

TEST(LogStage, OneConnectorsOutputDoesNotHoldTheOthersStderr) {
  Bench bench;
  bench.drained = false;
  bench.destination.ended = false;
  bench.talker->said = "of the source\n";
  bench.destination.said = "of the destination\n";
  bench.Settle();
  bench.Pass(kLogHold);
  bench.run.destination_output.answered.Set(1);
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, ElementsAre("d:of the destination"));
}

TEST(LogStage, LinesThatWouldOvertakeAreDroppedAndCountedWhenThereAreTooMany) {
  Bench bench;
  bench.drained = false;
  for (int i = 0; i < 10; ++i) {
    bench.talker->said += std::string(50'000, static_cast<char>('0' + i)) + "\n";
  }
  bench.Settle();
  EXPECT_THAT(bench.talker->said, testing::Not(IsEmpty())) << "left unread for an answer";
  EXPECT_EQ(bench.stage.wait().read_fd, -1);
  bench.Pass(kAnswerPatience);
  EXPECT_THAT(bench.talker->said, IsEmpty()) << "and not longer: nothing waits for the log";
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, IsEmpty());
  bench.drained = true;
  bench.Pass(absl::Seconds(2));
  ASSERT_THAT(bench.shown.lines, SizeIs(6));
  EXPECT_THAT(bench.shown.lines,
              testing::Contains(HasSubstr("5 more lines of the source's stderr were dropped: what "
                                          "stands before them in its output")));
  EXPECT_THAT(bench.shown.lines, testing::Contains("s:" + std::string(50'000, '9')));
}

TEST(LogStage, AtTheEndNothingIsWaitedFor) {
  Bench bench;
  bench.drained = false;
  bench.talker->said = "the last words\n";
  bench.talker->ended = true;
  bench.Settle();
  bench.sender.Close();
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:the last words"));
}

TEST(LogStage, KeepsTheLastOfEachStderr) {
  Bench bench(LogLevel::kFatal);
  bench.talker->said = absl::StrCat(Numbered("line ", 30'000), "ValueError: ", kSecret, "\n");
  bench.Settle();
  bench.masker.AddSecrets({kSecret});
  EXPECT_THAT(bench.stage.TailOf(Origin::kSource),
              testing::EndsWith("line 29999\nValueError: **********"));
  EXPECT_EQ(bench.stage.TailOf(Origin::kDestination), "");
}

// --- more than people may see ------------------------------------------------------------------

TEST(LogStage, LinesASecondAreBoundedAndTheRestCounted) {
  Bench bench;
  bench.talker->said = Numbered("INFO ", kLogLinesPerSecond + 1234);
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, SizeIs(kLogLinesPerSecond));
  EXPECT_EQ(bench.stage.wait().at_most, absl::Seconds(1) - kLogHold);
  bench.Pass(kLogHold);
  ASSERT_THAT(bench.shown.lines, SizeIs(kLogLinesPerSecond + 1)) << "once a second";
  EXPECT_THAT(bench.shown.lines.back(),
              HasSubstr("1234 more lines of the source's stderr were dropped"));
  bench.Pass(absl::Seconds(10));
  EXPECT_THAT(bench.shown.lines, SizeIs(kLogLinesPerSecond + 1));
  bench.talker->said = "INFO again\n";
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_EQ(bench.shown.lines.back(), "s:INFO again");
}

TEST(LogStage, BytesASecondAreBounded) {
  Bench bench;
  for (int i = 0; i < 40; ++i) {
    bench.talker->said = absl::StrCat("INFO ", i, std::string(50'000, '.'), "\n");
    bench.Settle();
  }
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, SizeIs(kLogBytesPerSecond / 50'000));
}

TEST(LogStage, ErrorsAreNotDroppedInAFloodOfMilderLines) {
  Bench bench;
  bench.talker->said =
      absl::StrCat(Numbered("INFO ", 5000), Numbered("ERROR no. ", 100), Numbered("WARN ", 5000));
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, SizeIs(kLogLinesPerSecond + 100));
  EXPECT_THAT(bench.shown.lines, ::testing::Contains("s:ERROR no. 99"));
  EXPECT_THAT(bench.shown.lines, ::testing::Not(::testing::Contains(HasSubstr("WARN"))));
}

// A flood costs no more than counting it, and its end is shown again.
TEST(LogStage, EveryLineOfAFloodIsShownOrCounted) {
  Bench bench;
  constexpr uint64_t kLines = 200'000;
  bench.talker->said = Numbered("line ", kLines);
  bench.Settle();
  bench.sender.Close();
  bench.talker->ended = true;
  bench.Settle();
  ASSERT_EQ(*bench.stage.Run(), Step::kDone);
  const uint64_t shown = bench.shown.lines.size() - 1;
  EXPECT_LT(shown, 2 * kLogLinesPerSecond);
  EXPECT_THAT(bench.shown.lines.back(),
              HasSubstr(absl::StrCat(kLines - shown, " more lines of the source's stderr")));
}

TEST(LogStage, LinesThatNeverReachedItAreCountedToo) {
  Bench bench;
  bench.run.source_log_lines_dropped.Add(3);
  bench.run.destination_log_lines_dropped.Add(1);
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, IsEmpty());
  bench.Pass(absl::Seconds(1));
  EXPECT_THAT(bench.shown.lines,
              ElementsAre(HasSubstr("3 more lines of the source's log were dropped"),
                          HasSubstr("1 more line of the destination's log was dropped")));
}

// --- the same line again -----------------------------------------------------------------------

TEST(LogStage, EqualLinesInARowAreShownOnceAndCounted) {
  Bench bench;
  for (int i = 0; i < 500; ++i) bench.Say(Origin::kSource, "waiting");
  for (int i = 0; i < 2; ++i) bench.Say(Origin::kDestination, "ready");
  for (int i = 0; i < 500; ++i) bench.Say(Origin::kSource, "waiting");
  bench.Say(Origin::kSource, "done");
  bench.Say(Origin::kDestination, "done");
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines,
              ElementsAre("s:waiting", "d:ready", "s:last line repeated 999 times", "s:done",
                          "d:ready", "d:done"));
}

TEST(LogStage, ALineThatGoesOnBeingRepeatedIsToldNowAndThen) {
  Bench bench;
  for (int i = 0; i < 12; ++i) {
    bench.Say(Origin::kSource, "waiting");
    bench.Pass(absl::Seconds(1));
  }
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:waiting", "s:last line repeated 6 times"));
  bench.sender.Close();
  bench.talker->ended = true;
  bench.Settle();
  EXPECT_EQ(bench.shown.lines.back(), "s:last line repeated 5 times") << "none is forgotten";
}

TEST(LogStage, OurOwnNoticesAreNeverCollapsed) {
  Bench bench;
  for (int i = 0; i < 3; ++i) bench.Say(Origin::kShunt, "stored");
  bench.Settle();
  EXPECT_THAT(bench.shown.lines, SizeIs(3));
}

// --- what a line is ----------------------------------------------------------------------------

TEST(LogStage, ALineThatQuotesARecordIsShownByItsLength) {
  Bench bench;
  const std::string quote =
      R"(cannot write {"type": "RECORD", "record": {"stream": "users", "data": {"name": "Ada"}}})";
  bench.Say(Origin::kDestination, quote);
  bench.talker->said = quote + "\n";
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_THAT(
      bench.shown.lines,
      ElementsAre(absl::StrCat("d:[", quote.size(), " bytes that quote a record are not shown]"),
                  absl::StrCat("s:[", quote.size(), " bytes that quote a record are not shown]")));
}

TEST(LogStage, StderrHasTheLevelThatItsLinesName) {
  Bench bench;
  bench.talker->said =
      "2024-05-06 07:08:09 [main] WARN a.B - x\n\tat a.B.c\nplain\n  indented\nDEBUG y\n";
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_EQ(bench.shown.levels,
            (std::vector<LogLevel>{LogLevel::kWarn, LogLevel::kWarn, LogLevel::kError,
                                   LogLevel::kError, LogLevel::kDebug}));
}

TEST(LogStage, WhatIsMilderThanAskedForIsNotShown) {
  Bench bench(LogLevel::kWarn);
  bench.talker->said = "INFO a\n  more of it\nWARN b\nplain\n";
  bench.Settle();
  bench.Pass(kLogHold);
  EXPECT_THAT(bench.shown.lines, ElementsAre("s:WARN b", "s:plain"));
}

TEST(LogStage, AMessageOfManyLinesIsCut) {
  Bench bench;
  bench.Say(Origin::kSource, Numbered("at ", 1000));
  bench.Settle();
  bench.Pass(kLogHold);
  ASSERT_THAT(bench.shown.lines, SizeIs(kLinesOfMessageMax + 1));
  EXPECT_EQ(bench.shown.lines.back(), "s:[the rest of this message is not shown]");
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
