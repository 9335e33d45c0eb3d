// Formats beyond what the official suite asks (schema_suite_test.cc): the edges of each rule.
#include "protocol/json_format.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace shunt {
namespace {

struct Row {
  std::string format;
  std::vector<std::string> good, bad;
};

TEST(FormatTest, Edges) {
  for (const Row& row : std::vector<Row>{
           {"date",
            {"2024-02-29", "2000-02-29", "0000-01-01"},
            {"", "2023-02-29", "1900-02-29", "2024-2-9", "2024-13-01", "2024-00-10", "2024-04-31",
             "2024-01-01T", " 2024-01-01", "20240101"}},
           {"time",
            {"00:00:00Z", "23:59:59.999999999z", "12:00:00+05:30", "23:59:60Z", "15:59:60-08:00"},
            {"12:00:00", "24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00:00.Z", "12:00:60Z", "12:00Z",
             "12:00:00+5", "12:00:00+24:00"}},
           {"date-time",
            {"2024-01-01T00:00:00Z", "2024-01-01t00:00:00.1+00:00"},
            {"2024-01-01 00:00:00Z", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00ZZ"}},
           {"email",
            {"a@b", "a.b+c@d.example", "\"a b\"@x", "u@[127.0.0.1]", "u@[IPv6:::1]"},
            {"", "a", "@b", "a@", "a b@c", ".a@b", "a.@b", "a..b@c", "a@-b", "a@b..c",
             std::string(65, 'a') + "@b"}},
           {"hostname",
            {"a", "a-b.c", "1.2", std::string(63, 'a')},
            {"", "-a", "a-", "a..b", ".a", "a.", "a_b", std::string(64, 'a')}},
           {"ipv4",
            {"0.0.0.0", "255.255.255.255"},
            {"", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4."}},
           {"ipv6",
            {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"},
            {"", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
             "g::", "12345::", "1:2:3:4:5:6:7::8", "::1.2.3.4:5", "fe80::1%eth0", "1.2.3.4", "1:"}},
           {"uri",
            {"a:", "http://h", "http://u:p@h:80/p?q#f", "urn:x:y", "http://[::1]:80/",
             "mailto:a@b"},
            {"", "a", "1a:b", "http://h h", "http://h/%zz", "http://[1]/", "http://h:80a/",
             "a:#b#c", "a:[b]"}},
           {"uri-reference", {"", "a/b", "#f", "//h/p", "?q"}, {"a b", "\\a", "%4"}},
           {"iri", {"http://h/\xC3\xBC"}, {"\xC3\xBC"}},
           {"json-pointer", {"", "/", "/a~0b~1"}, {"a", "/~", "/~2"}},
           {"relative-json-pointer", {"0", "10#", "1/a"}, {"", "01", "-1", "1a", "#"}},
           {"regex", {"a(?=b)", "^[a-z]+$", "(a)\\1"}, {"(", "[", "*", "a\\", "[z-a]"}},
       }) {
    const std::optional<JsonFormat> format = FormatByName(row.format);
    ASSERT_TRUE(format) << row.format;
    for (const std::string& text : row.good)
      EXPECT_TRUE(IsFormat(*format, text)) << row.format << " " << text;
    for (const std::string& text : row.bad)
      EXPECT_FALSE(IsFormat(*format, text)) << row.format << " " << text;
  }
}

TEST(FormatTest, UnknownNamesAreNone) {
  for (const char* name : {"", "uuid", "color", "Date", "date "}) {
    EXPECT_FALSE(FormatByName(name)) << name;
  }
}

}  // namespace
}  // namespace shunt
