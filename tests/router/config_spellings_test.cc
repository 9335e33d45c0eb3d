// A connector that spells a config update in its own way: whatever it writes, as long as it names a
// connector config, the line ends as an update with a verdict, or quarantined with an alert.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "connectors/memory_connector.h"
#include "router/router.h"
#include "tests/router/harness.h"

namespace shunt::testing {
namespace {

constexpr uint32_t kSeed = 20261201;
constexpr int kLines = 1000;

struct Sink final : public EventSink {
  void Log(Origin, LogLevel, std::string_view text) override {
    absl::StrAppend(&texts, std::string(text), "\n");
  }
  std::string texts;
};

// Writes one line of which some part names a connector config.
class Speller {
 public:
  explicit Speller(uint32_t seed) : random_(seed) {}

  std::string Line(const std::string& token) {
    std::string line;
    do line = Damage(Message(token));
    while (!Names(line) || line.find(token) == std::string::npos);
    return line;
  }

 private:
  using Members = std::vector<std::string>;

  std::size_t Pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  std::string OneOf(const Members& choices) { return choices[Pick(choices.size())]; }
  void Add(const std::string& member, Members* members) {
    if (!member.empty())
      members->insert(members->begin() + static_cast<std::ptrdiff_t>(Pick(members->size() + 1)),
                      member);
  }
  std::string Object(const Members& members) { return "{" + absl::StrJoin(members, ",") + "}"; }

  std::string Time() {
    return OneOf({"", "", R"("emitted_at":1700000000001)", R"("emitted_at":17.5)",
                  R"("emitted_at":"soon")", R"("emitted_at":null)"});
  }

  std::string Config(const std::string& token) {
    const std::string config = absl::StrCat(R"({"token":")", token, R"("})");
    Members members;
    // Half of them are sound, so that enough of the lines are updates.
    if (Pick(2) == 0) {
      Add(R"("config":)" + config, &members);
      Add(Time(), &members);
      return R"("connectorConfig":)" + Object(members);
    }
    Add(OneOf({R"("config":)", R"("config":)", R"("config":)", R"("Config":)", R"("data":)"}) +
            OneOf({config, config, config, config, "[" + config + "]"}),
        &members);
    Add(Time(), &members);
    Add(OneOf({"", "", "", R"("note":1)"}), &members);
    const std::string key =
        OneOf({"connectorConfig", "connectorConfig", "connectorConfig", "connector_config",
               "ConnectorConfig", "connectorconfig", R"(connector\u0043onfig)", "update"});
    return absl::StrCat("\"", key, "\":", Object(members));
  }

  std::string Control(const std::string& token) {
    Members members;
    Add(OneOf({R"("type":"CONNECTOR_CONFIG")", R"("type":"CONNECTOR_CONFIG")",
               R"("type":"ORCHESTRATOR")", R"("type":"connector_config")", R"("type":7)",
               R"("type":"CONNECTOR\u005fCONFIG")", ""}),
        &members);
    Add(Config(token), &members);
    Add(Time(), &members);
    return Object(members);
  }

  std::string Message(const std::string& token) {
    Members members;
    Add(OneOf({R"("type":"CONTROL")", R"("type":"CONTROL")", R"("type":"CONTROL")",
               R"("type":"ORCHESTRATOR")", R"("type":"CONNECTOR_CONFIG")", R"("type":"CONFIG")",
               R"("type":"control")", R"("type":"Control")", R"("type":"LOG")", R"("type":"STATE")",
               R"("type":"TRACE")", R"("type":"SPEC")", R"("type":null)", ""}),
        &members);
    switch (Pick(6)) {
      case 0:
        Add(Config(token), &members);
        break;
      case 1:
        Add(R"("orchestrator":)" + Control(token), &members);
        break;
      case 2:
        Add(absl::StrCat(R"("control":[)", Control(token), "]"), &members);
        break;
      default:
        Add(R"("control":)" + Control(token), &members);
    }
    Add(Time(), &members);
    return Object(members);
  }

  std::string Damage(std::string line) {
    switch (Pick(24)) {
      case 0:
        return "2026-12-01 INFO sent " + line;
      case 1:
        return RecordOf(0, 3) + line;
      case 2:
        return line + " " + RecordOf(0, 3);
      case 3:
        return line.substr(0, line.size() - 1 - Pick(20));
      case 4:
        return line + " and so on";
      case 5:
        return "\xEF\xBB\xBF" + line;
      case 6:
        return "  " + absl::StrReplaceAll(line, {{":", " : "}, {",", " , "}}) + "\r";
      case 7:
        return R"({"type":"LOG","log":{"level":"INFO","message":")" +
               absl::StrReplaceAll(line, {{"\\", "\\\\"}, {"\"", "\\\""}}) + "\"}}";
      default:
        return line;
    }
  }

