// ConnectionFile: the file form of the flags, YAML or (by its name, *.json) JSON: one flat map.
// What the keys mean is not decided here; where each one stands is kept for error messages.
//
//   source: node github/main.js
//   source_config: github.json        # relative to this file
//   source_env: {LOG_LEVEL: debug}
//   memory_budget: 96MiB
//
// Pure functions, thread-safe. Errors: InvalidArgument with line and column, never with content.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace shunt {

struct FileEntry {
  std::string key;
  int line = 0;    // of the key, counted from 1
  int column = 0;  // in bytes, counted from 1
  bool is_map = false;
  std::string text;                                      // !is_map
  std::vector<std::pair<std::string, std::string>> map;  // is_map: names and texts, in order
};

// Keys are unique; keys without a value (null) are left out.
absl::StatusOr<std::vector<FileEntry>> ParseConnectionYaml(std::string_view text);
absl::StatusOr<std::vector<FileEntry>> ParseConnectionJson(std::string_view text);

}  // namespace shunt
