// What becomes of runs of RECORD lines: names, mappers, the bound on a record; everything that no
// rule touches is the source's, byte for byte.
#include "transforms/record_rewriter.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "protocol/limits.h"
#include "transforms/record_rules.h"

namespace shunt {
namespace {

// Two streams that differ in their namespace alone, one of which has mappers; and one without any.
constexpr char kCatalog[] = R"({"streams":[
  {"stream":{"name":"users","namespace":"public","json_schema":{"properties":{"id":{},"email":{"type":"string"},"note":{"type":"string"}}}},
   "sync_mode":"full_refresh","primary_key":[["id"]],
   "mappers":[{"name":"hashing","config":{"targetField":"email","method":"MD5","fieldNameSuffix":"_hashed"}},
              {"name":"row-filtering","config":{"conditions":{"type":"NOT","conditions":[{"type":"EQUAL","fieldName":"note","comparisonValue":"drop"}]}}}]},
  {"stream":{"name":"users","json_schema":{"properties":{"id":{}}}},"sync_mode":"full_refresh","primary_key":[["id"]]},
  {"stream":{"name":"orders","namespace":"","json_schema":{"properties":{"id":{}}}},"sync_mode":"full_refresh"}]})";

class Rewriter {
 public:
  explicit Rewriter(const RecordRuleSettings& settings, const char* catalog = kCatalog)
      : catalog_(*ParseConfiguredCatalog(catalog)),
        rules_(CompileRecordRules(settings, catalog)->rules),
        rewriter_(*rules_, catalog_, nullptr) {}

  std::string Run(std::string run, std::size_t bytes_max = SIZE_MAX) {
    const std::size_t size = run.size();
    run.append(kLinePadding, '\0');
    rewriter_.Rewrite(std::string_view(run).substr(0, size), bytes_max, &out_, &result);
    return out_.substr(0, result.out_bytes);
  }
  RecordRewriter::Result result;

 private:
  ConfiguredCatalog catalog_;
  std::shared_ptr<const RecordRules> rules_;
  std::string out_ = "left from before";
  RecordRewriter rewriter_;
};

std::string Orders(std::string_view data) {
  return absl::StrCat(R"({"type":"RECORD","record":{"stream":"orders","namespace":"","data":)",
                      std::string(data), R"(,"emitted_at":1}})", "\n");
}

const RecordRuleSettings kPrefix{.names = {.prefix = "p_"}};
const RecordRuleSettings kNoNamespace{
    .names = {.definition = NamespaceDefinition::kDestination, .prefix = "p_"}};
const RecordRuleSettings kRaw{
    .names = {.definition = NamespaceDefinition::kCustom, .format = "raw_${SOURCE_NAMESPACE}"}};

TEST(RecordRewriter, OnlyNamesChange) {
  Rewriter rewriter(kPrefix);
  const std::string line =
      R"( {"type":"RECORD", "record":{"stream" : "orders","namespace":"","data":{"id":1.50,"x":1e400,"stream":"orders","é":"é"},"emitted_at":1,"new":[1, 2]} , "more":null} )"
      "\r\n";
  const std::string expected =
      R"( {"type":"RECORD", "record":{"stream" : "p_orders","namespace":"","data":{"id":1.50,"x":1e400,"stream":"orders","é":"é"},"emitted_at":1,"new":[1, 2]} , "more":null} )"
      "\r\n";
  // The second is copied by the first one's head.
  EXPECT_EQ(rewriter.Run(line + line), expected + expected);
  EXPECT_EQ(rewriter.result.consumed, 2 * line.size());
}

TEST(RecordRewriter, NamesMayStandBehindData) {
  Rewriter rewriter(kNoNamespace);
  const std::string line =
      R"({"record":{"data":{"id":1},"namespace":"","emitted_at":1,"stream":"orders"},"type":"RECORD"})"
      "\n";
  EXPECT_EQ(rewriter.Run(line + line + line),
            R"({"record":{"data":{"id":1},"emitted_at":1,"stream":"p_orders"},"type":"RECORD"})"
            "\n"
            R"({"record":{"data":{"id":1},"emitted_at":1,"stream":"p_orders"},"type":"RECORD"})"
            "\n"
            R"({"record":{"data":{"id":1},"emitted_at":1,"stream":"p_orders"},"type":"RECORD"})"
            "\n");
}

