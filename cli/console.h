// Console: the human side of a run on stderr: log lines, warnings, and below them one live line
// that is redrawn in place. stdout is never touched.
//
// Thread-safe. Errors: none; a closed stderr leaves nobody to tell.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "stages/event_sink.h"

namespace shunt {

class Console final : public EventSink {
 public:
  struct Options {
    bool verbose = false;  // also DEBUG and TRACE
    bool color = false;
    int columns = 80;  // of the live line
  };
  explicit Console(const Options& options) : options_(options) {}
  ~Console() override { SetLive(""); }

  // "12:03:44 source INFO  text". The text is masked and escaped already.
  void Log(Origin origin, LogLevel level, std::string_view text) override;

  // A line of shunt itself: "shunt: text", "shunt: warning: text".
  void Say(std::string_view text);
  void Warn(std::string_view text);
  // Lines as they are, newline at the end included.
  void Print(std::string_view lines);

  // Replaces the live line; "" removes it. Cut to the width of the terminal.
  void SetLive(std::string_view line);

 private:
  void Write(std::string_view lines);  // above the live line

  const Options options_;
  std::mutex mutex_;
  std::string live_;  // guarded by mutex_
};

// Whether stderr is a terminal that may be redrawn and coloured: off with NO_COLOR, TERM=dumb, CI.
bool StderrIsInteractive();

}  // namespace shunt
