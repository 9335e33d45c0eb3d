// `shunt completion` and `shunt man`, and the list of all commands, which both print.
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/manual/completion.h"
#include "cli/manual/man_page.h"
#include "cli/store_access.h"

namespace shunt {
namespace {

int PrintCompletion(const Arguments& arguments) {
  const std::optional<Shell> shell = ParseShell(arguments.Positional(0));
  if (!shell) {
    return UsageError("completion",
                      absl::StrCat("'", arguments.Positional(0), "' is none of: bash, zsh, fish"));
  }
  return PrintOut(CompletionScript(*shell, AllCommands()));
}

int PrintManPage(const Arguments&) { return PrintOut(ManPage(AllCommands(), kVersionText)); }

std::vector<Command> ManualCommands() {
  return {
      {.path = "completion",
       .summary = "Prints a script that lets your shell complete commands, flags and values",
       .description = "",
       .example = "source <(shunt completion bash)                  # for this shell\n"
                  "shunt completion bash > ~/.local/share/bash-completion/completions/shunt\n"
                  "shunt completion zsh > ~/.zfunc/_shunt           # a folder of $fpath\n"
                  "shunt completion fish > ~/.config/fish/completions/shunt.fish",
       .positionals = {{"bash|zsh|fish", "the shell"}},
       .flags = {},
       .run = PrintCompletion},
      {.path = "man",
       .summary = "Prints the manual page",
       .description = "",
       .example = "shunt man | man -l -\n"
                  "shunt man > ~/.local/share/man/man1/shunt.1",
       .positionals = {},
       .flags = {},
       .run = PrintManPage},
  };
}

}  // namespace

std::vector<Command> AllCommands() {
  std::vector<Command> commands;
  for (const auto list :
       {SyncCommands, ResetCommands, SidecarCommands, VerbCommands, ValidateCommands, DemoCommands,
        StateCommands, StateChangeCommands, ConfigCommands, ConfigHistoryCommands,
        ConfigChangeCommands, RunsCommands, ConnectorCommands, ManualCommands}) {
    std::vector<Command> more = list();
    std::move(more.begin(), more.end(), std::back_inserter(commands));
  }
  return commands;
}

}  // namespace shunt
