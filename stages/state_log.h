// StateLog: what the ledger notes of each outstanding state, under numbers that count up. The
// newest pages stay in memory; older ones that still hold something go to an unlinked file and are
// read, and changed, from there one at a time.
//
// Threads: one. Bounds: kHotPagesMax pages of memory and one that was read last, beside 32 bytes
// for each page (kPageStates states) from the oldest that is in use on. Errors: a Status when the
// file cannot be made, written or read; without a directory there is no file and all is in memory.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/files.h"
#include "protocol/canonical_json.h"
#include "stages/spill_space.h"
#include "stages/state_bodies.h"

namespace shunt {

// Records that a state covers, since the previous state of its lane.
struct CoveredRecords {
  uint32_t stream = 0;  // index into the catalog
  uint64_t records = 0;
  uint64_t bytes = 0;
};

struct LoggedState {
  uint64_t number = 0;  // the ledger's user knows it by this
  JsonDigest digest;
  uint64_t before = 0;        // id of the state before it in its lane, outstanding or not; 0: none
  uint64_t next_equal = 0;    // id of the next equal one of its lane; 0: none
  uint64_t newest_equal = 0;  // of the oldest of equal ones: the id of the newest; 0: itself
  StateBodies::Body body;
  CoveredRecords covered;    // when it covers records of one stream only
  StateBodies::Body covers;  // otherwise: a list of them
  uint32_t lane = 0;
  bool tainted = false;
  bool removes_lane = false;
};

class StateLog {
 public:
  static constexpr std::size_t kPageStates = 64;
  static constexpr std::size_t kHotPagesMax = 32;

  explicit StateLog(std::string spill_dir) : spill_dir_(std::move(spill_dir)) {}

  // Its id: 1, 2, ...
  absl::StatusOr<uint64_t> Append(const LoggedState& state);
  // REQUIRES of both: appended, and not released.
  absl::StatusOr<LoggedState> Read(uint64_t id);
  absl::Status Write(uint64_t id, const LoggedState& state);
  void Release(uint64_t id);

  uint64_t last_id() const { return last_id_; }
  // What the file takes, and what of it is in use: the rest is given out again.
  int64_t file_bytes() const { return file_ ? file_->size() : 0; }
  int64_t spilled_bytes() const { return space_.used(); }

 private:
  using States = std::array<LoggedState, kPageStates>;
  struct Page {
    std::unique_ptr<States> states;  // in memory, or
    int64_t offset = -1;             // in the file
    std::size_t live = 0;
  };
  Page& PageOf(uint64_t id) { return pages_[(id - 1) / kPageStates - first_page_]; }
  absl::Status AddPage();
  absl::Status Evict();
  void Free(Page& page);

  const std::string spill_dir_;
  uint64_t last_id_ = 0;
  std::deque<Page> pages_;
  uint64_t first_page_ = 0;  // number of pages_.front()
  uint64_t evict_next_ = 0;  // pages before this are not in memory
  std::size_t hot_ = 0;      // pages in memory
  std::unique_ptr<States> spare_;
  std::unique_ptr<States> read_;  // the page that was read last
  uint64_t read_page_ = 0;
  bool read_any_ = false;
  std::optional<UnlinkedFile> file_;
  SpillSpace space_;  // of the file
};

}  // namespace shunt
