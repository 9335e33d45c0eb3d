// T-MASK (reliability 5.4): random secrets in random spellings among random text. What comes out is
// held against a slow reading of it: every decoding, one after the other, looked through byte by
// byte. Prints its seed; SHUNT_SEED repeats one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secrets/masker.h"

namespace shunt {
namespace {

constexpr int kRounds = 4000;
constexpr std::string_view kMask = "**********";

uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("SHUNT_SEED");
    const uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : 0;
    return value != 0 ? value : uint64_t{std::random_device{}()} + 1;
  }();
  return seed;
}

class Random {
 public:
  explicit Random(uint64_t round) : bits_(Seed() * 1'000'003 + round) {}
  std::size_t Below(std::size_t end) { return static_cast<std::size_t>(bits_() % end); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  std::string Text(std::string_view alphabet, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text.push_back(alphabet[Below(alphabet.size())]);
    return text;
  }
  template <typename T>
  const T& Of(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

 private:
  std::mt19937_64 bits_;
};

// --- spelling ----------------------------------------------------------------------------------

std::string Hex(const char* format, unsigned value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

// The UTF-16 units of well-formed UTF-8.
std::vector<unsigned> Units(std::string_view text) {
  std::vector<unsigned> units;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned code = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
    for (std::size_t k = 1; k < bytes; ++k) {
      code = code << 6 | (static_cast<uint8_t>(text[i + k]) & 0x3Fu);
    }
    if (code >= 0x10000) {
      units.push_back(0xD7C0 + (code >> 10));
      units.push_back(0xDC00 + (code & 0x3FF));
    } else {
      units.push_back(code);
    }
    i += bytes;
  }
  return units;
}

// Escapes what must be, and one in `more` of the rest.
std::string Json(std::string_view text, std::size_t more, Random* random) {
  std::string spelled;
  for (const unsigned unit : Units(text)) {
    const bool must = unit < 0x20 || unit == '"' || unit == '\\' || unit >= 0x80;
    if (!must && !random->OneIn(more)) {
      spelled.push_back(static_cast<char>(unit));
    } else if ((unit == '"' || unit == '\\' || unit == '/') && random->OneIn(2)) {
      spelled += {'\\', static_cast<char>(unit)};
    } else if (unit == '\n' && random->OneIn(2)) {
      spelled += "\\n";
    } else {
      spelled += Hex(random->OneIn(2) ? "\\u%04x" : "\\u%04X", unit);
    }
  }
  return spelled;
}

std::string Percent(std::string_view text, std::size_t more, bool form, Random* random) {
  std::string spelled;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool safe =
        (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
    if (form && c == ' ') {
      spelled += '+';
    } else if (safe && !random->OneIn(more)) {
      spelled += c;
    } else {
      spelled += Hex(random->OneIn(2) ? "%%%02x" : "%%%02X", byte);
    }
  }
  return spelled;
}

std::string Base64(std::string_view bytes, std::string_view last_two, bool padded) {
  const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + std::string(last_two);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      if (i + j <= bytes.size()) {
        text.push_back(alphabet[bits >> (18 - 6 * j) & 63]);
      } else if (padded) {
        text.push_back('=');
      }
    }
  }
  return text;
}

