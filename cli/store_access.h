// What the listing commands share: which store is meant, and how their errors end.
// Threads: the caller's. Errors: one line on stderr and an exit code of the contract.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/command_line.h"
#include "cli/key_source.h"
#include "stores/store.h"

namespace shunt {

// The flags that every listing command has.
FlagSpec StoreFlag();
FlagSpec JsonFlag();

// The keys of an encrypted store: --key-file, --key-fd, --key-command, else their variables; and
// whether to encrypt one that is not, and what is known of how new it is.
std::vector<FlagSpec> KeyFlags();
KeySource KeySourceOf(const Arguments& arguments);
absl::StatusOr<Sealing> SealingOf(const Arguments& arguments);
std::string SealAnchorOf(const Arguments& arguments);

// --store, else SHUNT_STORE, else the default place.
absl::StatusOr<std::string> StoreUrl(const Arguments& arguments);

// Opens it. NotFound when a SQLite file is not there yet: looking must not create one. Without
// keys the configs of an encrypted store are out of reach.
absl::StatusOr<std::unique_ptr<Store>> OpenExistingStore(const Arguments& arguments,
                                                         const StoreOptions& options = {});

absl::StatusOr<std::unique_ptr<Store>> OpenExistingStore(const std::string& url,
                                                         const StoreOptions& options);

// Says what went wrong and returns 2 when it was asked wrongly (InvalidArgument, NotFound), else 5.
int CommandFailed(std::string_view command, const absl::Status& status);

// Prints to stdout. Returns 0, or 1 when stdout cannot be written.
int PrintOut(std::string_view text);
// Prints a line to stderr.
void Tell(std::string_view line);

}  // namespace shunt
