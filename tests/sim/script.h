// A script is what a simulated source prints, line by line, together with what must become of each
// line. It is made from a seed, and the expectations are computed here, independently of the
// router.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/state.h"

namespace shunt::sim {

using Random = std::mt19937_64;

inline bool Chance(Random& random, double probability) {
  return std::uniform_real_distribution<double>(0, 1)(random) < probability;
}
inline int64_t Between(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

// What a seed makes possible at all, and how often ("swarm": many runs have few or no faults).
struct Mix {
  int lines = 100;
  int streams = 3;
  StateType state_type = StateType::kStream;
  double state = 0.1, control = 0, log = 0.05, text = 0.03, trace = 0.02, unknown_stream = 0,
         malformed = 0, empty = 0.02, glued = 0.02, repeat_state = 0.2, counted_state = 0.3;
  std::string fault;          // one line that is a fault in itself (ScriptLine::fault), or ""
  double invalid_config = 0;  // share of the config updates that the spec refuses
  bool renames = false;       // streams of namespace n go to no namespace, as p_<name>
  bool filters = false;       // every third row is filtered out: those with "w":0
};

struct ScriptState {
  StateType type = StateType::kStream;
  int stream = -1;
  int64_t cursor = 0;  // grows or stays within a lane; it is the whole blob
  bool tainted = false;
};

struct ScriptUpdate {
  double emitted_at = 0;
  int line = 0;
  std::string token;
  bool valid = true;
};

struct ScriptLine {
  std::string bytes;      // as printed, LF included
  std::string forwarded;  // what must reach the destination for it; "" for nothing
  std::vector<int> record_streams;
  std::vector<int> filtered_streams;   // those of them that a row filter leaves out
  std::string first, first_forwarded;  // of two messages on one line
  std::optional<ScriptState> state;
  std::optional<ScriptUpdate> update;
  bool malformed = false;
  bool dropped_state = false;  // of a stream that the catalog lacks
  // "failed check", "error", "incomplete", "mixed": it decides how the run ends.
  std::string fault;
};

struct Script {
  ConfiguredCatalog catalog;
  std::string catalog_json;  // the same with its mappers
  std::vector<ScriptLine> lines;
  std::string bytes;     // all lines
  std::string expected;  // all that must be forwarded, in order

  // The script as it is when the source dies after `size` bytes.
  Script CutAt(std::size_t size) const;
  bool Has(std::string_view fault) const;
  // As it is when malformed lines are only counted.
  void Forgive();
  void Finish();  // fills bytes and expected
};

Script MakeScript(const Mix& mix, Random& random);
std::string LaneName(const ScriptState& state);

}  // namespace shunt::sim
