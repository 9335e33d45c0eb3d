// What a sync can be told, and which of three places wins: flags over environment over connection
// file (contract section 1).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "cli/connection_file.h"
#include "cli/settings_loader.h"
#include "cli/sync_settings.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;

// A made-up call: what the file says, what the environment says, what the command line says.
struct Call {
  std::string yaml = {};
  std::string path = "jobs/github.yaml";
  std::map<std::string, std::string> variables = {};
  std::map<std::string, std::string> flags = {};
  uint8_t command = kForSync;
};

absl::StatusOr<SyncSettings> Load(const Call& call) {
  absl::StatusOr<std::vector<FileEntry>> entries = ParseConnectionYaml(call.yaml);
  if (!entries.ok()) return entries.status();
  auto variables = call.variables;
  variables.try_emplace("HOME", "/home/ada");
  return LoadSettings(
      {.command = call.command,
       .connection_path = call.path,
       .entries = *entries,
       .flags = call.flags,
       .environment = [variables](std::string_view name) -> std::optional<std::string> {
         const auto found = variables.find(std::string(name));
         if (found == variables.end()) return std::nullopt;
         return found->second;
       }});
}

SyncSettings LoadOk(const Call& call) {
  absl::StatusOr<SyncSettings> settings = Load(call);
  EXPECT_TRUE(settings.ok()) << settings.status();
  return settings.ok() ? *settings : SyncSettings();
}

std::string ErrorOf(const Call& call) { return std::string(Load(call).status().message()); }

TEST(SettingsTest, FlagsWinOverEnvironmentOverFile) {
  const std::string yaml = "memory_budget: 32MiB\nread_ahead: 1MiB\nthreads: inline\n";
  const std::map<std::string, std::string> variables = {{"SHUNT_MEMORY_BUDGET", "48MiB"},
                                                        {"SHUNT_READ_AHEAD", "2MiB"}};
  const SyncSettings settings =
      LoadOk({.yaml = yaml, .variables = variables, .flags = {{"memory-budget", "96MiB"}}});
  EXPECT_EQ(settings.router.memory_budget_bytes, int64_t{96} << 20);  // flag
  EXPECT_EQ(settings.router.read_ahead_bytes, int64_t{2} << 20);      // environment
  EXPECT_EQ(settings.router.threads, Threads::kInline);               // file
}

