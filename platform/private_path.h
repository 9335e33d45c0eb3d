// Making directories and files that only their owner can read, whatever the umask, and looking at
// paths without opening what is there (closing any descriptor of an SQLite file drops the POSIX
// locks that this process holds on it).
//
// Thread-safe. Errors: Unavailable that names the path and the cause.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shunt {

// The directory and its missing parents, each new one 0700. What exists already is left as it is.
absl::Status MakePrivateDirectories(std::string_view path);

// The absolute path of `path` with the links of its directory resolved; the last component may be
// missing and is never followed. The directory must exist.
absl::StatusOr<std::string> ResolveParent(std::string_view path);

// Creates `path` empty and 0600 when nothing is there. When something is there it must be a regular
// file: it is not opened, and bits for group and others are taken away where we may. True: it is
// new.
absl::StatusOr<bool> EnsurePrivateFile(std::string_view path);

// A file that holds a secret: regular, no symbolic link, owned by this user or root, and readable
// by nobody else; looked at through the descriptor that it is read from. FailedPrecondition names
// what is wrong. OutOfRange when there is more than `bytes_max`.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, std::size_t bytes_max);

absl::StatusOr<bool> DirectoryExists(std::string_view path);

// Whether `path` lies on a filesystem of another machine, where file locks and fsync cannot be
// trusted.
absl::StatusOr<bool> OnNetworkFilesystem(std::string_view path);

}  // namespace shunt
