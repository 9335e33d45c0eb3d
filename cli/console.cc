#include "cli/console.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/settings_loader.h"
#include "cli/table.h"
#include "platform/clock.h"
#include "platform/io.h"
#include "platform/strings.h"
#include "platform/terminal.h"

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

}  // namespace

void Console::Log(Origin origin, LogLevel level, std::string_view text) {
  if (level >= LogLevel::kDebug && !options_.verbose) return;
  const std::string time =
      absl::FormatTime("%H:%M:%S", SystemClock().WallNow(), absl::LocalTimeZone());
  const absl::string_view color = options_.color ? ColorOf(level) : "";
  Write(absl::StrFormat("%s %-11s %s%-5s%s %s\n", time, A(OriginName(origin)), color,
                        A(LogLevelName(level)), color.empty() ? "" : kPlain, A(text)));
}

void Console::Say(std::string_view text) { Write(absl::StrCat("shunt: ", A(text), "\n")); }

void Console::Warn(std::string_view text) {
  const absl::string_view color = options_.color ? ColorOf(LogLevel::kWarn) : "";
  Write(
      absl::StrCat("shunt: ", color, "warning:", color.empty() ? "" : kPlain, " ", A(text), "\n"));
}

void Console::Print(std::string_view lines) { Write(lines); }

void Console::SetLive(std::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (line.empty() && live_.empty()) return;
  live_ = Shorten(line, static_cast<std::size_t>(options_.columns > 1 ? options_.columns - 1 : 1));
  static_cast<void>(WriteAll(kStderr, absl::StrCat(kEraseLine, live_)));
}

void Console::Write(std::string_view lines) {
  const std::lock_guard<std::mutex> lock(mutex_);
  static_cast<void>(WriteAll(
      kStderr, live_.empty() ? std::string(lines) : absl::StrCat(kEraseLine, A(lines), live_)));
}

bool StderrIsInteractive() {
  const Environment environment = ProcessEnvironment();
  return IsTerminal(kStderr) && !environment("NO_COLOR") && !environment("CI") &&
         environment("TERM").value_or("dumb") != "dumb";
}

}  // namespace shunt
