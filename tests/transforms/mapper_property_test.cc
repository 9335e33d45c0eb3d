// Random records through random chains of mappers, against a reference that thinks in dictionaries
// (one value per name, the last), as the platform does. What no mapper asks for must be in the
// output byte for byte and in its order, and no record may grow beyond what was promised.
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "protocol/json_cursor.h"
#include "transforms/field_cipher.h"
#include "transforms/row.h"
#include "transforms/stream_mappers.h"

namespace shunt {
namespace {

using Rng = std::mt19937_64;

constexpr char kKey[] = "000102030405060708090a0b0c0d0e0f";

std::size_t Below(Rng& rng, std::size_t bound) { return rng() % bound; }
bool OneIn(Rng& rng, std::size_t n) { return Below(rng, n) == 0; }

// Names that are hard to find: escapes, no letters at all, one the beginning of another.
const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {
      "a",        "b", "ab",   "id",      "email", "e\"q", "x\\y", "grüße", "\xF0\x9F\x98\x80",
      "a_hashed", "",  "t\tb", "\\u0061", "schema"};
  return names;
}

const std::string& AnyName(Rng& rng) { return Names()[Below(rng, Names().size())]; }

std::string Blanks(Rng& rng) {
  std::string blanks;
  while (OneIn(rng, 4)) blanks.push_back(" \t"[Below(rng, 2)]);
  return blanks;
}

// A character as it is, or as an escape.
void AppendCharacter(Rng& rng, char32_t point, std::string* out) {
  const auto escape = [&](char32_t unit) {
    char text[8];
    std::snprintf(text, sizeof text, OneIn(rng, 2) ? "\\u%04x" : "\\u%04X",
                  static_cast<unsigned>(unit));
    out->append(text);
  };
  if (point == U'"' || point == U'\\') {
    out->push_back('\\');
    out->push_back(static_cast<char>(point));
  } else if (point < 0x20 || OneIn(rng, 5)) {
    if (point < 0x10000) return escape(point);
    escape(0xD800 + ((point - 0x10000) >> 10));
    escape(0xDC00 + ((point - 0x10000) & 0x3FF));
  } else {
    const std::string quoted = [&] {
      std::string utf8;
      if (point < 0x80) {
        utf8 = {static_cast<char>(point)};
      } else if (point < 0x800) {
        utf8 = {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))};
      } else {
        utf8 = {static_cast<char>(0xF0 | point >> 18),
                static_cast<char>(0x80 | (point >> 12 & 0x3F)),
                static_cast<char>(0x80 | (point >> 6 & 0x3F)),
                static_cast<char>(0x80 | (point & 0x3F))};
      }
      return utf8;
    }();
    out->append(quoted);
  }
}

char32_t PointAt(std::string_view text, std::size_t* at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[*at + i]); };
  const std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : 4;
  char32_t point = size == 1 ? byte(0) : size == 2 ? byte(0) & 0x1Fu : byte(0) & 7u;
  for (std::size_t i = 1; i < size; ++i) point = point << 6 | (byte(i) & 0x3Fu);
  *at += size;
  return point;
}

std::string SpellString(Rng& rng, std::string_view text) {
  std::string json = "\"";
  for (std::size_t at = 0; at < text.size();) AppendCharacter(rng, PointAt(text, &at), &json);
  return json + "\"";
}

struct Value {
  std::string json;
  std::string text;  // as a mapper sees it
};

Value AnyValue(Rng& rng) {
  switch (Below(rng, 8)) {
    case 0:
      return {"null", "null"};
    case 1:
      return {"true", "true"};
    case 2: {
      const std::string number = std::to_string(Below(rng, 100));
      return {number, number};
    }
    case 3: {
      const std::string number = "-" + std::to_string(Below(rng, 10)) + ".50e2";
      return {number, number};
    }
    case 4:
      return {R"({"a" : [1, {"email":"x"}]})", ""};
    case 5:
      return {"[ ]", ""};
    default: {
      std::string text;
      for (std::size_t n = Below(rng, 12); n > 0; --n) text += AnyName(rng);
      return {SpellString(rng, text), text};
    }
  }
}

