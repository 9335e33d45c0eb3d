#include "transforms/mapper.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "transforms/config_reader.h"
#include "transforms/field_cipher.h"
#include "transforms/field_hash.h"
#include "transforms/field_text.h"
#include "transforms/row_condition.h"

namespace shunt {
namespace {

constexpr std::string_view kNulled = "NULLED";
constexpr std::string_view kReason = "PLATFORM_SERIALIZATION_ERROR";
constexpr std::string_view kStringSchema = R"({"type":"string"})";

using MapperOr = absl::StatusOr<std::unique_ptr<Mapper>>;

// What hashing, encryption and renaming have in common: one field becomes another.
class FieldMapper : public Mapper {
 public:
  FieldMapper(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  bool Apply(RowFields& row) const override {
    Row::Member* const member = row.Find(from_);
    if (member == nullptr) return true;
    // A reader that keeps one of several members of a name keeps the last; so do we, and no other
    // occurrence goes on in the clear. What had the name of the result is replaced by it.
    row.RemoveOthers(from_, member);
    if (from_ != to_) row.RemoveOthers(to_, nullptr);
    std::optional<std::string> json;
    if (!MakeValue(member->value, &json)) {
      row.row().Remove(*member);
      row.row().NoteChange({.field = to_, .change = kNulled, .reason = kReason});
      return true;
    }
    if (json) row.row().SetValue(*member, *std::move(json));
    if (from_ != to_) row.row().Rename(*member, to_);
    return true;
  }

  std::vector<std::string> fields() const override { return {from_, to_}; }

 protected:
  // The new value; nothing when it stays. False when there is none.
  virtual bool MakeValue(JsonSlice value, std::optional<std::string>* json) const = 0;

  Growth GrowthOf(std::size_t factor, std::size_t extra, bool may_fail) const {
    // {"field":...,"change":"NULLED","reason":"PLATFORM_SERIALIZATION_ERROR"} and a comma
    constexpr std::size_t kEntry = 80;
    return {.from = from_,
            .to = to_,
            .factor = factor,
            .extra = extra,
            .change = may_fail ? kEntry + JsonQuote(to_).size() : 0};
  }

 private:
  std::string from_;
  std::string to_;
};

class HashingMapper : public FieldMapper {
 public:
  HashingMapper(std::string from, std::string to, FieldHash hash)
      : FieldMapper(std::move(from), std::move(to)), hash_(std::move(hash)) {}

  std::optional<Growth> growth() const override { return GrowthOf(0, hash_.digits() + 2, true); }

 protected:
  bool MakeValue(JsonSlice value, std::optional<std::string>* json) const override {
    std::string scratch;
    std::string digest = "\"";
    digest.reserve(hash_.digits() + 2);
    if (!hash_.Append(FieldText(value, HalfCharacter::kQuestionMark, &scratch), &digest)) {
      return false;
    }
    digest.push_back('"');
    *json = std::move(digest);
    return true;
  }

 private:
  FieldHash hash_;
};

class EncryptionMapper : public FieldMapper {
 public:
  EncryptionMapper(std::string from, std::string to, FieldCipher cipher)
      : FieldMapper(std::move(from), std::move(to)), cipher_(std::move(cipher)) {}

  std::optional<Growth> growth() const override {
    return GrowthOf(cipher_.factor(), cipher_.digits_extra() + 2, true);
  }

 protected:
  bool MakeValue(JsonSlice value, std::optional<std::string>* json) const override {
    std::string scratch;
    std::string digits = "\"";
    if (!cipher_.Append(FieldText(value, HalfCharacter::kQuestionMark, &scratch), &digits)) {
      return false;
    }
    digits.push_back('"');
    *json = std::move(digits);
    return true;
  }

 private:
  FieldCipher cipher_;
};

class RenamingMapper : public FieldMapper {
 public:
  using FieldMapper::FieldMapper;
  std::optional<Growth> growth() const override { return GrowthOf(1, 0, false); }

 protected:
  bool MakeValue(JsonSlice, std::optional<std::string>*) const override { return true; }
};

class FilteringMapper : public Mapper {
 public:
  explicit FilteringMapper(std::string field) : field_(std::move(field)) {}
  bool Apply(RowFields& row) const override {
    row.RemoveOthers(field_, nullptr);
    return true;
  }
  std::vector<std::string> fields() const override { return {field_}; }

 private:
  std::string field_;
};

class RowFilteringMapper : public Mapper {
 public:
  explicit RowFilteringMapper(RowCondition condition) : condition_(std::move(condition)) {}
  bool Apply(RowFields& row) const override { return condition_.Holds(row); }
  std::vector<std::string> fields() const override { return condition_.fields(); }
  bool filters_rows() const override { return true; }

