#include "cli/settings_command.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/connection_file.h"
#include "cli/settings_loader.h"
#include "platform/files.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kConnectionFileBytesMax = std::size_t{1} << 20;

}  // namespace

absl::StatusOr<std::vector<FileEntry>> ReadConnectionFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kConnectionFileBytesMax);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  absl::StatusOr<std::vector<FileEntry>> entries =
      absl::EndsWith(path, ".json") ? ParseConnectionJson(*text) : ParseConnectionYaml(*text);
  if (entries.ok()) return entries;
  return absl::InvalidArgumentError(absl::StrCat(path, ":", entries.status().message()));
}

std::vector<FlagSpec> FlagsOf(uint8_t command) {
  std::vector<FlagSpec> flags;
  for (const SyncFlag& flag : SyncFlags()) {
    if ((flag.commands & command) == 0) continue;
    flags.push_back({std::string(flag.name), std::string(flag.value), std::string(flag.help),
                     std::string(FlagGroupName(flag.group))});
  }
  return flags;
}

absl::StatusOr<SyncSettings> SettingsOf(uint8_t command, const Arguments& arguments) {
  SettingsInput input{.command = command,
                      .connection_path = arguments.Positional(0),
                      .entries = {},
                      .flags = arguments.flags,
                      .environment = ProcessEnvironment()};
  if (!input.connection_path.empty()) {
    absl::StatusOr<std::vector<FileEntry>> entries = ReadConnectionFile(input.connection_path);
    if (!entries.ok()) return entries.status();
    input.entries = *std::move(entries);
  }
  return LoadSettings(input);
}

}  // namespace shunt