struct Record {
  struct Member {
    std::string name, bytes;
    Value value;
  };
  std::vector<Member> members;
  std::string json;
};

Record AnyRecord(Rng& rng) {
  Record record;
  record.json = "{" + Blanks(rng);
  for (std::size_t n = Below(rng, 12); n > 0; --n) {
    Record::Member member{AnyName(rng), "", AnyValue(rng)};
    member.bytes =
        SpellString(rng, member.name) + Blanks(rng) + ":" + Blanks(rng) + member.value.json;
    if (!record.members.empty()) record.json += Blanks(rng) + "," + Blanks(rng);
    record.json += member.bytes;
    record.members.push_back(std::move(member));
  }
  record.json += Blanks(rng) + "}";
  return record;
}

std::string Sha256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  EXPECT_EQ(EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), digest, &size), 1);
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) {
    char byte[3];
    std::snprintf(byte, sizeof byte, "%02x", digest[i]);
    hex += byte;
  }
  return hex;
}

using Dictionary = std::map<std::string, Value>;

// One mapper of the chain: its configuration, and what it does to a dictionary.
struct Step {
  enum class Kind { kHash, kEncrypt, kRename, kFilter, kRows } kind;
  std::string from, to, value;

  std::string Json() const {
    nlohmann::json config;
    const char* name = "";
    switch (kind) {
      case Kind::kHash:
        name = "hashing";
        config = {{"targetField", from},
                  {"method", "SHA-256"},
                  {"fieldNameSuffix", to.substr(from.size())}};
        break;
      case Kind::kEncrypt:
        name = "encryption";
        config = {{"targetField", from},
                  {"algorithm", "AES"},
                  {"mode", "ECB"},
                  {"padding", "PKCS5Padding"},
                  {"key", kKey}};
        break;
      case Kind::kRename:
        name = "field-renaming";
        config = {{"originalFieldName", from}, {"newFieldName", to}};
        break;
      case Kind::kFilter:
        name = "field-filtering";
        config = {{"targetField", from}};
        break;
      case Kind::kRows:
        name = "row-filtering";
        config = {{"conditions",
                   {{"type", "NOT"},
                    {"conditions",
                     {{{"type", "EQUAL"}, {"fieldName", from}, {"comparisonValue", value}}}}}}};
    }
    return nlohmann::json({{"name", name}, {"config", config}}).dump();
  }

  // False: the record is filtered out. Adds to `written` what it gave a value.
  bool Apply(Dictionary* data, std::set<std::string>* written) const {
    const auto found = data->find(from);
    if (found == data->end()) return true;
    if (kind == Kind::kRows) return found->second.text != value;
    Value next = found->second;
    data->erase(found);
    if (kind == Kind::kFilter) return true;
    if (kind == Kind::kHash) next.text = Sha256(next.text);
    if (kind == Kind::kEncrypt) {
      std::string digits;
      const auto cipher = FieldCipher::CreateAes("ECB", "PKCS5Padding", kKey, SystemEntropy());
      EXPECT_TRUE(cipher.ok() && cipher->Append(next.text, &digits));
      next.text = digits;
    }
    if (kind != Kind::kRename) next.json = "\"" + next.text + "\"";
    (*data)[to] = next;
    written->insert(to);
    return true;
  }
};

struct Case {
  std::set<std::string> selected;
  std::vector<Step> steps;
  std::set<std::string> mapped;  // names that some step asks for

  std::string StreamJson() const {
    nlohmann::json properties = nlohmann::json::object();
    for (const std::string& name : selected) properties[name] = nlohmann::json::object();
    std::string mappers;
    for (const Step& step : steps) mappers += (mappers.empty() ? "" : ",") + step.Json();
    return R"({"stream":{"name":"s","json_schema":{"properties":)" + properties.dump() +
           R"(}},"mappers":[)" + mappers + "]}";
  }
};

