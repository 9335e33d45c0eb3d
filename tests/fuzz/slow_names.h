// Name mapping by a slow reading of a line: what it may change, what it must not, and the names.
// The twin of RecordRewriter and AppendWithMappedNames for runs that only map names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.h"
#include "transforms/name_mapping.h"

namespace shunt::fuzz {

// A RECORD or STATE line without the names that a mapping changes: each name is "", each namespace
// is cut out with one comma, as if it had never been there.
struct NamelessLine {
  std::string rest;
  std::vector<StreamDescriptor> names;  // in the order in which they stand
};
NamelessLine WithoutNames(std::string_view line);

// The mappings that targets know by number; 0 maps nothing.
class SlowNames {
 public:
  static constexpr int kVariants = 5;
  explicit SlowNames(int variant) : variant_(variant) {}

  bool identity() const { return variant_ == 0; }
  // Whether two streams can get one name.
  bool injective() const { return variant_ < 3; }
  NameMapping settings() const;
  StreamDescriptor Map(const StreamDescriptor& stream) const;
  // Whether `received` is `line` under its new names, and otherwise the same bytes.
  bool IsMapped(std::string_view line, std::string_view received) const;

 private:
  int variant_;
};

}  // namespace shunt::fuzz
