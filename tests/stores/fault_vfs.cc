#include "tests/stores/fault_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "platform/check.h"

namespace shunt {
namespace {

// A change that was not synced: bytes at an offset, or (no bytes) a new size.
struct Pending {
  int64_t offset = 0;
  std::optional<std::string> bytes;
};

void Apply(const Pending& change, std::string& content) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (!change.bytes) {
    content.resize(offset);
    return;
  }
  if (content.size() < offset + change.bytes->size()) content.resize(offset + change.bytes->size());
  content.replace(offset, change.bytes->size(), *change.bytes);
}

// What the disk knows of one file.
struct DiskFile {
  std::string durable;           // as of the last sync
  bool entry_is_durable = true;  // its name in the directory
  bool removed = false;          // but the directory was not synced
  std::vector<Pending> pending;
};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

struct FaultVfsState {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  int64_t calls = 0;
  int64_t bad_call = 0;  // none
  bool bad_forever = false;
  bool die = false;
  bool syncs_only = false;
  int code = SQLITE_OK;
  bool remember = false;
  bool lying = false;
  std::map<std::string, DiskFile> disk;

  // SQLITE_OK: let the call through.
  int Enter(bool is_sync = false) {
    if (syncs_only && !is_sync) return SQLITE_OK;
    ++calls;
    const bool bad = bad_call > 0 && (calls == bad_call || (bad_forever && calls > bad_call));
    if (!bad) return SQLITE_OK;
    if (die) {
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();
    }
    return code;
  }
  bool NextCallKills() const { return die && calls + 1 == bad_call; }
  void Arm(int64_t call, int error, bool forever, bool kill) {
    calls = 0;
    bad_call = call;
    bad_forever = forever;
    die = kill;
    syncs_only = false;
    code = error;
  }
};

namespace {

// The sqlite3_file that SQLite sees; the real one lies behind it in the same allocation.
struct File {
  sqlite3_file base;
  FaultVfsState* state;
  DiskFile* disk;  // none: not remembered
  sqlite3_file* Real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& AsFile(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

int Close(sqlite3_file* file) {
  sqlite3_file* const real = AsFile(file).Real();
  return real->pMethods == nullptr ? SQLITE_OK : real->pMethods->xClose(real);
}

int Read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  File& self = AsFile(file);
  if (const int code = self.state->Enter(); code != SQLITE_OK) return code;
  return self.Real()->pMethods->xRead(self.Real(), buffer, size, offset);
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& self = AsFile(file);
  if (self.state->NextCallKills()) {
    self.Real()->pMethods->xWrite(self.Real(), bytes, size / 2, offset);
  }
  if (const int code = self.state->Enter(); code != SQLITE_OK) return code;
  if (self.disk != nullptr) {
    self.disk->pending.push_back(
        {offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))});
  }
  return self.Real()->pMethods->xWrite(self.Real(), bytes, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  File& self = AsFile(file);
  if (const int code = self.state->Enter(); code != SQLITE_OK) return code;
  if (self.disk != nullptr) self.disk->pending.push_back({size, std::nullopt});
  return self.Real()->pMethods->xTruncate(self.Real(), size);
}

int Sync(sqlite3_file* file, int flags) {
  File& self = AsFile(file);
  if (const int code = self.state->Enter(true); code != SQLITE_OK) return code;
  if (self.disk != nullptr && !self.state->lying) {
    for (const Pending& change : self.disk->pending) Apply(change, self.disk->durable);
    self.disk->pending.clear();
    self.disk->entry_is_durable = true;  // SQLite syncs the directory with a new journal
  }
  return self.Real()->pMethods->xSync(self.Real(), flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xFileSize(self.Real(), size);
}

int Lock(sqlite3_file* file, int level) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xLock(self.Real(), level);
}

int Unlock(sqlite3_file* file, int level) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xUnlock(self.Real(), level);
}

int CheckReservedLock(sqlite3_file* file, int* result) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xCheckReservedLock(self.Real(), result);
}

int FileControl(sqlite3_file* file, int operation, void* argument) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xFileControl(self.Real(), operation, argument);
}

int SectorSize(sqlite3_file* file) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xSectorSize(self.Real());
}

int DeviceCharacteristics(sqlite3_file* file) {
  File& self = AsFile(file);
  return self.Real()->pMethods->xDeviceCharacteristics(self.Real());
}

