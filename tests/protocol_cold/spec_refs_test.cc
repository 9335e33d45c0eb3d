// URI references as RFC 3986 resolves them, as far as $id and $ref use them.
#include "protocol/spec_refs.h"

#include <string>

#include "gtest/gtest.h"

namespace shunt {
namespace {

TEST(ResolveUriTest, TheExamplesOfTheRfc) {
  const std::string base = "http://a/b/c/d;p?q";
  const struct {
    const char* reference;
    const char* expected;
  } kCases[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"g#s", "http://a/b/c/g"},
      {"", "http://a/b/c/d;p?q"},
      {"#s", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
  };
  for (const auto& [reference, expected] : kCases) {
    EXPECT_EQ(ResolveUri(base, reference), expected) << reference;
  }
}

TEST(ResolveUriTest, BasesWithoutAPath) {
  EXPECT_EQ(ResolveUri("", "a.json"), "a.json");
  EXPECT_EQ(ResolveUri("", "#x"), "");
  EXPECT_EQ(ResolveUri("http://a", "b"), "http://a/b");
  EXPECT_EQ(ResolveUri("urn:uuid:1-2", "#x"), "urn:uuid:1-2");
  EXPECT_EQ(ResolveUri("dir/a.json", "b.json"), "dir/b.json");
}

TEST(PercentDecodeTest, DecodesWhatIsWellFormed) {
  EXPECT_EQ(PercentDecode("a%25b%2Fc%2f"), "a%b/c/");
  EXPECT_EQ(PercentDecode("%"), "%");
  EXPECT_EQ(PercentDecode("%4"), "%4");
  EXPECT_EQ(PercentDecode("%zz%-1"), "%zz%-1");
}

}  // namespace
}  // namespace shunt
