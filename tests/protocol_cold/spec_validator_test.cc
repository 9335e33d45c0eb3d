// Configs against specs: each keyword, what the drafts differ in, the words of a violation. The
// official suite is in schema_suite_test.cc, hostile specs in spec_bounds_test.cc.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "protocol/spec.h"
#include "tests/protocol_cold/json_maker.h"

namespace shunt {

void PrintTo(const SpecViolation& violation, std::ostream* out) {
  *out << "{\"" << violation.path << "\", \"" << violation.keyword << "\", \"" << violation.detail
       << "\"}";
}

namespace {

using ::shunt::testing::Damage;
using ::shunt::testing::kFirstSeed;
using ::shunt::testing::Mutate;
using ::shunt::testing::RandomValue;
using ::shunt::testing::Rng;
using ::shunt::testing::Spell;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Violations = std::vector<SpecViolation>;

Violations Validate(const std::string& spec, const std::string& config) {
  const auto compiled = ConnectorSpec::Compile(spec);
  EXPECT_TRUE(compiled.ok()) << spec << ": " << compiled.status();
  if (!compiled.ok()) return {};
  const absl::StatusOr<Violations> violations = (*compiled)->Validate(config);
  EXPECT_TRUE(violations.ok()) << violations.status();
  return violations.ok() ? *violations : Violations{};
}

bool Valid(const std::string& spec, const std::string& config) {
  return Validate(spec, config).empty();
}

// A spec, configs that conform to it, and configs that do not.
struct Keyword {
  std::string spec;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

TEST(ValidatorTest, EveryKeyword) {
  for (const Keyword& keyword : std::vector<Keyword>{
           {"true", {"1", "{}"}, {}},
           {"{}", {"1", "{}", "null"}, {}},
           {"false", {}, {"1", "null"}},
           {R"({"type":"string"})", {R"("")"}, {"1", "null", "{}"}},
           {R"({"type":"boolean"})", {"true", "false"}, {"null", "0", R"("true")"}},
           {R"({"type":["object","null"]})", {"{}", "null"}, {"[]", "1"}},
           {R"({"type":"integer"})",
            {"1", "-0", "1.0", "1e2", "12345678901234567890", "1e400"},
            {"1.5", "1e-1", "1e-400", R"("1")"}},
           {R"({"type":"number"})", {"1", "1.5", "1e400"}, {R"("1")", "null"}},
           {R"({"enum":[1,"a",{"x":[null]}]})",
            {"1.0", R"("\u0061")", R"({"x":[null]})"},
            {"2", R"("b")", R"({"x":[]})", "null"}},
           {R"({"enum":[]})", {}, {"1"}},
           {R"({"const":0})", {"0", "-0", "0e9"}, {"false", "null", "1"}},
           {R"({"minimum":1.1})", {"1.1", "2", R"("0")"}, {"1.0999999999999999999999", "-1e400"}},
           {R"({"maximum":10000000000000000000000})",
            {"9999999999999999999999"},
            {"10000000000000000000001"}},
           {R"({"exclusiveMinimum":0})", {"1e-400"}, {"0", "-0.0", "-1"}},
           {R"({"exclusiveMaximum":0.1})", {"0.09999999999999999999"}, {"0.1", "1"}},
           {R"({"multipleOf":0.01})", {"4.02", "0", "-1e300"}, {"4.021", "1e-3"}},
           {R"({"minLength":2})",
            {R"("ab")", R"("\ud83d\ude00x")", "1"},
            {R"("a")", R"("\ud83d\ude00")", "\"\xF0\x9F\x98\x80\"", R"("\ud800")"}},
           {R"({"maxLength":2.0})",
            {R"("ab")", "\"\xC3\xA9\xC3\xA9\"", R"("\ud83d\ude00\ud800")"},
            {R"("abc")"}},
           {R"({"pattern":"^\\d{4}-\\d\\d$"})",
            {R"("2024-01")", "1"},
            {R"("x2024-01")", R"("2024-01\n")"}},
           {R"({"pattern":"b"})", {R"("abc")"}, {R"("ac")"}},
           {R"({"pattern":"^(?<year>\\u0032\\d+)\\_$"})", {R"("2024_")"}, {R"("1999_")"}},
           {R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "{}"}, {R"([1,"2"])"}},
           {R"({"items":[{"type":"null"},true],"additionalItems":{"type":"string"}})",
            {"[]", "[null]", R"([null,5,"x"])"},
            {"[1]", "[null,5,6]"}},
           {R"({"items":[{}],"additionalItems":false})", {"[1]"}, {"[1,2]"}},
           {R"({"items":{},"additionalItems":false})", {"[1,2]"}, {}},
           {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "{}"}, {"[]", "[1,2,3]"}},
           {R"({"uniqueItems":true})",
            {"[1,2]", R"([1,"1",true,[1]])", R"([{"a":1},{"a":2}])"},
            {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])", R"(["a","\u0061"])"}},
           {R"({"contains":{"minimum":5}})", {"[1,6]", "{}"}, {"[]", "[1,2]"}},
           {R"({"minProperties":1,"maxProperties":2})",
            {R"({"a":1})"},
            {"{}", R"({"a":1,"b":2,"c":3})"}},
           {R"({"required":["a","b"]})",
            {R"({"a":null,"b":1})", R"({"\u0061":1,"b":1})", "[]"},
            {"{}", R"({"a":1})"}},
           {R"({"properties":{"a":{"type":"integer"},"b":false}})",
            {R"({"a":1})", R"({"c":"x"})", "[]"},
            {R"({"a":"x"})", R"({"b":1})", R"({"\u0061":"x"})"}},
           {R"({"patternProperties":{"^n_":{"type":"number"},"^$":false}})",
            {R"({"n_a":1,"m":"x"})"},
            {R"({"n_a":"x"})", R"({"":1})"}},
           {R"({"properties":{"a":{}},"patternProperties":{"^b":{}},"additionalProperties":false})",
            {R"({"a":1,"b1":2})", "{}"},
            {R"({"c":1})"}},
           {R"({"properties":{"a":{}},"additionalProperties":{"type":"null"}})",
            {R"({"a":1,"b":null})"},
            {R"({"b":1})"}},
           {R"({"propertyNames":{"maxLength":2,"pattern":"^\\w+$"}})",
            {R"({"ab":1})", "{}"},
            {R"({"abc":1})", R"({"a-":1})", R"({"\ud800":1})"}},
           {R"({"dependencies":{"a":["b"],"c":{"required":["d"]}}})",
            {"{}", R"({"b":1})", R"({"a":1,"b":1})", R"({"c":1,"d":1})"},
            {R"({"a":1})", R"({"c":1})"}},
           {R"({"allOf":[{"minimum":1},{"maximum":3}]})", {"2"}, {"0", "4"}},
           {R"({"anyOf":[{"type":"string"},{"minimum":3}]})", {R"("x")", "3"}, {"2"}},
           {R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "3"}, {"6", "1"}},
           {R"({"not":{"type":"string"}})", {"1"}, {R"("x")"}},
           {R"({"if":{"minimum":10},"then":{"multipleOf":10},"else":{"multipleOf":3}})",
            {"20", "9"},
            {"15", "5"}},
           {R"({"then":false,"else":false})", {"1"}, {}},
           {R"({"format":"ipv4"})", {R"("not one")"}, {}},
           {R"({"title":"t","order":0,"airbyte_hidden":true,"default":5,"examples":[1]})",
            {"{}"},
            {}},
           {R"({"type":["integer","wat"],"minLength":-1,"required":true,"items":5})",
            {"1"},
            {R"("x")"}},
       }) {
    for (const std::string& config : keyword.good) {
      EXPECT_THAT(Validate(keyword.spec, config), IsEmpty()) << keyword.spec << " " << config;
    }
    for (const std::string& config : keyword.bad) {
      EXPECT_FALSE(Valid(keyword.spec, config)) << keyword.spec << " " << config;
    }
  }
}

