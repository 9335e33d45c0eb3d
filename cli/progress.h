// Progress: what is shown while a sync runs: a live line on a terminal, plain or JSON lines
// otherwise.
//
// The formatting is pure. ProgressThread owns a thread that asks for the counters now and then.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/time/time.h"
#include "cli/console.h"
#include "cli/sync_settings.h"
#include "router/stats.h"

namespace shunt {

// What limits the speed, judged by an interval: "starting" before the source's first byte, "source"
// when nothing came from it for most of the time, "destination" when it took nothing, else "shunt".
std::string_view BottleneckOf(const RouterStats& before, const RouterStats& after,
                              absl::Duration interval);

struct ProgressSample {
  absl::Duration elapsed;   // since the start
  absl::Duration interval;  // between the two
  RouterStats before, after;
  std::optional<double> percent = {};            // of what the source expects to send
  std::optional<absl::Duration> remaining = {};  // until then
};

// "0:05  1,234,567 records (61 %, 0:03 left)  246,913/s  111.2 MB/s  limit: source  12 states
// committed"
std::string ProgressLine(const ProgressSample& sample);
// The same as one JSON object on a line.
std::string ProgressJson(const ProgressSample& sample);

class ProgressThread {
 public:
  using Stats = std::function<RouterStats()>;

  // Does nothing in mode kNone. `stats` is called from the thread until Stop.
  ProgressThread(ProgressMode mode, Console& console, Stats stats);
  ~ProgressThread() { Stop(); }
  void Stop();

 private:
  enum class Form { kLive, kPlain, kJson };
  void Loop();
  void Show(const ProgressSample& sample);

  Console& console_;
  const Stats stats_;
  Form form_ = Form::kPlain;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace shunt
