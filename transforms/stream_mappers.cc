#include "transforms/stream_mappers.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "transforms/field_table.h"
#include "transforms/mapper.h"
#include "transforms/row_fields.h"
#include "transforms/stream_schema.h"

namespace shunt {
namespace {

// An encryption doubles a text; a field that is encrypted over and over would be out of every
// bound.
constexpr std::size_t kFactorMax = 16;

constexpr const char* kTooManyFields = "its json_schema has too many fields";

// "stream public.users", for messages.
std::string LabelOf(JsonSlice configured_stream) {
  const auto stream = JsonFind(configured_stream, "stream");
  const auto text = [&](const char* key) {
    const auto value = stream ? JsonFind(*stream, key) : std::optional<JsonSlice>();
    return value ? JsonString(*value) : std::nullopt;
  };
  const std::optional<std::string> name_space = text("namespace");
  return absl::StrCat("stream ", name_space ? *name_space + "." : "",
                      text("name").value_or("without a name"), ": ");
}

absl::Status Labelled(const std::string& label, const absl::Status& status) {
  return absl::Status(status.code(), A(absl::StrCat(label, status.message())));
}

// Follows the values through the mappers: the worst that can become of each field.
class GrowthSum {
 public:
  void Add(const Mapper::Growth& step) {
    Value value = Take(step.from);
    value.factor *= step.factor;
    value.extra = value.extra * step.factor + step.extra;
    const std::size_t from = JsonQuote(step.from).size(), to = JsonQuote(step.to).size();
    if (to > from) value.name += to - from;
    changes_ += step.change;
    values_[step.to] = value;
  }

  RecordGrowth Sum() const {
    RecordGrowth sum{.factor = 1, .bytes = changes_};
    for (const auto& [name, value] : values_) {
      sum.factor = std::max(sum.factor, value.factor);
      sum.bytes += value.extra + value.name;
    }
    return sum;
  }

 private:
  struct Value {
    std::size_t factor = 1, extra = 0, name = 0;
  };
  Value Take(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    const Value value = found->second;
    values_.erase(found);
    return value;
  }

  std::map<std::string, Value> values_;  // by the name they have now
  std::size_t changes_ = 0;
};

}  // namespace

struct StreamMappers::Impl {
  bool select = false;
  FieldTable table;
  std::vector<std::unique_ptr<Mapper>> mappers;
  bool filters_rows = false;
  std::string json;
  std::vector<std::string> secrets;
  std::vector<std::string> notes;
  RecordGrowth growth;

  absl::Status Select(const StreamSchema& schema);
  absl::Status CompileMappers(JsonSlice list, Entropy& entropy, StreamSchema* schema);
};

absl::Status StreamMappers::Impl::Select(const StreamSchema& schema) {
  if (!schema.has_properties()) {
    return absl::InvalidArgumentError(
        "fields cannot be selected: its json_schema has no `properties`");
  }
  for (const std::string& field : schema.Fields()) {
    if (!table.Select(field)) return absl::InvalidArgumentError(kTooManyFields);
  }
  return absl::OkStatus();
}

absl::Status StreamMappers::Impl::CompileMappers(JsonSlice list, Entropy& entropy,
                                                 StreamSchema* schema) {
  const std::optional<std::vector<JsonSlice>> elements =
      list.is_array() ? JsonElements(list) : std::nullopt;
  if (!elements) return absl::InvalidArgumentError("mappers: expected an array");
  if (elements->size() > kMappersMax) {
    return absl::InvalidArgumentError(absl::StrCat("mappers: more than ", kMappersMax));
  }
  GrowthSum sum;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const std::string place = absl::StrCat("mappers[", i, "]");
    absl::StatusOr<std::unique_ptr<Mapper>> mapper =
        CompileMapper((*elements)[i], place, entropy, schema, &secrets);
    if (!mapper.ok()) return mapper.status();
    if (const auto growth_step = (*mapper)->growth()) sum.Add(*growth_step);
    if (sum.Sum().factor > kFactorMax) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": a field is encrypted too many times over"));
    }
    for (const std::string& field : (*mapper)->fields()) {
      if (!table.Map(field)) return absl::InvalidArgumentError(kTooManyFields);
    }
    filters_rows = filters_rows || (*mapper)->filters_rows();
    mappers.push_back(*std::move(mapper));
  }
  growth = sum.Sum();
  return absl::OkStatus();
}