// As Python's ascii(), or with braces as in JavaScript and Rust.
std::string Code(std::string_view text, bool braces, Random* random) {
  std::string spelled;
  const std::vector<unsigned> units = Units(text);
  for (std::size_t i = 0; i < units.size(); ++i) {
    unsigned code = units[i];
    if (code >= 0xD800 && code < 0xDC00) {
      code = 0x10000 + ((code - 0xD800) << 10) + units[++i] - 0xDC00;
    }
    if (code == '"' || code == '\\' || code == '\'') {
      spelled += {'\\', static_cast<char>(code)};
    } else if (code >= 0x20 && code < 0x7F && !random->OneIn(4)) {
      spelled.push_back(static_cast<char>(code));
    } else if (braces) {
      spelled += Hex(random->OneIn(2) ? "\\u{%x}" : "\\u{%X}", code);
    } else {
      spelled += Hex(code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
    }
  }
  return spelled;
}

std::string SomeBase64(std::string_view text, Random* random) {
  return Base64(text, random->OneIn(2) ? "+/" : "-_", random->OneIn(2));
}

// One of the spellings that the masker promises to see through. Those without base64 stand for the
// secret alone, so that all of them and nothing else must go.
struct Spelled {
  std::string text;
  bool exact = true;
};

Spelled Spell(const std::string& secret, Random* random) {
  const std::size_t more = 1 + random->Below(4);
  const bool form = random->OneIn(2);
  // What else is in the encoded text moves the secret to another alignment.
  const std::string around =
      random->Text("ab:/", random->Below(4)) + secret + random->Text("ab:/", random->Below(4));
  switch (random->Below(18)) {
    case 0:
      return {secret};
    case 1:
      return {Json(secret, more, random)};
    case 2:
      return {Json(Json(secret, more, random), more, random)};
    case 3:
      return {Percent(secret, more, form, random)};
    case 4:
      return {Percent(Percent(secret, more, false, random), more, false, random)};
    case 5:
      return {Percent(Json(secret, more, random), more, false, random)};
    case 6:
      return {Json(Percent(secret, more, false, random), more, random)};
    case 7:
      return {SomeBase64(around, random), false};
    case 8:
      return {Percent(SomeBase64(around, random), more, false, random), false};
    case 9:
      return {Json(SomeBase64(around, random), more, random), false};
    case 10:
      return {SomeBase64(Json(around, more, random), random), false};
    case 11:
      return {SomeBase64(Json(Json(around, more, random), more, random), random), false};
    case 12:
      return {SomeBase64(random->Text(":/", random->Below(3)) + SomeBase64(around, random), random),
              false};
    case 13:
      return {SomeBase64(SomeBase64(Json(around, more, random), random), random), false};
    case 14:
      return {Code(secret, false, random)};
    case 15:
      return {Code(secret, true, random)};
    case 16:
      return {Json(Code(secret, random->OneIn(2), random), more, random)};
    default:
      return {SomeBase64(Percent(around, more, form, random), random), false};
  }
}

// --- the slow reading --------------------------------------------------------------------------

std::string Unescape(std::string_view text) {
  std::string out;
  unsigned high = 0;  // a surrogate that waits for its other half
  const auto hex = [&](std::size_t at, std::size_t digits) {
    unsigned value = 0;
    if (at + digits > text.size()) return -1;
    for (const char c : text.substr(at, digits)) {
      const std::size_t digit = std::string_view("0123456789abcdef")
                                    .find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
      if (digit == std::string_view::npos) return -1;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    return static_cast<int>(value);
  };
  const auto put = [&](unsigned code) {
    if (code < 0x80) {
      out.push_back(static_cast<char>(code));
      return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr unsigned kLeads[] = {0, 0xC0, 0xE0, 0xF0};
    out.push_back(static_cast<char>(kLeads[more] | code >> 6 * more));
    for (int i = more - 1; i >= 0; --i)
      out.push_back(static_cast<char>(0x80 | (code >> 6 * i & 63)));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const int unit = text[i] == '\\' && next == 'u' ? hex(i + 2, 4) : -1;
    if (unit >= 0xDC00 && unit <= 0xDFFF && high != 0) {
      put(0x10000 + ((high - 0xD800) << 10) + static_cast<unsigned>(unit) - 0xDC00);
      high = 0;
      i += 5;
      continue;
    }
    if (high != 0) put(high);
    high = 0;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      high = static_cast<unsigned>(unit);
      i += 5;
    } else if (unit >= 0) {
      put(static_cast<unsigned>(unit));
      i += 5;
    } else if (const std::size_t close = text.find('}', i + 3);
               text[i] == '\\' && (next == 'u' || next == 'x') && text.substr(i + 2, 1) == "{" &&
               close != std::string_view::npos && close > i + 3 && close <= i + 9 &&
               hex(i + 3, close - i - 3) >= 0 && hex(i + 3, close - i - 3) <= 0x10FFFF) {
      put(static_cast<unsigned>(hex(i + 3, close - i - 3)));
      i = close;
    } else if (text[i] == '\\' && next == 'U' && text.substr(i + 2, 2) == "00" &&
               hex(i + 2, 8) >= 0 && hex(i + 2, 8) <= 0x10FFFF) {
      put(static_cast<unsigned>(hex(i + 2, 8)));
      i += 9;
    } else if (text[i] == '\\' && next == 'x' && hex(i + 2, 2) >= 0) {
      out.push_back(static_cast<char>(hex(i + 2, 2)));
      i += 3;
    } else if (text[i] == '\\' && std::string_view("\"'\\/bfnrt").find(next) != std::string::npos) {
      constexpr std::string_view kMeanings = "\"'\\/\b\f\n\r\t";
      out.push_back(kMeanings[std::string_view("\"'\\/bfnrt").find(next)]);
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  if (high != 0) put(high);
  return out;
}

std::string Unpercent(std::string_view text, bool form) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    int used = 0;
    const std::string digits(text.substr(std::min(i + 1, text.size()), 2));
    if (text[i] == '%' && digits.size() == 2 && std::isxdigit(static_cast<uint8_t>(digits[0])) &&
        std::sscanf(digits.c_str(), "%2x%n", &byte, &used) == 1 && used == 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(form && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::vector<std::string> Unbase64(std::string_view text) {
  std::vector<std::string> decoded;
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string run;
  const auto finish = [&] {
    for (std::size_t first = 0; first < 4 && first < run.size(); ++first) {
      std::string bytes;
      for (std::size_t bit = 8; bit <= (run.size() - first) * 6; bit += 8) {
        unsigned byte = 0;
        for (std::size_t b = bit - 8; b < bit; ++b) {
          const std::size_t value = alphabet.find(run[first + b / 6]);
          byte = byte << 1 | (value >> (5 - b % 6) & 1);
        }
        bytes.push_back(static_cast<char>(byte));
      }
      decoded.push_back(std::move(bytes));
    }
    run.clear();
  };
  for (const char c : text) {
    const char standard = c == '-' ? '+' : c == '_' ? '/' : c;
    if (alphabet.find(standard) != std::string::npos) {
      run.push_back(standard);
    } else if (c != '\n' && c != '\r') {
      finish();
    }
  }
  finish();
  return decoded;
}

// What a reader of bytes makes of "\xe9" in place of U+00E9.
std::string WithLatin1(std::string text) {
  for (std::size_t at; (at = text.find("\xc3\xa9")) != std::string::npos;)
    text.replace(at, 2, "\xe9");
  return text;
}

struct Readings {
  int unescapes = 2, percents = 2, base64s = 2, all = 3;
};

// Whether some reading of `text` has `secret`.
bool Reads(const std::string& text, std::string_view secret, const Readings& left = {}) {
  const auto in = [&](const std::string& view) { return view.find(secret) != std::string::npos; };
  if (in(text)) return true;
  if (left.base64s > 0) {
    const Readings inside = {.base64s = left.base64s - 1, .all = left.base64s};
    for (const std::string& bytes : Unbase64(text)) {
      if (Reads(bytes, secret, inside)) return true;
    }
  }
  if (left.all == 0) return false;
  if (left.percents > 0 && in(Unpercent(text, true))) return true;
  Readings unescaped = left, unpercent = left;
  --unescaped.unescapes;
  --unpercent.percents;
  --unescaped.all;
  --unpercent.all;
  return (left.unescapes > 0 && text.find('\\') != std::string::npos &&
          Reads(Unescape(text), secret, unescaped)) ||
         (left.percents > 0 && text.find('%') != std::string::npos &&
          Reads(Unpercent(text, false), secret, unpercent));
}

// --- the properties ----------------------------------------------------------------------------

// Awkward for every decoder; no letter that begins a credential's shape.
constexpr std::string_view kAwkward = "tu\\%0 2+/\"";
// What no spelling ends or begins with, and no decoder takes as its own.
constexpr std::string_view kNeutral = "<>(){}|~^";

std::string RandomSecret(Random* random) {
  constexpr std::string_view kPlain = "ABCxyz019 +/=&%\"\\'\n_-.";
  std::string secret = random->Text(kPlain, 8 + random->Below(24));
  if (random->OneIn(3)) secret += random->OneIn(2) ? "\xf0\x9f\x94\x91" : "\xc3\xa9";
  return secret;
}

class MaskerProperty : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::cerr << "seed: " << Seed() << " (repeat with SHUNT_SEED=" << Seed() << ")\n";
  }
};

TEST_F(MaskerProperty, NoReadingOfTheOutputHasASecretAndNothingElseIsLost) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << Seed() << ", round " << round);
    Random random(round);
    std::vector<std::string> secrets;
    for (std::size_t i = 0; i < 1 + random.Below(4); ++i) {
      // One may be the beginning of another.
      secrets.push_back(i > 0 && random.OneIn(3) ? secrets[0] + RandomSecret(&random)
                                                 : RandomSecret(&random));
    }
    Masker masker;
    masker.AddSecrets(secrets);
    std::string line = random.Text(kNeutral, random.Below(5));
    std::string expected = line;
    bool exact = true;
    for (std::size_t i = 0; i < 1 + random.Below(3); ++i) {
      const Spelled spelled = Spell(random.Of(secrets), &random);
      const std::string after = random.Text(kNeutral, 1 + random.Below(5));
      line += spelled.text + after;
      expected += std::string(kMask) + after;
      exact = exact && spelled.exact;
    }
    const std::string masked = masker.MaskLine(line);
    for (const std::string& secret : secrets) {
      ASSERT_TRUE(!Reads(masked, secret)) << line << "\n" << masked;
      ASSERT_TRUE(!Reads(masked, WithLatin1(secret))) << line << "\n" << masked;
    }
    if (exact) {
      ASSERT_EQ(masked, expected) << line;
    }
    ASSERT_EQ(masker.MaskLine(masked), masked) << "masked once is masked";
  }
}

TEST_F(MaskerProperty, ASpellingIsReadBackByTheSlowReading) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    Random random(round);
    const std::string secret = RandomSecret(&random);
    const std::string spelled = Spell(secret, &random).text;
    ASSERT_TRUE(Reads(spelled, secret) || Reads(spelled, WithLatin1(secret)))
        << "seed " << Seed() << ", round " << round << spelled;
  }
}

