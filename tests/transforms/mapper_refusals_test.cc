// A configuration that is not understood whole stops the run before it starts: a mapper that is
// left out sends in the clear what it was to hide.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "transforms/stream_mappers.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Compile(const std::string& mappers) {
  const std::string stream =
      R"({"stream":{"name":"users","namespace":"public","json_schema":{"properties":)"
      R"({"id":{},"email":{},"taken":{},"email_hashed2":{},"$schema":{}}}},"mappers":)" +
      mappers + "}";
  const auto parsed = ParseJson(stream);
  EXPECT_TRUE(parsed) << stream;
  return StreamMappers::Compile(*parsed, false).status();
}

std::string One(const std::string& name, const std::string& config) {
  return R"([{"name":")" + name + R"(","config":)" + config + "}]";
}

struct Refusal {
  std::string mappers;
  std::string message;  // behind "stream public.users: "
};

void ExpectRefused(const std::vector<Refusal>& table) {
  for (const Refusal& row : table) {
    const absl::Status status = Compile(row.mappers);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.mappers;
    EXPECT_EQ(std::string(status.message()), "stream public.users: " + row.message) << row.mappers;
  }
}

TEST(MapperRefusalsTest, WhatIsNoMapper) {
  ExpectRefused({
      {"{}", "mappers: expected an array"},
      {R"("hashing")", "mappers: expected an array"},
      {"[1]", "mappers[0]: expected an object"},
      {"[{}]", "mappers[0].name: is missing"},
      {R"([{"name":"hashing"}])", "mappers[0].config: is missing"},
      {R"([{"name":"hashing","config":null}])", "mappers[0].config: is missing"},
      {R"([{"name":"hashing","config":[]}])", "mappers[0].config: expected an object"},
      {R"([{"name":"hashing","config":{},"confg":{}}])", "mappers[0].confg: unknown key"},
      {R"([{"name":"hashing","type":"hashing","config":{}}])",
       "mappers[0].type: is the same as name: give one of them"},
      {R"([{"name":"hashing","config":{},"config":{}}])", "mappers[0].config: occurs twice"},
      {One("hash", "{}"),
       "mappers[0].name: one of hashing, encryption, field-renaming, field-filtering, "
       "row-filtering"},
      {One("Hashing", "{}"),
       "mappers[0].name: one of hashing, encryption, field-renaming, field-filtering, "
       "row-filtering"},
  });
}

TEST(MapperRefusalsTest, Hashing) {
  ExpectRefused({
      {One("hashing", R"({"method":"MD5"})"), "mappers[0].config.targetField: is missing"},
      {One("hashing", R"({"targetField":1,"method":"MD5"})"),
       "mappers[0].config.targetField: expected a string"},
      {One("hashing", R"({"targetField":"mail","method":"MD5"})"),
       R"(mappers[0].config.targetField: the schema has no field "mail")"},
      {One("hashing", R"({"targetField":"$schema","method":"MD5"})"),
       R"(mappers[0].config.targetField: the schema has no field "$schema")"},
      {One("hashing", R"({"targetField":"email"})"), "mappers[0].config.method: is missing"},
      {One("hashing", R"({"targetField":"email","method":"SHA256"})"),
       "mappers[0].config.method: one of MD2, MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512"},
      {One("hashing", R"({"targetField":"email","method":"MD5","fieldNameSuffix":""})"),
       "mappers[0].config.fieldNameSuffix: is empty: the hash would have the name of what it "
       "replaces"},
      {One("hashing", R"({"targetField":"email","method":"MD5","fieldNameSuffix":"_hashed2"})"),
       R"(mappers[0].config.fieldNameSuffix: the schema has a field "email_hashed2" already)"},
      {One("hashing", R"({"targetField":"email","method":"MD5","suffix":"_x"})"),
       "mappers[0].config.suffix: unknown key"},
      {One("hashing", R"({"targetField":"email","targetField":"id","method":"MD5"})"),
       "mappers[0].config.targetField: occurs twice"},
  });
}