// A spec as connectors have them.
constexpr char kSpec[] = R"({
  "$schema": "http://json-schema.org/draft-07/schema#", "title": "Source", "type": "object",
  "required": ["start_date", "credentials"], "additionalProperties": false,
  "properties": {
    "start_date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "order": 0},
    "page size": {"type": "integer", "minimum": 1, "maximum": 100},
    "accounts/ids": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
    "credentials": {"type": "object", "oneOf": [
      {"title": "OAuth", "required": ["auth_type", "client_secret"], "properties": {
        "auth_type": {"type": "string", "const": "oauth"},
        "client_secret": {"type": "string", "airbyte_secret": true}}},
      {"title": "Key", "required": ["auth_type", "api_key"], "properties": {
        "auth_type": {"type": "string", "enum": ["key"]},
        "api_key": {"type": "string", "airbyte_secret": true}}}]}}})";

TEST(ViolationTest, NamePathsAndKeywordsInDocumentOrder) {
  EXPECT_THAT(
      Validate(kSpec,
               R"({"start_date":"2024-01-01","credentials":{"auth_type":"key","api_key":"k"}})"),
      IsEmpty());
  EXPECT_THAT(Validate(kSpec, R"({"accounts/ids":["a",5,"a"],"page size":1000,"extra":1})"),
              ElementsAre(SpecViolation{"", "required", "missing key start_date"},
                          SpecViolation{"", "required", "missing key credentials"},
                          SpecViolation{"", "additionalProperties", "unexpected key extra"},
                          SpecViolation{"/accounts~1ids", "uniqueItems", "two items are equal"},
                          SpecViolation{"/accounts~1ids/1", "type", "expected string"},
                          SpecViolation{"/page size", "maximum", "greater than 100"}));
}

