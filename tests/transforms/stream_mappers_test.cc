// What selection and mappers make of records and of the stream's element in the catalog: the tables
// of the platform's FieldSelector and airbyte-mappers, record by record.
#include "transforms/stream_mappers.h"

#include <optional>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "transforms/row.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

// A stream with the fields id, email, name, status and address.
std::string StreamWith(const std::string& mappers, const std::string& more = "") {
  return R"({"stream":{"name":"users","namespace":"public","json_schema":{"type":"object",)"
         R"("properties":{"id":{"type":"integer"},"email":{"type":["null","string"]},)"
         R"("name":{"type":"string"},"status":{},"address":{"type":"object"}}}},)" +
         more + R"("sync_mode":"full_refresh","mappers":[)" + mappers + "]}";
}

StreamMappers Compiled(const std::string& stream, bool select = false) {
  absl::StatusOr<StreamMappers> mappers = StreamMappers::Compile(*ParseJson(stream), select);
  EXPECT_TRUE(mappers.ok()) << mappers.status() << "\n" << stream;
  if (!mappers.ok()) {
    return *StreamMappers::Compile(*ParseJson(R"({"stream":{"name":"broken"}})"), false);
  }
  return *std::move(mappers);
}

struct Result {
  bool kept = false;
  std::string data;
  std::vector<FieldChange> changes;
};

Result Map(const StreamMappers& mappers, std::string_view data) {
  Row row;
  EXPECT_TRUE(row.Parse(data)) << data;
  Result result;
  result.kept = mappers.Apply(&row);
  row.AppendTo(&result.data);
  result.changes = row.changes();
  return result;
}

std::string Mapped(const std::string& mapper, std::string_view data) {
  return Map(Compiled(StreamWith(mapper)), data).data;
}

std::string Hashing(const std::string& field, const std::string& more = "") {
  return R"({"name":"hashing","config":{"targetField":")" + field + R"(","method":"MD5")" + more +
         "}}";
}

std::string Renaming(const std::string& from, const std::string& to) {
  return R"({"name":"field-renaming","config":{"originalFieldName":")" + from +
         R"(","newFieldName":")" + to + R"("}})";
}

std::string Filtering(const std::string& field) {
  return R"({"name":"field-filtering","config":{"targetField":")" + field + R"("}})";
}

std::string RowFiltering(const std::string& condition) {
  return R"({"name":"row-filtering","config":{"conditions":)" + condition + "}}";
}

std::string Equal(const std::string& field, const std::string& value) {
  return R"({"type":"EQUAL","fieldName":")" + field + R"(","comparisonValue":")" + value + R"("})";
}

constexpr char kAes[] =
    R"({"name":"encryption","config":{"algorithm":"AES","targetField":"email","mode":"CBC",
        "padding":"PKCS5Padding","key":"000102030405060708090a0b0c0d0e0f"}})";

// --- hashing ------------------------------------------------------------------------------------

TEST(HashingTest, PutsTheDigestInAFieldOfItsOwn) {
  EXPECT_EQ(Mapped(Hashing("email"), R"({"id": 1 , "email" : "abc","x":[1, 2]})"),
            R"({"id": 1 , "email_hashed":"900150983cd24fb0d6963f7d28e17f72","x":[1, 2]})");
  EXPECT_EQ(Mapped(Hashing("email", R"(,"fieldNameSuffix":"_md5")"), R"({"email":"abc"})"),
            R"({"email_md5":"900150983cd24fb0d6963f7d28e17f72"})");
}

