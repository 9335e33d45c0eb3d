// SHA-256 by the examples of its standard, and fingerprints that tell parts apart.
#include "secrets/fingerprint.h"

#include <string>

#include "gtest/gtest.h"

namespace shunt {
namespace {

std::string Hex(const Sha256Digest& digest) {
  std::string hex;
  for (const uint8_t byte : digest) {
    hex.push_back("0123456789abcdef"[byte >> 4]);
    hex.push_back("0123456789abcdef"[byte & 15]);
  }
  return hex;
}

TEST(Sha256, ExamplesOfTheStandard) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Fingerprint, DependsOnEveryPartAndItsBorders) {
  const std::string print = Fingerprint("salt", "key", "value");
  EXPECT_EQ(print.size(), 32u);
  EXPECT_EQ(print, Fingerprint("salt", "key", "value"));
  EXPECT_NE(print, Fingerprint("salt2", "key", "value"));
  EXPECT_NE(print, Fingerprint("salt", "ke", "yvalue"));
  EXPECT_NE(print, Fingerprint("salt", "key", "valu"));
}

}  // namespace
}  // namespace shunt
