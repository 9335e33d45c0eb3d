// PodFiles: the files of one connector in the platform's pod layout that say what it works with,
// and what we have made of them.
//
// The newest config and checkpoint are the store's; the connector reads those of the directory. So
// they are put there before its streams are opened: the platform's wrapper waits for that before it
// starts the connector. What was given is remembered in kPodMemory, because a directory may be used
// again: what we wrote ourselves must be taken neither for an edit of the config nor for a state
// that somebody asked for.
//
// Threads: one. The directory is the caller's and outlives this. Errors: a Status naming the path,
// never content.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/shared_directory.h"

namespace shunt {

inline constexpr char kPodConfig[] = "connectorConfig.json";
inline constexpr char kPodCatalog[] = "catalog.json";
inline constexpr char kPodState[] = "inputState.json";
inline constexpr char kPodMemory[] = ".shunt.json";

class PodFiles {
 public:
  explicit PodFiles(const SharedDirectory& directory);

  // The config as it was given, when `config` is what we wrote in its place; else `config`.
  std::string GivenConfig(const std::string& config) const;
  // Whether there is a state that somebody else put there.
  bool HasGivenState() const;

  // True: the file had another meaning and has been replaced.
  absl::StatusOr<bool> WriteConfig(std::string_view config);
  // "": there is none; then a state that we wrote ourselves is taken away.
  absl::StatusOr<bool> WriteState(std::string_view states);

 private:
  absl::Status Remember();
  std::string Current(std::string_view name, std::size_t bytes_max) const;

  const SharedDirectory& directory_;
  std::string config_given_;                    // one JSON object, or ""
  std::string config_written_, state_written_;  // what we wrote, as a digest of its meaning
};

}  // namespace shunt