TEST_F(MaskerProperty, TextIsTouchedExactlyWhenSomeReadingOfItHasASecret) {
  int touched = 0;
  for (uint64_t round = 0; round < 5 * kRounds; ++round) {
    Random random(round);
    // Short and of the same letters as the text, so that it stands there now and then.
    const std::string secret = random.Text("tu0 2+", kMaskedValueBytesMin);
    std::string line = random.Text(kAwkward, random.Below(60));
    if (random.OneIn(2)) line += Spell(secret, &random).text + random.Text(kAwkward, 3);
    Masker masker;
    masker.AddSecrets({secret});
    const std::string masked = masker.MaskLine(line);
    if (Reads(line, secret)) {
      ++touched;
      ASSERT_TRUE(!Reads(masked, secret)) << "seed " << Seed() << ", round " << round << line;
    } else {
      ASSERT_EQ(masked, line) << "seed " << Seed() << ", round " << round << ": " << secret;
    }
  }
  EXPECT_GT(touched, kRounds);
}

// What is shown of a secret is often a part of it.
TEST_F(MaskerProperty, NoReadingOfTheOutputHasAPartThatIsASecretItself) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    Random random(round);
    const auto token = [&] {
      return random.Text("ABCxyz019-_", 3) + "-70419-" + random.Text("ABCxyz019-_", 8);
    };
    const std::string inner = token();
    const std::vector<std::string> wholes = {
        random.Text(" \t\n", 1 + random.Below(3)) + inner + random.Text(" \r\n", random.Below(3)),
        "{\"type\":\"service\",\"private_key\":\"" + inner + "\"}",
        "{\"a\":{\"b\":[\"" + token() + "\",\"" + inner + "\"]}}",
        "{\"" + inner + "\":true}",
        "user:" + inner,
        "https://user:" + inner + "@host.example/path",
        "amqp://host?x=1&password=" + inner,
        "Server=db;Uid=me;Pwd=" + inner + ";Port=1",
        token() + "," + inner + ";" + token(),
        token() + " " + inner + " " + token(),
        SomeBase64("user:" + inner, &random),
        SomeBase64("{\"key\":\"" + inner + "\"}", &random),
        Json("{\"key\":\"" + inner + "\"}", 4, &random),
    };
    const std::string whole = random.Of(wholes);
    Masker masker;
    masker.AddSecrets({whole});
    const Spelled spelled = Spell(inner, &random);
    const std::string masked = masker.MaskLine("<" + spelled.text + ">");
    ASSERT_FALSE(Reads(masked, inner))
        << "seed " << Seed() << ", round " << round << ": " << whole << "\n"
        << masked;
    if (spelled.exact) {
      ASSERT_EQ(masked, "<" + std::string(kMask) + ">") << "seed " << Seed() << ": " << whole;
    }
  }
}

