// CompileRecordRules: what a connection and its catalog's mappers ask to be done to records,
// compiled, and the catalogs that follow from it. Pure. Errors: InvalidArgument that names the
// option, or the stream and mapper; a rule that is not understood whole is refused.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "protocol/catalog.h"
#include "transforms/name_mapping.h"
#include "transforms/record_rewriter.h"

namespace shunt {

// What is asked for. The mappers stand in the catalog.
struct RecordRuleSettings {
  NameMapping names = {};
  bool select_fields = false;
  int64_t record_bytes_max = 0;  // 0: any
  OnOversizeRecord on_oversize_record = OnOversizeRecord::kTaint;
};

struct CompiledRules {
  std::shared_ptr<const RecordRules> rules;  // null: nothing is done to records
  // What each connector is given: the source's has no mappers, the destination's has the names and
  // fields that records arrive with. Empty: the catalog as it is.
  std::optional<std::string> source_catalog, destination_catalog;
  std::vector<std::string> secrets;  // keys of mappers
  std::vector<std::string> notes;    // worth a warning
};

// `catalog_json` is what `catalog` was parsed from. What nobody asked for is not compiled, nor
// looked at: without mappers, selection and new names that is all of it.
absl::StatusOr<CompiledRules> CompileRecordRules(const RecordRuleSettings& settings,
                                                 const ConfiguredCatalog& catalog,
                                                 std::string_view catalog_json);
// The same for who has not parsed it.
absl::StatusOr<CompiledRules> CompileRecordRules(const RecordRuleSettings& settings,
                                                 std::string_view catalog_json);

}  // namespace shunt
