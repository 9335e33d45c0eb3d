// The classifier against the naive reader on mutated lines: whole blocks, long lines in random
// parts, both validations. A failure prints the seed of its round; run it alone with
// SHUNT_TEST_SEED.

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"
#include "tests/protocol_hot/naive_reader.h"

namespace shunt::testing {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr int kRounds = 600;
#else
constexpr int kRounds = 6'000;
#endif
constexpr int kLinesPerBlock = 20;  // 120,000 lines for each validation without sanitizers

// What mutations begin with.
const std::vector<std::string>& Corpus() {
  static const auto& corpus = *new std::vector<std::string>{
      R"({"type":"RECORD","record":{"stream":"users","data":{"id":1,"n":[1.5e+3,-0,{}]},"emitted_at":17}})",
      R"({"type":"RECORD","record":{"namespace":"public","stream":"users","data":{"a":"x\n\"y"},"emitted_at":18}})",
      R"({"record":{"stream":"us\u0065rs","emitted_at":1,"namespace":null,"data":{}},"type":"RECORD"})",
      R"({"type":"RECORD","log":null,"record":{"stream":"nope","data":{"k":[true,false,null]}},"x":{}})",
      R"({"type":"RECORD","record":{"stream":"users","data":{"a":{"b":[[{"c":"d"}]]},"é":"日本 😀"}}})",
      R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":{"c":1}}}})",
      R"({"type":"STATE","state":{"data":{"cursor":"2024"}}})",
      R"({"type":"LOG","log":{"level":"INFO","message":"a \\ \u00e9 \ud83d\ude00"}})",
      R"({"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.5,"error":{"message":"m"}}})",
      R"({"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":3,"connectorConfig":{"config":{}}}})",
      R"({"type":"FOO","a":1,"b":2})",
      R"({"level":"info","msg":"x"})",
      R"({})",
      R"({'python': 1})",
      "starting \"up\" {\"type\":\"LOG\"} now",
      "plain text, 5\" wide \\",
      "",
      " \t\r",
  };
  return corpus;
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  std::size_t Below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::string Line() {
    std::string line = Pick();
    if (Below(4) == 0) line += Pick();        // glued
    if (Below(6) == 0) line = Junk() + line;  // behind text
    if (Below(6) == 0) line += Junk();
    if (Below(3) == 0) line.insert(Below(line.size() + 1), Pick());  // two writers
    for (std::size_t i = Below(4); i > 0; --i) Mutate(&line);
    if (Below(8) == 0) line += '\r';
    std::erase(line, '\n');
    return line;
  }

  void Mutate(std::string* line);

 private:
  const std::string& Pick() { return Corpus()[Below(Corpus().size())]; }

  std::string Junk() {
    static const std::vector<std::string> kJunk = {
        "x ",
        " ",
        "\"",
        "{",
        "}",
        "[",
        "{\"",
        "{\"a\": ",
        "{\"a\":\"b ",
        "{ \"type\"",
        "\xef\xbb\xbf",
        "\\",
        "{\"a {",
        "INFO {",
        "{\"a\":[",
        ",",
        "\xff",
        "{}",
        "'\"",
        "{{",
        "{\"x\":{\"y\":1}",
    };
    return kJunk[Below(kJunk.size())];
  }

  std::mt19937_64 random_;
};

void Mutator::Mutate(std::string* line) {
  static const std::string kAlphabet =
      "{}[]\",:\\ \t\r0123456789.eE+-truefalsnu/bx\x01\x0c\x1a\x7f\x80\xc3\xe2\xed\xf0\xff";
  const std::size_t at = Below(line->size() + 1);
  const std::size_t size = Below(6) == 0 ? Below(line->size() - at + 1) : 1;
  switch (Below(7)) {
    case 0:
    case 1:
      line->insert(at, 1, kAlphabet[Below(kAlphabet.size())]);
      break;
    case 2:
      line->erase(at, size);
      break;
    case 3:
      if (at < line->size()) (*line)[at] = kAlphabet[Below(kAlphabet.size())];
      break;
    case 4:
      line->insert(at, line->substr(Below(line->size() + 1), Below(30)));
      break;
    case 5:
      line->insert(at, Junk());
      break;
    default:
      line->resize(at);
  }
}

