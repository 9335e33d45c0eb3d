// Reading a line of the control lane: what it asks for, when it counts as made, and its row in the
// journal, complete but for the verdict (contract decisions 4, 7, 10, edge rule 5; F70, F72).
//
// Pure: no clock, no I/O. One ControlReader per pipe, fed in pipe order; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "protocol/message.h"
#include "protocol/spec.h"
#include "stages/config_order.h"
#include "stages/config_register.h"
#include "stores/config_document.h"

namespace shunt {

// A larger config is quarantined; a payload is journaled up to its bound.
inline constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kJournalPayloadBytesMax = std::size_t{4} << 20;

// A line that will be judged, or is quarantined as it stands.
struct ControlArrival {
  JournalRow row;  // verdict kPending; its reason is what is to be said of it in any case
  ConfigUpdate update;
  bool hopeless = false;     // nothing to judge: quarantined for `row.reason`
  bool rejected = false;     // ... and the sync ends with config_rejected for it
  absl::Duration wait_ends;  // monotonic: until then a refused update may still be completed
};
using ControlArrivalPtr = std::shared_ptr<const ControlArrival>;

class ControlReader {
 public:
  // `pipe` is kSource or kDestination.
  // `causal_floor_ms` as in OrderStamper.
  ControlReader(Origin pipe, std::string config_id, std::string run_id, int64_t epoch,
                double causal_floor_ms = -std::numeric_limits<double>::infinity());

  // A message for which SpeaksOfConfig holds, or a CONTROL. How it is spelled is in the row's
  // reason, when that is unusual. Empty: a CONTROL that names no connector config.
  std::optional<ControlArrival> Read(std::string_view line, uint64_t seq, absl::Time received_at,
                                     const WallWatch& watch);

  // A malformed or text line that mentions a config: kept, with an alert, never applied; no verdict
  // on the sync.
  ControlArrival Quarantine(std::string_view line, uint64_t seq, absl::Time received_at);

 private:
  ControlArrival Begin(uint64_t seq, absl::Time received_at);
  ControlArrival Hopeless(ControlArrival arrival, std::string_view payload, std::string reason,
                          bool rejected) const;

  const Origin pipe_;
  const std::string config_id_, run_id_;
  const int64_t epoch_;
  OrderStamper stamper_;
  int64_t last_seq_ = 0;
};

// The secret values that a CONTROL line carries (`spec` may be null), for the masker. Whoever takes
// the line out of the stream calls it before a later line of the same connector is let go (G55).
std::vector<std::string> SecretsOfControl(std::string_view line, const ConnectorSpec* spec);

}  // namespace shunt
