// What must not be read from a log line: contract decision 12; G50, G55; reliability 5.4.
#include "secrets/masker.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Mask(const std::vector<std::string>& secrets, std::string_view line) {
  Masker masker;
  masker.AddSecrets(secrets);
  return masker.MaskLine(line);
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(i + j > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * j) & 63]);
    }
  }
  return text;
}

TEST(Masker, EveryOccurrenceIsMaskedAndNothingElse) {
  EXPECT_EQ(Mask({"hunter-22"}, "hunter-22 and hunter-22, not hunter-2"),
            "********** and **********, not hunter-2");
}

TEST(Masker, TextWithoutSecretsIsUnchanged) {
  const std::string line = "plain \\n text, 100%, caf\xc3\xa9, \xff, \"quoted\" \\u12 %zz";
  EXPECT_EQ(Mask({"hunter-22"}, line), line);
}

TEST(Masker, LengthsAreNotTold) {
  EXPECT_EQ(Mask({"123456", "a much longer secret value"}, "[123456] [a much longer secret value]"),
            "[**********] [**********]");
}

TEST(Masker, OverlappingAndNestedSecretsLeaveNoTail) {
  EXPECT_EQ(Mask({"abcdefgh", "efghijkl", "cdefgh"}, "-abcdefghijkl-"), "-**********-");
}

TEST(Masker, JsonEscapesOnceAndTwice) {
  const std::vector<std::string> secrets = {"p\"w/\xc3\xa9\\x\n1"};
  EXPECT_EQ(Mask(secrets, R"({"m":"p\"w\/\u00e9\\x\n1"})"), R"({"m":"**********"})");
  EXPECT_EQ(Mask(secrets, R"({"m":"{\"m\":\"p\\\"w\\/\\u00E9\\\\x\\n1\"}"})"),
            R"({"m":"{\"m\":\"**********\"}"})");
}

TEST(Masker, AstralCharactersEscapedAsSurrogates) {
  EXPECT_EQ(Mask({"key-\xf0\x9f\x94\x91-key"}, R"("key-\ud83d\udd11-key")"), "\"**********\"");
}

TEST(Masker, PercentEncoded) {
  EXPECT_EQ(Mask({"a/b+c=d&e"}, "GET /?q=a%2Fb%2bc%3Dd%26e HTTP"), "GET /?q=********** HTTP");
}

TEST(Masker, Base64AtEveryAlignment) {
  const std::string secret = "correct horse battery";
  for (const std::string_view before : {"", "u", "us", "usr", "user"}) {
    for (const std::string_view after : {"", ":", ":x", ":xy"}) {
      const std::string encoded = Base64(std::string(before) + secret + std::string(after));
      const std::string masked = Mask({secret}, "<" + encoded + ">");
      EXPECT_THAT(masked, HasSubstr("**********")) << encoded;
      EXPECT_LE(masked.size(), 10 + 2 + 6 + 7u) << "only the edges are left: " << masked;
    }
  }
}

TEST(Masker, LinesOfAMultiLineSecret) {
  const std::string key =
      "-----KEY-----\nMIIEvQIBADANBgkqhkiG9w0\r\nAQEFAASCBKcwggSjAgEAAo\nshort\n";
  EXPECT_EQ(Mask({key}, "at MIIEvQIBADANBgkqhkiG9w0 in"), "at ********** in");
  EXPECT_EQ(Mask({key}, "at AQEFAASCBKcwggSjAgEAAo in"), "at ********** in");
  const std::string document = R"({"key":"-----KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nAQEF"})";
  EXPECT_EQ(Mask({document}, "at MIIEvQIBADANBgkqhkiG9w0 in"), "at ********** in");
}

TEST(Masker, ShortValuesAndCommonWordsAreNotMatchedAsText) {
  EXPECT_EQ(Mask({"true", "5432", "public", "password", ""}, "public password 5432 true"),
            "public password 5432 true");
}

