// The official test suite of JSON Schema, as Debian has it (json-schema-test-suite 2.0.0): all
// required cases of drafts 04, 06 and 07, and of the optional ones the formats and the numbers.
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "protocol/spec.h"

namespace shunt {
namespace {

constexpr char kSuite[] = "/usr/share/json-schema-test-suite/";

std::string ReadSuiteFile(const std::string& path) {
  const std::ifstream file(kSuite + path);
  EXPECT_TRUE(file) << kSuite << path << " is missing: run tools/install";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Draft {
  SpecDraft draft;
  std::string folder;
  std::vector<std::string> files;
  int cases;  // how many there are, so that none gets lost
};

std::vector<std::string> With(std::vector<std::string> files, std::vector<std::string> more) {
  files.insert(files.end(), more.begin(), more.end());
  return files;
}

std::vector<Draft> Drafts() {
  const std::vector<std::string> four = {"additionalItems",
                                         "additionalProperties",
                                         "allOf",
                                         "anyOf",
                                         "default",
                                         "definitions",
                                         "dependencies",
                                         "enum",
                                         "items",
                                         "maxItems",
                                         "maxLength",
                                         "maxProperties",
                                         "maximum",
                                         "minItems",
                                         "minLength",
                                         "minProperties",
                                         "minimum",
                                         "multipleOf",
                                         "not",
                                         "oneOf",
                                         "pattern",
                                         "patternProperties",
                                         "properties",
                                         "ref",
                                         "refRemote",
                                         "required",
                                         "type",
                                         "uniqueItems"};
  const std::vector<std::string> six =
      With(four, {"boolean_schema", "const", "contains", "exclusiveMaximum", "exclusiveMinimum",
                  "propertyNames"});
  const std::vector<std::string> seven = With(six, {"if-then-else"});
  return {{SpecDraft::k4, "draft4", four, 320},
          {SpecDraft::k6, "draft6", six, 405},
          {SpecDraft::k7, "draft7", seven, 423}};
}

class Suite {
 public:
  Suite() {
    for (const char* name :
         {"integer.json", "name.json", "subSchemas.json", "folder/folderInteger.json"}) {
      uris_.push_back(std::string("http://localhost:1234/") + name);
      texts_.push_back(ReadSuiteFile(std::string("remotes/") + name));
    }
    for (std::size_t i = 0; i < uris_.size(); ++i) documents_.push_back({uris_[i], texts_[i]});
  }

  // Runs a file; how many cases it has. Those in `known` may differ.
  int Run(const std::string& path, SpecOptions options, const std::set<std::string>& known = {}) {
    options.documents = documents_;
    const std::string text = ReadSuiteFile("tests/" + path);
    int cases = 0;
    const std::optional<JsonSlice> list = ParseJson(text);
    EXPECT_TRUE(list) << path;
    if (!list) return 0;
    const auto groups = JsonElements(*list);
    for (const JsonSlice& group : *groups) {
      const std::string title = path + ": " + *JsonString(*JsonFind(group, "description"));
      const auto spec = ConnectorSpec::Compile(JsonFind(group, "schema")->text, options);
      EXPECT_TRUE(spec.ok()) << title << ": " << spec.status();
      if (!spec.ok()) continue;
      const auto tests = JsonElements(*JsonFind(group, "tests"));
      for (const JsonSlice& test : *tests) {
        ++cases;
        const std::string name = *JsonString(*JsonFind(test, "description"));
        if (known.contains(name)) continue;
        const auto violations = (*spec)->Validate(JsonFind(test, "data")->text);
        EXPECT_TRUE(violations.ok()) << title << ": " << name;
        if (!violations.ok()) continue;
        const bool valid = JsonFind(test, "valid")->type == JsonType::kTrue;
        EXPECT_EQ(violations->empty(), valid) << title << ": " << name;
      }
    }
    return cases;
  }

 private:
  std::vector<std::string> uris_, texts_;
  std::vector<SpecDocument> documents_;
};

TEST(SchemaSuiteTest, AllRequiredCases) {
  Suite suite;
  for (const Draft& draft : Drafts()) {
    int cases = 0;
    for (const std::string& file : draft.files) {
      cases += suite.Run(draft.folder + "/" + file + ".json", {.draft = draft.draft});
    }
    std::cout << draft.folder << ": " << cases << " required cases\n";
    EXPECT_EQ(cases, draft.cases) << draft.folder;
  }
}

TEST(SchemaSuiteTest, OptionalNumbersAndPatterns) {
  Suite suite;
  for (const Draft& draft : Drafts()) {
    for (const char* file : {"bignum", "zeroTerminatedFloats", "ecmascript-regex"}) {
      suite.Run(draft.folder + "/optional/" + file + ".json",
                {.draft = draft.draft, .strict_formats = true});
    }
  }
}

TEST(SchemaSuiteTest, OptionalFormatsWhenStrict) {
  Suite suite;
  int cases = 0;
  for (const std::string file : {"draft4/optional/format", "draft6/optional/format"}) {
    const SpecDraft draft = file.starts_with("draft4") ? SpecDraft::k4 : SpecDraft::k6;
    cases += suite.Run(file + ".json", {.draft = draft, .strict_formats = true});
  }
  for (const std::string name :
       {"date", "date-time", "email", "hostname", "idn-email", "ipv4", "ipv6", "iri",
        "iri-reference", "json-pointer", "regex", "relative-json-pointer", "time", "uri",
        "uri-reference", "uri-template"}) {
    cases += suite.Run("draft7/optional/format/" + name + ".json", {.strict_formats = true});
  }
  std::cout << cases << " optional cases of formats\n";
}

}  // namespace
}  // namespace shunt
