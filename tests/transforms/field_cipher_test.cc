// Encryption against the vectors of NIST SP 800-38A, against results of javax.crypto, and back
// again with OpenSSL's own decryption.
#include "transforms/field_cipher.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transforms/hex.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kKey128[] = "2b7e151628aed2a6abf7158809cf4f3c";
constexpr char kKey192[] = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
constexpr char kKey256[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

// A pair made for this test.
constexpr char kRsaPublic[] =
    "30819f300d06092a864886f70d010101050003818d0030818902818100c7a773dc50ee8317d3d3a21c5fd04ad0"
    "2e65390d862fc5bd1ed20553a4372723f8ea5aa38c4e352ce2ae88774181f07ee91ad44c6e1bb183bc81b7a236"
    "c6a5a5b0dffeebaf2f620ff21522a6f5c873f251794595037c7c7562f5fd93bea99d199037b4eaee9ccd0e48d1"
    "dd03ed1e3390a62293b86e0fe438829a810f12c55b5f0203010001";
constexpr char kRsaPrivate[] =
    "3082025e02010002818100c7a773dc50ee8317d3d3a21c5fd04ad02e65390d862fc5bd1ed20553a4372723f8ea"
    "5aa38c4e352ce2ae88774181f07ee91ad44c6e1bb183bc81b7a236c6a5a5b0dffeebaf2f620ff21522a6f5c873"
    "f251794595037c7c7562f5fd93bea99d199037b4eaee9ccd0e48d1dd03ed1e3390a62293b86e0fe438829a810f"
    "12c55b5f020301000102818100841270a148644f11ff0d5b8abb93153a5bc698142b3504f09327c960481c37e7"
    "22ed1c625e190a32140df2b638fe54f20f0fb16a91d7fdf8b0457b0d7280bbe8114746a716ac09774a5e4b194f"
    "e4c35e0d74677776f71f96109240547324cbb284647d955f1a33c5c15c6b918ccbea6723907a46825a9018d608"
    "40cee3747231024100e736d797e2363f9fecd4163320f8052c598134c7347129523950f3cc47d5784ee94b2116"
    "0c37d3295f03d884889792f4d095e19bfe4bd0a10521d6382332d9e7024100dd0e837910b6f954b2f2537f7ce3"
    "5b52c34cac51b1d5a69d8b0a433385ea1f843efd6e3628d3772fdee8b2637bc265906e89f671a76d17d1408f85"
    "4b70aef3c9024100cd5b8860fe29f098ba6024d78490c5077ef7a348caeb3728308016097a43bf7756fdc38531"
    "94e397fb2c0f42a78ef897382be71605e6908673687a3ba207a841024100a53f373ae62ad1c1e62f4e09cc732d"
    "0e765e37a6ae58b73fa7f398fec809975bc5b6af8f9eff4d66a4acb0c5bb7b3b6f37a2bc6e83a90297f33a167b"
    "a995af390240062ee564f26f064d316d548e5aad2cf10e133024b3c3e0c253d841fb8d09f1b217916afd9a0ede"
    "8179cb6c89aac68f6a2bf4deadb535f78fe1c46be344d98fcc";
constexpr char kEcPublic[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004ce6099b487d9580e9cd3ab78d8d5d45a3b1d"
    "a5d96b4aae19cbbfdab0c46b7d1bd8f6467853d988771713b1ce143b2c79994d5bc8f0ebeb2760ae60120b04a9"
    "0b";

// IVs that are known: 00 01 02 ... 0f, or what the test asks for.
class KnownEntropy : public Entropy {
 public:
  explicit KnownEntropy(uint8_t first = 0) : first_(first) {}
  void Fill(std::span<uint8_t> bytes) override {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(first_ + i);
  }

 private:
  uint8_t first_;
};

std::string Bytes(std::string_view hex) {
  const auto bytes = ParseHex(hex);
  EXPECT_TRUE(bytes) << hex;
  return std::string(bytes->begin(), bytes->end());
}

std::string Encrypted(const absl::StatusOr<FieldCipher>& cipher, std::string_view text) {
  EXPECT_TRUE(cipher.ok()) << cipher.status();
  std::string digits;
  if (!cipher.ok()) return digits;
  EXPECT_TRUE(cipher->Append(text, &digits));
  EXPECT_LE(digits.size(), cipher->factor() * text.size() + cipher->digits_extra());
  return digits;
}

// SP 800-38A, F.1 to F.5: four blocks under AES-128.
TEST(FieldCipherTest, GivesTheVectorsOfNist) {
  const std::string plain = Bytes(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  const std::string iv = "000102030405060708090a0b0c0d0e0f";
  KnownEntropy entropy;
  const auto encrypt = [&](const char* mode, const char* padding) {
    return Encrypted(FieldCipher::CreateAes(mode, padding, kKey128, entropy), plain);
  };
  EXPECT_THAT(encrypt("CBC", "PKCS5Padding"),
              StartsWith(iv + "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
                              "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"));
  EXPECT_EQ(encrypt("CFB", "NoPadding"),
            iv + "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
                 "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6");
  EXPECT_EQ(encrypt("OFB", "NoPadding"),
            iv + "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"
                 "9740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e");
  EXPECT_THAT(encrypt("ECB", "PKCS5Padding"),
              StartsWith("3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
                         "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"));
  KnownEntropy counter(0xF0);
  EXPECT_EQ(Encrypted(FieldCipher::CreateAes("CTR", "NoPadding", kKey128, counter), plain),
            "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
            "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
            "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee");
}

// The same text, key and IV given to javax.crypto.Cipher of Java 17 with "AES/<mode>/<padding>";
// GCM with GCMParameterSpec(128, iv).
TEST(FieldCipherTest, GivesWhatJavaGives) {
  const std::string iv = "000102030405060708090a0b0c0d0e0f";
  const struct {
    const char* mode;
    const char* padding;
    const char* key;
    std::string result;
  } kTable[] = {
      {"CBC", "PKCS5Padding", kKey128, iv + "73cac10f81e073631366eb0a9230fcd9"},
      {"CBC", "PKCS5Padding", kKey256, iv + "b3698a112ec3db4b3df11cd47434f171"},
      {"CFB", "NoPadding", kKey128, iv + "378ca4705af257"},
      {"CFB", "PKCS5Padding", kKey128, iv + "378ca4705af257bfd3003ee092a6e569"},
      {"OFB", "NoPadding", kKey128, iv + "378ca4705af257"},
      {"OFB", "PKCS5Padding", kKey128, iv + "378ca4705af257bfd3003ee092a6e569"},
      {"CTR", "NoPadding", kKey128, iv + "378ca4705af257"},
      {"GCM", "NoPadding", kKey128, iv + "2a6ffe2f482081e1b09e6a368840787e4db25702b7871f"},
      {"ECB", "PKCS5Padding", kKey128, "f576776d9da8dfc4bd86ab66e8d11383"},
  };
  for (const auto& row : kTable) {
    KnownEntropy entropy;
    EXPECT_EQ(Encrypted(FieldCipher::CreateAes(row.mode, row.padding, row.key, entropy), "grüße"),
              row.result)
        << row.mode << " " << row.padding;
  }
}

// OpenSSL's reading of what was written; empty when it is not to be read.
std::optional<std::string> Decrypt(const std::string& mode, bool padded, std::string_view key,
                                   const std::string& bytes) {
  const bool gcm = mode == "GCM";
  const std::size_t iv = mode == "ECB" ? 0 : 16;
  const std::size_t tag = gcm ? 16 : 0;
  const std::string secret = Bytes(key);
  const std::string name = "AES-" + std::to_string(8 * secret.size()) + "-" + mode;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_CIPHER* type = EVP_CIPHER_fetch(nullptr, name.c_str(), nullptr);
  std::string text(bytes.size() + 16, '\0');
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  int update = 0, final = 0;
  bool ok = EVP_DecryptInit_ex2(context, type, nullptr, nullptr, nullptr) == 1;
  if (gcm) ok = ok && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 16, nullptr) == 1;
  ok = ok &&
       EVP_DecryptInit_ex2(context, nullptr, reinterpret_cast<const unsigned char*>(secret.data()),
                           iv > 0 ? data : nullptr, nullptr) == 1;
  EVP_CIPHER_CTX_set_padding(context, 0);
  const std::size_t size = bytes.size() - iv - tag;
  ok = ok && EVP_DecryptUpdate(context, out, &update, data + iv, static_cast<int>(size)) == 1;
  if (gcm) {
    std::string expected = bytes.substr(bytes.size() - tag);
    ok = ok && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, expected.data()) == 1;
  }
  ok = ok && EVP_DecryptFinal_ex(context, out + update, &final) == 1;
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(type);
  if (!ok) return std::nullopt;
  text.resize(static_cast<std::size_t>(update + final));
  if (!padded) return text;
  if (text.empty() || text.size() % 16 != 0) return std::nullopt;
  const auto padding = static_cast<unsigned char>(text.back());
  if (padding < 1 || padding > 16) return std::nullopt;
  text.resize(text.size() - padding);
  return text;
}

constexpr struct {
  const char* mode;
  bool padded;
} kCombinations[] = {{"CBC", true},  {"CFB", true},  {"CFB", false}, {"OFB", true},
                     {"OFB", false}, {"CTR", false}, {"GCM", false}, {"ECB", true}};

TEST(FieldCipherTest, WhatIsWrittenCanBeReadAgain) {
  const uint64_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937_64 rng(seed);
  for (const auto& how : kCombinations) {
    for (const char* key : {kKey128, kKey192, kKey256}) {
      const auto cipher = FieldCipher::CreateAes(
          how.mode, how.padded ? "PKCS5Padding" : "NoPadding", key, SystemEntropy());
      for (std::size_t length = 0; length < 70; ++length) {
        std::string text(length, '\0');
        for (char& c : text) c = static_cast<char>(rng());
        EXPECT_EQ(Decrypt(how.mode, how.padded, key, Bytes(Encrypted(cipher, text))), text)
            << how.mode << " " << length;
      }
    }
  }
}

TEST(FieldCipherTest, NoIvIsUsedTwice) {
  for (const auto& how : kCombinations) {
    const auto cipher = FieldCipher::CreateAes(how.mode, how.padded ? "PKCS5Padding" : "NoPadding",
                                               kKey128, SystemEntropy());
    std::set<std::string> results;
    for (int i = 0; i < 100; ++i) results.insert(Encrypted(cipher, "the same text"));
    EXPECT_EQ(results.size(), std::string_view(how.mode) == "ECB" ? 1u : 100u) << how.mode;
  }
}

TEST(FieldCipherTest, RsaCanBeReadByWhoHasThePrivateKey) {
  const auto cipher = FieldCipher::CreateRsa(kRsaPublic);
  const std::string der = Bytes(kRsaPrivate);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
  ASSERT_NE(key, nullptr);
  for (const std::string& text : {std::string(), std::string("grüße"), std::string(117, 'x')}) {
    const std::string bytes = Bytes(Encrypted(cipher, text));
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
    std::string plain(256, '\0');
    std::size_t size = plain.size();
    ASSERT_EQ(EVP_PKEY_decrypt_init(context), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
    EXPECT_EQ(EVP_PKEY_decrypt(context, reinterpret_cast<unsigned char*>(plain.data()), &size,
                               reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()),
              1);
    EXPECT_EQ(plain.substr(0, size), text);
    EVP_PKEY_CTX_free(context);
  }
  EVP_PKEY_free(key);
}

TEST(FieldCipherTest, ATextThatIsTooLongForTheRsaKeyIsNotEncrypted) {
  const auto cipher = FieldCipher::CreateRsa(kRsaPublic);
  ASSERT_TRUE(cipher.ok()) << cipher.status();
  std::string out = "before";
  EXPECT_FALSE(cipher->Append(std::string(118, 'x'), &out));
  EXPECT_EQ(out, "before");
  EXPECT_TRUE(cipher->Append(std::string(117, 'x'), &out)) << "it goes on after a failure";
}

TEST(FieldCipherTest, RefusesWhatDoesNotFitTogether) {
  const std::string digits_of_16_bytes = kKey128;
  const struct {
    const char* mode;
    const char* padding;
    std::string key;
    const char* message;
  } kTable[] = {
      {"CBC", "NoPadding", kKey128, "padding: CBC takes PKCS5Padding only"},
      {"ECB", "NoPadding", kKey128, "padding: ECB takes PKCS5Padding only"},
      {"CTR", "PKCS5Padding", kKey128, "padding: CTR takes NoPadding only"},
      {"GCM", "PKCS5Padding", kKey128, "padding: GCM takes NoPadding only"},
      {"CBC", "", kKey128, "padding: one of NoPadding, PKCS5Padding"},
      {"CBC", "PKCS7Padding", kKey128, "padding: one of NoPadding, PKCS5Padding"},
      {"cbc", "PKCS5Padding", kKey128, "mode: one of CBC, CFB, OFB, CTR, GCM, ECB"},
      {"XTS", "NoPadding", kKey128, "mode: one of"},
      {"CBC", "PKCS5Padding", "", "key: an AES key is 32, 48 or 64 hexadecimal digits"},
      {"CBC", "PKCS5Padding", digits_of_16_bytes + "0", "key: "},
      {"CBC", "PKCS5Padding", digits_of_16_bytes + "00", "key: "},
      {"CBC", "PKCS5Padding", "zz" + digits_of_16_bytes.substr(2), "key: "},
      {"CBC", "PKCS5Padding", "0x" + digits_of_16_bytes, "key: "},
  };
  for (const auto& row : kTable) {
    const auto cipher = FieldCipher::CreateAes(row.mode, row.padding, row.key, SystemEntropy());
    ASSERT_EQ(cipher.status().code(), absl::StatusCode::kInvalidArgument) << row.mode;
    const std::string message(cipher.status().message());
    EXPECT_THAT(message, StartsWith(row.message));
    if (row.key.size() <= 4) continue;
    EXPECT_THAT(message, Not(HasSubstr(row.key.substr(4))));
  }
}

TEST(FieldCipherTest, RefusesWhatIsNoPublicRsaKey) {
  const std::string key = kRsaPublic;
  for (const std::string& bad :
       {std::string(), std::string("some public key"), key.substr(0, key.size() - 2), key + "00",
        std::string(kEcPublic), std::string(kRsaPrivate), key.substr(1)}) {
    const auto cipher = FieldCipher::CreateRsa(bad);
    EXPECT_EQ(cipher.status().code(), absl::StatusCode::kInvalidArgument) << bad.size();
    EXPECT_THAT(std::string(cipher.status().message()), StartsWith("publicKey: "));
  }
}

TEST(FieldCipherTest, KeysAreReadInEitherCase) {
  std::string upper = kKey128;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  ASSERT_NE(upper, kKey128);
  KnownEntropy entropy;
  EXPECT_EQ(Encrypted(FieldCipher::CreateAes("CTR", "NoPadding", upper, entropy), "x"),
            Encrypted(FieldCipher::CreateAes("CTR", "NoPadding", kKey128, entropy), "x"));
}

}  // namespace
}  // namespace shunt