 private:
  RowCondition condition_;
};

// A field that the schema has, by the name that records have it under.
std::string ReadField(ConfigReader& config, std::string_view key, const StreamSchema& schema) {
  const std::string field = config.RequiredText(key);
  if (config.status().ok() && !schema.HasField(field)) {
    config.Fail(key, "the schema has no field " + JsonQuote(field));
  }
  return field;
}

void CheckOutput(ConfigReader& config, std::string_view key, const std::string& from,
                 const std::string& to, const StreamSchema& schema) {
  if (config.status().ok() && from != to && schema.HasField(to)) {
    config.Fail(key, "the schema has a field " + JsonQuote(to) + " already");
  }
}

MapperOr CompileHashing(ConfigReader& config, StreamSchema* schema) {
  const std::string target = ReadField(config, "targetField", *schema);
  const std::optional<HashMethod> method = HashMethodByName(config.RequiredText("method"));
  if (!method) config.Fail("method", absl::StrCat("one of ", A(kHashMethodNames)));
  const std::string suffix = config.Text("fieldNameSuffix").value_or("_hashed");
  if (suffix.empty()) {
    config.Fail("fieldNameSuffix", "is empty: the hash would have the name of what it replaces");
  }
  CheckOutput(config, "fieldNameSuffix", target, target + suffix, *schema);
  if (absl::Status status = config.Finish(); !status.ok()) return status;
  absl::StatusOr<FieldHash> hash = FieldHash::Create(*method);
  if (!hash.ok()) return hash.status();
  schema->Redefine(target, target + suffix, kStringSchema);
  return std::make_unique<HashingMapper>(target, target + suffix, *std::move(hash));
}

absl::StatusOr<FieldCipher> ReadCipher(ConfigReader& config, Entropy& entropy,
                                       std::vector<std::string>* secrets) {
  const std::string algorithm = config.RequiredText("algorithm");
  if (algorithm == "AES") {
    const std::string mode = config.RequiredText("mode");
    const std::string padding = config.RequiredText("padding");
    const std::string key = config.RequiredText("key");
    if (!key.empty()) secrets->push_back(key);
    if (absl::Status status = config.Finish(); !status.ok()) return status;
    return FieldCipher::CreateAes(mode, padding, key, entropy);
  }
  if (algorithm == "RSA") {
    const std::string key = config.RequiredText("publicKey");
    if (absl::Status status = config.Finish(); !status.ok()) return status;
    return FieldCipher::CreateRsa(key);
  }
  config.Fail("algorithm", "one of AES, RSA");
  return config.status();
}

MapperOr CompileEncryption(ConfigReader& config, const std::string& place, Entropy& entropy,
                           StreamSchema* schema, std::vector<std::string>* secrets) {
  const std::string target = ReadField(config, "targetField", *schema);
  const std::string output = target + config.Text("fieldNameSuffix").value_or("");
  CheckOutput(config, "fieldNameSuffix", target, output, *schema);
  absl::StatusOr<FieldCipher> cipher = ReadCipher(config, entropy, secrets);
  if (!config.status().ok()) return config.status();
  if (!cipher.ok()) {
    return absl::Status(cipher.status().code(),
                        A(absl::StrCat(place, ": ", cipher.status().message())));
  }
  schema->Redefine(target, output, kStringSchema);
  return std::make_unique<EncryptionMapper>(target, output, *std::move(cipher));
}

MapperOr CompileRenaming(ConfigReader& config, StreamSchema* schema) {
  const std::string from = ReadField(config, "originalFieldName", *schema);
  const std::string to = config.RequiredText("newFieldName");
  if (config.status().ok() && to.empty()) config.Fail("newFieldName", "is empty");
  CheckOutput(config, "newFieldName", from, to, *schema);
  if (absl::Status status = config.Finish(); !status.ok()) return status;
  schema->Redefine(from, to, std::nullopt);
  return std::make_unique<RenamingMapper>(from, to);
}

MapperOr CompileFiltering(ConfigReader& config, StreamSchema* schema) {
  const std::string target = ReadField(config, "targetField", *schema);
  if (absl::Status status = config.Finish(); !status.ok()) return status;
  schema->Remove(target);
  return std::make_unique<FilteringMapper>(target);
}

MapperOr CompileRowFiltering(ConfigReader& config, const std::string& place, StreamSchema* schema) {
  const std::optional<JsonSlice> conditions = config.Required("conditions");
  if (absl::Status status = config.Finish(); !status.ok()) return status;
  absl::StatusOr<RowCondition> condition =
      RowCondition::Parse(*conditions, place + ".conditions",
                          [&](std::string_view field) { return schema->HasField(field); });
  if (!condition.ok()) return condition.status();
  return std::make_unique<RowFilteringMapper>(*std::move(condition));
}

}  // namespace

MapperOr CompileMapper(JsonSlice element, const std::string& place, Entropy& entropy,
                       StreamSchema* schema, std::vector<std::string>* secrets) {
  ConfigReader reader(element, place);
  const std::optional<JsonSlice> name_slice = reader.FindEither("name", "type");
  const std::optional<JsonSlice> config_slice = reader.FindEither("config", "mapperConfiguration");
  reader.Find("id");
  reader.Find("documentationUrl");
  if (!name_slice) reader.Fail("name", "is missing");
  if (!config_slice) reader.Fail("config", "is missing");
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  const std::string name = JsonString(*name_slice).value_or("");
  const std::string where = place + ".config";
  ConfigReader config(*config_slice, where);
  if (!config.status().ok()) return config.status();
  if (name == "hashing") return CompileHashing(config, schema);
  if (name == "encryption") return CompileEncryption(config, where, entropy, schema, secrets);
  if (name == "field-renaming") return CompileRenaming(config, schema);
  if (name == "field-filtering") return CompileFiltering(config, schema);
  if (name == "row-filtering") return CompileRowFiltering(config, where, schema);
  reader.Fail("name", "one of hashing, encryption, field-renaming, field-filtering, row-filtering");
  return reader.status();
}

}  // namespace shunt
