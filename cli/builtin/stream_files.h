// StreamFiles: one file of JSON lines per stream, in a directory.
//
// Threads: one. Ownership: closes its files. Errors: a Status naming the file; after one, what was
// written since the last Flush may be incomplete.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/strings.h"

namespace shunt {

class StreamFiles {
 public:
  explicit StreamFiles(std::string directory) : directory_(std::move(directory)) {}

  // Makes the stream's file empty. Streams are named by StreamKey.
  absl::Status Truncate(std::string_view stream);
  // Appends one line; `json` has no newline.
  absl::Status Append(std::string_view stream, std::string_view json);
  // Hands everything to the operating system.
  absl::Status Flush();

  // "customers", or "sales.customers" with a namespace; characters that do not belong into a file
  // name as %XX. Of a long one the first kPlainKeyBytesMax (200) bytes, `~` and a hash of it all.
  static std::string StreamKey(std::string_view name_space, std::string_view name);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct OpenFile {
    std::unique_ptr<std::FILE, Closer> file;
    bool dirty = false;
  };

  std::string PathOf(std::string_view stream) const;
  absl::StatusOr<OpenFile*> Find(std::string_view stream, const char* mode);

  std::string directory_;
  std::unordered_map<std::string, OpenFile, StringHash, std::equal_to<>> files_;
};

}  // namespace shunt
