// What Classify makes of many lines: runs, merging, deltas, counts, line numbers, and that broken
// lines leave their neighbours alone.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::testing {
namespace {

const std::string kLog = R"({"type":"LOG","log":{"level":"INFO","message":"m"}})";
const std::string kState = R"({"type":"STATE","state":{"data":{"c":1}}})";

std::string Record(std::string_view stream, std::string_view name_space = "") {
  std::string line = R"({"type":"RECORD","record":{"stream":")";
  line += stream;
  line += '"';
  if (!name_space.empty()) line.append(",\"namespace\":").append(name_space);
  return line + R"(,"data":{"id":1}}})";
}

TEST(Blocks, AnEmptyBlockHasNothing) {
  Harness harness;
  EXPECT_EQ(Show(harness.Classify("")), "lines=0 glued=0\n");
}

TEST(Blocks, NeighbouringRecordsAreOneRun) {
  Harness harness;
  const std::string line = Record("users") + "\n";
  const std::string end = std::to_string(line.size() * 3);
  EXPECT_EQ(Show(harness.Classify(line + line + line)),
            "record [0," + end + ") lines=3 first=0 deltas=1\n" +  //
                "delta 0: 3 records, " + end + " bytes\n" +        //
                "record=3 lines=3 glued=0\n");
}

TEST(Blocks, TheLastLineMayLackItsNewlineWhichIsCountedAllTheSame) {
  Harness harness;
  const std::string line = Record("users");
  const std::string size = std::to_string(line.size());
  const std::string whole = std::to_string(line.size() + 1);
  EXPECT_EQ(Show(harness.Classify(line)), "record [0," + size + ")+LF lines=1 first=0 deltas=1\n" +
                                              "delta 0: 1 records, " + whole + " bytes\n" +
                                              "record=1 lines=1 glued=0\n");
}

TEST(Blocks, EveryStateBeginsNewDeltas) {
  Harness harness;
  const std::string a = Record("users") + "\n";
  const std::string b = Record("users", R"("public")") + "\n";
  const std::string block = a + b + a + kState + "\n" + kLog + "\n" + b + kState + "\n" + a;
  const ClassifiedBlock& out = harness.Classify(block);
  EXPECT_EQ(Kinds(out), "record|state|log|record|state|record");
  ASSERT_EQ(out.deltas.size(), 4u);
  EXPECT_EQ(out.deltas[0].stream, kUsers);
  EXPECT_EQ(out.deltas[0].records, 2u);
  EXPECT_EQ(out.deltas[0].bytes, 2 * a.size());
  EXPECT_EQ(out.deltas[1].stream, kPublicUsers);
  EXPECT_EQ(out.deltas[1].records, 1u);
  EXPECT_EQ(out.deltas[2].stream, kPublicUsers);
  EXPECT_EQ(out.deltas[3].stream, kUsers);
  std::vector<uint32_t> ends;
  ends.reserve(out.items.size());
  for (const LineItem& item : out.items) ends.push_back(item.deltas_end);
  EXPECT_EQ(ends, (std::vector<uint32_t>{2, 2, 2, 3, 3, 4}));
}

TEST(Blocks, DeltasOfRunsBrokenByOtherLinesBelongToTheLastItemBeforeTheState) {
  Harness harness;
  const std::string a = Record("users") + "\n";
  const ClassifiedBlock& out = harness.Classify(a + kLog + "\n" + a + "text\n" + kState + "\n");
  EXPECT_EQ(Kinds(out), "record|log|record|text|state");
  ASSERT_EQ(out.deltas.size(), 1u);
  EXPECT_EQ(out.deltas[0].records, 2u);
  std::vector<uint32_t> ends;
  ends.reserve(out.items.size());
  for (const LineItem& item : out.items) ends.push_back(item.deltas_end);
  EXPECT_EQ(ends, (std::vector<uint32_t>{0, 0, 0, 1, 1}));
}