TEST(HashingTest, HashesTheTextOfEveryKindOfValue) {
  const auto digest_of = [](const std::string& json) {
    const std::string data = Mapped(Hashing("email"), R"({"email":)" + json + "}");
    return *JsonString(*JsonFind(*ParseJson(data), "email_hashed"));
  };
  EXPECT_EQ(digest_of(R"("42")"), "a1d0c6e83f027327d8461063f4ac58a6");
  EXPECT_EQ(digest_of("42"), digest_of(R"("42")"));
  EXPECT_EQ(digest_of("4.20"), digest_of(R"("4.20")"));
  EXPECT_EQ(digest_of("1e2"), digest_of(R"("1e2")"));
  EXPECT_EQ(digest_of("true"), digest_of(R"("true")"));
  EXPECT_EQ(digest_of("null"), digest_of(R"("null")"));
  EXPECT_EQ(digest_of("{\"a\":1}"), "d41d8cd98f00b204e9800998ecf8427e") << "of nothing";
  EXPECT_EQ(digest_of("[]"), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(digest_of(R"("\u0061\u0062c")"), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(HashingTest, ARecordWithoutTheFieldStaysByteForByte) {
  for (const char* data : {"{}", "{ }", R"({"id":1.0 })", R"({"Email":"x","email2":1})",
                           R"({"nested":{"email":"x"}})"}) {
    EXPECT_EQ(Mapped(Hashing("email"), data), data);
  }
}

TEST(HashingTest, FindsTheFieldInEverySpelling) {
  EXPECT_EQ(Mapped(Hashing("email"), R"({"\u0065m\u0061il":"abc"})"),
            R"({"email_hashed":"900150983cd24fb0d6963f7d28e17f72"})");
}

// The platform keeps the last of several members; so do we, and none of them stays in the clear.
TEST(HashingTest, OfSeveralMembersOfTheNameTheLastIsHashedAndNoneStays) {
  EXPECT_EQ(Mapped(Hashing("email"), R"({"email":"x","id":1,"\u0065mail":"y","email":"abc"})"),
            R"({"id":1,"email_hashed":"900150983cd24fb0d6963f7d28e17f72"})");
}

TEST(HashingTest, WhatHadTheNameOfTheResultIsReplaced) {
  EXPECT_EQ(Mapped(Hashing("email"), R"({"email_hashed":"forged","email":"abc"})"),
            R"({"email_hashed":"900150983cd24fb0d6963f7d28e17f72"})");
}

TEST(HashingTest, TheSchemaFollows) {
  const StreamMappers mappers =
      Compiled(StreamWith(Hashing("email"), R"("cursor_field":["email"],"primary_key":[["id"],)"
                                            R"(["email"]],)"));
  EXPECT_EQ(mappers.ConfiguredStreamJson(),
            R"({"stream":{"name":"users","namespace":"public","json_schema":{"type":"object",)"
            R"("properties":{"id":{"type":"integer"},"email_hashed":{"type":"string"},)"
            R"("name":{"type":"string"},"status":{},"address":{"type":"object"}}}},)"
            R"("cursor_field":["email_hashed"],"primary_key":[["id"],["email_hashed"]],)"
            R"("sync_mode":"full_refresh"})");
}

// --- encryption ---------------------------------------------------------------------------------

TEST(EncryptionTest, ReplacesTheValueInPlaceWithoutASuffix) {
  const StreamMappers mappers = Compiled(StreamWith(kAes));
  const Result result = Map(mappers, R"({"id":1,"email":"abc"})");
  EXPECT_THAT(result.data, MatchesRegex(R"(\{"id":1,"email":"[0-9a-f]{64}"\})"));
  EXPECT_THAT(result.changes, IsEmpty());
  EXPECT_THAT(mappers.ConfiguredStreamJson(), HasSubstr(R"("email":{"type":"string"})"));
  EXPECT_THAT(mappers.secrets(), ElementsAre("000102030405060708090a0b0c0d0e0f"));
}

TEST(EncryptionTest, WithASuffixTheFieldGetsItsName) {
  std::string mapper = kAes;
  mapper.insert(mapper.find(R"("algorithm")"), R"("fieldNameSuffix":"_enc",)");
  EXPECT_THAT(Mapped(mapper, R"({"email":"abc","id":1})"),
              MatchesRegex(R"(\{"email_enc":"[0-9a-f]{64}","id":1\})"));
}

TEST(EncryptionTest, AValueThatDoesNotFitTheKeyIsRemovedAndNoted) {
  const StreamMappers mappers = Compiled(StreamWith(
      R"({"name":"encryption","config":{"algorithm":"RSA","targetField":"email",)"
      R"("fieldNameSuffix":"_rsa","publicKey":"30819f300d06092a864886f70d010101050003818d003081)"
      R"(8902818100c7a773dc50ee8317d3d3a21c5fd04ad02e65390d862fc5bd1ed20553a4372723f8ea5aa38c4e)"
      R"(352ce2ae88774181f07ee91ad44c6e1bb183bc81b7a236c6a5a5b0dffeebaf2f620ff21522a6f5c873f251)"
      R"(794595037c7c7562f5fd93bea99d199037b4eaee9ccd0e48d1dd03ed1e3390a62293b86e0fe438829a810f)"
      R"(12c55b5f0203010001"}})"));
  EXPECT_THAT(Map(mappers, R"({"email":"abc"})").data,
              MatchesRegex(R"(\{"email_rsa":"[0-9a-f]{256}"\})"));
  const Result result =
      Map(mappers, R"({"id":1,"email":")" + std::string(200, 'x') + R"(","name":"n"})");
  EXPECT_TRUE(result.kept);
  EXPECT_EQ(result.data, R"({"id":1,"name":"n"})");
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_EQ(result.changes[0].field, "email_rsa");
  EXPECT_EQ(result.changes[0].change, "NULLED");
  EXPECT_EQ(result.changes[0].reason, "PLATFORM_SERIALIZATION_ERROR");
  EXPECT_THAT(mappers.secrets(), IsEmpty()) << "a public key is none";
}

// --- renaming and filtering ---------------------------------------------------------------------

TEST(RenamingTest, KeepsTheValueAsItIs) {
  EXPECT_EQ(Mapped(Renaming("email", "mail"), R"({"email":{"a" : 1.0},"id":1})"),
            R"({"mail":{"a" : 1.0},"id":1})");
  EXPECT_EQ(Mapped(Renaming("email", "e\\\"ü"), R"({"email":1})"), R"({"e\"ü":1})");
  EXPECT_EQ(Mapped(Renaming("email", "email"), R"({"email" :1})"), R"({"email" :1})");
  EXPECT_EQ(Mapped(Renaming("email", "mail"), R"({"mail":0,"email":1})"), R"({"mail":1})");
}

