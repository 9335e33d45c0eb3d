// Fault matrix F66-F69: whatever a spec or a config does, compiling and validating end soon, in
// little memory, and say so. What is proved is the number of steps, not a time: a step is one
// schema at one place, or 64 bytes of text, or 64 instructions of a pattern.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/spec.h"

namespace shunt {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

using Violations = std::vector<SpecViolation>;

std::string Repeat(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

// A validation that ends within the limit, whatever its verdict.
SpecVerdict Examine(const std::string& spec, const std::string& config) {
  const auto compiled = ConnectorSpec::Compile(spec);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  if (!compiled.ok()) return {};
  const absl::StatusOr<SpecVerdict> verdict = (*compiled)->Examine(config);
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  if (!verdict.ok()) return {};
  EXPECT_LE(verdict->steps, 2 * kValidationStepsMax);
  return *verdict;
}

bool Valid(const std::string& spec, const std::string& config) {
  return Examine(spec, config).violations.empty();
}

// A spec that compiles and a config that it cannot judge within the limit.
void ExpectExhausted(const std::string& spec, const std::string& config) {
  const auto compiled = ConnectorSpec::Compile(spec);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  EXPECT_EQ((*compiled)->Validate(config).status().code(), absl::StatusCode::kResourceExhausted);
}

void ExpectUnusable(const std::string& spec) {
  EXPECT_EQ(ConnectorSpec::Compile(spec).status().code(), absl::StatusCode::kInvalidArgument);
}

// Twice `levels` references of which each leads to the next level.
std::string Tower(const std::string& keyword, int levels) {
  std::string spec = R"({"$ref":"#/definitions/d0","definitions":{)";
  for (int i = 0; i < levels; ++i) {
    const std::string next = R"({"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}";
    spec += "\"d" + std::to_string(i) + "\":{\"" + keyword + "\":[" + next + "," + next + "]},";
  }
  return spec + "\"d" + std::to_string(levels) + R"(":{}}})";
}

std::string Numbers(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += std::to_string(i) + ",";
  return list;
}

TEST(BoundsTest, WhatIsNoSchemaIsNoSpec) {
  EXPECT_TRUE(Valid("true", "{}"));
  EXPECT_FALSE(Valid("false", "{}"));
  ExpectUnusable("[]");
}

TEST(BoundsTest, TowersOfTwoToThe20AndMoreRunOutOfSteps) {
  for (const char* keyword : {"allOf", "oneOf"}) {
    ExpectExhausted(Tower(keyword, 20), "1");
    ExpectExhausted(Tower(keyword, 500), "1");
  }
  EXPECT_LE(Examine(Tower("anyOf", 500), "1").steps, 2000) << "the first alternative is enough";
}

