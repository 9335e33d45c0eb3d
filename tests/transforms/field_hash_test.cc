// Digests against the vectors of the RFCs and of FIPS 180, and the text that is hashed.
#include "transforms/field_hash.h"

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "transforms/field_text.h"

namespace shunt {
namespace {

std::string Digest(HashMethod method, std::string_view text) {
  const absl::StatusOr<FieldHash> hash = FieldHash::Create(method);
  EXPECT_TRUE(hash.ok()) << hash.status();
  std::string digest;
  if (!hash.ok()) return digest;
  EXPECT_TRUE(hash->Append(text, &digest));
  EXPECT_EQ(digest.size(), hash->digits());
  return digest;
}

TEST(FieldHashTest, Md2GivesTheVectorsOfRfc1319) {
  const struct {
    const char* text;
    const char* digest;
  } kVectors[] = {
      {"", "8350e5a3e24c153df2275c9f80692773"},
      {"a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"},
      {"abc", "da853b0d3f88d99b30283a69e6ded6bb"},
      {"message digest", "ab4f496bfb2a530b219ff33031fe06b0"},
      {"abcdefghijklmnopqrstuvwxyz", "4e8ddff3650292ab5a4108c3aa47940b"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       "da33def2a42df13975352846c30338cd"},
      {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "d5976f79d83d3a0dc9806c3c66f3efd8"},
  };
  for (const auto& vector : kVectors) {
    EXPECT_EQ(Digest(HashMethod::kMd2, vector.text), vector.digest) << vector.text;
  }
}

// RFC 1321 and FIPS 180: nothing, and "abc".
TEST(FieldHashTest, TheOthersGiveTheirStandardsVectors) {
  const struct {
    const char* method;
    const char* empty;
    const char* abc;
  } kVectors[] = {
      {"MD5", "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"},
      {"SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
       "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {"SHA-224", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
       "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
      {"SHA-256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"SHA-384",
       "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
       "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
       "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
      {"SHA-512",
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
       "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
  };
  for (const auto& vector : kVectors) {
    const std::optional<HashMethod> method = HashMethodByName(vector.method);
    ASSERT_TRUE(method) << vector.method;
    EXPECT_EQ(NameOf(*method), vector.method);
    EXPECT_EQ(Digest(*method, ""), vector.empty) << vector.method;
    EXPECT_EQ(Digest(*method, "abc"), vector.abc) << vector.method;
  }
}

TEST(FieldHashTest, NamesAreExact) {
  for (const char* name : {"", "sha-256", "SHA256", "SHA-3", "MD4", "SHA-256 "}) {
    EXPECT_FALSE(HashMethodByName(name)) << name;
  }
}

TEST(FieldHashTest, OneHashServesManyThreads) {
  const absl::StatusOr<FieldHash> sha = FieldHash::Create(HashMethod::kSha256);
  const absl::StatusOr<FieldHash> md5 = FieldHash::Create(HashMethod::kMd5);
  ASSERT_TRUE(sha.ok() && md5.ok());
  std::vector<std::string> results(4);
  std::vector<std::thread> threads;
  for (std::string& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        result.clear();
        if (!sha->Append("abc", &result) || !md5->Append("abc", &result)) result = "failed";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& result : results) {
    EXPECT_EQ(result,
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
              "900150983cd24fb0d6963f7d28e17f72");
  }
}

// The table of what a mapper sees of a value: Jackson's asText, with the source's digits.
TEST(FieldTextTest, IsTheScalarsTextAndNothingForTheRest) {
  const struct {
    const char* json;
    const char* text;
  } kTable[] = {
      {R"("plain")", "plain"},
      {R"("")", ""},
      {R"("grüße")", "grüße"},
      {R"("a\nb\u00e9\"\/\ud83d\ude00")", "a\nb\u00e9\"/\xF0\x9F\x98\x80"},
      {"42", "42"},
      {"-0", "-0"},
      {"4.2", "4.2"},
      {"4.20", "4.20"},
      {"1e2", "1e2"},
      {"123456789012345678901234567890.10", "123456789012345678901234567890.10"},
      {"true", "true"},
      {"false", "false"},
      {"null", "null"},
      {R"({"a":1})", ""},
      {"[1,2]", ""},
      // Java writes a question mark for half of a character.
      {R"("a\ud800b\udc00")", "a?b?"},
  };
  for (const auto& row : kTable) {
    std::string scratch = "left over";
    EXPECT_EQ(FieldText(*ParseJson(row.json), HalfCharacter::kQuestionMark, &scratch), row.text)
        << row.json;
  }
}

TEST(FieldTextTest, HalfOfACharacterIsNoQuestionMarkInAComparison) {
  std::string scratch;
  EXPECT_NE(FieldText(*ParseJson(R"("\ud800")"), HalfCharacter::kItself, &scratch), "?");
  EXPECT_EQ(FieldText(*ParseJson(R"("\u003f")"), HalfCharacter::kItself, &scratch), "?");
}

}  // namespace
}  // namespace shunt
