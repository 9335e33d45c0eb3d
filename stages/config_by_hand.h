// A config that a person puts in the store: imported from a file, or promoted from the journal
// (contract decisions 7 and 8). One more writer of the register: it is ordered above everything
// that is stored, so it wins now. An update that the connector emits later wins over it, as soon as
// its clock has passed what was stored.
//
// Pure: time and run id are given. Reasons name paths, never values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/spec.h"
#include "stages/config_register.h"
#include "stores/store.h"

namespace shunt {

struct ConfigByHand {
  std::string config_id;
  std::string run_id;  // a fresh id: the journal's row of this act
  std::string writer;  // "import", "promote"
  std::string reason;  // for the journal
  std::string json;
  ConfigMode mode = ConfigMode::kReplace;
  const ConnectorSpec* spec = nullptr;  // null: not validated
  absl::Time now;
};

// To be called in Store::UpdateConfig. InvalidArgument: no JSON object, a mask that the store
// cannot fill, or a violation of the spec.
absl::StatusOr<ConfigChange> PutConfigByHand(const ConfigDocument& stored,
                                             const ConfigByHand& config);

// The row that `reference` names: RUN/SEQ, of which RUN may be the beginning of a run id.
// InvalidArgument: no such form, or several rows; NotFound.
absl::StatusOr<JournalRow> FindJournalRow(const std::vector<JournalRow>& journal,
                                          std::string_view reference);
// How people name a run and a row: short, and unique in a journal as far as run ids are random.
std::string ShortRunId(const JournalRow& row);
std::string JournalReference(const JournalRow& row);

}  // namespace shunt
