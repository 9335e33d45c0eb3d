// PostgresTarget: what a postgresql:// URL says, with our defaults, ready for libpq.
//
// Every parameter that libpq knows may stand in the URL but a password (stores/url_password.h):
// that one belongs in ~/.pgpass, PGPASSFILE, PGPASSWORD or a service file, because a URL stands on
// a command line that everybody on the machine can read. A host that is neither a socket nor this
// machine is spoken to with sslmode=verify-full unless the URL, PGSSLMODE or a service says
// otherwise (libpq's own default would fall back to plain text).
//
// Threads: pure functions over the URL and the environment. Errors: InvalidArgument; the URL is
// never repeated.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "stores/libpq.h"

namespace shunt {

struct PostgresTarget {
  std::vector<std::pair<std::string, std::string>> options;  // for PQconnectStartParams
  std::string url;            // for people: user, host, port and database, nothing else
  bool verified_tls = false;  // we chose sslmode=verify-full
};

bool IsPostgresUrl(std::string_view url);  // by its scheme
absl::StatusOr<PostgresTarget> ParsePostgresUrl(const Libpq& libpq, std::string_view url);

}  // namespace shunt