TEST(ViolationTest, ExplainTheAlternativeThatTheConfigChose) {
  EXPECT_THAT(Validate(kSpec, R"({"start_date":"2024-01-01","credentials":{"auth_type":"oauth"}})"),
              ElementsAre(SpecViolation{"/credentials", "oneOf", "matches none of 2 alternatives"},
                          SpecViolation{"/credentials", "required", "missing key client_secret"}));
  EXPECT_THAT(
      Validate(kSpec, R"({"start_date":"2024-01-01","credentials":{"auth_type":"saml"}})"),
      ElementsAre(SpecViolation{"/credentials", "oneOf", "matches none of 2 alternatives"}));
}

TEST(ViolationTest, NeverHoldAValueOfTheConfig) {
  const std::string secret = "hunter2";
  const std::string quoted = "\"" + secret + "\"";
  for (const char* spec : {R"({"type":"integer"})", R"({"enum":[1]})", R"({"const":1})",
                           R"({"maxLength":1})", R"({"pattern":"^$"})", R"({"not":{}})",
                           R"({"oneOf":[{},{}]})", R"({"anyOf":[false]})", "false"}) {
    const Violations violations = Validate(spec, quoted);
    ASSERT_THAT(violations, SizeIs(1)) << spec;
    EXPECT_EQ(violations[0].detail.find(secret), std::string::npos) << violations[0].detail;
  }
}

TEST(ViolationTest, AtMost32TheFirstOnes) {
  std::string config = "[";
  for (int i = 0; i < 2000; ++i) config += i == 0 ? "0" : ",0";
  const Violations violations =
      Validate(R"({"items":{"type":"string"},"maxItems":1})", config + "]");
  ASSERT_THAT(violations, SizeIs(32));
  EXPECT_EQ(violations[0], (SpecViolation{"", "maxItems", "more than 1 items"}));
  EXPECT_EQ(violations[31].path, "/30");
}

TEST(ViolationTest, LongKeysAreCut) {
  const Violations violations =
      Validate(R"({"additionalProperties":false})", "{\"a\\n" + std::string(5000, 'k') + "\":1}");
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_LT(violations[0].detail.size(), 200u);
  EXPECT_EQ(violations[0].detail.find('\n'), std::string::npos);
}

TEST(ValidatorTest, KeysThatCdksAddAreNoConfig) {
  const std::string config = R"({"start_date":"2024-01-01","_limit":5,"_page_size":10,)"
                             R"("credentials":{"auth_type":"key","api_key":"k"}})";
  EXPECT_THAT(Validate(kSpec, config), IsEmpty());
  EXPECT_FALSE(Valid(R"({"additionalProperties":false})", R"({"_other":5})"));
  EXPECT_FALSE(Valid(R"({"items":{"additionalProperties":false}})", R"([{"_limit":5}])"))
      << "at the top level only";
  EXPECT_TRUE(Valid(R"({"maxProperties":0,"propertyNames":false})", R"({"_limit":5})"));
}

