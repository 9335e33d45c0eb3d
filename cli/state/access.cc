#include "cli/state/access.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace shunt {

absl::Status CheckKnownConnection(Store& store, const std::string& connection) {
  const absl::StatusOr<std::vector<std::string>> known = store.ListConnections();
  if (!known.ok()) return known.status();
  for (const std::string& name : *known) {
    if (name == connection) return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("no connection '", connection, "' in ", store.url(),
                   "; there are: ", known->empty() ? "none" : absl::StrJoin(*known, ", ")));
}

absl::StatusOr<std::vector<StoredState>> ReadKnownCheckpoint(Store& store,
                                                             const std::string& connection) {
  absl::Status known = CheckKnownConnection(store, connection);
  if (!known.ok()) return known;
  return store.ReadCheckpoint(connection);
}

}  // namespace shunt
