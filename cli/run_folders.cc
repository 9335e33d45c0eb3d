#include "cli/run_folders.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/settings_loader.h"
#include "cli/table.h"
#include "cli/units.h"
#include "platform/environment.h"
#include "platform/files.h"
#include "platform/private_path.h"

namespace shunt {
namespace {

absl::Status MakeFolder(const std::string& path) {
  return OwnDirectory::Open(path, Others::kRead, Missing::kMakeAll).status();
}

// The folder of a SQLite store's file; "" for other stores.
std::string StoreFolder(const std::string& url) {
  constexpr absl::string_view kSqlite = "sqlite:";
  if (!absl::StartsWith(url, kSqlite)) return "";
  const std::string path = url.substr(kSqlite.size());
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<std::string> PrepareSpillFolder(const SyncSettings& settings) {
  std::string folder = settings.spill_dir;
  if (folder.empty()) {
    const auto runtime = ProcessEnvironment()("XDG_RUNTIME_DIR");
    if (!runtime) return folder;
    folder = absl::StrCat(*runtime, "/shunt");
    // A runtime directory that cannot be used (a container that only inherits the name) is no
    // error.
    return MakeFolder(folder).ok() ? folder : std::string();
  }
  absl::Status status = MakeFolder(folder);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--spill-dir: ", status.message()));
  }
  return folder;
}

std::vector<std::string> UpdateSpillFolders(const std::string& spill_dir) {
  std::vector<std::string> folders;
  if (!spill_dir.empty()) folders.push_back(absl::StrCat(spill_dir, "/shunt-updates"));
  if (const auto runtime = ProcessEnvironment()("XDG_RUNTIME_DIR")) {
    folders.push_back(absl::StrCat(*runtime, "/shunt/updates"));
  }
  for (const absl::string_view base : {"/var/tmp", "/dev/shm"}) {
    folders.push_back(absl::StrCat(base, "/shunt-updates-", UserId()));
  }
  return folders;
}

void WarnOfSpillFolder(const SyncSettings& settings, Console& console) {
  const std::string store = StoreFolder(settings.store);
  if (settings.spill_dir.empty() || store.empty()) return;
  if (OnSameFilesystem(settings.spill_dir, store)) {
    console.Warn("--spill-dir is on the store's filesystem: when that is full, both fail");
  }
}

std::string MemoryText(const RouterOptions& options) {
  Table table({"MEMORY BOUND", ">AT MOST"});
  int64_t sum = 0;
  for (const MemoryTerm& term : options.MemoryTerms()) {
    table.AddRow({term.name, FormatMiB(term.bytes)});
    sum += term.bytes;
  }
  table.AddRow({"sum", FormatMiB(sum)});
  return table.ToString();
}

}  // namespace shunt