  // A log line may speak of a config; one that quotes the very key does not.
  static bool Names(const std::string& line) {
    const bool log = line.find(R"("message")") != std::string::npos;
    if (log) return line.find(R"(\"connectorConfig\")") != std::string::npos;
    for (const char* name : {"CONNECTOR_CONFIG", "connectorConfig", "connector_config",
                             "ConnectorConfig", "connectorconfig", R"(connector\u0043onfig)"}) {
      if (line.find(name) != std::string::npos) return true;
    }
    return false;
  }

  std::mt19937 random_;
};

TEST(ConfigSpellings, NoneOfAThousandPassesInSilence) {
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  Speller speller(kSeed);
  std::vector<std::string> tokens, lines;
  for (int i = 0; i < kLines; ++i) {
    tokens.push_back(absl::StrFormat("token-%04d", i));
    lines.push_back(speller.Line(tokens.back()));
  }
  MemorySource source({.output = absl::StrJoin(lines, "\n") + "\n"});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  Sink events;
  RouterOptions options = OptionsFor(*store, {"s0"});
  options.on_malformed = OnMalformed::kDrop;
  options.on_invalid_config = OnInvalidConfig::kWarn;
  auto router = *Router::Create(options, {source, destination, *store, events, SystemClock()});
  const Report report = *router->Run();

  const std::vector<JournalRow> journal = *store->ReadJournal("p/source");
  int judged = 0, quarantined = 0;
  for (int i = 0; i < kLines; ++i) {
    const auto row = std::find_if(journal.begin(), journal.end(), [&](const JournalRow& one) {
      return one.payload.find(tokens[i]) != std::string::npos;
    });
    ASSERT_NE(row, journal.end()) << lines[i];
    EXPECT_NE(row->verdict, Verdict::kPending) << lines[i];
    if (row->verdict == Verdict::kQuarantined) {
      EXPECT_TRUE(row->alert) << lines[i];
      EXPECT_FALSE(row->reason.empty()) << lines[i];
      ++quarantined;
    } else {
      ++judged;
    }
    EXPECT_EQ(events.texts.find(tokens[i]), std::string::npos) << "it is shown: " << lines[i];
  }
  EXPECT_GT(judged, kLines / 5);
  EXPECT_GT(quarantined, kLines / 5);
  EXPECT_FALSE(report.control.alerts.empty());
}

// Of a message that is longer than what is copied out of the stream only the beginning is read, and
// what stands behind is looked through for a config all the same.
TEST(ConfigSpellings, NoMessageIsTooLongToBeNoticed) {
  const std::string pad = absl::StrCat(R"("x":")", std::string(5 << 20, 'x'), "\"");
  const std::string config = R"("connectorConfig":{"config":{"token":"t"}})";
  const std::vector<std::string> kept = {
      absl::StrCat(R"({"type":"ORCHESTRATOR",)", pad, ",", config, "}"),
      absl::StrCat(R"({"type":"ORCHESTRATOR",)", config, ",", pad, "}"),
      absl::StrCat("{", pad, ",", config, R"(,"type":"CONFIG"})"),
      absl::StrCat(R"({"type":"CONTROL",)", pad, R"(,"control":{)", config, "}}"),
      absl::StrCat(R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG",)", pad, ",", config,
                   "}}"),
      absl::StrCat("{", pad, R"(,"control":{)", config, R"(},"type":"CONTROL"})"),
  };
  const std::vector<std::string> others = {
      absl::StrCat(R"({"type":"CATALOG","catalog":{)", pad, ",", config, "}}"),
      absl::StrCat(R"({"type":"PING",)", pad, "}"),
      absl::StrCat("{", pad, R"(,"type":"PING"})"),
  };
  const std::string record = RecordOf(0, 3) + "\n";
  std::string output = record;
  for (const auto* lines : {&kept, &others}) {
    for (const std::string& line : *lines) absl::StrAppend(&output, line, "\n");
  }
  MemorySource source({.output = output + record});
  MemoryDestination destination;
  auto store = *OpenStore("memory:");
  Sink events;
  RouterOptions options = OptionsFor(*store, {"s0"});
  options.memory_budget_bytes = 40 << 20;  // messages of 3 MiB at most are copied out
  options.on_invalid_config = OnInvalidConfig::kWarn;
  auto router = *Router::Create(options, {source, destination, *store, events, SystemClock()});
  const Report report = *router->Run();
  EXPECT_EQ(report.lines[LineKind::kControl], 3u);
  EXPECT_EQ(report.lines[LineKind::kOther], 6u);
  EXPECT_EQ(destination.received(), record + record);
  const std::vector<JournalRow> journal = *store->ReadJournal("p/source");
  EXPECT_EQ(journal.size(), kept.size());
  for (const JournalRow& row : journal) {
    EXPECT_EQ(row.verdict, Verdict::kQuarantined) << row.order.seq;
    EXPECT_TRUE(row.alert) << row.order.seq;
    EXPECT_LE(row.payload.size(), std::size_t{4} << 20);
  }
}

}  // namespace
}  // namespace shunt::testing