TEST(RecordRewriter, NamespacesAreAddedReplacedAndCut) {
  const std::string plain = R"({"type":"RECORD","record":{"stream":"users","data":{"id":1}}})"
                            "\n";
  const std::string null =
      R"({"type":"RECORD","record":{"namespace":null,"stream":"users","data":{"id":1}}})"
      "\n";
  EXPECT_EQ(Rewriter(kRaw).Run(plain),
            R"({"type":"RECORD","record":{"stream":"users","namespace":"raw_","data":{"id":1}}})"
            "\n");
  EXPECT_EQ(Rewriter(kRaw).Run(null),
            R"({"type":"RECORD","record":{"namespace":"raw_","stream":"users","data":{"id":1}}})"
            "\n");
  EXPECT_EQ(Rewriter(kNoNamespace).Run(null),
            R"({"type":"RECORD","record":{"namespace":null,"stream":"p_users","data":{"id":1}}})"
            "\n");
  EXPECT_EQ(Rewriter(kNoNamespace).Run(Orders("{}")),
            R"({"type":"RECORD","record":{"stream":"p_orders","data":{},"emitted_at":1}})"
            "\n");
}

// The same beginning up to the name, but what comes behind data makes it another stream: one whose
// mappers must not be passed over.
TEST(RecordRewriter, AHeadDoesNotHideANamespaceBehindData) {
  for (const RecordRuleSettings& settings : {kPrefix, kNoNamespace, RecordRuleSettings{}}) {
    Rewriter rewriter(settings);
    const std::string harmless = R"({"type":"RECORD","record":{"stream":"users","data":{"id":1}}})"
                                 "\n";
    const std::string secret =
        R"({"type":"RECORD","record":{"stream":"users","data":{"id":1,"email":"a@b.c"},"namespace":"public"}})"
        "\n";
    const std::string out = rewriter.Run(harmless + secret + harmless + secret);
    EXPECT_EQ(out.find("a@b.c"), std::string::npos) << out;
    EXPECT_NE(out.find("email_hashed"), std::string::npos) << out;
  }
}

TEST(RecordRewriter, RowsAreFilteredAndCounted) {
  Rewriter rewriter({});
  const auto user = [](std::string_view note) {
    return absl::StrCat(
        R"({"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"id":1,"note":")",
        std::string(note), R"("}}})", "\n");
  };
  EXPECT_EQ(rewriter.Run(user("keep") + user("drop") + user("drop") + user("keep")),
            user("keep") + user("keep"));
  ASSERT_EQ(rewriter.result.filtered.size(), 1u);
  EXPECT_EQ(rewriter.result.filtered[0].stream, 0u);
  EXPECT_EQ(rewriter.result.filtered[0].records, 2u);
  EXPECT_EQ(rewriter.result.filtered[0].bytes, 2 * user("drop").size());
  EXPECT_TRUE(rewriter.result.lost.empty());
}

TEST(RecordRewriter, TheLastLineMayLackItsNewline) {
  Rewriter rewriter(kPrefix);
  std::string line = Orders("{}");
  line.pop_back();
  std::string expected =
      R"({"type":"RECORD","record":{"stream":"p_orders","namespace":"","data":{},"emitted_at":1}})";
  EXPECT_EQ(rewriter.Run(line), expected);
  EXPECT_TRUE(rewriter.result.lacks_newline);
  EXPECT_EQ(rewriter.Run(line), expected) << "by its head";
  EXPECT_EQ(rewriter.Run(line + "\n"), expected + "\n");
  EXPECT_FALSE(rewriter.result.lacks_newline);
}