TEST(Masker, RotatedSecretsAreMaskedBesideTheOldOnes) {
  Masker masker;
  std::vector<std::string> tokens;
  for (int i = 0; i < 300; ++i) {
    tokens.push_back("token-number-" + std::to_string(1000 + i));
    masker.AddSecrets({tokens.back()});
    masker.AddSecrets({tokens.back()});  // again: no effect
  }
  EXPECT_EQ(masker.size(), 300u);
  for (const std::string& token : tokens) EXPECT_EQ(masker.MaskLine(token), "**********");
}

TEST(Masker, ManyRotationsAreBoundedAndTheFirstSecretsStay) {
  Masker masker;
  for (int i = 0; i < 6000; ++i) masker.AddSecrets({"rotating-" + std::to_string(100000 + i)});
  EXPECT_LE(masker.size(), kMaskedValuesMax);
  EXPECT_EQ(masker.MaskLine("rotating-100000"), "**********");
  EXPECT_EQ(masker.MaskLine("rotating-105999"), "**********");
}

TEST(Masker, BytesOfRotatedValuesAreBoundedToo) {
  Masker masker;
  const auto value = [](int i) { return std::to_string(100000 + i) + std::string(10'000, 'k'); };
  for (int i = 0; i < 400; ++i) masker.AddSecrets({value(i)});
  EXPECT_LE(masker.size(), kMaskedValuesKept + kMaskedBytesMax / 10'000);
  EXPECT_EQ(masker.MaskLine(value(0)), "**********");
  EXPECT_EQ(masker.MaskLine(value(399)), "**********");
}

TEST(Masker, LongLinesAreCutAndNoSecretIsCutInTwo) {
  const std::string padding(kMaskedLineBytesMax - 3, 'x');
  EXPECT_EQ(Mask({"hunter-22"}, padding + "hunter-22 and more"), padding + "********** [cut]");
  EXPECT_EQ(Mask({"hunter-22"}, padding + "hunger-22 and more"), padding + "hun [cut]");
}

// Whoever gathers the line stops at kMaskedInputBytesMax, in the middle of a spelling.
TEST(Masker, ASecretThatIsNotThereInFullIsHiddenWhereTheLineIsCut) {
  const std::string secret(kMaskedPieceBytes, 's');
  std::string spelled;
  for (std::size_t i = 0; i < secret.size(); ++i) spelled += R"(\u005cu0073)";
  ASSERT_GT(spelled.size(), kMaskedInputBytesMax - kMaskedLineBytesMax + 60);
  for (std::size_t shown = 1; shown < 60; ++shown) {
    const std::size_t begin = kMaskedLineBytesMax - shown;
    const std::string line = std::string(begin, 'x') + spelled;
    const std::string masked =
        Mask({secret}, std::string_view(line).substr(0, kMaskedInputBytesMax));
    EXPECT_EQ(masked.substr(begin - 1), "x********** [cut]");
  }
}

TEST(Masker, LongValuesAreFoundInPartsToo) {
  std::string value;
  for (int i = 0; value.size() < 3 * kMaskedPieceBytes; ++i) value += std::to_string(i * 7919);
  EXPECT_EQ(Mask({value}, "<" + value + ">"), "<**********>");
  EXPECT_EQ(Mask({value}, "<" + value.substr(0, kMaskedPieceBytes) + ">"), "<**********>");
  EXPECT_EQ(Mask({value}, "<" + value.substr(value.size() - kMaskedPieceBytes) + ">"),
            "<**********>");
}

TEST(Masker, OneSpellingInAnother) {
  const std::string secret = "p\"w d/+?>\xff&";
  for (const std::string_view spelled : {
           "cCJ3IGQvKz8+/yY=",                             // base64
           "cCJ3IGQvKz8-_yY",                              // for URLs
           "cCJ3IGQv\nKz8+/yY=",                           // over two lines
           "cCJ3IGQvKz8%2B%2FyY%3D",                       // in a URL
           "cCJ3IGQvKz8+\\/yY=",                           // in JSON
           "p%2522w%2520d%252F%252B%253F%253E%25FF%2526",  // percent twice
           "p%22w+d%2F%2B%3F%3E%FF%26",                    // a form
           "cCUyMncgZCUyRiUyQiUzRiUzRSVGRiUyNg==",         // base64 of percent-encoded
           "cFwidyBkXC8rPz7/Jg==",                         // base64 of JSON
           "p\\x22w d/+?>\\xff&",                          // Python
       }) {
    EXPECT_THAT(
        Mask({secret}, "<" + std::string(spelled) + ">"),
        testing::AnyOf("<**********>", "<**********=>", "<**********==>", "<**********%3D>"))
        << spelled;
  }
}

TEST(Masker, ValuesThatAreNotLookedForAreCounted) {
  Masker masker;
  masker.AddSecrets({"true", "5432", "password", "", "long enough", "5432"});
  EXPECT_EQ(masker.size(), 1u);
  EXPECT_EQ(masker.not_looked_for(), 3u);
}

TEST(Masker, WorkIsLinearOnAdversarialLines) {
  const std::string secret = std::string(kMaskedPieceBytes - 1, 'a') + "b";
  EXPECT_THAT(Mask({secret}, std::string(60'000, 'a')), Not(HasSubstr("*")));
  EXPECT_THAT(Mask({secret}, std::string(60'000, '\\')), Not(HasSubstr("*")));
}

TEST(Masker, CredentialShapes) {
  const auto masked = [](std::string_view line) { return Masker().MaskLine(line); };
  EXPECT_EQ(masked("Authorization: Bearer abcdef0123456789._-~"),
            "Authorization: Bearer **********");
  EXPECT_EQ(masked("authorization: basic dXNlcjpwYXNzd29yZA=="), "authorization: basic **********");
  EXPECT_EQ(masked("POST token?access_token=abc123&x=1"), "POST token?access_token=**********&x=1");
  EXPECT_EQ(masked(R"({"refresh_token": "abc-123", "n": 1})"),
            R"({"refresh_token": "**********", "n": 1})");
  EXPECT_EQ(masked(R"("{\"client_secret\":\"abc-123\"}")"),
            R"("{\"client_secret\":\"**********\"}")");
  EXPECT_EQ(masked("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVm. end"),
            "jwt **********. end");
  EXPECT_EQ(masked("postgres://user:p4ss@db.local:5432/x"),
            "postgres://**********@db.local:5432/x");
  EXPECT_EQ(masked("-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----\\n."),
            "**********\\n.");
}

TEST(Masker, HarmlessTextKeepsItsShape) {
  for (const std::string_view line :
       {"basic authentication is enabled", "bearer of news", "the access_token expired",
        "https://example.com/a@b", "password: ", "mail to someone@example.com", "token bucket = 5",
        "eyJ is a prefix"}) {
    EXPECT_EQ(Masker().MaskLine(line), line);
  }
}

TEST(EscapeForLog, ControlCharactersCannotActOnATerminal) {
  EXPECT_EQ(EscapeForLog("a\tb\r\nc"), "a\\tb\\r\\nc");
  EXPECT_EQ(EscapeForLog("\x1b[31mred\x07\x7f"), "\\x1b[31mred\\x07\\x7f");
  EXPECT_EQ(EscapeForLog("\xc2\x9b"), "\\u009b") << "the one-character CSI";
  EXPECT_EQ(EscapeForLog("\xe2\x80\xae\xe2\x80\xa8"), "\\u202e\\u2028");
  EXPECT_EQ(EscapeForLog(std::string_view("\0", 1)), "\\x00");
}

TEST(EscapeForLog, TextStaysAndBrokenUtf8IsShown) {
  EXPECT_EQ(EscapeForLog("caf\xc3\xa9 \xf0\x9f\x94\x91"), "caf\xc3\xa9 \xf0\x9f\x94\x91");
  EXPECT_EQ(EscapeForLog("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(EscapeForLog("\xc0\x80\xed\xa0\x80\xe2\x82"), "\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x82");
}

}  // namespace
}  // namespace shunt
