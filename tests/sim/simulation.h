// One simulated run: the real router, inline, between a scripted source and a scripted destination,
// on simulated time, from a seed. After every step the invariants are checked; the first one that
// does not hold is the result.
//
// Checked (reliability.md 2): G1/G2/G4 what the destination receives is the specified output, byte
// for byte and in order; G3 on every ending it is a prefix of it, cut at a line end; G6 nothing
// past a loss becomes durable; G7 the report's counts are the script's; G11 nothing is durable that
// was not acknowledged; G13 no lane goes back; G20 what was announced as applied is in the store;
// G21 every update that was read is in the journal; G22/G25 the stored config is the maximum of the
// accepted updates and never goes back; and the run ends, with an exit code that the faults
// explain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shunt::sim {

// Bugs that can be planted between the router and its world, to prove that the checks find them.
// Each does what a router with that bug would do.
enum class Bug : uint8_t {
  kNone,
  kFlipsByte,          // one forwarded byte changes
  kDropsBytes,         // a write is acknowledged but not made
  kWritesTwice,        // a write is made twice
  kSwapsWrites,        // two writes change places
  kCommitsUnacked,     // a commit stores a state that nobody acknowledged
  kCommitsBackwards,   // a lane goes back to an older state
  kForgetsCommit,      // a commit is reported durable and is not
  kForgetsUpdate,      // a config update is reported durable and is not
  kStoresOlderConfig,  // an older token replaces a newer one
  kSaysOkAlways,       // the exit code is 0 whatever happened
};
inline constexpr int kBugs = 11;
const char* BugName(Bug bug);

struct Outcome {
  std::string violation;  // "" when every check held
  std::string scenario;   // what the seed made possible, for people
  int exit_code = -1;
  uint64_t records = 0, states = 0, acks = 0, commits = 0, updates = 0, malformed = 0, steps = 0;
  std::vector<std::string> endings;        // what decided the run, and what it met on the way
  bool renamed = false, filtered = false;  // names were mapped; rows were filtered out
  bool source_died = false, destination_died = false, stopped = false, store_failed = false;
};

Outcome Simulate(uint64_t seed, Bug bug = Bug::kNone);

}  // namespace shunt::sim
