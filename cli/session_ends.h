// SessionEnds: the ends of the pipe as a session sees them: processes that we start, or streams
// that somebody else opened.
//
// Threads: main. Errors: a Status naming the program, file or stream.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/console.h"
#include "cli/sync_inputs.h"
#include "connectors/connector.h"
#include "router/report.h"

namespace shunt {

// What the connectors of a run are given, as JSON texts.
struct RunFiles {
  std::string source_config, destination_config;
  // Views, for Prepare alone: they may be as large as everything else together.
  std::string_view source_catalog, destination_catalog;
  std::string state;  // "": there is none
};

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

  // In this order, once per attempt. What they return must not outlive this object. InvalidArgument
  // of Prepare: what was asked for cannot be done, and nothing was started.
  virtual absl::Status Prepare(const RunFiles& files) = 0;
  virtual absl::StatusOr<std::unique_ptr<Connector>> StartDestination() = 0;
  virtual absl::StatusOr<std::unique_ptr<Connector>> StartSource() = 0;
  // Between two attempts: what Prepare has written may hold secrets.
  virtual void RemoveFiles() {}

  // Whether the source is given the checkpoint. Somebody else's may have been given another one.
  virtual bool starts_source() const { return true; }

  // "check", "discover" or "read": one verb of a connector, and no sync. Then nothing is
  // checkpointed, and the connector starts from --state alone.
  virtual std::string_view verb() const { return {}; }
  // The last word on what the router reported, before that is stored.
  virtual void Conclude(Report*, Console&) {}
};

}  // namespace shunt
