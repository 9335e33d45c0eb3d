#include "connectors/run_directory.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/environment.h"
#include "platform/files.h"
#include "platform/private_path.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// A directory has its final name only once its lock is held, so that nobody ever sees it unlocked
// while its run lives. What died in between is told by its age.
constexpr std::string_view kReady = "run-";
constexpr std::string_view kUnfinished = "new-";
constexpr absl::Duration kUnfinishedMax = absl::Hours(1);
constexpr std::string_view kLockName = "lock";
constexpr std::string_view kNotesName = "children";
// Its value is the name of the directory, which nobody can guess.
constexpr std::string_view kMarkVariable = "CONNECTOR_RUN";
constexpr absl::Duration kEndMax = absl::Seconds(2);

std::string Join(std::string_view directory, std::string_view name) {
  return absl::StrCat(A(directory), "/", A(name));
}

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool IsDead(const std::string& base, const std::string& name, absl::Time now) {
  const std::string path = Join(base, name);
  if (name.starts_with(kReady)) {
    const absl::StatusOr<bool> held = IsLockHeld(Join(path, kLockName));
    return held.ok() && !*held;
  }
  if (!name.starts_with(kUnfinished)) return false;
  const absl::StatusOr<absl::Time> modified_at = ModifiedAt(path);
  return modified_at.ok() && now - *modified_at > kUnfinishedMax;
}

}  // namespace

std::vector<std::string> RunDirectoryBases(const std::map<std::string, std::string>& env) {
  const auto directory = [&env](const std::string& name) {
    const auto found = env.find(name);
    // A relative path would be another one for a connector.
    const bool usable = found != env.end() && found->second.starts_with('/');
    return usable ? found->second : std::string();
  };
  const std::string own_name = absl::StrCat("shunt-", UserId());
  std::vector<std::string> bases;
  // After sudo it may still be the other user's, where we would leave what he cannot remove.
  const std::string runtime = directory("XDG_RUNTIME_DIR");
  if (!runtime.empty() && OwnDirectory::Open(runtime, Others::kNothing).ok())
    bases.push_back(Join(runtime, "shunt"));
  bases.push_back(Join("/dev/shm", own_name));
  const std::string temporary = directory("TMPDIR");
  bases.push_back(Join(temporary.empty() ? "/tmp" : temporary, own_name));
  return bases;
}

std::vector<std::string> SharedRunDirectoryBases() {
  const std::string name = absl::StrCat("shunt-", UserId(), "-shared");
  return {Join("/dev/shm", name), Join("/tmp", name)};
}

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::Create(
    const std::vector<std::string>& bases, Entropy& entropy, For whom) {
  std::string tried;
  for (const bool want_tmpfs : {true, false}) {
    for (const std::string& base : bases) {
      if (IsOnTmpfs(DirectoryOf(base)) != want_tmpfs) continue;
      absl::StatusOr<std::unique_ptr<RunDirectory>> created = CreateIn(base, entropy, whom);
      if (created.ok()) return created;
      const bool named = absl::StrContains(created.status().message(), base);
      absl::StrAppend(&tried, tried.empty() ? "" : "; ", named ? "" : base, named ? "" : ": ",
                      created.status().message());
    }
  }
  return absl::UnavailableError(
      absl::StrCat("no place for the files of this run: ", tried, "; ", A(kRunDirectoryRemedy)));
}

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::CreateIn(const std::string& base,
                                                                     Entropy& entropy, For whom) {
  const auto make = [whom](const std::string& path) {
    const Others others = whom == For::kUs ? Others::kNothing : Others::kPass;
    return OwnDirectory::Open(path, others, Missing::kMakeLast).status();
  };
  if (absl::Status status = make(base); !status.ok()) return status;
  const std::string id = entropy.HexId();
  const std::string unfinished = Join(base, absl::StrCat(A(kUnfinished), id));
  const std::string ready = Join(base, absl::StrCat(A(kReady), id));
  if (absl::Status status = make(unfinished); !status.ok()) return status;
  absl::StatusOr<LockFile> lock = LockFile::Acquire(Join(unfinished, kLockName));
  absl::Status status = lock.status();
  absl::StatusOr<ChildNotes> notes = ChildNotes::Create(Join(unfinished, kNotesName));
  if (status.ok()) status = notes.status();
  if (status.ok()) status = RenamePath(unfinished, ready);
  if (status.ok()) {
    return std::unique_ptr<RunDirectory>(
        new RunDirectory(ready, *std::move(lock), *std::move(notes)));
  }
  // The first error is the one to tell; what stays is swept later. Looking into the directory takes
  // descriptors, which may be what there are too few of.
  lock = status;
  notes = status;
  RemoveTree(unfinished).IgnoreError();
  return status;
}

RunDirectory::~RunDirectory() {
  // Where descriptors are scarce, ours are those that looking into the directory takes.
  notes_.reset();
  if (RemoveTree(path_).ok()) return;  // the lock goes after the files
  lock_.reset();
  RemoveTree(path_).IgnoreError();  // a failure leaves it to a later sweep
}

absl::StatusOr<std::string> RunDirectory::AddJson(std::string_view name, std::string_view bytes,
                                                  const std::optional<User>& reader) {
  SHUNT_CHECK(name.ends_with(".json") && name.find('/') == std::string_view::npos);
  std::string path = Join(path_, name);
  absl::Status status = WriteNewFile(path, bytes, 0400);
  if (status.ok() && reader) status = GiveFileTo(path, reader->uid, reader->gid);
  if (status.ok()) return path;
  return absl::UnavailableError(absl::StrCat(status.message(), "; ", A(kRunDirectoryRemedy)));
}

std::pair<std::string, std::string> RunDirectory::mark() const {
  return {std::string(kMarkVariable), path_.substr(path_.rfind('/') + 1)};
}

RunDirectory::Swept RunDirectory::Sweep(const std::vector<std::string>& bases, absl::Time now) {
  Swept swept;
  for (const std::string& base : bases) {
    if (!OwnDirectory::Open(base, Others::kPass).ok()) continue;
    const absl::StatusOr<std::vector<std::string>> names = ListDirectory(base);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (!IsDead(base, name, now)) continue;
      const std::string path = Join(base, name);
      swept.processes += ChildNotes::EndAll(Join(path, kNotesName),
                                            absl::StrCat(A(kMarkVariable), "=", name), kEndMax);
      if (RemoveTree(path).ok()) ++swept.directories;
    }
  }
  return swept;
}

}  // namespace shunt