TEST(MapperRefusalsTest, TheSecondMapperOfAFieldThatIsGone) {
  const std::string hash = R"({"name":"hashing","config":{"targetField":"email","method":"MD5"}})";
  ExpectRefused({{"[" + hash + "," + hash + "]",
                  R"(mappers[1].config.targetField: the schema has no field "email")"}});
}

TEST(MapperRefusalsTest, Encryption) {
  const auto aes = [](const std::string& mode, const std::string& padding, const std::string& key) {
    return One("encryption", R"({"algorithm":"AES","targetField":"email","mode":")" + mode +
                                 R"(","padding":")" + padding + R"(","key":)" + key + "}");
  };
  const std::string key = R"("000102030405060708090a0b0c0d0e0f")";
  ASSERT_TRUE(Compile(aes("CBC", "PKCS5Padding", key)).ok());
  ExpectRefused({
      {aes("CBC", "NoPadding", key),
       "mappers[0].config: padding: CBC takes PKCS5Padding only: without it no text could be "
       "encrypted but of 16 bytes, 32, ..."},
      {aes("CTR", "PKCS5Padding", key), "mappers[0].config: padding: CTR takes NoPadding only"},
      {aes("CBC", "PKCS5Padding", R"("00")"),
       "mappers[0].config: key: an AES key is 32, 48 or 64 hexadecimal digits"},
      {aes("CBC", "PKCS5Padding", R"({"_secret":"coordinates"})"),
       "mappers[0].config.key: expected a string"},
      {aes("XYZ", "PKCS5Padding", key),
       "mappers[0].config: mode: one of CBC, CFB, OFB, CTR, GCM, ECB"},
      {One("encryption", R"({"targetField":"email"})"), "mappers[0].config.algorithm: is missing"},
      {One("encryption", R"({"targetField":"email","algorithm":"DES"})"),
       "mappers[0].config.algorithm: one of AES, RSA"},
      {One("encryption", R"({"targetField":"email","algorithm":"RSA","publicKey":"some key"})"),
       "mappers[0].config: publicKey: the public half of an RSA key (X.509, DER) in hexadecimal "
       "digits"},
      {One("encryption",
           R"({"targetField":"email","algorithm":"RSA","publicKey":"00","key":"00"})"),
       "mappers[0].config.key: unknown key"},
      {One("encryption", R"({"targetField":"nobody","algorithm":"AES","mode":"CBC",)"
                         R"("padding":"PKCS5Padding","key":)" +
                             key + "}"),
       R"(mappers[0].config.targetField: the schema has no field "nobody")"},
  });
}

TEST(MapperRefusalsTest, NoMessageShowsAKey) {
  const std::string key = "00112233445566778899aabbccddee";  // too short by one byte
  for (
      const std::string& config :
      {R"({"algorithm":"AES","targetField":"email","mode":"CBC","padding":"PKCS5Padding","key":")" +
           key + "\"}",
       R"({"algorithm":"RSA","targetField":"email","publicKey":")" + key + "\"}",
       R"({"algorithm":")" + key + R"(","targetField":"email"})"}) {
    const absl::Status status = Compile(One("encryption", config));
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(key.substr(4))));
  }
}

TEST(MapperRefusalsTest, RenamingAndFiltering) {
  ExpectRefused({
      {One("field-renaming", R"({"originalFieldName":"email"})"),
       "mappers[0].config.newFieldName: is missing"},
      {One("field-renaming", R"({"originalFieldName":"email","newFieldName":""})"),
       "mappers[0].config.newFieldName: is empty"},
      {One("field-renaming", R"({"originalFieldName":"email","newFieldName":"taken"})"),
       R"(mappers[0].config.newFieldName: the schema has a field "taken" already)"},
      {One("field-renaming", R"({"originalFieldName":"mail","newFieldName":"x"})"),
       R"(mappers[0].config.originalFieldName: the schema has no field "mail")"},
      {One("field-filtering", R"({"targetField":"mail"})"),
       R"(mappers[0].config.targetField: the schema has no field "mail")"},
      {One("field-filtering", R"({"targetField":"email","x":1})"),
       "mappers[0].config.x: unknown key"},
  });
}

