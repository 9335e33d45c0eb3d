// The config file that a user keeps beside a stored config (contract decision 11, edge rule 5;
// G30).
//
// At first sight the file becomes generation 0 with the lowest order key, so any update of the
// connector beats it. Later only what the user *edited* enters: keys that differ from the file's
// own previous content, never from the stored config, with the time they were seen. So a file that
// still holds an old token does not bring it back. The store keeps salted fingerprints of the
// file's keys.
//
// Pure: time and salt are given. Reasons name keys, never values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stores/store.h"

namespace shunt {

struct ConfigFile {
  std::string config_id;
  std::string run_id;     // whose start reads the file
  int64_t epoch = 0;      // of that run
  std::string_view json;  // the file's content
  absl::Time now;         // when it was seen (wall clock)
  std::string salt;       // fresh, from Entropy::HexId(); used at first sight only
};

// To be called in Store::UpdateConfig. Nothing to write when the file is as it was. At most one
// journal row, writer "file", seq 0. InvalidArgument: not a JSON object, or a masked value
// ("**********", as `config export` prints it) that the store cannot fill.
absl::StatusOr<ConfigChange> AdoptConfigFile(const ConfigDocument& stored, const ConfigFile& file);

}  // namespace shunt
