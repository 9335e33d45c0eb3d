#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/units.h"
#include "platform/clock.h"
#include "platform/strings.h"
#include "router/eta.h"

namespace shunt {
namespace {

constexpr absl::Duration kLiveInterval = absl::Milliseconds(250);
constexpr absl::Duration kLineInterval = absl::Seconds(5);

double PerSecond(uint64_t before, uint64_t after, absl::Duration interval) {
  const double seconds = std::max(absl::ToDoubleSeconds(interval), 1e-3);
  return static_cast<double>(after - before) / seconds;
}

std::string Stopwatch(absl::Duration elapsed) {
  const int64_t seconds = absl::ToInt64Seconds(elapsed);
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// " (61 %, 0:03 left)", as far as it is known. Not 100 % before everything is there.
std::string Expectation(const ProgressSample& sample) {
  if (!sample.percent) return "";
  const std::string percent = absl::StrCat(static_cast<int>(*sample.percent), " %");
  if (!sample.remaining) return absl::StrCat(" (", percent, ")");
  return absl::StrCat(" (", percent, ", ", Stopwatch(*sample.remaining), " left)");
}

std::string RateLimits(const RouterStats& stats) {
  if (stats.rate_limited_streams == 0) return "";
  return absl::StrCat(" (", stats.rate_limited_streams, " streams rate-limited)");
}

std::string OrNull(const std::optional<double>& value) {
  return value ? absl::StrFormat("%.1f", *value) : "null";
}

}  // namespace

std::string_view BottleneckOf(const RouterStats& before, const RouterStats& after,
                              absl::Duration interval) {
  const int64_t source_ms = after.blocked_on_source_ms - before.blocked_on_source_ms;
  const int64_t destination_ms = after.blocked_on_destination_ms - before.blocked_on_destination_ms;
  const int64_t most_of_it_ms = absl::ToInt64Milliseconds(interval) / 2;
  // A connector that is still importing its modules is no limit of the speed.
  if (after.bytes_read == 0) return "starting";
  if (std::max(source_ms, destination_ms) < most_of_it_ms) return "shunt";
  return source_ms >= destination_ms ? "source" : "destination";
}

std::string ProgressLine(const ProgressSample& sample) {
  const RouterStats& now = sample.after;
  const double records =
      PerSecond(sample.before.records_forwarded, now.records_forwarded, sample.interval);
  // The most wanted first: a narrow terminal cuts the end.
  std::string line = absl::StrCat(
      Stopwatch(sample.elapsed), "  ", FormatCount(now.records_forwarded), " records",
      Expectation(sample), "  ", FormatCount(static_cast<uint64_t>(records)), "/s  ",
      FormatBytes(PerSecond(sample.before.bytes_read, now.bytes_read, sample.interval)),
      "/s  limit: ", A(BottleneckOf(sample.before, now, sample.interval)), RateLimits(now), "  ",
      FormatCount(now.states_committed), " states committed");
  if (now.config_updates_applied > 0) {
    absl::StrAppend(&line, "  ", FormatCount(now.config_updates_applied), " config updates");
  }
  if (now.malformed_lines > 0) {
    absl::StrAppend(&line, "  ", FormatCount(now.malformed_lines), " malformed lines");
  }
  return line;
}

std::string ProgressJson(const ProgressSample& sample) {
  const RouterStats& now = sample.after;
  return absl::StrFormat(
      R"({"type":"progress","elapsed_seconds":%.3f,"records_read":%d,"bytes_read":%d,)"
      R"("records_forwarded":%d,"records_per_second":%.0f,"bytes_per_second":%.0f,)"
      R"("states_forwarded":%d,"states_committed":%d,"config_updates_applied":%d,)"
      R"("malformed_lines":%d,"bottleneck":"%s","records_expected":%s,"percent":%s,)"
      R"("eta_seconds":%s,"rate_limited_streams":%d})",
      absl::ToDoubleSeconds(sample.elapsed), now.records_read, now.bytes_read,
      now.records_forwarded,
      PerSecond(sample.before.records_forwarded, now.records_forwarded, sample.interval),
      PerSecond(sample.before.bytes_read, now.bytes_read, sample.interval), now.states_forwarded,
      now.states_committed, now.config_updates_applied, now.malformed_lines,
      A(BottleneckOf(sample.before, now, sample.interval)),
      now.records_expected < 0 ? "null" : absl::StrCat(now.records_expected),
      OrNull(sample.percent),
      OrNull(sample.remaining ? std::optional(absl::ToDoubleSeconds(*sample.remaining))
                              : std::nullopt),
      now.rate_limited_streams);
}

ProgressThread::ProgressThread(ProgressMode mode, Console& console, Stats stats)
    : console_(console), stats_(std::move(stats)) {
  if (mode == ProgressMode::kNone) return;
  if (mode == ProgressMode::kJson) form_ = Form::kJson;
  if (mode == ProgressMode::kAuto && StderrIsInteractive()) form_ = Form::kLive;
  try {
    thread_ = std::thread([this] { Loop(); });
  } catch (const std::system_error&) {
    return;  // a run without a thread to tell how it goes is a run all the same
  }
}

void ProgressThread::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (form_ == Form::kLive) console_.SetLive("");
}

void ProgressThread::Loop() {
  const absl::Duration interval = form_ == Form::kLive ? kLiveInterval : kLineInterval;
  const absl::Duration start = SystemClock().MonoNow();
  absl::Duration last = start;
  RouterStats before = stats_();
  Eta eta;
  eta.Add(start, before);
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (wake_.wait_for(lock, absl::ToChronoMilliseconds(interval),
                         [this] { return stopping_; })) {
        return;
      }
    }
    const absl::Duration now = SystemClock().MonoNow();
    const RouterStats after = stats_();
    eta.Add(now, after);
    Show({now - start, now - last, before, after, eta.percent(), eta.remaining()});
    before = after;
    last = now;
  }
}

void ProgressThread::Show(const ProgressSample& sample) {
  switch (form_) {
    case Form::kLive:
      return console_.SetLive(ProgressLine(sample));
    case Form::kPlain:
      return console_.Print(ProgressLine(sample) + "\n");
    case Form::kJson:
      return console_.PrintJson(ProgressJson(sample));
  }
}

}  // namespace shunt
