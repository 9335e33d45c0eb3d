// Depth, length and number: where the limits are, and that hostile input costs linear time, told by
// processor times with wide margins.

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::testing {
namespace {

ClassifierOptions Options(std::size_t block_bytes_max, Validation validation = Validation::kFull) {
  ClassifierOptions options;
  options.block_bytes_max = block_bytes_max;
  options.validation = validation;
  return options;
}

std::string Repeat(std::string_view what, std::size_t times) {
  std::string text;
  text.reserve(what.size() * times);
  for (; times > 0; --times) text += what;
  return text;
}

// `data` is at depth 3 of the line, so it may hold 1,021 more levels.
std::string NestedArrays(std::size_t depth) {
  return RecordWithValue(Repeat("[", depth - 3) + Repeat("]", depth - 3));
}
std::string NestedObjects(std::size_t depth) {
  return RecordWithValue(Repeat("{\"a\":", depth - 3) + "1" + Repeat("}", depth - 3));
}

TEST(Limits, DepthIs1024) {
  for (const Validation validation : {Validation::kFull, Validation::kEnvelope}) {
    Harness harness(Options(1 << 20, validation));
    for (const std::size_t depth : {1023u, 1024u, 1025u, 5000u}) {
      const char* expected = depth <= 1024 ? "record" : "malformed";
      EXPECT_EQ(harness.Verdict(NestedArrays(depth)), expected) << depth;
      EXPECT_EQ(harness.Verdict(NestedObjects(depth)), expected) << depth;
      EXPECT_EQ(Kinds(harness.ClassifyParts({NestedArrays(depth)})), expected) << depth;
      EXPECT_EQ(Kinds(harness.ClassifyParts({NestedObjects(depth)})), expected) << depth;
    }
    const std::string log = R"({"type":"LOG","x":)";
    EXPECT_EQ(harness.Verdict(log + Repeat("[", 1023) + Repeat("]", 1023) + "}"), "log");
    EXPECT_EQ(harness.Verdict(log + Repeat("[", 1024) + Repeat("]", 1024) + "}"), "malformed");
  }
}

TEST(Limits, TenMillionBracketsAreMalformedAndHarmless) {
  Harness harness(Options(11 << 20));
  const std::string line =
      R"({"type":"RECORD","record":{"stream":"users","data":{"a":)" + Repeat("[", 10'000'000);
  EXPECT_EQ(Kinds(harness.Classify(line)), "malformed");
  EXPECT_EQ(Kinds(harness.ClassifyParts({line})), "malformed");
  const std::string braces = Repeat("{", 10'000'000);
  EXPECT_EQ(Kinds(harness.Classify(braces)), "text");
  EXPECT_EQ(Kinds(harness.ClassifyParts({braces})), "text");
}

TEST(Limits, NamesAreAtMost64KiB) {
  Harness harness(Options(1 << 20));
  const auto record = [](std::string_view field, std::size_t size) {
    return R"({"type":"RECORD","record":{"data":{},)" + std::string(field) +
           std::string(size, 'x') + "\"}}";
  };
  for (const char* field : {R"("stream":")", R"("stream":"users","namespace":")"}) {
    for (const std::size_t size : {64u << 10, (64u << 10) + 1}) {
      const char* expected = size <= 64 << 10 ? "unknown" : "malformed";
      EXPECT_EQ(Kinds(harness.Classify(record(field, size))), expected);
      EXPECT_EQ(Kinds(harness.ClassifyParts({record(field, size)})), expected);
    }
  }
  for (const std::size_t size : {64u << 10, (64u << 10) + 1}) {
    const std::string line = R"({"type":"LOG",")" + std::string(size, 'x') + R"(":1})";
    const char* expected = size <= 64 << 10 ? "log" : "malformed";
    EXPECT_EQ(Kinds(harness.Classify(line)), expected);
    EXPECT_EQ(Kinds(harness.ClassifyParts({line})), expected);
  }
  // Inside data names have no limit of their own.
  const std::string line = RecordWithData("{\"" + std::string(100'000, 'k') + "\":\"" +
                                          std::string(100'000, 'v') + "\"}");
  EXPECT_EQ(Kinds(harness.Classify(line)), "record");
  EXPECT_EQ(Kinds(harness.ClassifyParts({line})), "record");
}

std::string ManyKeys(std::size_t count, bool repeat_first) {
  std::string line = R"({"type":"LOG")";
  for (std::size_t i = 0; i < count; ++i) line += ",\"k" + std::to_string(i) + "\":1";
  if (repeat_first) line += ",\"k0\":2";
  return line + "}";
}

TEST(Limits, DuplicatesAreFoundAmongManyKeys) {
  Harness harness(Options(4 << 20));
  for (const std::size_t count :
       {1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 64u, 65u, 1000u, 100'000u}) {
    EXPECT_EQ(Kinds(harness.Classify(ManyKeys(count, false))), "log") << count;
    EXPECT_EQ(Kinds(harness.Classify(ManyKeys(count, true))), "malformed") << count;
    EXPECT_EQ(Kinds(harness.ClassifyParts({ManyKeys(count, false)})), "log") << count;
    EXPECT_EQ(Kinds(harness.ClassifyParts({ManyKeys(count, true)})), "malformed") << count;
  }
  EXPECT_EQ(Kinds(harness.Classify(ManyKeys(kEnvelopeKeysMax, false))), "log");
  EXPECT_EQ(Kinds(harness.Classify(ManyKeys(kEnvelopeKeysMax + 1, false))), "malformed");
  EXPECT_EQ(Kinds(harness.ClassifyParts({ManyKeys(kEnvelopeKeysMax + 1, false)})), "malformed");
}

// A block is read in time linear in its bytes, whatever they are: eight times the bytes may cost at
// most forty times as much here (quadratic would be sixty-four), and at most a generous time per
// byte.
TEST(Limits, HostileBlocksCostLinearTime) {
  const std::vector<std::pair<const char*, std::string>> patterns = {
      {"open braces", "{"},
      {"open objects", "{\"a\":"},
      {"open objects behind text", "x{\"a\":"},
      {"open lines", "{\"a\":[\n"},
      {"open lines with tokens", "{\"a\":[{},1,2,3,4,5,6,7,8,9,\n"},
      {"broken strings", "{\"a\":\"\n"},
      {"brace quotes", "x{\"a{\""},
      {"braces in strings", "{\"b {\"c"},
      {"empty objects", "{}"},
      {"objects behind text", "x{}"},
      {"quotes", "\""},
      {"backslashes", "\\"},
      {"backslash lines", "{\"\\\n"},
      {"invalid bytes", "\xff\n"},
      {"distinct shapes", "{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"data\":{}}}\n"},
      {"types behind text", "x{\"typ\":{\"type\":1},"},
      {"blanks", "{\"a\" "},
      {"glued", "{\"type\":\"LOG\"}"},
  };
  const std::size_t kSmall = 128 << 10, kLarge = 8 * kSmall;
  Harness harness(Options(kLarge + 16));
  const auto seconds = [&harness](const std::string& block) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const std::clock_t begin = std::clock();  // processor time: others may use the machine too
      harness.Classify(block);
      best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    return best;
  };
  for (const auto& [name, pattern] : patterns) {
    for (const char* prefix : {"", "x "}) {
      const std::string small = prefix + Repeat(pattern, kSmall / pattern.size() - 1);
      const std::string large = prefix + Repeat(pattern, kLarge / pattern.size() - 1);
      const double small_time = seconds(small), large_time = seconds(large);
      EXPECT_LT(large_time, std::max(40 * small_time, 2e-2)) << name;
      EXPECT_LT(large_time / static_cast<double>(large.size()), 2e-6) << name;
    }
  }
}

}  // namespace
}  // namespace shunt::testing
