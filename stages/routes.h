// Routes: the router as data. Where each kind of line goes, for each of the two pipes it can come
// from; complete by static_assert. Source: contract decisions 2, 4, 5; airbyte-semantics 1.9.
#pragma once

#include <cstdint>

#include "protocol/message.h"

namespace shunt {

enum class Route : uint8_t {
  kForward,          // to the destination, byte for byte
  kForwardAnnounce,  // to the destination, announced to the ledger before its first byte
  kAcknowledge,      // to the ledger
  kControl,          // to the control lane
  kTrace,            // kept: errors, statuses, estimates
  kLog,              // to the log lane; may be dropped, counted
  kTaint,            // nowhere; what follows may miss data
  kCount,            // nowhere; counted
};

struct RouteRow {
  LineKind kind;
  Route from_source;
  Route from_destination;
};

inline constexpr RouteRow kRoutes[] = {
    {LineKind::kRecord, Route::kForward, Route::kCount},
    {LineKind::kState, Route::kForwardAnnounce, Route::kAcknowledge},
    {LineKind::kControl, Route::kControl, Route::kControl},
    {LineKind::kLog, Route::kLog, Route::kLog},
    {LineKind::kTrace, Route::kTrace, Route::kTrace},
    {LineKind::kOther, Route::kCount, Route::kCount},
    {LineKind::kText, Route::kLog, Route::kLog},
    {LineKind::kMalformed, Route::kTaint, Route::kCount},
    {LineKind::kEmpty, Route::kCount, Route::kCount},
};

constexpr bool RoutesAreComplete() {
  int row = 0;
  for (const RouteRow& route : kRoutes) {
    if (static_cast<int>(route.kind) != row++) return false;
  }
  return row == kLineKinds;
}
static_assert(RoutesAreComplete(), "one row per line kind, in the order of the enum");

constexpr Route RouteOf(Origin origin, LineKind kind) {
  const RouteRow& row = kRoutes[static_cast<int>(kind)];
  return origin == Origin::kSource ? row.from_source : row.from_destination;
}

}  // namespace shunt
