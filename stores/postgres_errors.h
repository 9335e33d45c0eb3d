// What an error code of PostgreSQL (SQLSTATE) means for a store: which Status, in which words, and
// whether to try again. Pure functions; thread-safe.
//
// The words are ours and the code is added: the server's own message may quote a value, and values
// are tokens (F136).
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace shunt {

struct PostgresFailure {
  absl::Status status;
  // It may pass by itself within seconds: a restart, a lost connection, a conflict of two
  // transactions.
  bool transient = false;
};

// `sqlstate`: five characters; empty when the server said nothing (it could not be reached, or the
// connection broke). `url`: how the store is called in messages.
PostgresFailure ExplainPostgres(std::string_view url, std::string_view sqlstate);

// The code at the end of what libpq says about a connection that failed, when it was told to be
// brief ("...: FATAL:  53300"); empty without one.
std::string_view SqlstateOfConnectError(std::string_view message);

}  // namespace shunt
