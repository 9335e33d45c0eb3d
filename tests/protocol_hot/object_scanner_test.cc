// ObjectScanner and RowTemplate against the naive reader, which reads byte by byte: on every kernel
// of this machine, whole and in parts. A failure prints the seed of its round.

#include "protocol/object_scanner.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "protocol/row_reader.h"
#include "protocol/row_template.h"
#include "tests/protocol_hot/harness.h"
#include "tests/protocol_hot/naive_reader.h"
#include "tests/protocol_hot/rows.h"

namespace shunt::testing {
namespace {

constexpr uint64_t kRounds = 1500;
constexpr int kRowsPerRound = 12;

// A row with bytes behind it that would complete it, were they read.
class Padded {
 public:
  explicit Padded(std::string_view row) : bytes_(row), size_(row.size()) {
    while (bytes_.size() < size_ + kLinePadding) bytes_ += "}]}\",null}0]}";
    bytes_.resize(size_ + kLinePadding);
    bytes_.shrink_to_fit();
  }
  const char* begin() const { return bytes_.data(); }
  const char* end() const { return bytes_.data() + size_; }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::string bytes_;
  std::size_t size_;
};

// How many bytes of the row the reading says belong to a sound object; 0: none known.
std::size_t Size(const Padded& row, const char* behind) {
  return behind == nullptr ? 0 : static_cast<std::size_t>(behind - row.begin());
}

std::size_t ScanSize(const ObjectScanner& scanner, std::string_view row) {
  if (row.empty() || row[0] != '{') return 0;
  const Padded padded(row);
  return Size(padded, scanner.Scan(padded.begin(), padded.end()));
}

bool IsSound(std::string_view row, Validation validation) {
  const ClassifiedBlock read = NaiveClassify(RecordWithData(row), TestCatalog(), validation);
  return read.counts[LineKind::kRecord] == 1 && read.counts.glued_lines == 0;
}

// What the scanner leaves to others though it may be sound.
bool IsUnusual(std::string_view row) {
  return std::any_of(row.begin(), row.end(), [](char c) { return c >= 0 && c < ' '; });
}

TEST(ObjectScanner, SaysWhatTheNaiveReaderSays) {
  int sound = 0, broken = 0;
  for (const Validation validation : {Validation::kFull, Validation::kEnvelope}) {
    for (uint64_t seed = 1; seed <= kRounds; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      RowSource rows(seed);
      for (int i = 0; i < kRowsPerRound; ++i) {
        const std::string row = i % 3 == 0 ? rows.Row() : rows.BrokenRow();
        for (const ObjectScanner::Kernel kernel : ObjectScanner::Kernels()) {
          SCOPED_TRACE(ObjectScanner::KernelName(kernel));
          const std::size_t size = ScanSize(ObjectScanner(validation, kernel), row);
          if (size > 0) {
            ASSERT_TRUE(IsSound(row.substr(0, size), validation)) << row;
          } else if (!IsUnusual(row)) {
            ASSERT_FALSE(row[0] == '{' && row.back() == '}' && IsSound(row, validation)) << row;
          }
          ++(size > 0 ? sound : broken);
        }
      }
    }
  }
  EXPECT_GT(sound, 10'000);
  EXPECT_GT(broken, 10'000);
}

TEST(ObjectScanner, SaysTheSameOfAnObjectInParts) {
  int ended = 0;
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RowSource rows(seed);
    ObjectScanner scanner(Validation::kFull);
    for (int i = 0; i < kRowsPerRound; ++i) {
      const std::string row =
          (i % 3 == 0 ? rows.Row() : rows.BrokenRow()) + ",\"emitted_at\":1}}\n";
      if (row[0] != '{') continue;
      const std::size_t whole = ScanSize(scanner, row);
      scanner.Begin();
      std::size_t size = 0;
      auto progress = ObjectScanner::Progress::kMore;
      const std::size_t part_bytes = 1 + rows.Below(rows.Below(2) == 0 ? 40 : 400);
      for (std::size_t at = 0; at < row.size() && progress == ObjectScanner::Progress::kMore;
           at += part_bytes) {
        std::size_t taken = 0;
        const std::string part = row.substr(at, part_bytes);
        progress = scanner.Feed(part, at + part_bytes >= row.size(), &taken);
        if (progress == ObjectScanner::Progress::kEnd) size = at + taken;
      }
      ASSERT_NE(progress, ObjectScanner::Progress::kMore) << row;
      if (progress != ObjectScanner::Progress::kEnd) continue;
      ++ended;
      // UTF-8 is the caller's.
      if (whole == 0) {
        ASSERT_TRUE(scanner.non_ascii()) << row;
      } else {
        ASSERT_EQ(size, whole) << row;
      }
    }
  }
  EXPECT_GT(ended, 1000);
}

TEST(RowReader, SaysWhatTheScannerSaysWhateverItRemembers) {
  int sound = 0;
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RowSource users(seed), orders(seed + 1'000'000);
    RowReader reader(Validation::kFull, 2);
    const ObjectScanner scanner(Validation::kFull);
    for (int i = 0; i < 3 * kRowsPerRound; ++i) {
      RowSource& source = i % 5 == 4 ? orders : users;
      const std::string row = source.Below(3) == 0 ? source.BrokenRow() : source.Row();
      if (row[0] != '{') continue;
      const Padded padded(row);
      // Sometimes under another stream's name: what is remembered of that one must do no harm.
      const uint32_t stream = source.Below(8) == 0 ? RowReader::kAnyStream : i % 5 == 4 ? 1 : 0;
      const std::size_t size = Size(padded, reader.Read(stream, padded.begin(), padded.end()));
      ASSERT_EQ(size, Size(padded, scanner.Scan(padded.begin(), padded.end()))) << row;
      sound += size > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(sound, 10'000);
}

// How far a template of `known` gets with `row`.
RowTemplate::Match Match(std::string_view known, const Padded& row) {
  const Padded padded(known);
  RowTemplate rows;
  EXPECT_TRUE(rows.Learn(padded.text()));
  return rows.Read(row.begin(), row.end());
}

TEST(RowTemplate, ReadsRowsThatDifferInValues) {
  const std::string known =
      R"({"id":1,"name":"x","at":null,"ok":true,"tags":["a"],"geo":{"x":1.5}})";
  const Padded row(R"({"id":-20,"name":"é\n","at":"now","ok":false,"tags":[3],"geo":{"x":1e9}})");
  const RowTemplate::Match match = Match(known, row);
  EXPECT_TRUE(match.ended);
  EXPECT_TRUE(match.non_ascii);
  EXPECT_EQ(match.at, row.end());
}

TEST(RowTemplate, ReadsRowsThatLeaveFieldsOutAndArraysOfAnyLength) {
  const std::string known = R"({"a":1,"b":2,"c":[{"d":1},{"d":2}],"e":[1,2,3],"f":null})";
  for (const std::string_view text : {
           R"({"a":1,"c":[{"d":1},{"d":2},{"d":3},{"d":4}],"e":[1,2,3],"f":null})",
           R"({"a":1,"b":2,"c":[{"d":1}],"e":[1],"f":1})",
           R"({"a":1,"b":2,"c":[{"d":1},{"d":2}],"e":[1,2,3,4,5,6,7],"f":1})",
       }) {
    EXPECT_TRUE(Match(known, Padded(text)).ended) << text;
  }
}

TEST(RowTemplate, StopsBehindAValueWhereTheRowDiffers) {
  const std::string known = R"({"a":{"b":1,"c":2},"z":1})";
  const Padded row(R"({"a":{"b":1,"new":[]},"z":1})");
  const RowTemplate::Match match = Match(known, row);
  EXPECT_FALSE(match.ended);
  EXPECT_EQ(std::string_view(match.at, static_cast<std::size_t>(row.end() - match.at)),
            R"(,"new":[]},"z":1})");
  EXPECT_EQ(match.depth, 2u);
  EXPECT_EQ(match.stack, 3u);  // an object in an object
}

TEST(RowTemplate, KnowsNothingOfMoreStructureThanItsBounds) {
  std::string wide = "{\"k0\":0";
  for (std::size_t i = 1; i <= RowTemplate::kJointsMax; ++i)
    wide += ",\"k" + std::to_string(i) + "\":0";
  RowTemplate rows;
  EXPECT_FALSE(rows.Learn(Padded(wide + "}").text()));
  EXPECT_FALSE(rows.learned());
  const std::string deep = std::string(70, '[');
  EXPECT_FALSE(rows.Learn(Padded("{\"a\":" + deep + std::string(70, ']') + "}").text()));
}

// Whole lines: the same envelope again and again, in every order of its keys.
void CompareLines(Validation validation) {
  static const std::vector<std::pair<std::string, std::string>> kEnvelopes = {
      {R"({"type":"RECORD","record":{"stream":"users","data":)", R"(,"emitted_at":17}})"},
      {R"({"type":"RECORD","record":{"namespace":"public","stream":"users","data":)", R"(}})"},
      {R"({"record":{"data":)", R"(,"stream":"users","emitted_at":17,"meta":{}},"type":"RECORD"})"},
      {R"({"record": {"stream": "users", "data": )", R"(, "emitted_at": 1.5}, "type": "RECORD"} )"},
      {R"({"type":"RECORD","record":{"emitted_at":-3,"data":)",
       R"(,"namespace":"","stream":"users"}})"},
      {R"({"type":"RECORD","record":{"stream":"nope","data":)", R"(,"emitted_at":17}})"},
      {R"({"type":"RECORD","record":{"stream":"users","data":[)", R"(],"emitted_at":17}})"},
  };
  ClassifierOptions options;
  options.validation = validation;
  Harness harness(options);
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RowSource rows(seed);
    const std::size_t usual = rows.Below(kEnvelopes.size());
    std::string block;
    for (int i = 0; i < kRowsPerRound; ++i) {
      const auto& [head, tail] =
          kEnvelopes[rows.Below(6) == 0 ? rows.Below(kEnvelopes.size()) : usual];
      std::string line = head + (rows.Below(6) == 0 ? rows.BrokenRow() : rows.Row()) + tail;
      if (rows.Below(30) == 0) line[rows.Below(line.size())] = "x\"\\{,"[rows.Below(5)];
      block += line + '\n';
    }
    if (rows.Below(2) == 0) block.pop_back();
    ASSERT_EQ(Show(harness.Classify(block)), Show(NaiveClassify(block, TestCatalog(), validation)))
        << block;
  }
}

TEST(KnownLines, AreReadAsTheNaiveReaderDoes) { CompareLines(Validation::kFull); }
TEST(KnownLines, AreReadAsTheNaiveReaderDoesInEnvelopeMode) { CompareLines(Validation::kEnvelope); }

// Long lines in parts large enough for the fast way.
TEST(KnownLines, AreReadAsTheNaiveReaderDoesWhenTheyAreLong) {
  Harness harness;
  int records = 0;
  for (uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RowSource rows(seed);
    std::string data = "{\"rows\":[" + rows.Row();
    while (data.size() < 1500) data += "," + (rows.Below(150) == 0 ? rows.BrokenRow() : rows.Row());
    std::string line = R"({"type":"RECORD","record":{"stream":"users","data":)" + data +
                       R"(]},"emitted_at":1700000000}})" + "\n";
    if (rows.Below(8) == 0) line[line.size() - 1 - rows.Below(40)] = 'x';
    std::erase(line, '\n');
    line += '\n';
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < line.size(); at += parts.back().size()) {
      parts.push_back(std::string_view(line).substr(at, 300 + rows.Below(900)));
    }
    const std::string naive = Kinds(NaiveClassify(line, TestCatalog(), Validation::kFull));
    ASSERT_EQ(Kinds(harness.ClassifyParts(parts)),
              naive.find('|') == naive.npos ? naive : "malformed")
        << line;
    records += naive == "record" ? 1 : 0;
  }
  EXPECT_GT(records, 500);
}

// UTF-8 of a long line is checked across its parts, in constant memory.
TEST(KnownLines, AreUtf8AcrossTheirPartsOrMalformed) {
  Harness harness;
  const auto kinds = [&](std::string_view text, std::size_t part_bytes) {
    const std::string line = R"({"type":"RECORD","record":{"stream":"users","data":{"s":")" +
                             std::string(600, 'x') + std::string(text) + std::string(600, 'x') +
                             R"("},"emitted_at":1}})" + "\n";
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < line.size(); at += part_bytes) {
      parts.push_back(std::string_view(line).substr(at, part_bytes));
    }
    return Kinds(harness.ClassifyParts(parts));
  };
  for (std::size_t part_bytes = 300; part_bytes < 700; part_bytes += 7) {
    SCOPED_TRACE(part_bytes);
    EXPECT_EQ(kinds("\u65e5\u672c\U0001F600\u00e9", part_bytes), "record");
    EXPECT_EQ(kinds("\xc3", part_bytes), "malformed");
    EXPECT_EQ(kinds("\xf0\x9f\x98", part_bytes), "malformed");
    EXPECT_EQ(kinds("\xed\xa0\x80", part_bytes), "malformed");
    EXPECT_EQ(kinds(std::string("\xc3") + std::string(2000, '\x80'), part_bytes), "malformed");
  }
}