TEST(BoundsTest, ALongChainOfRefsIsOne) {
  std::string spec = R"({"$ref":"#/definitions/0","definitions":{)";
  for (int i = 0; i < 20'000; ++i) {
    spec +=
        "\"" + std::to_string(i) + R"(":{"$ref":"#/definitions/)" + std::to_string(i + 1) + "\"},";
  }
  spec += R"("20000":{"type":"null"}}})";
  EXPECT_TRUE(Valid(spec, "null"));
  EXPECT_FALSE(Valid(spec, "1"));
}

TEST(BoundsTest, ALongChainOfSchemasIsTooDeep) {
  std::string spec = R"({"allOf":[{"$ref":"#/definitions/0"}],"definitions":{)";
  for (int i = 0; i < 5000; ++i) {
    spec += "\"" + std::to_string(i) + R"(":{"allOf":[{"$ref":"#/definitions/)" +
            std::to_string(i + 1) + "\"}]},";
  }
  ExpectExhausted(spec + R"("5000":{}}})", "1");
}

TEST(BoundsTest, DeepConfigsValidate) {
  const std::string spec = R"({"items":{"$ref":"#"},"type":"array"})";
  EXPECT_TRUE(Valid(spec, Repeat("[", 1024) + Repeat("]", 1024)));
  EXPECT_FALSE(Valid(spec, Repeat("[", 1000) + "1" + Repeat("]", 1000)));
}

TEST(BoundsTest, CyclesOfRefsEnd) {
  ExpectUnusable(R"({"$ref":"#"})");
  ExpectUnusable(R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},)"
                 R"("b":{"$ref":"#/definitions/a"}}})");
  EXPECT_LE(Examine(R"({"allOf":[{"$ref":"#"},{"not":{"$ref":"#"}}]})", "1").steps, 100);
  EXPECT_LE(Examine(R"({"items":{"$ref":"#"},"anyOf":[{"$ref":"#"}]})", "[[[]]]").steps, 1000);
}

TEST(BoundsTest, BigListsAreLinear) {
  const std::string list = Numbers(100'000);
  EXPECT_TRUE(Valid(R"({"uniqueItems":true})", "[" + list + "\"x\"]"));
  EXPECT_FALSE(Valid(R"({"uniqueItems":true})", "[" + list + "7]"));
  EXPECT_TRUE(Valid(R"({"enum":[)" + list + "\"x\"]}", "99999"));
  EXPECT_FALSE(Valid(R"({"enum":[)" + list + "\"x\"]}", "100000"));
}

TEST(BoundsTest, AMillionValuesAreNotLookedAt) {
  const std::string list = "[" + Numbers(1'000'000) + "0]";
  ExpectUnusable(R"({"enum":)" + list + "}");
  const auto spec = ConnectorSpec::Compile(R"({"uniqueItems":true})");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ((*spec)->Validate(list).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(BoundsTest, ASpecOf50MiBIsNotLookedAt) {
  ExpectUnusable(R"({"description":")" + std::string(std::size_t{50} << 20, 'x') + "\"}");
}

TEST(BoundsTest, NumbersAreExactHoweverSmallOrLong) {
  EXPECT_TRUE(Valid(R"({"multipleOf":1e-300})", "1e300"));
  EXPECT_FALSE(Valid(R"({"multipleOf":1e-300})", "1e-301"));
  EXPECT_TRUE(Valid(R"({"multipleOf":1e-999999999999999999999})", "7")) << "who can say";
  EXPECT_TRUE(Valid(R"({"multipleOf":0,"minLength":1e400})", "7"));
  EXPECT_FALSE(Valid(R"({"maximum":1e400})", std::string(100'000, '9') + "e400"));
}

// Each of these is short but costs as much as the text that it is applied to.
TEST(BoundsTest, AThousandLooksAtALongTextRunOutOfSteps) {
  const std::string long_text = "\"" + std::string(1 << 20, 'a') + "\"";
  const std::string long_number(1 << 20, '7');
  for (const auto& [keyword, config] : std::vector<std::pair<std::string, std::string>>{
           {R"("pattern":"a{500}b")", long_text},
           {R"("maxLength":2000000)", long_text},
           {R"("enum":[1],"not":false)", long_text},
           {R"("type":"integer")", long_number},
           {R"("minimum":1)", long_number},
           {R"("propertyNames":{"maxLength":1})", "{" + long_text + ":1}"},
           {R"("properties":{"a":true})", "{" + long_text + ":1}"},
           {R"("patternProperties":{"b":true})", "{" + long_text + ":1}"},
       }) {
    const std::string spec = R"({"allOf":[)" + Repeat("{" + keyword + "},", 199) + "true]}";
    const std::string tower = R"({"definitions":{"x":)" + spec + R"(},"allOf":[)" +
                              Repeat(R"({"$ref":"#/definitions/x"},)", 500) + "true]}";
    ExpectExhausted(tower, config);
  }
}

TEST(BoundsTest, OfAKeywordThatRepeatsTheLastOneCounts) {
  const std::string spec =
      "{" + Repeat(R"("minLength":5,"minimum":5,)", 100'000) + R"("minLength":1,"minimum":1})";
  EXPECT_TRUE(Valid(spec, R"("a")"));
  EXPECT_FALSE(Valid(spec, "0"));
}

TEST(BoundsTest, CatastrophicPatternsAreLinear) {
  EXPECT_FALSE(Valid(R"({"pattern":"(a+)+$"})", "\"" + std::string(50'000, 'a') + "!\""));
  EXPECT_FALSE(Valid(R"({"pattern":"^(a|aa)+$"})", "\"" + std::string(50'000, 'a') + "!\""));
}

TEST(BoundsTest, PatternsThatAreTooLargeAreSkippedAndNoted) {
  for (const std::string& pattern :
       {std::string(1 << 20, 'a'), std::string("(a{1000}){1000}"),
        std::string("((a{1000}){1000}){1000}"), std::string("((((a{30}){30}){30}){30}){30}"),
        std::string("(?=a)b"), std::string("(a)\\\\1"), std::string("((")}) {
    const auto spec = ConnectorSpec::Compile(R"({"pattern":")" + pattern + "\"}");
    ASSERT_TRUE(spec.ok());
    EXPECT_THAT((*spec)->notes(), SizeIs(1)) << pattern.substr(0, 40);
    EXPECT_THAT(*(*spec)->Validate(R"("x")"), IsEmpty());
  }
}

TEST(BoundsTest, ThousandsOfLargePatternsAreNotCompiled) {
  std::string spec = R"({"patternProperties":{"x":true)";
  for (int i = 0; i < 5000; ++i) spec += ",\"k" + std::to_string(i) + "[a-z]{900}\":true";
  const auto compiled = ConnectorSpec::Compile(spec + "}}");
  ASSERT_TRUE(compiled.ok());
  EXPECT_THAT((*compiled)->notes(), SizeIs(100)) << "the first ones";
  EXPECT_TRUE((*compiled)->Validate(R"({"x":1})").ok());
}

TEST(BoundsTest, IdsDoNotGrowWithTheSchemasBelow) {
  const std::string many = Repeat(R"("a":{"$id":"x","items":{}},)", 10) + "\"z\":{}";
  EXPECT_TRUE(
      Valid(R"({"$id":")" + std::string(1 << 20, 'i') + R"(","properties":{)" + many + "}}", "{}"))
      << "too long to be one";
  std::string deep = "true";
  for (int i = 0; i < 400; ++i) {
    deep = R"({"$id":")" + std::string(2000, 'd') + R"(/","items":)" + deep + "}";
  }
  EXPECT_TRUE(Valid(deep, "[]"));
  std::string wide;
  for (int i = 0; i < 40'000; ++i) wide += "\"" + std::to_string(i) + R"(":{"$id":"w"},)";
  EXPECT_TRUE(Valid(R"({"$id":"http://h.test/)" + std::string(2000, 'i') + R"(/","properties":{)" +
                        wide + "\"x\":true}}",
                    "{}"));
}

TEST(BoundsTest, IdsCannotLeadElsewhere) {
  for (const char* id : {"file:///etc/shadow", "http://x.test/", "//h", "../../..", "#", ""}) {
    const std::string spec =
        R"({"$id":")" + std::string(id) + R"(","properties":{"a":{"$ref":"passwd"}}})";
    ExpectUnusable(spec);
    EXPECT_FALSE(Valid(R"({"$id":")" + std::string(id) +
                           R"(","properties":{"a":{"$ref":"#/definitions/n"}},)"
                           R"("definitions":{"n":{"type":"null"}}})",
                       R"({"a":1})"))
        << "a $id does not hide the document itself: " << id;
  }
  // A spec that calls itself a meta-schema means itself.
  EXPECT_TRUE(Valid(R"({"$id":"http://json-schema.org/draft-07/schema#","definitions":{"x":true},)"
                    R"("items":{"$ref":"http://json-schema.org/draft-07/schema#/definitions/x"}})",
                    "[5]"));
}

TEST(BoundsTest, RefsIntoOneBigObjectAreLinear) {
  std::string spec = R"({"definitions":{"big":{)";
  for (int i = 0; i < 60'000; ++i) spec += "\"k" + std::to_string(i) + "\":0,";
  spec += R"("z":0}},"allOf":[)" + Repeat(R"({"$ref":"#/definitions/big"},)", 40'000) + "true]}";
  EXPECT_TRUE(Valid(spec, "1"));
}

TEST(BoundsTest, ConstantsInsideOfConstantsAreDigestedOnce) {
  // Every level is a value of the one above, and a schema of its own because a ref leads there.
  std::string value = "\"" + std::string(1 << 20, 'v') + "\"";
  std::string refs = "true";
  std::string path = "#";
  for (int i = 0; i < 500; ++i) {
    value = R"({"const":)" + value + "}";
    path += "/const";
    if (i > 0) refs += R"(,{"$ref":")" + path.substr(0, path.size() - 6) + "\"}";
  }
  ExpectUnusable(R"({"anyOf":[)" + refs + R"(],"const":)" + value + "}");
}

TEST(BoundsTest, FormatsOfPatternsAreBoundedToo) {
  const auto spec =
      ConnectorSpec::Compile(R"({"items":{"format":"regex"}})", {.strict_formats = true});
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ((*spec)->Validate("[" + Repeat(R"("([a-z]{500}){2}",)", 10'000) + "1]").status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace shunt
