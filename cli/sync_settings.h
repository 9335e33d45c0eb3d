// SyncSettings: everything that `shunt sync`, `shunt sidecar` and the verbs (`shunt check`, ...)
// can be told, and the one table of their flags. A row is a flag (--memory-budget), a key of the
// connection file (memory_budget) and an environment variable (SHUNT_MEMORY_BUDGET) at once; all
// three end in its setter.
//
// Plain values; the table is constant. Errors: InvalidArgument that says what would be accepted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cli/key_source.h"
#include "protocol/spec.h"
#include "router/options.h"
#include "transforms/record_rules.h"

namespace shunt {

enum class ProgressMode : uint8_t { kAuto, kPlain, kJson, kNone };

struct SyncSettings {
  // sync: the connectors' commands, split like a POSIX shell does.
  std::string source_command, destination_command;
  std::map<std::string, std::string> source_env, destination_env;  // connection file only
  std::string source_user, destination_user;                       // whom they run as; "": as us

  // sidecar: PATH, fd:N, unix:PATH, or - for stdin/stdout. No destination_out: nothing is
  // acknowledged.
  std::string source_out = "-", destination_in = "-", destination_out;
  std::string source_dir, destination_dir;  // the platform's pod layout instead

  // Files, "" when not given.
  std::string source_config, destination_config, source_spec, destination_spec;
  std::string catalog, state, report, spill_dir;

  std::string connection;                 // "" until the defaults are filled in
  std::string source_id, destination_id;  // likewise: NAME/source, NAME/destination
  std::string store;                      // likewise: under XDG_STATE_HOME
  KeySource keys;                         // of the store's encryption
  bool seal_store = false;                // also a store that is in use and not encrypted
  std::string seal_anchor;                // "": none
  bool take_over = false;
  bool exclusive_configs = false;
  int attempts = 1;  // sync: how many runs at most
  absl::Duration attempt_backoff = absl::Seconds(10);
  SpecOptions spec_options;  // how specs are read
  RecordRuleSettings transforms;

  ProgressMode progress = ProgressMode::kAuto;
  std::optional<LogLevel> log_level;  // empty: as `verbose` says
  bool verbose = false;

  // The enumerations, bounds and deadlines; what a run adds (catalog, specs, ...) is still empty.
  RouterOptions router;
};

// Of log lines nothing milder is shown.
LogLevel LogLevelOf(const SyncSettings& settings);

enum class FlagGroup : uint8_t {
  kConnectors,
  kRun,
  kStore,
  kUpdates,
  kRules,
  kRecords,
  kLimits,
  kDeadlines,
  kOutput
};
std::string_view FlagGroupName(FlagGroup group);

inline constexpr uint8_t kForSync = 1;
inline constexpr uint8_t kForSidecar = 2;
// One verb of a connector.
inline constexpr uint8_t kForSpec = 4;
inline constexpr uint8_t kForCheck = 8;
inline constexpr uint8_t kForDiscover = 16;
inline constexpr uint8_t kForRead = 32;

// How long a connector that is checked or discovered may be silent, unless somebody says otherwise.
inline constexpr absl::Duration kVerbTimeout = absl::Minutes(10);

struct SyncFlag {
  enum class Kind : uint8_t {
    kText,
    kPath,    // from the connection file: relative to it; - stays
    kStore,   // likewise the path in sqlite:PATH
    kEnd,     // likewise PATH and unix:PATH; fd:N and - stay
    kSwitch,  // takes no value on the command line
  };
  std::string_view name;   // "memory-budget"
  std::string_view value;  // "BYTES"; "" for a switch
  Kind kind = Kind::kText;
  FlagGroup group = FlagGroup::kRun;
  uint8_t commands = kForSync | kForSidecar;
  std::string_view help;
  absl::Status (*set)(std::string_view text, SyncSettings* settings) = nullptr;

  std::string file_key() const;     // "memory_budget"
  std::string environment() const;  // "SHUNT_MEMORY_BUDGET"
};

// In the order of the help text.
std::span<const SyncFlag> SyncFlags();

// Keys of the connection file that hold a map and are no flags.
inline constexpr std::string_view kSourceEnvKey = "source_env";
inline constexpr std::string_view kDestinationEnvKey = "destination_env";

}  // namespace shunt
