#include "cli/manual/completion.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/help_text.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// "--report", and what follows it.
std::string FlagOf(const FlagSpec& flag) { return "--" + flag.name; }

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// For all three shells: 'text', in which a ' is written as '\''.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string QuotedPaths(const std::vector<Command>& commands, absl::string_view between) {
  std::vector<std::string> paths;
  for (const Command& command : commands) paths.push_back(Quoted(command.path));
  return absl::StrJoin(paths, between);
}

std::vector<std::string> Below(const std::vector<Command>& commands, const std::string& path) {
  const auto group = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.path == path; });
  return SubcommandNames(commands, group == commands.end() ? nullptr : &*group);
}

bool TakesFiles(const Command& command) {
  return std::any_of(
      command.positionals.begin(), command.positionals.end(),
      [](const PositionalSpec& positional) { return CompletionOf(positional.name).files; });
}

// What an argument of a command may be besides files: "VERB" is told in words by its help text.
std::vector<std::string> ArgumentWords(const std::vector<Command>& commands,
                                       const Command& command) {
  std::vector<std::string> words = Below(commands, command.path);
  for (const PositionalSpec& positional : command.positionals) {
    const Completion completion = CompletionOf(positional.name);
    words.insert(words.end(), completion.words.begin(), completion.words.end());
  }
  return words;
}

// Of a shell whose script is a function with `cur`, `prev` and `chain`, the command so far.
struct Dialect {
  std::string (*words)(const std::vector<std::string>& words);  // offers them
  absl::string_view files, folders;                             // offers such
};

// Behind the line that goes over the words: what of them makes the chain longer.
std::string ChainCases(const std::vector<Command>& commands) {
  return absl::StrCat("      ", QuotedPaths(commands, "|"),
                      ") chain=\"${chain:+$chain }${words[i]}\" ;;\n    esac\n  done\n");
}

// What may stand behind each flag that takes a value.
std::string ValueCases(const std::vector<Command>& commands, const Dialect& dialect) {
  std::string out = "  case \"$chain $prev\" in\n";
  for (const Command& command : commands) {
    for (const FlagSpec& flag : command.flags) {
      if (flag.value.empty()) continue;
      const Completion value = CompletionOf(flag.value);
      absl::StrAppend(&out, "    ", Quoted(command.path + " " + FlagOf(flag)), ") ",
                      value.words.empty() ? "" : dialect.words(value.words) + "; ",
                      value.files ? dialect.files : "", value.folders ? dialect.folders : "",
                      "return ;;\n");
    }
  }
  return out + "  esac\n";
}

// --- bash --------------------------------------------------------------------------------------

std::string BashWords(const std::vector<std::string>& words) {
  return absl::StrCat("_shunt_words ", Quoted(absl::StrJoin(words, " ")));
}

constexpr Dialect kBash = {BashWords, "_shunt_files -f; ", "_shunt_files -d; "};

std::string BashScript(const std::vector<Command>& commands) {
  std::string out =
      R"(# Completion of shunt for bash: source it, or put it where bash-completion looks.
_shunt_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_shunt_files() {
  local found
  mapfile -t found < <(compgen "$1" -- "$cur")
  COMPREPLY+=("${found[@]}")
  compopt -o filenames 2>/dev/null
}
_shunt() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} chain= i
  local -a words=("${COMP_WORDS[@]}")
  COMPREPLY=()
  # --flag=value comes as three words.
  if [[ $cur == = ]]; then cur=; prev=${COMP_WORDS[COMP_CWORD-1]};
  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${chain:+$chain }${words[i]}" in
)";
  absl::StrAppend(&out, ChainCases(commands), ValueCases(commands, kBash), "  case $chain in\n",
                  "    '') if [[ $cur == -* ]]; then _shunt_words '--help --version'; else ",
                  BashWords(Below(commands, "")), "; fi ;;\n");
  for (const Command& command : commands) {
    std::vector<std::string> flags = {"--help"};
    for (const FlagSpec& flag : command.flags) flags.push_back(FlagOf(flag));
    absl::StrAppend(&out, "    ", Quoted(command.path), ")\n      if [[ $cur == -* ]]; then ",
                    BashWords(flags), ";\n      else ", BashWords(ArgumentWords(commands, command)),
                    ";", TakesFiles(command) ? " _shunt_files -f;" : "", " fi ;;\n");
  }
  return out + "  esac\n}\ncomplete -F _shunt shunt\n";
}

// --- zsh ---------------------------------------------------------------------------------------

std::string ZshWords(const std::vector<std::string>& words) {
  return absl::StrCat("compadd -- ", absl::StrJoin(words, " "));
}

constexpr Dialect kZsh = {ZshWords, "_files; ", "_files -/; "};

// One "name:description" of _describe.
std::string ZshItem(absl::string_view name, const std::string& help) {
  return Quoted(absl::StrCat(absl::StrReplaceAll(name, {{":", "\\:"}}), ":",
                             absl::StrReplaceAll(FirstLine(help), {{":", "\\:"}})));
}

