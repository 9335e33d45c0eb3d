// Console: the human side of a run on stderr: log lines, warnings, and below them one live line
// that is redrawn in place. stdout is never touched.
//
// Whoever reads stderr cannot stop the run: what it does not take is kept, up to kPendingBytesMax,
// and then dropped and counted. Only Finish and the destructor wait, kLastWords at most.
//
// Thread-safe. Errors: none; a closed stderr leaves nobody to tell.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "platform/io.h"
#include "secrets/masker.h"
#include "stages/event_sink.h"

namespace shunt {

class Console final : public EventSink {
 public:
  static constexpr std::size_t kPendingBytesMax = std::size_t{256} << 10;
  static constexpr absl::Duration kLastWords = absl::Seconds(5);

  struct Options {
    LogLevel level = LogLevel::kInfo;  // of log lines nothing milder is shown
    bool json = false;                 // every line is a JSON object
    bool color = false;
    int columns = 80;  // of the live line
  };
  explicit Console(const Options& options);
  ~Console() override { Finish(); }

  // "12:03:44 source INFO  text", or
  // {"type":"log","ts":"2024-05-06T07:08:09.123Z","level":"INFO","origin":"source","msg":"text"}.
  // The text is masked and escaped already.
  void Log(Origin origin, LogLevel level, std::string_view text) override;

  // From now on every JSON line says of which run it is: "connection" and "run_id" are its last
  // members.
  void SetRun(std::string_view connection, std::string_view run_id);

  // What is known to be secret here is hidden in what is said below, and by the router that is
  // given it.
  Masker& masker() { return masker_; }

  // A line of shunt itself: "shunt: text", "shunt: warning: text".
  void Say(std::string_view text);
  void Warn(std::string_view text);
  // Lines as they are, newline at the end included: our own numbers, a report that is masked. As
  // JSON, one object for each that is not empty.
  void Print(std::string_view lines);
  // One JSON object on one line, without its newline.
  void PrintJson(std::string_view object);

  // Replaces the live line; "" removes it. Cut to the width of the terminal.
  void SetLive(std::string_view line);

  // Waits until everything is out, within reason; to be called before others write to the same
  // place.
  void Finish();

 private:
  void Write(std::string_view lines);  // above the live line
  // A JSON line: the object with the members that name the run. Holds mutex_.
  std::string OfTheRun(std::string_view object) const;
  void Send(std::string_view bytes);   // holds mutex_
  void Flush(absl::Duration at_most);  // holds mutex_

  const Options options_;
  Masker masker_;
  SharedEnd stderr_;  // constant after construction; invalid: then the descriptor itself is used
  std::mutex mutex_;
  std::string run_;       // guarded by mutex_: the members that name the run, in front of a "}"
  std::string live_;      // guarded by mutex_
  std::string pending_;   // guarded by mutex_
  uint64_t dropped_ = 0;  // guarded by mutex_
};

// Whether stderr is a terminal that may be redrawn and coloured: off with NO_COLOR, TERM=dumb, CI.
bool StderrIsInteractive();

}  // namespace shunt
