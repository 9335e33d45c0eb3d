// shunt: the program. Says which commands there are; everything else is theirs.
#include <csignal>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "platform/environment.h"
#include "platform/job_control.h"
#include "platform/last_will.h"
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
  shunt::ExecuteLastWillOnCrash();
  shunt::EndOnSignals();
  shunt::StopChildrenWithUs();
  // What shunt writes may hold data or credentials: for nobody else unless a mode says so.
  shunt::MakeNewFilesPrivate();
  shunt::KeepMemoryPrivate();
  shunt::ReturnLargeMemoryAtOnce();

  const std::vector<shunt::Command> commands = shunt::AllCommands();
  return shunt::RunCommandLine(commands, argc, argv);
}
