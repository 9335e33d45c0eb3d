// JSONTestSuite, all of it: each file as a line, as `data` and as a value in it, against a table of
// verdicts that was made with the Python reference of tests/e2e. What the suite itself says (y_
// must pass, n_ must not) binds the values whatever stands in the table.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::testing {
namespace {

constexpr char kSuite[] = "tests/protocol_hot/testdata/json_test_suite.txt";
constexpr int kRows = 318;

struct Row {
  std::string name, line, data, value, bytes;
};

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// HEX, N*HEX, or N*HEX+HEX.
std::string Bytes(const std::string& text) {
  if (text == "-") return "";
  const std::size_t star = text.find('*');
  if (star == std::string::npos) return FromHex(text);
  const std::size_t plus = text.find('+');
  const std::string part = FromHex(text.substr(star + 1, plus - star - 1));
  std::string bytes;
  for (int i = std::stoi(text.substr(0, star)); i > 0; --i) bytes += part;
  return plus == std::string::npos ? bytes : bytes + FromHex(text.substr(plus + 1));
}

std::vector<Row> Suite() {
  std::ifstream file(kSuite);
  EXPECT_TRUE(file) << kSuite;
  std::vector<Row> rows;
  for (std::string text; std::getline(file, text);) {
    if (text.starts_with('#')) continue;
    std::istringstream fields(text);
    Row row;
    std::string bytes;
    fields >> row.name >> row.line >> row.data >> row.value >> bytes;
    if (row.line == "-") row.line.clear();
    row.bytes = Bytes(bytes);
    rows.push_back(row);
  }
  return rows;
}

void Check(Harness& harness, const std::string& line, const std::string& verdict) {
  EXPECT_EQ(harness.Verdict(line), verdict);
  const bool glued = verdict.find('|') != std::string::npos;
  EXPECT_EQ(harness.LongVerdict(line), glued ? "malformed" : verdict);
}

TEST(JsonTestSuite, EveryFileHasItsVerdict) {
  ClassifierOptions options;
  options.block_bytes_max = 1 << 20;
  Harness harness(options);
  const std::vector<Row> rows = Suite();
  ASSERT_EQ(rows.size(), kRows);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const char kind = row.name[0];
    if (kind != 'i') {
      EXPECT_EQ(row.value, kind == 'y' ? "record" : "malformed");
    }
    Check(harness, row.bytes, row.line);
    Check(harness, RecordWithData(row.bytes), row.data);
    Check(harness, RecordWithValue(row.bytes), row.value);
  }
}

}  // namespace
}  // namespace shunt::testing
