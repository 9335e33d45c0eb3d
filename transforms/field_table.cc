#include "transforms/field_table.h"

#include <bit>

#include "protocol/json_text.h"
#include "xxhash.h"

namespace shunt {
namespace {

constexpr uint32_t kIndexMask = 0x00FFFFFF;

}  // namespace

bool FieldTable::Select(std::string_view name) {
  Field* const field = Add(name);
  if (field != nullptr) field->selected = 1;
  return field != nullptr;
}

bool FieldTable::Map(std::string_view name) {
  Field* const field = Add(name);
  if (field != nullptr) field->mapped = 1;
  return field != nullptr;
}

void FieldTable::Shrink() {
  names_.shrink_to_fit();
  fields_.shrink_to_fit();
}

std::size_t FieldTable::SlotOf(std::string_view name, uint32_t* tag) const {
  const uint64_t hash = XXH3_64bits(name.data(), name.size());
  *tag = static_cast<uint32_t>(hash >> 32) & ~kIndexMask;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const uint32_t slot = slots_[at];
    if (slot == 0) return at;
    if ((slot & ~kIndexMask) != *tag) continue;
    const Field& field = fields_[(slot & kIndexMask) - 1];
    if (std::string_view(names_).substr(field.name_begin, field.name_size) == name) return at;
  }
}

FieldTable::Field* FieldTable::Add(std::string_view name) {
  if (2 * (fields_.size() + 1) > slots_.size()) Grow();
  uint32_t tag = 0;
  const std::size_t at = SlotOf(name, &tag);
  if (slots_[at] != 0) return &fields_[(slots_[at] & kIndexMask) - 1];
  if (fields_.size() == kFieldsMax || names_.size() + name.size() >= (std::size_t{1} << 30)) {
    return nullptr;
  }
  Field field;
  field.name_begin = static_cast<uint32_t>(names_.size());
  field.name_size = static_cast<uint32_t>(name.size()) & 0x3FFFFFFF;
  names_.append(name);
  fields_.push_back(field);
  slots_[at] = tag | static_cast<uint32_t>(fields_.size());
  return &fields_.back();
}

void FieldTable::Grow() {
  std::vector<uint32_t>(std::bit_ceil(2 * (fields_.size() + 1)), 0).swap(slots_);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    uint32_t tag = 0;
    const std::size_t at =
        SlotOf(std::string_view(names_).substr(field.name_begin, field.name_size), &tag);
    slots_[at] = tag | static_cast<uint32_t>(i + 1);
  }
}

const FieldTable::Field* FieldTable::Find(std::string_view raw_key) const {
  if (slots_.empty()) return nullptr;
  std::string unescaped;
  if (raw_key.find('\\') != std::string_view::npos) {
    AppendUnescaped(raw_key, LoneSurrogate::kKeep, &unescaped);
    raw_key = unescaped;
  }
  uint32_t tag = 0;
  const uint32_t slot = slots_[SlotOf(raw_key, &tag)];
  return slot == 0 ? nullptr : &fields_[(slot & kIndexMask) - 1];
}

}  // namespace shunt