TEST(RecordRewriter, StopsInFrontOfTheLineThatWouldBeTooMuch) {
  Rewriter rewriter(kPrefix);
  const std::string line = Orders("{}");
  const std::size_t mapped = line.size() + 2;
  for (std::size_t max : {std::size_t{0}, mapped - 1, mapped, 2 * mapped + 3}) {
    EXPECT_EQ(rewriter.Run(line + line + line, max).size(), max / mapped * mapped);
    EXPECT_EQ(rewriter.result.consumed, max / mapped * line.size());
  }
}

// --- records over the bound ----------------------------------------------------------------------

TEST(RecordRewriter, ALongRecordIsLost) {
  Rewriter rewriter({.record_bytes_max = 200});
  const std::string longer = Orders(absl::StrCat(R"({"id":")", std::string(200, 'x'), R"("})"));
  EXPECT_EQ(rewriter.Run(Orders("{}") + longer + Orders("{}") + longer),
            Orders("{}") + Orders("{}"));
  ASSERT_EQ(rewriter.result.lost.size(), 1u);
  EXPECT_EQ(rewriter.result.lost[0].records, 2u);
  EXPECT_EQ(rewriter.result.first_lost_line, 1u);
  EXPECT_EQ(rewriter.result.why_lost, "is a RECORD longer than --record-bytes-max");
}

TEST(RecordRewriter, TheLargestFieldsAreNulledUntilItFits) {
  Rewriter rewriter({.record_bytes_max = 700, .on_oversize_record = OnOversizeRecord::kNull});
  const std::string data = absl::StrCat(R"({"id":1,"a":")", std::string(600, 'a'), R"(", "b":")",
                                        std::string(300, 'b'), R"(","c":"c"})");
  const std::string nulled =
      absl::StrCat(R"({"id":1,"a":null, "b":")", std::string(300, 'b'), R"(","c":"c"})");
  const std::string changes =
      R"(,"meta":{"changes":[{"field":"a","change":"NULLED","reason":"PLATFORM_RECORD_SIZE_LIMITATION"}]})";
  EXPECT_EQ(rewriter.Run(Orders(data)), Orders(nulled + changes));
  EXPECT_EQ(rewriter.result.records_nulled, 1u);
  EXPECT_TRUE(rewriter.result.lost.empty());
}

TEST(RecordRewriter, AKeyIsNeverNulled) {
  Rewriter rewriter({.record_bytes_max = 300, .on_oversize_record = OnOversizeRecord::kNull});
  const std::string line =
      absl::StrCat(R"({"type":"RECORD","record":{"stream":"users","data":{"id":")",
                   std::string(600, 'i'), R"(","b":")", std::string(300, 'b'), R"("}}})", "\n");
  EXPECT_EQ(rewriter.Run(line), "");
  ASSERT_EQ(rewriter.result.lost.size(), 1u);
}

// Its mapper gave it another name; a key it stays.
TEST(RecordRewriter, AKeyThatWasRenamedIsNeverNulled) {
  constexpr char kRenamedKey[] = R"({"streams":[
    {"stream":{"name":"pages","json_schema":{"properties":{"url":{"type":"string"},"b":{"type":"string"}}}},
     "sync_mode":"full_refresh","primary_key":[["url"]],
     "mappers":[{"name":"field-renaming","config":{"originalFieldName":"url","newFieldName":"link"}}]}]})";
  Rewriter rewriter({.record_bytes_max = 700, .on_oversize_record = OnOversizeRecord::kNull},
                    kRenamedKey);
  const std::string url(500, 'u');
  const auto line = [](std::string_view key, std::string_view value, std::string_view rest) {
    return absl::StrCat(R"({"type":"RECORD","record":{"stream":"pages","data":{")",
                        std::string(key), R"(":")", std::string(value), R"(","b":)",
                        std::string(rest), "}}\n");
  };
  const std::string out = rewriter.Run(line("url", url, "\"" + std::string(400, 'b') + "\"}"));
  EXPECT_NE(out.find("\"link\":\"" + url), std::string::npos) << out;
  EXPECT_NE(out.find("\"b\":null"), std::string::npos) << out;
}