TEST(ValidatorTest, WhatIsNoJsonIsNoConfig) {
  const auto spec = ConnectorSpec::Compile("{}");
  ASSERT_TRUE(spec.ok());
  for (const char* config : {"", "{", "nope", "\"\x80\""}) {
    EXPECT_EQ((*spec)->Validate(config).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(CompileTest, RefusesWhatIsNoSchema) {
  for (const char* spec : {"", "[]", "null", "5", R"("x")", "{", R"({"a":1}})"}) {
    EXPECT_EQ(ConnectorSpec::Compile(spec).status().code(), absl::StatusCode::kInvalidArgument)
        << spec;
  }
}

TEST(CompileTest, NotesWhatItSkips) {
  const auto spec = ConnectorSpec::Compile(
      R"({"properties":{"a":{"pattern":"(?=x)x"},"b":{"minimum":"5"},"c":{"type":"datetime"}},)"
      R"("required":true})");
  ASSERT_TRUE(spec.ok());
  EXPECT_THAT((*spec)->notes(),
              ::testing::UnorderedElementsAre(
                  "/properties/a/pattern: is no pattern that RE2 can take, not checked",
                  "/properties/b/minimum: is no number, not checked",
                  "/properties/c/type: is no type, not checked",
                  "/required: is no list of keys, not checked"));
  EXPECT_THAT(*(*spec)->Validate(R"({"a":"y","b":1,"c":"d"})"), IsEmpty());
}

TEST(CompileTest, AKeyThatAnUnknownPatternMayMatchIsNotUnexpected) {
  EXPECT_TRUE(
      Valid(R"({"patternProperties":{"^(?!x).":{}},"additionalProperties":false})", R"({"a":1})"));
}

// What is valid in one draft and not in another.
struct Difference {
  std::string spec;
  std::string config;
  bool four, six, seven;
};

TEST(DraftTest, TheSchemaKeywordDecides) {
  for (const Difference& row : std::vector<Difference>{
           {R"("type":"integer")", "1.0", false, true, true},
           {R"("type":"integer")", "1e2", false, true, true},
           {R"("type":["integer","null"])", "12345678901234567890", true, true, true},
           {R"("minimum":1,"exclusiveMinimum":true)", "1", false, true, true},
           {R"("exclusiveMaximum":true,"maximum":1)", "1", false, true, true},
           {R"("minimum":1,"exclusiveMinimum":false)", "1", true, true, true},
           {R"("exclusiveMinimum":1)", "1", true, false, false},
           {R"("const":1)", "2", true, false, false},
           {R"("contains":{"type":"null"})", "[]", true, false, false},
           {R"("propertyNames":{"maxLength":1})", R"({"ab":1})", true, false, false},
           {R"("if":{},"then":false)", "1", true, true, false},
           {R"("allOf":[{"$ref":"#n"}],"definitions":{"x":{"id":"#n","type":"null"},)"
            R"("y":{"$id":"#n","type":"string"}})",
            R"("a string")", false, true, true},
       }) {
    for (const auto& [draft, expected] :
         {std::pair("04", row.four), {"06", row.six}, {"07", row.seven}}) {
      for (const char* form :
           {"http://json-schema.org/draft-%s/schema#", "https://json-schema.org/draft-%s/schema"}) {
        const std::string uri = std::string(form).replace(std::string(form).find("%s"), 2, draft);
        EXPECT_EQ(Valid(R"({"$schema":")" + uri + "\"," + row.spec + "}", row.config), expected)
            << uri << " " << row.spec;
      }
    }
    EXPECT_EQ(Valid("{" + row.spec + "}", row.config), row.seven) << "the default is draft-07";
  }
}

TEST(DraftTest, AnUnknownOneIsReadAsDraft07AndNoted) {
  const auto spec =
      ConnectorSpec::Compile(R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)"
                             R"("const":1})");
  ASSERT_TRUE(spec.ok());
  EXPECT_THAT((*spec)->notes(), ElementsAre("/$schema: is no draft that we know, not checked"));
  EXPECT_THAT(*(*spec)->Validate("2"), SizeIs(1));
}

TEST(DraftTest, WhatAnOlderDraftDoesNotCheckMayStillBeSecret) {
  const auto spec =
      ConnectorSpec::Compile(R"({"$schema":"http://json-schema.org/draft-04/schema#",)"
                             R"("then":{"properties":{"token":{"airbyte_secret":true}}}})");
  ASSERT_TRUE(spec.ok());
  EXPECT_THAT((*spec)->SecretValues(R"({"token":"t0k3n"})"), ElementsAre("t0k3n"));
}

TEST(FormatTest, IsAWarningUnlessStrict) {
  const std::string text = R"({"properties":{"a":{"format":"date"},"b":{"format":"wat"},)"
                           R"("c":{"oneOf":[{"format":"ipv4"},{"type":"null"}]}}})";
  const auto lax = ConnectorSpec::Compile(text);
  const auto strict = ConnectorSpec::Compile(text, {.strict_formats = true});
  ASSERT_TRUE(lax.ok() && strict.ok());
  const std::string config = R"({"a":"2024-02-30","b":"anything","c":"1.2.3"})";
  const SpecViolation date{"/a", "format", "is no date"};
  const SpecViolation choice{"/c", "oneOf", "matches none of 2 alternatives"};

  const absl::StatusOr<SpecVerdict> warned = (*lax)->Examine(config);
  ASSERT_TRUE(warned.ok());
  EXPECT_THAT(warned->violations, IsEmpty());
  EXPECT_THAT(warned->warnings, ElementsAre(date, choice));
  const absl::StatusOr<SpecVerdict> refused = (*strict)->Examine(config);
  ASSERT_TRUE(refused.ok());
  EXPECT_THAT(refused->violations, ElementsAre(date, choice));
  EXPECT_THAT(refused->warnings, IsEmpty());
  EXPECT_THAT((*strict)->Examine(R"({"a":"2024-02-29","c":"1.2.3.4"})")->violations, IsEmpty());
}

TEST(RefTest, LeadToPlacesInsideTheDocument) {
  const std::string spec = R"({
    "definitions": {"int": {"type": "integer"}, "a/b~c%\"": {"type": "null"},
                    "list": [{"type": "boolean"}], "chain": {"$ref": "#/definitions/int"},
                    "named": {"$id": "#name", "maximum": 3}},
    "properties": {
      "i": {"$ref": "#/definitions/int"}, "n": {"$ref": "#/definitions/a~1b~0c%25%22"},
      "b": {"$ref": "#/definitions/list/0"}, "c": {"$ref": "#/definitions/chain", "type": "null"},
      "m": {"$ref": "#name"}, "p": {"$ref": "#/properties/i"},
      "$ref": {"type": "string"}}})";
  EXPECT_TRUE(Valid(spec, R"({"i":1,"n":null,"b":true,"c":2,"m":3,"p":4,"$ref":"x"})"));
  for (const char* config : {R"({"i":"x"})", R"({"n":1})", R"({"b":1})", R"({"c":null})",
                             R"({"m":4})", R"({"p":null})", R"({"$ref":1})"}) {
    EXPECT_FALSE(Valid(spec, config)) << config;
  }
}