TEST(RenamingTest, TheSchemaKeepsTheTypeAndPathsThroughTheFieldFollow) {
  const StreamMappers mappers = Compiled(StreamWith(
      Renaming("address", "home"), R"("primary_key":[["address","zip"]],"cursor_field":["id"],)"));
  EXPECT_THAT(mappers.ConfiguredStreamJson(), HasSubstr(R"("home":{"type":"object"})"));
  EXPECT_THAT(mappers.ConfiguredStreamJson(), HasSubstr(R"("primary_key":[["home","zip"]])"));
  EXPECT_THAT(mappers.ConfiguredStreamJson(), HasSubstr(R"("cursor_field":["id"])"));
}

TEST(FilteringTest, CutsTheFieldAndLeavesTheRest) {
  EXPECT_EQ(Mapped(Filtering("email"), R"({"email":1 , "id": 2})"), R"({"id": 2})");
  EXPECT_EQ(Mapped(Filtering("email"), R"({"id": 2 , "email":1})"), R"({"id": 2})");
  EXPECT_EQ(Mapped(Filtering("email"), R"({"email":1,"email":2})"), R"({})");
}

TEST(FilteringTest, TheSchemaAndKeysLoseTheField) {
  const StreamMappers mappers =
      Compiled(StreamWith(Filtering("email"), R"("cursor_field":["email"],"primary_key":[["id"],)"
                                              R"(["email"]],)"));
  EXPECT_EQ(mappers.ConfiguredStreamJson(),
            R"({"stream":{"name":"users","namespace":"public","json_schema":{"type":"object",)"
            R"("properties":{"id":{"type":"integer"},)"
            R"("name":{"type":"string"},"status":{},"address":{"type":"object"}}}},)"
            R"("cursor_field":[],"primary_key":[["id"]],"sync_mode":"full_refresh"})");
  EXPECT_THAT(mappers.notes(),
              ElementsAre(R"(stream public.users: cursor_field loses the field "email")",
                          R"(stream public.users: primary_key loses the field "email")"));
}

// --- row filters --------------------------------------------------------------------------------

bool Kept(const std::string& condition, std::string_view data) {
  const StreamMappers mappers = Compiled(StreamWith(RowFiltering(condition)));
  EXPECT_TRUE(mappers.filters_rows());
  const Result result = Map(mappers, data);
  EXPECT_EQ(result.data, data) << "a row filter changes no byte";
  return result.kept;
}

TEST(RowFilteringTest, EqualComparesTheText) {
  const struct {
    const char* value;
    const char* json;
    bool kept;
  } kTable[] = {
      {"active", R"("active")", true},
      {"active", R"("\u0061ctive")", true},
      {"active", R"("Active")", false},
      {"active", R"("active ")", false},
      {"42", "42", true},
      {"42", R"("42")", true},
      {"true", "true", true},
      {"null", "null", true},
      {"", "{\"a\":1}", true},
      {"", "[]", true},
      {"", R"("")", true},
      {"", "null", false},
      // Numbers are equal as numbers, so that it does not matter how a source writes them.
      {"4.2", "4.20", true},
      {"4.20", "4.2", true},
      {"100", "1e2", true},
      {"1", "1.0", true},
      {"0", "-0", true},
      {"4.2", "4.21", false},
      {"4.2", R"("4.20")", false},
      {"9007199254740993", "9007199254740992", false},
      {"007", "7", false},
      {"?", R"("\ud800")", false},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(
        Kept(Equal("status", row.value), R"({"id":1,"status":)" + std::string(row.json) + "}"),
        row.kept)
        << row.value << " and " << row.json;
  }
}

