// TempDir: an empty directory for one test, removed afterwards.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "platform/check.h"

namespace shunt {

class TempDir {
 public:
  TempDir() : TempDir(Base()) {}
  // For sockets, whose paths must be short: TempDir("/tmp").
  explicit TempDir(const std::string& base) : path_(base + "/shunt-test-XXXXXX") {
    SHUNT_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  static std::string Base() {
    const char* base = ::getenv("TEST_TMPDIR");
    return base == nullptr ? "/tmp" : base;
  }

  std::string path_;
};

}  // namespace shunt
