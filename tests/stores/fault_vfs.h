// FaultVfs: between SQLite and the disk, for tests. While it lives it is SQLite's default VFS, and
// counts every call that touches storage. It can
//   - fail one call, or all from one on, with a code (the disk is full, a sync failed, ...),
//   - kill the process at a call, with a write half done,
//   - cut the power: put every file back to what a disk that keeps its promises may hold. What was
//     not synced is kept or lost call by call, as a seed decides, and so is the removal of a file
//     whose directory was not synced.
// One at a time in a process; connections must be closed before it goes. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>

namespace shunt {

struct FaultVfsState;

class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Calls are counted from here on, from 1.
  void FailAt(int64_t call, int code);
  void FailFrom(int64_t call, int code);
  void FailSync(int64_t sync, int code);  // only syncs count
  void DieAt(int64_t call);
  void Heal();
  int64_t calls() const;  // since the last of the above

  // From here on the disk remembers what is not synced yet. A disk that lies forgets to sync.
  enum class Disk { kHonest, kLying };
  void Remember(Disk disk);
  // REQUIRES: no connection is open.
  void CutPower(uint64_t seed);

 private:
  const std::unique_ptr<FaultVfsState> state_;
};

}  // namespace shunt
