// Keys and sealing: what is a key, and that a sealed text opens with the right key at the right
// place and nowhere else.
#include "secrets/sealing.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace shunt {
namespace {

using ::absl::StatusCode;

constexpr char kHexKey[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr char kBase64Key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const std::string kOtherKey(kKeyBytes, 'o');

std::shared_ptr<const Keyring> Keys(std::string text) {
  absl::StatusOr<std::shared_ptr<const Keyring>> keys = Keyring::Parse(std::move(text));
  EXPECT_TRUE(keys.ok()) << keys.status();
  return *keys;
}

std::string RawKey() {
  std::string key;
  for (char c = 0; c < 32; ++c) key.push_back(c);
  return key;
}

TEST(KeyringTest, OneKeyInAllItsForms) {
  const std::string id(Keys(kHexKey)->first_id());
  EXPECT_EQ(id.size(), 16u);
  for (const std::string& form : {RawKey(), std::string(kBase64Key), std::string(kBase64Key) + "\n",
                                  std::string("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
                                  std::string("# of the year 2026\n\n  ") + kHexKey + "\r\n"}) {
    EXPECT_EQ(Keys(form)->first_id(), id) << form;
  }
}

TEST(KeyringTest, WhatIsNoKeyIsRefusedWithoutBeingQuoted) {
  const std::string half(kHexKey, 32);  // 32 bytes as they are: a key
  EXPECT_TRUE(Keyring::Parse(half).ok());
  for (const std::string& bad :
       {std::string(), std::string("\n#only this\n"), std::string(31, 'x'), std::string(33, 'x'),
        std::string(kHexKey) + "00", std::string(kHexKey, 62), std::string(kBase64Key) + "AAAA",
        std::string(kHexKey) + "\nnonsense"}) {
    const absl::Status status = Keyring::Parse(bad).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(status.message().find("xxx"), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find("nonsense"), absl::string_view::npos) << status;
  }
}

TEST(KeyringTest, TheFirstSealsAndAllOpen) {
  const auto old_keys = Keys(kOtherKey);
  const auto keys =
      Keys(std::string(kHexKey) + "\n" + "b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=");
  EXPECT_EQ(keys->first_id(), Keys(kHexKey)->first_id());
  const SealContext place = {"here"};
  const std::string old_text = Seal(*old_keys, place, "text");
  EXPECT_EQ(*Unseal(keys.get(), place, old_text), "text");
  EXPECT_EQ(SealKeyId(Seal(*keys, place, "text")), keys->first_id());
}

class Sealing : public ::testing::Test {
 protected:
  const std::shared_ptr<const Keyring> keys_ = Keys(kHexKey);
  const SealContext place_ = {"store", "config", "key"};
};

TEST_F(Sealing, EveryTextComesBack) {
  for (const std::string& text : {std::string(), std::string("\"s3cr3t\""),
                                  std::string("\0\xff", 2), std::string(1 << 20, 'x')}) {
    const std::string sealed = Seal(*keys_, place_, text);
    EXPECT_TRUE(IsSealed(sealed));
    EXPECT_EQ(SealKeyId(sealed), keys_->first_id());
    EXPECT_EQ(*Unseal(keys_.get(), place_, sealed), text);
  }
}

TEST_F(Sealing, NothingOfTheTextIsInIt) {
  const std::string sealed = Seal(*keys_, place_, "hunter2hunter2");
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  EXPECT_EQ(sealed.find("aHVudGVyM"), std::string::npos) << "nor in base64";
}

TEST_F(Sealing, NoTwoAreTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(seen.insert(Seal(*keys_, place_, "text")).second);
}

TEST_F(Sealing, ItOpensNowhereElse) {
  const std::string sealed = Seal(*keys_, place_, "text");
  for (const SealContext& other :
       {SealContext{"store", "config", "kez"}, SealContext{"store", "configkey"},
        SealContext{"storeconfig", "key"}, SealContext{"store", "config", "key", ""},
        SealContext{}}) {
    EXPECT_EQ(Unseal(keys_.get(), other, sealed).status().code(), StatusCode::kDataLoss);
  }
}

TEST_F(Sealing, AnotherKeyIsToldFromDamage) {
  const std::string sealed = Seal(*keys_, place_, "text");
  const auto others = Keys(kOtherKey);
  EXPECT_EQ(Unseal(others.get(), place_, sealed).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Unseal(nullptr, place_, sealed).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(Sealing, AnyChangedOrMissingByteIsNoticed) {
  const std::string sealed = Seal(*keys_, place_, "text");
  const std::size_t head = sealed.rfind(':') + 1;
  for (std::size_t i = head; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const absl::Status status = Unseal(keys_.get(), place_, changed).status();
    // The last character may hold bits that mean nothing; then it is no base64.
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << i;
  }
  for (std::size_t size = std::string("sealed:1:").size(); size < sealed.size(); ++size) {
    EXPECT_FALSE(Unseal(keys_.get(), place_, sealed.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Unseal(keys_.get(), place_, sealed + "A").ok());
}

}  // namespace
}  // namespace shunt