constexpr sqlite3_io_methods kMethods = {1,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

FaultVfsState& StateOf(sqlite3_vfs* vfs) { return *static_cast<FaultVfsState*>(vfs->pAppData); }

DiskFile& RememberedFile(FaultVfsState& state, const std::string& path) {
  const bool known = state.disk.contains(path);
  DiskFile& disk = state.disk[path];
  if (std::filesystem::exists(path)) {
    if (!known) disk.durable = ReadAll(path);
  } else {
    // A new file. If one of that name was removed and the removal is lost, the old bytes come back.
    disk.entry_is_durable = false;
    disk.pending.clear();
    if (!disk.removed) disk.durable.clear();
    disk.removed = false;
  }
  return disk;
}

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  FaultVfsState& state = StateOf(vfs);
  File& self = AsFile(file);
  self.base.pMethods = nullptr;
  self.state = &state;
  self.disk = nullptr;
  if (const int code = state.Enter(); code != SQLITE_OK) return SQLITE_CANTOPEN;
  if (state.remember && name != nullptr) self.disk = &RememberedFile(state, name);
  const int code = state.real->xOpen(state.real, name, self.Real(), flags, out_flags);
  if (self.Real()->pMethods != nullptr) self.base.pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  FaultVfsState& state = StateOf(vfs);
  if (const int code = state.Enter(); code != SQLITE_OK) return code;
  const auto disk = state.disk.find(name);
  if (disk != state.disk.end()) {
    if (sync_directory != 0 && !state.lying) {
      state.disk.erase(disk);
    } else {
      disk->second.removed = true;
    }
  }
  return state.real->xDelete(state.real, name, sync_directory);
}

int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  sqlite3_vfs* const real = StateOf(vfs).real;
  return real->xAccess(real, name, flags, result);
}

int FullPathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  sqlite3_vfs* const real = StateOf(vfs).real;
  return real->xFullPathname(real, name, size, out);
}

int Randomness(sqlite3_vfs* vfs, int size, char* out) {
  sqlite3_vfs* const real = StateOf(vfs).real;
  return real->xRandomness(real, size, out);
}

int Sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* const real = StateOf(vfs).real;
  return real->xSleep(real, microseconds);
}

int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  sqlite3_vfs* const real = StateOf(vfs).real;
  return real->xCurrentTimeInt64(real, out);
}

}  // namespace

FaultVfs::FaultVfs() : state_(std::make_unique<FaultVfsState>()) {
  FaultVfsState& state = *state_;
  state.real = sqlite3_vfs_find(nullptr);
  SHUNT_CHECK(state.real != nullptr);
  state.vfs.iVersion = 2;
  state.vfs.szOsFile = static_cast<int>(sizeof(File)) + state.real->szOsFile;
  state.vfs.mxPathname = state.real->mxPathname;
  state.vfs.zName = "fault";
  state.vfs.pAppData = &state;
  state.vfs.xOpen = Open;
  state.vfs.xDelete = Delete;
  state.vfs.xAccess = Access;
  state.vfs.xFullPathname = FullPathname;
  state.vfs.xRandomness = Randomness;
  state.vfs.xSleep = Sleep;
  state.vfs.xCurrentTimeInt64 = CurrentTimeInt64;
  SHUNT_CHECK(sqlite3_vfs_register(&state.vfs, 1) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
  sqlite3_vfs_register(state_->real, 1);
}

void FaultVfs::FailAt(int64_t call, int code) { state_->Arm(call, code, false, false); }
void FaultVfs::FailFrom(int64_t call, int code) { state_->Arm(call, code, true, false); }
void FaultVfs::FailSync(int64_t sync, int code) {
  state_->Arm(sync, code, false, false);
  state_->syncs_only = true;
}
void FaultVfs::DieAt(int64_t call) { state_->Arm(call, SQLITE_OK, false, true); }
void FaultVfs::Heal() { state_->Arm(0, SQLITE_OK, false, false); }
int64_t FaultVfs::calls() const { return state_->calls; }

void FaultVfs::Remember(Disk disk) {
  state_->remember = true;
  state_->lying = disk == Disk::kLying;
  state_->disk.clear();
}

void FaultVfs::CutPower(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto kept = [&random] { return random() % 2 == 0; };
  for (auto& [path, disk] : state_->disk) {
    const bool exists = (disk.entry_is_durable || kept()) && (!disk.removed || kept());
    if (!exists) {
      std::filesystem::remove(path);
      continue;
    }
    std::string content = disk.durable;
    for (const Pending& change : disk.pending) {
      if (kept()) Apply(change, content);
    }
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    SHUNT_CHECK(file.good());
  }
  state_->disk.clear();
}

}  // namespace shunt