// However tight the bound is: a record fits when nulling its fields can make it fit.
TEST(RecordRewriter, NullingGoesOnUntilTheEntriesFitToo) {
  const std::string data = absl::StrCat(R"({"id":1,"a":")", std::string(600, 'a'), R"(","b":")",
                                        std::string(500, 'b'), R"("})");
  for (uint64_t max = 400; max < Orders(data).size() + 10; ++max) {
    Rewriter rewriter({.record_bytes_max = static_cast<int64_t>(max),
                       .on_oversize_record = OnOversizeRecord::kNull});
    const std::string out = rewriter.Run(Orders(data));
    ASSERT_FALSE(out.empty()) << max;
    ASSERT_LE(out.size(), max);
  }
}

// meta may be there already, in any shape.
TEST(RecordRewriter, ChangesJoinThoseThatAreThere) {
  const std::string entry =
      R"({"field":"a","change":"NULLED","reason":"PLATFORM_RECORD_SIZE_LIMITATION"})";
  const auto line = [](std::string_view value, std::string_view meta) {
    return absl::StrCat(R"({"type":"RECORD","record":{"meta":)", std::string(meta),
                        R"(,"stream":"orders","namespace":"","data":{"a":)", std::string(value),
                        "}}}\n");
  };
  const std::string big = absl::StrCat("\"", std::string(1000, 'a'), "\"");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", R"({"changes":[)" + entry + "]}"},
      {"null", R"({"changes":[)" + entry + "]}"},
      {R"({"changes":[]})", R"({"changes":[)" + entry + "]}"},
      {R"({"changes":[ ],"x":1})", R"({"changes":[ )" + entry + R"(],"x":1})"},
      {R"({"changes":null})", R"({"changes":[)" + entry + "]}"},
      {R"({"changes":[{"field":"z"}]})", R"({"changes":[{"field":"z"},)" + entry + "]}"},
      {R"({"x":1})", R"({"x":1,"changes":[)" + entry + "]}"},
  };
  for (const auto& [before, after] : cases) {
    Rewriter rewriter({.record_bytes_max = 600, .on_oversize_record = OnOversizeRecord::kNull});
    EXPECT_EQ(rewriter.Run(line(big, before)), line("null", after)) << before;
  }
}

// Whatever stands in front, and however lines follow each other: the same as each line alone.
TEST(RecordRewriter, RunsAreAsTheirLines) {
  const uint32_t seed = 20261123;
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const std::vector<std::string> lines = {
      Orders("{}"),
      Orders(R"({"namespace":"public"})"),
      R"({"type":"RECORD","record":{"stream":"users","data":{"id":2}}})"
      "\n",
      R"({"type":"RECORD","record":{"stream":"users","data":{"id":2},"namespace":null}})"
      "\n",
      R"({"type":"RECORD","record":{"stream":"users","data":{"id":2,"email":"x"},"namespace":"public"}})"
      "\n",
      R"({"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"note":"drop"}}})"
      "\n",
      R"({"record":{"stream":"\u0075sers","data":{}},"type":"RECORD"})"
      "\n",
      R"({"type":"RECORD","record":{"emitted_at":3,"stream":"orders","namespace":"","data":{}}})"
      "\n",
  };
  for (const RecordRuleSettings& settings :
       {kPrefix, kNoNamespace, kRaw,
        RecordRuleSettings{.names = {.prefix = "p_"}, .record_bytes_max = 90}}) {
    Rewriter together(settings);
    for (int round = 0; round < 200; ++round) {
      std::string run, expected;
      for (int i = 0; i < 12; ++i) {
        const std::string& line = lines[random() % lines.size()];
        run += line;
        expected += Rewriter(settings).Run(line);
      }
      ASSERT_EQ(together.Run(run), expected);
    }
  }
}

}  // namespace
}  // namespace shunt
