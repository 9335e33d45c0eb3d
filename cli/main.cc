// shunt: the program. Says which commands there are; everything else is theirs.
#include <csignal>
#include <iterator>
#include <utility>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "platform/terminal.h"
#include "platform/user.h"

int main(int argc, char** argv) {
  constexpr int kOutOfMemory = 1;  // internal_error
  shunt::StartClean(kOutOfMemory);
  // A closed pipe is an answer of write(), not the end of the program; children get the default
  // back.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  // So is a file that may not grow.
  static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
  // What shunt writes may hold data or credentials: for nobody else unless a mode says so.
  shunt::MakeNewFilesPrivate();
  shunt::KeepMemoryPrivate();

  std::vector<shunt::Command> commands;
  for (const auto list :
       {shunt::SyncCommands, shunt::SidecarCommands, shunt::VerbCommands, shunt::ValidateCommands,
        shunt::DemoCommands, shunt::StateCommands, shunt::StateChangeCommands,
        shunt::ConfigCommands, shunt::ConfigHistoryCommands, shunt::ConfigChangeCommands,
        shunt::RunsCommands, shunt::ConnectorCommands}) {
    std::vector<shunt::Command> more = list();
    std::move(more.begin(), more.end(), std::back_inserter(commands));
  }
  return shunt::RunCommandLine(commands, argc, argv);
}