TEST(RefTest, FollowBaseUris) {
  const std::string spec = R"({
    "$id": "http://x.test/root.json",
    "properties": {"a": {"$ref": "item.json"}, "b": {"$ref": "/dir/other.json#/definitions/s"},
                   "c": {"$ref": "http://x.test/root.json#/definitions/first"}},
    "definitions": {
      "first": {"$id": "item.json", "type": "integer"},
      "second": {"$id": "dir/other.json", "definitions": {"s": {"type": "string"}}}}})";
  EXPECT_TRUE(Valid(spec, R"({"a":1,"b":"x","c":1})"));
  EXPECT_FALSE(Valid(spec, R"({"a":"x"})"));
  EXPECT_FALSE(Valid(spec, R"({"b":1})"));
  EXPECT_FALSE(Valid(spec, R"({"c":"x"})"));
}

TEST(RefTest, Recurse) {
  const std::string tree = R"({"properties":{"next":{"$ref":"#"},"v":{"type":"integer"}},)"
                           R"("additionalProperties":false})";
  EXPECT_TRUE(Valid(tree, R"({"next":{"next":{"v":1}}})"));
  EXPECT_THAT(Validate(tree, R"({"next":{"next":{"v":"x"}}})"),
              ElementsAre(SpecViolation{"/next/next/v", "type", "expected integer"}));
  EXPECT_TRUE(Valid(R"({"allOf":[{"$ref":"#"}],"type":"integer"})", "1")) << "a loop adds nothing";
  EXPECT_FALSE(Valid(R"({"allOf":[{"$ref":"#"}],"type":"integer"})", "null"));
}

TEST(RefTest, LeadToMetaSchemasWithoutANetwork) {
  for (const char* draft : {"04", "06", "07"}) {
    const std::string uri = "http://json-schema.org/draft-" + std::string(draft) + "/schema#";
    EXPECT_TRUE(Valid(R"({"$ref":")" + uri + "\"}", R"({"minLength":1})")) << uri;
    EXPECT_FALSE(Valid(R"({"$ref":")" + uri + "\"}", R"({"minLength":-1})")) << uri;
  }
}

TEST(RefTest, LeadToDocumentsThatTheCallerPasses) {
  const SpecDocument documents[] = {
      {"http://x.test/a.json", R"({"definitions":{"n":{"$ref":"b.json"}},"type":"object"})"},
      {"http://x.test/b.json", R"({"minimum":5,"properties":{"again":{"$ref":"#"}}})"},
      {"http://x.test/broken.json", "{"},
      {"http://x.test/four.json",
       R"({"$schema":"http://json-schema.org/draft-04/schema#","const":1})"}};
  const SpecOptions options{.documents = documents};
  const auto compile = [&](const std::string& ref) {
    return ConnectorSpec::Compile(R"({"$ref":")" + ref + "\"}", options);
  };
  const auto spec = compile("http://x.test/a.json#/definitions/n");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_THAT(*(*spec)->Validate("5"), IsEmpty());
  EXPECT_THAT(*(*spec)->Validate("4"), SizeIs(1));
  EXPECT_THAT(*(*spec)->Validate(R"({"again":{"again":4}})"), SizeIs(1));
  EXPECT_THAT(*(*compile("http://x.test/four.json"))->Validate("2"), IsEmpty())
      << "each document has its own draft";
  EXPECT_FALSE(compile("http://x.test/a.json#/nowhere").ok());
  EXPECT_FALSE(compile("http://x.test/broken.json").ok());
  EXPECT_FALSE(compile("http://x.test/other.json").ok());
}

TEST(RefTest, ThatLeaveTheDocumentMakeASpecUnusable) {
  for (const char* ref : {"http://x.test/a.json", "file:///etc/shadow", "other.json", "#/nowhere",
                          "#nowhere", "#/properties/a/0", "//x.test/a", "/etc/shadow",
                          "#/properties/b", "http://json-schema.org/draft-03/schema#"}) {
    const auto spec = ConnectorSpec::Compile(R"({"properties":{"a":{"$ref":")" + std::string(ref) +
                                             R"("},"b2":"x"}})");
    EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << ref;
  }
  EXPECT_FALSE(ConnectorSpec::Compile(R"({"$ref":"#"})").ok()) << "leads only to itself";
  EXPECT_FALSE(ConnectorSpec::Compile(
                   R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},)"
                   R"("b":{"$ref":"#/definitions/a"}}})")
                   .ok());
  EXPECT_FALSE(ConnectorSpec::Compile(R"({"a":5,"$ref":"#/a"})").ok()) << "5 is no schema";
}

TEST(ValidatorPropertyTest, AConstMeansItsValueInEverySpelling) {
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    testing::Value value = RandomValue(rng, 3);
    // Top-level CDK keys do not occur in random values.
    const std::string spec = R"({"const":)" + Spell(rng, value) + "}";
    const std::string list = R"({"enum":[[],)" + Spell(rng, value) + ",{}]}";
    const std::string config = Spell(rng, value);
    ASSERT_TRUE(Valid(spec, config)) << spec << " " << config;
    ASSERT_TRUE(Valid(list, config)) << list << " " << config;
    ASSERT_FALSE(
        Valid(R"({"uniqueItems":true})", "[" + config + ",[[[]]]," + Spell(rng, value) + "]"));
    Mutate(rng, &value);
    ASSERT_FALSE(Valid(spec, Spell(rng, value))) << spec;
  }
}

TEST(ValidatorPropertyTest, DamagedSpecsAndConfigsAreHarmless) {
  const std::string config = R"({"start_date":"2024-01-01","accounts/ids":["a"],"page size":5,)"
                             R"("credentials":{"auth_type":"key","api_key":"k"}})";
  int used = 0;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const auto spec = ConnectorSpec::Compile(seed % 2 == 0 ? kSpec : Damage(rng, kSpec));
    if (!spec.ok()) continue;
    const std::string damaged = Damage(rng, config);
    const bool json = ParseJson(damaged).has_value();
    EXPECT_EQ((*spec)->Validate(damaged).ok(), json) << damaged;
    if (json) ++used;
    (*spec)->Mask(damaged);
  }
  EXPECT_GT(used, 100);
}

}  // namespace
}  // namespace shunt
