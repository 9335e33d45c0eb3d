#include "cli/manual/man_page.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// Text as it is: no escape, no request, and a dash that can be copied into a shell.
std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\e"},
                                    {"-", "\\-"},
                                    {"'", "\\(aq"},
                                    {"`", "\\(ga"},
                                    {"^", "\\(ha"},
                                    {"~", "\\(ti"}});
}

// A line of text. One that begins with a dot would be a request.
void AppendLine(absl::string_view line, std::string* out) {
  absl::StrAppend(out, absl::StartsWith(line, ".") ? "\\&" : "", Escaped(line), "\n");
}

// Running text: the line breaks of the help texts mean nothing here.
void AppendText(absl::string_view text, std::string* out) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty()) {
      absl::StrAppend(out, ".PP\n");
    } else {
      AppendLine(absl::StripAsciiWhitespace(line), out);
    }
  }
}

// Lines as they are.
void AppendLines(absl::string_view text, std::string* out) {
  out->append(".PP\n.nf\n.RS 4\n");
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty()) {
      out->append(".sp\n");
    } else {
      AppendLine(line, out);
    }
  }
  out->append(".RE\n.fi\n");
}

void AppendTerm(absl::string_view term, absl::string_view value, absl::string_view help,
                std::string* out) {
  absl::StrAppend(out, ".TP\n\\fB", Escaped(term), "\\fR");
  if (!value.empty()) absl::StrAppend(out, " \\fI", Escaped(value), "\\fR");
  out->append("\n");
  AppendText(help, out);
}

bool IsGroup(const std::vector<Command>& commands, const Command& command) {
  return std::any_of(commands.begin(), commands.end(), [&](const Command& other) {
    return absl::StartsWith(other.path, command.path + " ");
  });
}

void AppendSynopsis(const Command& command, std::string* out) {
  absl::StrAppend(out, "\\fBshunt ", Escaped(command.path), "\\fR");
  for (const PositionalSpec& positional : command.positionals) {
    const std::string name =
        absl::StrCat("\\fI", Escaped(positional.name), "\\fR", positional.repeated ? "..." : "");
    absl::StrAppend(out, " ", positional.required ? name : absl::StrCat("[", name, "]"));
  }
  out->append(command.flags.empty() ? "\n" : " [\\fIOPTIONS\\fR]\n");
}

void AppendCommand(const Command& command, std::string* out) {
  absl::StrAppend(out, ".SS \"shunt ", Escaped(command.path), "\"\n");
  AppendSynopsis(command, out);
  out->append(".PP\n");
  AppendText(command.summary + ".", out);
  if (!command.description.empty()) {
    out->append(".PP\n");
    AppendText(command.description, out);
  }
  for (const PositionalSpec& positional : command.positionals) {
    AppendTerm("", positional.name, positional.help, out);
  }
  for (const FlagSpec& flag : command.flags) {
    AppendTerm("--" + flag.name, flag.value, flag.help, out);
  }
  if (!command.example.empty()) AppendLines(command.example, out);
}

constexpr char kName[] = R"(.SH NAME
shunt \- moves data between Airbyte connectors
.SH SYNOPSIS
.B shunt
.I COMMAND
[\fIOPTIONS\fR]
.SH DESCRIPTION
.B shunt
stands between a source connector, which prints JSON lines, and a destination connector, which reads
them. Records go through, byte for byte and in order; states become checkpoints once the destination
has acknowledged them; config updates (a rotated token) are put in order, validated against the
connector's spec, and kept before anything says so.
.PP
A flag wins over its environment variable (\fB\-\-memory\-budget\fR is \fBSHUNT_MEMORY_BUDGET\fR), and
that over its key in the connection file (\fBmemory_budget\fR).
.SH COMMANDS
)";

constexpr char kEnd[] = R"(.SH "EXIT STATUS"
.TP
.B 0 ok
Both connectors ended well, every forwarded state was acknowledged or explained, and everything is
durable.
.TP
.B 1 internal_error
A bug of shunt.
.TP
.B 2 usage
Wrong flags or files; nothing was started.
.TP
.B 3 source_failed
.TQ
.B 4 destination_failed
A connector failed, or left something undone.
.TP
.B 5 store_failed
A checkpoint or a config update could not be made durable.
.TP
.B 6 config_rejected
A connector emitted a config that its own spec refuses.
.TP
.B 7 timeout
A deadline passed.
.TP
.B 8 data_loss
A line that may have carried data was not forwarded.
.TP
.B 9 incomplete_acks
The destination ended well without acknowledging every state.
.TP
.B 10 fenced
Another live run of the connection holds it, or took over.
.TP
.B 128+n signal
Ended by signal n, cleanly.
.SH ENVIRONMENT
Every flag of
.B shunt sync
is a variable: \fBSHUNT_\fR and its name in capitals, with _ for \-.
.B XDG_STATE_HOME
(else \fB~/.local/state\fR) is where the store is by default,
.B XDG_RUNTIME_DIR
where configs and large states go while a run lasts.
.B NO_COLOR
is respected.
.SH FILES
.TP
.I $XDG_STATE_HOME/shunt/shunt.db
The default store: checkpoints, configs, their journal, runs. SQLite, readable by its owner only.
)";

}  // namespace

std::string ManPage(const std::vector<Command>& commands, std::string_view version) {
  std::string out = absl::StrCat(".TH SHUNT 1 \"\" \"", Escaped(A(version)),
                                 "\" \"User Commands\"\n", ".nh\n.ad l\n", kName);
  for (const Command& command : commands) {
    if (command.run == nullptr && IsGroup(commands, command)) continue;  // its commands follow
    AppendCommand(command, &out);
  }
  return out + kEnd;
}

}  // namespace shunt
