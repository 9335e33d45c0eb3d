// SyncSession: the order of one run, the same for `sync`, `sidecar` and a connector's verbs: open
// the store, learn the specs, take the connection, bind configs and state late, start the ends,
// route, report.
//
// Threads: main. The router brings its own and has joined them when RunSession returns.
// Errors: everything ends in the report and an exit code of the contract.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/console.h"
#include "cli/sync_inputs.h"
#include "cli/sync_settings.h"
#include "connectors/connector.h"
#include "router/report.h"

namespace shunt {

// What the connectors of a run are given, as JSON texts.
struct RunFiles {
  std::string source_config, destination_config, catalog;
  std::string state;  // "": there is none
};

// The ends of the pipe: processes that we start, or streams that somebody else opened.
class SessionEnds {
 public:
  virtual ~SessionEnds() = default;

  // For the report; may still hold secrets.
  virtual std::string source_name() const = 0;
  virtual std::string destination_name() const = 0;

  // Fills in the specs that are missing, when they can be had. `stopped` says that the run was
  // stopped.
  virtual void FindSpecs(SyncInputs* inputs, Console& console,
                         const std::function<bool()>& stopped) = 0;

  // In this order. What they return must not outlive this object.
  virtual absl::Status Prepare(const RunFiles& files) = 0;
  virtual absl::StatusOr<std::unique_ptr<Connector>> StartDestination() = 0;
  virtual absl::StatusOr<std::unique_ptr<Connector>> StartSource() = 0;

  // Whether the source is given the checkpoint. Somebody else's may have been given another one.
  virtual bool starts_source() const { return true; }

  // "check", "discover" or "read": one verb of a connector, and no sync. Then nothing is
  // checkpointed, and the connector starts from --state alone.
  virtual std::string_view verb() const { return {}; }
  // The last word on what the router reported, before that is stored.
  virtual void Conclude(Report*, Console&) {}
};

// Returns the exit code. `inputs` must have been read from the same settings.
int RunSession(const SyncSettings& settings, SyncInputs inputs, SessionEnds& ends,
               Console& console);

// The console that the settings ask for.
Console::Options ConsoleOptionsOf(const SyncSettings& settings);

}  // namespace shunt