absl::StatusOr<StreamMappers> StreamMappers::Compile(JsonSlice configured_stream,
                                                     bool select_fields, Entropy& entropy) {
  const std::string label = LabelOf(configured_stream);
  absl::StatusOr<StreamSchema> schema = StreamSchema::Parse(configured_stream);
  if (!schema.ok()) return Labelled(label, schema.status());
  auto impl = std::make_unique<Impl>();
  impl->select = select_fields;
  if (select_fields) {
    if (absl::Status status = impl->Select(*schema); !status.ok()) return Labelled(label, status);
  }
  const auto members = JsonMembers(configured_stream);
  std::optional<JsonSlice> list;
  for (const JsonMember& member : members.value_or(std::vector<JsonMember>{})) {
    if (!JsonKeyIs(member.raw_key, "mappers")) continue;
    if (list) return Labelled(label, absl::InvalidArgumentError("mappers: occurs twice"));
    list = member.value;
  }
  if (list && !list->is_null()) {
    absl::Status status = impl->CompileMappers(*list, entropy, &*schema);
    if (!status.ok()) return Labelled(label, status);
  }
  for (const std::string& note : schema->notes()) impl->notes.push_back(label + note);
  impl->json = schema->Json();
  impl->table.Shrink();
  return StreamMappers(std::move(impl));
}

StreamMappers::StreamMappers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StreamMappers::StreamMappers(StreamMappers&&) noexcept = default;
StreamMappers& StreamMappers::operator=(StreamMappers&&) noexcept = default;
StreamMappers::~StreamMappers() = default;

StreamMappers StreamMappers::None() { return StreamMappers(nullptr); }

const StreamMappers::Impl& StreamMappers::impl() const {
  static const Impl kNone;
  return impl_ ? *impl_ : kNone;
}

bool StreamMappers::empty() const { return !impl().select && impl().mappers.empty(); }
bool StreamMappers::filters_rows() const { return impl().filters_rows; }
const std::string& StreamMappers::ConfiguredStreamJson() const { return impl().json; }
void StreamMappers::ForgetConfiguredStreamJson() {
  if (impl_) impl_->json = std::string();
}
const std::vector<std::string>& StreamMappers::secrets() const { return impl().secrets; }
const std::vector<std::string>& StreamMappers::notes() const { return impl().notes; }
RecordGrowth StreamMappers::growth_max() const { return impl().growth; }

std::size_t StreamMappers::memory_bytes() const {
  if (!impl_) return 0;
  // A compiled mapper: its names, its list entry, a cipher and its key; a condition has more.
  constexpr std::size_t kMapperBytes = 1024;
  return sizeof(Impl) + impl().table.bytes() + impl().json.capacity() +
         impl().mappers.size() * kMapperBytes;
}

bool StreamMappers::Apply(Row* row) const {
  if (empty()) return true;
  RowFields fields(row);
  std::vector<Row::Member>& members = row->members();
  for (uint32_t i = 0; i < members.size(); ++i) {
    const FieldTable::Field* const field = impl().table.Find(members[i].raw_key);
    if (impl().select && (field == nullptr || !field->selected)) {
      row->Remove(members[i]);
    } else if (field != nullptr && field->mapped) {
      fields.Add(i);
    }
  }
  for (const std::unique_ptr<Mapper>& mapper : impl().mappers) {
    if (!mapper->Apply(fields)) return false;
  }
  return true;
}

}  // namespace shunt
