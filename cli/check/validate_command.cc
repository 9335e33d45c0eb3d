// `shunt validate`: says what is wrong with a connection before a sync does.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/check/connection_check.h"
#include "cli/check/finding.h"
#include "cli/commands.h"
#include "cli/settings_command.h"
#include "cli/store_access.h"
#include "protocol/json_writer.h"
#include "stages/exit_code.h"

namespace shunt {
namespace {

// What of `shunt sync` says what there is to check.
constexpr std::array<std::string_view, 21> kFlags = {
    "source",
    "source-config",
    "destination",
    "destination-config",
    "source-user",
    "destination-user",
    "catalog",
    "source-spec",
    "destination-spec",
    "connection",
    "source-id",
    "destination-id",
    "store",
    "key-file",
    "key-fd",
    "key-command",
    "seal-store",
    "seal-anchor",
    "state",
    "strict-formats",
    "memory-budget",
};

std::vector<FlagSpec> Flags() {
  std::vector<FlagSpec> flags = {
      {"offline", "", "start no connector: judge configs by given specs only", ""},
      {"strict", "", "warnings count as errors", ""},
      JsonFlag()};
  for (FlagSpec& flag : FlagsOf(kForSync)) {
    if (std::find(kFlags.begin(), kFlags.end(), flag.name) != kFlags.end()) {
      flags.push_back(std::move(flag));
    }
  }
  return flags;
}

void WriteFinding(const Finding& finding, JsonWriter* json) {
  json->BeginObject().Key("level").String(finding.level == Finding::Level::kError ? "error"
                                                                                  : "warning");
  json->Key("file");
  finding.file.empty() ? json->Null() : json->String(finding.file);
  json->Key("line");
  finding.line > 0 ? json->Int(finding.line) : json->Null();
  json->Key("column");
  finding.line > 0 ? json->Int(finding.column) : json->Null();
  json->Key("path");
  finding.path.empty() ? json->Null() : json->String(finding.path);
  json->Key("message").String(finding.message).End();
}

std::string Plural(int64_t count, absl::string_view word) {
  return absl::StrCat(count, " ", word, count == 1 ? "" : "s");
}

struct Counted {
  int64_t errors = 0, warnings = 0;
};

Counted Count(const std::vector<Finding>& findings) {
  const auto errors = std::count_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Finding::Level::kError;
  });
  return {errors, static_cast<int64_t>(findings.size()) - errors};
}

std::string JsonText(const std::vector<Finding>& findings, bool ok) {
  const Counted counted = Count(findings);
  JsonWriter json;
  json.BeginObject().Key("ok").Bool(ok);
  json.Key("errors").Int(counted.errors).Key("warnings").Int(counted.warnings);
  json.Key("findings").BeginArray();
  for (const Finding& finding : findings) WriteFinding(finding, &json);
  json.End().End();
  return json.text();
}

std::string HumanText(const std::vector<Finding>& findings, const std::string& name) {
  std::string text;
  for (const Finding& finding : findings) absl::StrAppend(&text, ToText(finding), "\n");
  const Counted counted = Count(findings);
  if (findings.empty()) return absl::StrCat(name, ": ok\n");
  return absl::StrCat(text, name, ": ", Plural(counted.errors, "error"), ", ",
                      Plural(counted.warnings, "warning"), "\n");
}

int Validate(const Arguments& arguments) {
  std::vector<std::string> files = arguments.positionals;
  if (files.empty()) files.emplace_back();
  ConnectionCheckOptions options{.file = "",
                                 .flags = arguments.flags,
                                 .environment = ProcessEnvironment(),
                                 .offline = arguments.Has("offline")};
  std::vector<Finding> all;
  std::string text;
  for (const std::string& file : files) {
    options.file = file;
    const std::vector<Finding> findings = CheckConnection(options);
    text += HumanText(findings, file.empty() ? "the flags" : file);
    all.insert(all.end(), findings.begin(), findings.end());
  }
  const bool ok = arguments.Has("strict") ? all.empty() : !HasErrors(all);
  const int printed = PrintOut(arguments.Has("json") ? JsonText(all, ok) : text);
  return ok ? printed : static_cast<int>(ExitCode::kUsage);
}

constexpr char kDescription[] =
    "Checks the connection file, the catalog, the state file, that the programs exist, and the\n"
    "configs against the connectors' specs, as the next sync would use them: the stored config\n"
    "with the edits of the file. Asks the connectors for their specs (CMD spec) unless they are\n"
    "given; moves no data and writes nothing. Exit code 0: no error; 2: there are errors.";

constexpr char kExample[] =
    "shunt validate github.yaml\n"
    "    github.json: error: /start_date: the source's spec: type: expected string\n"
    "    github.yaml: 1 error, 0 warnings";

}  // namespace

std::vector<Command> ValidateCommands() {
  return {{.path = "validate",
           .summary = "Checks connection files, catalogs and configs, without moving data",
           .description = kDescription,
           .example = kExample,
           .positionals = {{"FILE", "connection files (YAML or .json); without one: the flags",
                            /*required=*/false, /*repeated=*/true}},
           .flags = Flags(),
           .run = Validate}};
}

}  // namespace shunt
