// The command line: which commands there are, as data, and how an argument list becomes a call of
// one of them. The only user of CLI11, whose exceptions and exit codes stop in command_line.cc.
//
// Threads: the caller's. Errors: a usage error is one line on stderr and exit code 2.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

struct FlagSpec {
  std::string name;   // "memory-budget"
  std::string value;  // "BYTES"; "" for a switch
  std::string help;   // may hold line breaks
  std::string group;  // heading in the help text; "" for "Options"
};

struct PositionalSpec {
  std::string name;  // "CONNECTION.yaml"
  std::string help;
  bool required = true;
  bool repeated = false;  // the last one only
};

// What a command was given.
struct Arguments {
  std::map<std::string, std::string> flags;  // a switch that is on is "true"
  std::vector<std::string> positionals;

  bool Has(std::string_view flag) const { return flags.count(std::string(flag)) != 0; }
  std::optional<std::string> Flag(std::string_view flag) const;
  std::string Positional(std::size_t index) const;  // "" when absent
};

struct Command {
  std::string path;     // "state export"; a group ("state") has subcommands and, often, no `run`
  std::string summary;  // one line, without a full stop
  std::string description = {};  // what else to know, in sentences; may hold line breaks
  std::string example;           // shown under "Example:"
  std::vector<PositionalSpec> positionals;
  std::vector<FlagSpec> flags;
  int (*run)(const Arguments& arguments) = nullptr;  // returns the exit code
};

// Parses argv and runs the command it names. --help and --version print to stdout and return 0.
int RunCommandLine(const std::vector<Command>& commands, int argc, const char* const* argv);

// The line of a usage error: "shunt sync: ..." on stderr. Returns exit code 2.
int UsageError(std::string_view command, std::string_view message);

// Said by --version.
extern const char kVersionText[];

}  // namespace shunt
