// What the tests of the router share: options for a run of connection "p" on a store, and events
// that nobody looks at.
#pragma once

#include <initializer_list>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "platform/clock.h"
#include "router/router.h"

namespace shunt::testing {

struct NoSink final : public EventSink {
  void Log(Origin, LogLevel, std::string_view) override {}
};

// `streams` are the names in the catalog, without namespaces.
inline RouterOptions OptionsFor(Store& store, std::initializer_list<const char*> streams,
                                Threads threads = Threads::kInline,
                                const Clock& clock = SystemClock()) {
  RouterOptions options;
  options.threads = threads;
  for (const char* name : streams) {
    options.catalog.streams.push_back({.stream = {.name = name, .name_space = {}}});
  }
  options.source.config_id = "p/source";
  options.destination.config_id = "p/destination";
  options.run = *store.BeginRun("p", "run-1", clock.WallNow(), false);
  return options;
}

// Lines of streams "s0", "s1", ...
inline std::string RecordOf(int stream, std::size_t padding, char fill = 'x') {
  return absl::StrCat(R"({"type":"RECORD","record":{"stream":"s)", stream, R"(","data":{"x":")",
                      std::string(padding, fill), R"("},"emitted_at":1}})");
}

inline std::string StateOf(int stream, uint64_t cursor, bool counted) {
  return absl::StrCat(
      R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"s)",
      stream, R"("},"stream_state":{"c":)", cursor, "}}",
      counted ? R"(,"sourceStats":{"recordCount":1})" : "", "}}");
}

}  // namespace shunt::testing