// Some JSON value of about `size` bytes.
std::string RandomValue(Mutator* random, std::size_t size, int depth) {
  static const std::vector<std::string> kScalars = {"1",
                                                    "-0.5e+3",
                                                    "1234567890123456789",
                                                    "true",
                                                    "false",
                                                    "null",
                                                    "\"\"",
                                                    "\"x\\\\\"",
                                                    "\"\\\"{\\u00e9\"",
                                                    "\"日本 😀\"",
                                                    "\"a:[{,\"",
                                                    " 7 ",
                                                    "\"\\\\\\\"\"",
                                                    "1e400"};
  if (size < 10 || depth > 20) return kScalars[random->Below(kScalars.size())];
  const std::size_t shape = random->Below(8);
  if (shape == 0) {
    std::string text = "\"";
    while (text.size() < size) text += random->Below(20) == 0 ? "\\\"" : "text é {";
    return text + "\"";
  }
  const bool object = shape < 5;
  std::string text = object ? "{" : "[";
  while (text.size() < size) {
    if (text.size() > 1) text += random->Below(8) == 0 ? " , " : ",";
    if (object) text += "\"key" + std::to_string(random->Below(100)) + "\":";
    text += RandomValue(random, random->Below(size / 2 + 1), depth + 1);
  }
  return text + (object ? "}" : "]");
}

void CompareRound(uint64_t seed, Harness* harness, Validation validation) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Mutator mutator(seed);
  std::string block;
  for (int i = 0; i < kLinesPerBlock; ++i) {
    const std::string line = mutator.Line();
    const std::string naive = Show(NaiveClassify(line, TestCatalog(), validation));
    ASSERT_EQ(Show(harness->Classify(line)), naive) << "line: " << line;

    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t size = 1 + mutator.Below(mutator.Below(2) == 0 ? 3 : line.size() + 1);
      parts.push_back(std::string_view(line).substr(at, size));
      at += parts.back().size();
    }
    if (line.empty()) parts.push_back(line);
    const std::string whole = Kinds(harness->Classify(line));
    const std::string in_parts = Kinds(harness->ClassifyParts(parts));
    if (whole.find('|') != std::string::npos) {
      ASSERT_EQ(in_parts, "malformed") << "line: " << line;
    } else if (whole != "unusable") {
      ASSERT_EQ(in_parts, whole) << "line: " << line;
    }
    block += line;
    if (i + 1 < kLinesPerBlock || mutator.Below(2) == 0) block += '\n';
  }
  ASSERT_EQ(Show(harness->Classify(block)), Show(NaiveClassify(block, TestCatalog(), validation)));
}

void CompareRounds(Validation validation) {
  ClassifierOptions options;
  options.validation = validation;
  Harness harness(options);
  if (const char* seed = std::getenv("SHUNT_TEST_SEED"); seed != nullptr) {
    return CompareRound(std::strtoull(seed, nullptr, 10), &harness, validation);
  }
  for (uint64_t seed = 1; seed <= kRounds && !::testing::Test::HasFatalFailure(); ++seed) {
    CompareRound(seed, &harness, validation);
  }
}

// Lines of kilobytes in parts, with a block so small that the index is built over many short
// slices.
void CompareLongRound(uint64_t seed, Harness* harness, Validation validation) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Mutator random(seed);
  const auto value = [&random] { return RandomValue(&random, 1 + random.Below(6000), 0); };
  // Deep parts, then envelope keys again, some of them twice.
  std::string line = R"({"type":"RECORD","record":{"stream":"users","data":{"k":[)" + value() +
                     "," + value() + R"(]},"meta":)" + value() + ",\"" +
                     (random.Below(8) == 0 ? "data" : "emitted_at") + "\":" + value() + "},\"" +
                     (random.Below(8) == 0 ? "type" : "x") + "\":" + value() + "}";
  for (std::size_t i = random.Below(3); i > 0; --i) random.Mutate(&line);
  std::vector<std::string_view> parts;
  const std::size_t part_size = 1 + random.Below(random.Below(4) == 0 ? 900 : 9000);
  for (std::size_t at = 0; at < line.size(); at += part_size) {
    parts.push_back(std::string_view(line).substr(at, part_size));
  }
  const std::string naive = Kinds(NaiveClassify(line, TestCatalog(), validation));
  ASSERT_EQ(Kinds(harness->ClassifyParts(parts)),
            naive.find('|') == std::string::npos ? naive : "malformed")
      << "line: " << line;
}

void CompareLongRounds(Validation validation) {
  ClassifierOptions options;
  options.validation = validation;
  options.block_bytes_max = 1000;
  Harness harness(options);
  for (uint64_t seed = 1; seed <= kRounds / 2 && !::testing::Test::HasFatalFailure(); ++seed) {
    CompareLongRound(seed, &harness, validation);
  }
}

TEST(Differential, LongLinesFullValidation) { CompareLongRounds(Validation::kFull); }
TEST(Differential, LongLinesEnvelopeValidation) { CompareLongRounds(Validation::kEnvelope); }
TEST(Differential, FullValidation) { CompareRounds(Validation::kFull); }
TEST(Differential, EnvelopeValidation) { CompareRounds(Validation::kEnvelope); }

}  // namespace
}  // namespace shunt::testing
