// What must not be read from a log line: contract decision 12; G50, G55; reliability 5.4.
#include "secrets/masker.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
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

TEST(Masker, OfRotatedValuesTheNewestThousandAndTheLiveOnesAreKnown) {
  Masker masker;
  masker.AddSecrets({"of-the-config-file"});
  const auto value = [](int i) { return "rotating-" + std::to_string(100000 + i); };
  masker.AddRotated(Origin::kSource, {value(0), value(1)});
  masker.SetLive(Origin::kSource, {value(1)});
  for (int i = 2; i < 6000; ++i) masker.AddRotated(Origin::kSource, {value(i)});
  EXPECT_LE(masker.size(), 2 + kRotatedValuesMax * 5 / 4);
  EXPECT_EQ(masker.MaskLine("of-the-config-file"), "**********");
  EXPECT_EQ(masker.MaskLine(value(0)), value(0)) << "the oldest goes first";
  EXPECT_EQ(masker.MaskLine(value(1)), "**********") << "in use";
  for (int i = 5000; i < 6000; ++i) ASSERT_EQ(masker.MaskLine(value(i)), "**********") << i;
  masker.SetLive(Origin::kSource, {value(5999)});
  for (int i = 6000; i < 8000; ++i) masker.AddRotated(Origin::kSource, {value(i)});
  EXPECT_EQ(masker.MaskLine(value(1)), value(1)) << "no longer in use";
  EXPECT_EQ(masker.MaskLine(value(5999)), "**********");
}

TEST(Masker, OneConfigsRotationsDoNotForgetAnothers) {
  Masker masker;
  masker.AddRotated(Origin::kDestination, {"token-of-the-destination"});
  for (int i = 0; i < 5000; ++i) {
    masker.AddRotated(Origin::kSource, {"rotating-" + std::to_string(100000 + i)});
  }
  EXPECT_EQ(masker.MaskLine("token-of-the-destination"), "**********");
}