TEST_F(MaskerProperty, WhereALineIsCutNoBeginningOfASecretIsLeft) {
  constexpr std::size_t kRead = kMaskedInputBytesMax;
  for (uint64_t round = 0; round < 300; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << Seed() << ", round " << round);
    Random random(round);
    const std::string secret = random.Text("ABC\"\\/xyz", 500) + "!";
    const Spelled spelled = Spell(secret, &random);
    // The spelling is shown in part, and may go on behind what is read.
    const std::size_t begin =
        kMaskedLineBytesMax - 1 - random.Below(std::min(spelled.text.size(), std::size_t{2000}));
    const std::string padding(begin, '.');
    const std::string line = padding + spelled.text + std::string(kRead, '.');
    Masker masker;
    masker.AddSecrets({secret});
    const std::string masked = masker.MaskLine(std::string_view(line).substr(0, kRead));
    ASSERT_EQ(masked.substr(0, begin), padding);
    // What stands before it, three characters, may be escaped twice and encoded.
    ASSERT_LE(masked.size(), begin + 48 + 3 * 48) << masked.substr(begin);
    ASSERT_FALSE(Reads(masked.substr(begin), secret.substr(0, 4)));
    if (spelled.exact) {
      ASSERT_THAT(masked, testing::HasSubstr(std::string(kMask)));
    }
    ASSERT_TRUE(masked.ends_with("[cut]"));
  }
}

}  // namespace
}  // namespace shunt