TEST(Blocks, StreamsAreComparedUnescapedAndNullNamespaceIsAbsent) {
  Harness harness;
  const auto stream_of = [&harness](const std::string& line) -> int {
    const ClassifiedBlock& out = harness.Classify(line);
    if (Kinds(out) == "unknown") return -1;
    EXPECT_EQ(Kinds(out), "record") << line;
    return out.deltas.empty() ? -2 : static_cast<int>(out.deltas[0].stream);
  };
  for (int again = 0; again < 2; ++again) {  // the second time around, the last stream is cached
    EXPECT_EQ(stream_of(Record("users")), static_cast<int>(kUsers));
    EXPECT_EQ(stream_of(Record("users", "null")), static_cast<int>(kUsers));
    EXPECT_EQ(stream_of(Record("users", R"("")")), static_cast<int>(kEmptyNamespaceUsers));
    EXPECT_EQ(stream_of(Record("users", R"("public")")), static_cast<int>(kPublicUsers));
    EXPECT_EQ(stream_of(Record("\\u0075sers", R"("p\u0075blic")")), static_cast<int>(kPublicUsers));
    EXPECT_EQ(stream_of(Record("")), static_cast<int>(kEmptyName));
    EXPECT_EQ(stream_of(Record(R"(a\"b)")), static_cast<int>(kQuotedName));
    EXPECT_EQ(stream_of(Record(R"(a\u0022b)")), static_cast<int>(kQuotedName));
    EXPECT_EQ(stream_of(Record(R"(a\\u0041)")), static_cast<int>(kBackslashName));
    EXPECT_EQ(stream_of(Record(R"(a\u0041)")), -1) << "reads as aA";
    EXPECT_EQ(stream_of(Record("Users")), -1);
    EXPECT_EQ(stream_of(Record("users", R"("Public")")), -1);
    EXPECT_EQ(stream_of(Record("user")), -1);
  }
}

TEST(Blocks, UnknownStreamsAreItemsOfTheirOwnAndCountAsRecords) {
  Harness harness;
  const std::string a = Record("users") + "\n", x = Record("x") + "\n";
  const ClassifiedBlock& out = harness.Classify(a + x + x + a);
  EXPECT_EQ(Kinds(out), "record|unknown|unknown|record");
  EXPECT_EQ(out.counts[LineKind::kRecord], 4u);
  ASSERT_EQ(out.deltas.size(), 1u);
  EXPECT_EQ(out.deltas[0].records, 2u);
}

TEST(Blocks, ADestinationsRecordsAreNotLookedUp) {
  ClassifierOptions options;
  options.origin = Origin::kDestination;
  LineClassifier classifier(options, nullptr);
  ClassifiedBlock out;
  std::string block = Record("whatever") + "\n" + kState + "\n";
  const std::size_t size = block.size();
  block.append(kLinePadding, '\0');
  classifier.Classify(std::string_view(block).substr(0, size), &out);
  EXPECT_EQ(Kinds(out), "record|state");
  EXPECT_TRUE(out.deltas.empty());
}

TEST(Blocks, PiecesOfAGluedLine) {
  Harness harness;
  const std::string record = Record("users");
  const std::string block =
      "\n\xef\xbb\xbf" + record + " " + kLog + "\r" + record + "\r\n" + record;
  const std::size_t first = 4, log = first + record.size() + 1, second = log + kLog.size() + 1,
                    third = second + record.size() + 2, end = third + record.size();
  const auto n = [](std::size_t value) { return std::to_string(value); };
  EXPECT_EQ(Show(harness.Classify(block)),
            "text [1,4)+LF lines=1 first=1 deltas=0\n"
            "record [4," +
                n(log) + ")+LF lines=1 first=1 deltas=0\n" + "log [" + n(log) + "," + n(second) +
                ")+LF lines=1 first=1 deltas=0\n" + "record [" + n(second) + "," + n(end) +
                ")+LF lines=2 first=1 deltas=1\n" + "delta 0: 3 records, " +
                n(3 * record.size() + 2 + 2 + 1) + " bytes\n" +
                "record=3 log=1 text=1 empty=1 lines=3 glued=1\n");
}

TEST(Blocks, TextAndMalformedLinesMergeWithTheirLikeAcrossNothingElse) {
  Harness harness;
  const ClassifiedBlock& out = harness.Classify("a\nb\n{\"x\n{\"\nc\n\nd\n");
  EXPECT_EQ(Kinds(out), "text|malformed|text|text");
  EXPECT_EQ(out.items[0].lines, 2u);
  EXPECT_EQ(out.items[1].lines, 2u);
  EXPECT_EQ(out.items[1].first_line, 2u);
  EXPECT_EQ(out.items[3].first_line, 6u);
  EXPECT_EQ(out.counts[LineKind::kEmpty], 1u);
}