TEST(MapperRefusalsTest, RowFiltering) {
  const auto filter = [](const std::string& condition) {
    return One("row-filtering", R"({"conditions":)" + condition + "}");
  };
  const std::string at = "mappers[0].config.conditions";
  ExpectRefused({
      {One("row-filtering", "{}"), at + ": is missing"},
      {filter("[]"), at + ": expected an object"},
      {filter("{}"), at + ".type: is missing"},
      {filter(R"({"type":"LIKE"})"), at + ".type: one of EQUAL, NOT, AND, OR"},
      {filter(R"({"type":"EQUAL","comparisonValue":"x"})"), at + ".fieldName: is missing"},
      {filter(R"({"type":"EQUAL","fieldName":"email"})"), at + ".comparisonValue: is missing"},
      {filter(R"({"type":"EQUAL","fieldName":"email","comparisonValue":1})"),
       at + ".comparisonValue: expected a string"},
      {filter(R"({"type":"EQUAL","fieldName":"mail","comparisonValue":"x"})"),
       at + R"(.fieldName: the schema has no field "mail")"},
      {filter(R"({"type":"EQUAL","fieldName":"email","comparisonValue":"x","conditions":[]})"),
       at + ".conditions: unknown key"},
      {filter(R"({"type":"AND"})"), at + ".conditions: is missing"},
      {filter(R"({"type":"OR","conditions":[]})"),
       at + ".conditions: expected an array of at least one condition"},
      {filter(R"({"type":"NOT","conditions":{}})"),
       at + ".conditions: expected an array of at least one condition"},
      {filter(R"({"type":"NOT","conditions":[{"type":"AND","conditions":[{"type":"EQUAL",)"
              R"("fieldName":"email","comparisonValue":"x"},{"type":"XOR"}]}]})"),
       at + ".conditions[0].conditions[1].type: one of EQUAL, NOT, AND, OR"},
  });
}

TEST(MapperRefusalsTest, TooManyAndTooDeep) {
  std::string deep = R"({"type":"EQUAL","fieldName":"email","comparisonValue":"x"})";
  for (int i = 0; i < 40; ++i) deep = R"({"type":"NOT","conditions":[)" + deep + "]}";
  EXPECT_THAT(
      std::string(Compile(One("row-filtering", R"({"conditions":)" + deep + "}")).message()),
      HasSubstr(": at most 1000 conditions, nested 32 deep"));
  std::string renames;
  for (int i = 0; i <= 1000; ++i) {
    if (i > 0) renames += ",";
    renames +=
        R"({"name":"field-renaming","config":{"originalFieldName":"id","newFieldName":"id"}})";
  }
  ExpectRefused({{"[" + renames + "]", "mappers: more than 1000"}});
  std::string twice;
  for (int i = 0; i < 5; ++i) {
    twice += std::string(i > 0 ? "," : "") +
             R"({"name":"encryption","config":{"algorithm":"AES","targetField":"email",)"
             R"("mode":"CTR","padding":"NoPadding","key":"000102030405060708090a0b0c0d0e0f"}})";
  }
  ExpectRefused({{"[" + twice + "]", "mappers[4]: a field is encrypted too many times over"}});
}

TEST(MapperRefusalsTest, AStreamWithoutASchemaHasNoFieldToMap) {
  const char* stream =
      R"({"stream":{"name":"a"},"mappers":[{"name":"field-filtering","config":{"targetField":"x"}}]})";
  EXPECT_EQ(StreamMappers::Compile(*ParseJson(stream), false).status().message(),
            R"(stream a: mappers[0].config.targetField: the schema has no field "x")");
  const char* broken = R"({"stream":{"name":"a","json_schema":{"properties":[]}}})";
  EXPECT_EQ(StreamMappers::Compile(*ParseJson(broken), false).status().message(),
            "stream a: json_schema: `properties` is no object");
}

}  // namespace
}  // namespace shunt
