// Announcement: a state on its way to the destination, told to the ledger before its first byte is
// written, so that no acknowledgement can ever be read before its announcement.
#pragma once

#include <string>

#include "lanes/lane.h"
#include "stages/checkpoint_ledger.h"

namespace shunt {

struct Announcement {
  LaneKey lane;
  OutstandingState state;
  std::string blob;  // the source's bytes (G14); empty when tainted: it will never be stored
};

using AnnouncementLane = Lane<Announcement>;
inline constexpr std::size_t kAnnouncementsMax = 16 * 1024;
inline constexpr std::size_t kAnnouncementLaneBytes = std::size_t{1} << 19;

}  // namespace shunt
