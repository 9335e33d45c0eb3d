// CheckCatalog finds an error exactly where ParseConfiguredCatalog refuses: whoever checks a
// catalog says what a sync says of it.
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/check/catalog_check.h"
#include "gtest/gtest.h"
#include "protocol/catalog.h"

namespace shunt {
namespace {

constexpr int kCatalogs = 20'000;

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  std::string Catalog() {
    if (Below(40) == 0) return Value(2);
    std::string streams;
    for (int i = Below(4); i >= 0; --i) {
      absl::StrAppend(&streams, streams.empty() ? "" : ",", Below(30) == 0 ? Value(1) : Stream(i));
    }
    return absl::StrCat(R"({"streams":[)", streams, "]", Below(40) == 0 ? R"(,"streams":[])" : "",
                        "}");
  }

 private:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  std::string Pick(const std::vector<const char*>& texts) {
    return texts[static_cast<std::size_t>(Below(static_cast<int>(texts.size())))];
  }
  std::string Value(int depth) {
    if (depth > 0 && Below(3) == 0) return absl::StrCat("[", Value(depth - 1), "]");
    if (depth > 0 && Below(3) == 0) return absl::StrCat(R"({"a":)", Value(depth - 1), "}");
    return Pick({"null", "1", "1.5", "true", R"("a")", R"("")", "[]", "{}", R"(["a"])",
                 R"([["a"]])", "1e30"});
  }
  // A member with a value that is right, missing, or anything; sometimes twice.
  void Add(const char* key, const std::string& right, std::string* members) {
    const int dice = Below(24);
    if (dice < 4) return;
    absl::StrAppend(members, members->empty() ? "" : ",", "\"", key,
                    "\":", dice == 4 ? Value(2) : right);
    if (dice == 5 && Below(4) == 0) absl::StrAppend(members, ",\"", key, "\":", right);
  }
  std::string Stream(int number) {
    std::string inner, outer;
    if (Below(20) > 0) inner = absl::StrCat(R"("name":"s)", Below(12) == 0 ? 0 : number, "\"");
    Add("namespace", Pick({R"("n")", "null", R"("")"}), &inner);
    Add("json_schema", R"({"properties":{"a":{}}})", &inner);
    Add("supported_sync_modes", Pick({R"(["full_refresh"])", R"(["incremental"])", "[]"}), &inner);
    Add("source_defined_cursor", "true", &inner);
    Add("default_cursor_field", R"(["a"])", &inner);
    Add("source_defined_primary_key", R"([["a"]])", &inner);
    Add("is_resumable", "true", &inner);
    Add("x_own", "1", &inner);
    outer = absl::StrCat(R"("stream":{)", inner, "}");
    Add("sync_mode",
        Pick({R"("full_refresh")", R"("incremental")", R"("incremental")", R"("BLARGH")"}), &outer);
    Add("destination_sync_mode",
        Pick({R"("append")", R"("append_dedup")", R"("soft_delete")", R"("append")", "7"}), &outer);
    Add("cursor_field", Pick({R"(["a"])", "[]", R"(["a","b"])", "null", R"("a")"}), &outer);
    Add("primary_key", Pick({R"([["a"]])", "[]", "[[]]", "null", R"(["a"])"}), &outer);
    Add("generation_id", "3", &outer);
    Add("minimum_generation_id", "0", &outer);
    Add("sync_id", "4", &outer);
    Add("mappers", "[]", &outer);
    return absl::StrCat("{", outer, "}");
  }

  std::mt19937_64 random_;
};

TEST(CatalogVerdictTest, IsTheOneOfASync) {
  int refused = 0;
  for (uint64_t seed = 1; seed <= kCatalogs; ++seed) {
    const std::string text = Maker(seed).Catalog();
    const absl::Status parsed = ParseConfiguredCatalog(text).status();
    const std::vector<Finding> findings = CheckCatalog(text, "c.json");
    ASSERT_EQ(HasErrors(findings), !parsed.ok())
        << "seed " << seed << ": " << text << " " << parsed;
    refused += parsed.ok() ? 0 : 1;
  }
  EXPECT_GT(refused, kCatalogs / 10);
  EXPECT_LT(refused, kCatalogs * 49 / 50);
}

TEST(CatalogVerdictTest, AnErrorBehindManyWarningsIsFound) {
  std::string streams;
  for (int i = 0; i < 200; ++i) absl::StrAppend(&streams, R"({"stream":{"name":"s)", i, R"("}},)");
  const std::string text =
      absl::StrCat(R"({"streams":[)", streams, R"({"stream":{"name":"t"},"sync_mode":"x"}]})");
  EXPECT_FALSE(ParseConfiguredCatalog(text).ok());
  EXPECT_TRUE(HasErrors(CheckCatalog(text, "c.json")));
}

}  // namespace
}  // namespace shunt
