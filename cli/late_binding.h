// Late binding (contract decision 11, G30): which configs the connectors of a run get. What an
// earlier run could not store is brought back, edits of the config files enter the store, and the
// newest durable config is bound, as late as possible: after the run has its connection.
//
// Threads: main. Errors: a Problem; messages name configs and files, never their content.
#pragma once

#include <functional>
#include <string>

#include "cli/console.h"
#include "cli/problem.h"
#include "cli/session_ends.h"
#include "cli/sync_inputs.h"
#include "cli/sync_settings.h"
#include "router/options.h"
#include "stages/update_spill.h"
#include "stores/store.h"

namespace shunt {

class LateBinding {
 public:
  struct World {
    const SyncSettings& settings;
    const SyncInputs& inputs;
    Store& store;
    UpdateSpill* spill;  // null: there is nothing to bring back
    Console& console;
    // Nothing is started with a config that its spec refuses. (A check may say it better.)
    bool judges = false;
  };
  explicit LateBinding(const World& world) : world_(world) {}

  // Fills in what `options` says of the configs, and the configs themselves. REQUIRES: the run in
  // `options` holds its connection. `stopped` ends it between two steps, without a problem.
  Problem Bind(RouterOptions* options, RunFiles* files, const std::function<bool()>& stopped);

 private:
  Problem BringBackUpdates(const RouterOptions& options, bool stored_only);
  Problem AdoptConfigs(const RouterOptions& options);
  Problem AdoptConfig(const std::string& file, const ConnectorOptions& connector,
                      const RunHandle& run);
  Problem BindConfig(ConnectorOptions* connector, std::string* config);
  Problem Judge(std::string_view side, const ConnectorOptions& connector,
                const std::string& config) const;
  void AddSecrets(const std::string& config, const ConnectorOptions& connector);

  const World world_;
};

}  // namespace shunt
