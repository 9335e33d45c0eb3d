#include "cli/settings_loader.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "platform/environment.h"
#include "platform/nearest.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";
constexpr std::string_view kUnixPrefix = "unix:";

absl::Status Prefixed(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(where, ": ", status.message()));
}

// "" for a file in the working directory.
std::string_view FolderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash + 1);
}

// "github" of "jobs/github.yaml".
std::string_view StemOf(std::string_view path) {
  const std::string_view name = path.substr(FolderOf(path).size());
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

std::string RelativeTo(std::string_view folder, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : absl::StrCat(A(folder), A(path));
}

// What the connection file calls a path is relative to that file, wherever shunt is started.
std::string ResolvePath(const SyncFlag& flag, std::string_view text, std::string_view folder) {
  const auto with_prefix = [&](std::string_view prefix) {
    return absl::StrCat(A(prefix), RelativeTo(folder, text.substr(prefix.size())));
  };
  if (text.empty() || text == "-") return std::string(text);
  switch (flag.kind) {
    case SyncFlag::Kind::kText:
    case SyncFlag::Kind::kSwitch:
      return std::string(text);
    case SyncFlag::Kind::kPath:
      return RelativeTo(folder, text);
    case SyncFlag::Kind::kStore:
      return text.starts_with(kSqlitePrefix) ? with_prefix(kSqlitePrefix) : std::string(text);
    case SyncFlag::Kind::kEnd:
      if (text.starts_with("fd:")) return std::string(text);
      return text.starts_with(kUnixPrefix) ? with_prefix(kUnixPrefix) : RelativeTo(folder, text);
  }
  return std::string(text);
}

absl::Status SetEnvironmentMap(const FileEntry& entry, SyncSettings* settings) {
  if (!entry.is_map) {
    return absl::InvalidArgumentError(absl::StrCat(entry.key, ": expected a map of variables"));
  }
  auto& target = entry.key == kSourceEnvKey ? settings->source_env : settings->destination_env;
  for (const auto& [name, value] : entry.map) {
    const bool usable = !name.empty() && !absl::StrContains(name, "=") &&
                        name.find('\0') == std::string::npos &&
                        value.find('\0') == std::string::npos;
    if (!usable) {
      return absl::InvalidArgumentError(
          absl::StrCat(entry.key, ": a variable's name is not empty and holds no '='"));
    }
    target[name] = value;
  }
  return absl::OkStatus();
}

absl::Status UnknownKey(std::string_view key) {
  std::vector<std::string> keys = {std::string(kSourceEnvKey), std::string(kDestinationEnvKey)};
  for (const SyncFlag& flag : SyncFlags()) keys.push_back(flag.file_key());
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  return absl::InvalidArgumentError(
      absl::StrCat("unknown key '", A(key), "'", DidYouMean(key, views)));
}

absl::Status ApplyEntry(const FileEntry& entry, std::string_view folder, SyncSettings* settings) {
  if (entry.key == kSourceEnvKey || entry.key == kDestinationEnvKey) {
    return SetEnvironmentMap(entry, settings);
  }
  for (const SyncFlag& flag : SyncFlags()) {
    if (flag.file_key() != entry.key) continue;
    if (entry.is_map) {
      return absl::InvalidArgumentError(absl::StrCat(entry.key, ": expected one text, not a map"));
    }
    absl::Status status = flag.set(ResolvePath(flag, entry.text, folder), settings);
    return status.ok() ? status : Prefixed(entry.key, status);
  }
  return UnknownKey(entry.key);
}

// Takes an error; whether to go on.
using OnError = std::function<bool(absl::Status)>;

bool ApplyFile(const SettingsInput& input, SyncSettings* settings, const OnError& on_error) {
  const std::string_view folder = FolderOf(input.connection_path);
  for (const FileEntry& entry : input.entries) {
    absl::Status status = ApplyEntry(entry, folder, settings);
    if (status.ok()) continue;
    status =
        Prefixed(absl::StrCat(input.connection_path, ":", entry.line, ":", entry.column), status);
    if (!on_error(status)) return false;
  }
  return true;
}

bool ApplyEnvironment(const SettingsInput& input, SyncSettings* settings, const OnError& on_error) {
  for (const SyncFlag& flag : SyncFlags()) {
    const std::optional<std::string> value = input.environment(flag.environment());
    if (!value || (flag.commands & input.command) == 0) continue;
    absl::Status status = flag.set(*value, settings);
    if (!status.ok() && !on_error(Prefixed(flag.environment(), status))) return false;
  }
  return true;
}

bool ApplyFlags(const SettingsInput& input, SyncSettings* settings, const OnError& on_error) {
  for (const SyncFlag& flag : SyncFlags()) {
    const auto given = input.flags.find(std::string(flag.name));
    if (given == input.flags.end()) continue;
    absl::Status status = flag.set(given->second, settings);
    if (!status.ok() && !on_error(Prefixed(absl::StrCat("--", A(flag.name)), status))) return false;
  }
  return true;
}

absl::Status FillDefaults(const SettingsInput& input, SyncSettings* settings) {
  if (settings->connection.empty()) {
    const std::string_view stem = StemOf(input.connection_path);
    settings->connection = stem.empty() ? "default" : std::string(stem);
  }
  if (settings->source_id.empty()) settings->source_id = settings->connection + "/source";
  if (settings->destination_id.empty()) {
    settings->destination_id = settings->connection + "/destination";
  }
  if (!settings->store.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> store = DefaultStoreUrl(input.environment);
  if (!store.ok()) return store.status();
  settings->store = *std::move(store);
  return absl::OkStatus();
}

}  // namespace

Environment ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    std::optional<std::string> value = GetEnv(std::string(name));
    return value && !value->empty() ? value : std::nullopt;
  };
}

absl::StatusOr<std::string> DefaultStoreUrl(const Environment& environment) {
  if (const auto state_home = environment("XDG_STATE_HOME")) {
    return absl::StrCat("sqlite:", *state_home, "/shunt/shunt.db");
  }
  if (const auto home = environment("HOME")) {
    return absl::StrCat("sqlite:", *home, "/.local/state/shunt/shunt.db");
  }
  return absl::InvalidArgumentError("--store is required: neither XDG_STATE_HOME nor HOME is set");
}

namespace {

SyncSettings Load(const SettingsInput& input, const OnError& on_error) {
  SyncSettings settings;
  if ((input.command & (kForCheck | kForDiscover)) != 0) {
    settings.router.source_timeout = settings.router.destination_timeout = kVerbTimeout;
  }
  for (const auto apply : {ApplyFile, ApplyEnvironment, ApplyFlags}) {
    if (!apply(input, &settings, on_error)) return settings;
  }
  if (absl::Status status = FillDefaults(input, &settings); !status.ok()) on_error(status);
  return settings;
}

}  // namespace

absl::StatusOr<SyncSettings> LoadSettings(const SettingsInput& input) {
  absl::Status first;
  SyncSettings settings = Load(input, [&first](absl::Status status) {
    first = std::move(status);
    return false;
  });
  if (!first.ok()) return first;
  return settings;
}

SyncSettings LoadSettings(const SettingsInput& input, std::vector<absl::Status>* errors) {
  return Load(input, [errors](absl::Status status) {
    errors->push_back(std::move(status));
    return true;
  });
}

}  // namespace shunt