TEST(SettingsTest, EveryFlagIsAKeyAndAVariable) {
  std::set<std::string> names;
  for (const SyncFlag& flag : SyncFlags()) {
    EXPECT_TRUE(names.insert(std::string(flag.name)).second) << flag.name;
    std::string upper(flag.name);
    for (char& c : upper) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    EXPECT_EQ(flag.environment(), "SHUNT_" + upper);
    EXPECT_EQ(flag.file_key().find('-'), std::string::npos);
    EXPECT_NE(flag.set, nullptr);
  }
  // The flags that the contract names.
  for (const char* name : {"source",
                           "source-config",
                           "destination",
                           "destination-config",
                           "catalog",
                           "connection",
                           "source-id",
                           "destination-id",
                           "source-spec",
                           "destination-spec",
                           "store",
                           "state",
                           "report",
                           "config-update",
                           "on-invalid-config",
                           "validate",
                           "on-malformed",
                           "on-unknown-stream",
                           "fill-state-counts",
                           "stream-statuses",
                           "memory-budget",
                           "line-bytes-max",
                           "read-ahead",
                           "threads",
                           "zero-copy",
                           "source-timeout",
                           "destination-timeout",
                           "abort-drain",
                           "spill-dir",
                           "spill-max",
                           "progress",
                           "verbose",
                           "take-over",
                           "exclusive-configs",
                           "source-out",
                           "destination-in",
                           "destination-out"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

TEST(SettingsTest, DefaultsAreThoseOfTheContract) {
  const SyncSettings settings = LoadOk({.path = ""});
  EXPECT_EQ(settings.connection, "default");
  EXPECT_EQ(settings.source_id, "default/source");
  EXPECT_EQ(settings.destination_id, "default/destination");
  EXPECT_EQ(settings.store, "sqlite:/home/ada/.local/state/shunt/shunt.db");
  EXPECT_EQ(settings.router.memory_budget_bytes, int64_t{64} << 20);
  EXPECT_EQ(settings.router.LineBytesMax(), int64_t{32} << 20);
  EXPECT_EQ(settings.router.read_ahead_bytes, int64_t{8} << 20);
  EXPECT_EQ(settings.router.spill_bytes_max, int64_t{1} << 30);
  EXPECT_EQ(settings.router.source_timeout, absl::Hours(3));
  EXPECT_EQ(settings.router.abort_drain, absl::Seconds(10));
  EXPECT_EQ(settings.router.on_malformed, OnMalformed::kTaint);
}

TEST(SettingsTest, TheConnectionIsNamedAfterItsFile) {
  EXPECT_EQ(LoadOk({}).connection, "github");
  EXPECT_EQ(LoadOk({}).source_id, "github/source");
  EXPECT_EQ(LoadOk({.flags = {{"connection", "other"}}}).destination_id, "other/destination");
}

TEST(SettingsTest, PathsInTheFileAreRelativeToTheFile) {
  const std::string yaml =
      "source: ./run.sh --config x.json\n"
      "source_config: a.json\n"
      "catalog: /etc/catalog.json\n"
      "store: sqlite:state/shunt.db\n"
      "report: '-'\n"
      "destination_out: unix:run/acks\n"
      "destination_in: fd:3\n";
  const SyncSettings settings = LoadOk({.yaml = yaml, .flags = {{"state", "s.json"}}});
  EXPECT_EQ(settings.source_config, "jobs/a.json");
  EXPECT_EQ(settings.catalog, "/etc/catalog.json");
  EXPECT_EQ(settings.store, "sqlite:jobs/state/shunt.db");
  EXPECT_EQ(settings.report, "-");
  EXPECT_EQ(settings.destination_out, "unix:jobs/run/acks");
  EXPECT_EQ(settings.destination_in, "fd:3");
  EXPECT_EQ(settings.source_command, "./run.sh --config x.json");  // a command is no path
  EXPECT_EQ(settings.state, "s.json");                             // nor is a flag in the file
}

TEST(SettingsTest, AnUnknownKeyIsAnErrorThatNamesPlaceAndNearestKey) {
  const std::string error = ErrorOf({.yaml = "source: x\n  \nmemmory-budget: 1\n"});
  EXPECT_THAT(error, HasSubstr("jobs/github.yaml:3:1"));
  EXPECT_THAT(error, HasSubstr("unknown key 'memmory-budget'"));
  EXPECT_THAT(error, HasSubstr("did you mean 'memory_budget'"));
  EXPECT_THAT(ErrorOf({.yaml = "source_envv: {}\n"}), HasSubstr("'source_env'"));
}

TEST(SettingsTest, BadValuesNameTheirPlaceAndWhatIsAccepted) {
  EXPECT_THAT(ErrorOf({.yaml = "\nvalidate: ful\n"}),
              HasSubstr("jobs/github.yaml:2:1: validate: 'ful' is none of: full, envelope (did you "
                        "mean 'full'?)"));
  EXPECT_THAT(ErrorOf({.variables = {{"SHUNT_SOURCE_TIMEOUT", "soon"}}}),
              HasSubstr("SHUNT_SOURCE_TIMEOUT: 'soon' is not a duration"));
  EXPECT_THAT(ErrorOf({.flags = {{"memory-budget", "64 potatoes"}}}),
              HasSubstr("--memory-budget: '64 potatoes' is not a number of bytes"));
  EXPECT_THAT(ErrorOf({.yaml = "source: [node, main.js]\n"}), HasSubstr("'source' holds a list"));
  EXPECT_THAT(ErrorOf({.yaml = "source: {a: b}\n"}), HasSubstr("not a map"));
}

TEST(SettingsTest, VariablesOfTheConnectorsStandInTheFileOnly) {
  const SyncSettings settings =
      LoadOk({.yaml = "source_env:\n  LOG_LEVEL: debug\n  N: 3\ndestination_env: {A: ''}\n"});
  EXPECT_EQ(settings.source_env.at("LOG_LEVEL"), "debug");
  EXPECT_EQ(settings.source_env.at("N"), "3");
  EXPECT_EQ(settings.destination_env.at("A"), "");
  EXPECT_THAT(ErrorOf({.yaml = "source_env: x\n"}), HasSubstr("expected a map"));
  EXPECT_THAT(ErrorOf({.yaml = "source_env: {A=B: x}\n"}), HasSubstr("no '='"));
}

TEST(SettingsTest, OneFileServesBothCommands) {
  const std::string yaml = "source: node main.js\ndestination_out: acks\n";
  EXPECT_EQ(LoadOk({.yaml = yaml, .command = kForSync}).source_command, "node main.js");
  EXPECT_EQ(LoadOk({.yaml = yaml, .command = kForSidecar}).destination_out, "jobs/acks");
}

TEST(SettingsTest, WithoutAHomeTheStoreMustBeNamed) {
  const auto nothing = [](std::string_view) -> std::optional<std::string> { return std::nullopt; };
  EXPECT_THAT(std::string(DefaultStoreUrl(nothing).status().message()),
              HasSubstr("--store is required"));
}

TEST(ConnectionFileTest, DuplicateKeysAreRefusedInBothForms) {
  EXPECT_THAT(std::string(ParseConnectionYaml("a: 1\nb: 2\na: 3\n").status().message()),
              HasSubstr("3:1: 'a' was given before, in line 1"));
  EXPECT_THAT(std::string(ParseConnectionJson("{\"a\": 1,\n  \"a\": 3}").status().message()),
              HasSubstr("2:3: 'a' was given before, in line 1"));
}

TEST(ConnectionFileTest, NullMeansNotGiven) {
  EXPECT_TRUE(ParseConnectionYaml("state: ~\nreport:\n")->empty());
  EXPECT_TRUE(ParseConnectionJson(R"({"state": null})")->empty());
  EXPECT_TRUE(ParseConnectionYaml("")->empty());
  EXPECT_TRUE(ParseConnectionYaml("# nothing\n")->empty());
}

TEST(ConnectionFileTest, NumbersAndWordsKeepTheirText) {
  const auto entries = ParseConnectionYaml("a: 010\nb: no\nc: 1e3\nd: \"x y\"\n");
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].text, "010");
  EXPECT_EQ((*entries)[1].text, "no");
  EXPECT_EQ((*entries)[2].text, "1e3");
  EXPECT_EQ((*entries)[3].text, "x y");
}

TEST(ConnectionFileTest, WhatIsNoConnectionFileIsAnErrorWithAPlace) {
  EXPECT_THAT(std::string(ParseConnectionYaml("- a\n- b\n").status().message()),
              HasSubstr("1:1: expected `key: value` lines"));
  EXPECT_THAT(std::string(ParseConnectionYaml("a: 1\n---\nb: 2\n").status().message()),
              HasSubstr("a second document"));
  EXPECT_THAT(std::string(ParseConnectionYaml("a: [1\n").status().message()),
              HasSubstr("not YAML"));
  EXPECT_FALSE(ParseConnectionJson("[1]").ok());
  EXPECT_FALSE(ParseConnectionJson("{\"a\": ").ok());
}

TEST(ConnectionFileTest, JsonIsReadByOurParserAndNotAsYaml) {
  // yaml-cpp 0.7 refuses surrogate pairs, which JSON allows.
  const auto entries = ParseConnectionJson(R"({"connection": "\uD83D\uDE00", "verbose": true})");
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].text, "\xF0\x9F\x98\x80");
  EXPECT_EQ((*entries)[1].text, "true");
}

}  // namespace
}  // namespace shunt