TEST(RowFilteringTest, AnAbsentFieldIsEqualToNothing) {
  EXPECT_FALSE(Kept(Equal("status", ""), R"({"id":1})"));
  EXPECT_TRUE(Kept(R"({"type":"NOT","conditions":[)" + Equal("status", "x") + "]}", R"({"id":1})"));
}

TEST(RowFilteringTest, OfSeveralMembersOfTheNameTheLastCounts) {
  EXPECT_TRUE(Kept(Equal("status", "b"), R"({"status":"a","status":"b"})"));
  EXPECT_FALSE(Kept(Equal("status", "a"), R"({"status":"a","status":"b"})"));
}

// Every table of two inputs, and each operator inside every other.
TEST(RowFilteringTest, TheOperatorsAreThoseOfLogic) {
  const auto list = [](const std::string& a, const std::string& b) {
    return "[" + a + "," + b + "]";
  };
  const auto node = [](const std::string& type, const std::string& conditions) {
    return R"({"type":")" + type + R"(","conditions":)" + conditions + "}";
  };
  const std::string a = Equal("id", "1"), b = Equal("status", "1");
  for (const bool x : {false, true}) {
    for (const bool y : {false, true}) {
      const std::string data = R"({"id":)" + std::string(x ? "1" : "0") + R"(,"status":)" +
                               std::string(y ? "1" : "0") + "}";
      EXPECT_EQ(Kept(node("AND", list(a, b)), data), x && y);
      EXPECT_EQ(Kept(node("OR", list(a, b)), data), x || y);
      EXPECT_EQ(Kept(node("NOT", list(a, b)), data), !x && !y) << "none of its conditions";
      EXPECT_EQ(
          Kept(node("not", "[" + node("and", list(a, node("not", "[" + b + "]"))) + "]"), data),
          !(x && !y));
      EXPECT_EQ(Kept(node("OR", list(node("AND", list(a, b)), node("NOT", list(a, b)))), data),
                x == y);
      EXPECT_EQ(Kept(node("AND", list(node("OR", list(a, b)), node("OR", list(b, a)))), data),
                x || y);
    }
  }
}

// --- several mappers ----------------------------------------------------------------------------

TEST(ChainTest, EachMapperSeesWhatTheOnesBeforeItMade) {
  const StreamMappers mappers = Compiled(StreamWith(
      Renaming("email", "mail") + "," + Hashing("mail") + "," + Renaming("name", "email") + "," +
      RowFiltering(Equal("mail_hashed", "900150983cd24fb0d6963f7d28e17f72")) + "," +
      Filtering("status")));
  const Result kept = Map(mappers, R"({"id":1,"email":"abc","name":"n","status":2})");
  EXPECT_TRUE(kept.kept);
  EXPECT_EQ(kept.data, R"({"id":1,"mail_hashed":"900150983cd24fb0d6963f7d28e17f72","email":"n"})");
  EXPECT_FALSE(Map(mappers, R"({"id":1,"email":"abd"})").kept);
  EXPECT_FALSE(Map(mappers, R"({"id":1})").kept);
  EXPECT_EQ(mappers.ConfiguredStreamJson(),
            R"({"stream":{"name":"users","namespace":"public","json_schema":{"type":"object",)"
            R"("properties":{"id":{"type":"integer"},"mail_hashed":{"type":"string"},)"
            R"("email":{"type":"string"},"address":{"type":"object"}}}},)"
            R"("sync_mode":"full_refresh"})");
}

TEST(ChainTest, ThePublicApisFormIsUnderstood) {
  EXPECT_EQ(Mapped(R"({"id":"8c0b4c7e-0000-4000-8000-000000000000","type":"hashing",)"
                   R"("mapperConfiguration":{"targetField":"email","method":"MD5",)"
                   R"("fieldNameSuffix":"_h"}})",
                   R"({"email":"abc"})"),
            R"({"email_h":"900150983cd24fb0d6963f7d28e17f72"})");
}

