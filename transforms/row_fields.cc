#include "transforms/row_fields.h"

#include "protocol/json_cursor.h"

namespace shunt {
namespace {

// An escape is longer than what it stands for, so most keys are told apart by their length.
bool HasName(const Row::Member& member, std::string_view name) {
  return member.raw_key.size() >= name.size() && JsonKeyIs(member.raw_key, name);
}

}  // namespace

Row::Member* RowFields::Find(std::string_view name) const {
  for (auto at = members_.rbegin(); at != members_.rend(); ++at) {
    Row::Member& member = row_->members()[*at];
    if (!member.removed && HasName(member, name)) return &member;
  }
  return nullptr;
}

void RowFields::RemoveOthers(std::string_view name, const Row::Member* keep) {
  for (const uint32_t at : members_) {
    Row::Member& member = row_->members()[at];
    if (&member != keep && !member.removed && HasName(member, name)) row_->Remove(member);
  }
}

}  // namespace shunt
