// Router: moves one sync between a source and a destination: records forwarded, states checkpointed
// once acknowledged, config updates persisted, and a report of what happened.
//
// Threads: Create, Run and RunOnce belong to one thread (the caller's); Stop and stats may be
// called from any thread, Stop also from a signal handler. Run starts the threads that the preset
// names and joins them before it returns. Ownership: everything in RouterDeps belongs to the
// embedder and outlives the router. It changes nothing process-wide: no signals, no umask, no
// limits, no waiting for foreign children. Errors: a Status only when the run could not be carried
// out at all; how a sync ended, well or badly, is in the Report. Nothing is thrown.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "connectors/connector.h"
#include "platform/clock.h"
#include "router/options.h"
#include "router/report.h"
#include "router/stats.h"
#include "secrets/masker.h"
#include "stages/event_sink.h"
#include "stages/stage.h"
#include "stages/update_spill.h"
#include "stores/store.h"

namespace shunt {

struct RouterDeps {
  Connector& source;
  Connector& destination;
  Store& store;
  EventSink& events;
  const Clock& clock;
  // Where config updates go that the store does not take. Null: they are lost, and it is said.
  const UpdateSpill* spill = nullptr;
  // What hides secrets: given when more than the router's own words must pass through it, before
  // the run and after it. Without it the router has its own.
  Masker* masker = nullptr;
  // Whom records are shown when RouterOptions::validate_schema is on; its findings are in the
  // report.
  SchemaCheck* schema_check = nullptr;
};

class Router {
 public:
  static absl::StatusOr<std::unique_ptr<Router>> Create(RouterOptions options,
                                                        const RouterDeps& deps);
  virtual ~Router() = default;

  // Runs the sync to its end. At most one call, and not together with RunOnce.
  virtual absl::StatusOr<Report> Run() = 0;

  // Inline only: one bounded step of every stage. kDone: TakeReport() has the report.
  virtual absl::StatusOr<Step> RunOnce() = 0;
  virtual Report TakeReport() = 0;

  // Asks for a clean end; the exit code becomes 128 + signal_number. Async-signal-safe. The second
  // call shortens what is left to two seconds.
  virtual void Stop(int signal_number) = 0;

  // A snapshot for progress lines; cheap.
  virtual RouterStats stats() const = 0;

 protected:
  Router() = default;
};

}  // namespace shunt
