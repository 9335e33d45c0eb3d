#include "cli/console.h"

#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/settings_loader.h"
#include "cli/table.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "platform/strings.h"
#include "platform/terminal.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

constexpr int kStderr = 2;
constexpr absl::string_view kEraseLine = "\r\x1b[2K";
constexpr absl::string_view kPlain = "\x1b[0m";

absl::string_view ColorOf(LogLevel level) {
  switch (level) {
    case LogLevel::kFatal:
    case LogLevel::kError:
      return "\x1b[31m";
    case LogLevel::kWarn:
      return "\x1b[33m";
    default:
      return "";
  }
}

std::string OurJson(LogLevel level, std::string_view text) {
  return LogLineJson(SystemClock().WallNow(), level, Origin::kShunt, text);
}

}  // namespace

Console::Console(const Options& options) : options_(options) {
  absl::StatusOr<SharedEnd> end = SharedEnd::Open(kStderr, SharedEnd::Direction::kWrite);
  if (end.ok()) stderr_ = *std::move(end);
}

void Console::Log(Origin origin, LogLevel level, std::string_view text) {
  if (level > options_.level) return;
  if (options_.json) return PrintJson(LogLineJson(SystemClock().WallNow(), level, origin, text));
  const std::string time =
      absl::FormatTime("%H:%M:%S", SystemClock().WallNow(), absl::LocalTimeZone());
  const absl::string_view color = options_.color ? ColorOf(level) : "";
  Write(absl::StrFormat("%s %-11s %s%-5s%s %s\n", time, A(OriginName(origin)), color,
                        A(LogLevelName(level)), color.empty() ? "" : kPlain, A(text)));
}

void Console::Say(std::string_view text) {
  if (options_.json) {
    return PrintJson(OurJson(LogLevel::kInfo, masker_.MaskLine(text)));
  }
  Write(absl::StrCat("shunt: ", EscapeLines(masker_.MaskLine(text)), "\n"));
}

void Console::Warn(std::string_view text) {
  if (options_.json) {
    return PrintJson(OurJson(LogLevel::kWarn, masker_.MaskLine(text)));
  }
  const absl::string_view color = options_.color ? ColorOf(LogLevel::kWarn) : "";
  Write(absl::StrCat("shunt: ", color, "warning:", color.empty() ? "" : kPlain, " ",
                     EscapeLines(masker_.MaskLine(text)), "\n"));
}

void Console::Print(std::string_view lines) {
  if (!options_.json) return Write(lines);
  for (const absl::string_view line : absl::StrSplit(A(lines), '\n', absl::SkipWhitespace())) {
    PrintJson(OurJson(LogLevel::kInfo, S(line)));
  }
}

void Console::SetRun(std::string_view connection, std::string_view run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  run_ = absl::StrCat(",\"connection\":", JsonQuote(connection), ",\"run_id\":", JsonQuote(run_id));
}

void Console::PrintJson(std::string_view object) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Send(OfTheRun(object));
}

std::string Console::OfTheRun(std::string_view object) const {
  SHUNT_CHECK(object.size() > 2 && object.back() == '}');
  object.remove_suffix(1);
  return absl::StrCat(A(object), run_, "}\n");
}

void Console::SetLive(std::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (line.empty() && live_.empty()) return;
  live_ = Shorten(line, static_cast<std::size_t>(options_.columns > 1 ? options_.columns - 1 : 1));
  Send(S(absl::StrCat(kEraseLine, live_)));
}

void Console::Finish() {
  SetLive("");
  const std::lock_guard<std::mutex> lock(mutex_);
  Flush(kLastWords);
}

void Console::Write(std::string_view lines) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (live_.empty()) return Send(lines);
  Send(S(absl::StrCat(kEraseLine, A(lines), live_)));
}

void Console::Send(std::string_view bytes) {
  Flush(absl::ZeroDuration());
  if (pending_.size() + bytes.size() > kPendingBytesMax) {
    ++dropped_;
    return;
  }
  if (dropped_ > 0) {
    const std::string text = absl::StrCat(dropped_, " messages were not shown: stderr was blocked");
    pending_ += options_.json ? OfTheRun(OurJson(LogLevel::kWarn, text)) : "shunt: " + text + "\n";
    dropped_ = 0;
  }
  pending_.append(bytes);
  Flush(absl::ZeroDuration());
}

void Console::Flush(absl::Duration at_most) {
  const int fd = stderr_.valid() ? stderr_.get() : kStderr;
  const absl::Duration end = SystemClock().MonoNow() + at_most;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const IoResult written = WriteSome(fd, rest);
    if (written.state == IoState::kBytes) {
      rest.remove_prefix(written.bytes);
      continue;
    }
    if (written.state != IoState::kBlocked) rest = {};  // nobody is there
    const absl::Duration left = end - SystemClock().MonoNow();
    if (rest.empty() || left <= absl::ZeroDuration()) break;
    PollRequest request{.fd = fd, .want_write = true};
    Poll(std::span(&request, 1), left);
  }
  pending_.erase(0, pending_.size() - rest.size());
}

bool StderrIsInteractive() {
  const Environment environment = ProcessEnvironment();
  return IsTerminal(kStderr) && !environment("NO_COLOR") && !environment("CI") &&
         environment("TERM").value_or("dumb") != "dumb";
}

}  // namespace shunt