TEST(Blocks, LinesThatMayBeOfAMessageOverSeveralLinesStandApart) {
  Harness harness;
  const ClassifiedBlock& out =
      harness.Classify("a\n{\n [\n\"type\": \"RECORD\",\n\"type\":\"STATE\"\n\"x\": 1\nb\n");
  EXPECT_EQ(Kinds(out), "text|text|text|text");
  std::vector<TextPart> parts;
  std::vector<uint32_t> lines;
  for (const LineItem& item : out.items) {
    parts.push_back(item.part);
    lines.push_back(item.lines);
  }
  EXPECT_EQ(parts, (std::vector<TextPart>{TextPart::kNone, TextPart::kOpens, TextPart::kNamesType,
                                          TextPart::kNone}));
  EXPECT_EQ(lines, (std::vector<uint32_t>{1, 2, 2, 2}));
}

TEST(Blocks, LinesThatMentionAConfigStandApart) {
  Harness harness;
  const ClassifiedBlock& out = harness.Classify(
      "a\nx connectorConfig\nCONNECTOR_CONFIG\nb\n{\"type\":\"CONTROL\",\"connectorConfig\n{\"\n");
  EXPECT_EQ(Kinds(out), "text|text|text|malformed|malformed");
  std::vector<bool> mentions;
  mentions.reserve(out.items.size());
  for (const LineItem& item : out.items) mentions.push_back(item.mentions_config);
  EXPECT_EQ(mentions, (std::vector<bool>{false, true, false, true, false}));
  EXPECT_EQ(out.items[1].lines, 2u);
}

TEST(Blocks, AMentionIsFoundAcrossTheSeamsOfALongLine) {
  Harness harness;
  const std::string line = "text with connectorConfig in it";
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    const std::string_view view = line;
    const ClassifiedBlock& out = harness.ClassifyParts(
        {view.substr(0, cut), view.substr(cut, 1), view.substr(std::min(cut + 1, line.size()))});
    ASSERT_EQ(Kinds(out), "text");
    EXPECT_TRUE(out.items[0].mentions_config) << cut;
    EXPECT_EQ(out.items[0].end, line.size());
  }
  EXPECT_FALSE(harness.ClassifyParts({"connector", "", "config"}).items[0].mentions_config);
}

TEST(Blocks, ALongRecordHasTheItemAndDeltaOfAShortOne) {
  Harness harness;
  const std::string line = Record("users", R"("pu\u0062lic")") + "\n";
  const std::string shown = Show(harness.Classify(line));
  const std::string_view view = line;
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    EXPECT_EQ(Show(harness.ClassifyParts({view.substr(0, cut), view.substr(cut)})), shown) << cut;
  }
}

// Each of these would disturb a reader that looks at the block as a whole.
TEST(Blocks, BrokenLinesLeaveTheirNeighboursAlone) {
  Harness harness;
  const std::vector<std::string> disturbers = {
      "\"",
      "{\"",
      "{\"type\":\"LOG",
      "{\"a\":[",
      "{\"a\":{\"b\":",
      "\\",
      "{\"a\":\"\\",
      "{\"a\":\"\\\"",
      "\xff",
      "{\"a\":\"\xe2\x82",
      "{\"a\":\"\t",
      "x\"\ty",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":1,",
      "{",
      "x {\"type\"",
      "{\"type\":\"LOG\"",
      "{\"a\":1\"b\"",
      std::string("\0\"", 2),
  };
  const std::string record = Record("users") + "\n";
  for (const std::string& one : disturbers) {
    for (const std::string& two : disturbers) {
      const std::string block = Join({record, one, "\n", record, two, "\n", two, "\n", record});
      const ClassifiedBlock& out = harness.Classify(block);
      EXPECT_EQ(out.counts[LineKind::kRecord], 3u) << one << " / " << two;
      EXPECT_EQ(out.counts[LineKind::kText] + out.counts[LineKind::kMalformed], 3u);
      ASSERT_EQ(out.items.size(), 5u) << one << " / " << two;
      EXPECT_EQ(out.items[1].end - out.items[1].begin, one.size() + 1);
      EXPECT_EQ(out.items[3].end - out.items[3].begin, 2 * (two.size() + 1));
    }
  }
}

TEST(Blocks, AMillionEmptyLinesCostNoItems) {
  ClassifierOptions options;
  options.block_bytes_max = 1 << 20;
  Harness harness(options);
  const ClassifiedBlock& out = harness.Classify(std::string(1 << 20, '\n'));
  EXPECT_TRUE(out.items.empty());
  EXPECT_EQ(out.counts[LineKind::kEmpty], 1u << 20);
  EXPECT_EQ(out.counts.physical_lines, 1u << 20);
}

}  // namespace
}  // namespace shunt::testing
