// A small life of a store for the tests of faults: what is stored is one number, in a checkpoint of
// two lanes, in a config of two keys and in its journal. Any mixture of two numbers would show.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stores/store.h"

namespace shunt {

inline constexpr char kProbeConnection[] = "probe";
inline constexpr char kProbeConfig[] = "probe/source";
// Long enough for a slow machine, short enough to be waited for.
inline constexpr absl::Duration kProbeLease = absl::Seconds(2);

// `where` is a path of an SQLite file, or the URL of another store.
absl::StatusOr<std::unique_ptr<Store>> OpenProbe(const std::string& where,
                                                 const StoreOptions& options = {});

absl::Status WriteProbeState(Store& store, const RunHandle& run, int64_t number);
absl::Status WriteProbeConfig(Store& store, int64_t number);

// The stored number; -1 when there is none. Internal when what is stored is a mixture.
absl::StatusOr<int64_t> ReadProbeState(Store& store);
absl::StatusOr<int64_t> ReadProbeConfig(Store& store);

}  // namespace shunt