// Depths around what the scanner's stack holds, runs of blanks longer than a step, an escape cut by
// a step: what random rows seldom have.
TEST(ObjectScanner, HoldsWhereStepsEnd) {
  for (const ObjectScanner::Kernel kernel : ObjectScanner::Kernels()) {
    const ObjectScanner scanner(Validation::kFull, kernel);
    for (std::size_t before = 0; before < 140; ++before) {
      SCOPED_TRACE(before);
      const std::string pad = "{\"" + std::string(before, 'k') + "\":";
      for (const std::string_view end :
           {R"("\"\\"})", R"("\u00e9\"x"})", "[1,{}]}", "-0.5e+3,\"a\":null}"}) {
        const std::string row = pad + std::string(end);
        EXPECT_EQ(ScanSize(scanner, row), row.size()) << row;
      }
      const std::string blanks(before, ' ');
      const std::string spaced = "{" + blanks + "\"a\"" + blanks + ":" + blanks + "1" + blanks +
                                 "," + blanks + "\"b\"" + blanks + ":" + blanks + "[" + blanks +
                                 "]" + blanks + "}";
      EXPECT_EQ(ScanSize(scanner, spaced), spaced.size()) << spaced;
      std::string wrong = spaced;
      wrong[wrong.find(':')] = ',';
      EXPECT_EQ(ScanSize(scanner, wrong), 0u) << wrong;
    }
    for (std::size_t depth = 50; depth < 70; ++depth) {
      const std::string row =
          "{\"a\":" + std::string(depth, '[') + "1" + std::string(depth, ']') + "}";
      const std::size_t size = ScanSize(scanner, row);
      EXPECT_TRUE(size == 0 || size == row.size()) << depth;
      EXPECT_EQ(size == 0, depth >= ObjectScanner::kStackDepthMax) << depth;
    }
  }
}

}  // namespace
}  // namespace shunt::testing
