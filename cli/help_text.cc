#include "cli/help_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::size_t kTermColumns = 34;

constexpr std::string_view kExitCodes = R"(Exit codes:
  0 ok                   1 internal_error       2 usage
  3 source_failed        4 destination_failed   5 store_failed
  6 config_rejected      7 timeout              8 data_loss
  9 incomplete_acks     10 fenced             128+n signal n
)";

// "  --flag VALUE     what it does", continued lines aligned; a long term gets a line of its own.
void AppendTerm(std::string_view term, std::string_view help, std::string* out) {
  absl::StrAppend(out, "  ", A(term));
  const std::size_t used = term.size() + 2;
  bool first = used + 2 <= kTermColumns;
  if (!first) out->append("\n");
  for (absl::string_view line : absl::StrSplit(A(help), '\n')) {
    out->append(first ? kTermColumns - used : kTermColumns, ' ');
    absl::StrAppend(out, line, "\n");
    first = false;
  }
}

std::vector<const Command*> Below(const std::vector<Command>& commands, const Command* group) {
  const std::string prefix = group == nullptr ? "" : group->path + " ";
  std::vector<const Command*> below;
  for (const Command& command : commands) {
    const bool inside = command.path.size() > prefix.size() && command.path.starts_with(prefix);
    if (inside && command.path.find(' ', prefix.size()) == std::string::npos) {
      below.push_back(&command);
    }
  }
  return below;
}

std::string UsageLine(const std::vector<Command>& commands, const Command* command) {
  std::string line = "Usage: shunt";
  if (command == nullptr) return line + " COMMAND [OPTIONS]\n";
  absl::StrAppend(&line, " ", command->path);
  if (!Below(commands, command).empty()) {
    line += command->run == nullptr ? " COMMAND" : " [COMMAND]";
  }
  for (const PositionalSpec& positional : command->positionals) {
    const std::string name = positional.name + (positional.repeated ? "..." : "");
    line += positional.required ? " " + name : " [" + name + "]";
  }
  return line + (command->flags.empty() ? "\n" : " [OPTIONS]\n");
}

void AppendFlags(const Command& command, std::string* out) {
  std::vector<std::string> groups;
  for (const FlagSpec& flag : command.flags) {
    if (std::find(groups.begin(), groups.end(), flag.group) == groups.end()) {
      groups.push_back(flag.group);
    }
  }
  for (const std::string& group : groups) {
    absl::StrAppend(out, "\n", group.empty() ? "Options" : group, ":\n");
    for (const FlagSpec& flag : command.flags) {
      if (flag.group != group) continue;
      AppendTerm(absl::StrCat("--", flag.name, flag.value.empty() ? "" : " ", flag.value),
                 flag.help, out);
    }
  }
}

// What BYTES and TIME are, where a flag takes them.
void AppendUnits(const Command& command, std::string* out) {
  const auto takes = [&](std::string_view value) {
    return std::any_of(command.flags.begin(), command.flags.end(),
                       [&](const FlagSpec& flag) { return flag.value == value; });
  };
  if (!takes("BYTES") && !takes("TIME")) return;
  out->append("\nUnits:\n");
  if (takes("BYTES")) {
    AppendTerm("BYTES", "a number and a unit: 64MiB, 8MB, 512KiB; without a unit, bytes", out);
  }
  if (takes("TIME")) AppendTerm("TIME", "numbers and units: 3h, 1h30m, 10s, 500ms, 0", out);
}

}  // namespace

std::vector<std::string> SubcommandNames(const std::vector<Command>& commands,
                                         const Command* group) {
  std::vector<std::string> names;
  for (const Command* command : Below(commands, group)) {
    names.push_back(command->path.substr(command->path.rfind(' ') + 1));
  }
  return names;
}

std::string HelpText(const std::vector<Command>& commands, const Command* command) {
  std::string out = command == nullptr
                        ? "shunt routes an Airbyte sync: records go through, states are "
                          "checkpointed once they are\n"
                          "acknowledged, config updates are ordered, validated and kept.\n\n"
                        : command->summary + "\n\n";
  out += UsageLine(commands, command);
  const std::vector<const Command*> below = Below(commands, command);
  if (!below.empty()) out += "\nCommands:\n";
  for (const Command* sub : below) {
    AppendTerm(sub->path.substr(sub->path.rfind(' ') + 1), sub->summary, &out);
  }
  if (command == nullptr) {
    absl::StrAppend(&out, "\n", A(kExitCodes),
                    "\nExample:\n  shunt demo               # a whole sync, explained"
                    "\n  shunt sync --help        # every command has its own help\n");
    return out;
  }
  if (!command->description.empty()) absl::StrAppend(&out, "\n", command->description, "\n");
  if (!command->positionals.empty()) out += "\nArguments:\n";
  for (const PositionalSpec& positional : command->positionals) {
    AppendTerm(positional.name, positional.help, &out);
  }
  AppendFlags(*command, &out);
  AppendUnits(*command, &out);
  if (!command->example.empty()) {
    out += "\nExample:\n";
    for (absl::string_view line : absl::StrSplit(command->example, '\n')) {
      absl::StrAppend(&out, line.empty() ? "" : "  ", line, "\n");
    }
  }
  return out;
}

}  // namespace shunt