TEST(ChainTest, WithoutMappersNothingIsDone) {
  for (const std::string& stream :
       {StreamWith(""), std::string(R"({"stream":{"name":"a"},"mappers":null})"),
        std::string(R"({"stream":{"name":"a"}})")}) {
    const StreamMappers mappers = Compiled(stream);
    EXPECT_TRUE(mappers.empty());
    EXPECT_FALSE(mappers.filters_rows());
    EXPECT_EQ(Map(mappers, R"({"a" : 1})").data, R"({"a" : 1})");
  }
  EXPECT_EQ(Compiled(R"({ "stream" : {"name":"a"} , "x":1.0})").ConfiguredStreamJson(),
            R"({ "stream" : {"name":"a"} , "x":1.0})");
}

// --- selection ----------------------------------------------------------------------------------

TEST(SelectionTest, CutsWhatTheSchemaDoesNotList) {
  const StreamMappers mappers = Compiled(StreamWith(""), /*select=*/true);
  EXPECT_FALSE(mappers.empty());
  EXPECT_EQ(Map(mappers, R"({"id": 1.0 , "extra":{"id":1}, "n\u0061me":"\u0061"})").data,
            R"({"id": 1.0, "n\u0061me":"\u0061"})");
  EXPECT_EQ(Map(mappers, R"({"extra":1})").data, "{}");
  EXPECT_EQ(Map(mappers, R"({"address":{"extra":1}})").data, R"({"address":{"extra":1}})")
      << "nested fields are not selected";
}

TEST(SelectionTest, CutsBeforeMappersLook) {
  const StreamMappers mappers = Compiled(StreamWith(Hashing("email")), /*select=*/true);
  EXPECT_EQ(Map(mappers, R"({"email_hashed":"forged","email":"abc","x":1})").data,
            R"({"email_hashed":"900150983cd24fb0d6963f7d28e17f72"})");
  EXPECT_EQ(Map(mappers, R"({"email_hashed":"forged"})").data, "{}");
}

TEST(SelectionTest, DollarNamesAreFieldsAndStandForThePlainOnes) {
  const std::string stream =
      R"({"stream":{"name":"a","json_schema":{"properties":{"$id":{},"$comment":{},"$schema":{},)"
      R"("$other":{}}}},"mappers":[)" +
      Hashing("id") + "]}";
  const StreamMappers mappers = Compiled(stream, /*select=*/true);
  EXPECT_EQ(Map(mappers, R"({"comment":1,"schema":2,"$other":3,"other":4,"$comment":5})").data,
            R"({"comment":1,"schema":2,"$other":3,"$comment":5})");
  EXPECT_EQ(Map(mappers, R"({"$schema":1,"$id":2,"other":3})").data, R"({"$schema":1,"$id":2})");
  EXPECT_EQ(Map(mappers, R"({"id":"abc"})").data,
            R"({"id_hashed":"900150983cd24fb0d6963f7d28e17f72"})");
  EXPECT_THAT(mappers.ConfiguredStreamJson(), HasSubstr(R"({"id_hashed":{"type":"string"},)"));
}

TEST(SelectionTest, PropertiesAreLookedForFurtherDown) {
  const StreamMappers mappers =
      Compiled(R"({"stream":{"name":"a","json_schema":{"type":"object","oneOf":[{"type":"null"},)"
               R"({"properties":{"a":{"properties":{"b":{}}}}},{"properties":{"c":{}}}]}}})",
               /*select=*/true);
  EXPECT_EQ(Map(mappers, R"({"a":1,"b":2,"c":3})").data, R"({"a":1})");
}

TEST(SelectionTest, AnEmptyListSelectsNothing) {
  const StreamMappers mappers =
      Compiled(R"({"stream":{"name":"a","json_schema":{"properties":{}}}})", /*select=*/true);
  EXPECT_EQ(Map(mappers, R"({"a":1,"b":2})").data, "{}");
}

TEST(SelectionTest, WithoutPropertiesItIsRefused) {
  for (const char* stream :
       {R"({"stream":{"name":"a","json_schema":{"type":"object"}}})", R"({"stream":{"name":"a"}})",
        R"({"stream":{"name":"a","json_schema":{}}})"}) {
    const auto mappers = StreamMappers::Compile(*ParseJson(stream), true);
    EXPECT_EQ(mappers.status().message(),
              "stream a: fields cannot be selected: its json_schema has no `properties`");
    EXPECT_TRUE(StreamMappers::Compile(*ParseJson(stream), false).ok());
  }
}

}  // namespace
}  // namespace shunt