TEST(Masker, BytesOfRotatedValuesAreBoundedToo) {
  Masker masker;
  const auto value = [](int i) { return std::to_string(100000 + i) + std::string(10'000, 'k'); };
  for (int i = 0; i < 400; ++i) masker.AddRotated(Origin::kSource, {value(i)});
  EXPECT_LE(masker.size(), kRotatedBytesMax * 5 / 4 / 10'000 + 1);
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

TEST(Masker, PartsThatAreShownAlone) {
  const std::string key_file =
      R"({"type":"service_account","project_id":"my-project-1","client_email":"me@my-project-1.iam",)"
      R"("token_uri":"https://oauth2.example.com/token","private_key_id":"0a1b2c3d4e5f",)"
      R"("private_key":"-----BEGIN K-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END K-----\n",)"
      R"("nested":{"tokens":["tok-first-1","tok-second-2"],"pin":1234567}})";
  const struct {
    std::string secret;
    std::vector<std::string> hidden;
  } cases[] = {
      {"  \t padded-token-1 \r\n", {"padded-token-1"}},
      {"\xef\xbb\xbf\xc2\xa0 wide-token-1\xe2\x80\x8b\n", {"wide-token-1"}},
      {"\"quoted-token-1\"", {"quoted-token-1"}},
      {key_file, {"0a1b2c3d4e5f", "MIIEvQIBADANBgkqhkiG9w0", "tok-first-1", "tok-second-2"}},
      {Base64(key_file), {"0a1b2c3d4e5f", "MIIEvQIBADANBgkqhkiG9w0", "tok-second-2"}},
      {"service:hunter-twenty-two", {"hunter-twenty-two"}},
      {"service:hunter+two=three four", {"hunter+two=three four"}},
      {"k3y1d99:s3cr3t-k3y", {"k3y1d99", "s3cr3t-k3y"}},
      {"postgresql://user:p%40ssw%2Frd@db:5432/x?sslpassword=other-one",
       {"p%40ssw%2Frd", "p@ssw/rd", "other-one"}},
      {"https://ghp_0123456789abcdef@github.com/x", {"ghp_0123456789abcdef"}},
      {"jdbc:sqlserver://db:1433;user=sa;password=Str0ng#Pass;x=y", {"Str0ng"}},
      {"host=db user=airbyte password='spaceless-1'", {"spaceless-1"}},
      {"DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=abc/def+ghi==;E=x",
       {"abc/def+ghi=="}},
      {"first-token, second-token;third-token", {"first-token", "second-token", "third-token"}},
      {"alpha-1-alpha beta-2-beta", {"alpha-1-alpha", "beta-2-beta"}},
      {"Bearer abc-123-def", {"abc-123-def"}},
      {"app:hunter-two-x@tcp(db:3306)/x", {"hunter-two-x"}},
      {"scott/tiger-tiger@db:1521/svc", {"tiger-tiger"}},
      {"user: me\npassword: two words here\n", {"two words here"}},
      {R"({"env":"production","pass":"letmeinplease"})", {"letmeinplease"}},
      {"dXNlcjpodW50ZXItdHdlbnR5LXR3bw==", {"user:hunter-twenty-two", "hunter-twenty-two"}},
      {R"(line\none\u0041)", {"line\noneA"}},
      {R"({"ghp_0123456789":{"scope":"read"}})", {"ghp_0123456789"}},
  };
  for (const auto& one : cases) {
    for (const std::string& hidden : one.hidden) {
      EXPECT_EQ(Mask({one.secret}, "<" + hidden + ">"), "<**********>") << one.secret;
    }
  }
  for (const std::string_view shown :
       {"my-project-1", "me@my-project-1.iam", "https://oauth2.example.com/token",
        "service_account", "private_key_id", "production", "airbyte", "postgresql", "service"}) {
    std::vector<std::string> secrets;
    for (const auto& one : cases) secrets.push_back(one.secret);
    EXPECT_EQ(Mask(secrets, shown), shown);
  }
}

TEST(Masker, ASentenceIsNotAListOfSecrets) {
  EXPECT_EQ(Mask({"correct horse battery staple"}, "the battery is correct, no staple"),
            "the battery is correct, no staple");
}

TEST(Masker, EscapesOfOtherLanguages) {
  const std::vector<std::string> secrets = {"key-\xf0\x9f\x94\x91-\xc3\xa9-key"};
  for (const std::string_view spelled :
       {R"(key-\U0001f511-\xe9-key)", R"(key-\u{1F511}-\u{e9}-key)", R"(key-\x{1f511}-\u00e9-key)",
        R"(key-\xf0\x9f\x94\x91-\xc3\xa9-key)", R"(key-\\U0001F511-\\xe9-key)"}) {
    EXPECT_EQ(Mask(secrets, "<" + std::string(spelled) + ">"), "<**********>") << spelled;
  }
}

TEST(Masker, DecodingsInsideBase64) {
  const std::string secret = "p\"w\\d/+?>\xc3\xa9&";
  const std::string json = R"({"k":"p\"w\\d/+?>\u00e9&"})";
  const std::string twice = R"({"m":"{\"k\":\"p\\\"w\\\\d/+?>\\u00e9&\"}"})";
  for (const std::string& text :
       {json, twice, Base64(secret), Base64(json), "u:" + Base64(secret)}) {
    const std::string masked = Mask({secret}, "<" + Base64(text) + ">");
    EXPECT_THAT(masked, HasSubstr("**********")) << text;
    EXPECT_LE(masked.size(), Base64(text).size() + 2) << text;
  }
}

TEST(Masker, ALineOfEndlessDecodingsTakesBoundedWork) {
  Masker masker;
  masker.AddSecrets({"hunter-22"});
  std::string hostile;
  while (hostile.size() < kMaskedLineBytesMax) {
    hostile += R"(%25255c%255c\\\\u0025\u002541QUJD)" + Base64("QUJDREVGQUJDREVG\\\\\\\\%2525+");
  }
  const std::string masked = masker.MaskLine(hostile);
  EXPECT_TRUE(masked == "********** [cut]" || masked.size() > kMaskedLineBytesMax) << masked.size();
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

TEST(Masker, WhatIsSaidAboutASecretStaysReadable) {
  for (const std::string_view line :
       {"/access_token: minLength", "/credentials/api_key: pattern, /password: type",
        "config update (line 3): quarantined: /access_token: minLength; /client_secret: required",
        "password: required", "access_token: expired.", "refresh_token=None",
        "api_key: expected string", "the --token option is missing", "--key-file /etc/key.bin",
        "--token-url https://x.example/y", "--password-file=/run/secret"}) {
    EXPECT_EQ(Mask({"some-token-1"}, line), line);
  }
}

TEST(Masker, SecretsOfCommandLines) {
  for (const auto& [line, masked] : std::vector<std::pair<std::string, std::string>>{
           {"run --token abc-123 x", "run --token ********** x"},
           {"run --api-key=abc-123 x", "run --api-key=********** x"},
           {"run --password 'ab c' x", "run --password '**********' x"},
           {"java -password pa,ss;1", "java -password **********"}}) {
    EXPECT_EQ(Masker().MaskLine(line), masked);
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