Case AnyCase(Rng& rng) {
  Case result;
  for (const std::string& name : Names()) {
    if (!OneIn(rng, 4)) result.selected.insert(name);
  }
  std::set<std::string> fields = result.selected;
  std::map<std::string, int> encryptions;
  for (std::size_t n = Below(rng, 6); n > 0 && !fields.empty(); --n) {
    auto at = fields.begin();
    std::advance(at, static_cast<long>(Below(rng, fields.size())));
    Step step{static_cast<Step::Kind>(Below(rng, 5)), *at, *at, "true"};
    if (step.kind == Step::Kind::kHash) step.to = step.from + "_hashed";
    if (step.kind == Step::Kind::kRename) step.to = AnyName(rng);
    if (step.kind == Step::Kind::kRename && step.to.empty()) continue;
    if (step.to != step.from && fields.contains(step.to)) continue;
    if (step.kind == Step::Kind::kEncrypt && ++encryptions[step.from] > 2) continue;
    if (step.kind != Step::Kind::kRows) fields.erase(step.from);
    if (step.kind != Step::Kind::kRows && step.kind != Step::Kind::kFilter) fields.insert(step.to);
    result.mapped.insert(step.from);
    result.mapped.insert(step.to);
    result.steps.push_back(step);
  }
  return result;
}

void ExpectSame(const Case& test, const Record& record, const Dictionary& expected, bool select,
                const std::set<std::string>& written, const std::string& out) {
  ASSERT_TRUE(nlohmann::json::accept(out)) << out;
  const auto slice = ParseJson(out);
  ASSERT_TRUE(slice && slice->is_object()) << out;
  const std::optional<std::vector<JsonMember>> members = JsonMembers(*slice);
  ASSERT_TRUE(members);
  std::map<std::string, std::string> found;
  std::map<std::string, int> times;
  for (const JsonMember& member : *members) {
    const std::string name = JsonUnescape(member.raw_key).value_or("?");
    found[name] = std::string(member.value.text);
    ++times[name];
  }
  for (const std::string& name : written) EXPECT_LE(times[name], 1) << name;
  std::map<std::string, std::string> wanted;
  for (const auto& [name, value] : expected) wanted[name] = value.json;
  EXPECT_EQ(found, wanted);
  // What nobody asks for stands there as it stood in the record, one after the other.
  std::size_t at = 0;
  for (const Record::Member& member : record.members) {
    if (test.mapped.contains(member.name)) continue;
    if (select && !test.selected.contains(member.name)) continue;
    const std::size_t place = out.find(member.bytes, at);
    ASSERT_NE(place, std::string::npos) << member.bytes;
    at = place + member.bytes.size();
  }
}

TEST(MapperPropertyTest, RandomChainsGiveWhatDictionariesGive) {
  int mapped = 0, filtered = 0, untouched = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Case test = AnyCase(rng);
    const std::string stream = test.StreamJson();
    SCOPED_TRACE(stream);
    const bool select = OneIn(rng, 2);
    const auto mappers = StreamMappers::Compile(*ParseJson(stream), select);
    ASSERT_TRUE(mappers.ok()) << mappers.status();
    for (int i = 0; i < 25; ++i) {
      const Record record = AnyRecord(rng);
      SCOPED_TRACE(record.json);
      Dictionary expected;
      std::set<std::string> written;
      for (const Record::Member& member : record.members) {
        if (!select || test.selected.contains(member.name)) expected[member.name] = member.value;
      }
      const bool kept = std::all_of(test.steps.begin(), test.steps.end(), [&](const Step& step) {
        return step.Apply(&expected, &written);
      });
      Row row;
      ASSERT_TRUE(row.Parse(record.json));
      ASSERT_EQ(mappers->Apply(&row), kept);
      filtered += kept ? 0 : 1;
      if (!kept) continue;
      std::string out;
      row.AppendTo(&out);
      EXPECT_TRUE(row.changes().empty());
      ExpectSame(test, record, expected, select, written, out);
      (out == record.json ? untouched : mapped) += 1;
      const RecordGrowth growth = mappers->growth_max();
      EXPECT_LE(out.size(), growth.factor * record.json.size() + growth.bytes);
      if (HasFailure()) return;
    }
  }
  // The generator does not only make records that nothing happens to.
  EXPECT_GT(mapped, 2000);
  EXPECT_GT(filtered, 20);
  EXPECT_GT(untouched, 500);
}

}  // namespace
}  // namespace shunt
