#include "transforms/field_table.h"

#include <bit>

#include "protocol/json_text.h"
#include "xxhash.h"

namespace shunt {
namespace {

uint32_t HashOf(std::string_view name) {
  return static_cast<uint32_t>(XXH3_64bits(name.data(), name.size()));
}

}  // namespace

FieldTable::Field& FieldTable::Add(std::string_view name) {
  if (2 * (fields_.size() + 1) > slots_.size()) Grow();
  const std::size_t mask = slots_.size() - 1;
  const uint32_t hash = HashOf(name);
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.field_plus_one == 0) {
      slot = {hash, static_cast<uint32_t>(fields_.size() + 1)};
      return fields_.emplace_back(Field{.name = std::string(name)});
    }
    Field& field = fields_[slot.field_plus_one - 1];
    if (slot.hash == hash && field.name == name) return field;
  }
}

void FieldTable::Grow() {
  slots_.assign(std::bit_ceil(4 * (fields_.size() + 1)), Slot{});
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const uint32_t hash = HashOf(fields_[i].name);
    std::size_t at = hash & mask;
    while (slots_[at].field_plus_one != 0) at = (at + 1) & mask;
    slots_[at] = {hash, static_cast<uint32_t>(i + 1)};
  }
}

const FieldTable::Field* FieldTable::Find(std::string_view raw_key) const {
  if (raw_key.find('\\') == std::string_view::npos) return FindName(raw_key);
  std::string name;
  AppendUnescaped(raw_key, LoneSurrogate::kKeep, &name);
  return FindName(name);
}

const FieldTable::Field* FieldTable::FindName(std::string_view name) const {
  if (slots_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  const uint32_t hash = HashOf(name);
  for (std::size_t at = hash & mask; slots_[at].field_plus_one != 0; at = (at + 1) & mask) {
    const Field& field = fields_[slots_[at].field_plus_one - 1];
    if (slots_[at].hash == hash && field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace shunt
