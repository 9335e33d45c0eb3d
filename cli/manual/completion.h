// Completion: scripts that let a shell complete commands, flags and their values, made from the
// same table as the help texts (cli/command_line.h), so that they never lag behind it.
//
// Pure functions, thread-safe. The scripts start nothing and read nothing but the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"

namespace shunt {

enum class Shell : uint8_t { kBash, kZsh, kFish };
std::optional<Shell> ParseShell(std::string_view name);

std::string CompletionScript(Shell shell, const std::vector<Command>& commands);

// What may stand behind a flag, or in the place of an argument.
struct Completion {
  std::vector<std::string> words;  // merge, replace
  bool files = false;
  bool folders = false;
};
// As the help text writes it: "FILE|-", "merge|replace", "DIR", "CONNECTION.yaml".
Completion CompletionOf(std::string_view value);

}  // namespace shunt
