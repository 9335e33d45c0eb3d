// What records are looked at, what is kept of what is found, and that it ends.
#include "transforms/schema_check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Catalog(const std::string& schema) {
  return R"({"streams":[{"stream":{"name":"other","json_schema":{}}},)"
         R"({"stream":{"name":"users","json_schema":)" +
         schema + "}}]}";
}

constexpr char kSchema[] =
    R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","required":["id"],
        "properties":{"id":{"type":"integer","airbyte_type":"big_integer"},
                      "tags":{"type":["null","array"],"items":{"type":"string"}},
                      "at":{"type":"string","format":"date-time",
                            "airbyte_type":"timestamp_without_timezone"}}})";

SchemaCheck Check(SchemaValidation validation, const std::string& schema = kSchema) {
  return SchemaCheck(Catalog(schema), {.validation = validation});
}

TEST(SchemaCheckTest, FindsWhatDoesNotConformAndKeepsNoValue) {
  SchemaCheck check = Check(SchemaValidation::kAll);
  check.Check(1, R"({"id":1,"tags":["a"],"more":true})");
  check.Check(1, R"({"id":"secret-value"})");
  check.Check(1, R"({"tags":["a",5]})");
  check.Check(1, R"({"id":"secret-value","at":"no date, and nobody asks"})");
  const SchemaCheck::Findings& found = check.findings(1);
  EXPECT_EQ(found.records, 4u);
  EXPECT_EQ(found.checked, 4u);
  EXPECT_EQ(found.bad, 3u);
  ASSERT_EQ(found.violations.size(), 3u);
  EXPECT_EQ(found.violations[0].path, "/id");
  EXPECT_EQ(found.violations[0].keyword, "type");
  EXPECT_EQ(found.violations[0].records, 2u);
  EXPECT_EQ(found.violations[1].keyword, "required");
  EXPECT_THAT(found.violations[1].detail, HasSubstr("id"));
  EXPECT_EQ(found.violations[2].path, "/tags/1");
  EXPECT_EQ(found.violations[2].records, 1u);
  for (const SchemaCheck::Violation& violation : found.violations) {
    EXPECT_EQ((violation.path + violation.keyword + violation.detail).find("secret-value"),
              std::string::npos);
  }
  EXPECT_EQ(check.findings(0).records, 0u);
}

TEST(SchemaCheckTest, OffOnlyCounts) {
  SchemaCheck check = Check(SchemaValidation::kOff);
  for (int i = 0; i < 20; ++i) check.Check(1, R"({"id":"x"})");
  EXPECT_EQ(check.findings(1).records, 20u);
  EXPECT_EQ(check.findings(1).checked, 0u);
}

TEST(SchemaCheckTest, SampledLooksAtTheFirstOnesAndThenNowAndThen) {
  SchemaCheck check = Check(SchemaValidation::kSampled);
  for (int i = 0; i < 4000; ++i) check.Check(1, R"({"id":1})");
  EXPECT_EQ(check.findings(1).records, 4000u);
  EXPECT_EQ(check.findings(1).checked, SchemaCheck::kFirstRecords + 3) << "and 1024, 2048, 3072";
  check.Check(0, R"({"id":"x"})");
  EXPECT_EQ(check.findings(0).checked, 1u) << "each stream has its own first records";
}

TEST(SchemaCheckTest, AStreamIsLeftAloneAfterTenBadRecords) {
  SchemaCheck check = Check(SchemaValidation::kAll);
  for (int i = 0; i < 1000; ++i) check.Check(1, i % 2 == 0 ? R"({"id":1})" : R"({"id":"x"})");
  const SchemaCheck::Findings& found = check.findings(1);
  EXPECT_EQ(found.records, 1000u);
  EXPECT_EQ(found.bad, SchemaCheck::kBadRecordsMax);
  EXPECT_EQ(found.checked, 20u);
  EXPECT_TRUE(found.stopped);
}

TEST(SchemaCheckTest, OneRecordCannotFillTheList) {
  SchemaCheck check = Check(SchemaValidation::kAll);
  check.Check(1, R"({"id":1,"tags":[1,2,3,4,5,6,7,8,9]})");
  EXPECT_EQ(check.findings(1).violations.size(), SchemaCheck::kViolationsMax);
  EXPECT_EQ(check.findings(1).bad, 1u);
}

TEST(SchemaCheckTest, ALongRecordIsNotLookedAt) {
  SchemaCheck check(Catalog(kSchema),
                    {.validation = SchemaValidation::kAll, .record_bytes_max = 100});
  check.Check(1, R"({"id":")" + std::string(100, 'x') + "\"}");
  check.Check(1, R"({"id":"x"})");
  EXPECT_EQ(check.findings(1).too_long, 1u);
  EXPECT_EQ(check.findings(1).checked, 1u);
}

TEST(SchemaCheckTest, SchemasThatAreTooLongTogetherAreNotCompiled) {
  SchemaCheck check(Catalog(kSchema),
                    {.validation = SchemaValidation::kAll, .schema_bytes_max = 100});
  check.Check(0, "{}");
  check.Check(1, R"({"id":"x"})");
  EXPECT_EQ(check.findings(0).checked, 1u);
  EXPECT_EQ(check.findings(1).checked, 0u);
  EXPECT_THAT(check.findings(1).note, HasSubstr("too long together"));
}

TEST(SchemaCheckTest, ASchemaThatCannotBeUsedIsANote) {
  const struct {
    const char* schema;
    const char* note;
  } kTable[] = {
      {R"({"$ref":"#/definitions/gone"})", "not checked: its json_schema cannot be used: "},
      {R"("text")", "not checked: it has no json_schema"},
      {"null", "not checked: it has no json_schema"},
      {R"({"properties":{"id":{"type":"integer","pattern":"("}}})", "not checked wholly: "},
  };
  for (const auto& row : kTable) {
    SchemaCheck check = Check(SchemaValidation::kAll, row.schema);
    check.Check(1, R"({"id":"x"})");
    check.Check(1, R"({"id":1})");
    EXPECT_THAT(check.findings(1).note, HasSubstr(row.note)) << row.schema;
    EXPECT_EQ(check.findings(1).records, 2u);
  }
}

TEST(SchemaCheckTest, DataThatIsNotJsonIsANote) {
  SchemaCheck check = Check(SchemaValidation::kAll);
  check.Check(1, R"({"id":01})");
  EXPECT_EQ(check.findings(1).checked, 0u);
  EXPECT_THAT(check.findings(1).violations, IsEmpty());
  EXPECT_THAT(check.findings(1).note, HasSubstr("not checked wholly"));
  for (int i = 0; i < 100; ++i) check.Check(1, R"({"id":01})");
  EXPECT_EQ(check.findings(1).undecided, SchemaCheck::kBadRecordsMax);
  EXPECT_TRUE(check.findings(1).stopped);
}

}  // namespace
}  // namespace shunt