void AppendZshCommand(const std::vector<Command>& commands, const Command& command,
                      std::string* out) {
  absl::StrAppend(out, "    ", Quoted(command.path), ")\n      if [[ $cur == -* ]]; then\n",
                  "        items=('--help:what this command does'");
  for (const FlagSpec& flag : command.flags) {
    absl::StrAppend(out, "\n          ", ZshItem(FlagOf(flag), flag.help));
  }
  absl::StrAppend(out, ")\n        _describe -o option items\n      else\n        items=(");
  for (const Command& below : commands) {
    if (!absl::StartsWith(below.path, command.path + " ")) continue;
    absl::StrAppend(out, "\n          ",
                    ZshItem(below.path.substr(command.path.size() + 1), below.summary));
  }
  for (const PositionalSpec& positional : command.positionals) {
    for (const std::string& word : CompletionOf(positional.name).words) {
      absl::StrAppend(out, "\n          ", Quoted(word));
    }
  }
  absl::StrAppend(out, ")\n        (( $#items )) && _describe argument items\n",
                  TakesFiles(command) ? "        _files\n" : "", "      fi ;;\n");
}

std::string ZshScript(const std::vector<Command>& commands) {
  std::string out = R"(#compdef shunt
# Completion of shunt for zsh: a file named _shunt in a folder of $fpath.
_shunt() {
  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} chain= i
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    case "${chain:+$chain }${words[i]}" in
)";
  absl::StrAppend(&out, ChainCases(commands), ValueCases(commands, kZsh),
                  "  case $chain in\n    '')\n      items=(");
  for (const Command& command : commands) {
    if (absl::StrContains(command.path, " ")) continue;
    absl::StrAppend(&out, "\n        ", ZshItem(command.path, command.summary));
  }
  out +=
      ")\n      if [[ $cur == -* ]]; then compadd -- --help --version\n"
      "      else _describe command items; fi ;;\n";
  for (const Command& command : commands) AppendZshCommand(commands, command, &out);
  return out +
         "  esac\n}\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then _shunt \"$@\"\n"
         "else compdef _shunt shunt; fi\n";
}

// --- fish --------------------------------------------------------------------------------------

void AppendFishCommand(const Command& command, std::string* out) {
  const std::string begin =
      absl::StrCat("complete -c shunt -n \"__shunt_at '", command.path, "'\"");
  for (const FlagSpec& flag : command.flags) {
    absl::StrAppend(out, begin, " -l ", flag.name);
    if (!flag.value.empty()) {
      const Completion value = CompletionOf(flag.value);
      absl::StrAppend(out, value.files || value.folders ? " -r -F" : " -x");
      if (!value.words.empty()) {
        absl::StrAppend(out, " -a ", Quoted(absl::StrJoin(value.words, " ")));
      }
    }
    absl::StrAppend(out, " -d ", Quoted(FirstLine(flag.help)), "\n");
  }
  if (TakesFiles(command)) absl::StrAppend(out, begin, " -F\n");
  for (const PositionalSpec& positional : command.positionals) {
    const Completion value = CompletionOf(positional.name);
    if (value.words.empty()) continue;
    absl::StrAppend(out, begin, " -a ", Quoted(absl::StrJoin(value.words, " ")), "\n");
  }
}

std::string FishScript(const std::vector<Command>& commands) {
  std::string out =
      "# Completion of shunt for fish: ~/.config/fish/completions/shunt.fish\n"
      "function __shunt_at\n"
      "  set -l chain\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    set -l next (string trim -- \"$chain $word\")\n";
  absl::StrAppend(&out, "    contains -- \"$next\" ", QuotedPaths(commands, " "),
                  "; and set chain $next\n  end\n  test \"$chain\" = \"$argv[1]\"\nend\n"
                  "complete -c shunt -f\n"
                  "complete -c shunt -l help -d 'what this command does'\n"
                  "complete -c shunt -n \"__shunt_at ''\" -l version -d 'the version'\n");
  for (const Command& command : commands) {
    const std::size_t space = command.path.rfind(' ');
    const std::string parent = space == std::string::npos ? "" : command.path.substr(0, space);
    const std::string name =
        space == std::string::npos ? command.path : command.path.substr(space + 1);
    absl::StrAppend(&out, "complete -c shunt -n \"__shunt_at '", parent, "'\" -a ", name, " -d ",
                    Quoted(FirstLine(command.summary)), "\n");
  }
  for (const Command& command : commands) AppendFishCommand(command, &out);
  return out;
}

}  // namespace

std::optional<Shell> ParseShell(std::string_view name) {
  if (name == "bash") return Shell::kBash;
  if (name == "zsh") return Shell::kZsh;
  if (name == "fish") return Shell::kFish;
  return std::nullopt;
}

Completion CompletionOf(std::string_view value) {
  Completion completion;
  for (const absl::string_view part : absl::StrSplit(A(value), '|')) {
    const bool upper =
        std::any_of(part.begin(), part.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    completion.files |= part == "FILE" || part == "END" || part == "CONNECTION.yaml";
    completion.folders |= part == "DIR";
    // before:RUN is no word, nor is FILE.
    if (!upper && part.size() > 1) completion.words.emplace_back(part);
  }
  return completion;
}

std::string CompletionScript(Shell shell, const std::vector<Command>& commands) {
  switch (shell) {
    case Shell::kBash:
      return BashScript(commands);
    case Shell::kZsh:
      return ZshScript(commands);
    case Shell::kFish:
      return FishScript(commands);
  }
  return "";
}

}  // namespace shunt
