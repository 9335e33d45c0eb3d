#include "platform/environment.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/check.h"
#include "platform/files.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// Zero, or the errno that says why it cannot be executed.
int WhyNotExecutable(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

std::optional<std::string> GetEnv(const std::string& name) {
  const char* value = ::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::map<std::string, std::string> AllEnv() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

absl::StatusOr<std::string> FindExecutable(std::string_view name, std::string_view path) {
  if (name.empty()) return absl::InvalidArgumentError("the name of the program is empty");
  if (name.find('/') != std::string_view::npos) {
    std::string file(name);
    const int error = WhyNotExecutable(file);
    if (error == 0) return file;
    return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", A(name)));
  }
  bool denied = false;
  for (const absl::string_view directory : absl::StrSplit(A(path), ':')) {
    std::string file = absl::StrCat(directory.empty() ? "." : directory, "/", A(name));
    const int error = WhyNotExecutable(file);
    if (error == 0) return file;
    denied = denied || error == EACCES;
  }
  if (denied) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot run ", A(name), ": found on the PATH, but not executable"));
  }
  return absl::NotFoundError(absl::StrCat("cannot run ", A(name), ": not found on the PATH"));
}

int64_t UserId() { return ::geteuid(); }

int64_t PeakMemoryBytes() {
  rusage usage{};
  SHUNT_CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  int64_t peak = int64_t{usage.ru_maxrss} * 1024;
  // exec hands the maximum of the program before on (a big parent that forked us); the kernel's
  // count of this address space does not have that.
  const absl::StatusOr<std::string> status = ReadFile("/proc/self/status", 64 << 10);
  if (!status.ok()) return peak;
  for (const absl::string_view line : absl::StrSplit(*status, '\n')) {
    constexpr std::string_view kKey = "VmHWM:";
    if (S(line).substr(0, kKey.size()) != kKey) continue;
    const std::string_view rest = S(line).substr(kKey.size());
    int64_t kib = 0;
    if (absl::SimpleAtoi(A(rest.substr(0, rest.find("kB"))), &kib)) peak = kib * 1024;
  }
  return peak;
}

int64_t MemoryBytes() {
  const absl::StatusOr<std::string> statm = ReadFile("/proc/self/statm", 4096);
  if (!statm.ok()) return 0;
  const std::size_t first = statm->find(' ');
  if (first == std::string::npos) return 0;
  const std::string_view rest = std::string_view(*statm).substr(first + 1);
  int64_t pages = 0;
  if (!absl::SimpleAtoi(A(rest.substr(0, rest.find(' '))), &pages)) return 0;
  return pages * ::sysconf(_SC_PAGESIZE);
}

// Left alone, the C library remembers the largest piece that was ever freed, and from then on keeps
// what is smaller.
void ReturnLargeMemoryAtOnce() {
  constexpr int kLargeBytes = 128 << 10;
  static_cast<void>(::mallopt(M_MMAP_THRESHOLD, kLargeBytes));
}

void ReturnFreeMemory() { static_cast<void>(::malloc_trim(0)); }

}  // namespace shunt
