// RunDirectory: where the config, catalog and state files of one run are while its connectors need
// them: a 0700 directory on a tmpfs when there is one (secrets in it never reach a disk), gone
// afterwards.
//
// It holds a locked file: the kernel frees the lock however the run ends, which is how Sweep tells
// the directories of dead runs from those of live ones. In it is also noted which programs were
// started, so that Sweep ends what outlived its run. Threads: one thread at a time. Several
// processes may create and sweep at the same time. Ownership: the destructor removes the directory
// and all in it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/child_notes.h"
#include "platform/entropy.h"
#include "platform/lock_file.h"
#include "platform/user.h"

namespace shunt {

// Where run directories may be, best first: XDG_RUNTIME_DIR/shunt, /dev/shm, TMPDIR or /tmp. Never
// the working directory.
std::vector<std::string> RunDirectoryBases(const std::map<std::string, std::string>& env);

// What somebody can do for whom there is none, or no room in it.
inline constexpr std::string_view kRunDirectoryRemedy =
    "set XDG_RUNTIME_DIR or TMPDIR to a directory of your own (0700) with room";

// Likewise for runs with connectors that run as other users: /dev/shm, /tmp.
std::vector<std::string> SharedRunDirectoryBases();

class RunDirectory {
 public:
  // Who is to reach the files. kOthers: the directory is 0711, and so is its base; its name is
  // random, and each file is given to the one user who may read it.
  enum class For { kUs, kOthers };

  // In the first base that is on a tmpfs and can be made private to us, else in the first one that
  // is private. Errors name what was tried.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Create(const std::vector<std::string>& bases,
                                                              Entropy& entropy,
                                                              For whom = For::kUs);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  // Writes a new 0400 file and returns its path, which is absolute. REQUIRES: `name` ends in .json
  // (some connectors load their files by extension) and was not added before. `reader` becomes its
  // owner; REQUIRES: made for others.
  absl::StatusOr<std::string> AddJson(std::string_view name, std::string_view bytes,
                                      const std::optional<User>& reader = std::nullopt);

  const std::string& path() const { return path_; }

  // For whatever is started in this run: where it is noted, and what its environment says.
  const ChildNotes* notes() const { return &*notes_; }
  std::pair<std::string, std::string> mark() const;

  // What dead runs left behind in the bases, and is gone now.
  struct Swept {
    int directories = 0;
    int processes = 0;
  };
  static Swept Sweep(const std::vector<std::string>& bases, absl::Time now);

 private:
  RunDirectory(std::string path, LockFile lock, ChildNotes notes)
      : path_(std::move(path)), lock_(std::move(lock)), notes_(std::move(notes)) {}
  static absl::StatusOr<std::unique_ptr<RunDirectory>> CreateIn(const std::string& base,
                                                                Entropy& entropy, For whom);

  const std::string path_;
  std::optional<LockFile> lock_;
  std::optional<ChildNotes> notes_;
};

}  // namespace shunt
