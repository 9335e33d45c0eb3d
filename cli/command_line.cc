#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/help_text.h"
#include "platform/check.h"
#include "platform/nearest.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr std::string_view kProgram = "shunt";

void Print(std::FILE* file, const std::string& text) {
  // A closed stdout or stderr leaves nobody to tell.
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), file));
}

// One command and CLI11's idea of it.
struct Node {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  Arguments arguments;
};

class Parser {
 public:
  explicit Parser(const std::vector<Command>& commands) : commands_(commands) {
    app_.set_help_flag("-h,--help");
    app_.set_version_flag("--version", kVersionText);
    app_.allow_extras();
    app_.require_subcommand(0, 1);
    for (const Command& command : commands_) Add(command);
  }

  int Run(int argc, const char* const* argv) {
    // CLI11 throws; nothing of that leaves this function.
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      Print(stdout, HelpText(commands_, Chosen().command));
      return 0;
    } catch (const CLI::CallForVersion&) {
      Print(stdout, absl::StrCat(kVersionText, "\n"));
      return 0;
    } catch (const CLI::ParseError& error) {
      const std::string extra = Unexpected();
      return Usage(extra.empty() ? Reworded(error.what()) : extra);
    }
    return Call();
  }

 private:
  void Add(const Command& command) {
    const std::size_t space = command.path.rfind(' ');
    CLI::App* parent = &app_;
    if (space != std::string::npos) {
      const auto group = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return node->command->path == command.path.substr(0, space);
      });
      SHUNT_CHECK(group != nodes_.end());  // a group stands before its commands
      parent = (*group)->app;
      parent->require_subcommand(0, 1);
    }
    nodes_.push_back(std::make_unique<Node>());
    Node* node = nodes_.back().get();
    node->command = &command;
    node->app = parent->add_subcommand(
        command.path.substr(space == std::string::npos ? 0 : space + 1), command.summary);
    node->app->allow_extras();
    AddOptions(node);
  }

  // Nothing is required as far as CLI11 is concerned: it would report a missing option before an
  // unknown one, and so hide the misspelling that is the cause.
  static void AddOptions(Node* node) {
    Arguments* arguments = &node->arguments;
    for (const FlagSpec& flag : node->command->flags) {
      const std::string name = flag.name;
      if (flag.value.empty()) {
        node->app->add_flag_function("--" + name, [arguments, name](std::int64_t count) {
          arguments->flags[name] = count > 0 ? "true" : "false";
        });
        continue;
      }
      node->app
          ->add_option_function<std::string>(
              "--" + name,
              [arguments, name](const std::string& text) { arguments->flags[name] = text; })
          ->type_name(flag.value)
          ->take_last();
    }
    for (std::size_t i = 0; i < node->command->positionals.size(); ++i) {
      if (node->command->positionals[i].repeated) {
        node->app->add_option_function<std::vector<std::string>>(
            absl::StrCat("positional", i), [arguments](const std::vector<std::string>& texts) {
              arguments->positionals.insert(arguments->positionals.end(), texts.begin(),
                                            texts.end());
            });
        continue;
      }
      node->app->add_option_function<std::string>(
          absl::StrCat("positional", i),
          [arguments](const std::string& text) { arguments->positionals.push_back(text); });
    }
  }

  // The command that was named, as far as it was understood; an empty node when none was.
  const Node& Chosen() const {
    const CLI::App* deepest = &app_;
    for (std::vector<CLI::App*> parsed = app_.get_subcommands(); !parsed.empty();
         parsed = deepest->get_subcommands()) {
      deepest = parsed.back();
    }
    for (const auto& node : nodes_) {
      if (node->app == deepest) return *node;
    }
    return nothing_;
  }

  int Call() {
    const std::string extra = Unexpected();
    if (!extra.empty()) return Usage(extra);
    const Node& node = Chosen();
    if (node.command == nullptr || node.command->run == nullptr) {
      Print(stderr, HelpText(commands_, node.command));
      return 2;
    }
    for (std::size_t i = node.arguments.positionals.size(); i < node.command->positionals.size();
         ++i) {
      const PositionalSpec& missing = node.command->positionals[i];
      if (missing.required) return Usage(missing.name + " is required");
    }
    return node.command->run(node.arguments);
  }

  // The first argument that nobody knows, as a message; "" when there is none.
  std::string Unexpected() const {
    const Node& node = Chosen();
    for (const CLI::App* app = node.app != nullptr ? node.app : &app_; app != nullptr;
         app = app->get_parent()) {
      const std::vector<std::string> extras = app->remaining();
      if (extras.empty()) continue;
      if (absl::StartsWith(extras[0], "-")) return UnknownFlag(node.command, extras[0]);
      if (node.command == nullptr || HasSubcommands(*node.command)) {
        return UnknownCommand(node.command, extras[0]);
      }
      return absl::StrCat("unexpected argument '", extras[0], "'");
    }
    return "";
  }

  // "--state: 1 required FILE missing" -> "--state: FILE is missing".
  static std::string Reworded(const char* what) {
    return absl::StrReplaceAll(what, {{": 1 required ", ": "}, {" missing", " is missing"}});
  }

  static std::string UnknownFlag(const Command* command, const std::string& argument) {
    const std::string name = argument.substr(0, argument.find('='));
    std::vector<std::string> known = {"--help"};
    if (command == nullptr) known.push_back("--version");
    if (command != nullptr) {
      for (const FlagSpec& flag : command->flags) known.push_back("--" + flag.name);
    }
    const std::vector<std::string_view> views(known.begin(), known.end());
    return absl::StrCat("unknown option ", name, DidYouMean(name, views));
  }

  bool HasSubcommands(const Command& command) const {
    return !SubcommandNames(commands_, &command).empty();
  }

  std::string UnknownCommand(const Command* group, const std::string& argument) const {
    const std::vector<std::string> known = SubcommandNames(commands_, group);
    const std::vector<std::string_view> views(known.begin(), known.end());
    return absl::StrCat("unknown command '", argument, "'", DidYouMean(argument, views),
                        "; there are: ", absl::StrJoin(known, ", "));
  }

  int Usage(const std::string& message) const {
    const Command* command = Chosen().command;
    return UsageError(command == nullptr ? "" : command->path, message);
  }

  const std::vector<Command>& commands_;
  CLI::App app_{"", std::string(kProgram)};
  std::vector<std::unique_ptr<Node>> nodes_;
  Node nothing_;
};

}  // namespace

std::optional<std::string> Arguments::Flag(std::string_view flag) const {
  const auto found = flags.find(std::string(flag));
  if (found == flags.end()) return std::nullopt;
  return found->second;
}

std::string Arguments::Positional(std::size_t index) const {
  return index < positionals.size() ? positionals[index] : "";
}

int RunCommandLine(const std::vector<Command>& commands, int argc, const char* const* argv) {
  return Parser(commands).Run(argc, argv);
}

int UsageError(std::string_view command, std::string_view message) {
  Print(stderr,
        absl::StrCat(A(kProgram), command.empty() ? "" : " ", A(command), ": ", A(message), "\n"));
  return 2;
}

}  // namespace shunt
