// The one table of commands and flags, and what is made from it: help texts, completion scripts and
// the manual page never say more or less than what is accepted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/help_text.h"
#include "cli/manual/completion.h"
#include "cli/manual/man_page.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The commands, but none of them does anything.
std::vector<Command> Idle() {
  std::vector<Command> commands = AllCommands();
  for (Command& command : commands) {
    if (command.run != nullptr) command.run = [](const Arguments&) { return 0; };
  }
  return commands;
}

// Whether the command line takes `flag` behind the command, with all of its arguments.
bool Accepts(const std::vector<Command>& commands, const Command& command,
             const std::string& flag) {
  std::vector<std::string> words = Words("shunt " + command.path);
  for (const PositionalSpec& positional : command.positionals) words.push_back(positional.name);
  words.push_back("--" + flag + "=true");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  return RunCommandLine(commands, static_cast<int>(argv.size()), argv.data()) == 0;
}

// The flags that a help text shows: terms at the beginning of a line.
std::multiset<std::string> Shown(const std::string& help) {
  std::multiset<std::string> flags;
  std::istringstream stream(help);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("  --")) flags.insert(Words(line)[0].substr(2));
  }
  return flags;
}

std::set<std::string> AllFlags(const std::vector<Command>& commands) {
  std::set<std::string> flags;
  for (const Command& command : commands) {
    for (const FlagSpec& flag : command.flags) flags.insert(flag.name);
  }
  return flags;
}

TEST(Help, EveryFlagIsInTheHelpOfExactlyTheCommandsThatAcceptIt) {
  const std::vector<Command> commands = Idle();
  const std::set<std::string> flags = AllFlags(commands);
  ASSERT_GT(flags.size(), 40u);
  int accepted = 0;
  ::testing::internal::CaptureStderr();  // refusals
  for (const Command& command : commands) {
    if (command.run == nullptr) continue;
    const std::multiset<std::string> shown = Shown(HelpText(commands, &command));
    for (const std::string& flag : flags) {
      const bool accepts = Accepts(commands, command, flag);
      accepted += accepts;
      EXPECT_EQ(shown.count(flag), accepts ? 1u : 0u) << command.path << " --" << flag;
    }
    for (const std::string& flag : shown) EXPECT_TRUE(flags.contains(flag)) << flag;
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("unknown option"));
  EXPECT_GT(accepted, 100);
}

TEST(Help, EveryCommandSaysWhatItDoesAndHasAnExample) {
  for (const Command& command : AllCommands()) {
    SCOPED_TRACE(command.path);
    EXPECT_THAT(command.summary, Not(IsEmpty()));
    EXPECT_THAT(command.summary, Not(HasSubstr("\n"))) << "it stands in a list";
    EXPECT_LE(command.summary.size(), 80u);
    EXPECT_FALSE(command.summary.ends_with('.'));
    EXPECT_THAT(command.example, HasSubstr("shunt "));
    for (const PositionalSpec& positional : command.positionals) {
      EXPECT_THAT(positional.help, Not(IsEmpty())) << positional.name;
    }
    for (const FlagSpec& flag : command.flags) {
      EXPECT_THAT(flag.help, Not(IsEmpty())) << flag.name;
      // Behind a command that has no use for the flag it refers to, it would mean nothing.
      EXPECT_THAT(flag.help, Not(HasSubstr("likewise the "))) << flag.name;
    }
  }
}

// A choice without a default is a riddle; so is an amount.
TEST(Help, DefaultsAreStated) {
  for (const Command& command : AllCommands()) {
    if (command.path != "sync") continue;
    for (const FlagSpec& flag : command.flags) {
      const bool choice = flag.value.find('|') != std::string::npos;
      if (!choice && flag.value != "BYTES" && flag.value != "TIME" && flag.value != "N") continue;
      if (flag.name == "key-fd") continue;
      EXPECT_THAT(flag.help, HasSubstr("default")) << flag.name;
    }
  }
}

TEST(Help, NoLineIsLong) {
  const std::vector<Command> commands = AllCommands();
  for (const Command& command : commands) {
    std::istringstream stream(HelpText(commands, &command));
    for (std::string line; std::getline(stream, line);) {
      EXPECT_LE(line.size(), 115u) << command.path << ": " << line;
    }
  }
}

TEST(Completion, KnowsWhatMayStandBehindAFlag) {
  EXPECT_THAT(CompletionOf("merge|replace").words, ElementsAre("merge", "replace"));
  EXPECT_TRUE(CompletionOf("FILE|-").files);
  EXPECT_THAT(CompletionOf("FILE|-").words, IsEmpty());
  EXPECT_TRUE(CompletionOf("DIR").folders);
  EXPECT_TRUE(CompletionOf("CONNECTION.yaml").files);
  EXPECT_THAT(CompletionOf("ENTRY|before:RUN").words, IsEmpty());
  EXPECT_FALSE(CompletionOf("NAME").files);
}

TEST(Completion, EveryScriptHasEveryCommandAndFlag) {
  const std::vector<Command> commands = AllCommands();
  for (const Shell shell : {Shell::kBash, Shell::kZsh, Shell::kFish}) {
    const std::string script = CompletionScript(shell, commands);
    for (const Command& command : commands) {
      EXPECT_THAT(script, HasSubstr("'" + command.path + "'"));
    }
    for (const std::string& flag : AllFlags(commands)) {
      EXPECT_THAT(script, HasSubstr((shell == Shell::kFish ? "-l " : "--") + flag));
    }
  }
}

TEST(ManPage, HasEveryCommandAndFlag) {
  const std::vector<Command> commands = AllCommands();
  const std::string page = ManPage(commands, kVersionText);
  std::string plain;
  for (const char c : page) {
    if (c != '\\') plain += c;
  }
  for (const Command& command : commands) {
    if (command.run == nullptr) continue;
    EXPECT_THAT(plain, HasSubstr(".SS \"shunt " + command.path + "\""));
  }
  for (const std::string& flag : AllFlags(commands)) {
    EXPECT_THAT(plain, HasSubstr("fB--" + flag + "fR"));
  }
}

// A line of a help text that looks like a request of roff must not become one.
TEST(ManPage, TextStaysText) {
  Command command{.path = "x",
                  .summary = ".SH not a heading",
                  .example = "'quoted' \\back\n.dot --dash",
                  .positionals = {},
                  .flags = {}};
  command.run = [](const Arguments&) { return 0; };
  const std::string page = ManPage({command}, "shunt 1");
  EXPECT_THAT(page, HasSubstr("\n\\&.SH not a heading"));
  EXPECT_THAT(page, HasSubstr("\n\\(aqquoted\\(aq \\eback\n\\&.dot \\-\\-dash\n"));
}

}  // namespace
}  // namespace shunt
